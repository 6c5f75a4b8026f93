package template

import (
	"regexp"
	"slices"
	"strings"
)

// Pattern is a text with slots: {place} stands for the words of the slot place, {{ and }} for the braces themselves.
type Pattern struct {
	source string
	pieces []piece
}

// piece is a text, or the name of a slot.
type piece struct{ text, slot string }

// slotName is how slots are called.
var slotName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

// parsePattern reads a text with slots.
func parsePattern(text string) (Pattern, error) {
	p := Pattern{source: text}
	var plain strings.Builder
	for rest := text; rest != ""; {
		at := strings.IndexAny(rest, "{}")
		if at < 0 {
			plain.WriteString(rest)
			break
		}
		plain.WriteString(rest[:at])
		if strings.HasPrefix(rest[at:], "{{") || strings.HasPrefix(rest[at:], "}}") {
			plain.WriteByte(rest[at])
			rest = rest[at+2:]
			continue
		}
		if rest[at] == '}' {
			return p, amiss("slot.brace", "a } closes nothing: write }} where the brace itself is meant")
		}
		name, after, closed := strings.Cut(rest[at+1:], "}")
		if !closed || !slotName.MatchString(name) {
			return p, amiss("slot.no-slot", "%s is no slot: want {name}, of small letters, digits and _; write {{ where the brace itself is meant", shown("{"+name))
		}
		p.pieces = append(p.pieces, piece{text: plain.String()}, piece{slot: name})
		plain.Reset()
		rest = after
	}
	p.pieces = append(p.pieces, piece{text: plain.String()})
	return p, nil
}

// String is the pattern as it was written.
func (p Pattern) String() string { return p.source }

// MarshalText is the pattern as it was written.
func (p Pattern) MarshalText() ([]byte, error) { return []byte(p.source), nil }

// IsZero reports whether there is no text.
func (p Pattern) IsZero() bool { return p.source == "" }

// Slots are the names of the slots, each once.
func (p Pattern) Slots() []string {
	var out []string
	for _, one := range p.pieces {
		if one.slot != "" && !slices.Contains(out, one.slot) {
			out = append(out, one.slot)
		}
	}
	return out
}

// fill puts words into the slots, in one pass: what stands in the words is never a slot.
func (p Pattern) fill(words func(slot string) string) string {
	var b strings.Builder
	for _, one := range p.pieces {
		if one.slot != "" {
			b.WriteString(words(one.slot))
			continue
		}
		b.WriteString(one.text)
	}
	return b.String()
}
