package scenario

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tocsin/alerting/login"
	"tocsin/cmd/tocsin/serve"
)

// pagesOffice is an office whose people work at the pages.
func pagesOffice(t *testing.T) *Office {
	t.Helper()
	return Open(t, Options{Login: true, Approvals: true, People: []serve.Ready{{Name: "chief"},
		{Name: "author", Grants: []login.Grant{{Role: login.Author}}},
		{Name: "approver", Grants: []login.Grant{{Role: login.Approver}}},
		{Name: "officer", Grants: []login.Grant{{Role: login.DutyOfficer}}}}})
}

// TestPagesLetNobodyInWithoutLogin: every page but the login leads to it, and back to where one was going.
func TestPagesLetNobodyInWithoutLogin(t *testing.T) {
	t.Parallel()
	o := pagesOffice(t)
	b := o.Browser()
	for _, path := range []string{"/", "/actual/", "/exercise/"} {
		if p := b.Open(path); p.Status != 200 || p.Path[:7] != "/login?" {
			t.Errorf("%s: %d %s", path, p.Status, p.Path)
		}
	}
	p := b.Open("/login")
	p.Has(t, 200, "<h1>Log in</h1>")
	if csp := p.Header.Get("Content-Security-Policy"); csp == "" {
		t.Error("no policy")
	}
	b.Send("/login", url.Values{"name": {"author"}, "password": {"wrong"}, "code": {"123456"}}).Has(t, 401, `value="author"`, `role="alert"`)
	b.LogIn(o, "author").Has(t, 200, "LIVE WARNING", "author")
	b.Send("/language", url.Values{"lang": {"zh"}, "next": {"/exercise/"}}).Has(t, 200, `<html lang="zh"`, "演练")
	b.Send("/language", url.Values{"lang": {"en"}, "next": {"https://elsewhere.example/"}}).Has(t, 200, "LIVE WARNING")
	b.Open("/actual/nothing").Has(t, 404, "There is no such page")
	b.Open("/parts").Has(t, 200, "Kinds of messages")
	b.Send("/logout", nil).Has(t, 200, "You are logged out")
	if p := b.Open("/actual/"); p.Path[:7] != "/login?" {
		t.Errorf("after the logout: %s", p.Path)
	}
}

// TestAFormOutlivesItsSession: what is sent without a session comes back after the login, all but passwords.
func TestAFormOutlivesItsSession(t *testing.T) {
	t.Parallel()
	o := pagesOffice(t)
	b := o.Browser()
	b.Send("/unit", url.Values{"unit": {"harbour & mill"}, "password": {"secret"}}).Has(t, 401, "Your session is over", `name="held" value="unit=harbour`)
	who := o.Person("author")
	code, err := loginCode(who.Secret)
	if err != nil {
		t.Fatal(err)
	}
	p := b.Send("/login", url.Values{"name": {who.Name}, "password": {who.Password}, "code": {code}, "next": {"/unit"}, "held": {"unit=harbour+%26+mill"}})
	p.Has(t, 200, `<form method="post" action="/unit">`, `name="unit" value="harbour &amp; mill"`)
}

// TestNoFormOfAnotherSiteIsTaken: nobody can be logged in, or made to do anything, from a page elsewhere.
func TestNoFormOfAnotherSiteIsTaken(t *testing.T) {
	t.Parallel()
	o := pagesOffice(t)
	for _, path := range []string{"/login", "/logout", "/unit", "/actual/compose"} {
		for header, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+o.Addresses.API.String()+path, strings.NewReader("name=author"))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set(header, value)
			resp, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusForbidden {
				t.Errorf("%s with %s %s: %d", path, header, value, resp.StatusCode)
			}
		}
	}
}

// TestPagesAreCompressed: a page and what it loads are packed for a browser that takes that, and the same to one that does not.
func TestPagesAreCompressed(t *testing.T) {
	t.Parallel()
	o := pagesOffice(t)
	for _, path := range []string{"/parts", "/static/app.js"} {
		for _, packed := range []bool{true, false} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+o.Addresses.API.String()+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Accept-Encoding", "identity")
			if packed {
				r.Header.Set("Accept-Encoding", "gzip")
			}
			resp, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if got := resp.Header.Get("Content-Encoding") == "gzip"; got != packed || resp.StatusCode != http.StatusOK {
				t.Errorf("%s: %d, packed %v, want %v", path, resp.StatusCode, got, packed)
			}
		}
	}
}
