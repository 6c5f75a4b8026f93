package pages

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"tocsin/alerting/console"
)

// TestEveryActOfTheAPIHasAPlace: each route has a page that there is, or a command; and no place is named for a route that there is not.
func TestEveryActOfTheAPIHasAPlace(t *testing.T) {
	t.Parallel()
	c := &console.Console{Log: slog.New(slog.DiscardHandler), Tokens: []console.Token{console.NewToken("t", "secret", nil)}}
	r := httptest.NewRequest("GET", "/api/openapi.json", nil)
	r.Header.Set("Authorization", "Bearer secret")
	w := httptest.NewRecorder()
	c.Handler().ServeHTTP(w, r)
	var d described
	if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	all := d.acts()
	if len(all) < 80 {
		t.Fatalf("only %d routes are described", len(all))
	}
	for _, a := range all {
		if a.Page == "" && !strings.HasPrefix(a.Command, "tocsin ") {
			t.Errorf("%s is at no page, and no command is named (doneAt)", a.Route)
		}
	}
	for route := range doneAt() {
		if !slices.ContainsFunc(all, func(a act) bool { return a.Route == route }) {
			t.Errorf("doneAt names %s, which the API does not have", route)
		}
	}
}

func TestRolesAreReadFromRows(t *testing.T) {
	t.Parallel()
	form := map[string][]string{"role": {"author", "", "viewer", "author"}, "unit": {"U=X", "U=X", "", "U=X"}}
	got, err := json.Marshal(grantsOf(form))
	if want := `[{"unit":"U=X","role":"author"},{"unit":"","role":"viewer"}]`; err != nil || string(got) != want {
		t.Errorf("%s %v, want %s", got, err, want)
	}
}

// TestAnImportThatGoesOnWithoutItsPage: it is found where the answer says, and a refusal says what the API said.
func TestAnImportThatGoesOnWithoutItsPage(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		api    http.HandlerFunc
		want   string
		status int
	}{
		"begun": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/api/imports/i1")
			_ = http.NewResponseController(w).Flush()
			_, _ = io.Copy(w, r.Body)
		}, "/office/imports/i1", 0},
		"refused": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"title":"Forbidden","detail":"not yours"}`)
		}, "", http.StatusForbidden},
		"broken": {func(http.ResponseWriter, *http.Request) { panic("at night") }, "", http.StatusInternalServerError},
	} {
		q := &request{p: &Pages{API: row.api, Log: slog.New(slog.DiscardHandler)}, r: httptest.NewRequest(http.MethodPost, "/office/people", http.NoBody)}
		page, err := q.beginImport("/api/people", "text/csv", io.NopCloser(strings.NewReader("person\n")), 7)
		if problem := asProblem(err); page != row.want || (problem == nil) != (row.status == 0) || problem != nil && problem.Status != row.status {
			t.Errorf("%s: %q %v", name, page, err)
		}
	}
}
