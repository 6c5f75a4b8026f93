package siren

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
)

// controller issues commands as a gateway does.
type controller struct {
	t       testing.TB
	key     ed25519.PrivateKey
	clock   *time.Time
	counter *Counter
}

var _start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func testKey(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

func publicOf(key ed25519.PrivateKey) ed25519.PublicKey { return key.Public().(ed25519.PublicKey) }

func alertID(n byte) alerting.AlertID { return alerting.AlertID{n, 1, 2, 3, 4} }

func newController(t testing.TB, clock *time.Time) *controller {
	now := func() time.Time { return *clock }
	return &controller{t: t, key: testKey(1), clock: clock, counter: NewCounter(7, now)}
}

// command is a good activation of siren s1, changed by edit.
func (c *controller) command(edit func(*Command)) []byte {
	c.t.Helper()
	cmd := Command{Version: CommandVersion, Siren: "s1", Action: Activate, Programme: "wail", MaxSeconds: 60,
		Alert: alertID(1), Lane: alerting.Flash, Counter: c.counter.Next(), NotBefore: c.clock.UnixMilli(),
		Expires: c.clock.Add(30 * time.Second).UnixMilli(), Nonce: strings.Repeat("ab", 16)}
	if edit != nil {
		edit(&cmd)
	}
	envelope, err := Sign(c.key, "office", cmd)
	if err != nil {
		c.t.Fatal(err)
	}
	return envelope
}

func (c *controller) stop(ends ...alerting.AlertID) []byte {
	return c.command(func(cmd *Command) {
		cmd.Action, cmd.Programme, cmd.MaxSeconds, cmd.Ends, cmd.Alert = Halt, "", 0, ends, alertID(99)
	})
}

func deviceConfig() DeviceConfig {
	return DeviceConfig{Verifier: VerifierConfig{Siren: "s1", Groups: []string{"harbour"},
		Keys: map[string]ed25519.PublicKey{"office": publicOf(testKey(1))}}}
}

// newDevice is a device that has been running for an hour.
func newDevice(clock *time.Time) *Device {
	cfg := deviceConfig()
	now := *clock
	*clock = now.Add(-time.Hour)
	d := NewDevice(cfg, func() time.Time { return *clock })
	*clock = now
	return d
}

func reasonOf(t *testing.T, err error) Reason {
	t.Helper()
	var no *Refusal
	if err == nil {
		return ""
	}
	if !errors.As(err, &no) {
		t.Fatalf("error %v, want a *Refusal", err)
	}
	return no.Reason
}

func TestVerifierRefuses(t *testing.T) {
	tests := []struct {
		name string
		edit func(*Command)
		want Reason
	}{
		{"good", nil, ""},
		{"to its group", func(c *Command) { c.Siren, c.Group = "", "harbour" }, ""},
		{"silent test", func(c *Command) { c.Action, c.Programme, c.MaxSeconds = SilentTest, "", 0 }, ""},
		{"as long as the cap", func(c *Command) { c.MaxSeconds = DefaultMaxSeconds }, ""},
		{"wrong siren", func(c *Command) { c.Siren = "s2" }, WrongSiren},
		{"wrong group", func(c *Command) { c.Siren, c.Group = "", "hill" }, WrongSiren},
		{"siren and group", func(c *Command) { c.Group = "harbour" }, WrongSiren},
		{"no target", func(c *Command) { c.Siren = "" }, WrongSiren},
		{"other version", func(c *Command) { c.Version = ReplyVersion }, Malformed},
		{"unknown action", func(c *Command) { c.Action = "reboot" }, Malformed},
		{"no programme", func(c *Command) { c.Programme = "" }, Malformed},
		{"no run time", func(c *Command) { c.MaxSeconds = 0 }, Malformed},
		{"negative run time", func(c *Command) { c.MaxSeconds = -1 }, Malformed},
		{"run time above the cap", func(c *Command) { c.MaxSeconds = DefaultMaxSeconds + 1 }, TooLong},
		{"activation that ends", func(c *Command) { c.Ends = []alerting.AlertID{alertID(3)} }, Malformed},
		{"short nonce", func(c *Command) { c.Nonce = "abcd" }, Malformed},
		{"no counter", func(c *Command) { c.Counter = 0 }, Malformed},
		{"counter beyond 2^53", func(c *Command) { c.Counter = 1 << 53 }, Malformed},
		{"valid for too long", func(c *Command) { c.Expires = c.NotBefore + 60_001 }, Malformed},
		{"ends before it begins", func(c *Command) { c.Expires = c.NotBefore - 1 }, Malformed},
		{"too late", func(c *Command) { c.NotBefore -= 60_000; c.Expires -= 30_000 }, TooLate},
		{"stale by a minute", func(c *Command) { c.NotBefore -= 90_000; c.Expires -= 90_000 }, TooLate},
		{"too early", func(c *Command) { c.NotBefore += 6_000; c.Expires += 6_000 }, NotYet},
		{"counter ahead of the clock", func(c *Command) { c.Counter += 3600 * 1_000_000 }, NotYet},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			clock := _start
			d := newDevice(&clock)
			_, err := d.verifier.Check(newController(t, &clock).command(tt.edit))
			if got := reasonOf(t, err); got != tt.want {
				t.Errorf("reason %q, want %q", got, tt.want)
			}
		})
	}
}

