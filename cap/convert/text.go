package convert

import (
	_ "embed" // the words of bulletins
	"slices"
	"strings"
	"time"

	"tocsin/cap"
	"tocsin/cap/event"
)

// labelFile has the fixed words of bulletins, one language a column.
//
//go:embed labels.tsv
var labelFile string

// labels are the fixed words of one language.
type labels map[string]string

// labelsIn reads the words of the language that a tag asks for, else the English ones.
func labelsIn(tag string) labels {
	out := labels{}
	column := 0
	for line := range strings.Lines(labelFile) {
		if line[0] == '#' {
			continue
		}
		fields := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if column == 0 {
			column = max(1, slices.Index(fields, event.Language(tag)))
			continue
		}
		out[fields[0]] = fields[column]
	}
	return out
}

// Text gives an alert as bulletins for people to read: one for each info, in the language of the info, parted by a line of
// dashes. The fixed words are in English where that language is not among ours (en, zh, zh-Hant, es, fr, de, ru, ar). What is
// no real warning says so in its first line.
func Text(a *cap.Alert) string {
	if len(a.Infos) == 0 {
		return bulletin(a, &cap.Info{})
	}
	parts := make([]string, len(a.Infos))
	for i := range a.Infos {
		parts[i] = bulletin(a, &a.Infos[i])
	}
	return strings.Join(parts, "\n----------------------------------------\n\n")
}

// page is a bulletin that is being written.
type page struct {
	strings.Builder
	words labels
}

// line writes a label and a text, if there is one.
func (p *page) line(label, text string) {
	if text = clean(text); text != "" {
		p.WriteString(p.words[label] + ": " + text + "\n")
	}
}

func (p *page) time(label string, at time.Time) {
	if !at.IsZero() {
		p.line(label, at.Format("2006-01-02 15:04 -07:00"))
	}
}

// code writes a label and the word for a code value.
func (p *page) code(label, value string) {
	if word := p.words[value]; word != "" {
		value = word
	}
	p.line(label, value)
}

// section writes a heading and a text of several lines, if there is one.
func (p *page) section(label, text string) {
	if text = strings.TrimSpace(tidy(text)); text != "" {
		p.WriteString("\n" + strings.ToUpper(p.words[label]) + "\n" + text + "\n")
	}
}

func bulletin(a *cap.Alert, in *cap.Info) string {
	p := &page{words: labelsIn(in.Language)}
	if mark := p.words[strings.ToLower(string(a.Status))]; mark != "" {
		p.WriteString("*** " + mark + " ***\n")
	}
	p.WriteString(p.title(a, in) + "\n")
	sender := in.SenderName
	if clean(sender) == "" {
		sender = a.Sender
	}
	p.line("sender", sender)
	p.time("issued", a.Sent)
	p.WriteString("\n")
	p.code("severity", string(in.Severity))
	p.code("urgency", string(in.Urgency))
	p.code("certainty", string(in.Certainty))
	p.time("effective", in.Effective)
	p.time("onset", in.Onset)
	p.time("expires", in.Expires)
	var areas []string
	for i := range in.Areas {
		if name := clean(in.Areas[i].Description); name != "" && !slices.Contains(areas, name) {
			areas = append(areas, name)
		}
	}
	p.line("area", strings.Join(areas, "; "))
	p.section("instruction", in.Instruction)
	p.section("description", in.Description)
	p.section("note", a.Note)
	p.WriteString("\n")
	p.line("web", in.Web)
	p.line("contact", in.Contact)
	var refs []string
	for _, r := range a.References {
		refs = append(refs, r.Identifier)
	}
	p.line("references", strings.Join(refs, ", "))
	p.line("identifier", a.Identifier)
	return p.String()
}

// title is the headline, else the event, behind what kind of message it is.
func (p *page) title(a *cap.Alert, in *cap.Info) string {
	title := clean(in.Headline)
	if title == "" {
		title = clean(in.Event)
	}
	kind := p.words[strings.ToLower(string(a.MsgType))]
	switch {
	case kind == "":
		return title
	case title == "":
		return kind
	}
	return kind + ": " + title
}

// clean gives a text on one line.
func clean(text string) string { return strings.Join(strings.Fields(tidy(text)), " ") }

// tidy takes away what would act on a terminal instead of being read.
func tidy(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x7F && r < 0xA0 {
			return -1
		}
		return r
	}, text)
}
