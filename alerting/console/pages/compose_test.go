package pages

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/alerting/desk"
	"tocsin/alerting/template"
	"tocsin/cap"
)

// asker is somebody who asks for a page, in English and in the world actual. Nobody answers what it would ask of the API.
func asker(t *testing.T, form url.Values) *request {
	t.Helper()
	p := &Pages{Office: "Office", Sender: "office@warn.example", Zone: time.FixedZone("", 8*3600)}
	var err error
	if p.words, err = readWords(); err != nil {
		t.Fatal(err)
	}
	if p.templates, err = readTemplates(); err != nil {
		t.Fatal(err)
	}
	p.Now = func() time.Time { return time.Date(2026, 3, 1, 4, 0, 0, 5, time.UTC) }
	r := httptest.NewRequest(http.MethodPost, "/actual/compose", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if err := r.ParseForm(); err != nil {
		t.Fatal(err)
	}
	return &request{p: p, w: httptest.NewRecorder(), r: r, Lang: "en", World: "actual"}
}

// rich is an alert with more than the form shows.
func rich() *cap.Alert {
	zone := time.FixedZone("", 8*3600)
	sent := time.Date(2026, 3, 1, 12, 0, 0, 0, zone)
	shape := cap.Area{Circles: []cap.Circle{{Center: cap.Point{Lat: 30.25, Lon: 120.16}, RadiusKM: 5}}}
	one, two := shape, shape
	one.Description, two.Description = "Riverside", "河滨区"
	info := cap.Info{Language: "en", Categories: []cap.Category{"Met"}, Event: "Flood", ResponseTypes: []cap.ResponseType{"Shelter"}, Urgency: cap.Immediate, Severity: cap.Severe,
		Certainty: cap.Observed, Onset: sent.Add(90 * time.Second), Expires: sent.Add(6 * time.Hour), Headline: "Flood", Instruction: "Go.\nNow.",
		Parameters: []cap.Value{{Name: "X", Value: "1"}}, Resources: []cap.Resource{{Description: "Map", MIMEType: "image/png"}},
		EventCodes: []cap.Value{{Name: "OET:v1.2", Value: "OET-081"}}, Areas: []cap.Area{one, {Description: "Further"}}}
	other := info
	other.Language, other.Event, other.Areas = "zh-CN", "洪水", []cap.Area{two, {Description: "另一处"}}
	return &cap.Alert{Version: "1.2", Identifier: "x", Sender: "a@b.example", Sent: sent, Status: cap.StatusActual, MsgType: cap.MsgAlert, Scope: cap.ScopePublic,
		Codes: []string{"c"}, Infos: []cap.Info{info, other}}
}

// TestAFormThatNobodyChangesChangesNothing: all of a document comes back, to the second of its onset; only sent moves, and the end with it.
func TestAFormThatNobodyChangesChangesNothing(t *testing.T) {
	t.Parallel()
	q, a := asker(t, nil), rich()
	v := q.valuesOf(a, &desk.Draft{})
	r := &formReader{q: q, v: v}
	got := r.alert(a, a.Sent)
	if len(r.said) > 0 || !reflect.DeepEqual(got, a) {
		t.Errorf("said %v\n%s\n%s", r.said, cap.WriteDraft(a), cap.WriteDraft(got))
	}
	later := r.alert(a, a.Sent.Add(time.Hour))
	if !later.Infos[1].Expires.Equal(a.Sent.Add(7*time.Hour)) || !later.Infos[0].Onset.Equal(a.Infos[0].Onset) {
		t.Errorf("an hour later: %v %v", later.Infos[1].Expires, later.Infos[0].Onset)
	}
	if order := r.order(&desk.Draft{}); len(order["channel"]) != 0 {
		t.Errorf("all channels are %v", order)
	}
}

func TestWhatCannotBeReadKeepsItsOldValue(t *testing.T) {
	t.Parallel()
	q, a := asker(t, nil), rich()
	v := q.valuesOf(a, &desk.Draft{})
	v.Set("onset", "tomorrow")
	v.Set("area", "somewhere")
	v.Set("headline.0", "a\x00b\r\nc")
	r := &formReader{q: q, v: v}
	got := r.alert(a, a.Sent)
	if len(r.said["onset"]) != 1 || len(r.said["area"]) == 0 || len(r.said["headline.0"]) != 1 {
		t.Errorf("%v", r.said)
	}
	if !got.Infos[0].Onset.Equal(a.Infos[0].Onset) || len(got.Infos[0].Areas[0].Circles) != 1 || got.Infos[0].Headline != "ab\nc" {
		t.Errorf("%+v", got.Infos[0])
	}
}

func TestWhatTheFormCannotKeepIsSaid(t *testing.T) {
	t.Parallel()
	same := func(*cap.Alert) {}
	for name, c := range map[string]struct {
		change   func(a *cap.Alert)
		document string
		found    cap.Findings
		want     []string
	}{
		"nothing":   {change: same},
		"missing":   {change: same, found: cap.Findings{{ID: "core.element.missing", Level: cap.LevelError}}},
		"unread":    {change: same, found: cap.Findings{{ID: "core.time.form", Level: cap.LevelError}}, want: []string{"compose.unkept.unread"}},
		"signed":    {change: same, document: `<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>`, want: []string{"compose.unkept.signature"}},
		"graver":    {change: func(a *cap.Alert) { a.Infos[1].Severity = cap.Extreme }, want: []string{"compose.unkept.differs"}},
		"elsewhere": {change: func(a *cap.Alert) { a.Infos[1].Areas = nil }, want: []string{"compose.unkept.differs"}},
		"twice":     {change: func(a *cap.Alert) { a.Infos[1].Language = "EN" }, want: []string{"compose.unkept.twice"}},
	} {
		a := rich()
		c.change(a)
		if got := unkept(a, c.found, []byte(c.document)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestFindingsStandBesideTheirFields(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{"alert/note": "note", "alert/info[2]/headline": "headline.1", "alert/info[1]/category[2]": "category", "alert/info[1]/responseType": "response",
		"alert/info[1]/area[1]/areaDesc": "place.0", "alert/info[1]/area[2]/areaDesc": "area", "alert/info[1]/area[1]/polygon[1]": "area", "alert/info[3]/senderName": "sender.2",
		"alert/info[1]/parameter[1]/value": "rest", "alert/references": "rest", "alert": "rest", "alert/info[1]": "rest", "alert/info[1]/expires": "expires"} {
		if got := fieldOf(path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	q := asker(t, nil)
	said := q.saidBy(cap.Findings{{Path: "alert/info[1]/urgency", Message: "m"}, {Path: "alert/info[2]/urgency", Message: "m"}}, nil)
	if len(said["urgency"]) != 1 {
		t.Errorf("said of each language: %v", said)
	}
}

func TestALanguageIsTakenOut(t *testing.T) {
	t.Parallel()
	v := url.Values{"lang": {"en", "zh-CN", "fr"}, "headline.0": {"e"}, "headline.1": {"z"}, "headline.2": {"f"}}
	removeLanguage(v, "zh-CN")
	if !slices.Equal(v["lang"], []string{"en", "fr"}) || v.Get("headline.1") != "f" || v.Has("headline.2") {
		t.Error(v)
	}
	removeLanguage(v, "de")
	removeLanguage(v, "fr")
	if removeLanguage(v, "en"); !slices.Equal(v["lang"], []string{"en"}) {
		t.Error(v)
	}
}

// TestThePagesOfTheFormAreDrawn: each template takes its data, and shows what was typed.
func TestThePagesOfTheFormAreDrawn(t *testing.T) {
	t.Parallel()
	q, a := asker(t, nil), rich()
	v := q.valuesOf(a, &desk.Draft{})
	v.Set("headline.0", `<b>"`)
	c := q.draw(v, q.saidBy(cap.Findings{{Path: "alert/info[1]/urgency", Message: "not so", Level: cap.LevelError}, {Path: "alert/incidents", Message: "odd", Level: cap.LevelAdvice}}, nil))
	c.Draft, c.Version, c.Kept, c.Previews = &desk.Draft{ID: "d1", Title: "Flood"}, 3, q.keptIn(a), &previews{XML: "<alert/>"}
	c.Units, c.References, c.MsgType = []Option{{"SAME=1", "Riverside", "SAME=1"}}, []cap.Reference{{Identifier: "old"}}, cap.MsgUpdate
	wants := map[string][]string{
		"compose/form": {`value="&lt;b&gt;&#34;"`, "not so", "odd (alert/incidents)", `name="version" value="3"`, "circle 30.25,120.16 5", "This is an update of old", "2 parameters",
			`<option value="6h0m0s" selected>`, "significant threat", `data-w-saved="Saved {}"`, `data-autosave="/actual/compose/d1/autosave"`, "Riverside — SAME=1", `data-words="{&#34;`},
		"compose/start":  {"Open a blank form", "From a CAP document", "An update of Old flood"},
		"compose/xml":    {"&lt;alert/&gt;</textarea>"},
		"compose/unkept": {"because"},
	}
	languages := &Field{Name: "in", Type: "checkboxes", Options: []Option{{Value: "en", Label: "English"}}}
	data := map[string]any{"compose/form": c, "compose/start": &starting{Update: "ID", Title: "Old flood", Severities: severities(), Languages: languages, Text: &Field{Name: "document"}},
		"compose/xml":    xmlPage{Draft: c.Draft, Text: &Field{Name: "document", Type: "textarea", Value: "<alert/>"}},
		"compose/unkept": unkeptPage{Draft: c.Draft, Why: []string{"because"}}}
	for name, texts := range wants {
		page, err := q.part(name, "main", data[name])
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, want := range texts {
			if !strings.Contains(string(page), want) {
				t.Errorf("%s has no %q:\n%.6000s", name, want, page)
			}
		}
	}
}

// flood is a template as its page sees it.
func flood() *slotted {
	low, high := 0.0, 60.0
	return &slotted{ID: "flood", Expires: "until", Validity: "12h", Texts: []slottedText{{"en", "Flood"}, {"zh-CN", "洪水"}}, Slots: []template.Slot{{Name: "place", Type: template.TypePlace, About: "district", Length: 40}, {Name: "level", Type: template.TypeNumber, Min: &low, Max: &high},
		{Name: "action", Type: template.TypeChoice, Default: "leave", Options: []template.Option{{Key: "leave", Words: map[string]string{"en": "Leave"}}}},
		{Name: "until", Type: template.TypeTime}, {Name: "area", Type: template.TypeArea}}}
}

// TestSlotsAreFilledFromTheForm: a unit is place and area in one; words in one language do for the other.
func TestSlotsAreFilledFromTheForm(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		form  url.Values
		want  map[string]any
		wrong bool
	}{
		"a unit":      {form: url.Values{"unit.place": {"SAME=1"}, "slot.level": {"6,2"}}, want: map[string]any{"place": "code:SAME=1", "level": jsonNumber("6.2"), "area": map[string]any{"codes": "SAME=1"}}},
		"one word":    {form: url.Values{"slot.place.en": {"Riverside"}}, want: map[string]any{"place": map[string]any{"en": "Riverside", "zh-CN": "Riverside"}}},
		"a circle":    {form: url.Values{"slot.area": {"circle 30.25,120.16 5"}}, want: map[string]any{"area": "30.25,120.16 5"}},
		"no number":   {form: url.Values{"slot.level": {"high"}}, want: map[string]any{"level": "high"}},
		"a mixture":   {form: url.Values{"slot.area": {"circle 30.25,120.16 5\nunit A=1"}}, wrong: true},
		"no area":     {form: url.Values{"slot.area": {"somewhere"}}, wrong: true},
		"the default": {form: url.Values{"slot.action": {""}}, want: map[string]any{}},
	} {
		got, said := asker(t, c.form).values(flood())
		if len(said) > 0 != c.wrong || !c.wrong && !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, %v", name, got, said)
		}
	}
}

func jsonNumber(text string) any { return numberOf(text) }

func TestARefusalStandsBesideItsSlot(t *testing.T) {
	t.Parallel()
	if slot, text := slotIn(flood(), "fill the template flood: it is wrong: slot level: got nothing: want a number"); slot != "level" || text != "got nothing: want a number" {
		t.Error(slot, text)
	}
	if slot, text := slotIn(flood(), "something else"); slot != "" || text != "something else" {
		t.Error(slot, text)
	}
}

// TestThePageOfATemplateIsDrawn: every slot has its field, tied to what is wrong with it.
func TestThePageOfATemplateIsDrawn(t *testing.T) {
	t.Parallel()
	q, f := asker(t, url.Values{"slot.level": {"99"}}), flood()
	page := &filling{slotted: f, Refused: "Refused", Rest: []Said{{Level: "error", Text: "rest"}}}
	for i := range f.Slots {
		page.Parts = append(page.Parts, q.drawSlot(f, &f.Slots[i], map[string][]Said{"level": wrongIn("too high")}[f.Slots[i].Name], []Option{{"A=1", "Riverside", "A=1"}}))
	}
	text, err := q.part("compose/slots", "main", page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"district, in English", "Or an administrative unit", `value="99"`, "too high", "0 to 60", "Empty: Leave", "Empty: &#43;12h", "data-area-editor", "rest", "Make the draft and go on to submit"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q:\n%s", want, text)
		}
	}
}

// TestABlankDraftLosesNothing: what is missing cannot be lost; a value that CAP does not have can.
func TestABlankDraftLosesNothing(t *testing.T) {
	t.Parallel()
	for urgency, want := range map[cap.Urgency]bool{"": false, "Soon": true} {
		a := &cap.Alert{Identifier: "x", Sender: "office", Status: cap.StatusActual, MsgType: cap.MsgAlert, Scope: cap.ScopePublic, Infos: []cap.Info{{Language: "en-US", Urgency: urgency}}}
		_, found := cap.Read(cap.WriteDraft(a), cap.Options{})
		if got := lost(found); got != want {
			t.Errorf("urgency %q: lost %v, want %v: %v", urgency, got, want, found)
		}
	}
}