func TestVerifierRefusesForgeries(t *testing.T) {
	clock := _start
	c := newController(t, &clock)
	good := c.command(nil)
	var e Envelope
	if err := json.Unmarshal(good, &e); err != nil {
		t.Fatal(err)
	}
	reseal := func(edit func(*Envelope)) []byte {
		altered := Envelope{Payload: bytes.Clone(e.Payload), Key: e.Key, Signature: bytes.Clone(e.Signature)}
		edit(&altered)
		data, err := json.Marshal(altered)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	stranger := newController(t, &clock)
	stranger.key = testKey(2)
	tests := []struct {
		name string
		data []byte
		want Reason
	}{
		{"altered payload", reseal(func(e *Envelope) { e.Payload = bytes.Replace(e.Payload, []byte(":60,"), []byte(":90,"), 1) }), BadSignature},
		{"altered signature", reseal(func(e *Envelope) { e.Signature[5] ^= 1 }), BadSignature},
		{"short signature", reseal(func(e *Envelope) { e.Signature = e.Signature[:63] }), BadSignature},
		{"no signature", reseal(func(e *Envelope) { e.Signature = nil }), BadSignature},
		{"another's key under our name", stranger.command(nil), BadSignature},
		{"unknown key", reseal(func(e *Envelope) { e.Key = "nobody" }), UnknownKey},
		{"two envelopes", append(bytes.Clone(good), good...), Malformed},
		{"unknown field", bytes.Replace(good, []byte(`"key"`), []byte(`"kid":1,"key"`), 1), Malformed},
		{"oversize", append(bytes.Clone(good), bytes.Repeat([]byte(" "), MaxEnvelope)...), Malformed},
		{"nothing", nil, Malformed},
		{"bare command", e.Payload, Malformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDevice(&clock)
			_, r := d.Obey(tt.data)
			if r.State != Refused || r.Reason != tt.want || d.Sounded() != 0 {
				t.Errorf("%s %q, sounded %d times; want refused %q and silence", r.State, r.Reason, d.Sounded(), tt.want)
			}
		})
	}
}

