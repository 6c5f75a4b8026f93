package cap

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// tolerated are the slips that Read passes over: one change of the sample each, and what the alert then is.
func tolerated() []struct {
	name, from, to, id, path string
	line                     int
	want                     func(a *Alert)
} {
	info := func(change func(i *Info)) func(*Alert) { return func(a *Alert) { change(&a.Infos[0]) } }
	area := func(change func(ar *Area)) func(*Alert) { return func(a *Alert) { change(&a.Infos[0].Areas[0]) } }
	const declared = `<?xml version="1.0" encoding="UTF-8"?>`
	const before = "floods@warnings.example,2.49.0.1.999.0.2026.5.24.12.0.0,2026-05-24T12:00:00-07:00"
	return []struct {
		name, from, to, id, path string
		line                     int
		want                     func(a *Alert)
	}{
		{"Latin-1 declared", declared + "\n<alert", `<?xml version="1.0" encoding="ISO-8859-1"?>` + "\n<!-- \xFC --><alert", "read.encoding", "document", 1, nil},
		{"Windows-1252 declared", declared + "\n<alert", `<?xml version="1.0" encoding='windows-1252'?>` + "\n<!-- \x80 --><alert", "read.encoding", "document", 1, nil},
		{"ASCII declared", declared, `<?xml version="1.0" encoding="US-ASCII"?>`, "read.encoding", "document", 1, nil},
		{"encoding misspelt", declared, `<?xml version="1.0" encoding="utf8"?>`, "read.encoding", "document", 1, nil},
		{"Latin-1 undeclared", "Go uphill.", "Gr\xFC\xDFe, 20 \xB0C.", "read.encoding.wrong", "document", 35, info(func(i *Info) { i.Instruction = "Grüße, 20 °C." })},
		{"blanks before the declaration", declared, "\r\n " + declared, "read.declaration", "document", 1, nil},
		{"stylesheet", declared, declared + "\n<?xml-stylesheet type='text/xsl' href='x.xsl'?>", "read.instruction", "document", 2, nil},
		{"instruction at the end", "</alert>\n", "</alert>\n<?x?>\n", "read.instruction", "document", 62, nil},
		{"attribute", "<info>", `<info xml:lang="en">`, "read.attribute", "alert/info[1]", 14, nil},
		{"text between elements", "<scope>", "- <scope>", "read.text", "alert", 8, nil},
		{"order", "    <severity>Severe</severity>\n    <certainty>", "    <certainty>Observed</certainty>\n    <severity>Severe</severity>\n    <certainty>", "read.doubled", "alert/info[1]/certainty[2]", 23, nil},
		{"order of senderName", "<senderName>Flood Office</senderName>\n    <headline>Flood at the river: leave now</headline>",
			"<headline>Flood at the river: leave now</headline>\n    <senderName>Flood Office</senderName>", "read.order", "alert/info[1]/senderName", 32, nil},
		{"order of polygon and circle", "<circle>38.5,-120 12.5</circle>\n", "<circle>38.5,-120 12.5</circle><polygon>1,2 3,4 5,1 1,2</polygon>\n", "read.order", "alert/info[1]/area[1]/polygon[2]", 52,
			area(func(ar *Area) { ar.Polygons = append(ar.Polygons, Polygon{{1, 2}, {3, 4}, {5, 1}, {1, 2}}) })},
		{"info after the signature", "  <info>", `<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/><info>`, "read.order", "alert/info[1]", 14, nil},
		{"doubled", "<status>Actual</status>", "<status>Actual</status>\n<status> Actual</status>", "read.doubled", "alert/status[2]", 7, nil},
		{"unknown element", "<scope>", "<priority><high/></priority><scope>", "read.unknown", "alert/priority", 9, nil},
		{"password in CAP 1.2", "<source>", "<password/><source>", "read.unknown", "alert/password", 8, nil},
		{"foreign element", "</info>", `<x:y xmlns:x="urn:x">z</x:y></info>`, "read.foreign", "alert/info[1]/y", 60, nil},
		{"reference for references", "<references>" + before + "</references>", "<reference>" + before + "</reference>", "read.name", "alert/references", 12, nil},
		{"address for addresses", "<source>gauge 17</source>", "<address/><source>gauge 17</source>", "read.name", "alert/addresses", 8, nil},
		{"name in another case", "<msgType>Update</msgType>", "<MsgType>Update</MsgType>", "read.name", "alert/msgType", 7, nil},
		{"empty references", before, " ", "read.empty", "alert/references", 12, func(a *Alert) { a.References = nil }},
		{"empty onset", "2026-05-24T18:00:00-07:00", "", "read.empty", "alert/info[1]/onset", 29, info(func(i *Info) { i.Onset = time.Time{} })},
		{"empty circle", "<circle>38.5", "<circle/>\n<circle>38.5", "read.empty", "alert/info[1]/area[1]/circle[1]", 52, nil},
		{"empty polygon", "</polygon>", "</polygon><polygon> </polygon>", "read.empty", "alert/info[1]/area[1]/polygon[2]", 51, nil},
		{"empty responseType", "<responseType>", "<responseType></responseType><responseType>", "read.empty", "alert/info[1]/responseType[1]", 19, nil},
		{"empty category", "<category>Met", "<category/><category>Met", "read.empty", "alert/info[1]/category[1]", 16, nil},
		{"empty size", "<size>1024", "<size>", "read.empty", "alert/info[1]/resource[1]/size", 45, info(func(i *Info) { i.Resources[0].Size = nil })},
		{"empty ceiling", "<ceiling>900.5", "<ceiling>", "read.empty", "alert/info[1]/area[1]/ceiling", 58, area(func(ar *Area) { ar.Ceiling = nil })},
		{"blanks around a code value", "<category>Met", "<category>\n Met\t", "read.blanks", "alert/info[1]/category[1]", 16, nil},
		{"blanks around the identifier", "<identifier>2.49", "<identifier> 2.49", "read.blanks", "alert/identifier", 3, nil},
		{"blanks around the sender", "floods@warnings.example</sender>", "floods@warnings.example\n</sender>", "read.blanks", "alert/sender", 4, nil},
		{"blanks around mimeType", "image/png", " image/png ", "read.blanks", "alert/info[1]/resource[1]/mimeType", 44, nil},
		{"code value in another case", "<severity>Severe", "<severity>SEVERE", "read.case", "alert/info[1]/severity", 22, nil},
		{"Very Likely", "<certainty>Observed", "<certainty>Very Likely", "read.certainty", "alert/info[1]/certainty", 23, info(func(i *Info) { i.Certainty = Likely })},
		{"en_GB", "en-GB", "en_GB", "read.language", "alert/info[1]/language", 15, nil},
		{"blank for T", "<onset>2026-05-24T18", "<onset>2026-05-24 18", "read.time.form", "alert/info[1]/onset", 29, nil},
		{"offset without colon", "<onset>2026-05-24T18:00:00-07:00", "<onset>2026-05-24T18:00:00-0700", "read.time.form", "alert/info[1]/onset", 29, nil},
		{"offset of one digit", "<onset>2026-05-24T18:00:00-07:00", "<onset>2026-05-24T18:00:00-7:00", "read.time.form", "alert/info[1]/onset", 29, nil},
		{"offset of hours", "<onset>2026-05-24T18:00:00-07:00", "<onset>2026-05-24T18:00:00-07", "read.time.form", "alert/info[1]/onset", 29, nil},
		{"fraction", "<onset>2026-05-24T18:00:00", "<onset>2026-05-24T18:00:00.123", "read.time.fraction", "alert/info[1]/onset", 29, nil},
		{"Z", "2026-05-25T04:00:00-00:00", "2026-05-25T04:00:00Z", "read.time.letter", "alert/info[1]/expires", 30, nil},
		{"z in a reference", "2026-05-24T12:00:00-07:00", "2026-05-24T19:00:00z", "read.time.letter", "alert/references", 12, func(a *Alert) { a.References[0].Sent = a.References[0].Sent.UTC() }},
		{"+00:00", "2026-05-25T04:00:00-00:00", "2026-05-25T04:00:00+00:00", "read.time.utc", "alert/info[1]/expires", 30, nil},
		{"24:00:00", "2026-05-25T04:00:00-00:00", "2026-05-24T24:00:00-00:00", "read.time.midnight", "alert/info[1]/expires", 30, info(func(i *Info) { i.Expires = time.Date(2026, 5, 25, 0, 0, 0, 0, time.UTC) })},
		{"references with commas", before, before + ",a,b,2026-05-24T12:00:01-07:00", "read.references.separator", "alert/references", 12, func(a *Alert) {
			a.References = append(a.References, Reference{"a", "b", a.References[0].Sent.Add(time.Second)})
		}},
		{"references with blanks inside", before, strings.ReplaceAll(before, ",", ", "), "read.references.separator", "alert/references", 12, nil},
		{"reference to itself", before, before + " floods@warnings.example,2.49.0.1.999.0.2026.5.24.16.49.0,2026-05-24T23:49:00-00:00", "read.references.self", "alert/references", 12, nil},
		{"blanks in coordinates", "38.34,-119.95", "38.34 , -119.95", "read.coordinates", "alert/info[1]/area[1]/polygon[1]", 51, nil},
		{"blanks in a circle", "38.5,-120 12.5", "38.5, -120 12.5", "read.coordinates", "alert/info[1]/area[1]/circle[1]", 52, nil},
		{"open polygon", " 38.47,-120.14</polygon>", "</polygon>", "read.polygon.closed", "alert/info[1]/area[1]/polygon[1]", 51, nil},
		{"web without scheme", "https://warnings.example/17</web>", "warnings.example/17</web>", "read.web", "alert/info[1]/web", 36, info(func(i *Info) { i.Web = "" })},
		{"no mimeType", "      <mimeType>image/png</mimeType>\n", "", "read.mime-type", "alert/info[1]/resource[1]/mimeType", 42, info(func(i *Info) { i.Resources[0].MIMEType = "application/octet-stream" })},
	}
}

