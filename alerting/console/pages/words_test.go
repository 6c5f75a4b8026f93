package pages

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var placeholder = regexp.MustCompile(`%(\[\d+\])?[a-z]`)

// placeholders are those of a text, in the order of their arguments.
func placeholders(text string) []string {
	var out []string
	for i, p := range placeholder.FindAllString(strings.ReplaceAll(text, "%%", ""), -1) {
		if !strings.Contains(p, "[") {
			p = fmt.Sprintf("%%[%d]%s", i+1, p[1:])
		}
		out = append(out, p)
	}
	slices.Sort(out)
	return out
}

func TestEveryWordIsInBothLanguages(t *testing.T) {
	t.Parallel()
	w, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	for key, english := range w["en"] {
		chinese, ok := w["zh"][key]
		switch {
		case !ok:
			t.Errorf("%s has no Chinese", key)
		case strings.TrimSpace(english) == "" || strings.TrimSpace(chinese) == "":
			t.Errorf("%s is empty", key)
		case !slices.Equal(placeholders(english), placeholders(chinese)):
			t.Errorf("%s: %q and %q have other placeholders", key, english, chinese)
		}
	}
	for key := range w["zh"] {
		if _, ok := w["en"][key]; !ok {
			t.Errorf("%s has no English", key)
		}
	}
}

// narrow finds the narrow punctuation of English beside a Chinese character.
var narrow = regexp.MustCompile(`\p{Han}[,:;!?()]|[,:;!?()]\p{Han}`)

func TestChineseWordsAreChinesePunctuated(t *testing.T) {
	t.Parallel()
	w, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	for key, text := range w["zh"] {
		if at := narrow.FindString(text); at != "" {
			t.Errorf("%s has %q: write the wide sign (，：；！？（）)", key, at)
		}
	}
}

// used are the keys that templates and sources name in full, and the beginnings of those that they put together.
func used(t *testing.T) (whole, begun map[string]string) {
	t.Helper()
	whole, begun = make(map[string]string), make(map[string]string)
	patterns := map[*regexp.Regexp]string{
		regexp.MustCompile(`\.T "([^"]+)"`):                     "",
		regexp.MustCompile(`\.N "([^"]+)"`):                     ".other",
		regexp.MustCompile(`\bT\("([^"]+)"[,)]`):                "",
		regexp.MustCompile(`\bN\("([^"]+)"[,)]`):                ".other",
		regexp.MustCompile(`(?:\.T|\bT\() ?\(?print "([^"]+)"`): "…",
		regexp.MustCompile(`\bT\("([^"]+)" ?\+`):                "…",
		regexp.MustCompile(`goTo\([^\n]*, "([^"]+)"\)`):         "done",
	}
	read := func(file string, text []byte) {
		for pattern, end := range patterns {
			for _, m := range pattern.FindAllStringSubmatch(string(text), -1) {
				switch end {
				case "…":
					begun[m[1]] = file
				case "done":
					whole["done."+m[1]] = file
				default:
					whole[m[1]+end] = file
				}
			}
		}
	}
	err := fs.WalkDir(sources, "templates", func(file string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			var text []byte
			if text, err = sources.ReadFile(file); err == nil {
				read(file, text)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no sources found", err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		read(file, text)
		for _, m := range regexp.MustCompile(`"([a-z]+(?:\.[a-z_]+)+)"`).FindAllStringSubmatch(string(text), -1) {
			begun[m[1]] = file // keys in tables, such as those of the navigation
		}
	}
	if len(whole) < 20 {
		t.Fatalf("only %d keys found: the test looks in the wrong place", len(whole))
	}
	return whole, begun
}

func TestEveryKeyThatIsUsedIsThereAndTheOtherWayRound(t *testing.T) {
	t.Parallel()
	w, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	whole, begun := used(t)
	for key, file := range whole {
		if !w.has(key) {
			t.Errorf("%s uses the key %s, which is in no catalogue", file, key)
		}
	}
	for key := range w["en"] {
		plain := strings.TrimSuffix(strings.TrimSuffix(key, ".one"), ".other")
		_, asked := whole[key]
		_, counted := whole[plain+".other"]
		if asked || counted || strings.HasPrefix(key, "done.") && (whole[key] != "" || begunBy(begun, strings.TrimPrefix(key, "done."))) || begunBy(begun, key) {
			continue
		}
		t.Errorf("nothing uses the key %s", key)
	}
}

func begunBy(begun map[string]string, key string) bool {
	for b := range begun {
		if strings.HasPrefix(key, b) {
			return true
		}
	}
	return false
}

func TestTextsHoldTheirNumbers(t *testing.T) {
	t.Parallel()
	w := words{"en": {"k": "%[2]s: %[1]d", "n.one": "%d part", "n.other": "%d parts"}}
	if got := w.text("en", "k", 1234, "people"); got != "people: 1,234" {
		t.Error(got)
	}
	if got := w.count("en", "n", 2000) + w.count("en", "n", 1); got != "2,000 parts1 part" {
		t.Error(got)
	}
}

func TestNumbersAreGrouped(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234: "-1,234", -12: "-12"} {
		if got := grouped(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
