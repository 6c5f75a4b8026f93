package fanout

import (
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
)

// landing and grace are the defaults.
const (
	grace   = DefaultGrace
	landing = 7 * time.Second
)

func TestCancelTellsWhoWasTold(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.audience.settle("a", 1, 600, allPeople)
		for id, gateway := range map[int64]string{1: "horn", 2: "horn", 3: "bell"} {
			w.sirens.people[id] = &citizen{id: id, zone: "a", channels: sirenOnly, gateway: gateway}
		}
		f := w.process()
		first := w.alert("a")
		w.accept(f, first)
		w.mustDrain(f)
		w.ledger.work(w.outbox.of(first), halfUnderWay)
		// Meanwhile one has a new address, one opted out of a channel, one is gone.
		w.audience.people[1].moved = 1
		w.audience.people[3].channels = 1
		delete(w.audience.people, 5)
		w.sirens.people[1].gateway = "bell"

		in := w.cancel(first)
		accepted := w.clock()
		w.accept(f, in)
		w.mustDrain(f)
		checkBatches(t, w.pages(in), w.outbox.of(in))
		want := toldOfFirst(w, first)
		want[3], want[5] = 1, 0
		got, stops := heardOf(t, w, first, in, accepted)
		for id := range int64(601) {
			if got[id] != want[id] {
				t.Fatalf("person %d: told again on %03b, want %03b", id, got[id], want[id])
			}
		}
		// Siren 1 stands at place 0 and was activated, siren 3 too; siren 2 at place 1 was still queued.
		if stops[1] != 1 || stops[2] != 0 || stops[3] != 1 {
			t.Errorf("stops: %v", stops)
		}
		if p := w.progress(first); p.State != Done {
			t.Errorf("the alert was done: %+v", p)
		}
	})
}

// toldOfFirst is who was handed an alert, or may have been, by channel.
func toldOfFirst(w *world, first *alerting.Issued) map[int64]channels {
	want := map[int64]channels{}
	for _, p := range w.pages(first) {
		for place, id := range p.Persons {
			for c, ch := range alerting.Channels() {
				s := spot{first.ID, ch, p.Number, uint8(place)}
				if p.Kind == People && p.Targets[c].Has(uint8(place)) && (w.ledger.states[s] == alerting.Sent || w.ledger.claimed[s]) {
					want[id] |= 1 << c
				}
			}
		}
	}
	return want
}

// heardOf is who was told of a cancel, by channel, and how often each siren was stopped. It fails on anything sent too
// early, in other words, or to an old address.
func heardOf(t *testing.T, w *world, first, in *alerting.Issued, accepted time.Time) (got map[int64]channels, stops map[int64]int) {
	t.Helper()
	got, stops = map[int64]channels{}, map[int64]int{}
	pages := w.pages(in)
	for _, b := range w.outbox.of(in) {
		if b.at.Sub(accepted) < grace || b.Lane != alerting.Stop {
			t.Fatalf("%s was dispatched %s after the stop", b.String(), b.at.Sub(accepted))
		}
		if late := !b.NotBefore.IsZero(); late != (b.at.Sub(accepted) >= grace+landing) {
			t.Fatalf("%s: later %v, dispatched after %s", b.String(), late, b.at.Sub(accepted))
		}
		for _, to := range b.To {
			p := pages[b.Page]
			id := p.Persons[to.Place]
			if want := "over: " + first.Alert.Identifier + " " + string(b.Channel); b.Texts[to.Text].Body != want {
				t.Fatalf("text %q", b.Texts[to.Text].Body)
			}
			if p.Origin != first.ID || p.Inside.Has(to.Place) {
				t.Fatalf("page %d: origin %s", p.Number, p.Origin)
			}
			if b.Channel == alerting.Siren {
				stops[id]++
				continue
			}
			got[id] |= 1 << channelIndex(b.Channel)
			if id == 1 && !strings.HasSuffix(string(to.Address), ".1") {
				t.Errorf("the old address %s", to.Address)
			}
		}
	}
	return got, stops
}

func TestSirenUnderWayIsStoppedTwice(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.sirens.people[1] = &citizen{id: 1, zone: "a", channels: sirenOnly, gateway: "horn"}
		f := w.process()
		first := w.alert("a")
		w.accept(f, first)
		w.mustDrain(f)
		w.ledger.work(w.outbox.of(first), func(spot) alerting.State { return alerting.None })
		in := w.cancel(first)
		accepted := w.clock()
		w.accept(f, in)
		w.mustDrain(f)
		sent := w.outbox.of(in)
		if len(sent) != 2 || sent[0].Page == sent[1].Page || !sent[0].NotBefore.IsZero() ||
			sent[0].at.Sub(accepted) != grace || sent[1].at.Sub(accepted) != grace+landing {
			t.Errorf("%+v", sent)
		}
	})
}

func TestCancelMeetsTheAlertAnywhere(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.audience.settle("a", 1, 2000, allPeople)
		for _, c := range []struct {
			name string
			run  func(f *Fanout, first, in *alerting.Issued)
			// told is how many hear of the cancel.
			told func(people int64) bool
		}{
			{"before it", func(f *Fanout, first, in *alerting.Issued) { w.accept(f, in); w.accept(f, first) },
				func(n int64) bool { return n == 0 }},
			{"before its expansion", func(f *Fanout, first, in *alerting.Issued) { w.accept(f, first); w.accept(f, in) },
				func(n int64) bool { return n == 0 }},
			{"during its expansion", func(f *Fanout, first, in *alerting.Issued) {
				w.accept(f, first)
				w.outbox.onSend = func() {
					w.outbox.onSend = nil
					w.ledger.work(w.outbox.of(first), sendAll)
					w.accept(w.process(), in)
				}
			}, func(n int64) bool { return n == 256 }},
			{"after it", func(f *Fanout, first, in *alerting.Issued) {
				w.accept(f, first)
				w.mustDrain(f)
				w.ledger.work(w.outbox.of(first), sendAll)
				w.accept(f, in)
			}, func(n int64) bool { return n == 2000 }},
			{"after it, nothing was sent", func(f *Fanout, first, in *alerting.Issued) {
				w.accept(f, first)
				w.mustDrain(f)
				w.accept(f, in)
			}, func(n int64) bool { return n == 0 }},
		} {
			t.Run(c.name, func(t *testing.T) {
				f := w.process()
				first := w.alert("a")
				in := w.cancel(first)
				c.run(f, first, in)
				w.mustDrain(f)
				sent := len(w.outbox.of(first))
				w.mustDrain(w.process())
				if p := w.progress(in); p.State != Done || !c.told(p.People) {
					t.Errorf("%+v", p)
				}
				if p := w.progress(first); p.State.open() || c.name != "after it" && p.State != Stopped && c.name != "after it, nothing was sent" {
					t.Errorf("the alert: %+v", p)
				}
				if again := len(w.outbox.of(first)); again != sent {
					t.Errorf("%d batches of a stopped alert were produced", again-sent)
				}
				checkBatches(t, w.pages(in), w.outbox.of(in))
			})
		}
	})
}

func TestStopOfAnotherWorldIsIgnored(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.audience.settle("a", 1, 300, allPeople)
		exercise := func(_ *cap.Alert, e *alerting.Envelope) { e.World = alerting.Exercise }
		f := w.process()
		first := w.alert("a")
		w.accept(f, first)
		in := w.message(cap.MsgCancel, nil, []*alerting.Issued{first}, exercise)
		w.accept(f, in)
		w.mustDrain(f)
		if p := w.progress(first); p.State != Done || p.People != 300 {
			t.Errorf("the actual alert: %+v", p)
		}
		p := w.progress(in)
		if p.People != 0 || !strings.Contains(strings.Join(p.Notes, "\n"), "of the world actual was ignored") {
			t.Errorf("the exercise: %+v", p)
		}
		// A tombstone of the exercise that came first does not hold in the actual world either.
		next := w.alert("a")
		w.accept(f, w.message(cap.MsgCancel, nil, []*alerting.Issued{next}, exercise))
		w.accept(f, next)
		w.mustDrain(f)
		if p := w.progress(next); p.State != Done || p.People != 300 {
			t.Errorf("the next actual alert: %+v", p)
		}
	})
}

func TestLedgerAwayMeansAllWereTold(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.audience.settle("a", 1, 1500, allPeople)
		f := w.process()
		first := w.alert("a")
		w.accept(f, first)
		w.mustDrain(f)
		w.ledger.away = true
		in := w.cancel(first)
		accepted := w.clock()
		w.accept(f, in)
		w.mustDrain(f)
		if n := len(targetsOf(t, w.pages(in))); n != 1500 {
			t.Errorf("%d people", n)
		}
		checkBatches(t, w.pages(in), w.outbox.of(in))
		for _, b := range w.outbox.of(in) {
			if b.at.Sub(accepted) < grace+landing {
				t.Fatalf("dispatched after %s", b.at.Sub(accepted))
			}
		}
		if w.ledger.closes > 3*closers {
			t.Errorf("a ledger that is away was asked %d times", w.ledger.closes)
		}
	})
}

