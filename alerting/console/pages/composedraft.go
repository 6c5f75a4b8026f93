package pages

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"tocsin/alerting/audience"
	"tocsin/alerting/console"
	"tocsin/alerting/desk"
	"tocsin/cap"
)

// composedDraft is the draft that the page is about, and its document as far as it can be read.
func (q *request) composedDraft() (*desk.Draft, *cap.Alert, cap.Findings, error) {
	var d desk.Draft
	if err := q.get(q.api("drafts", q.r.PathValue("draft")), &d); err != nil {
		return nil, nil, nil, err
	}
	a, found := cap.Read(d.Document, cap.Options{MaxBytes: maxForm})
	if a == nil {
		return nil, nil, nil, found // the desk keeps nothing that cannot be read
	}
	if k := q.DraftKind(d); k != nil && k.ID == desk.KindPublicTest {
		q.kind = k.ID
	}
	return &d, a, found, nil
}

// open reports whether a draft may still be changed.
func openDraft(d *desk.Draft) bool {
	return slices.Contains([]desk.DraftState{desk.Drafted, desk.Submitted, desk.Returned}, d.State)
}

// unkeptPage is what is shown instead of the form where that would lose something.
type unkeptPage struct {
	Draft *desk.Draft
	Why   []string
}

func composeForm(q *request) error {
	d, a, found, err := q.composedDraft()
	if err != nil {
		return err
	}
	if !openDraft(d) {
		return q.goTo(q.At("drafts", d.ID), "")
	}
	if why := unkept(a, found, d.Document); len(why) > 0 && q.Query("form") != "anyway" {
		page := unkeptPage{Draft: d}
		for _, key := range why {
			page.Why = append(page.Why, q.T(key))
		}
		return q.show("compose/unkept", q.T("compose.unkept.title"), page)
	}
	return q.showForm(http.StatusOK, q.draw(q.valuesOf(a, d), q.saidBy(d.Findings, nil)), d, a)
}

// showForm shows the form with its previews.
func (q *request) showForm(status int, c *composing, d *desk.Draft, a *cap.Alert) error {
	c.Draft, c.References, c.MsgType = d, a.References, a.MsgType
	if c.Version == 0 {
		c.Version = d.Version
	}
	if kept := q.keptIn(a); len(kept) > 0 {
		c.Kept = kept
	}
	var err error
	if c.Units, c.View, err = q.unitOptions(); err != nil {
		return err
	}
	if c.Previews, err = q.previewsOf(d); err != nil {
		return err
	}
	return q.showAs(status, "compose/form", q.T("compose.form.title", (&draft{Draft: *d}).heading(q)), c)
}

// mostUnits is how many units the form offers; others are written as lines of the area.
const mostUnits = 500

// unitOptions are the units to pick from, and the box around all of them, "WEST,SOUTH,EAST,NORTH", where the map of the area opens; empty
// where no unit has an outline.
func (q *request) unitOptions() (out []Option, view string, err error) {
	var all []audience.UnitLine
	err = q.get("/api/units?limit="+strconv.Itoa(mostUnits), &all)
	if problem := (*Problem)(nil); errors.As(err, &problem) {
		return nil, "", nil // who may not see them writes their codes
	}
	var around []float64
	for _, u := range all {
		out = append(out, Option{Value: u.Code, Label: u.Name, Meaning: u.Code})
		around = boxAround(around, u.Bounds)
	}
	if around != nil {
		view = fmt.Sprintf("%g,%g,%g,%g", around[0], around[1], around[2], around[3])
	}
	return out, view, err
}

// boxAround is the box around two: west, south, east, north, in degrees. One that is no box is left out.
func boxAround(a, b []float64) []float64 {
	switch {
	case len(b) != 4:
		return a
	case len(a) != 4:
		return b
	}
	return []float64{min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])}
}

// FormName is what the form calls itself, so that what it saved last is known to be its own; the script gives it another name.
func (q *request) FormName() string {
	return cmp.Or(q.r.PostFormValue("form"), rand.Text())
}

// composeSave saves the form without a script, and does what the pressed button says besides.
func composeSave(q *request) error {
	d, base, _, err := q.composedDraft()
	if err != nil {
		return err
	}
	v := q.r.PostForm
	said := q.press(v)
	after, said, err := q.save(d, base, v, said, false)
	if err != nil {
		return q.unsaved(err, d, base, v, said)
	}
	if len(said) > 0 {
		a, _ := cap.Read(after.Document, cap.Options{MaxBytes: maxForm})
		return q.showForm(http.StatusBadRequest, q.draw(v, q.saidBy(after.Findings, said)), after, a)
	}
	next := q.At("compose", d.ID, "xml")
	switch v.Get("do") {
	case "submit":
		next = q.At("drafts", d.ID, "submit")
		return q.goTo(next, "")
	case "xml":
		return q.goTo(next, "")
	}
	return q.goTo(q.draftURL(d.ID, nil), "compose.saved")
}

