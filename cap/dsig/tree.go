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

// readTree reads a document into a tree, within limits.
func readTree(document []byte) (*etree.Element, error) {
	if err := scan(document); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	doc := etree.NewDocument()
	doc.ReadSettings = etree.ReadSettings{CharsetReader: charset}
	if err := doc.ReadFromBytes(document); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	root := doc.Root()
	if root == nil || root.Tag != "alert" || !ofCAP(root.NamespaceURI()) {
		return nil, fmt.Errorf("%w: it is no CAP alert", ErrUnreadable)
	}
	return root, nil
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
