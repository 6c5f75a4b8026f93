package cap

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// This file is for the tolerant door: it turns documents of other encodings into UTF-8.

// decodeUTF16 turns UTF-16 with a byte order mark into UTF-8. It refuses UTF-32, a byte too much, and halves of
// surrogate pairs.
func decodeUTF16(data []byte) (text []byte, ok bool) {
	var order binary.ByteOrder = binary.BigEndian
	if data[0] == 0xFF {
		order = binary.LittleEndian
	}
	if data = data[2:]; len(data)%2 != 0 {
		return nil, false
	}
	text = make([]byte, 0, len(data)*3/4)
	for ; len(data) > 0; data = data[2:] {
		r := rune(order.Uint16(data))
		if utf16.IsSurrogate(r) {
			if data = data[2:]; len(data) == 0 {
				return nil, false
			}
			if r = utf16.DecodeRune(r, rune(order.Uint16(data))); r == utf8.RuneError {
				return nil, false
			}
		}
		text = utf8.AppendRune(text, r)
	}
	return text, bytes.IndexByte(text, 0) < 0
}

// singleByte is the decoder of a declared encoding; nil when Read does not know it. ISO-8859-1 differs from Windows-1252
// only in control characters that no text holds, and is declared where Windows-1252 is meant.
func singleByte(name string) func(data []byte) (text []byte, ok bool) {
	switch strings.ToLower(name) {
	case "iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "latin-1", "l1", "windows-1252", "cp1252":
		return decodeWindows1252
	case "us-ascii", "ascii":
		return decodeASCII
	}
	return nil
}

// decodeASCII refuses what is no ASCII.
func decodeASCII(data []byte) (text []byte, ok bool) {
	for _, b := range data {
		if b >= utf8.RuneSelf {
			return nil, false
		}
	}
	return data, true
}

// windows1252 has the letters of the bytes 0x80 to 0x9F; five of them have none.
const windows1252 = "€\x00‚ƒ„…†‡ˆ‰Š‹Œ\x00Ž\x00\x00‘’“”•–—˜™š›œ\x00žŸ"

// decodeWindows1252 turns Windows-1252 into UTF-8. It refuses the bytes that stand for nothing, and letters that are
// UTF-8 already: which of the two is meant cannot be known then.
func decodeWindows1252(data []byte) (text []byte, ok bool) {
	if utf8.Valid(data) {
		return decodeASCII(data)
	}
	high := []rune(windows1252)
	text = make([]byte, 0, len(data)+len(data)/8)
	for _, b := range data {
		switch {
		case b < 0x80:
			text = append(text, b)
		case b >= 0xA0:
			text = utf8.AppendRune(text, rune(b))
		case high[b-0x80] == 0:
			return nil, false
		default:
			text = utf8.AppendRune(text, high[b-0x80])
		}
	}
	return text, true
}

// decodeLatin1 turns bytes that are no UTF-8 into UTF-8, where they can only be meant as ISO-8859-1. Doubtful, and so
// refused, are other single-byte and Asian encodings, and text that mixes two: there are then sequences of UTF-8 (also
// forbidden ones), runs of three high bytes and more, bytes from 0x80 to 0x9F (letters in Mac Roman and in the code pages of DOS), or signs in the
// middle of a word (letters in ISO-8859-2).
func decodeLatin1(data []byte) (text []byte, ok bool) {
	run := 0
	for i, b := range data {
		if b < utf8.RuneSelf {
			run = 0
			continue
		}
		if run++; run > 2 || b < 0xA0 {
			return nil, false
		}
		overlong := b < 0xC2 && b >= 0xC0 && i+1 < len(data) && data[i+1] >= 0x80 && data[i+1] < 0xC0
		if _, size := utf8.DecodeRune(data[i:]); size > 1 || overlong {
			return nil, false
		}
		inside := i > 0 && i+1 < len(data) && latin1Letter(data[i-1]) && (latin1Letter(data[i+1]) || latin1Sign(data[i+1]))
		if inside && latin1Sign(b) {
			return nil, false
		}
	}
	return decodeWindows1252(data)
}

// latin1Sign reports whether a high byte is a sign that no word holds inside. A soft hyphen and a middle dot may stand in
// one, ª and º are letters.
func latin1Sign(b byte) bool {
	return b >= 0xA0 && b < 0xC0 && b != 0xAA && b != 0xAD && b != 0xB7 && b != 0xBA || b == 0xD7 || b == 0xF7
}

func latin1Letter(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= 0xC0 && !latin1Sign(b)
}