func TestUpdate(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		// 1–300 stay inside, 301–600 are left outside, 1001–1100 are new. Sirens likewise.
		w.audience.settle("a", 1, 600, allPeople)
		for id, zone := range map[int64]string{1: "a", 2: "a", 3: "b"} {
			w.sirens.people[id] = &citizen{id: id, zone: zone, channels: sirenOnly, gateway: "horn"}
		}
		f := w.process()
		first := w.alert("a")
		w.accept(f, first)
		w.mustDrain(f)
		// Everybody was told by SMS, nobody otherwise; the sirens sounded.
		w.ledger.work(w.outbox.of(first), func(s spot) alerting.State {
			if s.ch == alerting.SMS || s.ch == alerting.Siren {
				return alerting.Sent
			}
			return alerting.Queued
		})
		for id := int64(1); id <= 300; id++ {
			w.audience.people[id].zone = "b"
		}
		w.sirens.people[1].zone = "b"
		w.audience.settle("b", 1001, 100, allPeople)
		in := w.update("b", first)
		w.accept(f, in)
		w.mustDrain(f)
		pages := w.pages(in)
		checkBatches(t, pages, w.outbox.of(in))
		targets := targetsOf(t, pages)
		if len(targets) != 703 || targets[1] != 7 || targets[301] != 1 || targets[1001] != 7 {
			t.Errorf("%d targets, still %b, no longer %b, newly %b", len(targets), targets[1], targets[301], targets[1001])
		}
		for _, p := range pages {
			for place, id := range p.Persons {
				inside, told := p.Inside.Has(uint8(place)), !p.Origin.IsZero()
				want := [2]bool{id <= 300 || id > 1000, id <= 600}
				if p.Kind == Sirens {
					want = [2]bool{id != 2, id != 3}
				}
				if [2]bool{inside, told} != want {
					t.Fatalf("%s %d: inside %v, told before %v", p.Kind, id, inside, told)
				}
			}
		}
		for _, b := range w.outbox.of(in) {
			for _, to := range b.To {
				id := pages[b.Page].Persons[to.Place]
				want := "update: "
				switch {
				case b.Channel == alerting.Siren && id == 2:
					want = "over: "
				case b.Channel == alerting.Siren && id == 3, id > 1000:
					want = in.Alert.Identifier // as new
				case id > 300:
					want = "gone: "
				}
				if !strings.HasPrefix(b.Texts[to.Text].Body, want) {
					t.Fatalf("%s %d: %q, want %q", b.Channel, id, b.Texts[to.Text].Body, want)
				}
			}
		}
		if p := w.progress(in); p.State != Done || p.People != 700 || p.Groups != (Groups{Still: 300, New: 100, Gone: 300}) {
			t.Errorf("%+v", p)
		}
	})
}

// TestCancelOfAnUpdate stops an update that had told only some of those whom the first alert had told.
func TestCancelOfAnUpdate(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.audience.settle("a", 1, 600, allPeople)
		f := w.process()
		first := w.alert("a")
		w.accept(f, first)
		w.mustDrain(f)
		w.ledger.work(w.outbox.of(first), sendAll)
		update := w.update("b", first)
		w.accept(f, update)
		in := w.cancel(update)
		w.outbox.onSend = func() {
			w.outbox.onSend = nil
			w.ledger.work(w.outbox.of(update), sendAll)
			w.accept(w.process(), in)
		}
		w.mustDrain(f)
		w.mustDrain(w.process())
		if p := w.progress(update); p.State != Stopped {
			t.Errorf("the update: %+v", p)
		}
		pages := w.pages(in)
		if targets := targetsOf(t, pages); len(targets) != 600 || targets[1] != 7 || targets[600] != 7 {
			t.Errorf("%d people hear of the cancel", len(targets))
		}
		origins := map[alerting.AlertID]int{}
		for _, p := range pages {
			origins[p.Origin] += len(p.Persons)
		}
		// Only the first page of the update had been sent when the cancel came.
		if origins[update.ID] != 256 || origins[first.ID] != 344 {
			t.Errorf("origins: %v", origins)
		}
	})
}
