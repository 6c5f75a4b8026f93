package wording

import (
	"reflect"
	"strings"
	"testing"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

func TestLocalesAreComplete(t *testing.T) {
	lex, err := readLexicon()
	if err != nil {
		t.Fatal(err)
	}
	if len(lex.locales) < 18 {
		t.Errorf("%d locales, want at least 18", len(lex.locales))
	}
	entries, err := localeFiles.ReadDir("locales")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		w := lex.find(language.Make(strings.TrimSuffix(e.Name(), ".json")))
		v := reflect.ValueOf(*w)
		for i := range v.NumField() {
			name, text := v.Type().Field(i).Name, v.Field(i).String()
			if text == "" && (name != "Stop" || e.Name() != "th.json") { // Thai is written without full stops.
				t.Errorf("%s: %s is empty", e.Name(), name)
			}
			if n := strings.Count(text, "{time}"); (name == "Until") != (n == 1) {
				t.Errorf("%s: %s holds {time} %d times", e.Name(), name, n)
			}
			if name != "Colon" && cleanText(text) != text || !norm.NFC.IsNormalString(text) {
				t.Errorf("%s: %s is not clean: %q", e.Name(), name, text)
			}
		}
		if e.Name() != "en.json" && w == lex.english {
			t.Errorf("%s is not found by its own name", e.Name())
		}
		for _, other := range []string{w.Test, w.Update, w.Cancelled, w.AllClear} {
			if w.Exercise == other {
				t.Errorf("%s: the word for an exercise, %q, means something else too", e.Name(), other)
			}
		}
	}
}

func TestFindLocale(t *testing.T) {
	lex, err := readLexicon()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ lang, exercise string }{
		{"", "EXERCISE"}, {"en-AU", "EXERCISE"}, {"EN-us", "EXERCISE"}, {"xx-YY", "EXERCISE"}, {"not a tag", "EXERCISE"},
		{"zh-CN", "演习"}, {"zh", "演习"}, {"zh-TW", "演習"}, {"zh-HK", "演習"}, {"zh-Hant", "演習"}, {"cmn-Hans", "演习"},
		{"de-AT", "ÜBUNG"}, {"fr-CA", "EXERCICE"}, {"es-MX", "SIMULACRO"}, {"pt-BR", "EXERCÍCIO"}, {"ar-EG", "تمرين"},
		{"in", "LATIHAN"}, {"uk-UA", "НАВЧАННЯ"}, {"lv", "EXERCISE"},
	} {
		t.Run(row.lang, func(t *testing.T) {
			_, tag := languageOf(row.lang)
			if got := lex.find(tag).Exercise; got != row.exercise {
				t.Errorf("got %q, want %q", got, row.exercise)
			}
		})
	}
}

func TestLanguageOf(t *testing.T) {
	for _, row := range []struct{ in, want string }{
		{"", "en-US"}, {" ", "en-US"}, {"sp-US", "sp-US"}, {"zh_CN", "und"}, {"en\r\nX: y", "und"}, {`en" onload="x`, "und"},
		{strings.Repeat("a-", 30) + "b", "und"}, {"zh-Hans-CN", "zh-Hans-CN"},
	} {
		if got, _ := languageOf(row.in); got != row.want {
			t.Errorf("%q: got %q, want %q", row.in, got, row.want)
		}
	}
}