func TestReadTolerates(t *testing.T) {
	shown := map[string]bool{"read.time.zone": true, "read.category": true} // by tests of their own
	for _, row := range tolerated() {
		shown[row.id] = true
		t.Run(row.name, func(t *testing.T) {
			from, to := row.from, row.to
			if row.name == "code value in another case" || row.name == "Very Likely" {
				// Lines of both doors count alike, a blank line before included.
				from, to = "<urgency>", "\n<urgency>"
				from, to = from+"Immediate</urgency>\n    <severity>Severe</severity>\n    <certainty>Observed", to+"Immediate</urgency>\n    <severity>Severe</severity>\n    <certainty>Observed"
				to = strings.Replace(to, row.from, row.to, 1)
			}
			checkTolerated(t, []byte(swap(t, from, to)), Finding{ID: row.id, Path: row.path, Line: row.line}, row.want)
		})
	}
	for _, one := range Tolerances() {
		if !shown[one.ID] || one.Clause == "" || one.Title == "" || !strings.HasPrefix(one.ID, "read.") {
			t.Errorf("no test shows %+v", one)
		}
	}
}

// checkTolerated reads a document that differs from the sample by one slip.
func checkTolerated(t *testing.T, doc []byte, want Finding, change func(a *Alert)) {
	t.Helper()
	a, findings := Read(doc, Options{})
	if a == nil || findings.Err() != nil {
		t.Fatalf("refused: %v", findings)
	}
	if f, _ := find(findings, want.ID); f.Path != want.Path || f.Line != want.Line || f.Level != LevelWarning || f.Message == "" {
		t.Errorf("got %v, want %s at %s, line %d", findings, want.ID, want.Path, want.Line)
	}
	expected := floodAlert()
	if change != nil {
		change(expected)
	}
	if !reflect.DeepEqual(a, expected) {
		t.Errorf("got  %+v\nwant %+v", a, expected)
	}
	writeAgain(t, a)
	if strict, found := ParseAll(doc, Options{}); strict != nil && len(found) == 0 && want.ID != "read.time.midnight" {
		t.Error("Parse has nothing to say about it")
	}
}

