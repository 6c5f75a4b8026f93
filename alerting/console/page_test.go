package console

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// TestPagesOfAList: every entry comes once, whatever is added in front meanwhile; a cursor that is mangled, of another list or of
// other filters is refused with the way out.
func TestPagesOfAList(t *testing.T) {
	c := &Console{Log: slog.New(slog.DiscardHandler), Tokens: []Token{NewToken("t", "secret", nil)}}
	all := []string{"a", "b", "c", "d", "e"}
	ask := func(list, query string) (got []string, next string, status int) {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/api/"+list+"?"+query, nil)
		some, err := pageList(c, w, r, list, all, func(s *string) string { return *s })
		if err != nil {
			c.fail(w, r, err)
			if !strings.Contains(w.Body.String(), "leave it out to begin at the top") {
				t.Errorf("%s: %s does not say the way out", query, w.Body)
			}
		}
		link := w.Header().Get("Link")
		if link != "" && !strings.HasSuffix(link, `>; rel="next"`) {
			t.Errorf("Link: %s", link)
		}
		_, next, _ = strings.Cut(strings.TrimSuffix(link, `>; rel="next"`), "?")
		return some, next, w.Code
	}
	var got []string
	query := "limit=2&state=open"
	for n := 0; query != "" && n < 10; n++ {
		some, next, _ := ask("things", query)
		got, query = append(got, some...), next
		if n == 0 {
			all = append([]string{"new"}, all...)
		}
	}
	if want := []string{"a", "b", "c", "d", "e"}; !slices.Equal(got, want) {
		t.Errorf("read %v, want %v", got, want)
	}
	_, next, _ := ask("things", "limit=2&state=open")
	values, err := url.ParseQuery(next)
	if err != nil {
		t.Fatal(err)
	}
	after := values.Get("after")
	for _, x := range []struct{ list, query string }{
		{"others", "state=open&after=" + after}, {"things", "state=shut&after=" + after}, {"things", "after=" + after},
		{"things", "state=open&after=" + after + "A"}, {"things", "state=open&after=B" + after[1:]}, {"things", "state=open&after=%21"},
	} {
		if _, _, status := ask(x.list, x.query); status != http.StatusBadRequest {
			t.Errorf("%s?%s: %d, want 400", x.list, x.query, status)
		}
	}
	// The limit may differ from page to page.
	if some, _, _ := ask("things", "limit=4&state=open&after="+after); len(some) != 4 {
		t.Errorf("%v", some)
	}
}

// TestParametersAreOfRoutes: what is said of parameters is said of a route that there is, and every list is read by pages.
func TestParametersAreOfRoutes(t *testing.T) {
	known := make(map[string]bool)
	for _, r := range (&Console{}).routes() {
		known[r.pattern] = true
	}
	for pattern, all := range parameters() {
		if !known[pattern] {
			t.Errorf("%s is no route", pattern)
		}
		for _, p := range all {
			if p.about == "" || !slices.Contains([]string{"query", "header"}, p.in) {
				t.Errorf("%s: %+v", pattern, p)
			}
		}
	}
}

// TestStatesOfAList: what is no state is refused, and not an empty list.
func TestStatesOfAList(t *testing.T) {
	known := []string{"open", "shut"}
	for query, want := range map[string][]string{"": nil, "state=open": {"open"}, "state=open&state=shut": {"open", "shut"}} {
		if have, err := statesOf(httptest.NewRequest(http.MethodGet, "/?"+query, nil), known); err != nil || !slices.Equal(have, want) {
			t.Errorf("%s: %v %v", query, have, err)
		}
	}
	if _, err := statesOf(httptest.NewRequest(http.MethodGet, "/?state=open&state=nope", nil), known); err == nil || !strings.Contains(err.Error(), `state "nope": want one of [open shut]`) {
		t.Errorf("%v", err)
	}
}
