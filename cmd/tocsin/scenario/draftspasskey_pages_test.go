package scenario

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"tocsin/alerting/approval"
	"tocsin/alerting/approval/browsertest"
	"tocsin/alerting/embedded/servertest"
	"tocsin/alerting/login"
	"tocsin/cmd/tocsin/serve"
)

// TestAPasskeyApprovesAtThePages: a real browser shows the button only where it has passkeys, signs what the page confirms with the
// passkey of whoever looks, and the alert goes out. A place that is wrong is told, and signs nothing.
func TestAPasskeyApprovesAtThePages(t *testing.T) {
	browser := browsertest.Start(t)
	listen := servertest.FreePort(t)
	origin := "http://localhost:" + listen[strings.LastIndex(listen, ":")+1:]
	o := Open(t, Options{Login: true, Approvals: true, Listen: listen, Origin: origin,
		Policy: "{id: red, severity: Extreme, worlds: [actual], approvals: 1, kinds: [passkey], pick_place: true}",
		People: []serve.Ready{{Name: "chief"}, {Name: "author", Grants: []login.Grant{{Role: login.Author}}},
			{Name: "approver", Grants: []login.Grant{{Role: login.Approver}}}}})
	o.ImportCSV("units", "code,name\nADM=1,the harbour\nADM=2,the mill\nADM=3,the old town\nADM=4,the hill\n")
	p, number := o.Plot(), o.Number()
	o.Import(Person{Ref: "resident", SMS: number, Places: []string{p.Inside(1)}})
	author := o.Browser()
	author.LogIn(o, "author")
	author.makesKey(o, "author", approval.MayAuthor)
	d := author.drafts(o, o.red(p))
	page := "/actual/drafts/" + d.ID
	author.Send(page+"/submit", url.Values{"version": {"1"}, "when": {"now"}, "password": {signingPassword("author")}}).
		Has(t, 200, "Signed.", "approvals still needed: 1 (rule red), signed with: passkey")

	browser.AddAuthenticator()
	browser.Open(origin + "/login")
	var made struct{ ID, Public []byte }
	if err := json.Unmarshal(browser.CreatePasskey(-7), &made); err != nil {
		t.Fatal(err)
	}
	o.enrol(t, "approver", approval.Key{Kind: approval.Passkey, Public: made.Public}, approval.MayApprove)
	who := o.Person("approver")
	code, err := loginCode(who.Secret)
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"name": {who.Name}, "password": {who.Password}, "code": {code}, "next": {"/actual/"}}.Encode()
	if got := string(browser.Eval(fmt.Sprintf(`fetch("/login", {method: "POST", headers: {"Content-Type": "application/x-www-form-urlencoded"}, body: %q}).then(r => r.status)`, form))); got != "200" {
		t.Fatalf("the login answers %s", got)
	}
	approve := func(which string) {
		t.Helper()
		browser.Open(origin + page + "/approve")
		if got := string(browser.Eval(`new Promise((done, failed) => {
			const late = setTimeout(() => failed(new Error("no button: " + document.body.innerText)), 30000)
			const look = () => { const b = document.querySelector("[data-passkey]:not([hidden])")
				if (b) { clearTimeout(late); done(b.textContent) } else setTimeout(look, 50) }
			look() })`)); got != `"Sign with a passkey"` {
			t.Fatal(got)
		}
		browser.Eval(fmt.Sprintf(`[...document.querySelectorAll("input[name=place]")].find(i => i.value %s "the harbour").click()`, which))
		browser.Eval(`document.querySelector("[data-passkey]").click()`)
	}
	shows := func(text string) {
		t.Helper()
		Until(t, patience, "the browser shows "+text, func() error {
			if got := string(browser.Eval(`document.body?.innerText ?? ""`)); !strings.Contains(got, text) {
				return fmt.Errorf("it shows …%s", got[max(0, len(got)-600):])
			}
			return nil
		})
	}
	approve("!==")
	shows("It was not approved.")
	if n := len(o.Arrivals()); n != 0 {
		t.Fatalf("%d messages left", n)
	}
	approve("===")
	shows("It goes out now.")
	o.Became(d.Alert, "resident", "sms delivered")
	if n := len(o.Arrivals()); n != 1 {
		t.Errorf("%d messages arrived, want one SMS", n)
	}
}
