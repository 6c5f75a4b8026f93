package scenario

import (
	"context"
	"fmt"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/cap"
	"tocsin/cmd/tocsin/client"
)

// TestAPublicTestIsClosedWhileItIsQueued: at two a second sixty are told for half a minute. Closed early, the rest is not: once the
// workers know, which takes them some seconds, nothing starts any more. The oracle is the gateways' log.
func TestAPublicTestIsClosedWhileItIsQueued(t *testing.T) {
	t.Parallel()
	const people = 60
	o := Open(t, Options{Live: true, Approvals: true, Gateways: map[string]string{"sms": "rate: 2, slots: 1"}})
	p := o.Plot()
	var all []Person
	for i := range people {
		all = append(all, Person{Ref: fmt.Sprint("resident ", i), SMS: o.Number(), Places: []string{p.Inside(1)}})
	}
	o.Import(all...)
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	defer cancel()
	api := o.Caller("first")
	if err := api.OpenWindow(ctx, o.window("short", p, nil, "first", "second")); err != nil {
		t.Fatal(err)
	}
	a := o.Alert(Info(p.Area()))
	a.Status, a.Note = cap.StatusTest, "the public test"
	submitted, err := api.Issue(ctx, o.Document(a), client.Order{Window: "short"})
	if err != nil {
		t.Fatal(err)
	}
	draft, err := api.DraftAt(ctx, submitted.Draft)
	if err != nil {
		t.Fatal(err)
	}
	o.approves(o.approves(draft, approval.Author, "first"), approval.Approve, "second")
	Until(t, patience, "the public test has begun", func() error {
		if n := len(o.Of(submitted.Alert)); n < 2 {
			return fmt.Errorf("%d were told", n)
		}
		return nil
	})
	now := time.Now().UTC().Truncate(time.Second)
	closing := alerting.WindowClosing{Window: "short", At: now}
	signed, err := approval.SignClosing(o.signer("third"), closing, "third", now)
	if err != nil {
		t.Fatal(err)
	}
	closing.By = []alerting.Approval{signed}
	if err := api.CloseWindow(ctx, closing); err != nil {
		t.Fatal(err)
	}
	closed := time.Now()
	Until(t, patience, "the rest is given up", func() error {
		s, err := o.Status(submitted.Alert)
		if err == nil && (s.People.Unreachable < 2 || time.Since(closed) < windowsKnownIn+5*time.Second) {
			err = fmt.Errorf("it stands at %+v", s)
		}
		return err
	})
	told := o.Of(submitted.Alert)
	if len(told) >= people {
		t.Errorf("%d of %d were told: the closing stopped nothing", len(told), people)
	}
	for _, one := range told {
		if late := one.At.Sub(closed); late > windowsKnownIn {
			t.Errorf("a test left %s after its window was closed", late)
		}
	}
	t.Logf("%d of %d were told, the last %s after the closing", len(told), people, told[len(told)-1].At.Sub(closed))
}

// windowsKnownIn is how soon every worker knows that a window was closed, with a hand-over that was under way.
const windowsKnownIn = 10 * time.Second
