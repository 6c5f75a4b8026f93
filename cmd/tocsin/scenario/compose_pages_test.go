package scenario

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"tocsin/alerting/desk"
	"tocsin/cap"
)

// draftAt is a draft as the API has it, and its document.
func draftAt(t *testing.T, o *Office, id string) (desk.Draft, *cap.Alert) {
	t.Helper()
	d, err := o.API.DraftAt(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	a, found := cap.Read(d.Document, cap.Options{})
	if a == nil {
		t.Fatal(found)
	}
	return d, a
}

var draftPath = regexp.MustCompile(`^/(?:actual|exercise|test)/(?:compose|drafts)/(d[0-9a-f]{16})`)

// draftIn is the draft whose page a browser was led to.
func draftIn(t *testing.T, p Page) string {
	t.Helper()
	m := draftPath.FindStringSubmatch(p.Path)
	if m == nil {
		t.Fatalf("this is no page of a draft: %s\n%.3000s", p.Path, p.Text)
	}
	return m[1]
}

// written is a form that is filled in as far as a warning needs it.
func written(version string) url.Values {
	return url.Values{"version": {version}, "lang": {"en", "zh-CN"}, "event.0": {"Flood"}, "headline.0": {"Flood in Riverside"}, "instruction.0": {"Go upstairs now."},
		"description.0": {"The river\r\nrises."}, "place.0": {"Riverside"}, "event.1": {"洪水"}, "headline.1": {"河滨区洪水"}, "instruction.1": {"请立即上楼。"}, "place.1": {"河滨区"},
		"category": {"Met"}, "response": {"Shelter"}, "urgency": {"Immediate"}, "severity": {"Severe"}, "certainty": {"Observed"}, "holds": {"3h0m0s"}, "note": {""},
		"area": {"circle 30.25,120.16 5"}, "channel": {"sms", "mail"}, "do": {"save"}}
}

// TestAWarningIsWrittenOnTheBlankForm: without JavaScript, from nothing to a draft without errors; what is wrong stands beside its field.
func TestAWarningIsWrittenOnTheBlankForm(t *testing.T) {
	t.Parallel()
	o := pagesOffice(t)
	b := o.Browser()
	b.LogIn(o, "author")
	b.Open("/actual/compose").Has(t, 200, "Open a blank form", "From a CAP document")
	p := b.Send("/actual/compose", url.Values{"do": {"blank"}, "in": {"en", "zh-CN"}})
	p.Has(t, 200, "The draft is made", "Words in English", "Words in Chinese", "must be mended before texts", `name="version" value="1"`)
	id := draftIn(t, p)
	form := written("1")
	form.Set("urgency", "")
	p = b.Send("/actual/compose/"+id, form)
	p.Has(t, 200, "The draft is saved", `value="Flood in Riverside"`, "the element is missing")
	if at, field := strings.Index(p.Text, "the element is missing"), strings.Index(p.Text, `id="f-urgency-set"`); at < 0 || field < 0 {
		t.Error("nothing is said of the urgency")
	}
	p = b.Send("/actual/compose/"+id, written("2"))
	p.Has(t, 200, "The draft is saved", "Whom it reaches", "Go upstairs now.", "UCS-2")
	d, a := draftAt(t, o, id)
	if d.Findings.Err() != nil || len(a.Infos) != 2 || a.Infos[0].Description != "The river\nrises." || a.Infos[1].Headline != "河滨区洪水" || len(d.Channels) != 2 ||
		!a.Infos[0].Expires.Equal(a.Sent.Add(3*60*60*1e9)) || len(a.Infos[1].Areas[0].Circles) != 1 {
		t.Errorf("%+v\n%s", d, d.Document)
	}
}

// TestNothingTypedIsLost: a time and an area that nobody can read come back as they were typed, and the rest is saved; so does all when
// somebody else was quicker.
func TestNothingTypedIsLost(t *testing.T) {
	t.Parallel()
	o := pagesOffice(t)
	b := o.Browser()
	b.LogIn(o, "author")
	id := draftIn(t, b.Send("/actual/compose", url.Values{"do": {"blank"}, "in": {"en", "zh-CN"}}))
	form := written("1")
	form.Set("onset", "tomorrow")
	form.Set("area", "somewhere <there>")
	b.Send("/actual/compose/"+id, form).Has(t, 400, "This time cannot be read", `value="tomorrow"`, "somewhere &lt;there&gt;</textarea>", "Flood in Riverside", `name="version" value="2"`)
	form = written("1")
	form.Set("headline.0", "Mine")
	b.Send("/actual/compose/"+id, form).Has(t, 409, "Somebody else has saved meanwhile", `value="Mine"`, "Save mine as the newest version", `name="version" value="2"`)
	if _, a := draftAt(t, o, id); a.Infos[0].Headline != "Flood in Riverside" {
		t.Errorf("%q was overwritten", a.Infos[0].Headline)
	}
	form.Set("version", "2")
	b.Send("/actual/compose/"+id, form).Has(t, 200, "The draft is saved", `value="Mine"`)
}

// TestLanguagesComeAndGo: a language is added with what all have in common, and taken out again.
func TestLanguagesComeAndGo(t *testing.T) {
	t.Parallel()
	o := pagesOffice(t)
	b := o.Browser()
	b.LogIn(o, "author")
	id := draftIn(t, b.Send("/actual/compose", url.Values{"do": {"blank"}, "in": {"en", "zh-CN"}}))
	form := written("1")
	form.Set("do", "language")
	form.Set("tag", "no such language")
	b.Send("/actual/compose/"+id, form).Has(t, 400, "is no tag of a language", "Flood in Riverside")
	form.Set("version", "2")
	form.Set("tag", "fr")
	b.Send("/actual/compose/"+id, form).Has(t, 200, "Words in French", `name="headline.2"`)
	form = written("3")
	form["lang"] = []string{"en", "zh-CN", "fr"}
	form.Set("headline.2", "Inondation")
	form.Set("do", "remove=en")
	b.Send("/actual/compose/"+id, form).Has(t, 200, `name="headline.1" type="text" value="Inondation"`)
	if _, a := draftAt(t, o, id); len(a.Infos) != 2 || a.Infos[0].Headline != "河滨区洪水" || a.Infos[1].Headline != "Inondation" || len(a.Infos[1].Areas[0].Circles) != 1 {
		t.Errorf("%+v", a.Infos)
	}
}

const carried = `<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>carried-1</identifier><sender>office@warn.example</sender><sent>2026-03-01T12:00:00-00:00</sent>
<status>Exercise</status><msgType>Alert</msgType><scope>Public</scope><note>Spring exercise</note>
<info><language>en</language><category>Met</category><event>Flood</event><urgency>Future</urgency><severity>Minor</severity><certainty>Likely</certainty>
<eventCode><valueName>X</valueName><value>1</value></eventCode><headline>Old</headline><parameter><valueName>LEVEL</valueName><value>3</value></parameter>
<resource><resourceDesc>Map</resourceDesc><mimeType>image/png</mimeType><uri>https://warn.example/map.png</uri></resource>
<area><areaDesc>One</areaDesc><polygon>38.47,-120.14 38.34,-119.95 38.52,-119.74 38.47,-120.14</polygon></area><area><areaDesc>Two</areaDesc><circle>38,-120 3</circle></area></info></alert>`

// TestWhatTheFormDoesNotShowStays: parameters, files, codes and further areas of a document that was pasted outlive the form.
func TestWhatTheFormDoesNotShowStays(t *testing.T) {
	t.Parallel()
	o := pagesOffice(t)
	b := o.Browser()
	b.LogIn(o, "author")
	b.Send("/exercise/compose", url.Values{"do": {"document"}, "document": {"<alert>"}}).Has(t, 400, "&lt;alert&gt;</textarea>", "Must be mended")
	p := b.Send("/exercise/compose", url.Values{"do": {"document"}, "document": {carried}})
	p.Has(t, 200, `value="Old"`, `value="Spring exercise"`, "polygon 38.47,-120.14", "1 parameter", "1 attached file", "1 further area", "1 event code")
	id := draftIn(t, p)
	form := url.Values{"version": {"1"}, "lang": {"en"}, "event.0": {"Flood"}, "headline.0": {"New"}, "place.0": {"One"}, "category": {"Met"}, "urgency": {"Future"}, "severity": {"Minor"},
		"certainty": {"Likely"}, "holds": {"6h0m0s"}, "area": {"polygon 38.47,-120.14 38.34,-119.95 38.52,-119.74 38.47,-120.14"}, "note": {"Spring exercise"}, "channel": {"sms", "push", "mail", "siren"}}
	b.Send("/exercise/compose/"+id, form).Has(t, 200, `value="New"`)
	_, a := draftAt(t, o, id)
	i := a.Infos[0]
	if i.Headline != "New" || len(i.Parameters) != 1 || len(i.Resources) != 1 || len(i.EventCodes) != 1 || len(i.Areas) != 2 || i.Areas[1].Description != "Two" || a.Identifier != "carried-1" {
		t.Errorf("%+v", a)
	}
	differing := strings.Replace(carried, "</info>", "</info><info><language>fr</language><category>Fire</category><event>Feu</event><urgency>Future</urgency><severity>Minor</severity><certainty>Likely</certainty></info>", 1)
	p = b.Send("/exercise/compose", url.Values{"do": {"document"}, "document": {differing}})
	p.Has(t, 200, "The form cannot show this document", "Its languages differ", "Edit the XML")
	id = draftIn(t, p)
	b.Open("/exercise/compose/"+id+"/xml").Has(t, 200, "&lt;event&gt;Feu&lt;/event&gt;")
	b.Send("/exercise/compose/"+id+"/xml", url.Values{"version": {"1"}, "document": {strings.Replace(differing, "Fire", "Met", 1)}}).Has(t, 200, "The draft is saved")
	b.Send("/exercise/compose/"+id+"/xml", url.Values{"version": {"1"}, "document": {"<x/>"}}).Has(t, 400, "&lt;x/&gt;")
}

// TestTheFormSavesItself: the answer for the script has the next version, when it was saved, and what stands beside each field.
func TestTheFormSavesItself(t *testing.T) {
	t.Parallel()
	o := pagesOffice(t)
	b := o.Browser()
	b.LogIn(o, "author")
	id := draftIn(t, b.Send("/actual/compose", url.Values{"do": {"blank"}, "in": {"en", "zh-CN"}}))
	form := written("1")
	form.Del("category")
	form.Set("onset", "tomorrow")
	p := b.Send("/actual/compose/"+id+"/autosave", form)
	var got struct {
		Version  int64
		Saved    string
		Whole    bool
		Conflict bool
		Said     map[string][]struct{ Level, Label, Text string }
	}
	if err := json.Unmarshal([]byte(p.Text), &got); err != nil {
		t.Fatal(err, p.Text)
	}
	if p.Status != 200 || got.Version < 1 || got.Saved == "" || got.Whole || len(got.Said["f-category"]) != 1 || len(got.Said["f-onset"]) != 1 {
		t.Errorf("%d %+v", p.Status, got)
	}
	if p = b.Send("/actual/compose/"+id+"/autosave", written("7")); p.Status/100 != 4 {
		t.Errorf("a version that is not there: %d %s", p.Status, p.Text)
	}
	// The answer is lost, and the form saves again what it saved: by its name it is known to be its own. Another form has a conflict.
	name := b.Open("/actual/compose/"+id).Find(t, `name="form" value="([A-Za-z0-9-]{16,64})"`)
	if again := b.Open("/actual/compose/"+id).Find(t, `name="form" value="([A-Za-z0-9-]+)"`); again == name {
		t.Errorf("two forms go by the name %s", name)
	}
	lost := written(strconv.FormatInt(got.Version, 10))
	lost.Set("form", name)
	for i, version := range []int64{got.Version + 1, got.Version + 2} {
		lost.Set("headline.0", fmt.Sprint("written on ", i))
		if p = b.Send("/actual/compose/"+id+"/autosave", lost); p.Status != 200 || !strings.Contains(p.Text, fmt.Sprintf(`"version":%d`, version)) || strings.Contains(p.Text, "conflict") {
			t.Errorf("saved for the time %d: %d %s", i+1, p.Status, p.Text)
		}
	}
	lost.Set("form", strings.Repeat("x", 20))
	if p = b.Send("/actual/compose/"+id+"/autosave", lost); p.Status != 409 || !strings.Contains(p.Text, `"conflict":true`) {
		t.Errorf("another form: %d %s", p.Status, p.Text)
	}
	b.Send("/logout", nil)
	if p = b.Send("/actual/compose/"+id+"/autosave", form); p.Status != 401 {
		t.Errorf("without a login: %d", p.Status)
	}
}