// writeAgain wants what Read gave without error to be written, and to be read by Parse as the same.
func writeAgain(t interface{ Fatalf(string, ...any) }, a *Alert) {
	doc, err := Write(a)
	if err != nil {
		t.Fatalf("read, but not written: %v", err)
	}
	again, err := Parse(doc, Options{MaxBytes: 16 << 20})
	if err != nil {
		t.Fatalf("written, but not parsed: %v", err)
	}
	again.Version = a.Version
	if !reflect.DeepEqual(a, again) {
		t.Fatalf("got  %+v\nwant %+v", again, a)
	}
}

// TestReadWhatIsRight: what breaks nothing gives no finding of Read's, however it is written.
func TestReadWhatIsRight(t *testing.T) {
	prefixed := strings.NewReplacer("<alert xmlns=", "<cap:alert xmlns:cap=", "</", "</cap:", "<?", "<?", "<", "<cap:").Replace(flood)
	cdata := swap(t, "Go uphill.", "<![CDATA[Go ]]>up<!-- x --><![CDATA[hill.]]>")
	for _, doc := range []string{flood, "\uFEFF" + flood, prefixed, cdata} {
		a, findings := Read([]byte(doc), Options{})
		if len(findings) > 0 || !reflect.DeepEqual(a, floodAlert()) {
			t.Errorf("got %+v, %v", a, findings)
		}
	}
}

