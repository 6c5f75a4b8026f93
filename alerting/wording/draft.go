package wording

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"tocsin/alerting"
	"tocsin/cap"
)

// draft is one info ready to be worded: clean texts, the words of its language, and what kind of message it is.
type draft struct {
	words *words
	lang  string
	rtl   bool
	world alerting.World
	// window is that of a public test; nil for all else.
	window *alerting.TestWindow
	// update, cancel and allClear say which fixed words stand in front.
	update, cancel, allClear bool
	// elsewhere: an update says that the original no longer applies to who reads it.
	elsewhere bool

	event, headline, place   string
	action, rest             string // the instruction's first sentence, and what follows
	instruction, description string
	sender, contact, note    string
	link, web                string
	identifier, senderID     string
	tag                      string

	sent, starts, expires time.Time
	severity              cap.Severity
	urgency               cap.Urgency
	// info is nil for a cancel without one.
	info *cap.Info
}

// languageShape is that of RFC 3066 and its successors.
var languageShape = regexp.MustCompile(`^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$`)

// maxLanguage bounds a language tag; RFC 5646 §4.4.1 asks for 35.
const maxLanguage = 35

// languageOf reads an info's language: CAP 1.2 §3.2.2, empty means en-US. What is no tag becomes "und".
func languageOf(s string) (string, language.Tag) {
	s = strings.TrimSpace(s)
	if s == "" {
		s = "en-US"
	}
	if len(s) > maxLanguage || !languageShape.MatchString(s) {
		return "und", language.Und
	}
	return s, language.Make(s)
}

func isRTL(tag language.Tag) bool {
	script, _ := tag.Script()
	switch script.String() {
	case "Arab", "Hebr", "Thaa", "Syrc", "Nkoo", "Adlm", "Rohg", "Samr", "Mand", "Aran":
		return true
	}
	return false
}

// draftOf prepares one info of an alert. info is nil for a cancel without one.
func (w *Writer) draftOf(issued *alerting.Issued, info *cap.Info) *draft {
	a := issued.Alert
	d := &draft{
		world: worldOf(issued), window: issued.Envelope.Window, info: info, tag: rootOf(issued).String(),
		update: a.MsgType == cap.MsgUpdate, cancel: a.MsgType == cap.MsgCancel,
		identifier: cleanLine(a.Identifier), senderID: cleanLine(a.Sender), note: cleanText(a.Note), sent: a.Sent,
		link: w.linkOf(issued.ID, worldOf(issued)),
	}
	if info == nil {
		d.sender = cleanLine(w.sender)
		d.setLanguage(w.lexicon, "en")
		d.event = d.words.Warning
		d.finish()
		return d
	}
	d.setLanguage(w.lexicon, info.Language)
	d.allClear = !d.cancel && slices.Contains(info.ResponseTypes, cap.AllClear)
	d.event, d.headline = cleanLine(info.Event), cleanLine(info.Headline)
	if d.event == "" && d.headline == "" {
		found := w.events.Find(info)
		d.event = found.Name(info.Language)
	}
	d.place = placeOf(info)
	d.instruction, d.description = cleanText(info.Instruction), cleanText(info.Description)
	d.sender, d.contact = cleanLine(info.SenderName), cleanText(info.Contact)
	d.web = cleanLink(info.Web)
	d.severity, d.urgency = info.Severity, info.Urgency
	d.starts, d.expires = info.Onset, info.Expires
	if d.starts.IsZero() {
		d.starts = info.Effective
	}
	if d.sender == "" {
		d.sender = cleanLine(w.sender)
	}
	if d.link == "" {
		d.link = d.web
	}
	d.finish()
	return d
}

func (d *draft) setLanguage(lex *lexicon, lang string) {
	var tag language.Tag
	d.lang, tag = languageOf(lang)
	d.words = lex.find(tag)
	d.rtl = isRTL(tag)
}

// finish fills what other parts stand in for, and finds the action.
func (d *draft) finish() {
	if d.event == "" {
		d.event = d.headline
	}
	if d.event == "" {
		d.event = d.words.Warning
	}
	switch {
	case d.cancel:
		d.action, d.rest = d.words.Ended, d.instruction
	case d.instruction != "":
		d.action, d.rest = firstSentence(d.instruction)
		d.action = strings.TrimPrefix(d.action, "- ")
	case d.info != nil:
		for _, r := range d.info.ResponseTypes {
			if d.action = d.words.response(r); d.action != "" {
				break
			}
		}
	}
	if d.action != "" && !endsSentence(d.action) {
		d.action += d.words.Stop
	}
}

// story is what happened: the description, else the headline when it says more than the event's name.
func (d *draft) story() string {
	if d.description == "" && d.headline != d.event {
		return d.headline
	}
	return d.description
}

