package cap

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestNearMisses holds, for every rule of Core, something that looks like a breach and is none: a rule that cries wolf
// is soon ignored.
func TestNearMisses(t *testing.T) {
	zero, five, below := int64(0), 5.0, -6.0
	info := func(change func(i *Info)) func(a *Alert) { return func(a *Alert) { change(&a.Infos[0]) } }
	area := func(change func(ar *Area)) func(a *Alert) { return func(a *Alert) { change(&a.Infos[0].Areas[0]) } }
	resource := func(change func(r *Resource)) func(a *Alert) {
		return func(a *Alert) { change(&a.Infos[0].Resources[0]) }
	}
	polygon := func(points ...Point) func(a *Alert) {
		return area(func(ar *Area) { ar.Polygons, ar.Circles = []Polygon{points}, nil })
	}
	circle := func(c Circle) func(a *Alert) { return area(func(ar *Area) { ar.Circles = []Circle{c} }) }
	second := func(change func(i *Info)) func(a *Alert) {
		return func(a *Alert) {
			a.Infos = append(a.Infos, a.Infos[0])
			change(&a.Infos[1])
		}
	}
	says := func(headline, description, instruction string) func(i *Info) {
		return func(i *Info) { i.Headline, i.Description, i.Instruction = headline, description, instruction }
	}
	french := func(i *Info) {
		i.Language = "fr"
		says("Crue de la rivière : partez", "L'eau est 2 m au-dessus du quai.", "Montez.")(i)
	}
	rows := []struct {
		id, name string
		change   func(a *Alert)
	}{
		{"core.identifier.required", "one character", func(a *Alert) { a.Identifier = "0" }},
		{"core.identifier.characters", "colons, dots and >", func(a *Alert) { a.Identifier = "urn:a/b;c>d|e" }},
		{"core.sender.required", "one character", func(a *Alert) { a.Sender = "-" }},
		{"core.sender.characters", "other scripts", func(a *Alert) { a.Sender = "气象台@例.example" }},
		{"core.sent.required", "the year 1", func(a *Alert) { a.Sent = time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC) }},
		{"core.time.form", "offset of 14 hours", func(a *Alert) { a.Sent = a.Sent.In(time.FixedZone("", 14*3600)) }},
		{"core.status.value", "System", func(a *Alert) { a.Status = StatusSystem }},
		{"core.status.text", "words that hold test", info(says("Attested contest of the greatest river", "Test the water for the exercise.", "Go uphill."))},
		{"core.status.text", "a test that says so", func(a *Alert) { a.Status = StatusTest; a.Infos[0].Headline = "TEST" }},
		{"core.msg-type.value", "Ack", func(a *Alert) { a.MsgType = MsgAck }},
		{"core.scope.value", "Private", func(a *Alert) { a.Scope = ScopePrivate }},
		{"core.restriction.required", "restricted to staff", func(a *Alert) { a.Scope, a.Restriction = ScopeRestricted, "staff" }},
		{"core.restriction.scope", "blank restriction", func(a *Alert) { a.Restriction = " " }},
		{"core.addresses.required", "private to one", func(a *Alert) { a.Scope, a.Addresses = ScopePrivate, []string{"a"} }},
		{"core.addresses.scope", "private addresses", func(a *Alert) { a.Scope, a.Addresses = ScopePrivate, []string{"a", "b"} }},
		{"core.addresses.form", "blank inside", func(a *Alert) { a.Addresses = []string{"the office", "it's"} }},
		{"core.incidents.form", "blank inside", func(a *Alert) { a.Incidents = []string{"River Aa"} }},
		{"core.info.required", "a Cancel", func(a *Alert) { a.MsgType, a.Infos = MsgCancel, nil }},
		{"core.code.blank", "one character", func(a *Alert) { a.Codes = []string{"0"} }},
		{"core.note.exercise", "an exercise with a name", func(a *Alert) { a.Status = StatusExercise }},
		{"core.note.error", "an error with a reason", func(a *Alert) { a.MsgType = MsgError }},
		{"core.references.required", "a first alert", func(a *Alert) { a.MsgType, a.References = MsgAlert, nil }},
		{"core.references.advised", "a first alert", func(a *Alert) { a.MsgType, a.References = MsgAlert, nil }},
		{"core.references.form", "UTC", func(a *Alert) { a.References[0].Sent = a.References[0].Sent.UTC() }},
		{"core.references.self", "same identifier of another sender", func(a *Alert) { a.References = []Reference{{"x", a.Identifier, a.Sent}} }},
		{"core.references.identifier", "same identifier of another sender", func(a *Alert) { a.References = []Reference{{"x", a.Identifier, a.Sent}} }},
		{"core.references.postdated", "the same second", func(a *Alert) { a.References[0].Sent = a.Sent.UTC() }},
		{"core.references.doubled", "an earlier version of the same", func(a *Alert) {
			a.References = append(a.References, a.References[0])
			a.References[1].Sent = a.References[1].Sent.Add(-time.Second)
		}},
		{"core.language.syntax", "script and region", info(func(i *Info) { i.Language = "zh-Hant-TW" })},
		{"core.language.code", "three letters", info(func(i *Info) { i.Language = "mri" })},
		{"core.info.override", "another area", second(func(i *Info) { i.Severity, i.Areas = Minor, nil })},
		{"core.info.override", "later on", second(func(i *Info) { i.Severity, i.Onset = Extreme, i.Onset.Add(time.Hour) })},
		{"core.info.languages", "graded alike", second(french)},
		{"core.info.languages", "two of one language", second(func(i *Info) { i.Severity, i.Areas = Minor, nil })},
		{"core.info.same-text", "translated", second(french)},
		{"core.info.same-text", "two Englishes", second(func(i *Info) { i.Language = "EN-us" })},
		{"core.info.same-text", "short and the same", func(a *Alert) { second(french)(a); a.Infos[0].Headline, a.Infos[1].Headline = "Tsunami", "Tsunami" }},
		{"core.category.required", "one", info(func(i *Info) { i.Categories = []Category{"CBRNE"} })},
		{"core.category.value", "CBRNE", info(func(i *Info) { i.Categories = []Category{"CBRNE"} })},
		{"core.event.required", "one character", info(func(i *Info) { i.Event = "洪" })},
		{"core.response-type.value", "None", info(func(i *Info) { i.ResponseTypes = []ResponseType{"None"} })},
		{"core.response-type.assess", "among officials", func(a *Alert) {
			a.Scope, a.Restriction = ScopeRestricted, "staff"
			a.Infos[0].ResponseTypes = []ResponseType{"Assess"}
		}},
		{"core.urgency.value", "Past", info(func(i *Info) { i.Urgency = Past })},
		{"core.urgency.onset", "within the day", func(a *Alert) { a.Infos[0].Onset = a.Sent.Add(23 * time.Hour) }},
		{"core.severity.value", "Unknown", info(func(i *Info) { i.Severity = UnknownSeverity })},
		{"core.certainty.value", "Unlikely", info(func(i *Info) { i.Certainty = Unlikely })},
		{"core.expires.advised", "a Cancel", func(a *Alert) { a.MsgType, a.Infos[0].Expires = MsgCancel, time.Time{} }},
		{"core.expires.order", "a second later", func(a *Alert) { a.Infos[0].Expires = a.Sent.Add(time.Second).UTC() }},
		{"core.onset.order", "at the same second", info(func(i *Info) { i.Onset = i.Expires })},
		{"core.headline.length", "160 characters of 3 bytes", info(func(i *Info) { i.Headline = strings.Repeat("洪", 160) })},
		{"core.web.absolute", "with port and query", info(func(i *Info) { i.Web = "https://warnings.example:8443/a?b=c&d=e#f" })},
		{"core.value.name", "one character", info(func(i *Info) { i.Parameters[0].Name = "x" })},
		{"core.value.acronym", "a word", info(func(i *Info) { i.Parameters[0].Name = "level.max" })},
		{"core.value.acronym", "a URN", info(func(i *Info) { i.Parameters[0].Name = "layer:SOREM:1.0" })},
		{"core.value.value", "0", info(func(i *Info) { i.Parameters[0].Value = "0" })},
		{"core.resource.description", "one character", resource(func(r *Resource) { r.Description = "x" })},
		{"core.resource.mime-type", "with a parameter", resource(func(r *Resource) { r.MIMEType = "text/plain; charset=utf-8" })},
		{"core.resource.media", "private type", resource(func(r *Resource) { r.MIMEType = "X-office/map" })},
		{"core.resource.size", "0", resource(func(r *Resource) { r.Size = &zero })},
		{"core.resource.size-advised", "0", resource(func(r *Resource) { r.Size = &zero })},
		{"core.resource.size-content", "two bytes, with blanks and padding", resource(func(r *Resource) { r.DerefURI = "\n A A A = \n"; *r.Size = 2 })},
		{"core.resource.uri", "relative with content", resource(func(r *Resource) { r.URI, r.DerefURI = "map.png", "AAAA" })},
		{"core.resource.deref-uri", "padded and wrapped", resource(func(r *Resource) { r.DerefURI = "AAAA\nAA==" })},
		{"core.resource.deref-public", "to known receivers", func(a *Alert) { a.Scope = ScopePrivate; a.Infos[0].Resources[0].DerefURI = "AAAA" }},
		{"core.resource.content", "only content", resource(func(r *Resource) { r.URI, r.DerefURI = "", "AAAA" })},
		{"core.resource.digest", "upper case", resource(func(r *Resource) { r.Digest = strings.ToUpper(r.Digest) })},
		{"core.resource.digest-content", "that of AAAA", resource(func(r *Resource) {
			r.DerefURI, r.Digest = "AAAA", "29e2dcfbb16f63bb0254df7585a15bb6fb5e927d"
		})},
		{"core.area.description", "one character", area(func(ar *Area) { ar.Description = "村" })},
		{"core.area.place", "only a geocode", area(func(ar *Area) { ar.Polygons, ar.Circles = nil, nil })},
		{"core.area.geocode-alone", "with a circle", area(func(ar *Area) { ar.Polygons = nil })},
		{"core.area.swapped", "two places far apart", circle(Circle{Point{-33, 151}, 5})},
		{"core.area.altitude", "below the sea", area(func(ar *Area) { ar.Altitude, ar.Ceiling = &below, nil })},
		{"core.area.ceiling", "a foot above", area(func(ar *Area) { ar.Altitude, ar.Ceiling = &below, &five })},
		{"core.polygon.points", "a triangle", polygon(Point{0, 0}, Point{0, 1}, Point{1, 1}, Point{0, 0})},
		{"core.polygon.closed", "closed at -0", polygon(Point{0, 0}, Point{0, 1}, Point{1, 1}, Point{0, 0})},
		{"core.polygon.range", "corners of the map", polygon(Point{-90, -180}, Point{-90, 180}, Point{90, 180}, Point{90, -180}, Point{-90, -180})},
		{"core.polygon.winding", "once around", polygon(Point{60, 0}, Point{60, 120}, Point{60, -120}, Point{60, 0})},
		{"core.polygon.antimeridian", "cut at 180", polygon(Point{0, 170}, Point{0, 180}, Point{1, 180}, Point{0, 170})},
		{"core.polygon.crossing", "two rings that touch", polygon(Point{0, 0}, Point{0, 1}, Point{1, 1}, Point{2, 2}, Point{2, 1}, Point{1, 1}, Point{1, 0}, Point{0, 0})},
		{"core.polygon.crossing", "a hole with a bridge", polygon(Point{0, 0}, Point{0, 9}, Point{9, 9}, Point{9, 0}, Point{0, 0}, Point{3, 3}, Point{6, 3}, Point{6, 6}, Point{3, 3}, Point{0, 0})},
		{"core.polygon.swapped", "a long box", polygon(Point{10, 20}, Point{10, 60}, Point{30, 60}, Point{30, 20}, Point{10, 20})},
		{"core.circle.center", "the pole", circle(Circle{Point{90, -180}, 1})},
		{"core.circle.radius", "the globe", circle(Circle{Point{}, 20040})},
		{"core.circle.zero", "a metre", circle(Circle{Point{38, -120}, 0.001})},
		{"core.text.control", "tab and line ends", info(func(i *Info) { i.Description += "\r\n\tend" })},
		{"core.text.bidi", "marks and joiners", info(func(i *Info) { i.Description += "\u200F\u200D\u061C" })},
		{"core.text.tags", "less than", info(func(i *Info) { i.Description = "Wind <30 km/h, a<b and c>d, <BLAS> ends at the river 18:00." })},
		{"core.text.tags", "an address", info(func(i *Info) { i.Contact = "<office@warnings.example>" })},
		{"core.text.entities", "and", info(func(i *Info) { i.Description = "R&D; A&B, this & that; AT&T, &c; &; &#; until 18:00" })},
		{"advice.source", "named in the text", info(func(i *Info) { i.SenderName, i.Headline = "", "The Flood Office warns: leave the river now" })},
		{"advice.source", "named in Chinese", info(func(i *Info) {
			i.SenderName, i.Language = "", "zh"
			says("市气象台发布洪水红色预警", "今晚", "请撤离")(i)
		})},
		{"advice.source", "moderate", info(func(i *Info) { i.SenderName, i.Severity = "", Moderate })},
		{"advice.place", "a name after near", info(says("Flood near Springfield", "The water is rising now.", "Go uphill."))},
		{"advice.place", "a word of areaDesc", info(says("Flood", "The lower part is under water.", "Go uphill."))},
		{"advice.place", "no English in spite of the tag", info(says("Hochwasser", "Das Wasser steigt.", "Bergauf gehen."))},
		{"advice.time", "a clock", info(says("Flood at the river", "The water rises from 6:30.", "Go uphill."))},
		{"advice.time", "in Chinese", info(func(i *Info) {
			i.Language = "zh-Hans"
			says("洪水红色预警", "河水将于18时上涨。", "请撤离。")(i)
		})},
		{"advice.action", "a verb", info(says("Flood at the river", "The water is rising now.", "Head for the hills and stay there."))},
		{"advice.action", "in Chinese", info(func(i *Info) {
			i.Language = "zh"
			says("洪水红色预警", "今晚河水上涨。", "请远离河岸。")(i)
		})},
		{"advice.action", "all clear", info(func(i *Info) { i.Instruction, i.ResponseTypes = "", []ResponseType{AllClear} })},
		{"advice.instruction", "both blank", info(func(i *Info) { i.Description, i.Instruction = "", "" })},
		{"advice.headline", "one word more", info(func(i *Info) { i.Headline = i.Description + " Now." })},
		{"advice.area.event", "a watch", func(a *Alert) {
			a.Infos[0].Event, a.Infos[0].Areas[0].Circles = "Tornado Watch", []Circle{{Point{38.5, -120}, 150}}
		}},
		{"advice.area.event", "a tornado's path", func(a *Alert) {
			a.Infos[0].Event, a.Infos[0].Areas[0].Circles = "Tornado Warning", []Circle{{Point{38.5, -120}, 30}}
		}},
		{"advice.area.name", "a road in a word", area(func(ar *Area) { ar.Description = "Broadroads" })},
		{"advice.area.name", "a list", area(func(ar *Area) { ar.Description = "Station Road, the valley" })},
	}
	missing := map[string]bool{}
	for _, r := range Core().Rules {
		missing[r.ID] = true
	}
	for _, row := range rows {
		t.Run(row.id+"/"+row.name, func(t *testing.T) {
			a := floodAlert()
			row.change(a)
			if f, ok := find(Check(a, Profile{}), row.id); ok {
				t.Errorf("found all the same: %v", f)
			}
		})
		delete(missing, row.id)
	}
	for id := range missing {
		t.Errorf("the rule %s has no near miss", id)
	}
}

