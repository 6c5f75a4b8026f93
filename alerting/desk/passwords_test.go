package desk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/cap"
)

const (
	typed = "seven harbour lights"
	other = "nine church steeples"
)

// passwords is a desk on which guessing is cheap, and a log of all it says.
func (o *office) passwords(log *bytes.Buffer, policy ...approval.Rule) *Desk {
	o.t.Helper()
	return o.desk(approvals(o.t, policy...), func(c *Config) {
		c.PasswordCost = approval.Cost{Memory: 8, Passes: 1, Threads: 1}
		c.Log = slog.New(slog.NewTextHandler(log, nil))
		c.Note = func(ctx context.Context, tx bun.IDB, by alerting.Actor, verb, subject string, detail any) error {
			c.Log.Info("noted", "subject", subject, "detail", detail)
			return o.note(ctx, tx, by, verb, subject, detail)
		}
	})
}

// enrolled gives a key to an operator and enrols it.
func (o *office) enrolled(d *Desk, operator, password string) approval.Key {
	o.t.Helper()
	key, err := d.MakePasswordKey(o.t.Context(), as("first").Actor, operator, password)
	if err != nil {
		o.t.Fatal(err)
	}
	if err := d.Enrol(o.t.Context(), as("first").Actor, o.enrolment(operator, key)); err != nil {
		o.t.Fatal(err)
	}
	return key
}

func (o *office) enrolment(operator string, key approval.Key) alerting.Enrolment {
	o.t.Helper()
	e := alerting.Enrolment{Operator: operator, Key: key.String(), Rights: []string{"author", "approve"}, At: o.now}
	for _, admin := range []string{"first", "second"} {
		a, err := approval.SignEnrolment(keyOf(admin), e, admin, o.now)
		if err != nil {
			o.t.Fatal(err)
		}
		e.By = append(e.By, a)
	}
	return e
}

func (o *office) types(d *Desk, draft Draft, operator, password string) (Draft, error) {
	return d.SignWithPassword(o.t.Context(), draft.ID, draft.Version, as(operator).Actor, PasswordSignature{Operator: operator, Password: password, Act: approval.Approve})
}

func TestSignWithAPassword(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		var log bytes.Buffer
		d, ctx := o.passwords(&log), t.Context()
		draft := o.submitted(d, o.alert("a"))
		key, err := d.MakePasswordKey(ctx, as("fourth").Actor, "fourth", typed)
		if err != nil || key.Kind != approval.Password || !strings.HasPrefix(key.String(), "password:") {
			t.Fatalf("%v %v", key, err)
		}
		// Before it is enrolled, it counts for nothing.
		if _, err := o.types(d, draft, "fourth", typed); !errors.Is(err, alerting.ErrForbidden) {
			t.Fatalf("not enrolled: %v", err)
		}
		if err := d.Enrol(ctx, as("first").Actor, o.enrolment("fourth", key)); err != nil {
			t.Fatal(err)
		}
		// One answer to a wrong password, and to a name that has none.
		_, wrong := o.types(d, draft, "fourth", other)
		_, nobody := o.types(d, draft, "nobody", typed)
		_, none := o.types(d, draft, "second", typed)
		for _, err := range []error{wrong, nobody, none} {
			if !errors.Is(err, alerting.ErrForbidden) || err.Error() != wrong.Error() {
				t.Errorf("%v", err)
			}
		}
		// Of more than the draft's own state nothing is signed.
		_, err = d.SignWithPassword(ctx, draft.ID, 1, as("fourth").Actor, PasswordSignature{Operator: "fourth", Password: typed, Act: approval.Stop})
		if !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("another act: %v", err)
		}
		_, err = d.SignWithPassword(ctx, draft.ID, 1, as("fourth").Actor, PasswordSignature{Operator: "fourth", Password: typed, Act: approval.Author})
		if !errors.Is(err, alerting.ErrForbidden) || !strings.Contains(err.Error(), "was written by first") {
			t.Errorf("as an author who is not: %v", err)
		}
		_, err = d.SignWithPassword(ctx, draft.ID, 2, as("fourth").Actor, PasswordSignature{Operator: "fourth", Password: typed, Act: approval.Approve})
		if !errors.Is(err, alerting.ErrNotFound) {
			t.Errorf("another version: %v", err)
		}
		if draft, err = o.signs(d, draft, approval.Author, "first"); err != nil {
			t.Fatal(err)
		}
		if draft, err = o.types(d, draft, "fourth", typed); err != nil || draft.State != Released || len(o.press.printed) != 1 {
			t.Fatalf("%+v %v", draft, err)
		}
		// Whoever reads the stream believes it, with the founders alone.
		c := new(Config)
		approvals(t)(c)
		e := o.press.printed[0]
		if err := c.Office.Check(&alerting.Issued{Envelope: e, Alert: o.alert("a")}); err != nil {
			t.Error(err)
		}
		_ = d.ChangePassword(ctx, as("fourth").Actor, "fourth", typed, other)
		if strings.Contains(log.String()+fmt.Sprint(o.noted)+fmt.Sprint(wrong, nobody), typed) || strings.Contains(fmt.Sprint(wrong, log.String(), o.noted), other) {
			t.Error("a password was told")
		}
	})
}

