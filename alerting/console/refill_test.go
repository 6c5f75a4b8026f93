package console

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/desk"
	"tocsin/alerting/template"
	"tocsin/cap"
)

// listener is a desk that remembers the last order, and fills again what it is told.
type listener struct {
	clerk
	document []byte
	order    desk.Order
	original *alerting.Issued
	asked    []byte
}

func (l *listener) Issue(_ context.Context, document []byte, o desk.Order) (desk.Answer, error) {
	l.document, l.order = document, o
	return desk.Answer{}, nil
}

func (l *listener) Refill(_ context.Context, _ alerting.AlertID, asked []byte, o desk.Order, fill desk.Filler) (desk.Answer, error) {
	l.asked, l.order = asked, o
	document, origin, err := fill(l.original)
	l.document, l.order.Origin = document, origin
	return desk.Answer{}, err
}

// zeros is a source of bytes that are all alike.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// shelved is a console with the flood template of the clone, and what filling it gives.
func shelved(t *testing.T) (*Console, *listener, *template.Filled, string) {
	t.Helper()
	text, err := os.ReadFile("../../deploy/templates/flood-severe.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "flood.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	shelf, err := template.Open(filepath.Dir(file))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	fill := func(_ context.Context, one *template.Template, r template.Request) (*template.Filled, error) {
		r.Now, r.Random, r.Office = now, zeros{}, template.Office{Sender: "office@example.org", Name: "Office"}
		return one.Fill(r)
	}
	one, err := shelf.Find("flood-severe")
	if err != nil {
		t.Fatal(err)
	}
	filled, err := fill(t.Context(), one, template.Request{Values: map[string]any{"place": "Riverside", "river": "Clear River", "level": 6, "until": "17:00", "area": "30,120 5"}})
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{}
	return &Console{Tokens: []Token{NewToken("i", "i", []Right{MayIssue})}, Log: slog.New(slog.DiscardHandler), Templates: shelf, Fill: fill, Desk: l, MaxBytes: 1 << 20}, l, filled, file
}

func post(c *Console, path, contentType, claim string, body io.Reader) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, body)
	r.Header.Set("Authorization", "Bearer i")
	r.Header.Set("Content-Type", contentType)
	if claim != "" {
		r.Header.Set(filledHeader, claim)
	}
	w := httptest.NewRecorder()
	c.Handler().ServeHTTP(w, r)
	return w
}

// TestOnlyWhatIsTrueIsRemembered: whatever the header says, the document goes to the desk as it came; or it is refused.
func TestOnlyWhatIsTrueIsRemembered(t *testing.T) {
	c, l, filled, file := shelved(t)
	good, err := filled.Claim()
	if err != nil {
		t.Fatal(err)
	}
	claim := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	for _, row := range []struct {
		name, claim string
		status      int
		remembered  bool
		want        string
	}{
		{"nothing", "", http.StatusAccepted, false, `"outcome":"accepted"`},
		{"what is true", good, http.StatusAccepted, true, `"outcome":"accepted"`},
		{"other values", claim(`{"template":"flood-severe","values":{"place":"Hilltop","river":"Clear River","level":6,"until":"2026-05-01T17:00:00Z"}}`), http.StatusAccepted, false, "gives other words"},
		{"words of its own", claim(`{"template":"flood-severe","values":{},"cancel":[{"language":"en","headline":"Pay here"}]}`), http.StatusBadRequest, false, filledHeader},
		{"a template that is not here", claim(`{"template":"quake","values":{}}`), http.StatusAccepted, false, "there is no template"},
		{"nonsense", "%%%", http.StatusBadRequest, false, filledHeader},
		{"too much", strings.Repeat("A", template.MaxClaim+1), http.StatusBadRequest, false, "more than 32768"},
	} {
		l.document, l.order = nil, desk.Order{}
		w := post(c, "/api/alerts", "application/cap+xml", row.claim, bytes.NewReader(filled.Document))
		if w.Code != row.status || !strings.Contains(w.Body.String(), row.want) {
			t.Errorf("%s: %d %s", row.name, w.Code, w.Body)
		}
		if taken := w.Code == http.StatusAccepted; taken != bytes.Equal(l.document, filled.Document) || row.remembered != (l.order.Origin != nil) {
			t.Errorf("%s: the desk got %d bytes, and remembers %+v", row.name, len(l.document), l.order.Origin)
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if w := post(c, "/api/alerts", "application/cap+xml", good, bytes.NewReader(filled.Document)); w.Code != http.StatusAccepted || l.order.Origin != nil {
		t.Errorf("without its template: %d %s", w.Code, w.Body)
	}
	c.Templates = nil
	if w := post(c, "/api/alerts", "application/cap+xml", good, bytes.NewReader(filled.Document)); w.Code != http.StatusAccepted || !strings.Contains(w.Body.String(), "no templates are prepared here") {
		t.Errorf("without templates: %d %s", w.Code, w.Body)
	}
}

// TestTemplateUpdate: values that are not named stay as they were, and a template that was changed since says so.
func TestTemplateUpdate(t *testing.T) {
	c, l, filled, file := shelved(t)
	l.original = &alerting.Issued{Alert: filled.Alert, Origin: filled.Origin}
	path := "/api/alerts/00000000000000000000000000000001/template-update"
	w := post(c, path, "application/json", "", strings.NewReader(`{"values": {"level": 6.8}}`))
	a, err := cap.Parse(l.document, cap.Options{})
	if w.Code != http.StatusAccepted || err != nil {
		t.Fatalf("%d %s %v", w.Code, w.Body, err)
	}
	info := a.Infos[0]
	if info.Description != "The Clear River now stands at 6.8 metres. The warning for Riverside goes on until 17:00 UTC." || !info.Expires.Equal(filled.Alert.Infos[0].Expires) ||
		len(info.Areas[0].Circles) != 1 || l.order.Actor.Name != "i" || string(l.asked) != `{"values":{"level":6.8}}` || strings.Contains(w.Body.String(), "findings") {
		t.Errorf("%+v, asked %s, answered %s", info, l.asked, w.Body)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, bytes.Replace(text, []byte("version: 1"), []byte("version: 12"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if w = post(c, path, "application/json", "", strings.NewReader(`{"values": {"area": "31,121 2"}}`)); !strings.Contains(w.Body.String(), "template.changed") || !bytes.Contains(l.document, []byte("31,121 2")) {
		t.Errorf("a template that was changed: %d %s", w.Code, w.Body)
	}
	for name, row := range map[string]struct{ body, want string }{
		"a value that is wrong": {`{"values": {"level": 99}}`, "slot level"},
		"another status":        {`{"status": "Test"}`, "an update keeps that of its alert"},
		"no JSON":               {`level=7`, "body: want"},
	} {
		w := post(c, path, "application/json", "", strings.NewReader(row.body))
		var p struct{ Outcome, Detail string }
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != http.StatusBadRequest || p.Outcome != "refused" || !strings.Contains(p.Detail, row.want) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}
