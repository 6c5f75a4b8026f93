package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/approval"
)

// nights is a standing authorisation of kind countersign that the alerts of this office are within.
func (o *office) nights(perHour int, by ...string) alerting.StandingOrder {
	o.t.Helper()
	s := alerting.StandingOrder{Name: "nights", Kind: approval.Countersigned, Operators: []string{"first"}, CountersignWithin: 15, Reason: "one officer at night",
		At: o.now.UTC().Truncate(time.Second), Bounds: alerting.StandingBounds{Events: []string{"Flood"}, Severity: "Extreme", Channels: alerting.Channels(),
			Polygons: [][][2]float64{{{38, -121}, {38, -119}, {39, -119}, {39, -121}, {38, -121}}}, People: 100, Sirens: 2, PerHour: perHour, Burst: perHour,
			From: o.now.Add(-time.Hour).UTC().Truncate(time.Second), Until: o.now.Add(24 * time.Hour).UTC().Truncate(time.Second)}}
	for _, admin := range by {
		a, err := approval.SignStanding(keyOf(admin), s, admin, o.now)
		if err != nil {
			o.t.Fatal(err)
		}
		s.By = append(s.By, a)
	}
	return s
}

// released releases a submitted draft under a standing authorisation.
func (o *office) released(d *Desk, draft Draft, s alerting.StandingOrder) (Draft, error) {
	o.t.Helper()
	e := &alerting.Envelope{World: draft.World, Document: draft.Document, Channels: draft.Channels, Audience: draft.Audience, Author: draft.Author.Name,
		Counted: draft.Counted, Standing: &s}
	var signed []alerting.Approval
	for _, act := range []approval.Act{approval.Author, approval.Release} {
		st, err := approval.Over(e, act, draft.Author.Name, o.now)
		if err != nil {
			o.t.Fatal(err)
		}
		a, err := keyOf(draft.Author.Name).Sign(st)
		if err != nil {
			o.t.Fatal(err)
		}
		signed = append(signed, a)
	}
	id, err := approval.StandingID(&s)
	if err != nil {
		o.t.Fatal(err)
	}
	return d.ReleaseUnder(o.t.Context(), draft.ID, draft.Version, draft.Author, id, signed)
}

func (o *office) countersigns(d *Desk, id alerting.AlertID, by string, pick ...string) error {
	o.t.Helper()
	w, err := d.Countersignable(o.t.Context(), id, "en", "")
	if err != nil {
		return err
	}
	st, err := approval.Over(&alerting.Envelope{World: w.World, Document: w.Document, Channels: w.Channels, Audience: w.Audience, Author: w.Author,
		Counted: w.Counted}, approval.Approve, by, o.now)
	if err != nil {
		o.t.Fatal(err)
	}
	a, err := keyOf(by).Sign(st)
	if err != nil {
		o.t.Fatal(err)
	}
	if len(pick) == 0 {
		return d.Countersign(o.t.Context(), id, alerting.Actor{Name: by, Kind: "token"}, a)
	}
	return d.CountersignPicked(o.t.Context(), id, alerting.Actor{Name: by, Kind: "token"}, a, Pick{pick[0], pick[1]})
}

// TestReleaseFirst: one person sends, a second one signs afterwards, and who is late is told of.
func TestReleaseFirst(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk(approvals(t))
		s := o.nights(5, "first", "second")
		if _, err := d.Authorise(t.Context(), officer.Actor, o.nights(5, "first", "first")); !errors.Is(err, alerting.ErrForbidden) {
			t.Errorf("one administrator twice: %v", err)
		}
		if _, err := d.Authorise(t.Context(), officer.Actor, s); err != nil {
			t.Fatal(err)
		}
		out, err := o.released(d, o.submitted(d, o.alert("a")), s)
		if err != nil || out.State != Released || len(o.press.printed) != 1 || o.press.printed[0].Standing == nil {
			t.Fatalf("%+v %v", out, err)
		}
		overdue := func() int64 {
			n, err := d.CountersignsOverdue(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if all, err := d.Countersigns(t.Context()); err != nil || len(all) != 1 || all[0].Overdue || overdue() != 0 {
			t.Errorf("%+v %v", all, err)
		}
		o.now = o.now.Add(16 * time.Minute)
		if all, err := d.Countersigns(t.Context()); err != nil || len(all) != 1 || !all[0].Overdue || overdue() != 1 {
			t.Errorf("overdue: %+v %v", all, err)
		}
		if err := o.countersigns(d, out.Alert, "first"); !errors.Is(err, alerting.ErrForbidden) {
			t.Errorf("by the author: %v", err)
		}
		if err := o.countersigns(d, out.Alert, "second"); err != nil || overdue() != 0 {
			t.Errorf("%v, %d overdue", err, overdue())
		}
		if err := o.countersigns(d, out.Alert, "third"); !errors.Is(err, alerting.ErrConflict) {
			t.Errorf("again: %v", err)
		}
	})
}

