package feed

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"time"
)

// Format is a kind of feed.
type Format uint8

// The formats.
const (
	Atom Format = iota + 1
	RSS
)

// MediaType is that of a feed in this format.
func (f Format) MediaType() string {
	if f == RSS {
		return "application/rss+xml"
	}
	return "application/atom+xml"
}

// DefaultLimit is the size of a page in bytes that hubs take: Google refuses more than 900 KB.
const DefaultLimit = 900_000

// least is the smallest limit: an entry and what stands around it always fit.
const least = 16 << 10

// Page is one document of a feed.
type Page struct {
	Body []byte
	// Before is the Key of the last entry of the page in front of it; empty for the first.
	Before string
	// Entries is how many it has.
	Entries int
}

// Write gives a feed as one page or several, none longer than limit bytes (0: DefaultLimit, least 16 KiB). Entries keep
// their order, which should be the newest first. The address of a further page is Self with ?before=KEY, where KEY is that of
// the last entry before it: who reads page after page while entries come and go in front misses none. The pages are linked
// with first, last, previous and next (RFC 5005 §3).
func Write(format Format, f Feed, entries []Entry, limit int) ([]Page, error) {
	switch {
	case format != Atom && format != RSS:
		return nil, fmt.Errorf("feed: unknown format %d", format)
	case limit == 0:
		limit = DefaultLimit
	case limit < least:
		return nil, fmt.Errorf("feed: a limit of %d bytes is too small: give at least %d", limit, least)
	}
	if f.ID == "" || f.Title == "" || f.Self == "" || f.Updated.IsZero() {
		return nil, errors.New("feed: it needs ID, Title, Self and Updated")
	}
	var pages []Page
	var parts [][]byte
	var body bytes.Buffer
	start := Page{}
	for i, e := range entries {
		part, err := e.write(format)
		if err != nil {
			return nil, fmt.Errorf("feed: entry %d: %w", i+1, err)
		}
		if body.Len() > 0 && body.Len()+len(part) > limit-least/2 {
			parts, pages = append(parts, bytes.Clone(body.Bytes())), append(pages, start)
			body.Reset()
			start = Page{Before: entries[i-1].Key}
		}
		start.Entries++
		body.Write(part)
	}
	parts, pages = append(parts, body.Bytes()), append(pages, start)
	for i := range pages {
		pages[i].Body = f.wrap(format, parts[i], pages, i)
	}
	return pages, nil
}

// pageURL is the address of a page.
func (f Feed) pageURL(p Page) string {
	if p.Before == "" {
		return f.Self
	}
	return f.Self + "?before=" + url.QueryEscape(p.Before)
}

// link is one of the links of a page.
type link struct{ rel, href string }

func (f Feed) links(pages []Page, at int) []link {
	out := []link{{"self", f.pageURL(pages[at])}}
	if len(pages) > 1 {
		out = append(out, link{"first", f.pageURL(pages[0])}, link{"last", f.pageURL(pages[len(pages)-1])})
	}
	if at > 0 {
		out = append(out, link{"previous", f.pageURL(pages[at-1])})
	}
	if at+1 < len(pages) {
		out = append(out, link{"next", f.pageURL(pages[at+1])})
	}
	return out
}

// sheet is a piece of XML that is being written.
type sheet struct{ bytes.Buffer }

// escape writes text; characters that XML cannot hold become U+FFFD.
func (s *sheet) escape(text string) { _ = xml.EscapeText(s, []byte(text)) } // a Buffer takes everything

// element writes an element on a line of its own, unless it is empty. attributes are written as they are.
func (s *sheet) element(name, attributes, text string) {
	if text == "" {
		return
	}
	s.WriteString("<" + name + attributes + ">")
	s.escape(text)
	s.WriteString("</" + name + ">\n")
}

// attribute gives an attribute with a blank in front; nothing when it is empty.
func attribute(name, value string) string {
	if value == "" {
		return ""
	}
	var s sheet
	s.WriteString(" " + name + `="`)
	s.escape(value)
	s.WriteString(`"`)
	return s.String()
}

// wrap puts a feed around the entries of a page.
func (f Feed) wrap(format Format, entries []byte, pages []Page, at int) []byte {
	s := &sheet{}
	s.WriteString(xml.Header)
	if format == RSS {
		f.rss(s, entries, f.links(pages, at))
	} else {
		f.atom(s, entries, f.links(pages, at))
	}
	return s.Bytes()
}

