package template

import (
	"strings"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
	"tocsin/cap/event"
)

// Template is a file that was read and checked. It never changes: fill it from as many goroutines as you like.
type Template struct {
	ID      string `json:"id"`
	Version int    `json:"version"`
	// About says in a line when to take this template, in its first language or in all; AboutIn, in each language where the file does.
	About   string            `json:"about,omitempty"`
	AboutIn map[string]string `json:"about_in,omitempty"`
	// Hazard is the class of danger, and EventCodes what lists of event codes call it.
	Hazard     event.Hazard `json:"hazard"`
	EventCodes []cap.Value  `json:"event_codes,omitempty"`
	// Statuses are those that an alert of this template may have.
	Statuses      []cap.Status       `json:"statuses"`
	Categories    []cap.Category     `json:"categories"`
	ResponseTypes []cap.ResponseType `json:"response_types"`
	Urgency       cap.Urgency        `json:"urgency"`
	Severity      cap.Severity       `json:"severity"`
	Certainty     cap.Certainty      `json:"certainty"`
	// Channels are the only ones to use; empty means all.
	Channels []alerting.Channel `json:"channels,omitempty"`
	Siren    Siren              `json:"siren,omitzero"`
	// Validity is how long an alert of it holds.
	Validity Validity `json:"validity"`
	// Onset and Expires are the time slots that say when the danger begins, and when the warning ends; both may be empty.
	Onset   string `json:"onset,omitempty"`
	Expires string `json:"expires,omitempty"`
	// Note is the CAP note of what is not Actual.
	Note  string `json:"note,omitempty"`
	Slots []Slot `json:"slots"`
	// Digest is the SHA-256 of the file, in hexadecimal digits.
	Digest string `json:"sha256"`
	// Texts are the warning, a language each. Update, AllClear and Cancel are what to say later: when the danger changes, when it
	// is over, and when there was none; each has all languages, or none.
	Texts    []Text  `json:"texts"`
	Update   []Later `json:"update,omitempty"`
	AllClear []Later `json:"all_clear,omitempty"`
	Cancel   []Later `json:"cancel,omitempty"`
}

// Siren is what a template asks of sirens.
type Siren struct {
	// Programme is what they are to sound. Hazard and severity decide what they do sound (package wording), so this is a
	// promise that `tocsin template check` compares with it; empty promises nothing.
	Programme string `json:"programme,omitempty"`
	// Groups are the only siren groups to sound; empty means all that the area holds.
	Groups []string `json:"groups,omitempty"`
}

// Text is the warning in one language. The patterns hold slots; event, senderName and web do not.
type Text struct {
	Language    string  `json:"language"`
	Event       string  `json:"event"`
	Headline    Pattern `json:"headline"`
	Description Pattern `json:"description"`
	Instruction Pattern `json:"instruction"`
	AreaDesc    Pattern `json:"areaDesc"`
	Contact     Pattern `json:"contact,omitzero"`
	SenderName  string  `json:"senderName,omitempty"`
	Web         string  `json:"web,omitempty"`
}

// patterns are the texts that may hold slots, by their keys.
func (x *Text) patterns() []keyed {
	return []keyed{{"headline", x.Headline}, {"description", x.Description}, {"instruction", x.Instruction},
		{"areaDesc", x.AreaDesc}, {"contact", x.Contact}}
}

// keyed is a pattern and the key that it stands at.
type keyed struct {
	key string
	Pattern
}

// Later is what is said in one language when the danger changes, is over, or never was.
type Later struct {
	Language    string  `json:"language"`
	Headline    Pattern `json:"headline"`
	Description Pattern `json:"description"`
	Instruction Pattern `json:"instruction"`
}

// Languages are the tags of the languages, in the order of the file.
func (t *Template) Languages() []string {
	out := make([]string, len(t.Texts))
	for i := range t.Texts {
		out[i] = t.Texts[i].Language
	}
	return out
}

// slot is the slot of a name; nil when there is none.
func (t *Template) slot(name string) *Slot {
	for i := range t.Slots {
		if t.Slots[i].Name == name {
			return &t.Slots[i]
		}
	}
	return nil
}

// Validity is how long a warning holds.
type Validity time.Duration

// Duration is the validity in the words of package time.
func (v Validity) Duration() time.Duration { return time.Duration(v) }

// String is the validity without what is zero: 6h, 1h30m.
func (v Validity) String() string {
	text := time.Duration(v).String()
	text = strings.TrimSuffix(text, "0s")
	if cut, found := strings.CutSuffix(text, "h0m"); found {
		return cut + "h"
	}
	return text
}

// MarshalText is String.
func (v Validity) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// Statuses are those that an alert for the public may have.
func Statuses() []cap.Status {
	return []cap.Status{cap.StatusActual, cap.StatusExercise, cap.StatusTest}
}
