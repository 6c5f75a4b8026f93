package console

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"tocsin/alerting"
	"tocsin/alerting/login"
)

// reach asks for a route without a body.
func reach(t *testing.T, h http.Handler, r route, headers ...string) int {
	t.Helper()
	method, path, _ := strings.Cut(r.pattern, " ")
	for strings.Contains(path, "{") {
		from, to := strings.Index(path, "{"), strings.Index(path, "}")
		path = path[:from] + "x" + path[to+1:]
	}
	req := httptest.NewRequest(method, path, http.NoBody)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	if w.Code >= 400 && w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s: the answer is no problem document", r.pattern)
	}
	return w.Code
}

// TestEveryRouteTakesItsRight: without a token 401, with every right but the one that it takes 403, and nothing is asked of
// the office, which is not even there.
func TestEveryRouteTakesItsRight(t *testing.T) {
	rights := append(Rights(), MayEnrol, MaySign)
	c := &Console{Log: slog.New(slog.DiscardHandler), MaxBytes: 1000}
	for _, right := range rights {
		others := slices.DeleteFunc(Rights(), func(r Right) bool { return right.among([]Right{r}) })
		c.Tokens = append(c.Tokens, NewToken("all but "+string(right), "not "+string(right), others))
	}
	h := c.Handler()
	all := c.routes()
	if len(all) < 25 {
		t.Fatalf("only %d routes", len(all))
	}
	seen := make(map[string]bool)
	for _, r := range all {
		if seen[r.pattern] || !slices.Contains(append(rights, Known, Anyone), r.right) {
			t.Errorf("%s: it stands twice, or takes the unknown right %q", r.pattern, r.right)
		}
		seen[r.pattern] = true
		answers := map[string]int{"": 401, "wrong": 401, "not " + string(r.right): 403}
		switch r.right {
		case Known:
			delete(answers, "not known")
		case Anyone:
			answers = map[string]int{"": 409} // nobody can log in here
		}
		for secret, want := range answers {
			var headers []string
			if secret != "" {
				headers = []string{"Authorization", "Bearer " + secret}
			}
			if got := reach(t, h, r, headers...); got != want {
				t.Errorf("%s with the token %q: %d, want %d", r.pattern, secret, got, want)
			}
		}
	}
	for _, anyone := range []string{"POST /api/login", "POST /api/login/passkey/begin", "POST /api/login/passkey", "POST /api/setup/begin", "POST /api/setup"} {
		if i := slices.IndexFunc(all, func(r route) bool { return r.pattern == anyone }); i < 0 || all[i].right != Anyone {
			t.Errorf("%s is not for anyone", anyone)
		}
	}
	for _, r := range all {
		if r.right == Anyone && !strings.HasPrefix(r.pattern, "POST /api/login") && !strings.HasPrefix(r.pattern, "GET /api/login") && !strings.HasPrefix(r.pattern, "POST /api/setup") {
			t.Errorf("%s is open to anyone", r.pattern)
		}
	}
}

// TestEveryRouteForPeople: over every route, somebody with the right role, with every role but those, of another unit, of the unit
// above, and nobody. The handlers are taken out: what is looked at is who gets as far.
func TestEveryRouteForPeople(t *testing.T) {
	o := newOffice(t)
	var others []login.Role
	o.console.Tokens = []Token{NewToken("whole", "whole", Rights()), {Name: "lower", Digest: NewToken("", "lower", nil).Digest, May: Rights(), Unit: "U=X1"}}
	mux := http.NewServeMux()
	o.console.Handler()
	for _, r := range o.console.routes() {
		mux.Handle(r.pattern, o.console.asks(r.right, func(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
			w.Header().Set("By", by.Kind+" "+by.Name+" "+by.Unit)
			w.WriteHeader(http.StatusNoContent)
			return nil
		}))
	}
	for _, right := range append(Rights(), MayEnrol, MaySign) {
		others = nil
		for _, role := range login.Roles() {
			if right.among(rightsOf(role)) {
				o.person("right "+string(role), login.Grant{Unit: "U=X", Role: role})
			} else {
				others = append(others, role)
			}
		}
		var grants []login.Grant
		for _, role := range others {
			grants = append(grants, login.Grant{Unit: "U=X", Role: role})
		}
		o.person("all but "+string(right), grants...)
	}
	for _, r := range o.console.routes() {
		if r.right == Anyone {
			continue
		}
		if got := reach(t, mux, r); got != 401 {
			t.Errorf("%s without a login: %d", r.pattern, got)
		}
		if got := reach(t, mux, r, "Authorization", "Bearer "+strings.Repeat("A", 43)); got != 401 {
			t.Errorf("%s with a session that is none: %d", r.pattern, got)
		}
		if r.right == Known {
			if got := reach(t, mux, r, "Authorization", o.bearer("all but read")); got != 204 {
				t.Errorf("%s for somebody who is logged in: %d", r.pattern, got)
			}
			continue
		}
		if got := reach(t, mux, r, "Authorization", o.bearer("all but "+string(r.right))); got != 403 {
			t.Errorf("%s with every other role: %d", r.pattern, got)
		}
		for _, role := range login.Roles() {
			if !r.right.among(rightsOf(role)) {
				continue
			}
			session := o.bearer("right " + string(role))
			for unit, want := range map[string]int{"U=X": 204, "U=X1": 204, "U=X11": 204, "U=Y": 403, "": 403} {
				if got := reach(t, mux, r, "Authorization", session, UnitHeader, unit); got != want {
					t.Errorf("%s as %s of X, for the unit %q: %d, want %d", r.pattern, role, unit, got, want)
				}
			}
		}
		for secret, units := range map[string]map[string]int{"whole": {"": 204, "U=X": 204}, "lower": {"U=X1": 204, "U=X11": 204, "U=X": 403, "": 403}} {
			for unit, want := range units {
				if got := reach(t, mux, r, "Authorization", "Bearer "+secret, UnitHeader, unit); got != want {
					t.Errorf("%s with the token %s, for the unit %q: %d, want %d", r.pattern, secret, unit, got, want)
				}
			}
		}
	}
}