// TestSirenReplay: a command that was captured sounds nothing, whatever happens to the device.
func TestSirenReplay(t *testing.T) {
	tests := []struct {
		name string
		// between is what happens between the capture and the replay.
		between func(d *Device, c *controller)
		want    Reason
	}{
		{"at once", func(*Device, *controller) {}, Replayed},
		{"after a newer command", func(d *Device, c *controller) { d.Obey(c.command(nil)) }, Replayed},
		{"stale", func(_ *Device, c *controller) { *c.clock = c.clock.Add(61 * time.Second) }, TooLate},
		{"after a reboot with memory", func(d *Device, _ *controller) { d.Restart(d.Memory()) }, Replayed},
		{"after a reboot without memory", func(d *Device, _ *controller) { d.Restart(Memory{}) }, Starting},
		{"later, after a reboot without memory", func(d *Device, c *controller) {
			d.Restart(Memory{})
			*c.clock = c.clock.Add(20 * time.Second)
		}, Starting},
		{"after its alert was ended", func(d *Device, c *controller) { d.Obey(c.stop(alertID(1))) }, Ended},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			clock := _start
			d, c := newDevice(&clock), newController(t, &clock)
			captured := c.command(nil)
			if _, r := d.Obey(captured); r.State != Sounding {
				t.Fatalf("the original: %s %s, want sounding", r.State, r.Reason)
			}
			tt.between(d, c)
			before := d.Sounded()
			_, r := d.Obey(captured)
			if r.State != Refused || r.Reason != tt.want {
				t.Errorf("the replay: %s %q, want refused %q", r.State, r.Reason, tt.want)
			}
			if n := d.Sounded() - before; n != 0 {
				t.Errorf("the replay sounded the siren %d times", n)
			}
			d.Obey(c.command(func(cmd *Command) { cmd.Alert = alertID(1) }))
			if _, r := d.Obey(c.stop(alertID(1))); r.State == Refused || r.State == Sounding {
				t.Errorf("a stop afterwards: %s %q, want it obeyed", r.State, r.Reason)
			}
		})
	}
}

// TestStopIsAlwaysAllowed: a stop that names its alert is obeyed in every disorder, and ends nothing else.
func TestStopIsAlwaysAllowed(t *testing.T) {
	tests := []struct {
		name    string
		ends    []alerting.AlertID
		disturb func(d *Device, c *controller)
		want    State
	}{
		{"named", []alerting.AlertID{alertID(1)}, func(*Device, *controller) {}, Finished},
		{"named, expired", []alerting.AlertID{alertID(1)}, func(_ *Device, c *controller) { *c.clock = c.clock.Add(time.Minute - 1) }, Finished},
		{"named, device's clock an hour slow", []alerting.AlertID{alertID(1)}, func(_ *Device, c *controller) { *c.clock = c.clock.Add(-time.Hour) }, Finished},
		{"named, counter used up", []alerting.AlertID{alertID(1)}, func(d *Device, c *controller) {
			d.Obey(c.command(func(cmd *Command) { cmd.Action, cmd.Programme, cmd.MaxSeconds = SilentTest, "", 0 }))
		}, Finished},
		{"named, repeated", []alerting.AlertID{alertID(1)}, nil, Finished},
		{"of another alert", []alerting.AlertID{alertID(2)}, func(*Device, *controller) {}, Sounding},
		{"of everything", nil, func(*Device, *controller) {}, Finished},
		{"of everything, expired but in order", nil, func(_ *Device, c *controller) { *c.clock = c.clock.Add(59 * time.Second) }, Finished},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			clock := _start
			d, c := newDevice(&clock), newController(t, &clock)
			d.Obey(c.command(nil))
			stop := c.stop(tt.ends...)
			if tt.disturb == nil {
				d.Obey(stop)
			} else {
				tt.disturb(d, c)
			}
			if _, r := d.Obey(stop); r.State != tt.want {
				t.Errorf("%s %q, want %s", r.State, r.Reason, tt.want)
			}
		})
	}
}

// TestCapturedStopCannotMute: replaying a stop never silences a later alert.
func TestCapturedStopCannotMute(t *testing.T) {
	for name, ends := range map[string][]alerting.AlertID{"named": {alertID(1)}, "of everything": nil} {
		t.Run(name, func(t *testing.T) {
			clock := _start
			d, c := newDevice(&clock), newController(t, &clock)
			d.Obey(c.command(nil))
			captured := c.stop(ends...)
			d.Obey(captured)
			clock = clock.Add(time.Hour)
			if _, r := d.Obey(c.command(func(cmd *Command) { cmd.Alert = alertID(2) })); r.State != Sounding {
				t.Fatalf("the later alert: %s %s, want sounding", r.State, r.Reason)
			}
			d.Obey(captured)
			if r := d.Status(""); r.State != Sounding {
				t.Errorf("after the replayed stop: %s, want it still sounding", r.State)
			}
		})
	}
}

