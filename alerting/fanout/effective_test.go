package fanout

import (
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
)

func TestAnAlertWaitsUntilItIsEffective(t *testing.T) {
	table := []struct {
		name    string
		english time.Duration
		swedish time.Duration
		waits   time.Duration
	}{
		{"both infos later: none goes out before its time", 20 * time.Minute, 10 * time.Minute, 20 * time.Minute},
		{"one info at once, the other later", 20 * time.Minute, 0, 20 * time.Minute},
		{"already effective", -time.Minute, -time.Minute, 0},
	}
	for _, row := range table {
		t.Run(row.name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				w.audience.settle("a", 1, 10, allPeople)
				f := w.process()
				start := w.clock()
				in := w.message(cap.MsgAlert, []string{"a"}, nil, func(a *cap.Alert, _ *alerting.Envelope) {
					for i, d := range []time.Duration{row.english, row.swedish} {
						if d != 0 {
							a.Infos[i].Effective = start.Add(d)
						}
					}
				})
				in.Expires = start.Add(time.Hour)
				w.accept(f, in)
				w.mustDrain(f)
				sent := w.outbox.of(in)
				if len(sent) == 0 {
					t.Fatal("nothing was dispatched")
				}
				if got := sent[0].at.Sub(start); got < row.waits || got > row.waits+time.Minute {
					t.Errorf("dispatched after %v, want %v", got, row.waits)
				}
			})
		})
	}
}

// TestAnUpdateWaitsUntilItIsEffective: until then what it replaces stays in force, and new people are told of it.
func TestAnUpdateWaitsUntilItIsEffective(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.audience.settle("a", 1, 10, allPeople)
		f := w.process()
		old := w.alert("a")
		w.accept(f, old)
		w.mustDrain(f)
		update, from := w.planned(20*time.Minute, old)
		w.accept(f, update)
		w.mustRound(f)
		if by, err := StoppedBy(t.Context(), w.db.Read(), old.ID); err != nil || !by.IsZero() {
			t.Errorf("what it replaces is stopped by %s before it takes effect: %v", by, err)
		}
		if p := w.progress(update); p.State != Ahead || !p.Due.Equal(from) || len(w.outbox.of(update)) != 0 {
			t.Errorf("it stands at %+v", p)
		}
		// Another process takes over meanwhile.
		f = w.process()
		w.mustDrain(f)
		if by, err := StoppedBy(t.Context(), w.db.Read(), old.ID); err != nil || by != update.ID {
			t.Errorf("what it replaces is stopped by %s: %v", by, err)
		}
		sent := w.outbox.of(update)
		if len(sent) == 0 {
			t.Fatal("nobody was told of the update")
		}
		for _, s := range sent {
			if s.at.Before(from.Add(f.Grace)) {
				t.Errorf("dispatched at %v, before all workers knew of the stop", s.at)
			}
		}
		if p := w.progress(update); p.State != Done || p.People != 10 {
			t.Errorf("it ended as %+v", p)
		}
	})
}

// TestACancelledPlanEndsTheWholeChain: whoever stops an update that has not taken effect ends what it would have replaced.
func TestACancelledPlanEndsTheWholeChain(t *testing.T) {
	for _, early := range []bool{false, true} {
		name := "the update came first"
		if early {
			name = "the cancel came first"
		}
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				w.audience.settle("a", 1, 10, allPeople)
				f := w.process()
				old := w.alert("a")
				w.accept(f, old)
				w.mustDrain(f)
				w.ledger.work(w.outbox.of(old), sendAll)
				update, from := w.planned(20*time.Minute, old)
				end := w.cancel(update)
				order := []*alerting.Issued{update, end}
				if early {
					order = []*alerting.Issued{end, update}
				}
				for _, in := range order {
					w.accept(f, in)
				}
				w.mustDrain(f)
				if !w.clock().Before(from) {
					t.Error("the end waited for the plan")
				}
				by, err := StoppedBy(t.Context(), w.db.Read(), old.ID)
				if err != nil || by.IsZero() {
					t.Errorf("the first alert is stopped by %s: %v", by, err)
				}
				if len(w.outbox.of(update)) != 0 {
					t.Error("somebody was told of an update that never took effect")
				}
				if !early && w.progress(end).People != 10 {
					t.Errorf("the cancel told %d people, want all who were told", w.progress(end).People)
				}
			})
		})
	}
}

// planned is an update that takes effect later.
func (w *world) planned(in time.Duration, of ...*alerting.Issued) (*alerting.Issued, time.Time) {
	w.t.Helper()
	from := w.clock().Add(in)
	return w.message(cap.MsgUpdate, []string{"a"}, of, func(a *cap.Alert, _ *alerting.Envelope) {
		for i := range a.Infos {
			a.Infos[i].Effective = from
		}
	}), from
}

// mustRound works what can be done now.
func (w *world) mustRound(f *Fanout) {
	w.t.Helper()
	if _, _, err := w.round(f); err != nil {
		w.t.Fatal(err)
	}
}
