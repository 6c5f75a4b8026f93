package wording

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"tocsin/alerting"
	"tocsin/cap"
	"tocsin/cap/event"
)

func TestSirenTable(t *testing.T) {
	for _, row := range []struct {
		name     string
		status   cap.Status
		kind     cap.MsgType
		event    string
		category cap.Category
		code     string
		severity cap.Severity
		response cap.ResponseType
		want     SirenProgramme
	}{
		{"extreme wind", cap.StatusActual, cap.MsgAlert, "Tornado", "Met", "", cap.Extreme, "", SirenProgramme{"alarm", 60, false, false}},
		{"severe fire", cap.StatusActual, cap.MsgAlert, "Wildfire", "Fire", "", cap.Severe, "", SirenProgramme{"alarm", 60, false, false}},
		{"tsunami", cap.StatusActual, cap.MsgUpdate, "TSUNAMI WARNING", "Geo", "", cap.Extreme, "", SirenProgramme{"alarm-water", 180, false, false}},
		{"dam failure by code", cap.StatusActual, cap.MsgAlert, "Emergency", "Infra", "DBW", cap.Extreme, "", SirenProgramme{"alarm-water", 180, false, false}},
		{"Chinese flood", cap.StatusActual, cap.MsgAlert, "洪水红色预警", "Met", "", cap.Extreme, "", SirenProgramme{"alarm-water", 180, false, false}},
		{"chemical", cap.StatusActual, cap.MsgAlert, "Fire at a plant", "CBRNE", "", cap.Severe, "", SirenProgramme{"alarm-chemical", 60, false, false}},
		{"moderate flood", cap.StatusActual, cap.MsgAlert, "Flood", "Met", "", cap.Moderate, "", SirenProgramme{"attention", 60, false, false}},
		{"unknown severity", cap.StatusActual, cap.MsgAlert, "Storm", "Met", "", cap.UnknownSeverity, "", SirenProgramme{"attention", 60, false, false}},
		{"minor", cap.StatusActual, cap.MsgAlert, "Fog", "Met", "", cap.Minor, "", SirenProgramme{"attention", 30, false, false}},
		{"no severity", cap.StatusActual, cap.MsgAlert, "Fog", "Met", "", "", "", SirenProgramme{"attention", 30, false, false}},
		{"all-clear", cap.StatusActual, cap.MsgUpdate, "Flood", "Met", "", cap.Extreme, cap.AllClear, SirenProgramme{"all-clear", 60, false, false}},
		{"cancel", cap.StatusActual, cap.MsgCancel, "Flood", "Met", "", cap.Extreme, "", SirenProgramme{"stop", 0, false, true}},
		{"exercise", cap.StatusExercise, cap.MsgAlert, "Tornado", "Met", "", cap.Extreme, "", SirenProgramme{"alarm", 60, true, false}},
		{"test", cap.StatusTest, cap.MsgAlert, "Tornado", "Met", "", cap.Extreme, "", SirenProgramme{"test-silent", 10, true, false}},
		{"test cancel", cap.StatusTest, cap.MsgCancel, "Tornado", "Met", "", cap.Extreme, "", SirenProgramme{"stop", 0, true, true}},
	} {
		t.Run(row.name, func(t *testing.T) {
			info := cap.Info{Event: row.event, Categories: []cap.Category{row.category}, Severity: row.severity}
			if row.code != "" {
				info.EventCodes = []cap.Value{{Name: "SAME", Value: row.code}}
			}
			if row.response != "" {
				info.ResponseTypes = []cap.ResponseType{row.response}
			}
			m := mustRender(t, New(Options{}), issue(row.status, row.kind, info), alerting.Siren)
			var got SirenProgramme
			if err := json.Unmarshal([]byte(m.Body), &got); err != nil {
				t.Fatal(err)
			}
			if got != row.want {
				t.Errorf("got %+v, want %+v", got, row.want)
			}
		})
	}
}

