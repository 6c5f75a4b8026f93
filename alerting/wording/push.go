package wording

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"tocsin/alerting"
)

// MaxPush is the most bytes of a push payload. RFC 8291 §4 leaves 3,993 bytes of text in a 4,096 byte record; the rest
// is left to what an adapter adds.
const MaxPush = 3072

// maxTitle is the most characters of a notification's title.
const maxTitle = 160

// PushPayload is the body of a push message: what the service worker shows.
type PushPayload struct {
	Title string `json:"title"`
	Body  string `json:"body"`
	// Severity is CAP's own word; empty when the alert states none.
	Severity string `json:"severity"`
	// URL is the alert's public page, or the authority's; may be empty.
	URL string `json:"url"`
	// Tag is equal for notifications that replace each other.
	Tag string `json:"tag"`
	// Lang is the language tag of the texts, Dir their direction: "ltr" or "rtl".
	Lang string `json:"lang"`
	Dir  string `json:"dir"`
	// World is "actual", "exercise" or "test".
	World alerting.World `json:"world"`
}

// push words the payload; the body is cut to MaxPush: the instruction stands first in it.
func (w *Writer) push(d *draft, title string) (string, error) {
	p := PushPayload{Title: title, Severity: string(d.severity), URL: d.link, Tag: d.tag, Lang: d.lang, Dir: d.dir(),
		World: d.world}
	frame, err := encode(p)
	if err != nil {
		return "", err
	}
	p.Body, _ = d.pushBody(MaxPush - len(frame))
	body, err := encode(p)
	if err != nil {
		return "", err
	}
	return string(body), nil
}

// pushBody is the notification's text within a number of bytes of JSON, and whether it is whole.
func (d *draft) pushBody(room int) (string, bool) {
	open, closing := "", d.closing()
	if closing != "" {
		open = d.words.world(d.world) + d.words.Colon
	}
	s := &smsText{draft: d, head: d.action, until: d.until(), link: ""}
	if d.rest != "" {
		s.head = strings.TrimSpace(d.action + gap(d.action, d.rest) + d.rest)
	}
	if s.head == "" {
		s.head, s.until = s.until, ""
	}
	whole := s.join(d.story(), "")
	whole = strings.TrimSpace(strings.TrimSuffix(whole, closing))
	room -= jsonLength(open) + jsonLength(closing)
	fits := func(cut string) bool { return jsonLength(cut) <= room }
	if fits(whole) {
		return open + whole + closing, true
	}
	clipped := clip(whole, room+1)
	cut := cutSentences(clipped, fits)
	if len(cut) < room/2 {
		cut = cutWords(clipped, fits)
	}
	return open + cut + closing, false
}

// title names event and place in at most a number of characters, the place being shortened first.
func (d *draft) title(most int) string {
	return d.titled(d.event, d.place, most)
}

func (d *draft) titled(event, place string, most int) string {
	open, closing := d.opening(), d.closing()
	room := most - utf8.RuneCountInString(open) - utf8.RuneCountInString(closing)
	text := event
	if place != "" {
		text += dash + place
	}
	if utf8.RuneCountInString(text) > room {
		if left := room - utf8.RuneCountInString(event) - len(dash); place != "" && left >= most/8 {
			text = event + dash + shorten(place, left, UCS2)
		} else {
			text = shorten(text, room, UCS2)
		}
	}
	return open + text + closing
}

func (d *draft) dir() string {
	if d.rtl {
		return "rtl"
	}
	return "ltr"
}

// encode writes JSON without the escapes for HTML, which would only cost room.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode payload: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// jsonLength is the length of a clean text inside a JSON string. Clean texts hold no control character but the line
// break.
func jsonLength(s string) int {
	n := len(s)
	for i := range len(s) {
		if c := s[i]; c == '"' || c == '\\' || c == '\n' {
			n++
		}
	}
	return n
}
