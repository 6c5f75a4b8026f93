package siren

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"
)

// DeviceConfig describes a Device.
type DeviceConfig struct {
	Verifier VerifierConfig
	// Key signs the replies, under the name KeyID; nil sends them bare.
	Key   ed25519.PrivateKey
	KeyID string
	// Programmes are those that the device has; empty means any.
	Programmes []string
	// SpinUp is the time from accepted to sounding.
	SpinUp time.Duration
}

// Device is the reference of how a siren behaves behind its Verifier: what it does with a command, what it answers, and
// when it falls silent. Simulators and tests run it; device makers read it. Safe for concurrent use.
//
//	            activate            spin-up over           time over or stop
//	idle/finished ──────► accepted ────────────► sounding ──────────────────► finished
//	                          └────────────── stop ──────────────────────────────┘
type Device struct {
	cfg DeviceConfig
	now func() time.Time

	mu       sync.Mutex
	verifier *Verifier
	state    State
	current  Command
	loud     time.Time // when it sounds, or sounded
	until    time.Time // when it ends by itself
	sounded  int
	jammed   bool
	broken   bool
}

// NewDevice starts a device.
func NewDevice(cfg DeviceConfig, now func() time.Time) *Device {
	return &Device{cfg: cfg, now: now, verifier: NewVerifier(cfg.Verifier, now), state: Idle}
}

// Obey takes an envelope and gives the command, as far as it was authentic, and the reply to send.
func (d *Device) Obey(envelope []byte) (Command, Reply) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.advance()
	c, err := d.verifier.Check(envelope)
	if err != nil {
		r := d.reply(c.Nonce)
		r.State, r.Reason = Refused, Malformed
		var no *Refusal
		if errors.As(err, &no) {
			r.Reason, r.Counter = no.Reason, no.Last
		}
		return c, r
	}
	reason := Reason("")
	switch c.Action {
	case Halt:
		d.halt(&c)
	case SilentTest:
		reason = d.test(&c)
	default:
		reason = d.activate(&c)
	}
	d.advance()
	r := d.reply(c.Nonce)
	if reason != "" {
		r.State, r.Reason = Refused, reason
	}
	return c, r
}

func (d *Device) active() bool { return d.state == Accepted || d.state == Sounding }

func (d *Device) halt(c *Command) {
	if d.active() && c.EndsAlert(d.current.Alert) {
		d.state, d.until = Finished, d.now()
	}
}

func (d *Device) activate(c *Command) Reason {
	if len(d.cfg.Programmes) > 0 && !slices.Contains(d.cfg.Programmes, c.Programme) {
		return UnknownProgramme
	}
	same := d.current.Alert == c.Alert && d.current.Programme == c.Programme && d.current.Action == Activate
	if same && (d.active() || d.state == Finished) {
		d.current.Nonce = c.Nonce // what comes next is told under the latest nonce
		return ""
	}
	if d.active() && d.current.Lane.Rank() < c.Lane.Rank() {
		return InUse
	}
	d.current = *c
	if d.broken {
		d.state = Faulty
		return ""
	}
	d.state, d.loud = Accepted, d.now().Add(d.cfg.SpinUp)
	d.until = d.loud.Add(time.Duration(c.MaxSeconds) * time.Second)
	return ""
}

func (d *Device) test(c *Command) Reason {
	if d.active() {
		return InUse
	}
	d.current, d.state = *c, Finished
	if d.broken {
		d.state = Faulty
	}
	return ""
}

// advance lets time pass.
func (d *Device) advance() {
	now := d.now()
	if d.state == Accepted && !now.Before(d.until) {
		d.state = Faulty // never became audible
	}
	if d.state == Accepted && !d.jammed && !now.Before(d.loud) {
		d.state = Sounding
		d.sounded++
	}
	if d.state == Sounding && !now.Before(d.until) {
		d.state = Finished
	}
}

func (d *Device) reply(nonce string) Reply {
	r := Reply{Version: ReplyVersion, Siren: d.cfg.Verifier.Siren, State: d.state, Nonce: nonce, Alert: d.current.Alert,
		Programme: d.current.Programme, At: d.now().UnixMilli()}
	if d.state == Faulty {
		r.Reason = Fault
	}
	return r
}

// Status is where the device stands; the challenge is repeated.
func (d *Device) Status(challenge string) Reply {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.advance()
	r := d.reply(d.current.Nonce)
	r.Challenge = challenge
	return r
}

// Encode is a reply as it is sent: signed when the device has a key.
func (d *Device) Encode(r Reply) ([]byte, error) {
	if d.cfg.Key == nil {
		return json.Marshal(r)
	}
	return Sign(d.cfg.Key, d.cfg.KeyID, r)
}

// Sounded counts how often the device began to sound: what the neighbours heard.
func (d *Device) Sounded() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.advance()
	return d.sounded
}

// Jam makes the device accept and never sound, or ends that.
func (d *Device) Jam(jammed bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.advance()
	d.jammed = jammed
}

// Break makes the device fail at whatever it is told, or ends that.
func (d *Device) Break(broken bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.broken = broken
}

// Restart is a power cut: it falls silent, and starts with the memory that is left to it.
func (d *Device) Restart(memory Memory) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cfg.Verifier.Memory = memory
	d.verifier = NewVerifier(d.cfg.Verifier, d.now)
	d.state, d.current = Idle, Command{}
}

// Memory is what the device keeps over a restart.
func (d *Device) Memory() Memory {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.verifier.Memory()
}

// Trust adds a controller's key.
func (d *Device) Trust(name string, key ed25519.PublicKey) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.verifier.trust(name, key)
	d.cfg.Verifier.Keys = d.verifier.cfg.Keys
}