// TestFormRules triggers each rule of the decoder with a document, and misses it with one beside.
func TestFormRules(t *testing.T) {
	in := func(from, to string) string { return swap(t, from, to) }
	deep := strings.Repeat("<a>", maxDepth) + strings.Repeat("</a>", maxDepth)
	old := strings.NewReplacer(`xmlns="urn:oasis:names:tc:emergency:cap:1.2"`, `xmlns="http://www.incident.com/cap/1.0"`).Replace(`<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
<identifier>1</identifier><sender>s</sender><sent>2026-05-24T16:49:00-07:00</sent><status>Actual</status><msgType>Alert</msgType>PASSWORD<scope>Public</scope>
<info><category>Met</category><event>Flood</event><urgency>Past</urgency><severity>Minor</severity><certainty>Observed</certainty><eventCode>PAIR</eventCode></info></alert>`)
	older := func(password, pair string) string {
		return strings.NewReplacer("PASSWORD", password, "PAIR", pair).Replace(old)
	}
	signed := func(space string) string {
		return strings.Replace(in("</alert>", `<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/></alert>`), namespace, space, 1)
	}
	rows := []struct{ id, breach, near string }{
		{"xml.malformed", in("</status>", "</staus>"), in("</status>", "</status  >")},
		{"xml.declaration", in(`version="1.0"`, `version=1.0`), in(`version="1.0"`, `version = '1.0'`)},
		{"xml.encoding", in("UTF-8", "UTF-7"), in("UTF-8", "utf-8")},
		{"xml.character", in("uphill", "up&#1;hill"), in("uphill", "up&#x9;hill")},
		{"xml.doctype", in("<alert ", "<!DOCTYPE alert><alert "), in("<alert ", "<!-- DOCTYPE --><alert ")},
		{"xml.entity", in("uphill", "up&nbsp;hill"), in("uphill", "up&amp;nbsp;hill")},
		{"xml.instruction", in("<alert ", "<?xml-stylesheet href='a'?><alert "), in("uphill", "up?&gt;hill")},
		{"xml.namespace", in("<status>Actual</status>", "<x:status>Actual</x:status>"), in("<status>Actual</status>", `<x:status xmlns:x="`+namespace+`">Actual</x:status>`)},
		{"xml.trailing", flood + "<x/>", flood + "<!-- x -->\n"},
		{"xml.depth", in("<event>", deep+"<event>"), flood},
		{"xml.size", strings.Repeat(" ", 256<<10) + flood, flood},
		{"core.root", strings.Replace(flood, "cap:1.2", "cap:1.3", 1), strings.Replace(flood, "cap:1.2", "cap:1.1", 1)},
		{"core.alert.nested", in("</alert>", wrap("")+"</alert>"), in("</alert>", "<!-- <alert/> --></alert>")},
		{"core.attribute", in("<status>", `<status lang="en">`), in("<status>", `<status xmlns:x="y">`)},
		{"core.attribute.hint", in(`cap:1.2">`, `cap:1.2" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b">`), flood},
		{"core.element.missing", in("<valueName>gauge</valueName>", ""), in("<valueName>gauge</valueName>", "<valueName/>")},
		{"core.element.order", in("<status>Actual</status>\n  <msgType>Update</msgType>", "<msgType>Update</msgType><status>Actual</status>"), flood},
		{"core.element.doubled", in("<status>", "<status>Test</status><status>"), in("<category>Met", "<category>Fire</category><category>Met")},
		{"core.element.unknown", in("<status>", "<stat/><status>"), flood},
		{"core.element.foreign", in("<status>", `<x:y xmlns:x="z"/><status>`), signed(namespace)},
		{"core.text.stray", in("<status>", "x<status>"), in("<status>", "<!-- x --><status>")},
		{"core.limit", in("<category>Met</category>", strings.Repeat("<category>Met</category>", 2001)), in("<category>Met</category>", strings.Repeat("<category>Met</category>", 1999))},
		{"core.limit.text", in("uphill", strings.Repeat("x", 64<<10+1)), in("uphill", strings.Repeat("x", 64<<10-20))},
		{"core.signature.version", signed("urn:oasis:names:tc:emergency:cap:1.1"), signed(namespace)},
		{"core.password.deprecated", older("<password>x</password>", "SAME=FLW"), older("", "SAME=FLW")},
		{"core.time.doubt", in("2026-05-25T04:00:00-00:00", "2026-05-25T04:00:00+00:00"), in("2026-05-25T04:00:00-00:00", "2026-05-25T04:00:00+00:01")},
		{"core.names.form", in(`"River Aa"`, `"River Aa`), in(`"River Aa"`, `"River  Aa"`)},
		{"core.references.empty", in("floods@warnings.example,2.49.0.1.999.0.2026.5.24.12.0.0,2026-05-24T12:00:00-07:00", " "), flood},
		{"core.references.doubt", in("12:00:00-07:00", "12:00:00-07:00,a,b,2026-05-24T12:00:00-07:00"), in("12:00:00-07:00", "12:00:00-07:00\na,b,2026-05-24T12:00:00-07:00")},
		{"core.polygon.form", in("38.34,-119.95", "38.34 -119.95"), in("38.34,-119.95", "\n+38.34,-119.950\t")},
		{"core.circle.form", in("38.5,-120 12.5", "38.5,-120,12.5"), in("38.5,-120 12.5", "38.5,-120\n12.5")},
		{"core.decimal.form", in("900.5", "9e2"), in("900.5", " +900. ")},
		{"core.value.pair", older("", "FLW"), older("", "=FLW")},
	}
	missing := map[string]bool{}
	for _, r := range FormRules() {
		missing[r.ID] = true
	}
	for _, row := range rows {
		if !missing[row.id] {
			t.Errorf("the rule %s is not listed, or stands here twice", row.id)
		}
		delete(missing, row.id)
		_, findings := ParseAll([]byte(row.breach), Options{})
		if _, ok := find(findings, row.id); !ok {
			t.Errorf("%s: not found, but: %v", row.id, findings)
		}
		if _, findings = ParseAll([]byte(row.near), Options{}); slices.ContainsFunc(findings, func(f Finding) bool { return f.ID == row.id }) {
			t.Errorf("%s: found in a near miss: %v", row.id, findings)
		}
	}
	for id := range missing {
		t.Errorf("the rule %s is triggered by no document", id)
	}
}
