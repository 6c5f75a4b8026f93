package console

import (
	"html"
	"log/slog"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestThePageOfTheAPI: every route is there with its right, nothing comes from elsewhere and nothing is a script, every link leads to
// somewhere on the page, and the style is the one that the policy allows. With TOCSIN_DOCS_DIR the pages are written there.
func TestThePageOfTheAPI(t *testing.T) {
	c := &Console{Log: slog.New(slog.DiscardHandler)}
	h := c.Handler()
	for _, lang := range []string{"en", "zh"} {
		for _, path := range []string{"/api/", "/api/docs"} {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("GET", path+"?lang="+lang, nil))
			page := w.Body.String()
			policy := w.Header().Get("Content-Security-Policy")
			if w.Code != 200 || !strings.Contains(page, `<html lang="`+lang+`">`) || !strings.Contains(policy, "default-src 'none'; style-src 'sha256-") {
				t.Fatalf("%s in %s: %d, %s", path, lang, w.Code, policy)
			}
			for _, r := range c.routes() {
				method, where, _ := strings.Cut(r.pattern, " ")
				id := operationID(method, where)
				if !strings.Contains(page, `<h3 id="`+id+`">`) || !strings.Contains(page, html.EscapeString(docAbout(lang, r))) {
					t.Errorf("%s: %s is not there", lang, r.pattern)
				}
			}
			if found := regexp.MustCompile(`(?i)<script|<img|<link|@import|url\(|src=|=["']?https?://| on[a-z]+=`).FindString(page); found != "" {
				t.Errorf("%s: the page has %q", lang, found)
			}
			ids := make(map[string]bool)
			for _, m := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(page, -1) {
				if ids[m[1]] {
					t.Errorf("the id %s stands twice", m[1])
				}
				ids[m[1]] = true
			}
			for _, m := range regexp.MustCompile(`(?:href="#|aria-labelledby=")([^"]+)"`).FindAllStringSubmatch(page, -1) {
				if !ids[m[1]] {
					t.Errorf("%s leads nowhere", m[1])
				}
			}
			if !strings.Contains(page, "<style>"+docsCSS+"</style>") {
				t.Error("the style was changed on its way, and its digest does not fit")
			}
			if dir := os.Getenv("TOCSIN_DOCS_DIR"); dir != "" {
				if err := os.WriteFile(dir+"/docs-"+lang+".html", []byte(page), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
