package cap

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
)

// hostileLimit is how long a hostile document may take. Under the race detector or on a loaded machine the true time is
// far below it all the same.
const hostileLimit = 50 * time.Millisecond

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

// TestHostile feeds what is meant to harm a reader. Each must be refused by name, fast, and with little memory.
func TestHostile(t *testing.T) {
	in := strings.Index(flood, "<info>")
	one := flood[in : strings.Index(flood, "</info>")+len("</info>")]
	laughs := `<!DOCTYPE alert [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>`
	for _, row := range []struct{ name, doc, id string }{
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
	} {
		t.Run(row.name, func(t *testing.T) {
			data := []byte(row.doc)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			a, err := Parse(data, Options{})
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			var findings Findings
			if a != nil || !errors.As(err, &findings) {
				t.Fatalf("accepted, or another error: %v", err)
			}
			if _, ok := find(findings, row.id); !ok {
				t.Errorf("no finding %s, but: %.500v", row.id, findings)
			}
			if took > hostileLimit && !raceEnabled {
				t.Errorf("took %v", took)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
				t.Errorf("allocated %d bytes", used)
			}
			if len(err.Error()) > 100_000 {
				t.Errorf("the error is %d bytes long", len(err.Error()))
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
	start := time.Now()
	if err := Check(a).Err(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > time.Second && !raceEnabled {
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
