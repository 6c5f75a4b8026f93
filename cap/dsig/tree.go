package dsig

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/beevik/etree"
	xmldsig "github.com/russellhaering/goxmldsig"
)

// The limits of a document. A Signature nests about 10 levels deep.
const (
	maxBytes    = 8 << 20
	maxDepth    = 24
	maxElements = 100_000
	maxAttrs    = 64
)

// ErrUnreadable: the document is no XML that could be verified, or breaks a limit.
var ErrUnreadable = errors.New("the document cannot be read")

// ofCAP reports whether a namespace is one of alerts.
func ofCAP(space string) bool {
	switch space {
	case "urn:oasis:names:tc:emergency:cap:1.2", "urn:oasis:names:tc:emergency:cap:1.1", "http://www.incident.com/cap/1.0",
		"http://www.oasis-open.org/committees/emergency/cap/1.0":
		return true
	}
	return false
}

// tree is a document: the alert, and the instructions before and after it in their canonical form. They are part of what a
// signature covers, and no part of the alert.
type tree struct {
	alert         *etree.Element
	before, after []byte
}

// readTree reads a document into a tree, within limits.
func readTree(document []byte) (*tree, error) {
	if err := scan(document); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	doc := etree.NewDocument()
	doc.ReadSettings = etree.ReadSettings{CharsetReader: charset}
	if err := doc.ReadFromBytes(evenAttributes(document)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	root := doc.Root()
	if root == nil || root.Tag != "alert" || !ofCAP(root.NamespaceURI()) {
		return nil, fmt.Errorf("%w: it is no CAP alert", ErrUnreadable)
	}
	out := &tree{alert: root}
	for _, token := range doc.Child {
		instruction, ok := token.(*etree.ProcInst)
		if !ok || instruction.Target == "xml" {
			continue
		}
		text := "<?" + instruction.Target
		if data := strings.TrimLeft(instruction.Inst, " \t\r\n"); data != "" {
			text += " " + data
		}
		// A line end parts each from the alert (Canonical XML 1.1 §2.3).
		if text += "?>"; token.Index() < root.Index() {
			out.before = append(out.before, text+"\n"...)
		} else {
			out.after = append(out.after, "\n"+text...)
		}
	}
	return out, nil
}

// canonical is the whole document in a canonical form, without some of the alert's children.
func (t *tree) canonical(form xmldsig.Canonicalizer, gone ...*etree.Element) ([]byte, error) {
	alert, err := canonical(form, without(t.alert, gone...))
	if err != nil {
		return nil, fmt.Errorf("the alert has no canonical form: %w", err)
	}
	return slices.Concat(t.before, alert, t.after), nil
}

// evenAttributes turns each line end and tab in the value of an attribute into a blank, as every XML processor does (XML 1.0
// §3.3.3) and encoding/xml does not. What is written as a reference, such as &#10;, stays.
func evenAttributes(document []byte) []byte {
	out := bytes.ReplaceAll(document, []byte("\r\n"), []byte("\n"))
	if len(out) == len(document) {
		out = bytes.Clone(document)
	}
	for at := 0; at < len(out); {
		rest := out[at:]
		switch {
		case rest[0] != '<':
			next := bytes.IndexByte(rest, '<')
			if next < 0 {
				return out
			}
			at += next
		case bytes.HasPrefix(rest, []byte("<!--")):
			at += past(rest, "-->")
		case bytes.HasPrefix(rest, []byte("<![CDATA[")):
			at += past(rest, "]]>")
		case bytes.HasPrefix(rest, []byte("<?")):
			at += past(rest, "?>")
		default:
			at += evenTag(rest)
		}
	}
	return out
}

// past is the length of a text up to the end of what closes it, or all of it.
func past(text []byte, closing string) int {
	if i := bytes.Index(text, []byte(closing)); i >= 0 {
		return i + len(closing)
	}
	return len(text)
}

// evenTag evens the values of one tag, in place, and gives its length.
func evenTag(text []byte) int {
	var quote byte
	for i, b := range text {
		switch {
		case quote == 0 && b == '>':
			return i + 1
		case quote == 0 && (b == '"' || b == '\''):
			quote = b
		case quote == 0:
		case b == quote:
			quote = 0
		case b == '\n' || b == '\t' || b == '\r':
			text[i] = ' '
		}
	}
	return len(text)
}

// scan refuses what a tree must not be made of: anything but elements, text and comments, a second root, and what is larger
// or deeper than any alert.
func scan(document []byte) error {
	if len(document) > maxBytes {
		return fmt.Errorf("it has more than %d bytes", maxBytes)
	}
	d := xml.NewDecoder(bytes.NewReader(document))
	d.CharsetReader = charset
	depth, elements, roots := 0, 0, 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if depth == 0 {
				roots++
			}
			depth++
			elements++
			if depth > maxDepth || elements > maxElements || len(t.Attr) > maxAttrs || roots > 1 {
				return errors.New("it is nested too deep, has too many elements or attributes, or a second root")
			}
		case xml.EndElement:
			depth--
		case xml.Directive:
			return errors.New("it has a DOCTYPE")
		case xml.ProcInst:
			if depth > 0 {
				return errors.New("there is a processing instruction inside the alert")
			}
		case xml.CharData:
			if depth == 0 && len(bytes.TrimLeft(t, " \t\r\n\ufeff")) > 0 {
				return errors.New("there is text outside the alert")
			}
		}
	}
	if depth != 0 || roots != 1 {
		return errors.New("it is cut off, or holds no element")
	}
	return nil
}

// charset reads the two encodings that alerts use besides UTF-8.
func charset(label string, in io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "utf-8", "us-ascii":
		return in, nil
	case "iso-8859-1":
		text, err := io.ReadAll(in)
		if err != nil {
			return nil, err
		}
		out := make([]rune, len(text))
		for i, b := range text {
			out[i] = rune(b)
		}
		return strings.NewReader(string(out)), nil
	}
	return nil, fmt.Errorf("the encoding %q cannot be read", clip(label))
}

// is reports whether an element has a name of XML Signature.
func is(el *etree.Element, name string) bool { return el.Tag == name && el.NamespaceURI() == space }

// signaturesOf are the signatures that are children of the alert.
func signaturesOf(root *etree.Element) []*etree.Element {
	var out []*etree.Element
	for _, child := range root.ChildElements() {
		if is(child, "Signature") {
			out = append(out, child)
		}
	}
	return out
}

// without is a copy of the alert in which some of its children are left out.
func without(root *etree.Element, gone ...*etree.Element) *etree.Element {
	rest := root.Copy()
	for _, el := range slices.Backward(gone) { // from the back, so that the places of those before stay
		rest.RemoveChildAt(el.Index())
	}
	return rest
}

// clip shortens what a message quotes from the document.
func clip(text string) string {
	const most = 80
	if len(text) > most {
		text = text[:most] + "…"
	}
	return strings.ToValidUTF8(text, "?")
}
