package fanout

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
)

// targetsOf maps each person (sirens negative) to the channels he is targeted on in the manifest, and fails if he is so twice.
func targetsOf(t testing.TB, pages []Page) map[int64]channels {
	t.Helper()
	out := map[int64]channels{}
	for i, p := range pages {
		if int(p.Number) != i {
			t.Fatalf("page %d stands at %d", p.Number, i)
		}
		for place, id := range p.Persons {
			if p.Kind == Sirens {
				id = -id
			}
			for c := range channelCount {
				if !p.Targets[c].Has(uint8(place)) {
					continue
				}
				if out[id].has(c) {
					t.Fatalf("%d is targeted twice on channel %d", id, c)
				}
				out[id] |= 1 << c
			}
		}
	}
	return out
}

// checkBatches fails unless every page was produced as its row says, every batch of a place alike.
func checkBatches(t testing.TB, pages []Page, sent []sentBatch) {
	t.Helper()
	type part struct {
		ch      alerting.Channel
		page    uint32
		gateway string
		later   bool
	}
	byPart := map[part]alerting.Batch{}
	got := map[uint32]*[channelCount]Bits{}
	for _, b := range sent {
		key := part{b.Channel, b.Page, b.Gateway, !b.NotBefore.IsZero()}
		if first, again := byPart[key]; again && !reflect.DeepEqual(first, b.Batch) {
			t.Fatalf("page %d was produced again with another batch:\n%+v\n%+v", b.Page, first, b.Batch)
		}
		byPart[key] = b.Batch
		if !b.NotBefore.IsZero() && b.at.Before(b.NotBefore) {
			t.Fatalf("%s was dispatched %s early", b.String(), b.NotBefore.Sub(b.at))
		}
		if got[b.Page] == nil {
			got[b.Page] = new([channelCount]Bits)
		}
		for _, to := range b.To {
			got[b.Page][channelIndex(b.Channel)].Set(to.Place)
		}
	}
	for _, p := range pages {
		if got[p.Number] == nil {
			t.Fatalf("page %d was never produced", p.Number)
		}
		if *got[p.Number] != p.Targets {
			t.Fatalf("page %d: batches do not match the manifest", p.Number)
		}
		if !p.Produced || !p.Due.IsZero() && !p.LaterProduced {
			t.Fatalf("page %d is not marked as produced", p.Number)
		}
	}
}

func TestAlert(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.audience.settle("a", 1, 3000, allPeople)
		w.audience.settle("b", 5001, 500, allPeople)
		w.audience.people[7].channels = 1
		w.sirens.people[3] = &citizen{id: 3, zone: "a", channels: sirenOnly, gateway: "horn"}
		w.sirens.people[4] = &citizen{id: 4, zone: "a", channels: sirenOnly, gateway: "bell"}
		w.sirens.people[5] = &citizen{id: 5, zone: "a", channels: sirenOnly, gateway: "gone"}
		f := w.process()
		in := w.alert("a")
		w.accept(f, in)
		w.mustDrain(f)
		pages := w.pages(in)
		targets := targetsOf(t, pages)
		if len(targets) != 3002 || targets[7] != 1 || targets[8] != 7 || targets[-3] != sirenOnly || targets[5001] != 0 {
			t.Fatalf("targets: %d, 7: %b, 8: %b", len(targets), targets[7], targets[8])
		}
		checkBatches(t, pages, w.outbox.of(in))
		p := w.progress(in)
		if p.State != Done || p.People != 3000 || p.Targeted[alerting.SMS] != 3000 || p.Targeted[alerting.Push] != 2999 ||
			p.Targeted[alerting.Siren] != 2 || int(p.Pages) != len(pages) || p.Lane != alerting.Flash {
			t.Errorf("progress: %+v", p)
		}
		want := []string{"one circle is empty", "siren gateway gone does not serve actual alerts"}
		if slices.Sort(p.Notes); !slices.Equal(p.Notes, want) {
			t.Errorf("notes: %q", p.Notes)
		}
		gateways := map[string]int{}
		for _, b := range w.outbox.of(in) {
			gateways[b.Gateway]++
			if b.Digest != in.Envelope.Digest || b.Expires != in.Expires || b.World != alerting.Actual || b.Epoch == 0 {
				t.Fatalf("batch: %+v", b)
			}
			for _, text := range b.Texts {
				if !strings.HasSuffix(text.Body, string(b.Channel)) {
					t.Fatalf("text %q on %s", text.Body, b.Channel)
				}
			}
			for _, to := range b.To {
				id := pages[b.Page].Persons[to.Place]
				if want := fmt.Sprintf("%d@%d.0", id, channelIndex(b.Channel)); string(to.Address) != want {
					t.Fatalf("address %s, want %s", to.Address, want)
				}
				if want := []string{"en", "sv"}[pages[b.Page].Infos[to.Place]]; b.Texts[to.Text].Language != want {
					t.Fatalf("language %s, want %s", b.Texts[to.Text].Language, want)
				}
			}
		}
		if d := gateways["sms-a"] - gateways["sms-b"]; d < -1 || d > 1 || gateways["horn"] != 1 || gateways["bell"] != 1 {
			t.Errorf("gateways: %v", gateways)
		}
		spots, err := Find(t.Context(), w.db.Read(), in.ID, People, 8)
		if err != nil || len(spots) != 1 || len(spots[0].Channels) != 3 || !spots[0].Inside {
			t.Errorf("find: %+v %v", spots, err)
		}
	})
}

func TestAcceptAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.audience.settle("a", 1, 300, allPeople)
		in := w.alert("a")
		f := w.process()
		for range 50 {
			w.accept(f, in)
		}
		w.mustDrain(f)
		for range 50 {
			w.accept(w.process(), in)
		}
		w.mustDrain(f)
		if n := len(w.outbox.of(in)); n != 6 {
			t.Errorf("%d batches, want 2 pages on 3 channels", n)
		}
		other := *in
		other.Envelope.Digest[0]++
		for range 3 {
			w.accept(f, &other)
		}
		p := w.progress(in)
		if n := len(p.Notes); p.State != Done || n != 2 || !strings.Contains(p.Notes[1], "another document") {
			t.Errorf("conflict: %+v", p)
		}
	})
}

func TestAcceptRefuses(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		in := w.alert("a")
		in.Envelope.World = "dream"
		if err := w.process().Accept(t.Context(), in); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("a world that does not exist: %v", err)
		}
	})
}

func TestNobody(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.audience.settle("a", 1, 10, allPeople)
		w.sirens.people[1] = &citizen{id: 1, zone: "a", channels: sirenOnly, gateway: "horn"}
		w.gateways[alerting.Exercise] = map[alerting.Channel][]string{alerting.Mail: {"mail"}}
		w.gateways[alerting.Test] = nil
		for _, c := range []struct {
			name   string
			msg    cap.MsgType
			zone   string
			change func(*cap.Alert, *alerting.Envelope)
			reason string
			state  State
			people int64
			notes  []string
		}{
			{"nobody lives there", cap.MsgAlert, "desert", nil, "", Done, 0,
				[]string{"one circle is empty", "nobody in the area can be told"}},
			{"no geometry", cap.MsgAlert, "desert", nil, "no area", Done, 0, []string{"nobody was found: no area"}},
			{"one channel only", cap.MsgAlert, "a", func(_ *cap.Alert, e *alerting.Envelope) { e.Channels = []alerting.Channel{alerting.Mail} },
				"", Done, 10, []string{"one circle is empty"}},
			{"exercise without gateways", cap.MsgAlert, "a", func(_ *cap.Alert, e *alerting.Envelope) { e.World = alerting.Exercise },
				"", Done, 10, []string{"channel sms has no gateway for exercises", "channel push has no gateway for exercises",
					"channel siren has no gateway for exercises", "one circle is empty"}},
			{"world without gateways", cap.MsgAlert, "a", func(_ *cap.Alert, e *alerting.Envelope) { e.World = alerting.Test }, "", Done, 0,
				[]string{"channel sms has no gateway for tests", "channel push has no gateway for tests",
					"channel mail has no gateway for tests", "channel siren has no gateway for tests", "nobody in the area can be told"}},
			{"expired", cap.MsgAlert, "a", func(a *cap.Alert, _ *alerting.Envelope) { a.Infos[0].Expires = w.now }, "", Done, 0,
				[]string{"expired before fan-out"}},
			{"acknowledgement", cap.MsgAck, "a", nil, "", Done, 0, []string{"a message of type Ack is not for the public"}},
		} {
			t.Run(c.name, func(t *testing.T) {
				w.audience.reason = c.reason
				f := w.process()
				in := w.message(c.msg, []string{c.zone}, nil, c.change)
				w.accept(f, in)
				w.mustDrain(f)
				p := w.progress(in)
				if p.State != c.state || p.People != c.people || !slices.Equal(p.Notes, c.notes) {
					t.Errorf("got %s, %d people, %q", p.State, p.People, p.Notes)
				}
				if sent := w.outbox.of(in); c.people == 0 && len(sent) > 0 {
					t.Errorf("%d batches", len(sent))
				}
			})
		}
	})
}

func TestExpiresMeanwhile(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.audience.settle("a", 1, 5000, allPeople)
		in := w.alert("a")
		f := w.process()
		w.accept(f, in)
		w.outbox.onSend = func() { w.pass(25 * time.Hour) }
		w.mustDrain(f)
		if p := w.progress(in); p.State != Done || p.Reason != "expired during fan-out" || p.People >= 5000 {
			t.Errorf("%+v", p)
		}
	})
}

