package console

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"tocsin/alerting"
)

// The documentation of the API is one page of HTML, made from the routes that the OpenAPI description is made from. It needs no script
// and nothing from elsewhere, and may be saved and read without the office.

//go:embed docs.html
var docsHTML string

//go:embed docs.css
var docsCSS string

// docGroup is the routes below one name.
type docGroup struct {
	ID, Title string
	Routes    []docRoute
}

// docRoute is a route as the page shows it.
type docRoute struct {
	ID, Method, Path, About string
	Right                   Right
	Parameters              []docParameter
	// Takes and Gives are media types, with the fields of JSON.
	Takes, Gives             string
	TakesFields, GivesFields []docField
	Status                   int
	List                     bool
	Curl                     string
}

type docParameter struct{ Name, In, About string }

// docError is a status that any route may answer with.
type docError struct {
	Status int
	Title  string
}

// docPage is what the template is filled with.
type docPage struct {
	Lang, Other string
	T           map[string]string
	CSS         template.CSS
	Groups      []docGroup
	Errors      []docError
	Codes       []docCode
}

// docCode is the code of a problem, and what it says.
type docCode struct{ Code, Says string }

func docCodes(lang string) []docCode {
	var out []docCode
	for _, s := range alerting.Sentences() {
		says := s.English
		if lang == "zh" {
			says = s.Chinese
		}
		out = append(out, docCode{s.Code, says})
	}
	return out
}

// docGroups are the routes by the first word behind /api/, in the order in which they stand.
func (c *Console) docGroups(lang string) []docGroup {
	var out []docGroup
	at := make(map[string]int)
	for _, r := range c.routes() {
		method, path, _ := strings.Cut(r.pattern, " ")
		name, _, _ := strings.Cut(strings.TrimPrefix(path, "/api/"), "/")
		i, known := at[name]
		if !known {
			i = len(out)
			at[name] = i
			out = append(out, docGroup{ID: "group-" + name, Title: docTitle(lang, name)})
		}
		out[i].Routes = append(out[i].Routes, docRouteOf(lang, r, method, path))
	}
	return out
}

func docRouteOf(lang string, r route, method, path string) docRoute {
	d := docRoute{ID: operationID(method, path), Method: method, Path: path, Right: r.right, About: docAbout(lang, r), Status: r.status}
	for _, name := range pathParameter.FindAllStringSubmatch(path, -1) {
		d.Parameters = append(d.Parameters, docParameter{name[1], "path", ""})
	}
	for _, p := range parameters()[r.pattern] {
		d.Parameters = append(d.Parameters, docParameter{p.name, p.in, p.about})
		d.List = d.List || p.name == "after"
	}
	d.Takes, d.TakesFields = docBody(r.takes)
	d.Gives, d.GivesFields = docBody(r.gives)
	d.Curl = curlOf(method, path, d.Takes)
	return d
}

// curlOf is an example of a call.
func curlOf(method, path, takes string) string {
	text := `curl -H "Authorization: Bearer $TOKEN"`
	if method != http.MethodGet {
		text += " -X " + method
	}
	if takes != "" {
		file := "body.json"
		switch {
		case strings.Contains(takes, "xml"):
			file = "warning.xml"
		case strings.Contains(takes, "csv"):
			file = "file.csv"
		}
		text += fmt.Sprintf(" \\\n  -H \"Content-Type: %s\" --data-binary @%s", takes, file)
	}
	place := pathParameter.ReplaceAllStringFunc(path, func(name string) string { return strings.ToUpper(strings.Trim(name, "{}")) })
	return text + " \\\n  \"$OFFICE" + place + "\""
}

// docs renders the page in a language.
func (c *Console) docs(lang string) ([]byte, error) {
	t, err := template.New("docs").Parse(docsHTML)
	if err != nil {
		return nil, fmt.Errorf("the page of the API: %w", err)
	}
	other := "zh"
	if lang == "zh" {
		other = "en"
	}
	page := docPage{Lang: lang, Other: other, T: docWords(lang), CSS: template.CSS(docsCSS), Groups: c.docGroups(lang), Codes: docCodes(lang)} //nolint:gosec // it is ours
	for _, s := range statuses() {
		page.Errors = append(page.Errors, docError{s.status, titleIn(lang, s.title)})
	}
	var b bytes.Buffer
	if err := t.Execute(&b, page); err != nil {
		return nil, fmt.Errorf("the page of the API: %w", err)
	}
	return b.Bytes(), nil
}

// documentation serves the page, in the language that ?lang= names or the browser prefers. It holds nothing of this office, so that a
// browser, which has no token to send, may read it.
func (c *Console) documentation() http.Handler {
	sum := sha256.Sum256([]byte(docsCSS))
	policy := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
	pages, failed := make(map[string][]byte), error(nil)
	for _, lang := range []string{"en", "zh"} {
		page, err := c.docs(lang)
		if err != nil {
			failed = err
		}
		pages[lang] = page
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if failed != nil {
			c.fail(w, r, failed)
			return
		}
		lang := tongueOf(r)
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Language", lang)
		h.Set("Content-Security-Policy", policy)
		h.Set("Referrer-Policy", "no-referrer")
		_, _ = w.Write(pages[lang])
	})
}
