package pages

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"

	"tocsin/alerting/desk"
	"tocsin/cap"
)

// composing is the page of the form.
type composing struct {
	Draft *desk.Draft
	// Version is what the form was drawn from, and what saving replaces.
	Version int64
	Note    *Field
	// What all languages have in common.
	Categories, Responses, Urgency, Severity, Certainty *Field
	Onset, Holds, Expires                               *Field
	Area                                                *Field
	Channels, People, Groups                            *Field
	Languages                                           []languageForm
	AddLanguage                                         *Field
	Units                                               []Option
	// Rest are findings of no field, and Kept what the form keeps without showing it.
	Rest []Said
	Kept []string
	// References are the alerts that this one updates or cancels.
	References []cap.Reference
	MsgType    cap.MsgType
	// Refused says why nothing was saved; Conflict that somebody else has saved meanwhile.
	Refused  string
	Conflict bool
	Previews *previews
	// Tiles is the address of map tiles, and View where the map of the area opens.
	Tiles, View string
}

// languageForm are the words of one language.
type languageForm struct {
	N         int
	Tag, Name string
	Fields    []*Field
	// Only: it is the last one, and stays.
	Only bool
}

// draw makes the fields from the values of a form, with what is said of each.
func (q *request) draw(v url.Values, said map[string][]Said) *composing {
	field := func(name, kind string, options []Option) *Field {
		return &Field{Name: name, Label: q.T("compose.field." + name), Hint: q.hint(name), Type: kind, Options: options, Value: v.Get(name), Values: v[name], Said: said[name]}
	}
	c := &composing{Note: field("note", "text", nil),
		Categories: field("category", "checkboxes", choices(q, "category", cap.Categories())), Responses: field("response", "checkboxes", choices(q, "response", cap.ResponseTypes())),
		Urgency: field("urgency", "radio", choices(q, "urgency", urgencies())), Severity: field("severity", "radio", choices(q, "severity", severities())),
		Certainty: field("certainty", "radio", choices(q, "certainty", certainties())), Onset: field("onset", "datetime-local", nil),
		Holds: field("holds", "select", q.holdsOptions()), Expires: field("expires", "datetime-local", nil), Area: field("area", "textarea", nil),
		Channels: field("channel", "checkboxes", q.channelOptions()), People: field("people", "textarea", nil), Groups: field("groups", "textarea", nil), Rest: said["rest"],
		AddLanguage: &Field{Name: "tag", Label: q.T("compose.language.tag"), Hint: q.T("compose.language.hint"), Value: v.Get("tag"), Said: said["tag"]}, Tiles: q.p.Tiles}
	c.Area.Rows, c.People.Rows, c.Groups.Rows = 4, 2, 2
	for n, tag := range v["lang"] {
		c.Languages = append(c.Languages, q.drawLanguage(v, said, n, tag))
	}
	return c
}

func (q *request) drawLanguage(v url.Values, said map[string][]Said, n int, tag string) languageForm {
	out := languageForm{N: n, Tag: tag, Name: q.LanguageName(tag), Only: len(v["lang"]) == 1}
	for _, w := range wordFields() {
		name := wordName(w.name, n)
		f := &Field{Name: name, Label: q.T("compose.field." + w.name), Hint: q.hint(w.name), Value: v.Get(name), Language: tag, Rows: w.rows, Said: said[name]}
		if w.rows > 0 {
			f.Type = "textarea"
		}
		if w.name == "web" {
			f.Mode = "url"
		}
		out.Fields = append(out.Fields, f)
	}
	return out
}

// hint says how to fill in a field; empty where its label says enough.
func (q *request) hint(field string) string {
	if !q.p.words.has("compose.hint." + field) {
		return ""
	}
	return q.T("compose.hint." + field)
}

// infoPath is the path of a finding in an info: its number, the element below it, and the rest.
var infoPath = regexp.MustCompile(`^alert/info\[(\d+)\](?:/([A-Za-z]+)(?:\[(\d+)\])?(?:/([A-Za-z]+))?)?`)

// fieldOf is the field that a finding of this path stands beside; "rest" where the form has none.
func fieldOf(path string) string {
	if path == "alert/note" {
		return "note"
	}
	m := infoPath.FindStringSubmatch(path)
	if m == nil {
		return "rest"
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return "rest"
	}
	element := m[2]
	if element == "area" && m[4] == "areaDesc" && (m[3] == "" || m[3] == "1") {
		return wordName("place", n-1)
	}
	if name, shared := sharedElements()[element]; shared {
		return name
	}
	for _, w := range wordFields() {
		if w.path == element {
			return wordName(w.name, n-1)
		}
	}
	return "rest"
}

// sharedElements are the elements of info that the form has once, and their fields.
func sharedElements() map[string]string {
	return map[string]string{"category": "category", "responseType": "response", "urgency": "urgency", "severity": "severity", "certainty": "certainty",
		"onset": "onset", "expires": "expires", "area": "area"}
}

// saidBy puts findings beside their fields. What all languages have in common is said once.
func (q *request) saidBy(found cap.Findings, into map[string][]Said) map[string][]Said {
	if into == nil {
		into = make(map[string][]Said)
	}
	for _, f := range found {
		name := fieldOf(f.Path)
		one := saidOf(cap.Findings{f})[0]
		if name == "rest" && f.Path != "alert" {
			one.Text = fmt.Sprintf("%s (%s)", one.Text, f.Path)
		}
		if !slices.ContainsFunc(into[name], func(s Said) bool { return s.Text == one.Text }) {
			into[name] = append(into[name], one)
		}
	}
	return into
}

// keptIn are the things that a document has and the form does not show: they stay as they are.
func (q *request) keptIn(a *cap.Alert) []string {
	var parameters, resources, areas, codes int
	effective := false
	for i := range a.Infos {
		info := &a.Infos[i]
		parameters, resources, codes = parameters+len(info.Parameters), resources+len(info.Resources), codes+len(info.EventCodes)
		areas += max(len(info.Areas)-1, 0)
		effective = effective || !info.Effective.IsZero()
	}
	var out []string
	for key, n := range map[string]int{"compose.kept.parameters": parameters, "compose.kept.resources": resources, "compose.kept.areas": areas, "compose.kept.codes": codes} {
		if n > 0 {
			out = append(out, q.N(key, int64(n)))
		}
	}
	if effective {
		out = append(out, q.T("compose.kept.effective"))
	}
	slices.Sort(out)
	return out
}
