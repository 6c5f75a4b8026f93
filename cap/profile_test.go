package cap

import (
	"strings"
	"testing"
	"time"
)

// modelOf is an alert that keeps a profile to the last advice, made anew on every call.
func modelOf(id string) *Alert {
	a := floodAlert()
	i := &a.Infos[0]
	ar := &i.Areas[0]
	switch id {
	case "ipaws":
		a.Codes = []string{"IPAWSv1.0"}
		i.Effective, i.Expires = a.Sent, a.Sent.Add(6*time.Hour)
		i.Parameters = []Value{{"EAS-ORG", "CIV"}, {"CMAMtext", "Flood at the river. Go uphill."}}
	case "cap-cp":
		a.Codes = []string{"profile:CAP-CP:1.0"}
		i.EventCodes, ar.Geocodes = []Value{{"profile:CAP-CP:Event:1.0", "flashFlood"}}, []Value{{"profile:CAP-CP:Location:1.0", "3506008"}}
		a.Infos = append(a.Infos, a.Infos[0])
		f := &a.Infos[1]
		f.Language, f.Headline, f.Description, f.Instruction = "fr-CA", "Crue : partez maintenant", "L'eau monte au-dessus du quai.", "Montez sur la colline."
	case "cap-au":
		a.Codes = []string{"urn:oasis:names:tc:emergency:cap:1.2:profile:CAP-AU:1.0"}
		i.EventCodes = []Value{{"https://govshare.gov.au/xmlui/handle/10772/6495", "flood"}}
	case "wmo":
		a.Identifier = "urn:oid:2.49.0.1.999.0.2026.5.24.16.49.0"
	case "china":
		a.Sent = time.Date(2026, 5, 24, 16, 49, 0, 0, time.FixedZone("", beijing))
		a.Identifier, a.References[0].Identifier = "11010008100100_20260524164800_1", "11010008100100_20260524120000_0"
		a.References[0].Sent = a.Sent.Add(-4 * time.Hour)
		i.Effective, i.Onset, i.Expires = time.Time{}, time.Time{}, a.Sent.Add(6*time.Hour)
		i.Language, i.Severity, i.Event, i.SenderName = "zh-CN", Extreme, "暴雨", "市气象台"
		i.Headline, i.Description, i.Instruction = "市气象台发布暴雨红色预警", "预计今晚本市有特大暴雨。", "请远离河道，转移到高处。"
		ar.Description, ar.Geocodes = "本市", []Value{{"GB/T 2260", "110100"}}
		ar.Polygons, ar.Circles = []Polygon{{{39.8, 116.2}, {39.8, 116.5}, {40, 116.5}, {40, 116.2}, {39.8, 116.2}}}, nil
	}
	return a
}

