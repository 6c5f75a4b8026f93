package desk

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/cap"
)

func TestAllClear(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk()
		first := o.mustIssue(d, o.alert("first", func(a *cap.Alert) { a.Infos[1].Language = "zh-CN" }))
		order := officer
		order.Note = "the river is back in its bed"
		a, err := d.AllClear(t.Context(), first.Alert, order)
		if err != nil || a.Lane != alerting.Stop {
			t.Fatalf("%+v %v", a, err)
		}
		in, err := d.Issued(t.Context(), a.Alert)
		if err != nil || in.Alert.MsgType != cap.MsgUpdate || in.References[0] != first.Alert || in.Alert.Note != order.Note || len(in.Alert.Infos) != 3 {
			t.Fatalf("%+v %v", in, err)
		}
		for i, want := range []string{"The danger is over: Flood.", "险情已经解除：Flood。", "The danger is over: Flood."} {
			info := in.Alert.Infos[i]
			if info.Description != want || info.Urgency != cap.Past || info.Certainty != cap.Observed || info.ResponseTypes[0] != cap.AllClear ||
				info.Instruction != "" || len(info.Areas) != 1 || info.Areas[0].Description != "the lower town" {
				t.Errorf("info %d: %+v", i+1, info)
			}
		}
		again, err := d.AllClear(t.Context(), first.Alert, officer)
		if err != nil || again.Alert != a.Alert || !again.Repeated {
			t.Errorf("again: %+v %v", again, err)
		}
		if _, err := d.AllClear(t.Context(), a.Alert, officer); !errors.Is(err, alerting.ErrState) || !strings.Contains(err.Error(), "all-clear itself") {
			t.Errorf("of an all-clear: %v", err)
		}
		second := o.mustIssue(d, o.alert("second"))
		if _, err := d.Cancel(t.Context(), second.Alert, officer); err != nil {
			t.Fatal(err)
		}
		if _, err := d.AllClear(t.Context(), second.Alert, officer); !errors.Is(err, alerting.ErrState) {
			t.Errorf("of what was cancelled: %v", err)
		}
		if _, err := d.AllClear(t.Context(), alerting.AlertID{7}, officer); !errors.Is(err, alerting.ErrNotFound) {
			t.Errorf("of nothing: %v", err)
		}
	})
}

// TestWordsOfAnEnding: what is shown is what is said, and whoever writes other words is heard.
func TestWordsOfAnEnding(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk()
		id := o.mustIssue(d, o.alert("false", func(a *cap.Alert) { a.Infos = a.Infos[:1] })).Alert
		shown, err := d.Ending(t.Context(), id, false)
		if err != nil || len(shown) != 1 || shown[0].Headline != "Cancelled: Flood" {
			t.Fatal(shown, err)
		}
		if clear, err := d.Ending(t.Context(), id, true); err != nil || len(clear) != 1 || clear[0].Headline != "All clear: Flood" {
			t.Fatal(clear, err)
		}
		other := shown
		for _, wrong := range []alerting.Words{{Language: "fr", Headline: "Non", Description: "Rien"}, {Language: shown[0].Language, Headline: " ", Description: "x"}} {
			if _, err := d.Cancel(t.Context(), id, Order{Actor: officer.Actor, Words: []alerting.Words{wrong}}); !errors.Is(err, alerting.ErrInvalid) {
				t.Errorf("%+v: %v", wrong, err)
			}
		}
		other[0].Headline, other[0].Instruction = "There is no flood", "Stay where you are."
		answer, err := d.Cancel(t.Context(), id, Order{Actor: officer.Actor, Note: "a slip", Words: other})
		if err != nil {
			t.Fatal(err)
		}
		in, err := d.Issued(t.Context(), answer.Alert)
		if err != nil || in.Alert.Note != "a slip" || in.Alert.Infos[0].Headline != "There is no flood" || in.Alert.Infos[0].Instruction != "Stay where you are." {
			t.Errorf("%+v, %v", in, err)
		}
	})
}