func TestSirenTableNamesKnownProgrammes(t *testing.T) {
	table, err := readSirens()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range table.Rules {
		if !slices.Contains(Programmes(), r.Programme) || r.Seconds <= 0 {
			t.Errorf("rule %+v", r)
		}
		for _, h := range r.Hazards {
			if !slices.Contains(event.Hazards(), h) {
				t.Errorf("rule for the unknown hazard %q", h)
			}
		}
	}
	if last := table.Rules[len(table.Rules)-1]; len(last.Hazards) != 0 || len(last.Severities) != 0 {
		t.Errorf("the last rule must fit all, is %+v", last)
	}
}

func TestPushStaysSmall(t *testing.T) {
	for _, row := range []struct{ name, text string }{
		{"Latin", "Move to higher ground and wait. "}, {"Chinese", "请立即转移到高处。"}, {"emoji", "👨‍👩‍👧🌊"},
		{"quotes and breaks", "\"a\\b\"\n- c\n"}, {"no blanks", "x"}, {"HTML", "<&>\u2028"},
	} {
		t.Run(row.name, func(t *testing.T) {
			info := floodEN()
			info.Event, info.Headline = strings.Repeat(row.text, 300), strings.Repeat(row.text, 300)
			info.Instruction, info.Description = strings.Repeat(row.text, 900), strings.Repeat(row.text, 900)
			info.Areas = []cap.Area{{Description: strings.Repeat(row.text, 300)}}
			info.SenderName = strings.Repeat(row.text, 100)
			info.Web = "https://rivers.example/" + strings.Repeat("a", 900)
			m := mustRender(t, New(Options{}), issue(cap.StatusExercise, cap.MsgUpdate, info), alerting.Push)
			var p PushPayload
			if err := json.Unmarshal([]byte(m.Body), &p); err != nil {
				t.Fatal(err)
			}
			if len(m.Body) > MaxPush || !utf8.ValidString(m.Body) || strings.Contains(m.Body, "\uFFFD") {
				t.Errorf("%d bytes: %q", len(m.Body), m.Body)
			}
			if len(m.Body) < MaxPush/2 || p.Title != m.Subject || utf8.RuneCountInString(p.Title) > maxTitle {
				t.Errorf("%d bytes only, or title %q", len(m.Body), p.Title)
			}
			checkWorld(t, m, alerting.Push, "EXERCISE")
		})
	}
}

func TestPushFields(t *testing.T) {
	info := floodEN()
	info.Language, info.Event, info.Instruction = "ar-EG", "فيضان", "انتقل إلى مكان مرتفع."
	m := mustRender(t, New(Options{}), issue(cap.StatusActual, cap.MsgAlert, info), alerting.Push)
	var p PushPayload
	if err := json.Unmarshal([]byte(m.Body), &p); err != nil {
		t.Fatal(err)
	}
	want := PushPayload{Title: "فيضان - Riverside; Old Town", Body: p.Body, Severity: "Severe", URL: "https://rivers.example/ash",
		Tag: m.Tag, Lang: "ar-EG", Dir: "rtl", World: alerting.Actual}
	if p != want || !strings.HasPrefix(p.Body, "انتقل إلى مكان مرتفع.") {
		t.Errorf("got %+v", p)
	}
}

