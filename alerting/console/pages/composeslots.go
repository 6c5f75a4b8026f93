package pages

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"tocsin/alerting"
	"tocsin/alerting/console"
	"tocsin/alerting/console/pages/areatext"
	"tocsin/alerting/desk"
	"tocsin/alerting/template"
)

// slotted is a template as far as its page shows it.
type slotted struct {
	ID    string `json:"id"`
	About string `json:"about"`
	// AboutIn is About in each language, where the template has it.
	AboutIn map[string]string `json:"about_in"`
	// Expires is the slot that says when the warning ends; left empty, it ends after Validity.
	Expires  string          `json:"expires"`
	Validity string          `json:"validity"`
	Slots    []template.Slot `json:"slots"`
	Texts    []slottedText   `json:"texts"`
}

// slottedText is what a template says in a language, as far as its page shows it.
type slottedText struct {
	Language string `json:"language"`
	Event    string `json:"event"`
}

// Name is what the reader's language, or else the first, calls the danger.
func (t *slotted) Name(lang string) string {
	for i := range t.Texts {
		if speaks(t.Texts[i].Language, lang) {
			return t.Texts[i].Event
		}
	}
	if len(t.Texts) > 0 {
		return t.Texts[0].Event
	}
	return t.ID
}

func (t *slotted) languages() []string {
	out := make([]string, len(t.Texts))
	for i := range t.Texts {
		out[i] = t.Texts[i].Language
	}
	return out
}

// filling is the page of a template.
type filling struct {
	*slotted
	Parts []slotPart
	Note  *Field
	// Update is the alert that is to be updated, and Title its headline; empty for a new warning.
	Update, Title string
	Refused       string
	Rest          []Said
	// Approvals: the office demands them, so that what is made here may be submitted at once; Password signs it, for whoever has a key.
	Approvals   bool
	Password    *Field
	Previews    *previews
	Tiles, View string
}

// EditorWords are the words of the area editor, as JSON.
func (q *request) EditorWords() string { return jsonText(areatext.EditorWords(q.Lang)) }

// AreaReader is where text of an area is read that is not in lines of ours.
func (q *request) AreaReader() string { return q.At("compose", "area") }

// readArea answers the area editor.
func readArea(q *request) error {
	areatext.Answer(q.w, q.r, q.Lang)
	return nil
}

// unitOutlines gives the area editor the units to click on, those of ?box= or the first; a header Link says that there are more.
func unitOutlines(q *request) error {
	query := url.Values{"limit": {strconv.Itoa(mostUnits)}}
	if box := q.form("box"); box != "" {
		query.Set("box", box)
	}
	var text []byte
	header, err := q.ask(call{method: http.MethodGet, path: "/api/units/outlines?" + query.Encode()}, &text)
	if err != nil {
		return err
	}
	if link := header.Get("Link"); link != "" {
		q.w.Header().Set("Link", link)
	}
	q.w.Header().Set("Content-Type", "application/geo+json")
	_, _ = q.w.Write(text) // the reader may be gone
	return nil
}

// slotPart is one slot: its fields, one for each language where it has words, and the units to choose instead.
type slotPart struct {
	Name, About string
	Fields      []*Field
	Unit        *Field
	// Area: the field is that of an area, with the editor around it.
	Area bool
}

// slotName is the name of a slot's field; with a language it is that of its words in it.
func slotName(slot, lang string) string {
	if lang == "" {
		return "slot." + slot
	}
	return "slot." + slot + "." + lang
}

func unitName(slot string) string { return "unit." + slot }

func (q *request) slotted() (*slotted, error) {
	var t slotted
	err := q.get("/api/templates/"+url.PathEscape(q.id()), &t)
	t.About = q.about(t.About, t.AboutIn)
	return &t, err
}

func slotsPage(q *request) error {
	t, err := q.slotted()
	if err != nil {
		return err
	}
	return q.showSlots(http.StatusOK, t, &filling{}, nil)
}

// showSlots draws the page from what was sent; said is what is wrong with a slot.
func (q *request) showSlots(status int, t *slotted, page *filling, said map[string][]Said) error {
	units, view, err := q.unitOptions()
	if err != nil {
		return err
	}
	page.slotted, page.Tiles, page.View, page.Update = t, q.p.Tiles, view, q.form("update")
	if page.Update != "" {
		if page.Title, err = q.alertTitle(page.Update); err != nil {
			return err
		}
	}
	if err := q.mayLaunch(page); err != nil {
		return err
	}
	for i := range t.Slots {
		page.Parts = append(page.Parts, q.drawSlot(t, &t.Slots[i], said[t.Slots[i].Name], units))
	}
	if q.World != string(alerting.Actual) {
		page.Note = &Field{Name: "note", Label: q.T("compose.field.note"), Hint: q.hint("note"), Value: q.form("note")}
	}
	return q.showAs(status, "compose/slots", t.Name(q.Lang), page)
}

