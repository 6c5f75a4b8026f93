package alerting

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"
)

// MaxOrigin bounds an Origin, in bytes of JSON.
const MaxOrigin = 64 << 10

// Origin is the template that an alert came from, with what its follow-ups need. It is a memory of the desk: it is no part of
// the document, is not on the stream, and nobody is told anything by it before somebody updates or ends the alert.
type Origin struct {
	// Template and Version name the template; Digest is the SHA-256 of its file, in hexadecimal digits.
	Template string `json:"template"`
	Version  int    `json:"version"`
	Digest   string `json:"sha256"`
	// Values are what stood in the slots, by their names; the area stands in the document. Ends is the slot that says when the
	// alert ends; empty when none does.
	Values map[string]any `json:"values"`
	Ends   string         `json:"ends,omitempty"`
	// AllClear and Cancel are what to say when the danger is over, and when there was none; empty when the template had no such
	// texts. They were filled when the alert was issued.
	AllClear []Words `json:"all_clear,omitempty"`
	Cancel   []Words `json:"cancel,omitempty"`
	// Asked tells apart the requests that made an update; empty for an alert.
	Asked string `json:"asked,omitempty"`
}

// Words are what a follow-up says in one language.
type Words struct {
	Language    string `json:"language"`
	Headline    string `json:"headline"`
	Description string `json:"description"`
	Instruction string `json:"instruction"`
}

// String is the template with its version.
func (o *Origin) String() string {
	if o == nil {
		return ""
	}
	return fmt.Sprintf("%s, version %d", o.Template, o.Version)
}

// Until is the origin of the same alert with a later end.
func (o *Origin) Until(end time.Time) *Origin {
	if o == nil {
		return nil
	}
	later := *o
	later.Asked = ""
	if o.Ends != "" {
		later.Values = maps.Clone(o.Values)
		later.Values[o.Ends] = end.Format(time.RFC3339)
	}
	return &later
}

// Encode writes an origin as JSON; nil is the empty text. One that is too large is ErrInvalid.
func (o *Origin) Encode() (string, error) {
	if o == nil {
		return "", nil
	}
	text, err := json.Marshal(o)
	if err != nil {
		return "", fmt.Errorf("%w: what the template was filled with: %w", ErrInvalid, err)
	}
	if len(text) > MaxOrigin {
		return "", fmt.Errorf("%w: what the template was filled with has %d bytes, more than %d: shorten the texts of the template", ErrInvalid, len(text), MaxOrigin)
	}
	return string(text), nil
}

// DecodeOrigin reads what Encode wrote.
func DecodeOrigin(text string) (*Origin, error) {
	if text == "" {
		return nil, nil
	}
	o := new(Origin)
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(o); err != nil {
		return nil, fmt.Errorf("read again what a template was filled with: %w", err)
	}
	if o.Values == nil {
		o.Values = map[string]any{}
	}
	return o, nil
}

// WordsIn finds the words of a language; ok is false when there are none.
func WordsIn(all []Words, language string) (w Words, ok bool) {
	for _, w := range all {
		if w.Language == language {
			return w, true
		}
	}
	return Words{}, false
}
