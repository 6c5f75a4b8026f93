package wording

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxMarks is how many combining marks may stand on one letter; no living script needs more, and piled-up marks would
// hide the lines around them.
const maxMarks = 8

// cleanLine is a text as one line: like cleanText, with every line break a blank.
func cleanLine(s string) string {
	s = cleanText(s)
	if strings.IndexByte(s, '\n') < 0 {
		return s
	}
	return strings.ReplaceAll(s, "\n", " ")
}

// cleanText makes a document's text safe and even: valid UTF-8 in NFC, no control characters, no bidirectional
// overrides or isolates, no invisible characters except joiners inside words and emoji that need them, blanks
// collapsed. Lines that were only wrapped are joined again; the breaks that mean something are single "\n". A bullet at
// the beginning of a line becomes "- ".
func cleanText(s string) string {
	if plainASCII(s) {
		return s
	}
	s = norm.NFC.String(visible(strings.ToValidUTF8(s, "")))
	if strings.IndexByte(s, '\n') < 0 {
		return collapse(s)
	}
	return norm.NFC.String(unwrap(s)) // A joined line may begin with a mark.
}

// plainASCII reports whether a text is ASCII on one line with single blanks, as most short fields are.
func plainASCII(s string) bool {
	blank := true
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c >= 0x7F || c == ' ' && blank {
			return false
		}
		blank = c == ' '
	}
	return s == "" || !blank
}

// visible drops what cannot be seen and what could make a text read other than it is written, and makes every kind of
// line break a "\n".
func visible(s string) string {
	rtl := hasRTL(s)
	var b strings.Builder
	b.Grow(len(s))
	var prev rune
	marks := 0
	for i, r := range s {
		if r >= ' ' && r < 0x7F || isWide(r) && !isMark(r) {
			b.WriteRune(r)
			prev, marks = r, 0
			continue
		}
		next, _ := utf8.DecodeRuneInString(s[i+utf8.RuneLen(r):])
		if r = evenBreak(r, next); !keeps(prev, r, next, rtl) {
			continue
		}
		if r >= 0x300 && isMark(r) {
			if marks++; marks > maxMarks {
				continue
			}
		} else {
			marks = 0
		}
		b.WriteRune(r)
		prev = r
	}
	return b.String()
}

// evenBreak turns what ends a line into "\n", a tab into a blank, and the first half of CR LF into NUL, which is dropped.
func evenBreak(r, next rune) rune {
	switch r {
	case '\r':
		if next == '\n' {
			return 0
		}
		return '\n'
	case '\v', '\f', 0x85, 0x2028, 0x2029:
		return '\n'
	case '\t':
		return ' '
	}
	return r
}

func isMark(r rune) bool { return unicode.In(r, unicode.Mn, unicode.Me) }

// keeps decides on one character between its neighbours.
func keeps(prev, r, next rune, rtl bool) bool {
	switch {
	case r == '\n' || r == ' ':
		return true
	case r < 0x20 || r >= 0x7F && r < 0xA0:
		return false
	case r < 0xAD:
		return true
	case r == 0x200C || r == 0x200D: // Joiners shape words of some scripts, and emoji.
		return needsJoiner(prev) && needsJoiner(next)
	case r == 0x200E || r == 0x200F || r == 0x061C: // Marks order numbers and names inside right-to-left text.
		return rtl
	case r == 0xFE0E || r == 0xFE0F: // Emoji or text form of the character before.
		return isPictograph(prev) || prev == '#' || prev == '*' || prev >= '0' && prev <= '9'
	case r >= 0xFE00 && r <= 0xFE0D || r >= 0xE0100 && r <= 0xE01EF: // Forms of ideographs and mathematical signs.
		return unicode.In(prev, unicode.Han, unicode.Sm)
	case r >= 0xE0020 && r <= 0xE007F: // Regional flags are spelt in tags behind a black flag.
		return prev == 0x1F3F4 || prev >= 0xE0020 && prev <= 0xE007F
	case r >= 0x600 && r <= 0x605 || r == 0x6DD || r == 0x70F || r == 0x8E2 || r == 0x110BD: // Arabic number signs.
		return true
	case r == 0x34F || r == 0x115F || r == 0x1160 || r == 0x3164 || r == 0xFFA0 || r == 0x2800: // Blanks in disguise.
		return false
	case r < 0x2000:
		return r != 0xAD && r != 0x180E && r != 0x180B && r != 0x180C && r != 0x180D && r != 0x180F
	case r&0xFFFE == 0xFFFE || r >= 0xFDD0 && r <= 0xFDEF: // Noncharacters.
		return false
	}
	return !unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs)
}

