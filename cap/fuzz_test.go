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
