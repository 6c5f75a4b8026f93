package scenario

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"tocsin/alerting/login"
	"tocsin/cmd/tocsin/serve"
)

// setUp uses a one-time link up through the page, as somebody without JavaScript does.
func (b *Browser) setUp(link, name, password string) Page {
	b.tb.Helper()
	secret := b.Send("/setup/begin", url.Values{"link": {link}, "name": {name}})
	secret.Has(b.tb, 200, `<svg class="qr"`, "otpauth://totp/")
	form := url.Values{"password": {password}, "password_again": {password + "x"}}
	for _, field := range []string{"link", "secret", "uri", "name"} {
		form.Set(field, secret.hidden(b.tb, field))
	}
	b.Send("/setup", form).Has(b.tb, 400, "The two passwords differ", form.Get("secret"))
	form.Set("password_again", password)
	form.Set("code", "12")
	b.Send("/setup", form).Has(b.tb, 400, `role="alert"`, form.Get("secret"))
	code, err := loginCode(form.Get("secret"))
	if err != nil {
		b.tb.Fatal(err)
	}
	form.Set("code", code[:3]+" "+code[3:])
	return b.Send("/setup", form)
}

// TestAFirstAdministratorSetsUpAndMakesAnAccount: a link leads to a session without JavaScript; he makes an account, whose link leads its
// owner in; the journal's page says who did what.
func TestAFirstAdministratorSetsUpAndMakesAnAccount(t *testing.T) {
	t.Parallel()
	o := Open(t, Options{Login: true, People: []serve.Ready{{Name: "chief"},
		{Name: "auditor", Grants: []login.Grant{{Role: login.Auditor}}}}})
	admin := o.Browser().LogInAs(o, "chief")
	admin.Open("/office/accounts").Has(t, 200, "chief", "auditor")
	made := admin.Send("/office/accounts", url.Values{"name": {"mei"}, "role": {"duty-officer"}, "unit": {""}})
	made.Has(t, 200, "One-time link for mei", "/setup#")
	link := regexp.MustCompile(`/setup#[A-Za-z0-9_-]+`).FindString(made.Text)

	mei := o.Browser()
	mei.Open("/setup").Has(t, 200, `name="link"`)
	mei.Send("/setup/begin", url.Values{"link": {"#wrong"}}).Has(t, 403, "ask an administrator for a new one", `value="#wrong"`)
	mei.setUp(link, "", "three quiet harbours").Has(t, 200, "Your account is set up", "duty officer")
	mei.Send("/setup/begin", url.Values{"link": {link}}).Has(t, 403, "used already")
	mei.Open("/actual/").Has(t, 200, "mei")
	if p := mei.Open("/office/accounts"); p.Status != 403 {
		t.Errorf("a duty officer sees the accounts: %d", p.Status)
	}
	mei.Send("/account/password", url.Values{"old_password": {"three quiet harbours"}, "new_password": {"a"}, "again_password": {"b"}}).
		Has(t, 400, "The two passwords differ")
	mei.Send("/account/password", url.Values{"old_password": {"three quiet harbours"}, "new_password": {"four quiet harbours"}, "again_password": {"four quiet harbours"}}).
		Has(t, 200, "The password was changed")

	admin.Send("/office/accounts/mei/state", url.Values{"disabled": {"yes"}}).Has(t, 200, "closed")
	if p := mei.Open("/account"); !strings.HasPrefix(p.Path, "/login?") {
		t.Errorf("whose account is closed sees %s", p.Path)
	}
	auditor := o.Browser().LogInAs(o, "auditor")
	auditor.Open("/office/audit?subject=account/mei").Has(t, 200, "chief", "account/mei", "account.created")
	admin.Open("/office/audit").Has(t, 403)
}

// TestPeopleAreImportedAtThePage: a line that is broken is named with what to do, and the others are in.
func TestPeopleAreImportedAtThePage(t *testing.T) {
	t.Parallel()
	o := Open(t, Options{Login: true, People: []serve.Ready{{Name: "chief"}}, Inbox: `{name: weather, url: "https://weather.example/feed", every: 1h, anchor_files: ["{{partner}}"]}`})
	admin := o.Browser().LogInAs(o, "chief")
	for _, path := range []string{"", "/acts", "/sirens", "/units", "/templates", "/gateways", "/operators", "/standings", "/policy", "/tokens", "/inbox", "/about", "/people"} {
		admin.Open("/office"+path).Has(t, 200, "<h1>")
	}
	text := CSV(Person{Ref: "resident", SMS: o.Number(), Places: []string{"30.1,120.1"}}, Person{Ref: "lost", SMS: "no number", Places: []string{"30.1,120.1"}})
	p := admin.Upload("/office/people", "people.csv", text)
	p.Has(t, 200, "some lines need mending", `<td class="number">3</td>`, "sms", "<dt>New</dt>")
	admin.Upload("/office/people", "people.csv", "nothing\n").Has(t, 200, "The import ended before its end", "no column")

	// Nothing is signed: it waits in quarantine, until an officer releases it for a reason.
	letter := o.LetterOf("weather", o.Document(o.Alert(Info(o.Plot().Area()))))
	admin.Open("/office/inbox").Has(t, 200, "in quarantine", letter)
	officer := o.Browser()
	made := admin.Send("/office/accounts", url.Values{"name": {"tomas"}, "role": {"duty-officer"}, "unit": {""}})
	officer.setUp(regexp.MustCompile(`/setup#[A-Za-z0-9_-]+`).FindString(made.Text), "", "three quiet harbours")
	officer.Send("/office/inbox/"+letter+"/release", url.Values{"reason": {""}}).Has(t, 400, `role="alert"`)
	officer.Send("/office/inbox/"+letter+"/release", url.Values{"reason": {"called the sender"}}).Has(t, 200, "released as a draft", "called the sender", "/actual/drafts/")
}

// LetterOf hands in a document of a source, and gives the id of the letter.
func (o *Office) LetterOf(source string, document []byte) string {
	o.tb.Helper()
	ctx, cancel := call()
	defer cancel()
	l, err := o.API.PutInbox(ctx, source, document)
	if err != nil {
		o.tb.Fatal(err)
	}
	return l.ID
}

// Upload sends a file, as the form of an import would.
func (b *Browser) Upload(path, name, text string) Page {
	b.tb.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", name)
	if err == nil {
		_, err = part.Write([]byte(text))
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		b.tb.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, b.base+path, &body)
	if err != nil {
		b.tb.Fatal(err)
	}
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Origin", b.base)
	return b.do(r)
}
