package wording

import (
	"strings"
	"unicode/utf8"
)

// smsPlan is an SMS and what had to give way in it.
type smsPlan struct {
	text string
	// head is hazard, place and action, as the text begins.
	head     string
	parts    int
	encoding Encoding
	limit    int
	// placeShort, eventShort: the first part names them shortened; in full they follow, if there is room.
	placeShort, eventShort bool
	// senderDropped, linkDropped: left out for the sake of the instruction.
	senderDropped, linkDropped bool
	// instructionCut: not even MaxSMSParts held it.
	instructionCut bool
	// kept of told characters of the description are in the text.
	kept, told int
}

// minStory is the least number of septets or UTF-16 units of a description worth sending.
const minStory, minStoryWide = 24, 8

// sms words the SMS: opening, event, place and action in the first part, then end and sender, the rest of the
// instruction, the description, the link, and the world's word once more.
func (w *Writer) sms(d *draft) smsPlan {
	s := &smsText{draft: d, head: d.fullHead(), until: d.until(), rest: d.rest, link: d.link}
	story := d.story()
	whole := s.join(story, s.link)
	if parts, encoding := measure(whole); parts == 1 {
		return smsPlan{text: airText(whole), head: s.head, parts: 1, encoding: encoding, limit: w.smsParts,
			kept: utf8.RuneCountInString(story), told: utf8.RuneCountInString(story)}
	}
	_, encoding := measure(s.join("", s.link))
	plan := d.fitSMS(w.smsParts, encoding)
	if plan.encoding == UCS2 && encoding == GSM7 {
		plan = d.fitSMS(w.smsParts, UCS2) // The description changed the encoding, so the first part holds less.
	}
	return plan
}

// smsText joins the pieces of one SMS.
type smsText struct {
	*draft
	head, until, rest, link string
}

func (s *smsText) join(story, link string) string {
	var b strings.Builder
	b.Grow(len(s.head) + len(s.until) + len(s.rest) + len(story) + len(link) + 32)
	b.WriteString(s.head)
	end := s.head
	for _, piece := range [...]string{s.until, s.rest, story} {
		if piece == "" {
			continue
		}
		if !endsSentence(end) {
			b.WriteString(s.words.Stop)
		}
		b.WriteString(gap(end, piece))
		b.WriteString(piece)
		end = piece
	}
	if link != "" {
		if !endsSentence(end) {
			b.WriteString(s.words.Stop)
		}
		b.WriteByte(' ')
		b.WriteString(link)
	}
	b.WriteString(s.closing())
	return b.String()
}

// gap is what parts two sentences: nothing between wide characters, a line break before and behind a list, else a blank.
func gap(before, after string) string {
	switch {
	case strings.HasPrefix(after, "- "), strings.HasPrefix(before[strings.LastIndexByte(before, '\n')+1:], "- "):
		return "\n"
	case isWide(lastRune(before)) && (isWide(firstRune(after)) || isWide(lastRune(after))):
		return ""
	}
	return " "
}

func (s *smsText) parts(story, link string) int {
	n, _ := measure(s.join(story, link))
	return n
}

// fitSMS words a message that needs more than one part, whose first part is written for an encoding.
func (d *draft) fitSMS(limit int, encoding Encoding) smsPlan {
	plan := smsPlan{limit: limit}
	s := &smsText{draft: d, until: d.until(), rest: d.rest, link: d.link}
	s.head, plan.eventShort, plan.placeShort = d.head(encoding)
	if d.sender != "" && s.parts("", "") > limit {
		anonymous := *d
		anonymous.sender = ""
		s.until = anonymous.until()
		plan.senderDropped = true
	}
	s.holdInstruction(&plan)
	if s.link != "" && s.parts("", s.link) > plan.limit {
		s.link = ""
		plan.linkDropped = true
	}
	story := s.tail(plan.eventShort, plan.placeShort)
	if plan.instructionCut {
		story = ""
	}
	kept := s.fitStory(story, plan.limit)
	d.countStory(&plan, story, kept)
	plan.head, plan.text = s.head, airText(s.join(kept, s.link))
	plan.parts, plan.encoding = Segments(plan.text)
	return plan
}

