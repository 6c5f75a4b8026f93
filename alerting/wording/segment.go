package wording

import (
	"strings"
	"unicode/utf8"
)

// Encoding is how an SMS travels over the air.
type Encoding string

// The encodings, as gateways name them.
const (
	// GSM7 is the default alphabet of 3GPP TS 23.038 §6.2.1 with its extension table (§6.2.1.1).
	GSM7 Encoding = "GSM-7"
	// UCS2 is UTF-16, used as soon as one character is in neither table.
	UCS2 Encoding = "UCS-2"
)

// Capacities of one short message (3GPP TS 23.040 §9.2.3.24.1): 140 octets, of which a concatenated part gives 6 to its
// header.
const (
	gsmSingle, gsmPart = 160, 153
	ucsSingle, ucsPart = 70, 67
)

// Segments counts the parts a text takes as an SMS, and in which encoding: 160 septets or 70 UTF-16 units alone, 153 or
// 67 in each part of several. Characters of the GSM extension table take two septets. Nothing is replaced: one character
// outside the alphabet makes the whole text UCS-2. The parts are those of Split; an empty text takes one.
func Segments(text string) (parts int, encoding Encoding) {
	if septets, ok := gsmLength(text, false); ok {
		if septets <= gsmSingle {
			return 1, GSM7
		}
		return gsmParts(text, false), GSM7
	}
	return ucsParts(text), UCS2
}

// Split cuts a text into the parts that Segments counts. A pair that stands for one character is never parted over two
// messages, neither the escape and its septet nor the two surrogates, and in UCS-2 the same holds for a whole grapheme
// cluster (flag, joined emoji, letter with marks), which is how gateways pack. So a part may stay a little shorter than
// its capacity. Only a cluster longer than a part is cut, between code points.
func Split(text string) []string {
	var parts []string
	if septets, ok := gsmLength(text, false); ok {
		if septets <= gsmSingle {
			return []string{text}
		}
		packGSM(text, false, func(from, to int) { parts = append(parts, text[from:to]) })
		return parts
	}
	if utf16Length(text) <= ucsSingle {
		return []string{text}
	}
	packUCS(text, func(from, to int) { parts = append(parts, text[from:to]) })
	return parts
}

// measure counts like Segments, but of the text that airText would send.
func measure(text string) (parts int, encoding Encoding) {
	septets, ok := gsmLength(text, true)
	if !ok {
		return ucsParts(text), UCS2
	}
	if septets <= gsmSingle {
		return 1, GSM7
	}
	return gsmParts(text, true), GSM7
}

// airText is the text as it is sent: typographic quotes, dashes, the ellipsis and fixed-width blanks are replaced by
// their plain forms, but only when this makes the whole text GSM-7. Otherwise nothing is changed, since it would gain
// nothing.
func airText(text string) string {
	if _, plain := gsmLength(text, false); plain {
		return text
	}
	if _, ok := gsmLength(text, true); !ok {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	for _, r := range text {
		if p := plainForm(r); p != "" {
			b.WriteString(p)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// units is the length of a text in septets or UTF-16 units, counting plain forms when the encoding is GSM-7.
func units(text string, e Encoding) int {
	if e == GSM7 {
		if n, ok := gsmLength(text, true); ok {
			return n
		}
	}
	return utf16Length(text)
}

// partCapacity is what one part of several holds.
func partCapacity(e Encoding) int {
	if e == GSM7 {
		return gsmPart
	}
	return ucsPart
}

// gsmLength counts septets; ok is false when a character has no place in GSM-7. With fold, characters that have a plain
// form count as that.
func gsmLength(text string, fold bool) (septets int, ok bool) {
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			n := int(gsmASCII[c] - '0')
			if n == 0 {
				return 0, false
			}
			septets += n
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		n := gsmRune(r, fold)
		if n == 0 {
			return 0, false
		}
		septets += n
		i += size
	}
	return septets, true
}

// gsmParts counts the parts of a text that is known to be GSM-7 and longer than one message.
func gsmParts(text string, fold bool) int {
	n := 0
	packGSM(text, fold, func(int, int) { n++ })
	return n
}

func packGSM(text string, fold bool, part func(from, to int)) {
	from, used := 0, 0
	for i, r := range text {
		n := gsmRune(r, fold)
		used += n
		if used > gsmPart {
			part(from, i)
			from = i
			if n == 3 { // Three full stops for an ellipsis may lie on both sides of the border.
				used -= gsmPart
			} else {
				used = n
			}
		}
	}
	part(from, len(text))
}

// ucsParts counts the parts of a text in UCS-2.
func ucsParts(text string) int {
	if utf16Length(text) <= ucsSingle {
		return 1
	}
	n := 0
	packUCS(text, func(int, int) { n++ })
	return n
}

func packUCS(text string, part func(from, to int)) {
	from, used := 0, 0
	for i := 0; i < len(text); {
		size := clusterLength(text[i:])
		n := utf16Length(text[i : i+size])
		if n > ucsPart {
			_, size = utf8.DecodeRuneInString(text[i:])
			n = utf16Length(text[i : i+size])
		}
		if used+n > ucsPart {
			part(from, i)
			from, used = i, 0
		}
		used += n
		i += size
	}
	part(from, len(text))
}

func utf16Length(text string) int {
	n := 0
	for _, r := range text {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}
