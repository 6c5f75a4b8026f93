package console

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"tocsin/alerting"
)

// TestATokenOfSomeWorldsTouchesNoOther: over every route there is, a token for exercises and tests comes to nothing but the
// paths of these, and to a few questions that belong to no world.
func TestATokenOfSomeWorldsTouchesNoOther(t *testing.T) {
	token := NewToken("drill", "secret", []Right{MayIssue, MayApprove, MayCancel, MayRead, MayImport, MayRedrive})
	token.Worlds = []alerting.World{alerting.Exercise, alerting.Test}
	reached := false
	c := &Console{Log: slog.New(slog.DiscardHandler), Tokens: []Token{token}}
	c.Handler()
	parameter := regexp.MustCompile(`\{\w+\}`)
	open := []string{"GET /api/templates", "GET /api/templates/{id}", "POST /api/templates/{id}/fill", "GET /api/windows", "GET /api/windows/{id}", "GET /api/operators", "GET /api/me"}
	seen := 0
	for _, r := range c.routes() {
		if r.right == Anyone {
			continue // it asks for no token
		}
		method, path, _ := strings.Cut(r.pattern, " ")
		want := strings.HasPrefix(path, "/api/exercise/") || strings.HasPrefix(path, "/api/test/")
		for _, pattern := range open {
			want = want || r.pattern == pattern
		}
		r.answer = func(http.ResponseWriter, *http.Request, alerting.Actor) error { reached = true; return nil }
		reached = false
		req := httptest.NewRequest(method, parameter.ReplaceAllString(path, "x"), http.NoBody)
		req.Header.Set("Authorization", "Bearer secret")
		w := httptest.NewRecorder()
		c.asks(r.right, c.limited(r)).ServeHTTP(w, req)
		if reached != want || !want && w.Code != http.StatusForbidden {
			t.Errorf("%s: reached %v with %d, want %v", r.pattern, reached, w.Code, want)
		}
		if want {
			seen++
		}
	}
	if seen < 20 {
		t.Errorf("only %d routes are open to it", seen)
	}
}
