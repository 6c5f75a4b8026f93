package cap

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

// seeds gives a fuzz target something to start from.
func seeds(f *testing.F) {
	f.Add([]byte(flood))
	f.Add([]byte(strings.Replace(flood, "</alert>", `<ds:S xmlns:ds="`+dsigSpace+`"><ds:a b='c&#x41;'/><![CDATA[<x>]]></ds:S></alert>`, 1)))
	f.Add([]byte(`<c:alert xmlns:c="` + namespace + `"><c:note>a&#13;&amp;b<!-- c --></c:note></c:alert>`))
	f.Add([]byte(`<alert xmlns="http://www.incident.com/cap/1.0"><password>x</password></alert>`))
	f.Add([]byte(`<!DOCTYPE x><alert/>`))
	for _, file := range vectorFiles(f) {
		if data, err := os.ReadFile(file); err == nil {
			_, doc, _ := bytes.Cut(data, []byte("\n\n"))
			f.Add(doc)
		}
	}
}

// FuzzParse: nothing crashes; a refusal says why and where; what is accepted is written, and read again as the same.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		a, findings := ParseAll(data, Options{})
		for _, one := range findings {
			if one.ID == "" || one.Clause == "" || one.Path == "" || one.Message == "" || one.Line < 1 {
				t.Errorf("incomplete finding: %+v", one)
			}
		}
		if (a == nil) != (findings.Err() != nil) {
			t.Fatalf("alert %v, but findings %v", a, findings)
		}
		if a == nil || a.Version != "1.2" {
			return
		}
		doc, err := Write(a)
		if err != nil {
			t.Fatalf("accepted, but not written: %v", err)
		}
		again, err := Parse(doc, Options{MaxBytes: 8 << 20})
		if err != nil {
			t.Fatalf("written, but refused: %v\n%s", err, doc)
		}
		if !reflect.DeepEqual(a, again) {
			t.Fatalf("got  %+v\nwant %+v", again, a)
		}
		for i := range a.Infos {
			if _, err := NewRegion(a.Infos[i].Areas); err != nil {
				t.Fatalf("accepted, but no region: %v", err)
			}
		}
	})
}

// FuzzRead: the tolerant door gives an alert, errors or both; what is free of errors is written, and parsed as the same.
// What the strict door accepts, it reads alike.
func FuzzRead(f *testing.F) {
	seeds(f)
	for _, row := range tolerated() {
		f.Add([]byte(strings.Replace(flood, row.from, row.to, 1)))
	}
	f.Add([]byte(toUTF16(flood)))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, findings := Read(data, Options{})
		for _, one := range findings {
			if one.ID == "" || one.Clause == "" || one.Path == "" || one.Message == "" || one.Line < 1 {
				t.Errorf("incomplete finding: %+v", one)
			}
		}
		if a == nil && findings.Err() == nil {
			t.Fatal("neither an alert nor an error")
		}
		readable := a != nil && findings.Err() == nil
		if readable {
			writeAgain(t, a)
		}
		strict, err := Parse(data, Options{})
		if err != nil || strict.Version != "1.2" {
			return
		}
		if !readable {
			t.Fatalf("Parse accepts it, Read does not: %v", findings)
		}
		for i := range strict.Infos {
			for k := range strict.Infos[i].Resources {
				r := &strict.Infos[i].Resources[k]
				r.Digest = trim(r.Digest) // the one value whose blanks break no rule
			}
		}
		if !reflect.DeepEqual(a, strict) {
			t.Fatalf("Read  %+v\nParse %+v", a, strict)
		}
	})
}

// FuzzPolygon: what is read is written, and read as the same; blanks around commas make no other polygon.
func FuzzPolygon(f *testing.F) {
	for _, text := range []string{"1,2 3,4 5,1 1,2", "1 , 2\n3, 4\t5 ,1 1,2", "38.5,-120 12.5", "-90,180 +.5,-0. 1e3,2", "1,2,3,4", ",", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePolygon(text, 1000)
		spaced, errSpaced := parsePolygon(respacePairs(text), 1000)
		if err == nil && (errSpaced != nil || !reflect.DeepEqual(p, spaced)) {
			t.Fatalf("%v became %v, %v", p, spaced, errSpaced)
		}
		if errSpaced != nil {
			return
		}
		w := &writer{}
		w.area(&Area{Polygons: []Polygon{spaced}})
		_, rest, _ := strings.Cut(string(w.out), "<polygon>")
		written, _, _ := strings.Cut(rest, "</polygon>")
		again, err := parsePolygon(written, 1000)
		if err != nil || !reflect.DeepEqual(spaced, again) {
			t.Fatalf("%v was written %q and read %v, %v", spaced, written, again, err)
		}
		if polygonFault(spaced) == "" {
			if _, err := NewRegion([]Area{{Polygons: []Polygon{spaced}}}); err != nil {
				t.Fatalf("a polygon without fault makes no region: %v", err)
			}
		}
	})
}

