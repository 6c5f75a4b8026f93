package feed

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/mail"
	"net/url"
	"strings"
	"time"
)

// Options bounds what Parse reads. The zero value of each field means its default.
type Options struct {
	// MaxBytes is the size of the document in bytes (default 8 MiB).
	MaxBytes int
	// MaxItems is the number of entries (20,000).
	MaxItems int
}

// maxDepth is how deep elements may lie in each other, an embedded alert and its signature included.
const maxDepth = 32

// maxField bounds the text of one field in bytes; more of it is passed over.
const maxField = 8 << 10

// Document is a feed as it was read.
type Document struct {
	Format Format
	ID     string
	Title  string
	// Updated is zero where the feed does not say it, or not in its format.
	Updated time.Time
	// Next is the address of the next page; empty on the last.
	Next  string
	Items []Item
	// Problems are what entries lack. An entry that leads to no alert stands here alone, and in no Item.
	Problems []string
}

// Item is an entry that leads to an alert.
type Item struct {
	// ID is the entry's id or guid, else its link.
	ID      string
	Title   string
	Updated time.Time
	// Link is the absolute address of the CAP document, http or https; empty where the alert is in the feed itself.
	Link string
	// Alert is an embedded alert, byte for byte as it stands in the feed; nil where there is none. Prefixes that are declared
	// further out are not declared in it.
	Alert []byte
}

// Parse reads an Atom or RSS 2.0 feed for the links of its alerts; base is the address that it was read from, to which
// relative links are added. It takes nothing else from it: neither the cap: elements that some feeds have, nor links that
// are no web addresses. A document that is no feed, is not well formed, declares a DOCTYPE or passes a limit is an error as a
// whole: part of a feed looks as if the rest had ended.
func Parse(data []byte, base string, o Options) (*Document, error) {
	if o.MaxBytes <= 0 {
		o.MaxBytes = 8 << 20
	}
	if o.MaxItems <= 0 {
		o.MaxItems = 20_000
	}
	if len(data) > o.MaxBytes {
		return nil, fmt.Errorf("feed: it has %d bytes, more than the %d allowed", len(data), o.MaxBytes)
	}
	from, err := url.Parse(base)
	if err != nil {
		return nil, fmt.Errorf("feed: base: %w", err)
	}
	r := &reader{data: data, options: o, base: from, xml: xml.NewDecoder(bytes.NewReader(data)), out: &Document{}}
	if err := r.read(); err != nil {
		line, _ := r.xml.InputPos()
		return nil, fmt.Errorf("feed: line %d: %w", line, err)
	}
	return r.out, nil
}

// reader is a feed that is being read.
type reader struct {
	data    []byte
	options Options
	base    *url.URL
	xml     *xml.Decoder
	out     *Document
	// path are the open elements, the feed first.
	path []xml.Name
	// entries counts them; entry is the open one.
	entries int
	entry   *entry
	text    []byte
	done    bool
}

// entry is an entry that is being read. The links are by how likely they lead to the alert.
type entry struct {
	Item
	capLink, plainLink, otherLink string
	alertFrom                     int64
}

const atomSpace = "http://www.w3.org/2005/Atom"

func (r *reader) read() error {
	for {
		before := r.xml.InputOffset()
		token, err := r.xml.Token()
		if errors.Is(err, io.EOF) {
			if !r.done {
				return errors.New("the document is empty")
			}
			return nil
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.Directive:
			return errors.New("a DOCTYPE is not allowed: it can name files and grow without end")
		case xml.StartElement:
			if err := r.start(t, before); err != nil {
				return err
			}
		case xml.EndElement:
			r.end(t.Name)
		case xml.CharData:
			if room := maxField - len(r.text); room > 0 {
				r.text = append(r.text, t[:min(len(t), room)]...)
			}
		}
	}
}

// root decides what kind of feed it is.
func (r *reader) root(t xml.StartElement) error {
	switch {
	case r.done:
		return errors.New("a second root element")
	case t.Name.Local == "feed" && t.Name.Space == atomSpace:
		r.out.Format = Atom
	case t.Name.Local == "rss" && t.Name.Space == "":
		if version := attr(t, "version"); version != "2.0" {
			return fmt.Errorf("RSS of version %.20q: only 2.0 is read", version)
		}
		r.out.Format = RSS
	default:
		return fmt.Errorf("the root element is %.40q, neither Atom's feed nor rss", t.Name.Local)
	}
	return nil
}

func (r *reader) start(t xml.StartElement, at int64) error {
	if len(r.path) == 0 {
		if err := r.root(t); err != nil {
			return err
		}
	}
	if len(r.path) >= maxDepth {
		return fmt.Errorf("elements lie more than %d deep", maxDepth)
	}
	r.path = append(r.path, t.Name)
	r.text = r.text[:0]
	switch {
	case r.entry == nil && r.isEntry(t.Name):
		if r.entries++; r.entries > r.options.MaxItems {
			return fmt.Errorf("more than %d entries", r.options.MaxItems)
		}
		r.entry = &entry{alertFrom: -1}
	case isAlert(t.Name) && r.entry == nil:
		r.out.Problems = append(r.out.Problems, "an alert stands outside of all entries: it is not read")
	case isAlert(t.Name):
		if r.entry.alertFrom < 0 && r.entry.Alert == nil {
			r.entry.alertFrom = at
		}
	case t.Name.Local == "link" && t.Name.Space == atomSpace:
		r.atomLink(t)
	case r.entry != nil && r.out.Format == RSS && t.Name.Local == "enclosure" && t.Name.Space == "" && isCAP(attr(t, "type")):
		r.entry.capLink = orElse(r.entry.capLink, r.absolute(attr(t, "url")))
	}
	return nil
}