// worldOf is the world of an alert that check has passed.
func worldOf(issued *alerting.Issued) alerting.World {
	world, err := alerting.WorldOf(issued.Alert.Status)
	if err != nil {
		return alerting.Test // never sent as real
	}
	return world
}

// placeOf names the info's areas, each once.
func placeOf(info *cap.Info) string {
	if len(info.Areas) == 1 {
		return cleanLine(info.Areas[0].Description)
	}
	var b strings.Builder
	seen := make(map[string]bool, len(info.Areas))
	for i := range info.Areas {
		name := cleanLine(info.Areas[i].Description)
		if name == "" || seen[name] {
			continue
		}
		seen[name] = true
		if b.Len() > 0 {
			if isWide(lastRune(b.String())) && isWide(firstRune(name)) {
				b.WriteString("、")
			} else {
				b.WriteString("; ")
			}
		}
		b.WriteString(name)
	}
	return b.String()
}

// opening is all that stands in front of the event: the world, then what kind of message it is.
func (d *draft) opening() string {
	var b strings.Builder
	for _, word := range []string{d.words.world(d.world), when(d.update, d.words.Update),
		when(d.cancel, d.words.Cancelled), when(d.allClear, d.words.AllClear)} {
		if word != "" {
			b.WriteString(word)
			b.WriteString(d.words.Colon)
		}
	}
	return b.String()
}

// closing is the world's word with a blank in front; empty in the actual world.
func (d *draft) closing() string {
	if word := d.words.world(d.world); word != "" {
		return " " + word
	}
	return ""
}

func when(is bool, s string) string {
	if is {
		return s
	}
	return ""
}

// over is true when the warning has ended with this message, so that no end is to be stated any more.
func (d *draft) over() bool { return d.cancel || d.allClear || d.elsewhere }

// until says when the warning ends and who says so: "Until 18:00, Flood Office.".
func (d *draft) until() string {
	var text string
	if !d.over() && !d.expires.IsZero() {
		text = strings.Replace(d.words.Until, "{time}", clock(d.expires, d.sent), 1)
	}
	if d.elsewhere {
		text = clock(d.sent, d.sent)
	}
	if d.sender != "" {
		switch {
		case text == "":
		case d.words.Stop == "。":
			text += "，"
		default:
			text += ", "
		}
		text += d.sender
	}
	if text != "" && !endsSentence(text) {
		text += d.words.Stop
	}
	return text
}

// clock is a time of day in the zone it was written in, with the date unless that is the day of sent, and marked when
// the zone is UTC itself. Dates are ISO 8601: they read the same in every language.
func clock(t, sent time.Time) string {
	layout := "15:04"
	local := sent.In(t.Location())
	if t.Year() != local.Year() || t.YearDay() != local.YearDay() {
		layout = "2006-01-02 15:04"
	}
	if _, offset := t.Zone(); offset == 0 {
		layout += " UTC"
	}
	return t.Format(layout)
}

// rootOf is the alert that a chain of updates began with, as far as this alert knows: the earliest that it references,
// else the alert itself.
func rootOf(issued *alerting.Issued) alerting.AlertID {
	refs := issued.Alert.References
	if len(refs) == 0 {
		if len(issued.References) > 0 {
			return issued.References[0]
		}
		return issued.ID
	}
	first := refs[0]
	for _, r := range refs[1:] {
		if r.Sent.Before(first.Sent) {
			first = r
		}
	}
	return alerting.IDOfReference(first)
}

// maxLink bounds a link that is sent on: longer ones break in too many programs.
const maxLink = 1024

// cleanLink is an absolute http or https address without user information; anything else becomes empty.
func cleanLink(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > maxLink {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return ""
	}
	s = u.String()
	if cleanLine(s) != s || strings.ContainsRune(s, ' ') {
		return ""
	}
	return s
}

// linkOf is the public page of an alert. The pages of exercises and tests have a folder of their own beside it, such as
// https://warn.example/exercise/alerts, so that nobody takes one for a warning.
func (w *Writer) linkOf(id alerting.AlertID, world alerting.World) string {
	if w.publicURL == "" {
		return ""
	}
	if world != alerting.Actual {
		end := strings.LastIndexByte(w.publicURL, '/')
		if strings.HasSuffix(w.publicURL[:end], "/") {
			end = len(w.publicURL) // a host without a folder
		}
		return w.publicURL[:end] + "/" + string(world) + w.publicURL[end:] + "/" + id.String()
	}
	return w.publicURL + "/" + id.String()
}

// urgencyOf maps severity and urgency to RFC 8030 §5.3: high wakes a phone up at once.
func (d *draft) urgencyOf() string {
	switch {
	case d.elsewhere:
		return "normal"
	case d.over():
		return "high"
	case d.urgency == cap.Past || d.severity == cap.Minor:
		return "low"
	case d.severity.Rank() >= cap.Severe.Rank() && d.urgency != cap.Future:
		return "high"
	}
	return "normal"
}
