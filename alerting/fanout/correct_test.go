package fanout

import (
	"fmt"
	"testing"

	"tocsin/alerting"
)

func TestLiftedPlacesAreToldAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.audience.settle("a", 1, 300, allPeople)
		w.sirens.people[1] = &citizen{id: 1, zone: "a", channels: sirenOnly, gateway: "horn"}
		f := w.process()
		first := w.alert("a")
		w.accept(f, first)
		w.mustDrain(f)
		if err := f.Lifted(t.Context(), first.ID, alerting.SMS, 1, []uint8{4}, w.clock()); err == nil {
			t.Fatal("an alert that was not stopped has no corrections")
		}
		in := w.cancel(first)
		w.accept(f, in)
		w.mustDrain(f)
		if n := len(w.outbox.of(in)); n != 0 {
			t.Fatalf("%d batches, nobody was told", n)
		}
		due := w.clock().Add(landing)
		for range 2 {
			if err := f.Lifted(t.Context(), first.ID, alerting.SMS, 1, []uint8{4, 5}, due); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Lifted(t.Context(), first.ID, alerting.Siren, 0, []uint8{0}, due); err != nil {
			t.Fatal(err)
		}
		f = drainKilled(t, w, f)
		pages, told := w.pages(in), map[string]bool{}
		for _, b := range w.outbox.of(in) {
			if b.at.Before(due) {
				t.Errorf("%s was dispatched too early", b.String())
			}
			for _, to := range b.To {
				told[fmt.Sprintf("%s %d", b.Channel, pages[b.Page].Persons[to.Place])] = true
			}
		}
		checkBatches(t, pages, w.outbox.of(in))
		if len(told) != 3 || !told["sms 5"] || !told["sms 6"] || !told["siren 1"] {
			t.Errorf("told: %v", told)
		}
		// Whoever is lifted after he was told that way is not told once more.
		if err := f.Lifted(t.Context(), first.ID, alerting.SMS, 1, []uint8{4, 7}, w.clock()); err != nil {
			t.Fatal(err)
		}
		w.mustDrain(f)
		if p := w.progress(in); p.Targeted[alerting.SMS] != 3 || p.State != Done {
			t.Errorf("%+v", p)
		}
	})
}

// drainKilled is mustDrain, with the process killed at each step in turn; it gives the last process.
func drainKilled(t *testing.T, w *world, f *Fanout) *Fanout {
	t.Helper()
	for n := 1; ; n++ {
		w.fault.arm(n, n%2 == 0)
		err := w.drain(f)
		fired := w.fault.fired != ""
		w.fault.armed = false
		if !fired {
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
		f = w.process()
	}
}
