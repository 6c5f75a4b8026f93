package event

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// word is a word by which hazards are recognised.
type word struct {
	text []byte
	// before and after: letters may stand there.
	before, after bool
	hazards       []Hazard
}

// wordList holds words, the longest first.
type wordList struct{ words []word }

func (l *wordList) add(pattern string, hazards []Hazard) {
	w := word{text: []byte(strings.Trim(pattern, "*")), hazards: hazards}
	anywhere := bytes.IndexFunc(w.text, joins) >= 0
	w.before = anywhere || strings.HasPrefix(pattern, "*")
	w.after = anywhere || strings.HasSuffix(pattern, "*")
	l.words = append(l.words, w)
}

// ready sorts the words once all are there.
func (l *wordList) ready() {
	slices.SortStableFunc(l.words, func(a, b word) int { return cmp.Compare(len(b.text), len(a.text)) })
}

// joins reports whether a letter is of a script that does not part words by blanks, or fixes articles and endings to them.
func joins(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Arabic, unicode.Devanagari)
}

// maxText bounds the text that is searched, in bytes: an event is a few words.
const maxText = 1000

// find gives the hazards whose words a text holds. What a longer word covers is not looked at again, so that a storm surge
// is no storm.
func (l *wordList) find(text string) []Hazard {
	rest := []byte(strings.ToLower(text[:min(len(text), maxText)]))
	var found []Hazard
	for i := range l.words {
		w := &l.words[i]
		from := 0
		for {
			at := bytes.Index(rest[from:], w.text)
			if at < 0 {
				break
			}
			at += from
			end := at + len(w.text)
			if w.fits(rest, at, end) {
				found = add(found, w.hazards...)
				for k := at; k < end; k++ {
					rest[k] = 0
				}
			}
			from = end
		}
	}
	return found
}

// fits reports whether the letters around a place allow the word there.
func (w *word) fits(text []byte, at, end int) bool {
	previous, _ := utf8.DecodeLastRune(text[:at])
	next, _ := utf8.DecodeRune(text[end:])
	return (w.before || !letter(previous)) && (w.after || !letter(next))
}

func letter(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r))
}
