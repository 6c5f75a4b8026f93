package pages

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/language"

	"tocsin/alerting/console"
	"tocsin/alerting/desk"
)

// catalogues hold every text of the pages: words/LANGUAGE/AREA.json, each one object of key and text.
//
//go:embed words
var catalogues embed.FS

// words are texts by language and key.
type words map[string]map[string]string

func readWords() (words, error) {
	out := make(words)
	for _, lang := range desk.Languages() {
		out[lang] = make(map[string]string)
		files, err := fs.Glob(catalogues, "words/"+lang+"/*.json")
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			if err := out.read(lang, file); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	return out, nil
}

// read adds a file. Its keys begin with the name of its area, except in common.json, so that no two files define the same.
func (w words) read(lang, file string) error {
	text, err := catalogues.ReadFile(file)
	if err != nil {
		return err
	}
	var all map[string]string
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	var wrong []error
	for key, value := range all {
		if _, twice := w[lang][key]; twice {
			wrong = append(wrong, fmt.Errorf("the key %q stands in two files", key))
		}
		if area := strings.TrimSuffix(path.Base(file), ".json"); area != "common" && !strings.HasPrefix(key, area+".") && !strings.HasPrefix(key, "done."+area+".") {
			wrong = append(wrong, fmt.Errorf("the key %q does not begin with %q", key, area+"."))
		}
		w[lang][key] = value
	}
	return errors.Join(wrong...)
}

func (w words) has(key string) bool {
	_, ok := w["en"][key]
	return ok
}

// text is one with its placeholders filled; numbers have their thousands apart. A key that is missing shows itself: a test finds it first.
func (w words) text(lang, key string, args ...any) string {
	text, ok := w[lang][key]
	if !ok {
		return key
	}
	if len(args) == 0 {
		return text
	}
	// What is grouped is text by now.
	text = strings.NewReplacer("%d", "%s", "]d", "]s").Replace(text)
	shown := slices.Clone(args)
	for i, a := range shown {
		switch n := a.(type) {
		case int:
			shown[i] = grouped(int64(n))
		case int64:
			shown[i] = grouped(n)
		}
	}
	return fmt.Sprintf(text, shown...)
}

// count is KEY.one or KEY.other, with the number.
func (w words) count(lang, key string, n int64) string {
	if n == 1 && lang == "en" {
		return w.text(lang, key+".one", n)
	}
	return w.text(lang, key+".other", n)
}

// grouped writes a number with its thousands apart.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "-", text[1:]
	}
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return sign + text
}

const unitCookie = "tocsin-unit"

// language is the one that somebody chose, else the best that his browser asks for.
func (p *Pages) language(r *http.Request) string {
	if k, err := r.Cookie(console.LanguageCookie); err == nil && slices.Contains(desk.Languages(), k.Value) {
		return k.Value
	}
	var tags []language.Tag
	for _, l := range desk.Languages() {
		tags = append(tags, language.Make(l))
	}
	wanted, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil {
		return "en"
	}
	_, at, _ := language.NewMatcher(tags).Match(wanted...)
	return desk.Languages()[at]
}

// remember keeps a choice in the browser for a year.
func (p *Pages) remember(w http.ResponseWriter, name, value string) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true, Secure: !p.PlainCookie, SameSite: http.SameSiteStrictMode})
}
