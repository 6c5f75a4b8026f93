package console

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tocsin/alerting"
)

// TestNoTextHoldsNUL: no database keeps U+0000 in a text, and none is asked for one: path and query are refused with the place.
func TestNoTextHoldsNUL(t *testing.T) {
	c := &Console{Log: slog.New(slog.DiscardHandler), Tokens: []Token{NewToken("t", "secret", []Right{MayRead})}}
	api := c.Handler()
	for path, want := range map[string]string{
		"/api/drafts/%00":         "path: there is a character U+0000",
		"/api/drafts?author=a%00": "query: there is a character U+0000",
		"/api/alerts?q=%00":       "query: there is a character U+0000",
	} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Authorization", "Bearer secret")
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s, want %q", path, w.Code, w.Body, want)
		}
	}
}

// TestWhatABodyMayNotBe: nothing, too much, or a text with U+0000; what only looks like that is read.
func TestWhatABodyMayNotBe(t *testing.T) {
	for _, row := range []struct{ name, body, want string }{
		{"an escape", `{"reason":"a\u0000b"}`, "body: there is a character U+0000"},
		{"an escape behind a backslash", `{"reason":"a\\\u0000b"}`, "body: there is a character U+0000"},
		{"the second of two", `{"reason":"\\u0000 \u0000"}`, "body: there is a character U+0000"},
		{"an escape that is none", `{"reason":"a\\u0000b"}`, ""},
		{"nothing", " \n", "body: it is empty"},
		{"too much", `{"reason":"` + strings.Repeat("x", maxAct) + `"}`, "body: it has more than 65536 bytes"},
		{"two", `{"reason":"a"}{}`, "something follows"},
		{"another field", `{"raeson":"a"}`, "unknown field"},
	} {
		var into because
		err := readJSON(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", strings.NewReader(row.body)), &into)
		if row.want == "" && (err != nil || into.Reason != `a\u0000b`) || row.want != "" && (!errors.Is(err, alerting.ErrInvalid) || !strings.Contains(err.Error(), row.want)) {
			t.Errorf("%s: %q %v, want %q", row.name, into.Reason, err, row.want)
		}
	}
}

// TestWhatNoRouteIsFor: an unknown address and a wrong method are problems, as every other refusal is.
func TestWhatNoRouteIsFor(t *testing.T) {
	c := &Console{Log: slog.New(slog.DiscardHandler)}
	api := c.Handler()
	for _, row := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/api/nope", http.StatusNotFound, ""},
		{"PATCH", "/api/drafts/d1", http.StatusMethodNotAllowed, "GET, HEAD, PUT"},
		{"GET", "/api/worlds", http.StatusUnauthorized, ""},
	} {
		w := httptest.NewRecorder()
		api.ServeHTTP(w, httptest.NewRequest(row.method, row.path, nil))
		if w.Code != row.status || w.Header().Get("Content-Type") != "application/problem+json" || w.Header().Get("Allow") != row.allow {
			t.Errorf("%s %s: %d %v %s", row.method, row.path, w.Code, w.Header(), w.Body)
		}
	}
}
