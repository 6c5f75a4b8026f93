package cap

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf16"
)

// hostileLimit is how much time of the processor a hostile document may take.
const hostileLimit = 500 * time.Millisecond

// processorTime is what the process has used so far: unlike the clock, it does not count what else the machine does.
func processorTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func wrap(body string) string { return `<alert xmlns="` + namespace + `">` + body + `</alert>` }

func toUTF16(text string) string {
	var b strings.Builder
	b.WriteString("\xFE\xFF")
	for _, u := range utf16.Encode([]rune(text)) {
		b.WriteByte(byte(u >> 8))
		b.WriteByte(byte(u))
	}
	return b.String()
}

// hostile is what is meant to harm a reader, with the finding that it must give at the strict door.
func hostile() []struct{ name, doc, id string } {
	in := strings.Index(flood, "<info>")
	one := flood[in : strings.Index(flood, "</info>")+len("</info>")]
	laughs := `<!DOCTYPE alert [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>`
	return []struct{ name, doc, id string }{
		{"empty", "", "xml.malformed"},
		{"only blanks", " \n ", "xml.malformed"},
		{"no XML", "GET / HTTP/1.1", "xml.malformed"},
		{"external entity", `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>` + wrap("<note>&x;</note>"), "xml.doctype"},
		{"billion laughs", laughs + wrap("<note>&b;</note>"), "xml.doctype"},
		{"unknown entity", wrap("<note>&nbsp;</note>"), "xml.entity"},
		{"doctype inside", wrap("<!DOCTYPE x>"), "xml.doctype"},
		{"doctype after", flood + "<!DOCTYPE x>", "xml.doctype"},
		{"processing instruction", `<?xml-stylesheet href="x"?>` + flood[strings.Index(flood, "<alert"):], "xml.instruction"},
		{"instruction inside", wrap("<?php x ?>"), "xml.instruction"},
		{"declaration not at the start", "\n" + flood, "xml.instruction"},
		{"bad declaration", `<?xml version="1.1"?>` + wrap(""), "xml.declaration"},
		{"UTF-16", toUTF16(flood), "xml.encoding"},
		{"UTF-16 without mark", strings.TrimPrefix(toUTF16(flood), "\xFE\xFF"), "xml.character"},
		{"UTF-7", strings.Replace(flood, "UTF-8", "UTF-7", 1), "xml.encoding"},
		{"Latin-1", strings.Replace(flood, "UTF-8", "ISO-8859-1", 1), "xml.encoding"},
		{"bytes that are no UTF-8", strings.Replace(flood, "Flood at", "Fl\xf6d at", 1), "xml.encoding"},
		{"overlong UTF-8", strings.Replace(flood, "Flood at", "\xC0\xBC at", 1), "xml.encoding"},
		{"surrogate", strings.Replace(flood, "Flood at", "\xED\xA0\x80 at", 1), "xml.encoding"},
		{"NUL", strings.Replace(flood, "Flood at", "\x00 at", 1), "xml.character"},
		{"NUL reference", strings.Replace(flood, "Flood at", "&#0; at", 1), "xml.character"},
		{"huge reference", strings.Replace(flood, "Flood at", "&#x110000; at", 1), "xml.character"},
		{"escape", strings.Replace(flood, "Flood at", "\x1b[31m at", 1), "xml.character"},
		{"second root", flood + wrap(""), "xml.trailing"},
		{"garbage after the root", flood + "x", "xml.trailing"},
		{"text before the root", "x" + wrap(""), "xml.malformed"},
		{"wrong namespace", strings.Replace(flood, namespace, "urn:oasis:names:tc:emergency:cap:1.3", 1), "core.root"},
		{"no namespace", "<alert/>", "core.root"},
		{"wrong root", strings.ReplaceAll(flood, "alert", "feed"), "core.root"},
		{"undeclared prefix", wrap("<x:note/>"), "xml.namespace"},
		{"prefix taken away", wrap(`<note xmlns:x=""/>`), "xml.namespace"},
		{"xml bound anew", wrap(`<note xmlns:xml="urn:x"/>`), "xml.namespace"},
		{"doubled attribute", wrap(`<note a="1" a="2"/>`), "xml.malformed"},
		{"attribute doubled by namespace", wrap(`<note xmlns:p="urn:x" xmlns:q="urn:x" p:a="1" q:a="2"/>`), "xml.malformed"},
		{"attribute without quotes", wrap(`<note a=1/>`), "xml.malformed"},
		{"less-than in attribute", wrap(`<note a="<"/>`), "xml.malformed"},
		{"tags crossed", wrap(`<info><event></info></event>`), "xml.malformed"},
		{"cut off", flood[:len(flood)/2], "xml.malformed"},
		{"cut off in a comment", wrap("<!-- x"), "xml.malformed"},
		{"double hyphen in comment", wrap("<!-- x -- y -->"), "xml.malformed"},
		{"cut off in CDATA", wrap("<note><![CDATA[x"), "xml.malformed"},
		{"CDATA end in text", wrap("<note>]]></note>"), "xml.malformed"},
		{"bare ampersand", wrap("<note>a & b</note>"), "xml.malformed"},
		{"name with two colons", wrap("<a:b:c/>"), "xml.malformed"},
		{"name of another alphabet", wrap("<nоte/>"), "xml.malformed"},
		{"a million tags deep", strings.Repeat("<a>", 1_000_000), "xml.size"},
		{"17 deep", wrap(strings.Repeat("<a>", 17) + strings.Repeat("</a>", 17)), "xml.depth"},
		{"deep signature", wrap(`<S xmlns="` + dsigSpace + `">` + strings.Repeat("<a>", 80_000)), "xml.depth"},
		{"many namespaces", wrap("<note" + manyNamespaces(100) + "/>"), "xml.namespace"},
		{"many attributes", wrap("<note" + strings.Repeat(" ", 100) + manyAttributes(5000) + "/>"), "xml.malformed"},
		{"ten megabytes", wrap("<note>" + strings.Repeat("x", 10<<20) + "</note>"), "xml.size"},
		{"long text", wrap("<note>" + strings.Repeat("x", 100_000) + "</note>"), "core.limit.text"},
		{"long name", wrap("<" + strings.Repeat("x", 200_000) + "/>"), "core.element.unknown"},
		{"text in many pieces", wrap("<note>" + strings.Repeat("x<!---->", 30_000)), "xml.malformed"},
		{"many infos", strings.Replace(flood, one, strings.Repeat("<info/>", 30_000), 1), "core.limit"},
		{"many areas", wrap("<info>" + strings.Repeat("<area/>", 30_000) + "</info>"), "core.limit"},
		{"many codes", wrap(strings.Repeat("<code/>", 30_000)), "core.limit"},
		{"many unknown elements", wrap(strings.Repeat("<x/>", 60_000)), "core.element.unknown"},
		{"many unknown elements in text", wrap("<note>" + strings.Repeat("<x/>", 60_000) + "</note>"), "core.element.unknown"},
		{"many references", wrap("<references>" + strings.Repeat("a,b,2026-05-24T12:00:00-07:00 ", 8000) + "</references>"), "core.limit"},
		{"many addresses", wrap("<addresses>" + strings.Repeat("a ", 30_000) + "</addresses>"), "core.limit"},
		{"huge polygon", wrap("<info><area><polygon>" + strings.Repeat("1,2 ", 60_000) + "</polygon></area></info>"), "core.limit"},
		{"many polygons", wrap("<info><area>" + strings.Repeat("<polygon>0,0 9,9 0,9 9,0 0,0</polygon>", 6000) + "</area></info>"), "core.limit"},
		{"spiral", wrap("<info><area><polygon>" + strings.Repeat("0,0 1,120 2,-120 ", 6000) + "0,0</polygon></area></info>"), "core.polygon.winding"},
		{"alert in the alert", wrap(`<info>` + wrap("") + `</info>`), "core.alert.nested"},
		{"alert in the signature", wrap(`<S xmlns="` + dsigSpace + `"><Object>` + wrap("") + `</Object></S>`), "core.alert.nested"},
		{"alert in a foreign element", wrap(`<x xmlns="urn:x"><y>` + strings.Replace(wrap(""), "1.2", "1.1", 1) + `</y></x>`), "core.alert.nested"},
		{"two statuses", strings.Replace(flood, "<status>", "<status>Test</status><status>", 1), "core.element.doubled"},
	}
}