func TestWhoMovesMeanwhileIsFound(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.audience.settle("a", 1000, 2000, allPeople)
		w.audience.settle("b", 1, 1, allPeople)
		w.audience.settle("a", 5000, 1, allPeople)
		steps := 0
		w.audience.during = func() {
			// He whose id the scan has passed moves in; another, not yet reached, moves to a lower id's zone and back.
			if steps++; steps == 3 {
				w.audience.people[1].zone = "a"
			}
		}
		in := w.alert("a")
		f := w.process()
		w.accept(f, in)
		w.mustDrain(f)
		targets := targetsOf(t, w.pages(in))
		if len(targets) != 2002 || targets[1] == 0 {
			t.Errorf("%d targets, newcomer %b", len(targets), targets[1])
		}
	})
}

const killed = 600

// TestKilledAnywhere kills the process before and after every step of an alert, an update and a cancel, and goes on with
// a new process: everybody stands in the manifest once, everything is produced, and always the same.
func TestKilledAnywhere(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.audience.settle("a", 1, killed, allPeople)
		w.audience.settle("b", 2001, 300, allPeople)
		w.sirens.people[1] = &citizen{id: 1, zone: "a", channels: sirenOnly, gateway: "horn"}
		kinds := map[string]func(first *alerting.Issued) *alerting.Issued{
			"alert":  func(*alerting.Issued) *alerting.Issued { return w.alert("a") },
			"update": func(first *alerting.Issued) *alerting.Issued { return w.update("b", first) },
			"cancel": func(first *alerting.Issued) *alerting.Issued { return w.cancel(first) },
		}
		stride := 1
		if testing.Short() || strings.HasSuffix(t.Name(), "postgres") {
			stride = 7
		}
		for name, make := range kinds {
			for _, late := range []bool{false, true} {
				steps, stride := 0, stride
				if late {
					stride++
				}
				for n := 1; ; n += stride {
					f := w.process()
					first := w.alert("a")
					if name != "alert" {
						w.accept(f, first)
						w.mustDrain(f)
						w.ledger.work(w.outbox.of(first), halfUnderWay)
					}
					in := make(first)
					w.fault.arm(n, late)
					err := f.Accept(t.Context(), in)
					if err == nil {
						err = w.drain(f)
					}
					fired := w.fault.fired
					w.fault.armed = false
					if err != nil && !errors.Is(err, errKilled) {
						t.Fatal(err)
					}
					f = w.process()
					w.accept(f, in)
					w.mustDrain(f)
					checkKilled(t, w, name, in, fmt.Sprintf("%s, step %d (%s), late %v", name, n, fired, late))
					if fired == "" {
						break
					}
					steps++
				}
				if steps*stride < 8 {
					t.Errorf("%s: only %d steps were killed", name, steps)
				}
			}
		}
	})
}

// halfUnderWay sends even places, leaves a third of the odd ones claimed and the rest queued.
func halfUnderWay(s spot) alerting.State {
	switch {
	case s.place%2 == 0:
		return alerting.Sent
	case s.place%3 == 0:
		return alerting.None
	}
	return alerting.Queued
}

func checkKilled(t *testing.T, w *world, name string, in *alerting.Issued, what string) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Log(what)
		}
	}()
	pages := w.pages(in)
	p := w.progress(in)
	if p.State != Done {
		t.Fatalf("%s: state %s", what, p.State)
	}
	checkBatches(t, pages, w.outbox.of(in))
	want := map[string]int64{"alert": killed, "update": 300 + toldOf(killed), "cancel": toldOf(killed)}[name]
	if p.People != want {
		t.Fatalf("%s: %d people, want %d", what, p.People, want)
	}
	targetsOf(t, pages)
}

// toldOf is how many of n people halfUnderWay tells on any channel.
func toldOf(n int) int64 {
	count := int64(0)
	for i := range n {
		if place := i % alerting.PageSize; place%2 == 0 || place%3 == 0 {
			count++
		}
	}
	return count
}

func TestTwoExpandersRace(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.audience.settle("a", 1, 4000, allPeople)
		in := w.alert("a")
		one, two := w.process(), w.process()
		w.accept(one, in)
		// While the first is in the middle, the second takes over; the first must stop without a word.
		took := false
		var second error
		w.outbox.onSend = func() {
			if took {
				return
			}
			took = true
			_, second = two.work(t.Context(), in.ID)
		}
		if _, err := one.work(t.Context(), in.ID); err != nil || second != nil {
			t.Fatal(err, second)
		}
		w.mustDrain(two)
		pages := w.pages(in)
		if n := len(targetsOf(t, pages)); n != 4000 {
			t.Errorf("%d people", n)
		}
		checkBatches(t, pages, w.outbox.of(in))
		if _, held := one.heldEpoch(in.ID); held {
			t.Error("the loser still thinks that it owns the expansion")
		}
	})
}
