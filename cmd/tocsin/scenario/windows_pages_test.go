package scenario

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/alerting/desk"
	"tocsin/alerting/login"
	"tocsin/cap"
	"tocsin/cmd/tocsin/serve"
)

// TestAPublicTestAtThePages: one proposes it, two sign it with passwords, a test goes out in it and reaches the public, and one closes it,
// all without JavaScript. The oracles are the API and what the gateways received.
func TestAPublicTestAtThePages(t *testing.T) {
	t.Parallel()
	o := Open(t, Options{Login: true, Approvals: true, Live: true, People: []serve.Ready{{Name: "chief"},
		{Name: "officer", Grants: []login.Grant{{Role: login.DutyOfficer}}},
		{Name: "approver", Grants: []login.Grant{{Role: login.Approver}}},
		{Name: "author", Grants: []login.Grant{{Role: login.Author}}}}})
	p, number := o.Plot(), o.Number()
	o.Import(Person{Ref: "resident", SMS: number, Places: []string{p.Inside(1)}})
	officer, approver, author := o.Browser(), o.Browser(), o.Browser()
	officer.LogIn(o, "officer")
	approver.LogIn(o, "approver")
	author.LogIn(o, "author")
	officer.makesKey(o, "officer", approval.MayAuthor, approval.MayApprove)
	approver.makesKey(o, "approver", approval.MayApprove)

	now := time.Now().UTC()
	var ring strings.Builder
	for _, at := range p.Ring() {
		fmt.Fprintf(&ring, " %g,%g", at.Lat, at.Lon)
	}
	form := url.Values{"name": {"bells"}, "note": {"the yearly test"}, "from": {now.Add(-time.Hour).Format("2006-01-02T15:04")},
		"until": {now.Add(2 * time.Hour).Format("2006-01-02T15:04")}, "channel": {"sms"}, "area": {"polygon" + ring.String()}, "do": {"propose"}}
	but := func(change url.Values) url.Values {
		out := maps.Clone(form)
		maps.Copy(out, change)
		return out
	}
	page := "/test/windows/bells"
	signs := func(b *Browser, name, password string) Page {
		sum := b.Open(page).Find(t, `name="sha256" value="([0-9a-f]+)"`)
		return b.Send(page+"/sign", url.Values{"sha256": {sum}, "password": {password}})
	}

	t.Run("proposed", func(t *testing.T) {
		author.Open("/test/windows").Lacks(t, "propose-window")
		author.Send("/test/propose-window", form).Has(t, 403)
		approver.Open("/test/windows").Has(t, 200, "/test/propose-window", "Nothing waits")
		approver.Send("/test/propose-window", url.Values{"note": {"the yearly test"}, "do": {"propose"}}).Has(t, 400, "Nothing was proposed", "Give it a name", "Say where", "at least one channel", "the yearly test")
		approver.Send("/test/propose-window", but(url.Values{"until": {form.Get("from")}, "area": {"circle 6,8 2"}})).Has(t, 400, "It must end after it begins", "no circles", "bells")
		approver.Send("/test/propose-window", but(url.Values{"channel": {"siren"}})).Has(t, 400, "Choose which sound", "seconds from 1 to 300")
		approver.Send("/test/propose-window", but(url.Values{"do": {"unit"}, "unit": {"ADM=1"}})).Has(t, 200, "unit ADM=1", "bells")
		approver.Send("/test/propose-window", form).Has(t, 200, "Proposed. Two people must sign it now", "waiting for signatures", "approver", "the yearly test")
		approver.Send("/test/propose-window", but(url.Values{"area": {"unit ADM=1"}})).Has(t, 409, "There is another public test bells")
	})
	t.Run("signed by two", func(t *testing.T) {
		author.Open(page).Lacks(t, "Sign this public test")
		signs(approver, "approver", "wrong wrong wrong").Has(t, 403, "Nothing was signed")
		approver.Send(page+"/sign", url.Values{"sha256": {"00"}, "password": {signingPassword("approver")}}).Has(t, 409, "look at it again")
		signs(approver, "approver", signingPassword("approver")).Has(t, 200, "Signed. Somebody else must sign too", "You have signed it")
		officer.Open("/test/windows").Has(t, 200, page, "waiting for signatures")
		officer.Open("/test/drafts").Has(t, 200, page, "Public tests that wait for signatures")
		officer.Send(page+"/compose", nil).Has(t, 409)
		officer.Open(page).Has(t, 200, "will reach real people", "second signature", "PUBLIC TEST", "real people get this")
		signs(officer, "officer", signingPassword("officer")).Has(t, 200, "Signed by two", "open: tests reach the public")
		ctx, cancel := call()
		defer cancel()
		w, err := o.API.WindowAt(ctx, "bells")
		if err != nil || w.State != desk.WindowOpen || len(w.By) != 2 || w.Proposer.Name != "approver" {
			t.Fatalf("%+v %v", w, err)
		}
	})
	t.Run("a test in it", func(t *testing.T) {
		composed := officer.Send(page+"/compose", nil)
		composed.Has(t, 200, "polygon"+ring.String()[:12])
		var d desk.Draft
		id := composed.Find(t, `data-draft="([^"]+)"`)
		if r := officer.Ask("GET", "/api/test/drafts/"+id, "", nil); json.Unmarshal([]byte(r.Text), &d) != nil || d.Window == nil || d.Window.ID != "bells" {
			t.Fatalf("%d %s", r.Status, r.Text)
		}
		a := o.Alert(Info(p.Area()))
		a.Status, a.Note = cap.StatusTest, "the yearly test"
		made := officer.Ask("POST", "/api/test/drafts?window=bells", "application/cap+xml", o.Document(a))
		if err := json.Unmarshal([]byte(made.Text), &d); err != nil || made.Status != 201 {
			t.Fatalf("%d %s %v", made.Status, made.Text, err)
		}
		draft := "/test/drafts/" + d.ID
		officer.Send(draft+"/submit", url.Values{"version": {"1"}, "when": {"now"}, "password": {signingPassword("officer")}}).Has(t, 200, "Signed")
		approver.Send(draft+"/approve", url.Values{"version": {"1"}, "password": {signingPassword("approver")}}).Has(t, 200)
		o.Became(d.Alert, "resident", "sms delivered")
		if texts := o.Texts(d.Alert, number); len(texts) != 1 || !strings.HasPrefix(texts[0], "TEST") {
			t.Errorf("%q", texts)
		}
		o.saysPublic(t, officer, d.Alert)
	})
	t.Run("closed by one", func(t *testing.T) {
		approver.Open(page+"/close").Has(t, 200, "One person who may approve is enough", "Close this public test")
		approver.Send(page+"/close", url.Values{"password": {"wrong wrong wrong"}}).Has(t, 403, "Nothing was closed")
		approver.Send(page+"/close", url.Values{"password": {signingPassword("approver")}}).Has(t, 200, "Closed.", "closed early")
		approver.Open(page+"/close").Has(t, 200, "It has ended already")
		officer.Send(page+"/compose", nil).Has(t, 409)
		approver.Send("/test/propose-window", but(url.Values{"name": {"horns"}})).Has(t, 200, "Proposed.")
		approver.Open("/test/windows/horns/close").Has(t, 200, "Withdraw the proposal horns")
		approver.Send("/test/windows/horns/close", url.Values{"password": {signingPassword("approver")}}).Has(t, 200, "withdrawn")
	})
}

