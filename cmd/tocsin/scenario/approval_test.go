package scenario

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/alerting/desk"
	"tocsin/alerting/report"
	"tocsin/alerting/store"
	"tocsin/cap"
	"tocsin/cmd/tocsin/client"
	"tocsin/cmd/tocsin/serve"
)

// approves signs a draft with the key of an operator, over the API.
func (o *Office) approves(d desk.Draft, act approval.Act, by string) desk.Draft {
	o.tb.Helper()
	key, err := serve.OperatorKey(o.OperatorFile(by))
	if err != nil {
		o.tb.Fatal(err)
	}
	a, err := key.Sign(o.statement(d, act, by, time.Now()))
	if err != nil {
		o.tb.Fatal(err)
	}
	ctx, cancel := call()
	defer cancel()
	after, err := o.Caller(by).Act(ctx, d.ID, client.Act{Verb: "sign", Version: d.Version, Approval: a})
	if err != nil {
		o.tb.Fatal(err)
	}
	return after
}

// statement is what an operator signs on a draft.
func (o *Office) statement(d desk.Draft, act approval.Act, by string, at time.Time) approval.Statement {
	o.tb.Helper()
	e := &alerting.Envelope{World: d.World, Document: d.Document, Channels: d.Channels, Audience: d.Audience, Author: d.Author.Name, Counted: d.Counted, Window: d.Window}
	s, err := approval.Over(e, act, by, at)
	if err != nil {
		o.tb.Fatal(err)
	}
	return s
}

// TestNothingForgedIsSent: who can write to Kafka or to the database, even with the keys that seal batches, sends nothing, since
// fan-out and workers check the approvals by themselves. The oracle is what the gateways received.
func TestNothingForgedIsSent(t *testing.T) {
	t.Parallel()
	o := Open(t, Options{Approvals: true})
	p, number, mailbox := o.Plot(), o.Number(), o.Mailbox()
	o.Import(Person{Ref: "resident", SMS: number, Mail: mailbox, Places: []string{p.Inside(1)}})
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	defer cancel()
	s := o.stream(ctx)
	defer func() { _ = s.Close() }()

	// A true alert with a true approval of the first step, kept back: its signatures are what a forger has.
	genuine := o.Alert(Info(p.Area()))
	submitted, err := o.Caller("first").Issue(ctx, o.Document(genuine), client.Order{})
	if err != nil || submitted.Draft == "" {
		t.Fatalf("%+v %v", submitted, err)
	}
	draft, err := o.API.DraftAt(ctx, submitted.Draft)
	if err != nil {
		t.Fatal(err)
	}
	draft = o.approves(draft, approval.Author, "first")

	envelope := func(a *cap.Alert, change func(*alerting.Envelope)) alerting.Envelope {
		document := o.Document(a)
		e := alerting.Envelope{World: alerting.Actual, Document: document, Digest: sha256.Sum256(document), Author: "first",
			Actor: alerting.Actor{Name: "first", Kind: "token"}, Issued: time.Now(), Counted: draft.Counted}
		if change != nil {
			change(&e)
		}
		return e
	}
	other := o.Alert(Info(p.Area()))
	forged := map[string]alerting.Envelope{
		"nobody approved it":                          envelope(o.Alert(Info(p.Area())), nil),
		"the author's signature alone":                envelope(genuine, func(e *alerting.Envelope) { e.Approvals = draft.Signatures }),
		"the signatures of another alert":             envelope(other, func(e *alerting.Envelope) { e.Approvals = draft.Signatures }),
		"a standing authorisation that nobody signed": envelope(o.Alert(Info(p.Area())), func(e *alerting.Envelope) { o.stands(e) }),
		"one that one administrator signed twice":     envelope(o.Alert(Info(p.Area())), func(e *alerting.Envelope) { o.stands(e, "first", "first") }),
		"one that the desk did not count":             envelope(o.Alert(Info(p.Area())), func(e *alerting.Envelope) { o.stands(e, "first", "second") }),
		"a cancel that nobody signed":                 envelope(o.Following(cap.MsgCancel, []*cap.Alert{genuine}, Info(p.Area())), nil),
	}
	for name, e := range forged {
		if err := s.Publish(ctx, e); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	// And a batch of such an alert, well sealed.
	err = s.Dispatch(ctx, []alerting.Batch{{World: alerting.Actual, Alert: alerting.IDOf(other), Digest: sha256.Sum256(o.Document(other)),
		Channel: alerting.Mail, Lane: alerting.Flash, Gateway: "mail", Expires: time.Now().Add(time.Hour),
		Texts: []alerting.Message{{Language: "en", Subject: "Flood", Body: "Leave the harbour.", Cost: 1}},
		To:    []alerting.Target{{Address: []byte("sealed")}}}})
	if err != nil {
		t.Fatal(err)
	}
	o.forgeExpansion(ctx, envelope(other, nil))

	letters := lettersWhere(t, o, len(forged)+1, "what was forged is set aside", func(report.Letter) bool { return true })
	refused := 0
	for _, l := range letters {
		if strings.Contains(l.Reason, "not approved") {
			refused++
		}
	}
	if refused != len(forged) {
		t.Errorf("%d of %d records were set aside for want of approvals: %+v", refused, len(forged), letters)
	}
	if all := o.Arrivals(); len(all) != 0 {
		t.Fatalf("a forged alert was sent: %+v", all)
	}
	// What two people have signed goes out, by the same processes.
	if draft = o.approves(draft, approval.Approve, "second"); draft.State != desk.Released && draft.State != desk.Approved {
		t.Fatalf("%+v", draft)
	}
	o.Became(draft.Alert, "resident", "sms delivered", "mail sent")
	if n := len(o.Arrivals()); n != 2 {
		t.Errorf("%d messages arrived, want one SMS and one mail", n)
	}
}

// forgeExpansion writes an alert into the table that fan-out works on, as if it had come from the stream.
func (o *Office) forgeExpansion(ctx context.Context, e alerting.Envelope) {
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
	text, err := json.Marshal(e)
	if err != nil {
		o.tb.Fatal(err)
	}
	a, err := cap.Parse(e.Document, cap.Options{})
	if err != nil {
		o.tb.Fatal(err)
	}
	now := time.Now().UnixMilli()
	err = db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw(`INSERT INTO expansions (alert, world, epoch, lane, kind, state, cursor, page, issued_ms, expires_ms, reason, notes,
			created_ms, updated_ms, envelope) VALUES (?, 'actual', 1, 'flash', 'Alert', 'scanning', '', 0, ?, ?, '', '', ?, ?, ?)`,
			alerting.IDOf(a).String(), now, now+int64(time.Hour/time.Millisecond), now, now, text).Exec(ctx)
		return err
	})
	if err != nil {
		o.tb.Fatal(err)
	}
}
