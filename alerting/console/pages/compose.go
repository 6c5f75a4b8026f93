package pages

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"tocsin/alerting"
	"tocsin/alerting/console"
	"tocsin/alerting/desk"
	"tocsin/cap"
)

// composeRoutes are where warnings are written.
func (p *Pages) composeRoutes() []route {
	return []route{
		{pattern: "GET /{world}/compose", answer: composeStart},
		{pattern: "POST /{world}/compose", answer: composeBegin},
		{pattern: "POST /{world}/compose/area", answer: readArea},
		{pattern: "GET /office/units/outlines", answer: unitOutlines},
		{pattern: "GET /{world}/compose/{draft}", answer: composeForm},
		{pattern: "POST /{world}/compose/{draft}", answer: composeSave},
		{pattern: "POST /{world}/compose/{draft}/autosave", answer: composeAutosave},
		{pattern: "GET /{world}/compose/{draft}/previews", answer: composePreviews},
		{pattern: "GET /{world}/compose/{draft}/xml", answer: composeXML},
		{pattern: "POST /{world}/compose/{draft}/xml", answer: composeSaveXML},
		{pattern: "GET /{world}/templates/{id}", answer: slotsPage},
		{pattern: "POST /{world}/templates/{id}", answer: fillSlots},
	}
}

// starting is the page on which one chooses how to begin.
type starting struct {
	Templates []console.Prepared
	Broken    []string
	// Grid has the templates by hazard and severity.
	Grid       []hazardLine
	Severities []cap.Severity
	Languages  *Field
	Text       *Field
	// Update is the alert that is to be updated; Filled the template that it came from.
	Update string
	Title  string
}

// hazardLine are the templates of one hazard, a list for each severity.
type hazardLine struct {
	Hazard string
	Cells  [][]prepared
}

// prepared is a template under the name of its event in the reader's language, or in its first one.
type prepared struct {
	console.Prepared
	Name, Language string
}

func composeStart(q *request) error { return q.showStart(http.StatusOK, nil) }

// showStart shows the ways to begin. Said is what was wrong with a document.
func (q *request) showStart(status int, said []Said) error {
	s := &starting{Severities: severities(), Update: q.form("update"),
		Text: &Field{Name: "document", Label: q.T("compose.paste.text"), Type: "textarea", Rows: 6, Value: q.r.FormValue("document"), Said: said}}
	chosen := q.r.Form["in"]
	if len(chosen) == 0 {
		chosen = writtenIn()
	}
	s.Languages = &Field{Name: "in", Label: q.T("compose.blank.languages"), Type: "checkboxes", Values: chosen}
	for _, tag := range writtenIn() {
		s.Languages.Options = append(s.Languages.Options, Option{Value: tag, Label: q.LanguageName(tag)})
	}
	all, err := q.preparedList()
	if err != nil {
		return err
	}
	s.Templates = all.Templates
	for _, b := range all.Broken {
		s.Broken = append(s.Broken, q.T("compose.templates.broken", b.File, b.Error()))
	}
	s.Grid = q.grid(s.Templates)
	if s.Update != "" {
		if s.Title, err = q.alertTitle(s.Update); err != nil {
			return err
		}
	}
	return q.showAs(status, "compose/start", q.T("compose.title"), s)
}

// everyPrepared are all templates, said in the reader's language; none where no folder of them is configured.
func (q *request) everyPrepared() (all console.PreparedList, err error) {
	err = q.get("/api/templates", &all)
	if problem := (*Problem)(nil); errors.As(err, &problem) && problem.Status == http.StatusNotFound {
		return console.PreparedList{}, nil
	}
	for i := range all.Templates {
		all.Templates[i].About = q.about(all.Templates[i].About, all.Templates[i].AboutIn)
	}
	return all, err
}

// preparedList are the templates for the page's world.
func (q *request) preparedList() (console.PreparedList, error) {
	all, err := q.everyPrepared()
	all.Templates = slices.DeleteFunc(all.Templates, func(t console.Prepared) bool { return !slices.Contains(t.Statuses, q.status()) })
	return all, err
}

// grid sorts templates by hazard and severity.
func (q *request) grid(all []console.Prepared) []hazardLine {
	var out []hazardLine
	for _, t := range all {
		name := q.p.events.Name(t.Hazard, q.Lang)
		at := slices.IndexFunc(out, func(l hazardLine) bool { return l.Hazard == name })
		if at < 0 {
			out, at = append(out, hazardLine{name, make([][]prepared, len(severities()))}), len(out)
		}
		if column := slices.Index(severities(), t.Severity); column >= 0 {
			out[at].Cells[column] = append(out[at].Cells[column], q.prepared(t))
		}
	}
	return out
}

// prepared names a template.
func (q *request) prepared(t console.Prepared) prepared {
	p := prepared{Prepared: t, Name: t.ID}
	for _, tag := range t.Languages {
		if speaks(tag, q.Lang) {
			return prepared{t, t.Events[tag], tag}
		}
	}
	if len(t.Languages) > 0 {
		p.Language = t.Languages[0]
		p.Name = t.Events[p.Language]
	}
	return p
}

// status is that of documents in the page's world.
func (q *request) status() cap.Status {
	switch alerting.World(q.World) {
	case alerting.Exercise:
		return cap.StatusExercise
	case alerting.Test:
		return cap.StatusTest
	}
	return cap.StatusActual
}

