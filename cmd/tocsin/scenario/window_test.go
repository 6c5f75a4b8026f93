package scenario

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/alerting/desk"
	"tocsin/alerting/store"
	"tocsin/cap"
	"tocsin/cmd/tocsin/client"
	"tocsin/cmd/tocsin/serve"
)

// window is one for a plot, by SMS and from a while ago until a while ahead, signed by some operators.
func (o *Office) window(id string, p Plot, change func(*alerting.TestWindow), by ...string) alerting.TestWindow {
	o.tb.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	w := alerting.TestWindow{ID: id, From: now.Add(-time.Minute), Until: now.Add(time.Hour), Channels: []alerting.Channel{alerting.SMS}}
	var ring [][2]float64
	for _, at := range p.Ring() {
		ring = append(ring, [2]float64{at.Lat, at.Lon})
	}
	w.Polygons = [][][2]float64{ring}
	if change != nil {
		change(&w)
	}
	for _, name := range by {
		a, err := approval.SignWindow(o.signer(name), w, name, now)
		if err != nil {
			o.tb.Fatal(err)
		}
		w.By = append(w.By, a)
	}
	return w
}

// closes ends a window before its time, signed by one operator.
func (o *Office) closes(ctx context.Context, window, by string) {
	o.tb.Helper()
	closing := alerting.WindowClosing{Window: window, At: time.Now().UTC().Truncate(time.Second)}
	signed, err := approval.SignClosing(o.signer(by), closing, by, closing.At)
	if err != nil {
		o.tb.Fatal(err)
	}
	closing.By = []alerting.Approval{signed}
	if err := o.Caller(by).CloseWindow(ctx, closing); err != nil {
		o.tb.Fatal(err)
	}
}

func (o *Office) signer(name string) approval.Signer {
	o.tb.Helper()
	key, err := serve.OperatorKey(o.OperatorFile(name))
	if err != nil {
		o.tb.Fatal(err)
	}
	return key
}

// inWindow is the envelope of an alert in a window, approved by two people as it stands.
func (o *Office) inWindow(a *cap.Alert, w *alerting.TestWindow) alerting.Envelope {
	o.tb.Helper()
	document := o.Document(a)
	world, err := alerting.WorldOf(a.Status)
	if err != nil {
		o.tb.Fatal(err)
	}
	e := alerting.Envelope{World: world, Document: document, Digest: sha256.Sum256(document), Author: "first", Window: w,
		Actor: alerting.Actor{Name: "first", Kind: "token"}, Issued: time.Now(), Counted: alerting.Counted{People: 1}}
	for name, act := range map[string]approval.Act{"first": approval.Author, "second": approval.Approve} {
		s, err := approval.Over(&e, act, name, time.Now())
		if err != nil {
			o.tb.Fatal(err)
		}
		signed, err := o.signer(name).Sign(s)
		if err != nil {
			o.tb.Fatal(err)
		}
		e.Approvals = append(e.Approvals, signed)
	}
	return e
}

