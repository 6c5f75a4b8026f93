package desk

import (
	"errors"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
)

func TestExpiring(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d, ctx, by := o.desk(), t.Context(), officer.Actor
		const within = 30 * time.Minute
		asked := func(want ...alerting.AlertID) {
			t.Helper()
			all, err := d.Expiring(ctx, within)
			if err != nil || len(all) != len(want) {
				t.Fatalf("%+v %v, want %v", all, err, want)
			}
			for i := range want {
				if all[i].Alert != want[i] || all[i].Title != "Leave the lower town now" {
					t.Errorf("%+v, want %s", all[i], want[i])
				}
			}
		}
		next := func(want time.Time) {
			t.Helper()
			if at, err := d.NextUnanswered(ctx, within); err != nil || !at.Equal(want) {
				t.Errorf("%v %v, want %v", at, err, want)
			}
		}
		var ids [4]alerting.AlertID
		var ends time.Time
		for i, name := range []string{"lapses", "extended", "cancelled", "drill"} {
			a := o.alert(name)
			if i == 3 {
				a.Status, a.Note = cap.StatusExercise, "drill"
			}
			for j := range a.Infos {
				a.Infos[j].Expires = a.Infos[j].Expires.Add(time.Duration(i) * time.Second)
			}
			if i == 1 {
				ends = a.Infos[0].Expires
			}
			ids[i] = o.mustIssue(d, a).Alert
		}
		asked()
		next(time.Time{})
		o.now = o.now.Add(6*time.Hour - within + 4*time.Second)
		asked(ids[:]...)
		next(ends.Add(-time.Second))
		for range 2 {
			if err := d.Lapse(ctx, ids[0], by); err != nil {
				t.Fatal(err)
			}
		}
		next(ends)
		if _, err := d.Extend(ctx, ids[1], ends, by); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("extended to its own end: %v", err)
		}
		until := o.now.Add(5 * time.Hour)
		a, err := d.Extend(ctx, ids[1], until, by)
		if err != nil || !a.Expires.Equal(until.Truncate(time.Second)) {
			t.Fatalf("%+v %v", a, err)
		}
		in, err := d.Check(a.Document, officer)
		if err != nil || in.Alert.MsgType != cap.MsgUpdate || in.References[0] != ids[1] || in.Alert.Infos[2].Headline != "Leave the lower town now" {
			t.Errorf("%+v %v", in, err)
		}
		if _, err := d.Cancel(ctx, ids[2], officer); err != nil {
			t.Fatal(err)
		}
		// A drill is asked about, and rings no bell.
		asked(ids[3])
		next(time.Time{})
		for _, id := range []alerting.AlertID{ids[1], ids[2]} {
			if err := d.Lapse(ctx, id, by); !errors.Is(err, alerting.ErrState) {
				t.Errorf("what was answered otherwise lapses: %v", err)
			}
		}
		if err := d.Lapse(ctx, alerting.AlertID{9}, by); !errors.Is(err, alerting.ErrNotFound) {
			t.Errorf("an alert that nobody knows: %v", err)
		}
		o.now = o.now.Add(time.Hour)
		asked()
		if err := d.Lapse(ctx, ids[3], by); !errors.Is(err, alerting.ErrState) {
			t.Errorf("after its end: %v", err)
		}
	})
}