func TestReadUTF16(t *testing.T) {
	doc := strings.Replace(swap(t, "Go uphill.", "Grüße \U0001F30A"), "UTF-8", "UTF-16", 1)
	big := []byte(toUTF16(doc))
	little := slices.Clone(big)
	for i := 0; i < len(little); i += 2 {
		little[i], little[i+1] = little[i+1], little[i]
	}
	for _, data := range [][]byte{big, little} {
		checkTolerated(t, data, Finding{ID: "read.encoding", Path: "document", Line: 1}, func(a *Alert) { a.Infos[0].Instruction = "Grüße \U0001F30A" })
	}
}

// TestReadZone: a time without offset is read in the zone that the caller knows, and in no other.
func TestReadZone(t *testing.T) {
	doc := []byte(swap(t, "<onset>2026-05-24T18:00:00-07:00", "<onset>2026-05-24T18:00:00"))
	a, findings := Read(doc, Options{Zone: time.FixedZone("", -7*3600)})
	if _, ok := find(findings, "read.time.zone"); !ok || findings.Err() != nil || !reflect.DeepEqual(a, floodAlert()) {
		t.Errorf("got %+v, %v", a, findings)
	}
	a, findings = Read(doc, Options{})
	if f, _ := find(findings, "core.time.form"); f.Line != 29 || f.Level != LevelError || !a.Infos[0].Onset.IsZero() {
		t.Errorf("got %+v, %v", a, findings)
	}
}

// TestReadOldVersions: what CAP 1.1 and 1.0 allowed is read so that it can be written as CAP 1.2.
func TestReadOldVersions(t *testing.T) {
	const doc10 = `<alert xmlns="http://www.incident.com/cap/1.0"><identifier>1</identifier><sender>s</sender>
<sent>2026-05-24T16:49:00.5Z</sent><status>Actual</status><msgType>Alert</msgType><password>x</password><scope>Public</scope><info><event>Quake</event>
<urgency>Past</urgency><severity>Minor</severity><certainty>Very Likely</certainty><eventCode>SAME=EQW</eventCode>
<resource><resourceDesc>map</resourceDesc></resource></info></alert>`
	a, findings := Read([]byte(doc10), Options{})
	if a == nil || findings.Err() != nil {
		t.Fatalf("refused: %v", findings)
	}
	for _, id := range []string{"read.category", "read.mime-type", "read.time.letter", "read.time.fraction", "core.password.deprecated"} {
		if f, ok := find(findings, id); !ok || f.Line == 0 {
			t.Errorf("no finding %s: %v", id, findings)
		}
	}
	if a.Version != "1.0" || a.Infos[0].Certainty != Likely || !reflect.DeepEqual(a.Infos[0].Categories, []Category{"Other"}) {
		t.Errorf("got %+v", a)
	}
	writeAgain(t, a)
	if _, findings = Read([]byte(strings.Replace(doc10, "<scope>Public</scope>", "", 1)), Options{}); findings.Err() == nil {
		t.Error("the scope was guessed")
	}
	signed := strings.Replace(strings.Replace(flood, namespace, "urn:oasis:names:tc:emergency:cap:1.1", 1), "</alert>", `<Signature xmlns="`+dsigSpace+`"/></alert>`, 1)
	a, findings = Read([]byte(signed), Options{})
	if _, ok := find(findings, "core.signature.version"); !ok || findings.Err() != nil || a.Version != "1.1" {
		t.Errorf("got %+v, %v", a, findings)
	}
}

