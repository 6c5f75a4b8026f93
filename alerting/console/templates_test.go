package console

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tocsin/alerting"
	"tocsin/alerting/template"
)

// TestTemplatesNeedTheirFolder: an office without templates says so, and a caller without the right to read learns nothing.
func TestTemplatesNeedTheirFolder(t *testing.T) {
	empty, err := template.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, secret, method, path string
		shelf                      *template.Shelf
		status                     int
		want                       string
	}{
		{"no folder", "r", http.MethodGet, "/api/templates", nil, http.StatusNotFound, "templates.dir"},
		{"no folder to fill from", "r", http.MethodPost, "/api/templates/flood/fill", nil, http.StatusNotFound, "templates.dir"},
		{"an empty folder", "r", http.MethodGet, "/api/templates", empty, http.StatusOK, `{"templates":[]}`},
		{"a template that there is not", "r", http.MethodGet, "/api/templates/flood", empty, http.StatusNotFound, "there is no template"},
		{"a caller who may not read", "i", http.MethodGet, "/api/templates", empty, http.StatusForbidden, "lacks the right read"},
	} {
		c := &Console{Tokens: []Token{NewToken("r", "r", []Right{MayRead}), NewToken("i", "i", []Right{MayIssue})}, Log: slog.New(slog.DiscardHandler), Templates: row.shelf,
			Fill: func(context.Context, *template.Template, template.Request) (*template.Filled, error) {
				return nil, fmt.Errorf("%w: not here", alerting.ErrInvalid)
			}}
		r := httptest.NewRequest(row.method, row.path, strings.NewReader("{}"))
		r.Header.Set("Authorization", "Bearer "+row.secret)
		w := httptest.NewRecorder()
		c.Handler().ServeHTTP(w, r)
		if w.Code != row.status || !strings.Contains(w.Body.String(), row.want) {
			t.Errorf("%s: %d %s; want %d and %q", row.name, w.Code, w.Body, row.status, row.want)
		}
	}
}

func TestReadValues(t *testing.T) {
	for _, row := range []struct{ name, body, want string }{
		{"values", `{"values": {"a": 1.5}, "status": "Test"}`, ""},
		{"an unknown key", `{"valuez": {}}`, "unknown field"},
		{"a list", `[]`, "want {\"values\""},
		{"two objects", `{} {}`, "something follows it"},
		{"nothing", ``, "body: want"},
	} {
		_, err := readValues(strings.NewReader(row.body))
		if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)) {
			t.Errorf("%s: %v; want %q", row.name, err, row.want)
		}
	}
	large := http.MaxBytesReader(httptest.NewRecorder(), http.NoBody, 1)
	if _, err := readValues(large); err == nil {
		t.Error("an empty body is read")
	}
	if _, err := readValues(http.MaxBytesReader(httptest.NewRecorder(), readCloser{strings.NewReader(strings.Repeat(" ", 99))}, 10)); err == nil || !strings.Contains(err.Error(), "more than 10 bytes") {
		t.Errorf("a body that is too large: %v", err)
	}
}

// readCloser is a body of a request.
type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }
