package cap

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseReadsEveryField(t *testing.T) {
	a, err := Parse([]byte(flood), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if want := floodAlert(); !reflect.DeepEqual(a, want) {
		t.Errorf("got  %+v\nwant %+v", a, want)
	}
}

// TestParseRefuses holds documents that one change spoils: the finding's id, path and line must say where.
func TestParseRefuses(t *testing.T) {
	for _, row := range []struct {
		name, from, to, id, path string
		line                     int
	}{
		{"doubled status", "<status>Actual</status>", "<status>Test</status><status>Actual</status>", "core.element.doubled", "alert/status[2]", 6},
		{"doubled event", "<event>Flood</event>", "<event>Flood</event>\n<event>Drill</event>", "core.element.doubled", "alert/info[1]/event[2]", 19},
		{"wrong order", "<note>second warning</note>", "<code>x</code><note>second warning</note><code>y</code>", "core.element.order", "alert/code[3]", 11},
		{"unknown element", "<note>second warning</note>", "<remark>x</remark>", "core.element.unknown", "alert/remark", 11},
		{"misspelt element", "<incidents>spring-flood \"River Aa\"</incidents>", "<incident>x</incident>", "core.element.unknown", "alert/incident", 13},
		{"element of another version", "<source>gauge 17</source>", "<password>x</password>", "core.element.unknown", "alert/password", 8},
		{"foreign element", "<note>second warning</note>", `<x:note xmlns:x="urn:x">x</x:note>`, "core.element.foreign", "alert/note", 11},
		{"foreign element that names ours", "<status>Actual</status>", `<status xmlns="urn:x">Test</status><status>Actual</status>`, "core.element.foreign", "alert/status", 6},
		{"element without namespace", "<note>second warning</note>", `<note xmlns="">x</note>`, "core.element.foreign", "alert/note", 11},
		{"element of CAP 1.1", "<note>second warning</note>", `<note xmlns="urn:oasis:names:tc:emergency:cap:1.1">x</note>`, "core.element.foreign", "alert/note", 11},
		{"foreign element at the end", "</info>", `</info><x xmlns="urn:x"/>`, "core.element.foreign", "alert/x", 60},
		{"signature inside info", "</info>", `<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/></info>`, "core.element.foreign", "alert/info[1]/Signature", 60},
		{"signature before the infos", "<code>profile", `<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/><code>profile`, "core.element.order", "alert/code[1]", 10},
		{"info after the signature", "</info>", "</info><Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"/>\n<info/>", "core.element.order", "alert/info[2]", 61},
		{"attribute", "<status>", `<status lang="en">`, "core.attribute", "alert/status", 6},
		{"xml:lang", "<note>", `<note xml:lang="en">`, "core.attribute", "alert/note", 11},
		{"text between elements", "<scope>Public</scope>", "<scope>Public</scope>hello", "core.text.stray", "alert", 9},
		{"element inside text", "<event>Flood</event>", "<event>Fl<b>oo</b>d</event>", "core.element.unknown", "alert/info[1]/event/b", 18},
		{"value without its name", "<valueName>gauge</valueName>", "", "core.element.missing", "alert/info[1]/parameter[1]/valueName", 38},
		{"missing sender", "<sender>floods@warnings.example</sender>", "", "core.sender.required", "alert/sender", 2},
		{"missing sent", "<sent>2026-05-24T16:49:00-07:00</sent>", "", "core.sent.required", "alert/sent", 2},
		{"empty urgency", "<urgency>Immediate</urgency>", "<urgency/>", "core.urgency.value", "alert/info[1]/urgency", 20},
		{"wrong case", "<severity>Severe</severity>", "<severity>severe</severity>", "core.severity.value", "alert/info[1]/severity", 21},
		{"blanks around a code", "<category>Met</category>", "<category> Met</category>", "core.category.value", "alert/info[1]/category[1]", 16},
		{"Very Likely after CAP 1.0", "<certainty>Observed</certainty>", "<certainty>Very Likely</certainty>", "core.certainty.value", "alert/info[1]/certainty", 22},
		{"comma in identifier", "<identifier>2.49", "<identifier>2,49", "core.identifier.characters", "alert/identifier", 3},
		{"ampersand in sender", "<sender>floods@", "<sender>fl&amp;ods@", "core.sender.characters", "alert/sender", 4},
		{"blank in identifier", "<identifier>2.49", "<identifier>2 49", "core.identifier.characters", "alert/identifier", 3},
		{"open polygon", "38.62,-119.89 38.47,-120.14</polygon>", "38.62,-119.89</polygon>", "core.polygon.closed", "alert/info[1]/area[1]/polygon[1]", 51},
		{"three points", "38.47,-120.14 38.34,-119.95 38.52,-119.74 38.62,-119.89 38.47,-120.14", "1,2 3,4 1,2", "core.polygon.points", "alert/info[1]/area[1]/polygon[1]", 51},
		{"words for coordinates", "38.34,-119.95", "a,b", "core.polygon.form", "alert/info[1]/area[1]/polygon[1]", 51},
		{"exponent", "38.34,-119.95", "3.834e1,-119.95", "core.polygon.form", "alert/info[1]/area[1]/polygon[1]", 51},
		{"longitude first", "38.34,-119.95", "-119.95,38.34", "core.polygon.range", "alert/info[1]/area[1]/polygon[1]", 51},
		{"negative radius", "38.5,-120 12.5", "38.5,-120 -12.5", "core.circle.radius", "alert/info[1]/area[1]/circle[1]", 52},
		{"radius of a billion", "38.5,-120 12.5", "38.5,-120 1000000000", "core.circle.radius", "alert/info[1]/area[1]/circle[1]", 52},
		{"radius NaN", "38.5,-120 12.5", "38.5,-120 NaN", "core.circle.form", "alert/info[1]/area[1]/circle[1]", 52},
		{"blank after the comma", "38.5,-120 12.5", "38.5, -120 12.5", "core.circle.form", "alert/info[1]/area[1]/circle[1]", 52},
		{"ceiling without altitude", "<altitude>0</altitude>", "", "core.area.ceiling", "alert/info[1]/area[1]/ceiling", 58},
		{"altitude in words", "<altitude>0</altitude>", "<altitude>high</altitude>", "core.decimal.form", "alert/info[1]/area[1]/altitude", 57},
		{"size in words", "<size>1024</size>", "<size>1k</size>", "core.resource.size", "alert/info[1]/resource[1]/size", 45},
		{"the year one", "<expires>2026-05-25T04:00:00-00:00", "<expires>0001-01-01T00:00:00-00:00", "core.time.form", "alert/info[1]/expires", 30},
		{"negative size", "<size>1024</size>", "<size>-1</size>", "core.resource.size", "alert/info[1]/resource[1]/size", 45},
		{"relative web", "<web>https://warnings.example/17</web>", "<web>warnings.example/17</web>", "core.web.absolute", "alert/info[1]/web", 36},
		{"language with underscore", "<language>en-GB</language>", "<language>en_GB</language>", "core.language.syntax", "alert/info[1]/language", 15},
		{"reference of two parts", "floods@warnings.example,2.49.0.1.999.0.2026.5.24.12.0.0,2026-05-24T12:00:00-07:00", "a,b", "core.references.form", "alert/references", 12},
		{"reference to itself", "2026.5.24.12.0.0,2026-05-24T12:00:00-07:00", "2026.5.24.16.49.0,2026-05-24T23:49:00-00:00", "core.references.self", "alert/references", 12},
		{"restriction of a public alert", "<scope>Public</scope>", "<scope>Public</scope><restriction>staff</restriction>", "core.restriction.scope", "alert/restriction", 9},
		{"private without addresses", "<scope>Public</scope>", "<scope>Private</scope>", "core.addresses.required", "alert/addresses", 2},
		{"quote left open", `"River Aa"`, `"River Aa`, "core.names.form", "alert/incidents", 13},
		{"control character", "Go uphill.", "Go&#x85; uphill.", "core.text.control", "alert/info[1]/instruction", 35},
	} {
		t.Run(row.name, func(t *testing.T) {
			a, findings := ParseAll([]byte(swap(t, row.from, row.to)), Options{})
			if a != nil || findings.Err() == nil {
				t.Fatalf("accepted; findings: %v", findings)
			}
			f, ok := find(findings, row.id)
			if !ok {
				t.Fatalf("no finding %s, but:\n%v", row.id, findings)
			}
			if f.Path != row.path || f.Line != row.line || f.Level != LevelError || f.Clause == "" || f.Message == "" {
				t.Errorf("got %+v, want path %s line %d", f, row.path, row.line)
			}
		})
	}
}

// TestParseAccepts holds changes that leave the document good.
func TestParseAccepts(t *testing.T) {
	const signature = `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo a="1"><ds:Object><x xmlns="urn:x"/></ds:Object></ds:SignedInfo></ds:Signature>`
	for _, row := range []struct {
		name, from, to string
		warning        string
		check          func(a *Alert) bool
	}{
		{"byte order mark", `<?xml version`, "\uFEFF" + `<?xml version`, "", nil},
		{"no declaration", `<?xml version="1.0" encoding="UTF-8"?>` + "\n", "", "", nil},
		{"lower case encoding", `encoding="UTF-8"`, `encoding='utf-8' standalone='yes'`, "", nil},
		{"signature", "</alert>", signature + "</alert>", "", func(a *Alert) bool { return len(a.Infos) == 1 }},
		{"two signatures", "</alert>", signature + signature + "</alert>", "", nil},
		{"comment between elements", "<note>", "<!-- x --><note>", "", nil},
		{"comment inside text", "<status>Actual", "<status>Act<!-- x -->ual", "", func(a *Alert) bool { return a.Status == StatusActual }},
		{"comments cut nothing off", "<event>Flood", "<event>Fl<!-- x -->oo<!-- y -->d<![CDATA[ & <water>]]>", "", func(a *Alert) bool { return a.Infos[0].Event == "Flood & <water>" }},
		{"references", "<event>Flood", "<event>&lt;&#70;&#x6C;&apos;&quot;&gt;", "", func(a *Alert) bool { return a.Infos[0].Event == `<Fl'">` }},
		{"line ends", "Go uphill.", "Go\r\nup\rhill.&#xD;", "", func(a *Alert) bool { return a.Infos[0].Instruction == "Go\nup\nhill.\r" }},
		{"blanks around a time", "<sent>2026-05-24T16:49:00-07:00", "<sent>\n 2026-05-24T16:49:00-07:00 ", "", nil},
		{"midnight as 24:00:00", "<expires>2026-05-25T04:00:00-00:00", "<expires>2026-12-31T24:00:00+14:00", "", func(a *Alert) bool {
			return sameTime(a.Infos[0].Expires, time.Date(2027, 1, 1, 0, 0, 0, 0, time.FixedZone("", 14*3600)))
		}},
		{"UTC as +00:00", "<expires>2026-05-25T04:00:00-00:00", "<expires>2026-05-25T04:00:00+00:00", "core.time.doubt", nil},
		{"empty optional elements", "<source>gauge 17</source>", "<source/>", "", func(a *Alert) bool { return a.Source == "" }},
		{"empty language", "<language>en-GB</language>", "<language/>", "", func(a *Alert) bool { return a.Infos[0].Language == "" }},
		{"empty value", "<value>2.0</value>", "<value/>", "core.value.value", nil},
		{"empty references", "floods@warnings.example,2.49.0.1.999.0.2026.5.24.12.0.0,2026-05-24T12:00:00-07:00", "", "core.references.empty", nil},
		{"joined references", "2026-05-24T12:00:00-07:00", "2026-05-24T12:00:00-07:00,b,c,2026-05-24T12:00:01-07:00", "core.references.doubt", func(a *Alert) bool {
			return len(a.References) == 2 && a.References[1].Sender == "b"
		}},
		{"references on lines", "2026-05-24T12:00:00-07:00", "2026-05-24T12:00:00-07:00\n\tb,c,2026-05-24T12:00:01-07:00", "", func(a *Alert) bool { return len(a.References) == 2 }},
		{"schema location", `cap:1.2">`, `cap:1.2" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b">`, "core.attribute.hint", nil},
		{"right-to-left override", "Go uphill.", "Go \u202Euphill.", "core.text.bidi", nil},
		{"joiners and emoji", "Go uphill.", "Go \u200D\U0001F30A uphill \u0645\u200C\u06CC.", "", nil},
		{"expires before sent", "<expires>2026-05-25T04:00:00-00:00", "<expires>2026-05-24T04:00:00-00:00", "core.expires.order", nil},
		{"bow-tie", "38.34,-119.95 38.52,-119.74", "38.52,-119.74 38.34,-119.95", "core.polygon.crossing", nil},
		{"radius 0", "38.5,-120 12.5", "38.5,-120 0", "core.circle.zero", func(a *Alert) bool { return a.Infos[0].Areas[0].Circles[0].RadiusKM == 0 }},
	} {
		t.Run(row.name, func(t *testing.T) {
			a, findings := ParseAll([]byte(swap(t, row.from, row.to)), Options{})
			if a == nil {
				t.Fatalf("refused: %v", findings)
			}
			if _, ok := find(findings, row.warning); row.warning != "" && !ok {
				t.Errorf("no warning %s, but: %v", row.warning, findings)
			}
			if row.warning == "" && len(findings) > 0 {
				t.Errorf("findings: %v", findings)
			}
			if row.check != nil && !row.check(a) {
				t.Errorf("read wrongly: %+v", a)
			}
		})
	}
}

func TestParsePrefixedNamespace(t *testing.T) {
	prefixed := strings.NewReplacer("<alert xmlns=", "<cap:alert xmlns:cap=", "</", "</cap:", "<?", "<?", "<", "<cap:").Replace(flood)
	a, err := Parse([]byte(prefixed), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(a, floodAlert()) {
		t.Error("a prefix changed the meaning")
	}
}

// TestParseFindsAll wants every fault of a document at once, in its order.
func TestParseFindsAll(t *testing.T) {
	doc := strings.NewReplacer("<status>Actual", "<status>actual", "<event>Flood</event>", "", "<urgency>Immediate", "<urgency>Now",
		"<scope>Public</scope>", "<scope>Public</scope><scope>Public</scope>", "38.5,-120 12.5", "38.5,-120").Replace(flood)
	_, err := Parse([]byte(doc), Options{})
	var findings Findings
	if !errors.As(err, &findings) {
		t.Fatalf("error %T: %v", err, err)
	}
	var ids []string
	for _, f := range findings {
		ids = append(ids, f.ID)
	}
	want := "core.status.value core.element.doubled core.event.required core.urgency.value core.circle.form"
	if got := strings.Join(ids, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestParseOldVersions(t *testing.T) {
	const doc11 = `<alert xmlns="urn:oasis:names:tc:emergency:cap:1.1"><identifier>1</identifier><sender>s</sender>
<sent>2026-05-24T16:49:00.764Z</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope><info>
<category>Geo</category><event>Earthquake</event><urgency>Past</urgency><severity>Minor</severity><certainty>Observed</certainty>
<effective>2026-05-24T16:49:00.5Z</effective><expires>2026-05-25T16:49:00-00:00</expires>
<resource><resourceDesc>map</resourceDesc><size>9</size><uri>https://warnings.example/map</uri></resource></info></alert>`
	a, findings := ParseAll([]byte(doc11), Options{})
	if a == nil {
		t.Fatalf("refused: %v", findings)
	}
	if a.Version != "1.1" || !sameTime(a.Sent, time.Date(2026, 5, 24, 16, 49, 0, 0, time.UTC)) || !a.Infos[0].Effective.Equal(a.Sent) {
		t.Errorf("read wrongly: %+v", a)
	}
	if len(findings) != 4 || slices.ContainsFunc(findings, func(f Finding) bool { return f.ID != "core.time.doubt" }) {
		t.Errorf("findings: %v", findings)
	}
	if _, findings = ParseAll([]byte(strings.Replace(doc11, "00.5Z", "00", 1)), Options{Zone: time.UTC}); findings.Err() == nil {
		t.Error("the zone of a time was guessed")
	}
	const doc10 = `<alert xmlns="http://www.incident.com/cap/1.0"><identifier>1</identifier><sender>s</sender>
<sent>2026-05-24T16:49:00-07:00</sent><status>Actual</status><msgType>Alert</msgType><password>x</password><info><event>Quake</event>
<urgency>Past</urgency><severity>Minor</severity><certainty>Very Likely</certainty><eventCode>SAME=EQW</eventCode>
<expires>2026-05-25T16:49:00-07:00</expires></info></alert>`
	a, findings = ParseAll([]byte(doc10), Options{})
	if a == nil {
		t.Fatalf("refused: %v", findings)
	}
	if a.Version != "1.0" || a.Infos[0].Certainty != Likely || !reflect.DeepEqual(a.Infos[0].EventCodes, []Value{{"SAME", "EQW"}}) {
		t.Errorf("read wrongly: %+v", a)
	}
	if _, ok := find(findings, "core.password.deprecated"); !ok || len(findings) != 1 {
		t.Errorf("findings: %v", findings)
	}
	if _, findings = ParseAll([]byte(strings.ReplaceAll(doc10, "http://www.incident.com/cap/1.0", namespace)), Options{}); findings.Err() == nil {
		t.Error("CAP 1.2 took what only CAP 1.0 allows")
	}
}

func TestTimes(t *testing.T) {
	for _, row := range []struct {
		text string
		ok   bool
	}{
		{"2026-05-24T16:49:00-07:00", true},
		{"0001-01-01T00:00:00-14:00", true},
		{"9999-12-31T23:59:59+14:00", true},
		{"2024-02-29T00:00:00-00:00", true},
		{"2026-02-29T00:00:00-00:00", false},
		{"2026-02-30T00:00:00-00:00", false},
		{"0000-01-01T00:00:00-00:00", false},
		{"2026-13-01T00:00:00-00:00", false},
		{"2026-00-01T00:00:00-00:00", false},
		{"2026-01-00T00:00:00-00:00", false},
		{"2026-05-24T23:59:60-00:00", false},
		{"2026-05-24T24:00:00-00:00", true},
		{"2026-05-24T24:00:01-00:00", false},
		{"2026-05-24T16:60:00-00:00", false},
		{"2026-05-24T16:49:00Z", false},
		{"2026-05-24T16:49:00", false},
		{"2026-05-24T16:49:00.5-07:00", false},
		{"2026-05-24T16:49:00-7:00", false},
		{"2026-05-24T16:49:00,07:00", false},
		{"2026-05-24T16:49:00-14:01", false},
		{"2026-05-24T16:49:00+15:00", false},
		{"2026-05-24T16:49:00+05:60", false},
		{"2026-05-24 16:49:00-07:00", false},
		{"2026-05-24t16:49:00-07:00", false},
		{"+026-05-24T16:49:00-07:00", false},
		{"2026-05-24", false},
		{"", false},
		{"２026-05-24T16:49:00-07:00", false},
	} {
		t.Run(row.text, func(t *testing.T) {
			d, err := strictTimes(in12).parse(row.text)
			if (err == nil) != row.ok {
				t.Fatalf("got %v, %v", d.at, err)
			}
			if err == nil && !strings.Contains(row.text, "T24") && string(appendTime(nil, d.at)) != row.text {
				t.Errorf("written as %s", appendTime(nil, d.at))
			}
		})
	}
}

// TestDecimals: the quick way gives the same number as package strconv.
func TestDecimals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[+-]?([0-9]{1,20}(\.[0-9]{0,20})?|\.[0-9]{1,20})`).Draw(t, "text")
		want, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		got, err := parseDecimal(text)
		if err != nil || math.Float64bits(got) != math.Float64bits(want) {
			t.Fatalf("%s is read as %v, %v, not as %v", text, got, err, want)
		}
	})
}