// frugally gives a document to a reader, and wants it to take neither long nor much memory.
func frugally(t *testing.T, read func() (*Alert, Findings)) (*Alert, Findings) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := processorTime()
	a, findings := read()
	took := processorTime() - start
	runtime.ReadMemStats(&after)
	// A busy machine makes even the processor's time longer: what is slow must be slow three times.
	for range 2 {
		if took > hostileLimit {
			start = processorTime()
			_, _ = read()
			took = min(took, processorTime()-start)
		}
	}
	if took > hostileLimit && !raceEnabled {
		t.Errorf("took %v", took)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
		t.Errorf("allocated %d bytes", used)
	}
	if n := len(findings.Error()); n > 100_000 {
		t.Errorf("the findings are %d bytes long", n)
	}
	return a, findings
}

// TestHostile: the strict door refuses by name, fast, and with little memory.
func TestHostile(t *testing.T) {
	for _, row := range hostile() {
		t.Run(row.name, func(t *testing.T) {
			a, findings := frugally(t, func() (*Alert, Findings) { return ParseAll([]byte(row.doc), Options{}) })
			if a != nil || findings.Err() == nil {
				t.Fatalf("accepted: %v", findings)
			}
			if _, ok := find(findings, row.id); !ok {
				t.Errorf("no finding %s, but: %.500v", row.id, findings)
			}
		})
	}
}

// TestHostileRead: so does the tolerant door, except for what only looks hostile. What ends the reading gives no alert.
func TestHostileRead(t *testing.T) {
	harmless := []string{"processing instruction", "declaration not at the start", "UTF-16", "Latin-1", "bytes that are no UTF-8"}
	for _, row := range hostile() {
		t.Run(row.name, func(t *testing.T) {
			a, findings := frugally(t, func() (*Alert, Findings) { return Read([]byte(row.doc), Options{}) })
			if slices.Contains(harmless, row.name) {
				if a == nil || findings.Err() != nil {
					t.Errorf("refused: %v", findings)
				}
				return
			}
			if findings.Err() == nil {
				t.Fatal("accepted")
			}
			for _, f := range findings {
				if a != nil && (strings.HasPrefix(f.ID, "xml.") || f.ID == "core.root" || f.ID == "core.alert.nested") {
					t.Errorf("there is an alert in spite of %v", f)
				}
			}
		})
	}
}

func manyNamespaces(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ` xmlns:n%d="urn:x"`, i)
	}
	return b.String()
}

func manyAttributes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ` a%d=""`, i)
	}
	return b.String()
}

// TestSlowPolygons gives Check the polygons that cost it most: all edges in all slabs.
func TestSlowPolygons(t *testing.T) {
	polygon := make(Polygon, 0, 20_000)
	for i := range 19_998 {
		polygon = append(polygon, Point{float64(i%2)*80 - 40, float64(i) * 0.008})
	}
	polygon = append(polygon, Point{-41, 170}, polygon[0])
	a := floodAlert()
	a.Infos[0].Areas[0].Polygons = []Polygon{polygon, polygon, polygon, polygon, polygon}
	start := processorTime()
	if err := Check(a, Profile{}).Err(); err != nil {
		t.Fatal(err)
	}
	if took := processorTime() - start; took > time.Second && !raceEnabled {
		t.Errorf("took %v", took)
	}
}

// TestOptions raises and lowers limits.
func TestOptions(t *testing.T) {
	doc := []byte(flood)
	for _, row := range []struct {
		name string
		opts Options
		ok   bool
	}{
		{"zero", Options{}, true},
		{"negative means default", Options{MaxBytes: -1, MaxInfos: -1, MaxText: -5}, true},
		{"size reached", Options{MaxBytes: len(doc)}, true},
		{"size passed", Options{MaxBytes: len(doc) - 1}, false},
		{"points reached", Options{MaxPoints: 5, MaxPolygonPoints: 5}, true},
		{"points passed", Options{MaxPoints: 4}, false},
		{"polygon passed", Options{MaxPolygonPoints: 4}, false},
		{"values passed", Options{MaxValues: 1}, false},
		{"text passed", Options{MaxText: 20}, false},
		{"list passed", Options{MaxListItems: 1}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := Parse(doc, row.opts); (err == nil) != row.ok {
				t.Errorf("got %v", err)
			}
		})
	}
	large := strings.Replace(flood, "</alert>", "<!-- "+strings.Repeat("x", 300<<10)+" --></alert>", 1)
	if _, err := Parse([]byte(large), Options{}); err == nil {
		t.Error("more than 256 KiB were read by default")
	}
	if _, err := Parse([]byte(large), Options{MaxBytes: 1 << 20}); err != nil {
		t.Errorf("MaxBytes was not raised: %v", err)
	}
}