// TestOneEndWaitsAtATime: while an all-clear waits for its approval, asking again answers with it; one of other words is refused, and the
// refusal names it, by whichever way it comes. What is withdrawn or has expired holds up nothing, and a cancel is not held up by it.
func TestOneEndWaitsAtATime(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk(approvals(t))
		draft := o.submitted(d, o.alert("a"))
		for act, who := range map[approval.Act]string{approval.Author: "first", approval.Approve: "second"} {
			var err error
			if draft, err = o.signs(d, draft, act, who); err != nil {
				t.Fatal(err)
			}
		}
		if draft.State != Released {
			t.Fatalf("%+v", draft)
		}
		waiting := func() (n int) {
			all, err := d.Drafts(t.Context(), []DraftState{Drafted, Submitted}, alerting.Place{}, 100)
			if err != nil {
				t.Fatal(err)
			}
			return len(all)
		}
		first, err := d.AllClear(t.Context(), draft.Alert, as("first"))
		if err != nil || first.Draft == "" || first.Repeated {
			t.Fatalf("%+v %v", first, err)
		}
		o.now = o.now.Add(5 * time.Second) // another sent, so another identifier
		again, err := d.AllClear(t.Context(), draft.Alert, as("second"))
		if err != nil || again.Draft != first.Draft || again.Alert != first.Alert || !again.Repeated || waiting() != 1 {
			t.Errorf("again: %+v %v, %d drafts", again, err, waiting())
		}
		other := as("second")
		other.Note = "the water has gone"
		conflict := func(how string, err error) {
			t.Helper()
			if !errors.Is(err, alerting.ErrConflict) || !strings.Contains(err.Error(), "draft "+first.Draft+" ends alert a") || waiting() != 1 {
				t.Errorf("%s: %v, %d drafts", how, err, waiting())
			}
		}
		_, err = d.AllClear(t.Context(), draft.Alert, other)
		conflict("of other words", err)
		own := d.clearing(mustIssued(t, d, draft.Alert), Order{Note: "mine"})
		_, err = d.Issue(t.Context(), o.write(own), as("second"))
		conflict("a document of one's own", err)
		mine, err := d.Draft(t.Context(), o.write(own), as("second"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = d.Submit(t.Context(), mine.ID, 1, as("second").Actor, time.Time{})
		if !errors.Is(err, alerting.ErrConflict) || !strings.Contains(err.Error(), first.Draft) {
			t.Errorf("a draft of one's own: %v", err)
		}
		cancel := o.alert("b", referring(cap.MsgCancel, o.alert("a")))
		if a, err := d.Issue(t.Context(), o.write(cancel), as("first")); err != nil || a.Draft == "" {
			t.Errorf("a cancel is held up: %+v %v", a, err)
		}
		if _, err := d.Withdraw(t.Context(), first.Draft, 1, as("first").Actor, "too early"); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Submit(t.Context(), mine.ID, 1, as("second").Actor, time.Time{}); err != nil {
			t.Errorf("after the first was withdrawn: %v", err)
		}
		o.now = o.now.Add(48 * time.Hour)
		if waits, err := d.findEnding(t.Context(), d.DB.Read(), own, ""); err != nil || waits != nil {
			t.Errorf("what has expired holds up others: %+v %v", waits, err)
		}
	})
}

// TestTwoAllClearsRace: whoever is quicker, one waits in the end.
func TestTwoAllClearsRace(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk(approvals(t))
		draft := o.submitted(d, o.alert("a"))
		for act, who := range map[approval.Act]string{approval.Author: "first", approval.Approve: "second"} {
			var err error
			if draft, err = o.signs(d, draft, act, who); err != nil {
				t.Fatal(err)
			}
		}
		var made [8]string
		var wg sync.WaitGroup
		for i := range made {
			desk := d
			if i%2 == 1 { // as if another process
				desk = &Desk{Config: d.Config, turns: newTurns(), checked: d.checked, opening: d.opening}
			}
			wg.Go(func() {
				a, err := desk.AllClear(t.Context(), draft.Alert, as("first"))
				if err != nil && !errors.Is(err, alerting.ErrConflict) {
					t.Error(err)
				}
				made[i] = a.Draft
			})
		}
		wg.Wait()
		all, err := d.Drafts(t.Context(), []DraftState{Submitted}, alerting.Place{}, 100)
		if err != nil || len(all) != 1 {
			t.Errorf("%d wait, %v: %v", len(all), err, made)
		}
	})
}

func mustIssued(t *testing.T, d *Desk, id alerting.AlertID) *alerting.Issued {
	t.Helper()
	in, err := d.Issued(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return in
}
