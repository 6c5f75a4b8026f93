package wording

import (
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// firstSentence parts a clean text after its first sentence; both halves are trimmed. A line break ends a sentence, but
// what only leads to a list ("Do this:") takes the first item with it.
func firstSentence(s string) (first, rest string) {
	end := nextSentence(s, 0)
	first, rest = strings.TrimSpace(s[:end]), strings.TrimSpace(s[end:])
	if last := lastRune(first); (last == ':' || last == '：') && rest != "" {
		rest = strings.TrimPrefix(rest, "- ")
		end = nextSentence(rest, 0)
		first, rest = first+" "+strings.TrimSpace(rest[:end]), strings.TrimSpace(rest[end:])
	}
	return first, rest
}

// sentenceEnds lists the offsets behind each sentence of a clean text, the last being its length.
func sentenceEnds(s string) []int {
	var ends []int
	for at := 0; at < len(s); {
		at = nextSentence(s, at)
		ends = append(ends, at)
		for at < len(s) && (s[at] == ' ' || s[at] == '\n') {
			at++
		}
	}
	return ends
}

// nextSentence is the offset behind the sentence that begins at from.
func nextSentence(s string, from int) int {
	for i := from; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\n':
			if strings.TrimSpace(s[from:i]) != "" {
				return i
			}
		case isFullStop(r):
			end := i + size
			for end < len(s) {
				c, n := utf8.DecodeRuneInString(s[end:])
				if !isFullStop(c) && !isCloser(c) {
					break
				}
				end += n
			}
			if endsAt(s, from, i, end) {
				return end
			}
			i = end
			continue
		}
		i += size
	}
	return len(s)
}

func isFullStop(r rune) bool {
	switch r {
	case '.', '!', '?', '。', '！', '？', '．', '｡', '।', '॥', '۔', '؟', '…':
		return true
	}
	return false
}

func isCloser(r rune) bool {
	switch r {
	case '"', '\'', ')', ']', '”', '’', '»', '」', '』', '）', '】', '》':
		return true
	}
	return false
}

// endsAt reports whether the stop at i, with all that clings to it up to end, ends the sentence that began at from.
func endsAt(s string, from, i, end int) bool {
	stop, _ := utf8.DecodeRuneInString(s[i:])
	if end == len(s) || isWide(stop) || stop == '।' || stop == '॥' || stop == '۔' {
		return true
	}
	after := firstRune(s[end:])
	if !unicode.IsSpace(after) {
		return false // 10.30, example.org, "HEAVY RAIN...FLOODING"
	}
	if stop != '.' {
		return true
	}
	next := firstRune(strings.TrimLeft(s[end:], " \u00A0\u202F\n\"'([“‘«"))
	if unicode.IsLower(next) && after != '\n' {
		return false
	}
	if strings.HasPrefix(s[i:end], "..") {
		return true
	}
	return !isAbbreviation(s[from:i], next)
}

// isAbbreviation looks at the word before a full stop and the first letter behind it: "1.", "U.S.", "St. Mary" and the
// like do not end a sentence. An abbreviation that it misses makes the first sentence shorter, and loses nothing.
func isAbbreviation(before string, next rune) bool {
	word := before
	if i := strings.LastIndexFunc(before, func(r rune) bool { return unicode.IsSpace(r) || r == '(' }); i >= 0 {
		_, size := utf8.DecodeRuneInString(before[i:])
		word = before[i+size:]
	}
	switch {
	case word == "":
		return true
	case strings.Trim(word, "0123456789") == "":
		return len(word) == len(before) // At the beginning it numbers an item, at the end it is a quantity.
	case strings.ContainsRune(word, '.'):
		return len(word) <= 5 && !strings.ContainsAny(word, "0123456789")
	case utf8.RuneCountInString(word) == 1:
		return unicode.IsUpper(firstRune(word))
	}
	switch strings.ToLower(word) {
	case "no", "nr", "núm", "nº", "num", "п", "д":
		return unicode.IsDigit(next)
	case "st", "mt", "ft", "mr", "mrs", "ms", "dr", "approx", "dpto", "sr", "sra", "bzw", "ca", "ул", "тел":
		return true
	}
	return false
}

// endsSentence reports whether a text already ends with a mark of its own.
func endsSentence(s string) bool {
	for s != "" {
		r, size := utf8.DecodeLastRuneInString(s)
		if isFullStop(r) || r == ':' || r == ';' || r == '：' || r == '；' {
			return true
		}
		if !isCloser(r) {
			return false
		}
		s = s[:len(s)-size]
	}
	return false
}

// cutSentences is the longest run of whole sentences that fits; empty when not even the first does. fits must not become
// true again for a longer text.
func cutSentences(s string, fits func(string) bool) string {
	ends := sentenceEnds(s)
	n := sort.Search(len(ends), func(i int) bool { return !fits(s[:ends[i]]) })
	if n == 0 {
		return ""
	}
	return s[:ends[n-1]]
}

// cutWords is the longest beginning that fits, ended with an ellipsis at a word's end; in scripts without blanks, and
// when a single word is too long, at a character's end. Empty when nothing fits.
func cutWords(s string, fits func(string) bool) string {
	if fits(s) {
		return s
	}
	for _, anywhere := range []bool{false, true} {
		ends := wordEnds(s, anywhere)
		n := sort.Search(len(ends), func(i int) bool { return !fits(s[:ends[i]] + "…") })
		if n > 0 {
			return s[:ends[n-1]] + "…"
		}
	}
	return ""
}

// wordEnds lists the offsets at which a text may be cut, without the blanks and marks that would dangle there.
func wordEnds(s string, anywhere bool) []int {
	var ends []int
	end := 0 // behind the last character that may stand at an end
	for i := 0; i < len(s); {
		size := clusterLength(s[i:])
		r := firstRune(s[i:])
		blank := r == ' ' || r == '\n' || r == 0xA0 || r == 0x202F
		if end > 0 && (blank || anywhere || isWide(r) || isWide(lastRune(s[:end]))) &&
			(len(ends) == 0 || ends[len(ends)-1] != end) {
			ends = append(ends, end)
		}
		i += size
		if !blank && !dangles(r) {
			end = i
		}
	}
	return ends
}

func dangles(r rune) bool {
	switch r {
	case ',', ';', ':', '-', '–', '—', '(', '[', '/', '"', '“', '„', '«', '‘', '，', '、', '；', '：', '（', '【', '「', '《', '،',
		'؛':
		return true
	}
	return false
}
