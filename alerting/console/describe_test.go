package console

import (
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// TestTheDescriptionIsWhole: every route is described, and nothing else; every reference leads somewhere; whoever has no token
// is not shown it.
func TestTheDescriptionIsWhole(t *testing.T) {
	c := &Console{Log: slog.New(slog.DiscardHandler), Tokens: []Token{NewToken("t", "secret", nil)}}
	h := c.Handler()
	get := func(token string) *httptest.ResponseRecorder {
		req := httptest.NewRequest("GET", "/api/openapi.json", nil)
		req.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		return w
	}
	if w := get("none"); w.Code != 401 {
		t.Errorf("without a token: %d", w.Code)
	}
	text := get("secret").Body.String()
	var api struct {
		OpenAPI string `json:"openapi"`
		Paths   map[string]map[string]struct {
			Summary   string                     `json:"summary"`
			Responses map[string]json.RawMessage `json:"responses"`
		} `json:"paths"`
		Components struct {
			Schemas map[string]json.RawMessage `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal([]byte(text), &api); err != nil {
		t.Fatal(err)
	}
	if api.OpenAPI != "3.1.0" {
		t.Errorf("openapi %q", api.OpenAPI)
	}
	n := 0
	for path, item := range api.Paths {
		for method, op := range item {
			if method == "parameters" {
				continue
			}
			n++
			if op.Summary == "" || len(op.Responses) != 2 {
				t.Errorf("%s %s: it says nothing", method, path)
			}
		}
	}
	all := c.routes()
	if n != len(all) {
		t.Errorf("%d operations are described, and there are %d", n, len(all))
	}
	for _, r := range all {
		method, path, _ := strings.Cut(r.pattern, " ")
		if _, ok := api.Paths[path][strings.ToLower(method)]; !ok {
			t.Errorf("%s is not described", r.pattern)
		}
	}
	for _, ref := range regexp.MustCompile(`"#/components/schemas/([^"]+)"`).FindAllStringSubmatch(text, -1) {
		if _, ok := api.Components.Schemas[ref[1]]; !ok {
			t.Errorf("the schema %s is not there", ref[1])
		}
	}
}
