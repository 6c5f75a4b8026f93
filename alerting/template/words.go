package template

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"tocsin/alerting"
)

// wordsFault says what forbids a text; empty when nothing does. What would end a line, an element of XML or the direction
// of the text is refused, and so is what nobody sees.
func wordsFault(text string, lines bool) string {
	for i, r := range text {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(text[i:], "\uFFFD"):
			return alerting.Say("words.utf8", "it holds bytes that are not UTF-8: write it anew")
		case r == '\n' && lines:
		case r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029' || r == '\u0085':
			return alerting.Say("words.lines", "it has several lines: write it on one")
		case unicode.IsControl(r):
			return alerting.Say("words.control", "it holds the control character %s: take it out", codePoint(r))
		case r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069':
			return alerting.Say("words.direction", "it holds %s, which changes the direction of the text around it: take it out", codePoint(r))
		case hidden(r):
			return alerting.Say("words.hidden", "it holds the character %s, which nobody sees: take it out", codePoint(r))
		}
	}
	return ""
}

// codePoint is a character as U+200B.
func codePoint(r rune) string { return fmt.Sprintf("%U", r) }

// hidden reports whether a character is none that people read. Joiners and the marks of right-to-left scripts belong to
// the spelling of some languages, and variation selectors to emoji.
func hidden(r rune) bool {
	switch r {
	case '\u200C', '\u200D', '\u200E', '\u200F', '\u061C':
		return false
	case '\u115F', '\u1160', '\u3164', '\uFFA0', '\u2800', '\u034F':
		return true
	}
	return unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs) || r&0xFFFE == 0xFFFE || r >= 0xFDD0 && r <= 0xFDEF
}

// readable reports whether a text holds anything to read.
func readable(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsSymbol(r) })
}

// oneLine checks a text that somebody filled in.
func (s *Slot) oneLine(text string) (string, error) {
	text = strings.TrimSpace(text)
	if !readable(text) {
		return "", alerting.Refuse(nil, "slot.unreadable", "got %s, which holds nothing to read: want %v", shown(text), s.wants())
	}
	if fault := wordsFault(text, false); fault != "" {
		return "", amiss("slot.faulty", "got %s, and %s", shown(text), alerting.Said(fault))
	}
	if n := utf8.RuneCountInString(text); n > s.Length {
		return "", alerting.Refuse(nil, "slot.long", "got %s of %d characters: want %v", shown(text), n, s.wants())
	}
	return text, nil
}

// inWords are the words of a text or a place: one for all languages, or one each.
func (c *filling) inWords(s *Slot, raw any) (map[string]string, error) {
	out := map[string]string{}
	switch raw := raw.(type) {
	case string:
		text, err := c.named(s, raw)
		if err != nil {
			return nil, err
		}
		for _, name := range c.t.Languages() {
			out[name] = text
		}
		return out, nil
	case map[string]any:
		for key := range raw {
			if !slices.Contains(c.t.Languages(), key) {
				return nil, alerting.Refuse(nil, "slot.other-language", "got a text in %s: want one for each of %s", shown(key), listed(c.t.Languages()))
			}
		}
		for _, name := range c.t.Languages() {
			text, ok := raw[name].(string)
			if !ok {
				return nil, alerting.Refuse(nil, "slot.no-language", "got no text in %s: want one for each of %s", name, listed(c.t.Languages()))
			}
			text, err := s.oneLine(text)
			if err != nil {
				return nil, alerting.Refuse(nil, "slot.in-language", "in %s: %v", name, err)
			}
			out[name] = text
		}
		return out, nil
	}
	return nil, alerting.Refuse(nil, "slot.got", "got %s: want %v", shown(raw), s.wants())
}

// unitPrefix begins the code of an administrative unit, as lists of people write it.
const unitPrefix = "code:"

// named is a text itself, or the name of the unit whose code it is.
func (c *filling) named(s *Slot, text string) (string, error) {
	code, found := strings.CutPrefix(strings.TrimSpace(text), unitPrefix)
	if !found || s.Type != TypePlace {
		return s.oneLine(text)
	}
	code = strings.TrimSpace(code)
	if name, value, ok := strings.Cut(code, "="); !ok || name == "" || value == "" {
		return "", alerting.Refuse(nil, "slot.code", "got %s: want code:NAME=VALUE, such as code:SAME=006109", shown(text))
	}
	if c.trial {
		return "Riverside", nil
	}
	if c.units == nil {
		return "", amiss("slot.no-units", "got %s, and the administrative units are known only where the office runs: write the name, or fill it there", shown(text))
	}
	name, err := c.units(code)
	if err != nil {
		return "", fmt.Errorf("got %s: %w", shown(text), err)
	}
	if name == "" {
		return "", alerting.Refuse(nil, "slot.unnamed", "got %s, a unit without a name: write the name", shown(text))
	}
	return s.oneLine(name)
}

// count is "1 slot" or "2 slots".
func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}
