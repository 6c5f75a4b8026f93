package areatext

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestAnswerIsLinesOrFaults(t *testing.T) {
	for _, test := range []struct {
		name, text, language string
		status               int
		want                 string
	}{
		{"lines", "POLYGON((121.4 31.2,121.5 31.2,121.5 31.3))", "en", 200, `{"text":"polygon 31.2,121.4 31.2,121.5 31.3,121.5 31.2,121.4\n","faults":[]}`},
		{"a fault", "\nfoo", "en", 200, `{"text":"","faults":[{"line":2,"text":"line 2: \"foo\" is not understood`},
		{"a fault in Chinese", "foo", "zh", 200, `"text":"第 1 行：无法识别`},
		{"too large", strings.Repeat("x", 4*MaxBytes), "en", 413, "at most 1 MiB"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(url.Values{"area": {test.text}}.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			w := httptest.NewRecorder()
			Answer(w, r, test.language)
			if w.Code != test.status || !strings.Contains(w.Body.String(), test.want) {
				t.Errorf("%d %s, want %d and %s", w.Code, w.Body, test.status, test.want)
			}
		})
	}
}

// The words that the module has are those that the server gives, in both languages and with the same places to fill in.
func TestEditorWordsAreThoseOfTheModule(t *testing.T) {
	module, err := os.ReadFile("../web/src/words.ts")
	if err != nil {
		t.Fatal(err)
	}
	placeholder := regexp.MustCompile(`\{\w+\}`)
	found := 0
	for _, m := range regexp.MustCompile(`(?m)^  (\w+): "(.*)",$`).FindAllStringSubmatch(string(module), -1) {
		found++
		key, text := m[1], m[2]
		if got := EditorWords("en")[key]; got != text {
			t.Errorf("%s is %q here and %q in the module", key, got, text)
		}
		want, got := placeholder.FindAllString(text, -1), placeholder.FindAllString(EditorWords("zh")[key], -1)
		slices.Sort(want)
		slices.Sort(got)
		if EditorWords("zh")[key] == "" || !slices.Equal(want, got) {
			t.Errorf("%s fills in %v in Chinese, want %v", key, got, want)
		}
	}
	if found != len(EditorWords("en")) || found != len(EditorWords("zh")) {
		t.Errorf("the module has %d words, English %d, Chinese %d", found, len(EditorWords("en")), len(EditorWords("zh")))
	}
}