func TestThePolicySaysWhichKindsCount(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		rule := func(kind approval.Kind) approval.Rule {
			return approval.Rule{ID: "kinds", Approvals: 1, Kinds: []approval.Kind{kind}}
		}
		var log bytes.Buffer
		strict, mild := o.passwords(&log, rule(approval.File)), o.passwords(&log, rule(approval.Password))
		o.enrolled(strict, "fourth", typed)
		draft := o.submitted(strict, o.alert("a"))
		draft, err := o.signs(strict, draft, approval.Author, "first")
		if err != nil {
			t.Fatal(err)
		}
		draft, err = o.types(strict, draft, "fourth", typed)
		if err != nil || draft.State != Submitted || len(draft.Missing) != 1 || !strings.Contains(draft.Missing[0], "of kind [file]") {
			t.Errorf("%+v %v", draft, err)
		}
		draft = o.submitted(mild, o.alert("b", func(a *cap.Alert) { a.Note = "b" }))
		if draft, err = o.signs(mild, draft, approval.Author, "first"); err != nil {
			t.Fatal(err)
		}
		if draft, err = o.signs(mild, draft, approval.Approve, "second"); err != nil || draft.State != Submitted {
			t.Errorf("with a file: %+v %v", draft, err)
		}
		if draft, err = o.types(mild, draft, "fourth", typed); err != nil || draft.State != Released {
			t.Errorf("%+v %v", draft, err)
		}
	})
}

