package pages

import (
	"encoding/json"
	"log/slog"
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

func TestTheEndOfAnImportIsFound(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ text, refused string }{
		{`{"progress":{"lines":1}}` + "\n" + `{"result":{"lines":2,"problem_count":1}}` + "\n", ""},
		{`{"problem":{"detail":"the file ends early"},"result":{"lines":2}}`, "the file ends early"},
	} {
		got, err := lastLine([]byte(row.text))
		if err != nil || got.Refused != row.refused || got.Result.Lines != 2 {
			t.Errorf("%s: %+v %v", row.text, got, err)
		}
	}
	if _, err := lastLine([]byte(`{"progress":{"lines":1}}`)); err == nil {
		t.Error("an answer without an end was taken")
	}
}
