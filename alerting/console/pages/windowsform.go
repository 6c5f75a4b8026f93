package pages

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/console/pages/areatext"
	"tocsin/alerting/desk"
	"tocsin/cap"
)

// proposing is the form of a proposal.
type proposing struct {
	Name, Note, From, Until    *Field
	Channels, Area             *Field
	Programme, Seconds, Groups *Field
	Units                      []Option
	Tiles, View                string
	Refused                    *refusal
}

func proposePage(q *request) error { return q.showProposing(http.StatusOK, nil, nil) }

// showProposing shows the form with what was typed. Said is what is wrong, by field.
func (q *request) showProposing(status int, said map[string][]Said, refused *refusal) error {
	field := func(name, kind string) *Field {
		return &Field{Name: name, Label: q.T("windows.field." + name), Hint: q.T("windows.hint." + name), Type: kind, Value: q.r.FormValue(name), Values: q.r.Form[name],
			Said: said[name]}
	}
	p := &proposing{Name: field("name", "text"), Note: field("note", "textarea"), From: field("from", "datetime-local"), Until: field("until", "datetime-local"),
		Channels: field("channel", "checkboxes"), Area: field("area", "textarea"), Programme: field("programme", "select"), Seconds: field("seconds", "number"),
		Groups: field("groups", "textarea"), Tiles: q.p.Tiles, Refused: refused}
	p.Name.Required, p.Name.Max, p.Name.Autocomplete = true, 64, "off"
	p.From.Required, p.Until.Required, p.Area.Required = true, true, true
	p.Note.Rows, p.Note.Max, p.Area.Rows, p.Groups.Rows = 2, 500, 4, 2
	zone := q.p.zone().String()
	p.From.Hint = q.T("windows.hint.from", zone)
	p.Channels.Options = q.channelOptions()
	p.Programme.Options = []Option{{Label: "–"}}
	for _, tone := range alerting.TestTones() {
		p.Programme.Options = append(p.Programme.Options, Option{Value: tone, Label: q.T("windows.tone." + tone)})
	}
	var err error
	if p.Units, p.View, err = q.unitOptions(); err != nil {
		return err
	}
	return q.showAs(status, "windows/propose", q.T("windows.propose"), p)
}

// proposeWindow hands a proposal in; its proposer signs it on its page, like everybody.
func proposeWindow(q *request) error {
	if q.form("do") == "unit" {
		if code := q.form("unit"); code != "" {
			q.r.Form.Set("area", strings.TrimSpace(q.r.FormValue("area")+"\nunit "+code))
		}
		return q.showProposing(http.StatusOK, nil, nil)
	}
	w, said := q.windowOf()
	if len(said) > 0 {
		return q.showProposing(http.StatusBadRequest, said, &refusal{Title: q.T("windows.unproposed"), What: q.T("windows.see")})
	}
	var made desk.Window
	err := q.post("/api/windows/propose", w, &made)
	if problem := asProblem(err); problem != nil && problem.Status == http.StatusConflict {
		return q.showProposing(problem.Status, map[string][]Said{"name": wrongIn(q.T("windows.taken", w.ID))}, &refusal{Title: q.T("windows.unproposed")})
	}
	if err != nil {
		return q.orAgain(err, q.T("windows.unproposed"), func(status int, r *refusal) error { return q.showProposing(status, nil, r) })
	}
	return q.goTo(q.At("windows", made.ID), "windows.proposed")
}

// windowOf reads the form, with what is wrong by field. What the API says of the rest stands above the form.
func (q *request) windowOf() (alerting.TestWindow, map[string][]Said) {
	said := make(map[string][]Said)
	wrong := func(field, text string) { said[field] = append(said[field], wrongIn(text)...) }
	w := alerting.TestWindow{ID: q.form("name"), Note: q.form("note")}
	if w.ID == "" {
		wrong("name", q.T("windows.wrong.name"))
	}
	moment := func(name string) time.Time {
		at, err := time.ParseInLocation(localTime, q.form(name), q.p.zone())
		if err != nil {
			wrong(name, q.T("windows.wrong.time"))
		}
		return at.UTC()
	}
	w.From, w.Until = moment("from"), moment("until")
	if len(said["from"])+len(said["until"]) == 0 {
		switch {
		case !w.Until.After(w.From), w.Until.Sub(w.From) > alerting.MaxWindow:
			wrong("until", q.T("windows.wrong.until", int(alerting.MaxWindow/time.Hour)))
		case !w.Until.After(q.p.Now()):
			wrong("until", q.T("windows.wrong.past"))
		}
	}
	siren := false
	for _, ch := range q.r.Form["channel"] {
		w.Channels = append(w.Channels, alerting.Channel(ch))
		siren = siren || alerting.Channel(ch) == alerting.Siren
	}
	if len(w.Channels) == 0 {
		wrong("channel", q.T("windows.wrong.channel"))
	}
	q.areaOf(&w, wrong)
	if siren {
		w.Programme, w.Groups = q.form("programme"), lines(q.r.FormValue("groups"))
		w.Seconds, _ = strconv.Atoi(q.form("seconds")) // 0 is said below
		if w.Programme == "" {
			wrong("programme", q.T("windows.wrong.programme"))
		}
		if most := int(alerting.MaxTone / time.Second); w.Seconds < 1 || w.Seconds > most {
			wrong("seconds", q.T("windows.wrong.seconds", most))
		}
	}
	return w, said
}

// areaOf reads the area. A window has no circles: its area must hold every area of a test, and that is asked of polygons.
func (q *request) areaOf(w *alerting.TestWindow, wrong func(field, text string)) {
	area, faults := areatext.Read(q.r.FormValue("area"))
	for _, f := range faults {
		wrong("area", f.In(q.Lang))
	}
	if len(area.Circles) > 0 {
		wrong("area", q.T("windows.wrong.circle"))
	}
	for _, p := range area.Polygons {
		var ring [][2]float64
		for _, at := range p {
			ring = append(ring, [2]float64{at.Lat, at.Lon})
		}
		w.Polygons = append(w.Polygons, ring)
	}
	for _, code := range area.Geocodes {
		w.Codes = append(w.Codes, code.Name+"="+code.Value)
	}
	if len(faults) == 0 && len(area.Polygons)+len(area.Geocodes)+len(area.Circles) == 0 {
		wrong("area", q.T("windows.wrong.area"))
	}
}

// unitOf is a code of a window as a message has it; false for one that stands for many.
func unitOf(code string) (cap.Value, bool) {
	name, value, ok := strings.Cut(code, "=")
	return cap.Value{Name: name, Value: value}, ok && !strings.HasSuffix(value, "*")
}

// blankIn is a document with nothing in it but an area, in the languages that new ones begin with.
func (q *request) blankIn(area *cap.Area) ([]byte, error) {
	a, err := q.newAlert()
	if err != nil {
		return nil, err
	}
	a.Note = q.T("windows.area.of", q.r.PathValue("id"))
	for _, tag := range writtenIn() {
		a.Infos = append(a.Infos, cap.Info{Language: tag, Expires: a.Sent.Add(time.Hour), SenderName: q.p.Office, Areas: []cap.Area{*area}})
	}
	return cap.WriteDraft(a), nil
}