func needsJoiner(r rune) bool {
	if isPictograph(r) || r == 0xFE0F || r >= 0x1F3FB && r <= 0x1F3FF {
		return true
	}
	return r >= 0x600 && r < 0x1100 && (unicode.IsLetter(r) || unicode.IsMark(r)) ||
		r >= 0x1700 && r < 0x1900 && (unicode.IsLetter(r) || unicode.IsMark(r))
}

// hasRTL reports whether a text holds characters of the blocks that are written from right to left.
func hasRTL(s string) bool {
	for _, r := range s {
		if r >= 0x590 && r <= 0x8FF || r >= 0xFB1D && r <= 0xFDFF || r >= 0xFE70 && r <= 0xFEFC ||
			r >= 0x10800 && r <= 0x10FFF || r >= 0x1E800 && r <= 0x1EFFF {
			return true
		}
	}
	return false
}

// collapse makes one plain blank of every run of blanks and trims the ends. A lone no-break space stays: it belongs to
// the spelling of some languages.
func collapse(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	run, only := 0, rune(0)
	for _, r := range s {
		if r == ' ' || r >= 0xA0 && r <= 0x3000 && unicode.Is(unicode.Zs, r) {
			run++
			only = r
			continue
		}
		if run > 0 && b.Len() > 0 {
			if run == 1 && (only == 0xA0 || only == 0x202F) {
				b.WriteRune(only)
			} else {
				b.WriteByte(' ')
			}
		}
		run = 0
		b.WriteRune(r)
	}
	return b.String()
}

// unwrap joins lines that were broken only because the line was full, as teleprinter texts are: the next line's first
// word would not have fitted into the widest line. An empty line, a list and a short line keep their break.
func unwrap(s string) string {
	lines := strings.Split(s, "\n")
	width := 0
	for i := range lines {
		lines[i] = collapse(lines[i])
		width = max(width, utf8.RuneCountInString(lines[i]))
	}
	var b strings.Builder
	b.Grow(len(s))
	last, gap := "", true
	for _, line := range lines {
		if line == "" {
			gap = true
			continue
		}
		item, bullet := bulletOf(line)
		switch {
		case b.Len() == 0:
		case gap || bullet || !wrapped(last, line, width):
			b.WriteByte('\n')
		case !isWide(lastRune(last)) || !isWide(firstRune(line)):
			b.WriteByte(' ')
		}
		b.WriteString(item)
		last, gap = line, false
	}
	return b.String()
}

// minWrap is the least width of a text that was wrapped by machine.
const minWrap = 40

func wrapped(line, next string, width int) bool {
	if width < minWrap {
		return isWide(lastRune(line)) && width >= minWrap/4 && utf8.RuneCountInString(line) >= width-1 &&
			!endsSentence(line)
	}
	word := next
	if before, _, ok := strings.Cut(next, " "); ok {
		word = before
	}
	room := 1 + utf8.RuneCountInString(word)
	if isWide(firstRune(next)) {
		room = 2
	}
	return utf8.RuneCountInString(line)+room > width
}

// bulletOf gives a list item with an even mark, and whether the line is one.
func bulletOf(line string) (string, bool) {
	r, size := utf8.DecodeRuneInString(line)
	switch r {
	case '•', '‣', '◦', '▪', '●', '■', '·', '–', '—', '*', '-', '・':
		rest := strings.TrimLeft(line[size:], " \u00A0")
		if rest == "" {
			return line, false
		}
		if (r == '-' || r == '*' || r == '–' || r == '—') && rest == line[size:] {
			return line, false // "-5 degrees" is no list.
		}
		return "- " + rest, true
	}
	return line, false
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

func lastRune(s string) rune {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r
}

// isWide reports whether a character belongs to a script that is written without blanks and may be broken anywhere:
// Chinese, Japanese, and their punctuation.
func isWide(r rune) bool {
	return r >= 0x2E80 && r <= 0x312F || r >= 0x31A0 && r <= 0x9FFF || r >= 0xF900 && r <= 0xFAFF ||
		r >= 0xFE30 && r <= 0xFE4F || r >= 0xFF01 && r <= 0xFF65 || r >= 0x20000 && r <= 0x3FFFF && r&0xFFFE != 0xFFFE
}
