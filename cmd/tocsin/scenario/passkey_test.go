package scenario

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/alerting/approval/browsertest"
	"tocsin/alerting/desk"
	"tocsin/cmd/tocsin/client"
	"tocsin/cmd/tocsin/serve"
)

// TestAPasskeyApproves: what a real browser's authenticator signs is believed by the desk, by fan-out and by the workers; the
// same assertion over another document is not.
func TestAPasskeyApproves(t *testing.T) {
	browser := browsertest.Start(t)
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<!doctype html><title>Approve</title>")
	}))
	t.Cleanup(page.Close)
	origin := strings.Replace(page.URL, "127.0.0.1", "localhost", 1)
	browser.AddAuthenticator()
	browser.Open(origin + "/")
	var made struct{ ID, Public []byte }
	if err := json.Unmarshal(browser.CreatePasskey(-7), &made); err != nil {
		t.Fatal(err)
	}
	key := approval.Key{Kind: approval.Passkey, Public: made.Public}

	o := Open(t, Options{Approvals: true, Origin: origin, Policy: "{id: strong, approvals: 1, kinds: [passkey]}"})
	p, number := o.Plot(), o.Number()
	o.Import(Person{Ref: "resident", SMS: number, Places: []string{p.Inside(1)}})
	o.enrol(t, "fourth", key, approval.MayApprove)

	submit := func() desk.Draft {
		t.Helper()
		ctx, cancel := call()
		defer cancel()
		submitted, err := o.Caller("first").Issue(ctx, o.Document(o.Alert(Info(p.Area()))), client.Order{})
		if err != nil || submitted.Draft == "" {
			t.Fatalf("%+v %v", submitted, err)
		}
		d, err := o.API.DraftAt(ctx, submitted.Draft)
		if err != nil {
			t.Fatal(err)
		}
		return o.approves(d, approval.Author, "first")
	}
	one, other := submit(), submit()
	// A key file is not what this policy wants.
	if one = o.approves(one, approval.Approve, "second"); one.State != desk.Submitted || !strings.Contains(strings.Join(one.Missing, ""), "passkey") {
		t.Fatalf("%+v", one)
	}
	now := time.Now()
	digest, err := o.statement(one, approval.Approve, "fourth", now).Digest()
	if err != nil {
		t.Fatal(err)
	}
	assertion := browser.SignWithPasskey(digest, made.ID)
	a := alerting.Approval{By: "fourth", Act: string(approval.Approve), At: now, KeyID: key.ID(), Signature: assertion}
	ctx, cancel := call()
	defer cancel()
	if _, err := o.Caller("second").Act(ctx, other.ID, client.Act{Verb: "sign", Version: 1, Approval: a}); err == nil || !strings.Contains(err.Error(), "other bytes were approved") {
		t.Errorf("the same assertion over another document: %v", err)
	}
	if one, err = o.Caller("second").Act(ctx, one.ID, client.Act{Verb: "sign", Version: 1, Approval: a}); err != nil {
		t.Fatal(err)
	}
	o.Became(one.Alert, "resident", "sms delivered")
	if n := len(o.Arrivals()); n != 1 {
		t.Errorf("%d messages arrived, want one SMS", n)
	}
}

// enrol makes a key known, under the signatures of two founders.
func (o *Office) enrol(t testing.TB, name string, key approval.Key, rights ...approval.Right) {
	t.Helper()
	e := alerting.Enrolment{Operator: name, Key: key.String(), At: time.Now()}
	for _, r := range rights {
		e.Rights = append(e.Rights, string(r))
	}
	for _, founder := range Operators()[:2] {
		signer, err := serve.OperatorKey(o.OperatorFile(founder))
		if err != nil {
			t.Fatal(err)
		}
		a, err := approval.SignEnrolment(signer, e, founder, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		e.By = append(e.By, a)
	}
	ctx, cancel := call()
	defer cancel()
	if err := o.API.Enrol(ctx, e); err != nil {
		t.Fatal(err)
	}
}