// isAlert reports whether an element is an alert of CAP 1.2, 1.1 or 1.0.
func isAlert(n xml.Name) bool {
	return n.Local == "alert" &&
		(strings.HasPrefix(n.Space, "urn:oasis:names:tc:emergency:cap:") || strings.HasPrefix(n.Space, "http://www.incident.com/cap/"))
}

func (r *reader) isEntry(n xml.Name) bool {
	if r.out.Format == RSS {
		return n.Local == "item" && n.Space == "" && len(r.path) == 3
	}
	return n.Local == "entry" && n.Space == atomSpace && len(r.path) == 2
}

// atomLink takes a link of Atom, of the feed or of an entry.
func (r *reader) atomLink(t xml.StartElement) {
	rel, kind, href := attr(t, "rel"), attr(t, "type"), r.absolute(attr(t, "href"))
	switch {
	case r.entry == nil && rel == "next" && (r.out.Format == Atom && len(r.path) == 2 || r.out.Format == RSS && len(r.path) == 3):
		r.out.Next = href
	case r.entry == nil || r.entry.alertFrom >= 0:
	case isCAP(kind):
		r.entry.capLink = orElse(r.entry.capLink, href)
	case (rel == "" || rel == "alternate") && !strings.Contains(kind, "html"):
		r.entry.plainLink = orElse(r.entry.plainLink, href)
	case rel == "" || rel == "alternate" || rel == "related":
		r.entry.otherLink = orElse(r.entry.otherLink, href)
	}
}

// end closes an element, and takes its text where it is a field.
func (r *reader) end(n xml.Name) {
	depth := len(r.path)
	r.path = r.path[:depth-1]
	text := strings.TrimSpace(string(r.text))
	r.text = r.text[:0]
	fieldDepth := 2
	if r.out.Format == RSS {
		fieldDepth = 3
	}
	switch {
	case depth == 1:
		r.done = true
	case r.entry != nil && depth == fieldDepth:
		r.closeEntry()
	case r.entry != nil && r.entry.alertFrom >= 0 && isAlert(n):
		r.entry.Alert = bytes.Clone(r.data[r.entry.alertFrom:r.xml.InputOffset()])
		r.entry.alertFrom = -1
	case r.entry != nil && depth == fieldDepth+1:
		r.entryField(n, text)
	case r.entry == nil && depth == fieldDepth:
		r.feedField(n, text)
	}
}

func (r *reader) feedField(n xml.Name, text string) {
	switch r.field(n) {
	case "id":
		r.out.ID = text
	case "title":
		r.out.Title = text
	case "updated", "lastBuildDate":
		r.out.Updated = timeOf(text)
	case "pubDate":
		if r.out.Updated.IsZero() {
			r.out.Updated = timeOf(text)
		}
	}
}

func (r *reader) entryField(n xml.Name, text string) {
	e := r.entry
	switch r.field(n) {
	case "id", "guid":
		e.ID = text
	case "title":
		e.Title = text
	case "updated", "pubDate":
		e.Updated = timeOf(text)
	case "link":
		if r.out.Format == RSS {
			e.plainLink = orElse(e.plainLink, r.absolute(text))
		}
	}
}

// field is the name of a field of the format's own; empty for foreign ones.
func (r *reader) field(n xml.Name) string {
	if r.out.Format == Atom && n.Space == atomSpace || r.out.Format == RSS && n.Space == "" {
		return n.Local
	}
	return ""
}

// closeEntry decides where the entry leads.
func (r *reader) closeEntry() {
	e := r.entry
	r.entry = nil
	e.Link = orElse(e.capLink, orElse(e.plainLink, e.otherLink))
	problem := func(what string) {
		r.out.Problems = append(r.out.Problems, fmt.Sprintf("entry %d (%.80q): %s", r.entries, e.ID, what))
	}
	if e.ID == "" {
		problem("it has no id")
		e.ID = e.Link
	}
	if e.Title == "" {
		problem("it has no title")
	}
	if e.Link == "" && e.Alert == nil {
		problem("it leads to no alert: it has neither a link of http or https nor an alert in it")
		return
	}
	r.out.Items = append(r.out.Items, e.Item)
}

// absolute is a web address, added to the base; empty when it is none.
func (r *reader) absolute(text string) string {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > 4096 {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	u = r.base.ResolveReference(u)
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return ""
	}
	return u.String()
}

func isCAP(mediaType string) bool {
	kind, _, _ := strings.Cut(strings.ToLower(mediaType), ";")
	kind = strings.TrimSpace(kind)
	return kind == MediaType || kind == "application/common-alerting-protocol+xml"
}

// attr is the value of an attribute without a namespace.
func attr(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

// timeOf reads the time of either format; zero when it is none.
func timeOf(text string) time.Time {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t
	}
	if t, err := mail.ParseDate(text); err == nil {
		return t
	}
	return time.Time{}
}