func TestMailIsSafe(t *testing.T) {
	evil := "Flood\r\nBcc: all@example.org\x00\u202E <script>alert(1)</script> \" onload=\"x"
	info := floodEN()
	info.Event, info.Headline, info.SenderName, info.Contact = evil, evil, evil, evil
	info.Description, info.Instruction = evil, evil
	info.Areas = []cap.Area{{Description: evil}}
	info.Language = "en\" onload=\"x"
	for _, web := range []string{"javascript:alert(1)", "https://user:secret@rivers.example/", "https://rivers.example/\r\nBcc: x",
		"//rivers.example", "data:text/html,x"} {
		info.Web = web
		issued := issue(cap.StatusActual, cap.MsgAlert, info)
		issued.Alert.Identifier, issued.Alert.Note = evil, evil
		m := mustRender(t, New(Options{}), issued, alerting.Mail)
		if strings.ContainsAny(m.Subject, "\r\n\x00\u202E") || !strings.Contains(m.Subject, "Bcc:") {
			t.Errorf("subject %q", m.Subject)
		}
		if strings.Contains(m.HTML, "<script") || strings.Contains(m.HTML, "onload=\"") || strings.Contains(m.HTML, "href=") {
			t.Errorf("web %q: HTML lets through what it should not: %s", web, m.HTML)
		}
		if r, bad := unsafeRune(m.Subject + m.Body + m.HTML); bad {
			t.Errorf("mail holds %U", r)
		}
		if strings.Contains(m.HTML, "ZgotmplZ") {
			t.Error("the template refused a value")
		}
	}
}

func TestMailHoldsAll(t *testing.T) {
	info := floodEN()
	issued := issue(cap.StatusActual, cap.MsgAlert, info)
	issued.Alert.Note = "Second bulletin."
	m := mustRender(t, New(Options{PublicURL: "https://warn.example/alerts"}), issued, alerting.Mail)
	for _, want := range []string{info.Headline, info.Event, "Riverside; Old Town", "Move to higher ground now.", "Help your neighbours",
		"ROADS NEAR THE RIVER ARE CLOSED.", info.Contact, info.Web, info.SenderName, issued.Alert.Identifier, issued.Alert.Sender,
		"https://warn.example/alerts/" + issued.ID.String(), "Severe", "2026-06-01 10:00 (UTC+02:00)", "2026-06-01 18:00 (UTC+02:00)",
		"2026-06-01 09:00 (UTC+02:00)", "Second bulletin."} {
		if !strings.Contains(m.Body, want) {
			t.Errorf("text lacks %q", want)
		}
		if !strings.Contains(strings.ReplaceAll(m.HTML, "&#43;", "+"), want) {
			t.Errorf("HTML lacks %q", want)
		}
	}
	if strings.Index(m.Body, "Move to") > strings.Index(m.Body, "ROADS") {
		t.Error("the instruction does not stand first")
	}
	for _, banned := range []string{"src=", "url(", "<link", "<style", "@import", "<img"} {
		if strings.Contains(m.HTML, banned) {
			t.Errorf("HTML holds %q", banned)
		}
	}
	for _, want := range []string{`<html lang="en" dir="ltr">`, `name="color-scheme" content="light dark"`, "<title>", "<h1", "<main"} {
		if !strings.Contains(m.HTML, want) {
			t.Errorf("HTML lacks %q", want)
		}
	}
}

func TestCancelInOtherLanguage(t *testing.T) {
	original := issue(cap.StatusActual, cap.MsgAlert, floodEN(), floodZH())
	said := floodZH()
	said.Language, said.Instruction, said.Description, said.Headline = "zh", "请继续关注天气。", "水位已回落。", ""
	cancel := issue(cap.StatusActual, cap.MsgCancel, said)
	w := New(Options{})
	zh, err := w.RenderCancel(cancel, original, 1, alerting.SMS)
	if err != nil || !strings.HasPrefix(zh.Body, "已撤销：洪水红色预警 - 滨河区、老城区：本预警已失效。") ||
		!strings.Contains(zh.Body, "请继续关注天气。") || !strings.Contains(zh.Body, "水位已回落。") {
		t.Errorf("%q, %v", zh.Body, err)
	}
	en, err := w.RenderCancel(cancel, original, 0, alerting.SMS)
	if err != nil || !strings.HasPrefix(en.Body, "CANCELLED: Flood warning - Riverside; Old Town: This warning no longer applies.") ||
		strings.Contains(en.Body, "水位") || strings.Contains(en.Body, "Move to") {
		t.Errorf("%q, %v", en.Body, err)
	}
}