func (q *request) drawSlot(t *slotted, s *template.Slot, said []Said, units []Option) slotPart {
	part := slotPart{Name: s.Name, About: q.about(s.About, s.AboutIn)}
	field := func(lang, kind, hint string) *Field {
		name := slotName(s.Name, lang)
		f := &Field{Name: name, Label: q.slotLabel(s), Hint: q.slotHint(s, lang, hint), Type: kind, Value: q.r.FormValue(name), Language: lang, Required: s.Default == nil && s.Name != t.Expires && q.form("update") == ""}
		if len(part.Fields) == 0 {
			f.Said = said
		}
		part.Fields = append(part.Fields, f)
		return f
	}
	switch s.Type {
	case template.TypeText, template.TypePlace:
		for n, lang := range t.languages() {
			f := field(lang, "text", "")
			if len(t.Texts) > 1 {
				f.Label = q.T("compose.slots.in", q.slotLabel(s), q.languageAmong(lang, t.languages()))
			}
			// One text may do for all, and a unit for a place.
			f.Required = f.Required && n == 0 && (s.Type == template.TypeText || len(units) == 0)
		}
		if s.Type == template.TypePlace && len(units) > 0 {
			part.Unit = &Field{Name: unitName(s.Name), Label: q.T("compose.slots.unit"), Type: "select", Value: q.form(unitName(s.Name)), Options: append([]Option{{Label: "–"}}, units...)}
		}
	case template.TypeTime:
		hint := q.T("compose.slots.time")
		if s.Name == t.Expires {
			hint += " · " + q.T("compose.slots.default", "+"+t.Validity)
		}
		field("", "text", hint)
	case template.TypeNumber:
		field("", "text", "").Mode = "decimal"
	case template.TypeChoice:
		f := field("", "select", "")
		f.Options = q.slotOptions(s)
	case template.TypeArea:
		f := field("", "textarea", q.T("compose.slots.area"))
		f.Rows, part.Area, f.Required = 3, true, false
	}
	return part
}

// fillSlots fills the template, and shows it or makes a draft of it. The update of an alert goes the way of the API for it, at once.
func fillSlots(q *request) error {
	t, err := q.slotted()
	if err != nil {
		return err
	}
	values, said := q.values(t)
	if len(said) > 0 {
		return q.showSlots(http.StatusBadRequest, t, &filling{}, said)
	}
	if update := q.form("update"); update != "" {
		return q.updateFilled(t, update, values)
	}
	body := map[string]any{"values": values, "status": q.status()}
	if note := q.form("note"); note != "" {
		body["note"] = note
	}
	var filled console.Filled
	if err := q.post("/api/templates/"+url.PathEscape(t.ID)+"/fill", body, &filled); err != nil {
		return q.unfilled(t, err)
	}
	order := url.Values{"group": filled.Order.Groups}
	for _, ch := range filled.Order.Channels {
		order.Add("channel", string(ch))
	}
	if q.form("do") == "preview" {
		p, err := q.previewsAs([]byte(filled.Document), order)
		if err != nil {
			return err
		}
		return q.showSlots(http.StatusOK, t, &filling{Previews: p}, nil)
	}
	var d desk.Draft
	header := http.Header{}
	if filled.Filled != "" {
		header.Set("Tocsin-Filled", filled.Filled)
	}
	if _, err := q.ask(call{method: http.MethodPost, path: q.api("drafts") + "?" + order.Encode(), text: []byte(filled.Document), media: capMedia, header: header}, &d); err != nil {
		return q.unfilled(t, err)
	}
	switch q.form("do") {
	case "write":
		return q.goTo(q.At("compose", d.ID), "compose.made")
	case "submit":
		return q.launch(&d)
	}
	return q.goTo(q.At("drafts", d.ID, "submit"), "compose.made")
}

// updateFilled issues the update of an alert from its template; where the office wants approvals it becomes a draft.
func (q *request) updateFilled(t *slotted, update string, values map[string]any) error {
	body := map[string]any{"values": values}
	if note := q.form("note"); note != "" {
		body["note"] = note
	}
	var answer struct {
		Alert alerting.AlertID `json:"alert"`
		Draft string           `json:"draft"`
	}
	if err := q.post(q.api("alerts", update, "template-update"), body, &answer); err != nil {
		return q.unfilled(t, err)
	}
	if answer.Draft != "" {
		return q.goTo(q.At("drafts", answer.Draft), "compose.made")
	}
	return q.goTo(q.At("alerts", answer.Alert.String()), "")
}

// unfilled shows the page again, with each fault beside its slot where it names one.
func (q *request) unfilled(t *slotted, err error) error {
	var problem *Problem
	if !errors.As(err, &problem) || problem.Status >= http.StatusInternalServerError {
		return err
	}
	page, said := &filling{Refused: problem.Title}, make(map[string][]Said)
	for line := range strings.Lines(problem.Detail) {
		slot, text := slotIn(t, strings.TrimSpace(line))
		if slot == "" {
			page.Rest = append(page.Rest, Said{Level: "error", Text: text})
			continue
		}
		said[slot] = append(said[slot], Said{Level: "error", Text: text})
	}
	page.Rest = append(page.Rest, saidOf(problem.Findings)...)
	return q.showSlots(problem.Status, t, page, said)
}

// slotIn is the slot that a line of a refusal speaks of, and what it says of it; a line of no slot is given whole.
func slotIn(t *slotted, line string) (slot, text string) {
	for i := range t.Slots {
		name := t.Slots[i].Name
		for _, before := range []string{"slot " + name + ": ", "填写项 " + name + "："} {
			if _, text, found := strings.Cut(line, before); found {
				return name, text
			}
		}
	}
	return "", line
}