// holdInstruction raises the limit until the whole instruction has room, and cuts it only at MaxSMSParts.
func (s *smsText) holdInstruction(plan *smsPlan) {
	if plan.limit = max(plan.limit, s.parts("", "")); plan.limit <= MaxSMSParts {
		return
	}
	plan.limit = MaxSMSParts
	plan.instructionCut = true
	rest := clip(s.rest, MaxSMSParts*gsmSingle+1)
	fits := func(cut string) bool {
		s.rest = strings.TrimSpace(cut + " …")
		return s.parts("", s.link) <= MaxSMSParts
	}
	var best string
	if rest != "" && fits("") {
		if best = cutSentences(rest, fits); best == "" {
			best = strings.TrimSuffix(cutWords(rest, fits), "…")
		}
		s.rest = strings.TrimSpace(best + " …")
		return
	}
	// The first sentence alone is too long: it is cut at a word.
	s.rest = ""
	head := clip(s.head, MaxSMSParts*gsmSingle+1)
	s.head = cutWords(head, func(cut string) bool {
		s.head = cut
		return s.parts("", s.link) <= MaxSMSParts
	})
}

// tail is all that may be cut: first what the first part had to shorten, then the description.
func (s *smsText) tail(event, place bool) string {
	var pieces []string
	if event {
		pieces = append(pieces, s.event+s.words.Stop)
	}
	if place {
		pieces = append(pieces, s.words.Area+s.words.Colon+s.place+s.words.Stop)
	}
	if story := s.story(); story != "" {
		pieces = append(pieces, story)
	}
	return strings.Join(pieces, "\n")
}

// fitStory cuts the tail to the limit: at a sentence's end, or within the first sentence at a word's end.
func (s *smsText) fitStory(story string, limit int) string {
	fits := func(cut string) bool { return s.parts(cut, s.link) <= limit }
	if story == "" || fits(story) {
		return story
	}
	clipped := clip(story, limit*gsmSingle+1)
	if cut := cutSentences(clipped, fits); cut != "" {
		return cut
	}
	cut := cutWords(clipped, fits)
	least := minStory
	if isWide(firstRune(cut)) {
		least = minStoryWide
	}
	if utf8.RuneCountInString(cut) < least {
		return ""
	}
	return cut
}

// countStory notes how much of the description is left.
func (d *draft) countStory(plan *smsPlan, tail, kept string) {
	story := d.story()
	plan.told = utf8.RuneCountInString(story)
	if tail == kept && tail != "" {
		plan.kept = plan.told
		return
	}
	before := utf8.RuneCountInString(tail) - plan.told
	plan.kept = max(0, utf8.RuneCountInString(strings.TrimSuffix(kept, "…"))-before)
}

// clip bounds a text that cannot fit anyway to a number of characters, so that the search for the cut stays short.
func clip(s string, runes int) string {
	if len(s) <= runes {
		return s
	}
	n := 0
	for i := range s {
		if n == runes {
			return s[:i]
		}
		n++
	}
	return s
}

// dash parts event and place.
const dash = " - "

func (d *draft) fullHead() string { return d.headOf(d.event, d.place) }

func (d *draft) headOf(event, place string) string {
	var b strings.Builder
	b.WriteString(d.opening())
	b.WriteString(event)
	if place != "" {
		b.WriteString(dash)
		b.WriteString(place)
	}
	if d.action != "" {
		b.WriteString(d.words.Colon)
		b.WriteString(d.action)
	}
	return b.String()
}

// head names event, place and action within one part. A long place is shortened to make room for the action, and an
// event that leaves no room for either is shortened too. An action that fits beside no place at all runs on into the
// next part; the place then keeps a third.
func (d *draft) head(e Encoding) (head string, eventShort, placeShort bool) {
	capacity := partCapacity(e)
	event, place := d.event, d.place
	head = d.headOf(event, place)
	if units(head, e) <= capacity {
		return head, false, false
	}
	if units(d.opening()+event, e) > capacity*2/3 {
		room := max(capacity/2-units(d.opening(), e), capacity/4)
		event, eventShort = shorten(event, room, e), true
	}
	if place != "" {
		room := capacity - units(d.headOf(event, " "), e) + 1
		if d.cancel { // Which warning ended says more than the sentence that it did.
			room += units(d.action, e)
		}
		if room < capacity/8 {
			room = capacity / 3
		}
		if units(place, e) > room {
			place, placeShort = shorten(place, room, e), true
		}
	}
	return d.headOf(event, place), eventShort, placeShort
}

// shorten cuts a list of places behind an item, other text behind a word, with an ellipsis.
func shorten(s string, room int, e Encoding) string {
	fits := func(cut string) bool { return units(cut, e) <= room }
	if fits(s) {
		return s
	}
	s = clip(s, room+1)
	best := ""
	for i, r := range s {
		switch r {
		case ';', ',', '、', '，', '；', '،', '؛':
			if cut := strings.TrimSpace(s[:i]) + "…"; fits(cut) {
				best = cut
			}
		}
	}
	if units(best, e) >= room/2 {
		return best
	}
	return cutWords(s, fits)
}
