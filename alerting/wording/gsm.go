package wording

// gsmASCII gives the septets of each ASCII character, as a digit; 0 means that GSM-7 has none.
const gsmASCII = "00000000001021000000000000000000" +
	"11111111111111111111111111111111" +
	"11111111111111111111111111122221" +
	"01111111111111111111111111122220"

// gsmRune is the number of septets a character takes: 1 from the default alphabet, 2 from the extension table, 0 when it
// is in neither (3GPP TS 23.038 §6.2.1). National language shift tables (§6.2.1.2) are not used: few gateways offer them.
// With fold, a character counts as its plain form.
func gsmRune(r rune, fold bool) int {
	if r >= 0 && r < 128 {
		return int(gsmASCII[r] - '0')
	}
	switch r {
	case '£', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', 'Ø', 'ø', 'Å', 'å', 'Æ', 'æ', 'ß', 'É', '¤', '¡', 'Ä', 'Ö', 'Ñ', 'Ü',
		'§', '¿', 'ä', 'ö', 'ñ', 'ü', 'à',
		'Δ', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ':
		return 1
	case '€':
		return 2
	}
	if fold {
		return len(plainForm(r))
	}
	return 0
}

// plainForm is what stands in GSM-7 for a typographic character that means the same: a quotation mark, a dash, the
// ellipsis, a blank of special width. Empty for all else: a letter is never replaced by another.
func plainForm(r rune) string {
	switch r {
	case '\u2018', '\u2019', '\u201A', '\u201B', '\u2032', '\u2039', '\u203A':
		return "'"
	case '\u201C', '\u201D', '\u201E', '\u201F', '\u2033', '\u00AB', '\u00BB':
		return `"`
	case '\u2010', '\u2011', '\u2012', '\u2013', '\u2014', '\u2015', '\u2212':
		return "-"
	case '\u2026':
		return "..."
	case '\u00A0', '\u202F', '\u2007', '\u2009', '\u200A':
		return " "
	}
	return ""
}
