package console

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"tocsin/alerting/approval"
	"tocsin/alerting/audience"
)

// TestWhatTheConfigurationSays: the policy and the tokens are shown, no secret is, and the list of sirens refuses a state that there is not.
func TestWhatTheConfigurationSays(t *testing.T) {
	rules := approval.Policy{{ID: "grave", Severity: "Extreme", Approvals: 2, PickPlace: true}}
	admin, reader := NewToken("admin", "a-secret", []Right{MayAdminister, MayRead}), NewToken("reader", "r-secret", []Right{MayRead})
	var asked audience.SirenQuery
	c := &Console{Log: slog.New(slog.DiscardHandler), Tokens: []Token{admin, reader}, Policy: &rules,
		SirenList: func(_ context.Context, q audience.SirenQuery) ([]audience.SirenLine, error) {
			asked = q
			return []audience.SirenLine{{Ref: "town-hall", State: "on"}}, nil
		}}
	h := c.Handler()
	for _, row := range []struct {
		secret, path string
		status       int
		want         string
	}{
		{"r-secret", "/api/policy", 200, `{"approvals":true,"rules":[{"id":"grave","severity":"Extreme","approvals":2,"pick_place":true}]}`},
		{"a-secret", "/api/tokens", 200, `[{"name":"admin","may":["administer","read"],"unit":""},{"name":"reader","may":["read"],"unit":""}]`},
		{"r-secret", "/api/tokens", 403, "lacks the right administer"},
		{"r-secret", "/api/sirens?state=loud", 400, "want on or off"},
		{"r-secret", "/api/sirens?state=on&group=town&limit=1", 200, `"ref":"town-hall"`},
	} {
		r := httptest.NewRequest("GET", row.path, nil)
		r.Header.Set("Authorization", "Bearer "+row.secret)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != row.status || !strings.Contains(w.Body.String(), row.want) || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: %d %s, want %d %s", row.path, w.Code, w.Body, row.status, row.want)
		}
	}
	if asked != (audience.SirenQuery{Group: "town", State: "on", Limit: 1}) {
		t.Errorf("asked for %+v", asked)
	}
}