// unsaved shows the form again with all that was typed.
func (q *request) unsaved(err error, d *desk.Draft, base *cap.Alert, v url.Values, said map[string][]Said) error {
	var problem *Problem
	if !errors.As(err, &problem) {
		return err
	}
	c := q.draw(v, q.saidBy(problem.Findings, said))
	c.Refused = problem.Error()
	if c.Conflict = isConflict(problem, d, v); c.Conflict {
		c.Version = d.Version // what saving again replaces, now that he knows of it
	}
	return q.showForm(problem.Status, c, d, base)
}

// isConflict reports whether a refusal came because somebody else has saved meanwhile: the draft has another version than the form.
func isConflict(p *Problem, d *desk.Draft, v url.Values) bool {
	return p.Status == http.StatusConflict && v.Get("version") != strconv.FormatInt(d.Version, 10)
}

// press does what a button of the form asks besides saving, on the values: a language more or less, a unit more.
func (q *request) press(v url.Values) map[string][]Said {
	do, what, _ := strings.Cut(v.Get("do"), "=")
	switch do {
	case "language":
		return q.addLanguage(v)
	case "remove":
		removeLanguage(v, what)
	case "unit":
		if code := strings.TrimSpace(v.Get("unit")); code != "" {
			v.Set("area", strings.TrimSpace(v.Get("area")+"\nunit "+code))
		}
	}
	return nil
}

func (q *request) addLanguage(v url.Values) map[string][]Said {
	tag, ok := cleanTag(v.Get("tag"))
	if !ok {
		return map[string][]Said{"tag": wrongIn(q.T("compose.language.wrong", v.Get("tag")))}
	}
	if slices.ContainsFunc(v["lang"], func(t string) bool { return strings.EqualFold(t, tag) }) {
		return map[string][]Said{"tag": wrongIn(q.T("compose.language.twice", q.LanguageName(tag)))}
	}
	v.Add("lang", tag)
	v.Del("tag")
	return nil
}

// removeLanguage takes a language out; those behind it move up. The last one stays.
func removeLanguage(v url.Values, tag string) {
	at := slices.Index(v["lang"], tag)
	if at < 0 || len(v["lang"]) == 1 {
		return
	}
	last := len(v["lang"]) - 1
	for _, w := range wordFields() {
		for n := at; n < last; n++ {
			v.Set(wordName(w.name, n), v.Get(wordName(w.name, n+1)))
		}
		v.Del(wordName(w.name, last))
	}
	v["lang"] = slices.Delete(slices.Clone(v["lang"]), at, at+1)
}

// save puts what the form says in the place of the version that it was drawn from. Said is what could not be read: that keeps its old
// value, and the rest is saved. Itself: nobody pressed a button.
func (q *request) save(d *desk.Draft, base *cap.Alert, v url.Values, said map[string][]Said, itself bool) (*desk.Draft, map[string][]Said, error) {
	r := &formReader{q: q, v: v, said: said}
	a := r.alert(base, q.p.Now())
	order := r.order(d)
	header := http.Header{"If-Match": {strconv.Quote(v.Get("version"))}}
	if itself {
		header.Set("Tocsin-Autosave", "1")
	}
	if form := v.Get("form"); form != "" {
		header.Set(console.FormHeader, form)
	}
	var after desk.Draft
	_, err := q.ask(call{method: http.MethodPut, path: q.api("drafts", d.ID) + "?" + order.Encode(), text: cap.WriteDraft(a), media: capMedia, header: header}, &after)
	return &after, r.said, err
}

func composePreviews(q *request) error {
	d, _, _, err := q.composedDraft()
	if err != nil {
		return err
	}
	p, err := q.previewsOf(d)
	if err != nil {
		return err
	}
	return q.fragment("compose/form", "previews", p)
}

// xmlPage is the document as text.
type xmlPage struct {
	Draft   *desk.Draft
	Version int64
	Text    *Field
	Refused string
}

func composeXML(q *request) error {
	d, _, _, err := q.composedDraft()
	if err != nil {
		return err
	}
	return q.showXML(http.StatusOK, d, string(d.Document), saidOf(d.Findings), "")
}

func (q *request) showXML(status int, d *desk.Draft, text string, said []Said, refused string) error {
	page := xmlPage{Draft: d, Version: d.Version, Refused: refused,
		Text: &Field{Name: "document", Label: q.T("compose.xml.text"), Type: "textarea", Rows: 24, Value: text, Said: said}}
	return q.showAs(status, "compose/xml", q.T("compose.xml.title", d.Title), page)
}

func composeSaveXML(q *request) error {
	d, _, _, err := q.composedDraft()
	if err != nil {
		return err
	}
	text := q.r.PostFormValue("document")
	_, err = q.ask(call{method: http.MethodPut, path: q.api("drafts", d.ID) + "?" + orderOf(d).Encode(), text: []byte(text), media: capMedia,
		header: http.Header{"If-Match": {strconv.Quote(q.form("version"))}}}, nil)
	if problem := (*Problem)(nil); errors.As(err, &problem) {
		return q.showXML(problem.Status, d, text, problem.said(), problem.Title)
	}
	if err != nil {
		return err
	}
	return q.goTo(q.At("compose", d.ID, "xml"), "compose.saved")
}
