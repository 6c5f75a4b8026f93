package desk

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
)

// TestAnAreaOfNobody: a new actual alert that would reach nobody is refused, with the place, and its draft is kept; whoever means it says
// so. Neither a test, nor an office that knows nobody at all, nor what follows an alert is asked.
func TestAnAreaOfNobody(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		known := true
		d := o.desk(approvals(o.t), func(c *Config) {
			c.Count = func(context.Context, *alerting.Issued) (alerting.Counted, error) { return alerting.Counted{}, nil }
			c.Anybody = func(context.Context) (bool, error) { return known, nil }
		})
		refused := func(err error) {
			t.Helper()
			var found cap.Findings
			if !errors.Is(err, alerting.ErrInvalid) || !errors.As(err, &found) || len(found) != 1 || found[0].ID != "desk.nobody" || found[0].Path != "alert/info[1]/area[1]" || found[0].Line == 0 {
				t.Errorf("%v", err)
			}
		}
		draft, err := d.Draft(t.Context(), o.write(o.alert("a")), as("first"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = d.Submit(t.Context(), draft.ID, 1, as("first").Actor, time.Time{})
		refused(err)
		if kept, err := d.DraftAt(t.Context(), draft.ID); err != nil || kept.State != Drafted || !bytes.Equal(kept.Document, draft.Document) {
			t.Errorf("%+v %v", kept, err)
		}
		if draft, err = d.HandIn(t.Context(), draft.ID, as("first").Actor, Submission{Version: 1, Nobody: true}); err != nil || draft.State != Submitted {
			t.Errorf("%+v %v", draft, err)
		}
		_, err = d.Issue(t.Context(), o.write(o.alert("b")), as("first"))
		refused(err)
		if all, err := d.Drafts(t.Context(), nil, alerting.Place{}, 10); err != nil || len(all) != 1 {
			t.Errorf("a refused order left a draft: %+v %v", all, err)
		}
		meant := as("first")
		meant.Nobody = true
		if a, err := d.Issue(t.Context(), o.write(o.alert("b")), meant); err != nil || a.Draft == "" {
			t.Errorf("%+v %v", a, err)
		}
		test := o.alert("c", func(a *cap.Alert) { a.Status, a.Note = cap.StatusTest, "a test" })
		if _, err := d.Issue(t.Context(), o.write(test), as("first")); err != nil {
			t.Error(err)
		}
		known = false
		if _, err := d.Issue(t.Context(), o.write(o.alert("d")), as("first")); err != nil {
			t.Error(err)
		}
	})
}