// TestForgedStanding: a row that nobody signed, and one that was withdrawn, let nothing go.
func TestForgedStanding(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk(approvals(t))
		forged := o.nights(5, "first")
		id, _ := approval.StandingID(&forged)
		text, _ := json.Marshal(forged)
		err := o.db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
			row := standingRow{ID: id, Body: string(text)}
			_, err := tx.NewInsert().Model(&row).Exec(ctx)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		draft := o.submitted(d, o.alert("forged"))
		if _, err := o.released(d, draft, forged); !errors.Is(err, alerting.ErrForbidden) || !strings.Contains(err.Error(), "1 of 2") {
			t.Errorf("a forged row: %v", err)
		}
		good := o.nights(4, "first", "second")
		id, err = d.Authorise(t.Context(), officer.Actor, good)
		if err != nil {
			t.Fatal(err)
		}
		w := alerting.Withdrawal{Standing: id, Reason: "misused", At: o.now.UTC().Truncate(time.Second)}
		if err := d.WithdrawStanding(t.Context(), officer.Actor, w); !errors.Is(err, alerting.ErrForbidden) {
			t.Errorf("nobody signed the withdrawal: %v", err)
		}
		a, err := approval.SignWithdrawal(keyOf("third"), w, "third", o.now)
		if err != nil {
			t.Fatal(err)
		}
		w.By = []alerting.Approval{a}
		if err := d.WithdrawStanding(t.Context(), officer.Actor, w); err != nil {
			t.Fatal(err)
		}
		if _, err := o.released(d, draft, good); !errors.Is(err, alerting.ErrForbidden) || !strings.Contains(err.Error(), "withdrawn") {
			t.Errorf("withdrawn: %v", err)
		}
		// Whoever looks at the draft afterwards reads why in his language.
		const why = "常设授权不允许先行发布：已于 "
		if draft, err = d.DraftAt(t.Context(), draft.ID); err != nil || !strings.HasPrefix(alerting.SaidIn("zh", draft.Reason), why) ||
			len(draft.Missing) < 2 || !strings.HasPrefix(alerting.SaidIn("zh", draft.Missing[0]), why) {
			t.Errorf("the draft says %q, %q: %v", draft.Reason, draft.Missing, err)
		}
		have, err := d.DraftAt(t.Context(), draft.ID)
		if err != nil || have.State != Submitted || !strings.Contains(strings.Join(have.Missing, " "), "misused") || len(o.press.printed) != 0 {
			t.Errorf("%+v %v", have, err)
		}
	})
}

// TestTwoDesksRaceForTheLastUse: of many that are released at once by two desks, as many go out as the rate allows.
func TestTwoDesksRaceForTheLastUse(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		desks := []*Desk{o.desk(approvals(t)), o.desk(approvals(t))}
		s := o.nights(2, "first", "second")
		if _, err := desks[0].Authorise(t.Context(), officer.Actor, s); err != nil {
			t.Fatal(err)
		}
		var drafts []Draft
		for i := range 6 {
			drafts = append(drafts, o.submitted(desks[0], o.alert(fmt.Sprint("race-", i))))
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		went := 0
		for i, draft := range drafts {
			wg.Go(func() {
				_, err := o.released(desks[i%2], draft, s)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					went++
				} else if !errors.Is(err, alerting.ErrForbidden) || !strings.Contains(err.Error(), "2 alerts have gone out") {
					t.Errorf("draft %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if went != 2 || len(o.press.printed) != 2 {
			t.Errorf("%d were released and %d printed, want 2", went, len(o.press.printed))
		}
		// In the next hour there is room again.
		o.now = o.now.Add(61 * time.Minute)
		if _, err := o.released(desks[0], o.submitted(desks[0], o.alert("later")), s); err != nil {
			t.Error(err)
		}
	})
}