func (f Feed) atom(s *sheet, entries []byte, links []link) {
	s.WriteString(`<feed xmlns="http://www.w3.org/2005/Atom"` + attribute("xml:lang", f.Language) + ">\n")
	s.element("id", "", f.ID)
	s.element("title", "", f.Title)
	s.element("updated", "", atomTime(f.Updated))
	s.WriteString("<author>")
	s.element("name", "", orElse(f.Author, f.Title))
	s.WriteString("</author>\n")
	for _, l := range links {
		s.WriteString("<link" + attribute("rel", l.rel) + attribute("type", Atom.MediaType()) + attribute("href", l.href) + "/>\n")
	}
	if f.Home != "" {
		s.WriteString(`<link rel="alternate" type="text/html"` + attribute("href", f.Home) + "/>\n")
	}
	s.Write(entries)
	s.WriteString("</feed>\n")
}

func (f Feed) rss(s *sheet, entries []byte, links []link) {
	s.WriteString(`<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom">` + "\n<channel>\n")
	s.element("title", "", f.Title)
	s.element("link", "", orElse(f.Home, f.Self))
	s.element("description", "", f.Title)
	s.element("language", "", f.Language)
	s.element("pubDate", "", rssTime(f.Updated))
	s.element("lastBuildDate", "", rssTime(f.Updated))
	for _, l := range links {
		s.WriteString("<atom:link" + attribute("rel", l.rel) + attribute("type", RSS.MediaType()) + attribute("href", l.href) + "/>\n")
	}
	s.Write(entries)
	s.WriteString("</channel>\n</rss>\n")
}

// write gives an entry, or says what it lacks.
func (e Entry) write(format Format) ([]byte, error) {
	switch {
	case e.ID == "" || e.Title == "" || e.Link == "" || e.Updated.IsZero():
		return nil, errors.New("it needs ID, Title, Link and Updated")
	case e.Key == "":
		return nil, errors.New("it needs a Key, by which pages begin")
	}
	e.Title, e.Summary, e.Author = shorten(line(e.Title), maxTitle), shorten(e.Summary, maxSummary), shorten(line(e.Author), maxTitle)
	if len(e.ID)+len(e.Link)+len(e.Key) > least/8 {
		return nil, errors.New("its ID, Link and Key are too long")
	}
	s := &sheet{}
	if format == RSS {
		e.rss(s)
	} else {
		e.atom(s)
	}
	return s.Bytes(), nil
}

func (e Entry) atom(s *sheet) {
	s.WriteString("<entry" + attribute("xml:lang", e.Language) + ">\n")
	s.element("id", "", e.ID)
	s.element("title", "", e.Title)
	s.element("updated", "", atomTime(e.Updated))
	s.element("published", "", atomTime(e.Updated))
	if e.Author != "" {
		s.WriteString("<author>")
		s.element("name", "", e.Author)
		s.WriteString("</author>\n")
	}
	s.WriteString(`<link rel="alternate"` + attribute("type", MediaType) + attribute("href", e.Link) + "/>\n")
	for _, c := range e.Categories {
		s.WriteString("<category" + attribute("term", string(c)) + "/>\n")
	}
	s.element("summary", ` type="text"`, e.Summary)
	s.WriteString("</entry>\n")
}

func (e Entry) rss(s *sheet) {
	s.WriteString("<item>\n")
	s.element("title", "", e.Title)
	s.element("link", "", e.Link)
	s.element("description", "", orElse(e.Summary, e.Title))
	for _, c := range e.Categories {
		s.element("category", "", string(c))
	}
	s.element("pubDate", "", rssTime(e.Updated))
	s.element("guid", ` isPermaLink="false"`, e.ID)
	s.WriteString("</item>\n")
}

// atomTime is that of RFC 3339 (RFC 4287 §3.3).
func atomTime(t time.Time) string { return t.Format("2006-01-02T15:04:05Z07:00") }

// rssTime is that of RFC 822 with four digits for the year.
func rssTime(t time.Time) string { return t.Format("Mon, 02 Jan 2006 15:04:05 -0700") }

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