// TestAPublicTestIsTheOneBridge: with live gateways only, a test reaches nobody but in a window that holds it, whoever can
// write to Kafka and to the database; in it, it does, and says first and last what it is. The oracle is the gateways' log.
func TestAPublicTestIsTheOneBridge(t *testing.T) {
	t.Parallel()
	o := Open(t, Options{Live: true, Approvals: true})
	p, other, number, mailbox := o.Plot(), o.Plot(), o.Number(), o.Mailbox()
	o.Import(Person{Ref: "resident", SMS: number, Mail: mailbox, Places: []string{p.Inside(1)}},
		Person{Ref: "elsewhere", SMS: o.Number(), Places: []string{other.Inside(1)}})
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	defer cancel()
	s := o.stream(ctx)
	defer func() { _ = s.Close() }()
	api := o.Caller("first")
	test := func(p Plot) *cap.Alert {
		a := o.Alert(Info(p.Area()))
		a.Status, a.Note = cap.StatusTest, "the public test"
		return a
	}
	refused := func(name string, a *cap.Alert, order client.Order) {
		t.Helper()
		if _, err := api.Issue(ctx, o.Document(a), order); err == nil {
			t.Errorf("%s: it was taken", name)
		}
	}

	// At the desk: what is not signed by two is no window, and an order must keep within the one that it names.
	if err := api.OpenWindow(ctx, o.window("one", p, nil, "first")); refusal(t, err).Status != 403 {
		t.Errorf("a window signed by one: %v", err)
	}
	good := o.window("good", p, nil, "first", "second")
	if err := api.OpenWindow(ctx, good); err != nil {
		t.Fatal(err)
	}
	o.forgeWindow(ctx, "forged", o.window("forged", p, nil))
	refused("a row that nobody signed", test(p), client.Order{Window: "forged"})
	refused("another area", test(other), client.Order{Window: "good"})
	refused("another channel", test(p), client.Order{Window: "good", Channels: []string{"mail"}})
	exercise := test(p)
	exercise.Status = cap.StatusExercise
	refused("an exercise", exercise, client.Order{Window: "good"})

	// Past the desk: each is approved by two people as it stands, and written to the stream.
	shifted := func(by time.Duration) func(w *alerting.TestWindow) {
		return func(w *alerting.TestWindow) { w.From, w.Until = w.From.Add(by), w.Until.Add(by) }
	}
	both := []string{"first", "second"}
	windows := map[string]alerting.TestWindow{
		"before":          o.window("before", p, shifted(10*time.Minute), both...),
		"after":           o.window("after", p, shifted(-2*time.Hour), both...),
		"another area":    o.window("area", other, nil, both...),
		"another channel": o.window("channel", p, func(w *alerting.TestWindow) { w.Channels = []alerting.Channel{alerting.Push} }, both...),
		"signed by one":   o.window("single", p, nil, "first", "first"),
		"signed by none":  o.window("none", p, nil),
		"altered": func() alerting.TestWindow {
			w := o.window("altered", other, nil, both...)
			w.Polygons = good.Polygons
			return w
		}(),
	}
	var ids []alerting.AlertID
	for name, w := range windows {
		a := test(p)
		if err := s.Publish(ctx, o.inWindow(a, &w)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		ids = append(ids, alerting.IDOf(a))
	}
	// The window of another alert: this one was approved without it. And an exercise in one.
	bare := o.inWindow(test(p), nil)
	bare.Window = &good
	drill := test(p)
	drill.Status = cap.StatusExercise
	if err := s.Publish(ctx, bare); err != nil {
		t.Fatal(err)
	}
	if err := s.Publish(ctx, o.inWindow(drill, &good)); err == nil {
		t.Error("the stream takes an exercise in a window")
	}
	for _, id := range ids {
		o.Settled(id)
	}
	if all := o.Arrivals(); len(all) != 0 {
		t.Fatalf("a test left through a live gateway: %+v", all)
	}

	// Inside: by SMS, which the window opens, and not by mail.
	a := test(p)
	submitted, err := api.Issue(ctx, o.Document(a), client.Order{Window: "good"})
	if err != nil || submitted.Draft == "" {
		t.Fatalf("%+v %v", submitted, err)
	}
	draft, err := api.DraftAt(ctx, submitted.Draft)
	if err != nil || draft.Window == nil || draft.Counted.People != 1 {
		t.Fatalf("%+v %v", draft, err)
	}
	o.approves(o.approves(draft, approval.Author, "first"), approval.Approve, "second")
	o.Became(submitted.Alert, "resident", "sms delivered")
	texts := o.Texts(submitted.Alert, number)
	if len(texts) != 1 || !strings.HasPrefix(texts[0], "TEST") || !strings.HasSuffix(texts[0], "TEST") {
		t.Errorf("%q does not begin and end with TEST", texts)
	}
	before := len(o.Arrivals())
	if before != 1 {
		t.Errorf("%+v, want one SMS", o.Arrivals())
	}

	// Closed by one: what was approved meanwhile goes nowhere.
	late, err := api.Issue(ctx, o.Document(test(p)), client.Order{Window: "good"})
	if err != nil {
		t.Fatal(err)
	}
	o.closes(ctx, "good", "third")
	if draft, err = api.DraftAt(ctx, late.Draft); err != nil {
		t.Fatal(err)
	}
	draft = o.approves(o.approves(draft, approval.Author, "first"), approval.Approve, "second")
	if draft.State != desk.Lapsed || !strings.Contains(draft.Reason, "was closed") {
		t.Errorf("%s: %s", draft.State, draft.Reason)
	}
	again := test(p)
	if err := s.Publish(ctx, o.inWindow(again, &good)); err != nil {
		t.Fatal(err)
	}
	settled := o.Settled(alerting.IDOf(again))
	if !slices.ContainsFunc(settled.Notes, func(n string) bool { return strings.Contains(n, "window good was closed") }) {
		t.Errorf("%q", settled.Notes)
	}
	if n := len(o.Arrivals()); n != before {
		t.Errorf("%d messages left a closed window", n-before)
	}
}

// forgeWindow writes a window into the database, as if the office had taken it.
func (o *Office) forgeWindow(ctx context.Context, id string, w alerting.TestWindow) {
	o.tb.Helper()
	address, err := serve.DatabaseURL(o.cfg)
	if err != nil {
		o.tb.Fatal(err)
	}
	db, err := store.Open(ctx, store.Config{URL: address})
	if err != nil {
		o.tb.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	text, err := json.Marshal(w)
	if err != nil {
		o.tb.Fatal(err)
	}
	err = db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw(`INSERT INTO test_windows (id, until_ms, body, opened_ms, closed_ms, closing) VALUES (?, ?, ?, 1, 0, '')`,
			id, w.Until.UnixMilli(), string(text)).Exec(ctx)
		return err
	})
	if err != nil {
		o.tb.Fatal(err)
	}
}
