package scenario

import (
	"testing"

	"tocsin/alerting"
	"tocsin/cap"
	"tocsin/cmd/tocsin/client"
)

// TestEachWorldHasItsPaths: below the path of one world nothing of another is there to be seen, changed or stopped, and no
// document of another gets in.
func TestEachWorldHasItsPaths(t *testing.T) {
	t.Parallel()
	o := Open(t, Options{})
	p := o.Plot()
	statuses := map[alerting.World]cap.Status{alerting.Actual: cap.StatusActual, alerting.Exercise: cap.StatusExercise, alerting.Test: cap.StatusTest}
	alerts, drafts := make(map[alerting.World]alerting.AlertID), make(map[alerting.World]string)
	caller := func(w alerting.World) *client.Client {
		c := o.Caller("everything")
		c.World = w
		return c
	}
	document := func(w alerting.World) []byte {
		a := o.Alert(Info(p.Area()))
		a.Status, a.Note = statuses[w], "the yearly drill"
		return o.Document(a)
	}
	ctx, cancel := call()
	defer cancel()
	for _, w := range alerting.Worlds() {
		a, err := caller(w).Issue(ctx, document(w), client.Order{})
		if err != nil {
			t.Fatalf("%s: %v", w, err)
		}
		d, err := caller(w).Draft(ctx, document(w), client.Order{})
		if err != nil {
			t.Fatalf("%s: %v", w, err)
		}
		alerts[w], drafts[w] = a.Alert, d.ID
		o.Settled(a.Alert)
	}
	for _, here := range alerting.Worlds() {
		c := caller(here)
		list, err := c.List(ctx, client.Paging{})
		if err != nil || len(list) != 1 || list[0].Alert != alerts[here] {
			t.Errorf("the alerts of %s: %+v %v", here, list, err)
		}
		kept, err := c.Drafts(ctx, nil, client.Paging{})
		if err != nil || len(kept) != 1 || kept[0].ID != drafts[here] {
			t.Errorf("the drafts of %s: %+v %v", here, kept, err)
		}
		for _, there := range alerting.Worlds() {
			want := 404
			if there == here {
				want = 0
			}
			errs := map[string]error{}
			_, errs["status"] = c.Status(ctx, alerts[there])
			_, errs["draft"] = c.DraftAt(ctx, drafts[there])
			if there != here {
				_, errs["cancel"] = c.Cancel(ctx, alerts[there], "")
				_, errs["withdraw"] = c.Act(ctx, drafts[there], client.Act{Verb: "withdraw", Version: 1, Reason: "no"})
				_, errs["amend"] = c.Amend(ctx, drafts[there], 1, document(here), client.Order{})
			}
			for what, err := range errs {
				if got := statusOf(t, err); got != want {
					t.Errorf("%s of %s below %s: %d, want %d", what, there, here, got, want)
				}
			}
			if there == here {
				continue
			}
			_, issued := c.Issue(ctx, document(there), client.Order{})
			_, drafted := c.Draft(ctx, document(there), client.Order{})
			_, amended := c.Amend(ctx, drafts[here], 1, document(there), client.Order{})
			for what, err := range map[string]error{"issue": issued, "draft": drafted, "amend": amended} {
				if r := refusal(t, err); r.Status != 400 || len(r.Findings) != 1 || r.Findings[0].ID != "api.world" || r.Findings[0].Line == 0 {
					t.Errorf("%s a document of %s below %s: %+v", what, there, here, r)
				}
			}
		}
	}
	all, err := o.API.List(ctx, client.Paging{})
	if err != nil || len(all) != 3 {
		t.Errorf("without a world: %+v %v", all, err)
	}
}

// statusOf is the HTTP status of a refusal; 0 for none.
func statusOf(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return 0
	}
	return refusal(t, err).Status
}
