package pages

import (
	"io/fs"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"tocsin/alerting/desk"
)

func TestTheStyleSheetDrawsKindsAsTheDeskDoes(t *testing.T) {
	t.Parallel()
	css, err := shipped.ReadFile("static/tocsin.css")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ToLower(regexp.MustCompile(`\s+`).ReplaceAllString(string(css), ""))
	for _, k := range desk.Kinds() {
		for name, pair := range map[string][2]string{"--" + k.ID: {k.Light.Ground, k.Dark.Ground}, "--on-" + k.ID: {k.Light.Ink, k.Dark.Ink}} {
			m := regexp.MustCompile(regexp.QuoteMeta(name) + `:light-dark\(([^,]+),([^)]+)\)`).FindStringSubmatch(text)
			if m == nil || long(m[1]) != strings.ToLower(pair[0]) || long(m[2]) != strings.ToLower(pair[1]) {
				t.Errorf("%s: the style sheet has %v, the desk %v", name, m, pair)
			}
		}
	}
}

// long is a colour with six digits: the bundler writes some with three.
func long(c string) string {
	if len(c) != 4 {
		return c
	}
	return "#" + string([]byte{c[1], c[1], c[2], c[2], c[3], c[3]})
}

// TestNoTemplateNeedsWhatThePolicyForbids: an inline style, script or handler would be dropped by browsers, silently.
func TestNoTemplateNeedsWhatThePolicyForbids(t *testing.T) {
	t.Parallel()
	forbidden := regexp.MustCompile(`(?i)\sstyle=|<style|\son[a-z]+=|<script(?:>|\s[^>]*>[^<])|hx-on|(?:src|href|action)="https?:`)
	seen := 0
	err := fs.WalkDir(sources, "templates", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := sources.ReadFile(file)
		if m := forbidden.Find(text); m != nil {
			t.Errorf("%s has %q", file, m)
		}
		seen++
		return err
	})
	if err != nil || seen < 5 {
		t.Fatal(seen, err)
	}
}

func TestEveryTemplateParses(t *testing.T) {
	t.Parallel()
	all, err := readTemplates()
	if err != nil || len(all) < 4 {
		t.Fatal(len(all), err)
	}
}

// TestNoTwoPagesWantTheSameAddress: patterns that conflict end the program at its start.
func TestNoTwoPagesWantTheSameAddress(t *testing.T) {
	t.Parallel()
	if _, err := (&Pages{API: http.NotFoundHandler()}).Handler(); err != nil {
		t.Fatal(err)
	}
}
