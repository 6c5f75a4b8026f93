package scenario

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/alerting/console"
	"tocsin/alerting/desk"
	"tocsin/cap"
	"tocsin/cmd/gatewaysim/sim"
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
	o.closes(ctx, "short", "third")
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

// TestAPublicTestByMailAndSiren: in a window that two people have signed a test reaches a mailbox and sounds the tone that they have
// signed, at a siren, each through a live gateway, and nobody by another channel or elsewhere. Without the window, before it opens, with
// another tone, and after it was closed, no request reaches a gateway. The oracle is the gateways' log.
func TestAPublicTestByMailAndSiren(t *testing.T) {
	t.Parallel()
	o := Open(t, Options{Live: true, Approvals: true})
	p, number, mailbox := o.Plot(), o.Number(), o.Mailbox()
	o.Import(Person{Ref: "resident", SMS: number, Mail: mailbox, Places: []string{p.Inside(1)}},
		Person{Ref: "elsewhere", Mail: o.Mailbox(), Places: []string{p.Outside()}})
	horn, far := o.raise(p.Inside(2)), o.raise(p.Outside())
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	defer cancel()
	s := o.stream(ctx)
	defer func() { _ = s.Close() }()
	api := o.Caller("first")
	loud := func(w *alerting.TestWindow) {
		w.Channels, w.Programme, w.Seconds = []alerting.Channel{alerting.Mail, alerting.Siren}, "attention", 60
	}
	window := o.window("loud", p, loud, "first", "second")
	if err := api.OpenWindow(ctx, window); err != nil {
		t.Fatal(err)
	}
	test := func() *cap.Alert {
		a := o.Alert(Info(p.Area()))
		a.Status, a.Note = cap.StatusTest, "the public test"
		return a
	}
	nothing := func(when string, before int) {
		t.Helper()
		if all := o.Arrivals(); len(all) != before {
			t.Fatalf("%s a test left through a live gateway: %+v", when, all[before:])
		}
	}
	// asked is a test that was handed in and signed by two.
	asked := func(order client.Order) desk.Draft {
		t.Helper()
		in, err := api.Issue(ctx, o.Document(test()), order)
		if err != nil || in.Draft == "" {
			t.Fatalf("%+v %v", in, err)
		}
		draft, err := api.DraftAt(ctx, in.Draft)
		if err != nil {
			t.Fatal(err)
		}
		return o.approves(o.approves(draft, approval.Author, "first"), approval.Approve, "second")
	}

	bare := test()
	outside := map[string]alerting.Envelope{"that names no window": o.inWindow(bare, nil)}
	for name, change := range map[string]func(*alerting.TestWindow){
		"before its window": func(w *alerting.TestWindow) {
			w.From, w.Until = w.From.Add(10*time.Minute), w.Until.Add(10*time.Minute)
		},
		"after its window": func(w *alerting.TestWindow) { w.From, w.Until = w.From.Add(-2*time.Hour), w.Until.Add(-2*time.Hour) },
	} {
		shifted := o.window("shifted", p, func(w *alerting.TestWindow) { loud(w); change(w) }, "first", "second")
		outside[name] = o.inWindow(test(), &shifted)
	}
	altered := window
	altered.Programme, altered.Seconds = "alarm", 300
	outside["whose tone was altered"] = o.inWindow(test(), &altered)
	for name, e := range outside {
		if err := s.Publish(ctx, e); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	for name, e := range outside {
		a, err := cap.Parse(e.Document, cap.Options{})
		if err != nil {
			t.Fatal(err)
		}
		o.Settled(alerting.IDOf(a))
		nothing(name, 0)
	}

	draft := asked(client.Order{Window: "loud"})
	o.Became(draft.Alert, "resident", "mail sent")
	wantSiren(t, o, horn, "sounding")
	wantSilent(t, o, far)
	if subject := o.Letter(draft.Alert, mailbox).Get("Subject"); !strings.HasPrefix(subject, "TEST") || !strings.HasSuffix(subject, "TEST") {
		t.Errorf("the subject %q does not begin and end with TEST", subject)
	}
	Until(t, patience, "when the siren answered is told", func() error {
		all, err := api.Sirens(ctx, url.Values{"state": {"on"}})
		for i := range all {
			s := &all[i]
			if want := map[string]console.SirenLink{horn: console.LinkHeard, far: console.LinkNew}[s.Ref]; err == nil && want != "" && s.Link != want {
				err = fmt.Errorf("%s: %s, heard %s, want %s", s.Ref, s.Link, s.Heard, want)
			}
		}
		return err
	})
	var tones []string
	for _, a := range o.Of(draft.Alert) {
		tones = append(tones, a.Channel+" "+a.Recipient+" "+a.Detail)
	}
	slices.Sort(tones)
	if len(tones) != 2 || !strings.HasPrefix(tones[0], "mail "+mailbox+" ") || !strings.HasPrefix(tones[1], "siren "+horn+" ") || !strings.Contains(tones[1], "attention") {
		t.Errorf("the gateways took %q, want one mail and the tone of the window", tones)
	}
	before := len(o.Arrivals())

	o.closes(ctx, "loud", "third")
	late := o.inWindow(test(), &window)
	if err := s.Publish(ctx, late); err != nil {
		t.Fatal(err)
	}
	a, err := cap.Parse(late.Document, cap.Options{})
	if err != nil {
		t.Fatal(err)
	}
	settled := o.Settled(alerting.IDOf(a))
	wantNote(t, settled.Notes, "window loud was closed")
	nothing("after the closing", before)
}

// wantSilent checks that a siren has never sounded.
func wantSilent(t *testing.T, o *Office, ref string) {
	t.Helper()
	var sirens []sim.SirenView
	o.control("/sirens", &sirens)
	for _, s := range sirens {
		if s.ID == ref && (s.Sounded != 0 || s.State == "sounding") {
			t.Errorf("siren %s: %+v", ref, s)
		}
	}
}
