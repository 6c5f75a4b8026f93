package fanout

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
)

// TestLostBatchesAreProducedAnew: as they stand in the manifest, of everything that may still be delivered, and of nothing
// else.
func TestLostBatchesAreProducedAnew(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.audience.settle("a", 1, 600, allPeople)
		w.audience.settle("b", 1001, 5, channels(1<<2))
		f := w.process()
		standing, mail, stopped := w.alert("a"), w.alert("b"), w.alert("a")
		over := w.message(cap.MsgAlert, []string{"a"}, nil, func(a *cap.Alert, _ *alerting.Envelope) {
			a.Infos[0].Expires = w.now.Add(time.Minute)
		})
		all := []*alerting.Issued{standing, mail, stopped, over}
		for _, in := range all {
			w.accept(f, in)
		}
		w.mustDrain(f)
		w.accept(f, w.cancel(stopped))
		w.mustDrain(f)
		w.pass(2 * time.Minute)
		before := map[alerting.AlertID][]string{}
		for _, in := range all {
			before[in.ID] = addressed(w.outbox.of(in))
		}
		w.outbox.sent = nil
		n, err := Reopen(t.Context(), w.db, alerting.Actual, alerting.SMS, w.clock())
		if err != nil || n != 1 {
			t.Fatalf("reopened %d alerts, %v; want the one that stands and has somebody to tell by SMS", n, err)
		}
		// The process that expanded it has lost it; whoever comes next takes it up.
		w.mustDrain(w.process())
		if got := addressed(w.outbox.of(standing)); len(got) == 0 || !slices.Equal(got, before[standing.ID]) {
			t.Errorf("%d targets were produced anew, want the %d of before", len(got), len(before[standing.ID]))
		}
		for _, in := range all[1:] {
			if got := w.outbox.of(in); len(got) != 0 {
				t.Errorf("%s was produced anew", in.Alert.Identifier)
			}
		}
		if p := w.progress(standing); p.State != Done || p.People != 600 {
			t.Errorf("it ended as %+v", p)
		}
		if n, err := Reopen(t.Context(), w.db, alerting.Exercise, alerting.SMS, w.clock()); err != nil || n != 0 {
			t.Errorf("an exercise reopened %d, %v", n, err)
		}
	})
}

// TestWhoeverWorksOnAReopenedAlertLosesIt: its pages would else be marked as done without having been produced again.
func TestWhoeverWorksOnAReopenedAlertLosesIt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.audience.settle("a", 1, 600, allPeople)
		f := w.process()
		in := w.alert("a")
		w.accept(f, in)
		reopened := false
		w.outbox.onSend = func() {
			if reopened {
				return
			}
			reopened = true
			if _, err := Reopen(t.Context(), w.db, alerting.Actual, alerting.SMS, w.clock()); err != nil {
				t.Error(err)
			}
		}
		_, _ = f.work(t.Context(), in.ID)
		w.outbox.onSend, w.outbox.sent = nil, nil
		w.mustDrain(w.process())
		if got := addressed(w.outbox.of(in)); !reopened || len(got) != 3*600 {
			t.Errorf("reopened %v, then %d targets, want all 1800", reopened, len(got))
		}
	})
}

// addressed is whom batches reach, as channel, page and place in order.
func addressed(batches []sentBatch) []string {
	var out []string
	for _, b := range batches {
		for _, to := range b.To {
			out = append(out, fmt.Sprintf("%s %d %d", b.Channel, b.Page, to.Place))
		}
	}
	slices.Sort(out)
	return out
}
