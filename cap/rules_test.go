package cap

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestRules breaks each rule of the table in a model, and makes sure that no row of the table is left without a test.
func TestRules(t *testing.T) {
	nan, tiny, five, six := math.NaN(), 1e-30, 5.0, 6.0
	negative := int64(-1)
	info := func(change func(i *Info)) func(a *Alert) { return func(a *Alert) { change(&a.Infos[0]) } }
	area := func(change func(ar *Area)) func(a *Alert) { return func(a *Alert) { change(&a.Infos[0].Areas[0]) } }
	resource := func(change func(r *Resource)) func(a *Alert) {
		return func(a *Alert) { change(&a.Infos[0].Resources[0]) }
	}
	polygon := func(points ...Point) func(a *Alert) {
		return area(func(ar *Area) { ar.Polygons = []Polygon{ar.Polygons[0], points} })
	}
	circle := func(c Circle) func(a *Alert) { return area(func(ar *Area) { ar.Circles = []Circle{c} }) }
	rows := []struct {
		name, id, path string
		change         func(a *Alert)
	}{
		{"no identifier", "core.identifier.required", "alert/identifier", func(a *Alert) { a.Identifier = "" }},
		{"no-break space in identifier", "core.identifier.characters", "alert/identifier", func(a *Alert) { a.Identifier = "a\u00a0b" }},
		{"blank sender", "core.sender.required", "alert/sender", func(a *Alert) { a.Sender = " " }},
		{"less-than in sender", "core.sender.characters", "alert/sender", func(a *Alert) { a.Sender = "a<b" }},
		{"no sent", "core.sent.required", "alert/sent", func(a *Alert) { a.Sent = time.Time{} }},
		{"fraction in sent", "core.time.form", "alert/sent", func(a *Alert) { a.Sent = a.Sent.Add(time.Millisecond) }},
		{"offset with seconds", "core.time.form", "alert/info[1]/onset", info(func(i *Info) { i.Onset = i.Onset.In(time.FixedZone("", 3601)) })},
		{"offset of 15 hours", "core.time.form", "alert/info[1]/expires", info(func(i *Info) { i.Expires = i.Expires.In(time.FixedZone("", 15*3600)) })},
		{"year 10000", "core.time.form", "alert/info[1]/expires", info(func(i *Info) { i.Expires = i.Expires.AddDate(9000, 0, 0) })},
		{"status in lower case", "core.status.value", "alert/status", func(a *Alert) { a.Status = "actual" }},
		{"no msgType", "core.msg-type.value", "alert/msgType", func(a *Alert) { a.MsgType = "" }},
		{"no scope", "core.scope.value", "alert/scope", func(a *Alert) { a.Scope = "" }},
		{"restricted to nobody", "core.restriction.required", "alert/restriction", func(a *Alert) { a.Scope = ScopeRestricted }},
		{"public restriction", "core.restriction.scope", "alert/restriction", func(a *Alert) { a.Restriction = "staff" }},
		{"private to nobody", "core.addresses.required", "alert/addresses", func(a *Alert) { a.Scope = ScopePrivate }},
		{"public addresses", "core.addresses.scope", "alert/addresses", func(a *Alert) { a.Addresses = []string{"a"} }},
		{"address with quote", "core.addresses.form", "alert/addresses", func(a *Alert) { a.Addresses = []string{`a"b`} }},
		{"blank incident", "core.incidents.form", "alert/incidents", func(a *Alert) { a.Incidents = []string{""} }},
		{"cancel of nothing", "core.references.required", "alert/references", func(a *Alert) { a.MsgType, a.References = MsgCancel, nil }},
		{"error about nothing", "core.references.required", "alert/references", func(a *Alert) { a.MsgType, a.References = MsgError, nil }},
		{"update of nothing", "core.references.advised", "alert/references", func(a *Alert) { a.References = nil }},
		{"acknowledgement of nothing", "core.references.advised", "alert/references", func(a *Alert) { a.MsgType, a.References = MsgAck, nil }},
		{"reference without sender", "core.references.form", "alert/references", func(a *Alert) { a.References[0].Sender = "" }},
		{"reference with comma", "core.references.form", "alert/references", func(a *Alert) { a.References[0].Identifier = "a,b" }},
		{"reference with fraction", "core.references.form", "alert/references", func(a *Alert) { a.References[0].Sent = a.Sent.Add(time.Nanosecond) }},
		{"reference to itself", "core.references.self", "alert/references", func(a *Alert) { a.References = []Reference{{a.Sender, a.Identifier, a.Sent.UTC()}} }},
		{"identifier used twice", "core.references.identifier", "alert/references", func(a *Alert) { a.References[0].Identifier = a.Identifier }},
		{"reference to the future", "core.references.postdated", "alert/references", func(a *Alert) { a.References[0].Sent = a.Sent.Add(time.Hour) }},
		{"no info", "core.info.required", "alert", func(a *Alert) { a.Infos = nil }},
		{"language with underscore", "core.language.syntax", "alert/info[1]/language", info(func(i *Info) { i.Language = "en_US" })},
		{"language spelt out", "core.language.code", "alert/info[1]/language", info(func(i *Info) { i.Language = "english" })},
		{"no category", "core.category.required", "alert/info[1]/category", info(func(i *Info) { i.Categories = nil })},
		{"wrong second category", "core.category.value", "alert/info[1]/category[2]", info(func(i *Info) { i.Categories[1] = "Weather" })},
		{"no event", "core.event.required", "alert/info[1]/event", info(func(i *Info) { i.Event = "\n" })},
		{"wrong responseType", "core.response-type.value", "alert/info[1]/responseType[1]", info(func(i *Info) { i.ResponseTypes[0] = "Run" })},
		{"no urgency", "core.urgency.value", "alert/info[1]/urgency", info(func(i *Info) { i.Urgency = "" })},
		{"wrong severity", "core.severity.value", "alert/info[1]/severity", info(func(i *Info) { i.Severity = "High" })},
		{"wrong certainty", "core.certainty.value", "alert/info[1]/certainty", info(func(i *Info) { i.Certainty = "Sure" })},
		{"expires when sent", "core.expires.order", "alert/info[1]/expires", func(a *Alert) { a.Infos[0].Expires = a.Sent }},
		{"expires before effective", "core.expires.order", "alert/info[1]/expires", info(func(i *Info) { i.Effective = i.Expires.Add(time.Second) })},
		{"onset after expires", "core.onset.order", "alert/info[1]/onset", info(func(i *Info) { i.Onset = i.Expires.Add(time.Second) })},
		{"web without host", "core.web.absolute", "alert/info[1]/web", info(func(i *Info) { i.Web = "http:///x" })},
		{"parameter without name", "core.value.name", "alert/info[1]/parameter[1]/valueName", info(func(i *Info) { i.Parameters[0].Name = "" })},
		{"geocode without value", "core.value.value", "alert/info[1]/area[1]/geocode[1]/value", area(func(ar *Area) { ar.Geocodes[0].Value = "" })},
		{"resource without description", "core.resource.description", "alert/info[1]/resource[1]/resourceDesc", resource(func(r *Resource) { r.Description = "" })},
		{"resource without MIME type", "core.resource.mime-type", "alert/info[1]/resource[1]/mimeType", resource(func(r *Resource) { r.MIMEType = "png" })},
		{"negative size", "core.resource.size", "alert/info[1]/resource[1]/size", resource(func(r *Resource) { r.Size = &negative })},
		{"relative uri", "core.resource.uri", "alert/info[1]/resource[1]/uri", resource(func(r *Resource) { r.URI = "map.png" })},
		{"uri that is none", "core.resource.uri", "alert/info[1]/resource[1]/uri", resource(func(r *Resource) { r.URI = "http://[x" })},
		{"derefUri that is no base 64", "core.resource.deref-uri", "alert/info[1]/resource[1]/derefUri", resource(func(r *Resource) { r.DerefURI = "a-b=" })},
		{"derefUri cut off", "core.resource.deref-uri", "alert/info[1]/resource[1]/derefUri", resource(func(r *Resource) { r.DerefURI = "abc" })},
		{"digest of another kind", "core.resource.digest", "alert/info[1]/resource[1]/digest", resource(func(r *Resource) { r.Digest = "abc" })},
		{"no areaDesc", "core.area.description", "alert/info[1]/area[1]/areaDesc", area(func(ar *Area) { ar.Description = "" })},
		{"area without place", "core.area.place", "alert/info[1]/area[1]", area(func(ar *Area) { *ar = Area{Description: "here"} })},
		{"no points", "core.polygon.points", "alert/info[1]/area[1]/polygon[2]", polygon()},
		{"open polygon", "core.polygon.closed", "alert/info[1]/area[1]/polygon[2]", polygon(Point{0, 0}, Point{0, 1}, Point{1, 1}, Point{1, 0})},
		{"latitude 91", "core.polygon.range", "alert/info[1]/area[1]/polygon[2]", polygon(Point{91, 0}, Point{0, 1}, Point{1, 1}, Point{91, 0})},
		{"latitude NaN", "core.polygon.range", "alert/info[1]/area[1]/polygon[2]", polygon(Point{0, 0}, Point{nan, 1}, Point{1, 1}, Point{0, 0})},
		{"longitude infinite", "core.polygon.range", "alert/info[1]/area[1]/polygon[2]", polygon(Point{0, 0}, Point{0, math.Inf(1)}, Point{1, 1}, Point{0, 0})},
		{"twice around", "core.polygon.winding", "alert/info[1]/area[1]/polygon[2]", polygon(Point{0, 0}, Point{0, 120}, Point{0, -120}, Point{0, 0}, Point{1, 120}, Point{1, -120}, Point{0, 0})},
		{"across the antimeridian", "core.polygon.antimeridian", "alert/info[1]/area[1]/polygon[2]", polygon(Point{0, 170}, Point{0, -170}, Point{1, -170}, Point{0, 170})},
		{"bow-tie", "core.polygon.crossing", "alert/info[1]/area[1]/polygon[2]", polygon(Point{0, 0}, Point{1, 1}, Point{1, 0}, Point{0, 1}, Point{0, 0})},
		{"centre off the map", "core.circle.center", "alert/info[1]/area[1]/circle[1]", circle(Circle{Point{0, 181}, 1})},
		{"radius infinite", "core.circle.radius", "alert/info[1]/area[1]/circle[1]", circle(Circle{Point{}, math.Inf(1)})},
		{"radius NaN", "core.circle.radius", "alert/info[1]/area[1]/circle[1]", circle(Circle{Point{}, nan})},
		{"radius 20041", "core.circle.radius", "alert/info[1]/area[1]/circle[1]", circle(Circle{Point{}, 20041})},
		{"altitude NaN", "core.area.altitude", "alert/info[1]/area[1]/altitude", area(func(ar *Area) { ar.Altitude = &nan })},
		{"altitude of 40 digits", "core.area.altitude", "alert/info[1]/area[1]/altitude", area(func(ar *Area) { ar.Altitude = &tiny })},
		{"ceiling NaN", "core.area.ceiling", "alert/info[1]/area[1]/ceiling", area(func(ar *Area) { ar.Ceiling = &nan })},
		{"ceiling below altitude", "core.area.ceiling", "alert/info[1]/area[1]/ceiling", area(func(ar *Area) { ar.Altitude, ar.Ceiling = &six, &five })},
		{"bell", "core.text.control", "alert/info[1]/headline", info(func(i *Info) { i.Headline = "a\ab" })},
		{"not UTF-8", "core.text.control", "alert/code[1]", func(a *Alert) { a.Codes = []string{"\xff"} }},
		{"U+FFFF in a value", "core.text.control", "alert/info[1]/eventCode[1]/value", info(func(i *Info) { i.EventCodes[0].Value = "\uffff" })},
		{"NUL in a reference", "core.text.control", "alert/references", func(a *Alert) { a.References[0].Identifier = "a\x00" }},
		{"blank code", "core.code.blank", "alert/code[2]", func(a *Alert) { a.Codes = append(a.Codes, " ") }},
		{"exercise without a name", "core.note.exercise", "alert/note", func(a *Alert) { a.Status, a.Note = StatusExercise, "" }},
		{"error without a reason", "core.note.error", "alert/note", func(a *Alert) { a.MsgType, a.Note = MsgError, "" }},
		{"drill as the real thing", "core.status.text", "alert/info[1]/headline", info(func(i *Info) { i.Headline = "THIS IS A DRILL" })},
		{"drill in Chinese", "core.status.text", "alert/info[1]/event", info(func(i *Info) { i.Event = "防汛演练" })},
		{"reference twice", "core.references.doubled", "alert/references", func(a *Alert) { a.References = append(a.References, a.References[0]) }},
		{"later info contradicts", "core.info.override", "alert/info[2]", func(a *Alert) { a.Infos = append(a.Infos, a.Infos[0]); a.Infos[1].Severity = Minor }},
		{"languages differ in severity", "core.info.languages", "alert/info[2]", func(a *Alert) {
			a.Infos = append(a.Infos, a.Infos[0])
			a.Infos[1].Language, a.Infos[1].Severity = "fr", Minor
		}},
		{"not translated", "core.info.same-text", "alert/info[2]/headline", func(a *Alert) { a.Infos = append(a.Infos, a.Infos[0]); a.Infos[1].Language = "fr" }},
		{"public Assess", "core.response-type.assess", "alert/info[1]/responseType[2]", info(func(i *Info) { i.ResponseTypes = append(i.ResponseTypes, "Assess") })},
		{"immediate in two days", "core.urgency.onset", "alert/info[1]/urgency", info(func(i *Info) { i.Onset, i.Expires = i.Onset.AddDate(0, 0, 2), i.Expires.AddDate(0, 0, 3) })},
		{"Very Likely", "core.certainty.value", "alert/info[1]/certainty", info(func(i *Info) { i.Certainty = "Very Likely" })},
		{"no expires", "core.expires.advised", "alert/info[1]/expires", info(func(i *Info) { i.Expires = time.Time{} })},
		{"headline of 161", "core.headline.length", "alert/info[1]/headline", info(func(i *Info) { i.Headline = strings.Repeat("ü", 161) })},
		{"acronym in lower case", "core.value.acronym", "alert/info[1]/area[1]/geocode[1]/valueName", area(func(ar *Area) { ar.Geocodes[0].Name = "same" })},
		{"acronym with periods", "core.value.acronym", "alert/info[1]/eventCode[1]/valueName", info(func(i *Info) { i.EventCodes[0].Name = "S.A.M.E." })},
		{"invented media type", "core.resource.media", "alert/info[1]/resource[1]/mimeType", resource(func(r *Resource) { r.MIMEType = "picture/png" })},
		{"uri without size", "core.resource.size-advised", "alert/info[1]/resource[1]/size", resource(func(r *Resource) { r.Size = nil })},
		{"content of another size", "core.resource.size-content", "alert/info[1]/resource[1]/size", resource(func(r *Resource) { r.DerefURI, r.Digest = "AAAA", "" })},
		{"content in a public alert", "core.resource.deref-public", "alert/info[1]/resource[1]/derefUri", resource(func(r *Resource) { r.DerefURI = "AAAA" })},
		{"nothing to show", "core.resource.content", "alert/info[1]/resource[1]", resource(func(r *Resource) { r.URI = "" })},
		{"damaged content", "core.resource.digest-content", "alert/info[1]/resource[1]/digest", resource(func(r *Resource) { r.DerefURI = "AAAA" })},
		{"geocode alone", "core.area.geocode-alone", "alert/info[1]/area[1]/geocode[1]", area(func(ar *Area) { ar.Polygons, ar.Circles = nil, nil })},
		{"circle the other way round", "core.area.swapped", "alert/info[1]/area[1]/circle[1]", func(a *Alert) {
			ar := &a.Infos[0].Areas[0]
			ar.Polygons = []Polygon{{{-38, 70}, {-38, 71}, {-39, 71}, {-39, 70}, {-38, 70}}}
			ar.Circles = []Circle{{Point{70.5, -38.5}, 5}}
		}},
		{"point the other way round", "core.polygon.swapped", "alert/info[1]/area[1]/polygon[2]", polygon(Point{50, 8}, Point{9, 50}, Point{51, 9}, Point{51, 8}, Point{50, 8})},
		{"first point the other way round", "core.polygon.swapped", "alert/info[1]/area[1]/polygon[2]", polygon(Point{8, 50}, Point{50, 9}, Point{51, 9}, Point{51, 8}, Point{8, 50})},
		{"radius 0", "core.circle.zero", "alert/info[1]/area[1]/circle[1]", circle(Circle{Point{38, -120}, 0})},
		{"tag in description", "core.text.tags", "alert/info[1]/description", info(func(i *Info) { i.Description = "Water<br/>rises until 18:00 at the river." })},
		{"entity in areaDesc", "core.text.entities", "alert/info[1]/area[1]/areaDesc", area(func(ar *Area) { ar.Description = "Aa &amp; Bee" })},
		{"nobody warns", "advice.source", "alert/info[1]/senderName", info(func(i *Info) { i.SenderName = "" })},
		{"nobody warns in Latin", "advice.source", "alert/info[1]/senderName", info(func(i *Info) { i.SenderName, i.Language = "", "la" })},
		{"nowhere", "advice.place", "alert/info[1]/description", info(func(i *Info) { i.Headline, i.Description = "Flood: leave now", "Water is rising." })},
		{"nowhere in Chinese", "advice.place", "alert/info[1]/description", info(func(i *Info) {
			i.Language, i.Headline, i.Description, i.Instruction = "zh-CN", "洪水红色预警", "今晚水位上涨。", "请立即撤离。"
		})},
		{"at no time", "advice.time", "alert/info[1]/description", info(func(i *Info) { i.Headline = "Flood at the river: leave"; i.Description = "The water is rising." })},
		{"at no time in Chinese", "advice.time", "alert/info[1]/description", info(func(i *Info) {
			i.Language, i.Headline, i.Description, i.Instruction = "zh-CN", "洪水红色预警", "河水上涨。", "请撤离到高处。"
		})},
		{"nothing to do", "advice.action", "alert/info[1]/instruction", info(func(i *Info) { i.Headline, i.Instruction, i.ResponseTypes = "Flood at the river", "", nil })},
		{"only a responseType", "advice.action", "alert/info[1]/instruction", info(func(i *Info) { i.Instruction = "" })},
		{"no word to act on", "advice.action", "alert/info[1]/instruction", info(func(i *Info) {
			i.Headline, i.Instruction = "Flood at the river today", "The authorities are of the opinion that danger is imminent."
			i.Description = "The water of the river is rising."
		})},
		{"no word to act on in Chinese", "advice.action", "alert/info[1]/instruction", info(func(i *Info) {
			i.Language, i.Headline, i.Description, i.Instruction = "zh-CN", "洪水红色预警", "今晚河水上涨。", "情况危险。"
		})},
		{"instruction is description", "advice.instruction", "alert/info[1]/instruction", info(func(i *Info) { i.Instruction = " Water is 2 m above the quay & rising. roads are  closed." })},
		{"headline is description", "advice.headline", "alert/info[1]/headline", info(func(i *Info) { i.Headline = i.Description })},
		{"tornado over a country", "advice.area.event", "alert/info[1]/area[1]", func(a *Alert) {
			a.Infos[0].Event = "Tornado Warning"
			a.Infos[0].Areas[0].Circles = []Circle{{Point{38.5, -120}, 150}}
		}},
		{"half the globe", "advice.area.event", "alert/info[1]/area[1]", circle(Circle{Point{38.5, -120}, 9000})},
		{"street as large as a state", "advice.area.name", "alert/info[1]/area[1]", area(func(ar *Area) { ar.Description = "Station Road" })},
		{"override in areaDesc", "core.text.bidi", "alert/info[1]/area[1]/areaDesc", area(func(ar *Area) { ar.Description = "\u202E" })},
	}
	if findings := Check(floodAlert(), Profile{}); len(findings) > 0 {
		t.Fatalf("the sample is not clean: %v", findings)
	}
	levels, tested := map[string]Level{}, map[string]bool{}
	for _, r := range Core().Rules {
		levels[r.ID] = r.Level
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			a := floodAlert()
			row.change(a)
			f, ok := find(Check(a, Profile{}), row.id)
			if !ok {
				t.Fatalf("no finding %s, but: %v", row.id, Check(a, Profile{}))
			}
			if f.Path != row.path || f.Level != levels[row.id] || f.Line != 0 || len(f.Message) < 20 {
				t.Errorf("got %+v, want path %s", f, row.path)
			}
			if _, err := Write(a); (err != nil) != (Check(a, Profile{}).Err() != nil) {
				t.Errorf("Write and Check disagree: %v", err)
			}
		})
		tested[row.id] = true
	}
	for id := range levels {
		if !tested[id] {
			t.Errorf("the rule %s has no test", id)
		}
	}
}

