package wording

import (
	_ "embed" // the template
	"fmt"
	"html/template"
	"strings"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
)

// mailFile is the HTML of a mail. It holds its own styles and loads nothing from anywhere. Text and ground keep the
// reader's colours, light or dark; only the banners set both of theirs, at a contrast of at least 4.5 to 1.
//
//go:embed mail.html
var mailFile string

func mailTemplate() *template.Template {
	return template.Must(template.New("mail").Parse(mailFile))
}

// maxSubject is the most characters of a subject.
const maxSubject = 160

// mailRow is one line of the facts below the text.
type mailRow struct {
	Label, Value string
	// Link is set when the value is an address of the web.
	Link string
}

// mailPage is what the template shows.
type mailPage struct {
	Lang, Dir, Subject string
	World, WorldNote   string
	Opening, Title     string
	WhatToDo, Details  string
	Instruction, Story []string
	Banner             template.CSS
	Rows               []mailRow
}

// subject is the headline, or event and place, between the fixed words; one line, without control characters.
func (d *draft) subject() string {
	if d.headline == "" || d.cancel {
		return d.titled(d.event, d.place, maxSubject)
	}
	return d.titled(d.headline, "", maxSubject)
}

// mailTitle is the subject without the world and its closing.
func (d *draft) mailTitle() string {
	if d.headline == "" || d.cancel {
		if d.place == "" {
			return d.event
		}
		return d.event + dash + d.place
	}
	return d.headline
}

// advice is the text under "what to do": for a cancel that the warning ended, else the instruction, or what the response
// type asks for.
func (d *draft) advice() string {
	switch {
	case d.cancel && d.rest != "":
		return d.action + "\n" + d.rest
	case d.cancel, d.instruction == "":
		return d.action
	}
	return d.instruction
}

// mailStory is the description; a cancel's headline stands with it, because its title names the original.
func (d *draft) mailStory() string {
	if d.cancel && d.headline != "" && d.headline != d.description {
		return strings.TrimSpace(d.headline + "\n" + d.description)
	}
	return d.description
}

// rows are the facts: each is left out when the document does not state it.
func (d *draft) rows() []mailRow {
	w := d.words
	var rows []mailRow
	add := func(label, value string) {
		if value != "" {
			rows = append(rows, mailRow{Label: label, Value: value})
		}
	}
	if d.headline != "" {
		add(w.Warning, d.event)
	}
	add(w.Area, d.place)
	if !d.over() {
		add(w.Severity, w.severity(d.severity))
		add(w.Starts, moment(d.starts))
		add(w.Ends, moment(d.expires))
	}
	add(w.Issued, moment(d.sent))
	add(w.Sender, d.sender)
	add(w.Contact, d.contact)
	for i, link := range []string{d.link, d.web} {
		if link != "" && (i == 0 || link != d.link) {
			rows = append(rows, mailRow{Label: w.More, Value: link, Link: link})
		}
	}
	add(w.Note, d.note)
	add(w.Identifier, strings.TrimSpace(d.identifier+" "+d.senderID))
	return rows
}

// moment is a time in the zone it was written in, with that zone; empty for the zero time.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	if _, offset := t.Zone(); offset == 0 {
		return t.Format("2006-01-02 15:04 UTC")
	}
	return t.Format("2006-01-02 15:04 (UTC-07:00)")
}

// worldNote explains the world; empty in the actual one.
func (d *draft) worldNote() string {
	switch d.world {
	case alerting.Exercise:
		return d.words.ExerciseNote
	case alerting.Test:
		return d.words.TestNote
	}
	return ""
}

// kindOpening is the opening without the world.
func (d *draft) kindOpening() string {
	open := d.opening()
	if word := d.words.world(d.world); word != "" {
		open = strings.TrimPrefix(open, word+d.words.Colon)
	}
	return open
}

// mailText is the plain form: the same words in the same order as the HTML.
func (d *draft) mailText() string {
	var b strings.Builder
	b.Grow(1024 + len(d.description) + len(d.instruction))
	world := d.words.world(d.world)
	if world != "" {
		b.WriteString(world + d.words.Colon + d.worldNote() + "\n\n")
	}
	b.WriteString(d.kindOpening() + d.mailTitle() + "\n")
	block := func(label, text string) {
		if text != "" {
			b.WriteString("\n" + label + strings.TrimRight(d.words.Colon, " ") + "\n" + text + "\n")
		}
	}
	block(d.words.WhatToDo, d.advice())
	block(d.words.Details, d.mailStory())
	b.WriteString("\n")
	for _, row := range d.rows() {
		b.WriteString(row.Label + d.words.Colon + strings.ReplaceAll(row.Value, "\n", " ") + "\n")
	}
	if world != "" {
		b.WriteString("\n" + world)
	}
	return strings.TrimRight(b.String(), "\n")
}

// banner is the style of the title: grave warnings in strong colours. The severity also stands in words below.
func (d *draft) banner() template.CSS {
	switch {
	case d.over():
		return "background-color:#1b5e20;color:#ffffff"
	case d.severity == cap.Extreme:
		return "background-color:#8b0000;color:#ffffff"
	case d.severity == cap.Severe:
		return "background-color:#a33b00;color:#ffffff"
	case d.severity == cap.Minor:
		return "background-color:#0d47a1;color:#ffffff"
	}
	return "background-color:#ffd54f;color:#000000"
}

func (w *Writer) mailHTML(d *draft, subject string) (string, error) {
	page := mailPage{
		Lang: d.lang, Dir: d.dir(), Subject: subject, World: d.words.world(d.world), WorldNote: d.worldNote(),
		Opening: d.kindOpening(), Title: d.mailTitle(), WhatToDo: d.words.WhatToDo, Details: d.words.Details,
		Instruction: paragraphs(d.advice()), Story: paragraphs(d.mailStory()), Banner: d.banner(), Rows: d.rows(),
	}
	var b strings.Builder
	b.Grow(4096 + len(d.description) + len(d.instruction))
	if err := w.mail.Execute(&b, &page); err != nil {
		return "", fmt.Errorf("write the mail's HTML: %w", err)
	}
	return b.String(), nil
}

func paragraphs(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}