// saysPublic: every page of a public test says above all else that real people get it, in both languages, with the name of its kind in the
// title of the window and a sign and an edge of its own; so do the lists that have it, which are pages of tests that reach nobody.
func (o *Office) saysPublic(t *testing.T, b *Browser, alert alerting.AlertID) {
	t.Helper()
	for _, l := range []struct{ lang, name, reach, nobody string }{
		{"en", "PUBLIC TEST", "real people get this, announced as a test", "nobody outside hears of it"},
		{"zh", "公开测试", "以测试名义发布，公众会真实收到", "不对外发出"},
	} {
		b.Send("/language", url.Values{"lang": {l.lang}, "next": {"/test/"}})
		for _, part := range []string{"", "/timeline", "/who", "/failures", "/stop", "/all-clear", "/extend", "/lapse"} {
			page := b.Open("/test/alerts/" + alert.String() + part)
			page.Has(t, 200, `<aside class="kind kind-public-test"`, "<strong>"+l.name+"</strong>", l.reach, "<title>"+l.name+" · ", "■")
			page.Lacks(t, l.nobody)
		}
		for _, list := range []string{"/test/", "/test/alerts"} {
			b.Open(list).Has(t, 200, `<span class="kind-tag kind-public-test"><span aria-hidden="true">■</span> `+l.name+`</span>`, `<aside class="kind kind-test"`, l.nobody)
		}
	}
	b.Send("/language", url.Values{"lang": {"en"}, "next": {"/test/"}})
}
