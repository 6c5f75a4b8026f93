package feed

import (
	"strings"
	"time"
	"unicode/utf8"

	"tocsin/cap"
)

// MediaType is that of CAP documents.
const MediaType = "application/cap+xml"

// Feed is what a feed says of itself.
type Feed struct {
	// ID is an IRI that never changes, such as a urn:uuid.
	ID    string
	Title string
	// Self is the address of the feed, and Home that of a page about it.
	Self string
	Home string
	// Author is who publishes it.
	Author string
	// Language is a tag such as en; may be empty.
	Language string
	// Updated is when the feed changed last in a way that matters.
	Updated time.Time
}

// Entry is one alert in a feed.
type Entry struct {
	// ID is an IRI that belongs to this alert for ever.
	ID      string
	Title   string
	Summary string
	// Link is where the CAP document is.
	Link string
	// Updated is when the alert was issued.
	Updated time.Time
	Author  string
	// Language is that of title and summary; may be empty.
	Language   string
	Categories []cap.Category
	// Key names the entry's place in the list, for the addresses of pages: a few letters, digits, - and _.
	Key string
}

// The longest title and summary in bytes. They are only there to be looked at; the document has all of it.
const (
	maxTitle   = 300
	maxSummary = 1200
)

// EntryOf describes an alert by its first info. What is no real warning, and what ends one, says so in the title.
func EntryOf(a *cap.Alert) Entry {
	e := Entry{Updated: a.Sent, Author: a.Sender}
	title := ""
	if len(a.Infos) > 0 {
		in := &a.Infos[0]
		title = line(in.Headline)
		if title == "" {
			title = line(in.Event)
		}
		if e.Language = in.Language; e.Language == "" {
			e.Language = "en-US"
		}
		if name := line(in.SenderName); name != "" {
			e.Author = name
		}
		e.Summary = shorten(strings.TrimSpace(in.Description+"\n"+in.Instruction), maxSummary)
		e.Categories = in.Categories
	}
	if title == "" {
		title = a.Identifier
	}
	switch a.MsgType {
	case cap.MsgUpdate, cap.MsgCancel, cap.MsgAck, cap.MsgError:
		title = string(a.MsgType) + ": " + title
	}
	if a.Status != cap.StatusActual {
		title = strings.ToUpper(string(a.Status)) + ": " + title
	}
	if e.Summary == "" {
		e.Summary = shorten(strings.TrimSpace(a.Note), maxSummary)
	}
	e.Title = shorten(title, maxTitle)
	return e
}

// line gives a text on one line.
func line(text string) string { return strings.Join(strings.Fields(text), " ") }

// shorten cuts a text behind a whole character.
func shorten(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	cut := limit - len("…")
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}
