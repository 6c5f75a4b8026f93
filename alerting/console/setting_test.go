package console

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

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
			return []audience.SirenLine{{Ref: "town-hall", State: "on"}, {Ref: "mill", State: "on"}}, nil
		},
		Now: func() time.Time { return time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC) },
		SirensHeard: func(_ context.Context, refs []string) (map[string]time.Time, time.Time, error) {
			if !slices.Equal(refs, []string{"town-hall", "mill"}) {
				t.Errorf("asked when %v were heard", refs)
			}
			return map[string]time.Time{"town-hall": time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}, time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC), nil
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
		{"r-secret", "/api/sirens?state=on&group=town&limit=1", 200, `"link":"silent","heard":"2026-03-01T09:00:00Z","watched":"2026-02-01T09:00:00Z"}`},
		{"r-secret", "/api/sirens?state=on&group=town&limit=1", 200, `"link":"never","watched":"2026-02-01T09:00:00Z"}`},
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

// TestTheWordForASiren: lately heard, silent, never heard, not yet heard, and not to be told are told apart.
func TestTheWordForASiren(t *testing.T) {
	now := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	ago := func(hours int) time.Time { return now.Add(-time.Duration(hours) * time.Hour) }
	for _, row := range []struct {
		heard, since time.Time
		want         SirenLink
	}{
		{ago(1), ago(90), LinkHeard}, {ago(26), ago(90), LinkHeard}, {ago(27), ago(90), LinkSilent}, {time.Time{}, ago(27), LinkNever},
		{time.Time{}, ago(26), LinkNew}, {time.Time{}, time.Time{}, LinkUnknown}, {ago(1), ago(1), LinkHeard},
	} {
		if got := LinkOf(row.heard, row.since, now); got != row.want {
			t.Errorf("heard %v, watched since %v: %s, want %s", row.heard, row.since, got, row.want)
		}
	}
}
