package desk

import (
	"errors"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/cap"
)

// TestPartnersSendNothing: what a partner wrote waits for people, whatever the policy, and its own name is nobody's approval.
func TestPartnersSendNothing(t *testing.T) {
	partner := Order{Actor: alerting.Actor{Name: "weather", Kind: "partner"}}
	each(t, func(t *testing.T, o *office) {
		for name, row := range map[string]struct {
			desk  *Desk
			state DraftState
		}{
			"approvals":              {o.desk(approvals(t)), Submitted},
			"nobody must approve":    {o.desk(), Drafted},
			"a rule that wants none": {o.desk(approvals(t, approval.Rule{ID: "free", Worlds: []alerting.World{alerting.Test}})), Drafted},
		} {
			a := o.alert(strings.ReplaceAll(name, " ", "-"), func(a *cap.Alert) {
				if row.state == Drafted && row.desk.Office != nil {
					a.Status = cap.StatusTest
				}
			})
			got, err := row.desk.Receive(t.Context(), o.write(a), nil, partner)
			if err != nil || got.Draft.State != row.state || got.Draft.Author != partner.Actor || got.Issued {
				t.Errorf("%s: %+v %v", name, got, err)
			}
			again, err := row.desk.Receive(t.Context(), o.write(a), nil, partner)
			if err != nil || again.Draft.ID != got.Draft.ID {
				t.Errorf("%s, again: %+v %v", name, again, err)
			}
		}
		if len(o.press.printed) != 0 {
			t.Fatalf("%d alerts were issued", len(o.press.printed))
		}
		// Two operators approve it, and then it goes out.
		d := o.desk(approvals(t))
		got, err := d.Receive(t.Context(), o.write(o.alert("approvals")), nil, partner)
		if err != nil {
			t.Fatal(err)
		}
		for i, by := range []string{"first", "second"} {
			after, err := o.signs(d, got.Draft, approval.Approve, by)
			if err != nil || (after.State == Released) != (i == 1) {
				t.Errorf("approved by %s: %s %v %v", by, after.State, after.Missing, err)
			}
		}
		if received, err := d.Receive(t.Context(), o.write(o.alert("approvals")), nil, partner); err != nil || !received.Issued || len(o.press.printed) != 1 {
			t.Errorf("what was issued comes back: %+v %v", received, err)
		}
	})
}

// TestPartnersAreToldAtOnce what the desk would refuse at last.
func TestPartnersAreToldAtOnce(t *testing.T) {
	partner := Order{Actor: alerting.Actor{Name: "weather", Kind: "partner"}}
	each(t, func(t *testing.T, o *office) {
		d := o.desk()
		ours := o.alert("ours")
		o.mustIssue(d, ours)
		theirs := o.alert("theirs")
		for name, row := range map[string]struct {
			alert *cap.Alert
			kind  error
			says  string
		}{
			"an update of what was not issued": {o.alert("update", referring(cap.MsgUpdate, theirs)), alerting.ErrInvalid, "names no alert that was issued here"},
			"other content":                    {o.alert("ours", func(a *cap.Alert) { a.Infos[0].Headline = "All is well" }), alerting.ErrConflict, "other content"},
			"an exercise stops nothing": {o.alert("stop", referring(cap.MsgCancel, ours), func(a *cap.Alert) { a.Status = cap.StatusExercise }),
				alerting.ErrInvalid, "of the world"},
			"what has expired": {o.alert("old", func(a *cap.Alert) {
				a.Sent = a.Sent.Add(-time.Hour)
				for i := range a.Infos {
					a.Infos[i].Expires = a.Sent.Add(time.Minute)
				}
			}), alerting.ErrInvalid, "it expired at"},
		} {
			if got, err := d.Receive(t.Context(), o.write(row.alert), nil, partner); !errors.Is(err, row.kind) || !strings.Contains(err.Error(), row.says) {
				t.Errorf("%s: %+v %v", name, got, err)
			}
		}
		got, err := d.Receive(t.Context(), o.write(o.alert("cancel", referring(cap.MsgCancel, ours))), nil, partner)
		if err != nil || got.Draft.State != Drafted || o.state(alerting.IDOf(ours)) != issued {
			t.Errorf("a cancel of ours: %+v %v", got, err)
		}
		if all, err := d.Drafts(t.Context(), nil, alerting.Place{}, 10); err != nil || len(all) != 1 {
			t.Errorf("%d drafts %v", len(all), err)
		}
	})
}