// TestProfiles breaks each rule of each profile, and misses it by little; no rule is left without both.
func TestProfiles(t *testing.T) {
	info := func(change func(i *Info)) func(a *Alert) { return func(a *Alert) { change(&a.Infos[0]) } }
	area := func(change func(ar *Area)) func(a *Alert) { return func(a *Alert) { change(&a.Infos[0].Areas[0]) } }
	noInfo := func(a *Alert) { a.Infos = nil }
	ack := func(a *Alert) { a.MsgType, a.Infos = MsgAck, nil }
	cancel := func(a *Alert) { a.MsgType, a.Infos = MsgCancel, nil }
	noArea := info(func(i *Info) { i.Areas = nil })
	second := area(func(ar *Area) { ar.Description = "the whole lower town" })
	noReference := func(a *Alert) { a.References = nil }
	first := func(a *Alert) { a.MsgType, a.References = MsgAlert, nil }
	add := func(change func(i *Info)) func(a *Alert) {
		return func(a *Alert) {
			a.Infos = append(a.Infos, a.Infos[0])
			change(&a.Infos[len(a.Infos)-1])
		}
	}
	noExpires, shortLife := info(func(i *Info) { i.Expires = time.Time{} }), func(a *Alert) { a.Infos[0].Expires = a.Sent.Add(time.Second) }
	noCode, moreCodes := func(a *Alert) { a.Codes = []string{"x"} }, func(a *Alert) { a.Codes = append([]string{"x"}, a.Codes...) }
	otherCategory, swappedCategory := add(func(i *Info) { i.Categories = []Category{"Fire"} }), add(func(i *Info) { i.Categories = []Category{"Safety", "Met"} })
	otherCode, moreOfSame := add(func(i *Info) { i.EventCodes = []Value{{"x", "y"}} }), add(func(*Info) {})
	noSender, named := info(func(i *Info) { i.SenderName = " " }), info(func(i *Info) { i.SenderName = "x" })
	noInstruction, brief := info(func(i *Info) { i.Instruction = "" }), info(func(i *Info) { i.Instruction = "Go." })
	noResponse, none := info(func(i *Info) { i.ResponseTypes = nil }), info(func(i *Info) { i.ResponseTypes = []ResponseType{"None"} })
	noShape := area(func(ar *Area) { ar.Polygons, ar.Circles = nil, nil })
	onlyCircle := area(func(ar *Area) { ar.Polygons, ar.Circles = nil, []Circle{{Point{39, -120}, 1}} })
	utc := func(a *Alert) { a.Sent = a.Sent.UTC() }
	rows := []struct {
		id           string
		breach, near func(a *Alert)
	}{
		{"ipaws.code", noCode, moreCodes}, {"ipaws.references.required", noReference, first}, {"ipaws.expires.required", noExpires, shortLife},
		{"ipaws.area.required", noArea, second}, {"ipaws.category.same", otherCategory, swappedCategory}, {"ipaws.event-code.same", otherCode, moreOfSame},
		{"ipaws.info.required", cancel, ack}, {"ipaws.time.offset", utc, func(a *Alert) { a.Sent = a.Sent.In(time.FixedZone("", 60)) }},
		{"ipaws.event-code.same-one", info(func(i *Info) { i.EventCodes = append(i.EventCodes, Value{"SAME", "FFW"}) }), info(func(i *Info) { i.EventCodes = append(i.EventCodes, Value{"x", "FFW"}) })},
		{"ipaws.geocode.same", area(func(ar *Area) { ar.Geocodes[0].Value = "6109" }), area(func(ar *Area) { ar.Geocodes = append(ar.Geocodes, Value{"UGC", "CAC109"}) })},
		{"ipaws.effective.ignored", func(a *Alert) { a.Infos[0].Effective = a.Sent.Add(time.Hour) }, func(a *Alert) { a.Infos[0].Effective = a.Sent.Add(-time.Hour) }},
		{"ipaws.description.required", info(func(i *Info) { i.Description = "" }), info(func(i *Info) { i.Description = "." })},
		{"ipaws.instruction.required", noInstruction, brief},
		{"ipaws.cmam.length", info(func(i *Info) { i.Parameters[1].Value = strings.Repeat("x", 91) }), info(func(i *Info) { i.Parameters[1].Value = strings.Repeat("é", 90) })},
		{"ipaws.eas-org", info(func(i *Info) { i.Parameters[0].Value = "civ" }), info(func(i *Info) { i.Parameters[0].Value = "WXR" })},

		{"cap-cp.code", noCode, moreCodes}, {"cap-cp.code", noCode, func(a *Alert) { a.Codes = []string{"profile:CAP-CP:0.4"} }},
		{"cap-cp.code.version", func(a *Alert) { a.Codes = []string{"profile:CAP-CP:0.4"} }, func(a *Alert) { a.Codes = append(a.Codes, "profile:CAP-CP:0.4") }}, {"cap-cp.info.required", noInfo, ack}, {"cap-cp.area.required", noArea, second},
		{"cap-cp.references.required", noReference, first}, {"cap-cp.event-code.same", otherCode, moreOfSame},
		{"cap-cp.event-code.required", info(func(i *Info) { i.EventCodes = []Value{{"SAME", "FLW"}} }), info(func(i *Info) { i.EventCodes[0].Name = "profile:CAP-CP:Event:0.4" })},
		{"cap-cp.geocode.required", area(func(ar *Area) { ar.Geocodes[0].Value = "35060080" }), area(func(ar *Area) { ar.Geocodes[0].Value = "35" })},
		{"cap-cp.languages", func(a *Alert) { a.Infos = a.Infos[:1] }, func(a *Alert) { a.Infos[0].Language = "" }},
		{"cap-cp.expires.required", noExpires, shortLife}, {"cap-cp.sender-name.required", noSender, named}, {"cap-cp.response-type.required", noResponse, none},
		{"cap-cp.instruction.required", noInstruction, brief}, {"cap-cp.area.shape", noShape, onlyCircle},
		{"cap-cp.area.exact", area(func(ar *Area) { ar.Geocodes = append(ar.Geocodes, Value{"profile:CAP-CP:Location:1.0", "35"}) }), second},

		{"cap-au.code", noCode, moreCodes}, {"cap-au.info.required", noInfo, ack}, {"cap-au.area.required", noArea, second},
		{"cap-au.references.required", noReference, first}, {"cap-au.category.same", otherCategory, swappedCategory}, {"cap-au.event-code.same", otherCode, moreOfSame},
		{"cap-au.event.same", add(func(i *Info) { i.Event = "Fire" }), add(func(i *Info) { i.Event, i.Language = "Crue", "fr" })},
		{"cap-au.event-code.required", info(func(i *Info) { i.EventCodes = nil }), info(func(i *Info) { i.EventCodes = []Value{{"AUeventLIST", "flood"}, {"x", "y"}} })},
		{"cap-au.effective.cancel", func(a *Alert) { a.MsgType = MsgCancel }, func(a *Alert) { a.MsgType, a.Infos[0].Effective = MsgCancel, time.Time{} }},
		{"cap-au.sender.mail", func(a *Alert) { a.Sender = "office@localhost" }, func(a *Alert) { a.Sender = "o@a.b" }},
		{"cap-au.status.test", func(a *Alert) { a.Status = StatusTest }, func(a *Alert) { a.Status = StatusExercise }},
		{"cap-au.expires.required", noExpires, shortLife}, {"cap-au.sender-name.required", noSender, named}, {"cap-au.response-type.required", noResponse, none},
		{"cap-au.instruction.required", noInstruction, brief}, {"cap-au.geocode.advised", area(func(ar *Area) { ar.Geocodes = nil }), second},

		{"google.info.required", noInfo, ack}, {"google.area.required", noArea, second}, {"google.references.required", noReference, first},
		{"google.category.same", otherCategory, swappedCategory}, {"google.event-code.same", otherCode, moreOfSame},
		{"google.event.same", add(func(i *Info) { i.Event = "Fire" }), add(func(i *Info) { i.Event, i.Language = "Crue", "fr" })},
		{"google.description.required", info(func(i *Info) { i.Description = "\n" }), info(func(i *Info) { i.Description = "." })},
		{"google.web.required", info(func(i *Info) { i.Web = "" }), info(func(i *Info) { i.Web = "urn:x" })},
		{"google.expires.required", noExpires, shortLife},
		{"google.area.place", area(func(ar *Area) { ar.Polygons, ar.Circles, ar.Geocodes = nil, nil, nil }), noShape},
		{"google.expires.order", info(func(i *Info) { i.Effective = i.Expires.Add(time.Second) }), info(func(i *Info) { i.Effective = i.Expires })},
		{"google.sender-name.required", noSender, named}, {"google.response-type.required", noResponse, none}, {"google.instruction.required", noInstruction, brief},
		{"google.contact.required", info(func(i *Info) { i.Contact = "" }), info(func(i *Info) { i.Contact = "1" })}, {"google.area.shape", noShape, onlyCircle},
		{"google.grade.unknown", info(func(i *Info) { i.Certainty = "Unknown" }), info(func(i *Info) { i.Certainty = Unlikely })},
		{"google.headline.length", info(func(i *Info) { i.Headline = strings.Repeat("ü", 141) }), info(func(i *Info) { i.Headline = strings.Repeat("ü", 140) })},
		{"google.text.same", info(func(i *Info) { i.Instruction = i.Headline }), info(func(i *Info) { i.Instruction, i.Description = "", "" })},
		{"google.geocode.blank", area(func(ar *Area) { ar.Geocodes[0].Name = " " }), area(func(ar *Area) { ar.Geocodes[0].Name = "x" })},
		{"google.status.test", func(a *Alert) { a.Status = StatusTest }, func(a *Alert) { a.Status = StatusExercise }},

		{"wmo.references.required", noReference, first},
		{"wmo.identifier.oid", func(a *Alert) { a.Identifier = "2.49.0.0.999.0.2026" }, func(a *Alert) { a.Identifier = "2.49.0.1.36.2.x" }},
		{"wmo.identifier.oid", func(a *Alert) { a.Identifier = "urn:oid:2.49.0.1.AU.0.1" }, func(a *Alert) { a.Identifier = "2.49.0.1.4.0.2026" }},
		{"wmo.sender.known", func(a *Alert) { a.Sender = "office" }, func(a *Alert) { a.Sender = "urn:oid:2.49.0.0.999.0" }},
		{"wmo.info.required", noInfo, cancel}, {"wmo.area.required", noArea, second}, {"wmo.expires.required", noExpires, shortLife},
		{"wmo.sender-name.required", noSender, named},
		{"wmo.grade.unknown", info(func(i *Info) { i.Urgency = "Unknown" }), info(func(i *Info) { i.Urgency = Past })},
		{"wmo.event.length", info(func(i *Info) { i.Event = strings.Repeat("é", 36) }), info(func(i *Info) { i.Event = strings.Repeat("é", 35) })},
		{"wmo.polygon.points", area(func(ar *Area) { ar.Polygons[0] = coast(101) }), area(func(ar *Area) { ar.Polygons[0] = coast(100) })},

		{"china.identifier.form", func(a *Alert) { a.Identifier = "11010008100100_20260524164800_10" }, func(a *Alert) { a.Identifier = "110100081001AB_20240229235959_0" }},
		{"china.identifier.form", func(a *Alert) { a.Identifier = "99010008100100_20260524164800_1" }, func(a *Alert) { a.Identifier = "82010008100100_20260524164800_1" }},
		{"china.identifier.form", func(a *Alert) { a.Identifier = "11010008100100_20260230164800_1" }, func(a *Alert) { a.Identifier = "11010008100100_20260228164800_1" }},
		{"china.references.required", noReference, first}, {"china.info.required", noInfo, cancel},
		{"china.colour.severity", info(func(i *Info) { i.Severity = Severe }), info(func(i *Info) { i.Severity, i.Headline = Severe, "暴雨橙色预警" })},
		{"china.colour.severity", info(func(i *Info) { i.Severity, i.Headline = Minor, "Orange alert: rainstorm" }), info(func(i *Info) { i.Severity, i.Headline = Severe, "暴雨黄色预警升级为橙色预警" })},
		{"china.colour.named", info(func(i *Info) { i.Headline = "暴雨" }), info(func(i *Info) { i.Headline, i.Event = "暴雨", "暴雨红色预警" })},
		{"china.area.required", noArea, second},
		{"china.geocode.region", area(func(ar *Area) { ar.Geocodes[0].Value = "990100" }), area(func(ar *Area) { ar.Geocodes[0].Value = "110101001001" })},
		{"china.language.chinese", info(func(i *Info) { i.Language = "en" }), info(func(i *Info) { i.Language = "zh" })},
		{"china.time.offset", utc, func(a *Alert) { a.Infos[0].Onset = a.Sent.UTC() }},
		{"china.sender-name.required", noSender, named}, {"china.instruction.required", noInstruction, brief}, {"china.expires.required", noExpires, shortLife},
	}
	profiles, missing := map[string]Profile{}, map[string]bool{}
	for _, p := range Profiles() {
		profiles[p.ID] = p
		if found := Check(modelOf(p.ID), p); len(found) > 0 {
			t.Errorf("the model of %s is not clean: %v", p.ID, found)
		}
		for _, r := range p.Rules[len(Core().Rules):] {
			missing[r.ID] = true
		}
	}
	for _, row := range rows {
		id, _, _ := strings.Cut(row.id, ".")
		p := profiles[id]
		wrong, right := modelOf(id), modelOf(id)
		row.breach(wrong)
		row.near(right)
		if f, ok := find(Check(wrong, p), row.id); !ok || len(f.Message) < 20 || !strings.HasPrefix(f.Path, "alert") {
			t.Errorf("%s: got %+v of %v", row.id, f, Check(wrong, p))
		}
		if f, ok := find(Check(right, p), row.id); ok {
			t.Errorf("%s: found in a near miss: %v", row.id, f)
		}
		if _, ok := find(Check(wrong, Profile{}), row.id); ok {
			t.Errorf("%s: found by the core", row.id)
		}
		delete(missing, row.id)
	}
	for id := range missing {
		t.Errorf("the rule %s has no test", id)
	}
}

// TestProfileOnDocuments: reading with a profile gives its findings with their lines, and refuses what it forbids.
func TestProfileOnDocuments(t *testing.T) {
	p, err := ProfileByID("ipaws")
	if err != nil {
		t.Fatal(err)
	}
	a, findings := ParseAll([]byte(flood), Options{Profile: p})
	if a != nil {
		t.Fatal("a document without the profile's code was accepted")
	}
	if f, ok := find(findings, "ipaws.code"); !ok || f.Line == 0 || f.Path != "alert/code" {
		t.Errorf("got %+v", f)
	}
	if f, ok := find(findings, "ipaws.time.offset"); !ok || f.Line != 30 {
		t.Errorf("got %+v", f)
	}
	doc, err := Write(modelOf("ipaws"))
	if err != nil {
		t.Fatal(err)
	}
	if a, findings = ParseAll(doc, Options{Profile: p}); a == nil || len(findings) > 0 {
		t.Errorf("the model is refused: %v", findings)
	}
}