// FuzzReferences: what is read is written, and read as the same; the tolerant reader agrees with the strict one.
func FuzzReferences(f *testing.F) {
	const one = "a@b.example,2.49.0.1,2026-05-24T12:00:00-07:00"
	for _, text := range []string{one, one + " " + one, one + "," + one, strings.ReplaceAll(one, ",", " , "), "a,b", "a,b,2026-05-24T12:00:00Z", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		strict, tolerant := strictTimes(in12), tolerantTimes(nil)
		refs, _, _, err := strict.references(text, 100)
		loose, _, _, looseErr := tolerant.references(text, 100)
		if err == nil && (looseErr != nil || !reflect.DeepEqual(refs, loose)) {
			t.Fatalf("strict %v, tolerant %v, %v", refs, loose, looseErr)
		}
		if looseErr != nil {
			if loose, _, _, looseErr = tolerant.references(respaceReferences(tolerant, text), 100); looseErr != nil {
				return
			}
		}
		for _, r := range loose {
			if timeFault(r.Sent) != "" {
				return // year 0 after 24:00:00 or an offset
			}
		}
		written := string(appendReferences(nil, loose))
		again, joined, slips, err := strict.references(written, 100)
		if err != nil || joined || slips != 0 || !reflect.DeepEqual(loose, again) {
			t.Fatalf("%v was written %q and read %v, %v", loose, written, again, err)
		}
	})
}

// FuzzTimes compares with package time: what the strict reader takes, it reads alike. The tolerant one never gives another
// instant.
func FuzzTimes(f *testing.F) {
	for _, text := range []string{"2026-05-24T16:49:00-07:00", "2026-05-24t16:49:00.5Z", "2026-05-24 24:00:00+0130", "2026-05-24T16:49:00", "2026-02-29T00:00:00-00:00", "0001-01-01T00:00:00+14:00"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		strict, err := strictTimes(in12).parse(text)
		loose, looseErr := tolerantTimes(time.UTC).parse(text)
		if err == nil {
			want, wantErr := time.Parse("2006-01-02T15:04:05-07:00", text)
			if strict.slips&slipMidnight == 0 && (wantErr != nil || !want.Equal(strict.at)) {
				t.Fatalf("%q is read as %v, and by package time as %v, %v", text, strict.at, want, wantErr)
			}
			if looseErr != nil || !loose.at.Equal(strict.at) {
				t.Fatalf("strict %v, tolerant %v, %v", strict.at, loose.at, looseErr)
			}
		}
		if looseErr != nil || timeFault(loose.at) != "" {
			return
		}
		written := string(appendTime(nil, loose.at))
		again, err := strictTimes(in12).parse(written)
		if err != nil || again.slips != 0 || !again.at.Equal(loose.at) {
			t.Fatalf("%q is read as %v and written as %q, which is %v, %v", text, loose.at, written, again.at, err)
		}
	})
}

// FuzzScanner compares with encoding/xml: what this scanner reads to its end, encoding/xml reads alike.
func FuzzScanner(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		ours, err := scanAll(data)
		if err != nil {
			return
		}
		theirs, err := decodeAll(data)
		if err != nil {
			t.Fatalf("encoding/xml refuses it: %v", err)
		}
		if ours != theirs {
			t.Fatalf("got\n%s\nencoding/xml\n%s", ours, theirs)
		}
	})
}

// scanAll writes the tokens of a document down, adjacent texts joined.
func scanAll(data []byte) (string, error) {
	slipped := false
	s := newScanner(data, func(tolerance, int, string) { slipped = true })
	if err := s.prolog(Options{}.withDefaults()); err != nil {
		return "", err
	}
	var b strings.Builder
	text := ""
	for {
		token, err := s.next()
		if err != nil {
			return "", err
		}
		if token.kind == tokenText {
			text += string(token.text)
			continue
		}
		if text != "" {
			fmt.Fprintf(&b, "%q\n", text)
			text = ""
		}
		switch token.kind {
		case tokenStart:
			fmt.Fprintf(&b, "<%s %s\n", token.space, token.local)
		case tokenEnd:
			b.WriteString(">\n")
		default:
			if slipped {
				return "", errors.New("another encoding, or an instruction")
			}
			return b.String(), nil
		}
	}
}

// decodeAll does the same with encoding/xml.
func decodeAll(data []byte) (string, error) {
	d := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\uFEFF"))))
	var b strings.Builder
	text, depth := "", 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return b.String(), nil
		}
		if err != nil {
			return "", err
		}
		if chars, ok := token.(xml.CharData); ok && depth > 0 {
			text += string(chars)
			continue
		}
		if _, ok := token.(xml.Comment); ok {
			continue
		}
		if text != "" {
			fmt.Fprintf(&b, "%q\n", text)
			text = ""
		}
		switch token := token.(type) {
		case xml.StartElement:
			depth++
			fmt.Fprintf(&b, "<%s %s\n", token.Name.Space, token.Name.Local)
		case xml.EndElement:
			depth--
			b.WriteString(">\n")
		}
	}
}
