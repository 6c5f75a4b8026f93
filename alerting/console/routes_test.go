package console

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// TestEveryRouteTakesItsRight: without a token 401, with every right but the one that it takes 403, and nothing is asked of
// the office, which is not even there.
func TestEveryRouteTakesItsRight(t *testing.T) {
	rights := []Right{MayIssue, MayApprove, MayCancel, MayRead, MayImport, MayRedrive}
	c := &Console{Log: slog.New(slog.DiscardHandler), MaxBytes: 1000}
	for _, right := range rights {
		others := slices.DeleteFunc(slices.Clone(rights), func(r Right) bool { return r == right })
		c.Tokens = append(c.Tokens, NewToken("all but "+string(right), "not "+string(right), others))
	}
	h := c.Handler()
	ask := func(r route, secret string) int {
		method, path, _ := strings.Cut(r.pattern, " ")
		for strings.Contains(path, "{") {
			from, to := strings.Index(path, "{"), strings.Index(path, "}")
			path = path[:from] + "x" + path[to+1:]
		}
		req := httptest.NewRequest(method, path, http.NoBody)
		if secret != "" {
			req.Header.Set("Authorization", "Bearer "+secret)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		if w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: the answer is no problem document", r.pattern)
		}
		return w.Code
	}
	all := c.routes()
	if len(all) < 25 {
		t.Fatalf("only %d routes", len(all))
	}
	seen := make(map[string]bool)
	for _, r := range all {
		if seen[r.pattern] || !slices.Contains(rights, r.right) {
			t.Errorf("%s: it stands twice, or takes the unknown right %q", r.pattern, r.right)
		}
		seen[r.pattern] = true
		for secret, want := range map[string]int{"": 401, "wrong": 401, "not " + string(r.right): 403} {
			if got := ask(r, secret); got != want {
				t.Errorf("%s with the token %q: %d, want %d", r.pattern, secret, got, want)
			}
		}
	}
}