func TestManyGuessesAtOnceAreFive(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		var log bytes.Buffer
		d := o.passwords(&log)
		key := o.enrolled(d, "fourth", typed)
		draft := o.submitted(d, o.alert("a"))
		const many = 50
		var wait sync.WaitGroup
		tried := make([]bool, many)
		for i := range many {
			wait.Go(func() {
				var err error
				if tried[i], err = d.claim(t.Context(), officer.Actor, key.ID(), "fourth"); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		n := 0
		for _, yes := range tried {
			if yes {
				n++
			}
		}
		if n != guesses {
			t.Errorf("%d guesses were tried", n)
		}
		shut := func() int {
			return len(slices.DeleteFunc(slices.Clone(o.noted), func(s string) bool { return !strings.Contains(s, verbShut) }))
		}
		if shut() != 1 {
			t.Errorf("%v", o.noted)
		}
		// While it is shut the right one is as wrong as the others; a quarter of an hour later it is not.
		_, right := o.types(d, draft, "fourth", typed)
		_, wrong := o.types(d, draft, "fourth", other)
		if !errors.Is(right, alerting.ErrForbidden) || right.Error() != wrong.Error() {
			t.Errorf("%v, %v", right, wrong)
		}
		o.now = o.now.Add(shutFor)
		for i := range 2 * guesses {
			wait.Go(func() {
				_, err := o.types(d, draft, "fourth", fmt.Sprint(other, i))
				if !errors.Is(err, alerting.ErrForbidden) && !errors.Is(err, alerting.ErrUnavailable) { // a slow machine sends some away
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if shut() != 2 {
			t.Errorf("%v", o.noted)
		}
		// The last guess shuts before it is made; that it was right opens again.
		o.now = o.now.Add(shutFor)
		for range guesses - 1 {
			if _, err := o.types(d, draft, "fourth", other); !errors.Is(err, alerting.ErrForbidden) {
				t.Error(err)
			}
		}
		if draft, err := o.types(d, draft, "fourth", typed); err != nil || len(draft.Signatures) != 1 {
			t.Errorf("%+v %v", draft, err)
		}
		if !slices.ContainsFunc(o.noted, func(s string) bool { return strings.Contains(s, verbReopened) }) {
			t.Errorf("%v", o.noted)
		}
	})
}

func TestChangeAPassword(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		var log bytes.Buffer
		d, ctx := o.passwords(&log), t.Context()
		key := o.enrolled(d, "fourth", typed)
		by := as("fourth").Actor
		for name, row := range map[string]struct {
			operator, password, next string
			kind                     error
		}{
			"a wrong one":  {"fourth", other, "another good one", alerting.ErrForbidden},
			"of nobody":    {"nobody", typed, other, alerting.ErrForbidden},
			"a short one":  {"fourth", typed, "short", alerting.ErrInvalid},
			"a common one": {"fourth", typed, "password1234", alerting.ErrInvalid},
		} {
			if err := d.ChangePassword(ctx, by, row.operator, row.password, row.next); !errors.Is(err, row.kind) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := d.ChangePassword(ctx, by, "fourth", typed, other); err != nil {
			t.Fatal(err)
		}
		draft := o.submitted(d, o.alert("a"))
		if _, err := o.types(d, draft, "fourth", typed); !errors.Is(err, alerting.ErrForbidden) {
			t.Errorf("the old one: %v", err)
		}
		draft, err := o.types(d, draft, "fourth", other)
		if err != nil || len(draft.Signatures) != 1 || draft.Signatures[0].KeyID != key.ID() {
			t.Errorf("%+v %v", draft, err)
		}
	})
}

// TestAForgedKeyIsWorthNothing: who may write to the database can neither add a key that counts nor move one.
func TestAForgedKeyIsWorthNothing(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		var log bytes.Buffer
		d, ctx := o.passwords(&log), t.Context()
		fourth := o.enrolled(d, "fourth", typed)
		forged, err := d.MakePasswordKey(ctx, as("first").Actor, "third", other)
		if err != nil {
			t.Fatal(err)
		}
		draft := o.submitted(d, o.alert("a"))
		forge := func(statement string, args ...any) {
			t.Helper()
			err := o.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
				_, err := tx.NewRaw(statement, args...).Exec(ctx)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		// The key of third's founder, said to be under a password.
		forge("UPDATE operator_keys SET key_id = ? WHERE key_id = ?", keyOf("third").Key().ID(), forged.ID())
		if _, err := o.types(d, draft, "third", other); !errors.Is(err, alerting.ErrForbidden) {
			t.Errorf("a key of one's own: %v", err)
		}
		// Fourth's key under another's name.
		forge("UPDATE operator_keys SET operator = 'third' WHERE key_id = ?", fourth.ID())
		if _, err := o.types(d, draft, "third", typed); !errors.Is(err, alerting.ErrForbidden) {
			t.Errorf("another's key: %v", err)
		}
		forge("UPDATE operator_keys SET operator = 'fourth', wrapped = ? WHERE key_id = ?", bytes.Repeat([]byte{0xff}, 106), fourth.ID())
		if _, err := o.types(d, draft, "fourth", typed); !errors.Is(err, alerting.ErrForbidden) {
			t.Errorf("nonsense: %v", err)
		}
		if !strings.Contains(log.String(), "counts for nothing") {
			t.Errorf("the log does not say so: %s", log.String())
		}
		// A name is not given keys without end.
		for range newKeys {
			_, err = d.MakePasswordKey(ctx, officer.Actor, "fifth", other)
			if err != nil {
				t.Fatal(err)
			}
		}
		if _, err = d.MakePasswordKey(ctx, officer.Actor, "fifth", other); !errors.Is(err, alerting.ErrState) {
			t.Errorf("%v", err)
		}
		if _, err = d.MakePasswordKey(ctx, officer.Actor, approval.DeskName, other); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("%v", err)
		}
		o.now = o.now.Add(25 * time.Hour)
		if _, err = d.MakePasswordKey(ctx, officer.Actor, "fifth", other); err != nil {
			t.Errorf("a day later: %v", err)
		}
	})
}