// TestReadKeepsErrors: what may mean two things, or nothing, stays an error, and nothing is made of it.
func TestReadKeepsErrors(t *testing.T) {
	for _, row := range []struct {
		name, from, to, id, path string
		empty                    func(a *Alert) bool
	}{
		{"two statuses", "<status>Actual</status>", "<status>Actual</status><status>Test</status>", "core.element.doubled", "alert/status[2]", func(a *Alert) bool { return a.Status == "" }},
		{"three statuses", "<status>Actual</status>", "<status>Actual</status><status>Test</status><status>Actual</status>", "core.element.doubled", "alert/status[2]", func(a *Alert) bool { return a.Status == "" }},
		{"two expires", "<expires>", "<expires>2026-05-25T05:00:00-00:00</expires><expires>", "core.element.doubled", "alert/info[1]/expires[2]", func(a *Alert) bool { return a.Infos[0].Expires.IsZero() }},
		{"status twice, in another case", "<status>Actual</status>", "<status>Actual</status><Status>Test</Status>", "core.element.doubled", "alert/status[2]", func(a *Alert) bool { return a.Status == "" }},
		{"unknown value", "<urgency>Immediate", "<urgency>Soon", "core.urgency.value", "alert/info[1]/urgency", func(a *Alert) bool { return a.Infos[0].Urgency == "" }},
		{"unknown category", "<category>Met", "<category>Weather", "core.category.value", "alert/info[1]/category[1]", func(a *Alert) bool { return len(a.Infos[0].Categories) == 1 }},
		{"two values in one", "<category>Met", "<category>Met Geo", "core.category.value", "alert/info[1]/category[1]", func(a *Alert) bool { return len(a.Infos[0].Categories) == 1 }},
		{"blank in the identifier", "<identifier>2.49", "<identifier>2 49", "core.identifier.characters", "alert/identifier", nil},
		{"date only", "2026-05-25T04:00:00-00:00", "2026-05-25", "core.time.form", "alert/info[1]/expires", func(a *Alert) bool { return a.Infos[0].Expires.IsZero() }},
		{"zone in words", "2026-05-25T04:00:00-00:00", "2026-05-25T04:00:00 PST", "core.time.form", "alert/info[1]/expires", func(a *Alert) bool { return a.Infos[0].Expires.IsZero() }},
		{"markup in text", "Go uphill.", "Go <b>uphill</b>.", "core.element.unknown", "alert/info[1]/instruction/b", func(a *Alert) bool { return a.Infos[0].Instruction == "" }},
		{"two points", "38.47,-120.14 38.34,-119.95 38.52,-119.74 38.62,-119.89 38.47,-120.14", "1,2 3,4", "core.polygon.points", "alert/info[1]/area[1]/polygon[1]", nil},
		{"longitude first", "38.34,-119.95", "-119.95,38.34", "core.polygon.range", "alert/info[1]/area[1]/polygon[1]", nil},
		{"words for coordinates", "38.34,-119.95", "here", "core.polygon.form", "alert/info[1]/area[1]/polygon[1]", func(a *Alert) bool { return len(a.Infos[0].Areas[0].Polygons) == 0 }},
		{"circle of two corners", "38.5,-120 12.5", "38.5,-120 38.6,-121", "core.circle.form", "alert/info[1]/area[1]/circle[1]", func(a *Alert) bool { return len(a.Infos[0].Areas[0].Circles) == 0 }},
		{"reference of two parts", "2026.5.24.12.0.0,2026-05-24T12:00:00-07:00", "2026.5.24.12.0.0", "core.references.form", "alert/references", func(a *Alert) bool { return a.References == nil }},
		{"restriction of a public alert", "<scope>Public</scope>", "<scope>Public</scope><restriction>staff</restriction>", "core.restriction.scope", "alert/restriction", nil},
		{"no scope", "<scope>Public</scope>", "", "core.scope.value", "alert/scope", nil},
		{"scope misspelt", "<scope>Public</scope>", "<scoep>Public</scoep>", "core.scope.value", "alert/scope", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			a, findings := Read([]byte(swap(t, row.from, row.to)), Options{})
			if a == nil {
				t.Fatalf("no alert to look at: %v", findings)
			}
			if f, _ := find(findings, row.id); f.Path != row.path || f.Level != LevelError || f.Line == 0 {
				t.Errorf("no error %s at %s, but %v", row.id, row.path, findings)
			}
			if row.empty != nil && !row.empty(a) {
				t.Errorf("something was made of it: %+v", a)
			}
		})
	}
}

