package fanout

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/cap"
)

// approvedFor makes an alert that people approved who were shown so many.
func approvedFor(w *world, people, sirens int64, zones ...string) *alerting.Issued {
	return w.message(cap.MsgAlert, zones, nil, func(_ *cap.Alert, e *alerting.Envelope) {
		e.Counted = alerting.Counted{People: people, Sirens: sirens}
		e.Approvals = []alerting.Approval{{By: "reader", Act: "approve"}}
	})
}

func TestFuse(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.audience.settle("a", 1, 2000, allPeople)
		for id := int64(1); id <= 30; id++ {
			w.sirens.people[id] = &citizen{id: id, zone: "a", channels: sirenOnly, gateway: "horn"}
		}
		for name, row := range map[string]struct {
			people, sirens int64
			held           string
		}{
			"as many":                  {2000, 30, ""},
			"a thousand more":          {1000, 30, ""},
			"a thousand and one more":  {999, 30, "more than 1999 people, and those who approved it were shown 999"},
			"half as many sirens more": {2000, 20, ""},
			"far more sirens":          {2000, 19, "would sound 30 sirens, and those who approved it were shown 19"},
		} {
			t.Run(name, func(t *testing.T) {
				f, in := w.process(), approvedFor(w, row.people, row.sirens, "a")
				w.accept(f, in)
				_, err := f.work(t.Context(), in.ID)
				p := w.progress(in)
				if row.held == "" {
					if err != nil || p.State != Done || p.People != 2000 {
						t.Errorf("%+v %v", p, err)
					}
					return
				}
				if err != nil || p.State != Held || !strings.Contains(p.Reason, row.held) || len(w.outbox.of(in)) != 0 {
					t.Errorf("%+v %v, %d batches", p, err, len(w.outbox.of(in)))
				}
			})
		}
	})
}

func TestHeldBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.audience.settle("a", 1, 2000, allPeople)
		proceed := func(in *alerting.Issued) error {
			return w.db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error { return Proceed(ctx, tx, in.ID, w.clock()) })
		}
		f := w.process()
		go1, stop, late := approvedFor(w, 10, 0, "a"), approvedFor(w, 10, 0, "a"), approvedFor(w, 10, 0, "a")
		for _, in := range []*alerting.Issued{go1, stop, late} {
			w.accept(f, in)
			due, err := f.work(t.Context(), in.ID)
			if err != nil || !due.Equal(w.clock().Add(heldLook)) {
				t.Fatalf("%v %v", due, err)
			}
		}
		// Another process lets it go on, and this one does.
		if err := proceed(go1); err != nil {
			t.Fatal(err)
		}
		if err := proceed(go1); !errors.Is(err, alerting.ErrState) {
			t.Errorf("again: %v", err)
		}
		if _, err := f.work(t.Context(), go1.ID); err != nil || w.progress(go1).State != Done || w.progress(go1).People != 2000 {
			t.Errorf("%+v %v", w.progress(go1), err)
		}
		// A cancel ends it, and there is nobody to tell.
		cancel := w.message(cap.MsgCancel, nil, []*alerting.Issued{stop}, nil)
		w.accept(f, cancel)
		w.pass(time.Minute)
		if _, err := f.work(t.Context(), stop.ID); err != nil || w.progress(stop).State != Stopped || len(w.outbox.of(stop)) != 0 {
			t.Errorf("%+v %v", w.progress(stop), err)
		}
		// Its end comes while it is held.
		w.pass(25 * time.Hour)
		if _, err := f.work(t.Context(), late.ID); err != nil || w.progress(late).State != Done || len(w.outbox.of(late)) != 0 {
			t.Errorf("%+v %v", w.progress(late), err)
		}
		if err := proceed(late); !errors.Is(err, alerting.ErrState) {
			t.Errorf("after its end: %v", err)
		}
		if err := proceed(w.message(cap.MsgAlert, []string{"a"}, nil, nil)); !errors.Is(err, alerting.ErrNotFound) {
			t.Errorf("an alert that nobody issued: %v", err)
		}
	})
}