// TestRulesLeaveTheAlertAlone runs the rules on a model and compares it with a new one.
func TestRulesLeaveTheAlertAlone(t *testing.T) {
	a := floodAlert()
	Check(a, Profile{})
	if _, err := Write(a); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(a, floodAlert()) {
		t.Error("Check or Write changed the alert")
	}
}

func TestFindingsAreBounded(t *testing.T) {
	a := floodAlert()
	a.Infos[0].Categories = slices.Repeat([]Category{"x"}, 5000)
	a.Infos[0].Parameters = slices.Repeat([]Value{{}}, 5000)
	a.Infos[0].Areas[0].Description = ""
	findings := Check(a, Profile{})
	errors := 0
	for _, f := range findings {
		if f.Level == LevelError {
			errors++
		}
	}
	if errors != maxFindings || len(findings) != 3*maxFindings {
		t.Errorf("%d findings, %d errors", len(findings), errors)
	}
}

func TestLevelText(t *testing.T) {
	for _, level := range []Level{LevelError, LevelWarning, LevelAdvice} {
		var again Level
		text, err := level.MarshalText()
		if err != nil || again.UnmarshalText(text) != nil || again != level {
			t.Errorf("%s became %s", level, again)
		}
	}
	if new(Level).UnmarshalText([]byte("Error")) == nil {
		t.Error("a level in upper case was read")
	}
}

func TestFindingText(t *testing.T) {
	f := Finding{"core.x", "CAP 1.2 §3", "alert/x", "is wrong: write y", 3, LevelError}
	if got, want := f.String(), "line 3: error: alert/x: is wrong: write y [core.x, CAP 1.2 §3]"; got != want {
		t.Errorf("got %s", got)
	}
	f.Line, f.Level = 0, LevelAdvice
	if got, want := f.String(), "advice: alert/x: is wrong: write y [core.x, CAP 1.2 §3]"; got != want {
		t.Errorf("got %s", got)
	}
	if err := (Findings{f}).Err(); err != nil {
		t.Errorf("advice became an error: %v", err)
	}
}
