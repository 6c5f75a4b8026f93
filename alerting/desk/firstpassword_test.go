package desk

import (
	"bytes"
	"errors"
	"testing"

	"tocsin/alerting"
)

// TestReleaseFirstWithAPassword: who has neither file nor passkey releases first, and countersigns, with the key under his password. A
// wrong one does neither, and nobody countersigns his own.
func TestReleaseFirstWithAPassword(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.passwords(new(bytes.Buffer))
		o.enrolled(d, "first", typed)
		o.enrolled(d, "mei", other)
		s := o.nights(5, "first", "second")
		id, err := d.Authorise(t.Context(), officer.Actor, s)
		if err != nil {
			t.Fatal(err)
		}
		draft := o.submitted(d, o.alert("a"))
		release := func(operator, password string) (Draft, error) {
			return d.ReleaseUnderWithPassword(t.Context(), draft.ID, draft.Version, draft.Author, id, PasswordSignature{Operator: operator, Password: password})
		}
		for operator, password := range map[string]string{"first": other, "mei": other, "nobody": typed} {
			if _, err := release(operator, password); !errors.Is(err, alerting.ErrForbidden) || len(o.press.printed) != 0 {
				t.Errorf("%s with %q: %v, %d alerts out", operator, password, err, len(o.press.printed))
			}
		}
		out, err := release("first", typed)
		if err != nil || out.State != Released || len(o.press.printed) != 1 || o.press.printed[0].Standing == nil {
			t.Fatalf("%+v %v", out, err)
		}
		// What fan-out and workers ask, who know the configuration alone.
		if err := d.Office.Check(&alerting.Issued{Envelope: o.press.printed[0], Alert: o.alert("a")}); err != nil {
			t.Error(err)
		}
		countersign := func(operator, password string) error {
			return d.CountersignWithPassword(t.Context(), out.Alert, as(operator).Actor, PasswordSignature{Operator: operator, Password: password})
		}
		for operator, password := range map[string]string{"first": typed, "mei": typed} {
			if err := countersign(operator, password); !errors.Is(err, alerting.ErrForbidden) {
				t.Errorf("countersigned by %s with %q: %v", operator, password, err)
			}
		}
		if err := countersign("mei", other); err != nil {
			t.Error(err)
		}
		if all, err := d.Countersigns(t.Context()); err != nil || len(all) != 0 {
			t.Errorf("%+v %v", all, err)
		}
	})
}