// TestReadEncodings: bytes that may be several things are refused.
func TestReadEncodings(t *testing.T) {
	for name, instruction := range map[string]string{
		"Mac Roman":                 "sism\x97logo",
		"Windows-1251":              "\xC8\xE4\xE8\xF2\xE5",
		"ISO-8859-2":                "m\xB1\xBFe",
		"GBK":                       "\xB1\xA9\xD3\xEA",
		"UTF-8 and Latin-1 mixed":   "Gr\xC3\xBC\xDFe und Gr\xFC\xDFe",
		"half a character of UTF-8": "\xE2\x82",
	} {
		if a, findings := Read([]byte(swap(t, "Go uphill.", instruction)), Options{}); a != nil || findings[0].ID != "xml.encoding" {
			t.Errorf("%s: read as %+v, %v", name, a, findings)
		}
	}
	for name, doc := range map[string]string{
		"UTF-8 that says Latin-1": strings.Replace(swap(t, "Go uphill.", "Grüße"), "UTF-8", "ISO-8859-1", 1),
		"unknown encoding":        strings.Replace(flood, "UTF-8", "GB2312", 1),
		"no letter of Windows":    strings.Replace(swap(t, "Go uphill.", "\x81 \xFF"), "UTF-8", "windows-1252", 1),
		"UTF-32":                  "\xFF\xFE\x00\x00<\x00\x00\x00",
		"odd UTF-16":              toUTF16(flood) + "x",
		"half a pair":             toUTF16(flood) + "\xD8\x00",
		"lonely half":             toUTF16(flood) + "\xDC\x00\x00\x20",
		"only a mark":             "\xFE\xFF",
	} {
		if a, findings := Read([]byte(doc), Options{}); a != nil || findings.Err() == nil {
			t.Errorf("%s: read as %+v, %v", name, a, findings)
		}
	}
}

// TestReadManySlips: what is not listed is counted.
func TestReadManySlips(t *testing.T) {
	a, findings := Read([]byte(swap(t, "<scope>", strings.Repeat("<x/>", 250)+"<scope>")), Options{})
	last := findings[len(findings)-1]
	if a == nil || findings.Err() != nil || len(findings) != maxFindings+1 || last.ID != "read.more" || last.Line == 0 || !strings.HasPrefix(last.Message, "150 ") {
		t.Errorf("got %d findings, the last %v", len(findings), last)
	}
}

// TestReadAfterSlips: any alert, written and then spoilt in several ways at once, is read as it was.
func TestReadAfterSlips(t *testing.T) {
	slips := []func(doc string) string{
		func(doc string) string { return strings.ReplaceAll(doc, "</scope>", "</scope><x>y</x>") },
		func(doc string) string {
			return strings.Replace(doc, "<scope>Public</scope>", "<scope> PUBLIC\n</scope>", 1)
		},
		func(doc string) string { return strings.ReplaceAll(doc, "<severity>Extreme", "<severity>extreme") },
		func(doc string) string { return strings.ReplaceAll(doc, "references>", "reference>") },
		func(doc string) string { return strings.ReplaceAll(doc, "-00:00<", "Z<") },
		func(doc string) string { return strings.ReplaceAll(doc, "<info>", "<info id='1'>") },
		func(doc string) string { return strings.Replace(doc, "?>", "?><?xml-stylesheet href='x'?>", 1) },
		func(doc string) string { return strings.ReplaceAll(doc, "<area>", "<area><polygon/><altitude/>") },
	}
	rapid.Check(t, func(t *rapid.T) {
		a := genAlert().Draw(t, "alert")
		for _, i := range a.Infos {
			for k := range i.Resources {
				i.Resources[k].Digest = trim(i.Resources[k].Digest) // Read takes blanks around it for a slip
			}
		}
		written, err := Write(a)
		if err != nil {
			t.Fatal(err)
		}
		doc := string(written)
		for _, slip := range slips {
			if rapid.Bool().Draw(t, "slip") {
				doc = slip(doc)
			}
		}
		got, findings := Read([]byte(doc), Options{})
		if findings.Err() != nil {
			t.Fatalf("refused: %v\n%s", findings, doc)
		}
		if !reflect.DeepEqual(got, a) {
			t.Fatalf("got  %+v\nwant %+v\nfrom %s", got, a, doc)
		}
		again, err := Write(got)
		if err != nil || !bytes.Equal(again, written) {
			t.Fatalf("written differently: %v", err)
		}
	})
}