func TestStopOvertakesItsAlert(t *testing.T) {
	clock := _start
	d, c := newDevice(&clock), newController(t, &clock)
	first := c.command(nil)
	d.Obey(c.stop(alertID(1)))
	for _, late := range [][]byte{first, c.command(nil)} {
		if _, r := d.Obey(late); r.State != Refused || d.Sounded() != 0 {
			t.Errorf("a start after its stop: %s, sounded %d times; want refused and silence", r.State, d.Sounded())
		}
	}
}

// TestFutureCountersLockNobodyOut: neither a start nor a stop from a controller whose clock is ahead may use up the
// counters of the others.
func TestFutureCountersLockNobodyOut(t *testing.T) {
	clock := _start
	d, c := newDevice(&clock), newController(t, &clock)
	ahead := func(cmd *Command) { cmd.Counter += 3600 * 1_000_000 }
	d.Obey(c.command(ahead))
	d.Obey(c.command(func(cmd *Command) {
		ahead(cmd)
		cmd.Action, cmd.Programme, cmd.MaxSeconds = Halt, "", 0
	}))
	if _, r := d.Obey(c.command(nil)); r.State != Sounding {
		t.Errorf("a command of the right time: %s %s, want sounding", r.State, r.Reason)
	}
}

func TestMemoryIsSavedBeforeItSounds(t *testing.T) {
	clock := _start
	cfg := deviceConfig()
	var saved []Memory
	failing := false
	cfg.Verifier.Memory = Memory{Counters: map[string]uint64{"office": 1}}
	cfg.Verifier.Save = func(m Memory) error {
		if failing {
			return errors.New("disk full")
		}
		saved = append(saved, m)
		return nil
	}
	d := NewDevice(cfg, func() time.Time { return clock })
	c := newController(t, &clock)
	d.Obey(c.command(nil))
	if len(saved) != 1 || saved[0].Counters["office"] != c.counter.last {
		t.Fatalf("saved %v, want the counter of the command", saved)
	}
	failing = true
	if _, r := d.Obey(c.command(func(cmd *Command) { cmd.Alert = alertID(2) })); r.Reason != NotStored {
		t.Errorf("%s %q with a full disk, want refused %q", r.State, r.Reason, NotStored)
	}
	if _, r := d.Obey(c.stop(alertID(1))); r.State != Finished {
		t.Errorf("a stop with a full disk: %s, want finished", r.State)
	}
}

func TestEndedAlertsAreBounded(t *testing.T) {
	clock := _start
	d, c := newDevice(&clock), newController(t, &clock)
	for i := range 10 {
		var ends []alerting.AlertID
		for j := range MaxEnds {
			ends = append(ends, alerting.AlertID{byte(i), byte(j)})
		}
		d.Obey(c.stop(ends...))
	}
	if n := len(d.Memory().Ended); n != maxEnded {
		t.Errorf("%d ended alerts kept, want %d", n, maxEnded)
	}
}

// FuzzVerifier: no bytes but the signed ones are ever obeyed.
func FuzzVerifier(f *testing.F) {
	clock := _start
	c := newController(f, &clock)
	good := c.command(nil)
	f.Add(good)
	f.Add(c.stop(alertID(1)))
	f.Add([]byte(`{"payload":"e30=","key":"office","sig":""}`))
	var signed Envelope
	if err := json.Unmarshal(good, &signed); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		clock := _start
		d := newDevice(&clock)
		_, r := d.Obey(data)
		if r.State == Refused {
			return
		}
		payload, _, err := openEnvelope(data, d.cfg.Verifier.Keys)
		if err != nil {
			t.Fatalf("obeyed (%s) what does not open: %v", r.State, err)
		}
		if r.State == Sounding && !bytes.Equal(payload, signed.Payload) {
			t.Fatalf("sounded for a payload that nobody signed: %q", payload)
		}
	})
}
