package wording

import (
	"unicode"
	"unicode/utf8"
)

// breakClass is the Grapheme_Cluster_Break property of UAX #29, as far as warnings need it.
type breakClass uint8

const (
	other breakClass = iota
	control
	extend
	joiner
	regional
	prepend
	spacing
	hangulL
	hangulV
	hangulT
	hangulLV
	hangulLVT
	pictograph
)

// clusterLength is the length in bytes of the first extended grapheme cluster of s (UAX #29 §3, rules GB3 to GB13; not
// GB9c, which gateways do not follow when they split a text). It is 0 for the empty string only.
func clusterLength(s string) int {
	if s == "" {
		return 0
	}
	if s[0] < utf8.RuneSelf && (len(s) == 1 || s[1] < utf8.RuneSelf) {
		return 1
	}
	r, at := utf8.DecodeRuneInString(s)
	if after, _ := utf8.DecodeRuneInString(s[at:]); isSimple(r) && (at == len(s) || isSimple(after)) {
		return at
	}
	prev := classOf(r)
	// pictured: a pictograph and its extensions lead up to here; flags: regional indicators in a row.
	pictured, flags := prev == pictograph, 0
	if prev == regional {
		flags = 1
	}
	for at < len(s) {
		r, size := utf8.DecodeRuneInString(s[at:])
		next := classOf(r)
		if !joins(prev, next, pictured, flags) {
			break
		}
		switch next {
		case regional:
			flags++
		case pictograph:
			pictured = true
		case extend, joiner:
		default:
			pictured = false
		}
		prev = next
		at += size
	}
	return at
}

// isSimple covers most of what is written: characters that never join each other.
func isSimple(r rune) bool {
	return r >= 0x20 && r < 0x7F || r >= 0xB0 && r < 0x300 || r >= 0x370 && r < 0x483 || r >= 0x3000 && r < 0x302A ||
		r >= 0x3041 && r < 0x3097 || r >= 0x30A0 && r < 0x3100 || r >= 0x3400 && r < 0xA000 || r >= 0xFF01 && r < 0xFF9E
}

// joins reports whether no border lies between two characters.
func joins(prev, next breakClass, pictured bool, flags int) bool {
	switch {
	case prev == control || next == control: // GB4, GB5
		return false
	case prev == hangulL: // GB6
		if next == hangulL || next == hangulV || next == hangulLV || next == hangulLVT {
			return true
		}
	case prev == hangulLV || prev == hangulV: // GB7
		if next == hangulV || next == hangulT {
			return true
		}
	case prev == hangulLVT || prev == hangulT: // GB8
		if next == hangulT {
			return true
		}
	case prev == prepend: // GB9b
		return true
	case prev == joiner && next == pictograph && pictured: // GB11
		return true
	case prev == regional && next == regional && flags%2 == 1: // GB12, GB13
		return true
	}
	return next == extend || next == joiner || next == spacing // GB9, GB9a
}

func classOf(r rune) breakClass {
	switch {
	case r < 0x300:
		if r < 0x20 || r >= 0x7F && r < 0xA0 || r == 0xAD {
			return control
		}
		if r == 0xA9 || r == 0xAE {
			return pictograph
		}
		return other
	case r >= 0x4E00 && r <= 0x9FFF || r >= 0x3041 && r <= 0x3096:
		return other
	case r >= 0x1100 && r <= 0x11FF || r >= 0xA960 && r <= 0xD7FF:
		if c := hangulClass(r); c != other {
			return c
		}
	case r == 0x200D:
		return joiner
	case r == 0x200C || r == 0xFF9E || r == 0xFF9F || r >= 0xE0020 && r <= 0xE007F || r >= 0x1F3FB && r <= 0x1F3FF:
		return extend
	case r >= 0x1F1E6 && r <= 0x1F1FF:
		return regional
	case r >= 0x600 && r <= 0x605 || r == 0x6DD || r == 0x70F || r == 0x8E2 || r == 0xD4E || r == 0x110BD:
		return prepend
	case isPictograph(r):
		return pictograph
	}
	return markClass(r)
}

func hangulClass(r rune) breakClass {
	switch {
	case r >= 0x1100 && r <= 0x115F || r >= 0xA960 && r <= 0xA97C:
		return hangulL
	case r >= 0x1160 && r <= 0x11A7 || r >= 0xD7B0 && r <= 0xD7C6:
		return hangulV
	case r >= 0x11A8 && r <= 0x11FF || r >= 0xD7CB && r <= 0xD7FB:
		return hangulT
	case r >= 0xAC00 && r <= 0xD7A3:
		if (r-0xAC00)%28 == 0 {
			return hangulLV
		}
		return hangulLVT
	}
	return other
}

func markClass(r rune) breakClass {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Other_Grapheme_Extend):
		return extend
	case unicode.Is(unicode.Mc, r):
		if lonelyMark(r) {
			return other
		}
		return spacing
	case r == 0xE33 || r == 0xEB3:
		return spacing
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp):
		return control
	}
	return other
}

// lonelyMark lists the spacing marks of Myanmar and its neighbours that UAX #29 table 2 leaves out.
func lonelyMark(r rune) bool {
	switch {
	case r == 0x102B, r == 0x102C, r == 0x1038, r >= 0x1062 && r <= 0x1064, r >= 0x1067 && r <= 0x106D, r == 0x1083,
		r >= 0x1087 && r <= 0x108C, r == 0x108F, r >= 0x109A && r <= 0x109C, r == 0x1A61, r == 0x1A63, r == 0x1A64,
		r == 0xAA7B, r == 0xAA7D, r == 0x11720, r == 0x11721:
		return true
	}
	return false
}

// isPictograph covers the blocks that hold Extended_Pictographic characters.
func isPictograph(r rune) bool {
	switch {
	case r == 0x203C, r == 0x2049, r == 0x2122, r == 0x2139, r >= 0x2194 && r <= 0x2199, r == 0x21A9, r == 0x21AA,
		r == 0x231A, r == 0x231B, r == 0x2328, r == 0x23CF, r >= 0x23E9 && r <= 0x23F3, r >= 0x23F8 && r <= 0x23FA,
		r == 0x24C2, r == 0x25AA, r == 0x25AB, r == 0x25B6, r == 0x25C0, r >= 0x25FB && r <= 0x25FE,
		r >= 0x2600 && r <= 0x27BF, r == 0x2934, r == 0x2935, r >= 0x2B05 && r <= 0x2B07, r == 0x2B1B, r == 0x2B1C,
		r == 0x2B50, r == 0x2B55, r == 0x3030, r == 0x303D, r == 0x3297, r == 0x3299, r >= 0x1F000 && r <= 0x1FAFF:
		return true
	}
	return false
}
