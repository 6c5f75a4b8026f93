package config

import (
	"strings"
	"testing"
)

func TestPages(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"https://tiles.example.org/{z}/{x}/{y}.png", "http://127.0.0.1:8080/{z}/{x}/{y}.png"} {
		if c, err := Parse([]byte("pages: {tiles_url: \""+good+"\"}\n"), nil); err != nil || c.Pages.TilesURL != good {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"http://tiles.example.org/{z}/{x}/{y}.png", "https://tiles.example.org/", "https://a.example; script-src */{z}{x}{y}", "tiles/{z}/{x}/{y}"} {
		if _, err := Parse([]byte("pages:\n  tiles_url: \""+bad+"\"\n"), nil); err == nil || !strings.Contains(err.Error(), "line 2 column 14: pages.tiles_url") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
