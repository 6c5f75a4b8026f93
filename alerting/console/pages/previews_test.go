package pages

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tocsin/alerting"
	"tocsin/alerting/report"
	"tocsin/cap"
)

// drawn are previews as the template draws them, in English.
func drawn(t *testing.T, p *previews) string {
	t.Helper()
	pages := &Pages{}
	var err error
	if pages.words, err = readWords(); err != nil {
		t.Fatal(err)
	}
	if pages.templates, err = readTemplates(); err != nil {
		t.Fatal(err)
	}
	pages.Now = orNow(nil)
	q := &request{p: pages, w: httptest.NewRecorder(), r: httptest.NewRequest(http.MethodGet, "/actual/", nil), Lang: "en", World: "actual"}
	text, err := q.part("home/home", "previews", p)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestPreviewsShowEveryChannelAndEscape(t *testing.T) {
	t.Parallel()
	seconds := 119.2
	run := &report.DryRun{People: 1234, Sirens: 2, FinishS: &seconds, Notes: []string{"a note"},
		Channels: []report.DryChannel{{Channel: alerting.SMS, Recipients: 1234, Cost: 2468, FinishS: &seconds}},
		Findings: cap.Findings{{ID: "reach.most", Message: "more than half", Level: cap.LevelAdvice}},
		Previews: []report.Preview{{Info: 1, Channel: alerting.SMS, Parts: 2, Body: "水 <now>"},
			{Info: 1, Channel: alerting.Push, Body: `{"title":"Flood","body":"Leave","lang":"en","dir":"ltr"}`},
			{Info: 1, Channel: alerting.Mail, Subject: "Subject", Body: "Text"},
			{Info: 1, Channel: alerting.Siren, Body: `{"programme":"alarm-water","seconds":180,"test":true}`},
			{Info: 2, Channel: alerting.SMS, Body: "of an info that is not there"}}}
	p := &previews{Run: run, XML: "<alert/>", Languages: []languagePreview{{Tag: "en", Name: "English", Public: publicPreview{Severity: cap.Severe}}}}
	p.take(run)
	page := drawn(t, p)
	for _, want := range []string{"1,234", "2 min", "水 &lt;now&gt;", "2 parts", "UCS-2", "7 characters", "Flood", "Leave", "Subject", "Water alarm", "for 180 seconds", "as a test",
		"more than half", "a note", "&lt;alert/&gt;", "There is no headline yet"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
}

func TestPreviewsSayWhatStopsThem(t *testing.T) {
	t.Parallel()
	page := drawn(t, &previews{XML: "<alert/>", Errors: cap.Findings{{Message: "there is no urgency", Path: "alert/info[1]", Level: cap.LevelError}}})
	if !strings.Contains(page, "1 thing must be mended") || !strings.Contains(page, "there is no urgency") || !strings.Contains(page, "&lt;alert/&gt;") {
		t.Error(page)
	}
}
