package scenario

import (
	"bytes"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Browser is somebody at the pages without JavaScript: it keeps cookies, follows links and sends forms.
type Browser struct {
	tb   testing.TB
	base string
	http *http.Client
}

// Page is what a browser shows.
type Page struct {
	Status int
	// Path is where it was led to.
	Path, Text string
	Header     http.Header
}

// Browser opens the pages of the office; nobody is logged in.
func (o *Office) Browser() *Browser {
	o.tb.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		o.tb.Fatal(err)
	}
	return &Browser{tb: o.tb, base: "http://" + o.Addresses.API.String(), http: &http.Client{Jar: jar, Timeout: 30 * time.Second}}
}

// Open shows a page.
func (b *Browser) Open(path string) Page {
	b.tb.Helper()
	r, err := http.NewRequestWithContext(b.tb.Context(), http.MethodGet, b.base+path, nil)
	if err != nil {
		b.tb.Fatal(err)
	}
	return b.do(r)
}

// Send sends a form, as the page at that address would.
func (b *Browser) Send(path string, form url.Values) Page {
	b.tb.Helper()
	r, err := http.NewRequestWithContext(b.tb.Context(), http.MethodPost, b.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.tb.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Origin", b.base)
	return b.do(r)
}

func (b *Browser) do(r *http.Request) Page {
	b.tb.Helper()
	resp, err := b.http.Do(r)
	if err != nil {
		b.tb.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.tb.Fatal(err)
	}
	return Page{Status: resp.StatusCode, Path: resp.Request.URL.RequestURI(), Text: string(text), Header: resp.Header}
}

// Has fails the test unless the page has the status and each of the texts.
func (p Page) Has(tb testing.TB, status int, texts ...string) {
	tb.Helper()
	if p.Status != status {
		tb.Errorf("%s: %d, want %d", p.Path, p.Status, status)
	}
	for _, text := range texts {
		if !strings.Contains(p.Text, text) {
			tb.Errorf("%s does not say %q:\n%.4000s", p.Path, text, p.Text)
		}
	}
}

// Ask asks the API with the browser's session, as a script of a page could.
func (b *Browser) Ask(method, path, media string, body []byte) Page {
	b.tb.Helper()
	r, err := http.NewRequestWithContext(b.tb.Context(), method, b.base+path, bytes.NewReader(body))
	if err != nil {
		b.tb.Fatal(err)
	}
	r.Header.Set("Content-Type", media)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Origin", b.base)
	return b.do(r)
}

// Find gives what a pattern's first group matches on the page, as text.
func (p Page) Find(tb testing.TB, pattern string) string {
	tb.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(p.Text)
	if m == nil {
		tb.Fatalf("%s has nothing like %s:\n%.4000s", p.Path, pattern, p.Text)
	}
	return html.UnescapeString(m[1])
}

// Lacks fails the test if the page has one of the texts.
func (p Page) Lacks(tb testing.TB, texts ...string) {
	tb.Helper()
	for _, text := range texts {
		if strings.Contains(p.Text, text) {
			tb.Errorf("%s says %q", p.Path, text)
		}
	}
}