// alertTitle is the headline of an alert.
func (q *request) alertTitle(id string) (string, error) {
	a, _, err := q.issued(id)
	if err != nil {
		return "", err
	}
	return titleOf(a), nil
}

// titleOf names an alert in a line: headline, event, or identifier.
func titleOf(a *cap.Alert) string {
	for i := range a.Infos {
		if title := cmp.Or(a.Infos[i].Headline, a.Infos[i].Event); title != "" {
			return title
		}
	}
	return a.Identifier
}

// issued is the document of an alert.
func (q *request) issued(id string) (*cap.Alert, []byte, error) {
	var document []byte
	if err := q.get(q.api("alerts", id, "document"), &document); err != nil {
		return nil, nil, err
	}
	a, found := cap.Read(document, cap.Options{MaxBytes: maxForm})
	if a == nil {
		return nil, nil, fmt.Errorf("the document of alert %s: %w", id, found)
	}
	return a, document, nil
}

// composeBegin makes a draft: blank, of a document, or as an update.
func composeBegin(q *request) error {
	var document []byte
	var err error
	switch q.form("do") {
	case "document":
		var said []Said
		if document, said, err = q.document(); len(said) > 0 {
			return q.showStart(http.StatusBadRequest, said)
		}
	case "update":
		document, err = q.updateOf(q.form("update"))
	default:
		document, err = q.blank()
	}
	if err != nil {
		return err
	}
	var d desk.Draft
	_, err = q.ask(call{method: http.MethodPost, path: q.api("drafts"), text: document, media: capMedia}, &d)
	if problem := (*Problem)(nil); errors.As(err, &problem) && q.form("do") == "document" {
		return q.showStart(problem.Status, problem.said())
	}
	if err != nil {
		return err
	}
	return q.goTo(q.At("compose", d.ID), "compose.made")
}

// said is a refusal as remarks: its findings, or itself.
func (p *Problem) said() []Said {
	if len(p.Findings) > 0 {
		return saidOf(p.Findings)
	}
	return wrongIn(cmp.Or(p.Detail, p.Title))
}

// document is what was pasted, or the file that was chosen.
func (q *request) document() ([]byte, []Said, error) {
	if f, _, err := q.r.FormFile("file"); err == nil {
		defer func() { _ = f.Close() }()
		if text, err := io.ReadAll(f); err != nil || len(text) > 0 {
			return text, nil, err
		}
	}
	if text := q.form("document"); text != "" {
		return []byte(text), nil, nil
	}
	return nil, wrongIn(q.T("compose.paste.none")), nil
}

// blank is a document with nothing in it but who writes it, in which world and languages.
func (q *request) blank() ([]byte, error) {
	a, err := q.newAlert()
	if err != nil {
		return nil, err
	}
	tags := q.r.Form["in"]
	if len(tags) == 0 {
		tags = writtenIn()
	}
	for _, tag := range tags {
		if _, err := language.Parse(tag); err != nil {
			return nil, &Problem{Status: http.StatusBadRequest, Title: q.T("compose.language.wrong", tag)}
		}
		a.Infos = append(a.Infos, cap.Info{Language: tag, Expires: a.Sent.Add(6 * time.Hour), SenderName: q.p.Office})
	}
	return cap.WriteDraft(a), nil
}

// newAlert is an alert of ours with a name of its own.
func (q *request) newAlert() (*cap.Alert, error) {
	now := q.p.Now().In(q.p.zone()).Truncate(time.Second)
	identifier, err := q.p.Identifier(now)
	if err != nil {
		return nil, fmt.Errorf("make an identifier: %w", err)
	}
	return &cap.Alert{Identifier: identifier, Sender: q.p.Sender, Sent: now, Status: q.status(), MsgType: cap.MsgAlert, Scope: cap.ScopePublic}, nil
}

// updateOf is an update of an alert that says the same, for as long again.
func (q *request) updateOf(id string) ([]byte, error) {
	old, _, err := q.issued(id)
	if err != nil {
		return nil, err
	}
	a, err := q.newAlert()
	if err != nil {
		return nil, err
	}
	next := *old
	next.Identifier, next.Sender, next.Sent, next.MsgType = a.Identifier, a.Sender, a.Sent, cap.MsgUpdate
	next.References = append(slices.Clone(old.References), cap.Reference{Sender: old.Sender, Identifier: old.Identifier, Sent: old.Sent})
	next.Infos = slices.Clone(old.Infos)
	for i := range next.Infos {
		info := &next.Infos[i]
		if !info.Expires.IsZero() {
			info.Expires = a.Sent.Add(info.Expires.Sub(old.Sent))
		}
		info.Effective = time.Time{} // the update holds at once
	}
	return cap.WriteDraft(&next), nil
}

// draftURL is the address of a draft's form, with its query.
func (q *request) draftURL(id string, query url.Values) string {
	path := q.At("compose", id)
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path
}

// cleanTag is the tag of a language that somebody typed; ok is false for what is none.
func cleanTag(text string) (string, bool) {
	tag, err := language.Parse(strings.TrimSpace(text))
	return strings.TrimSpace(text), err == nil && tag != language.Und
}
