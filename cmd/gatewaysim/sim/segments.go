package sim

import (
	"strings"
	"unicode/utf16"
)

// The GSM 7-bit default alphabet and its extension table (3GPP TS 23.038 §6.2.1); a character of the extension takes two
// septets.
const (
	gsmBasic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtension = "\f^{}\\[~]|€"
)

// segments is how many messages a text takes on the air: 160 septets alone or 153 each of a chain; with any other
// character 70 or 67 UTF-16 units each. A pair that would be split goes to the next segment as a whole.
func segments(text string) int {
	widths := make([]int, 0, len(text))
	single, chained := 160, 153
	for _, r := range text {
		switch {
		case strings.ContainsRune(gsmBasic, r):
			widths = append(widths, 1)
			continue
		case strings.ContainsRune(gsmExtension, r):
			widths = append(widths, 2)
			continue
		}
		single, chained = 70, 67
		break
	}
	if single == 70 {
		widths = widths[:0]
		for _, r := range text {
			widths = append(widths, max(1, utf16.RuneLen(r)))
		}
	}
	total := 0
	for _, w := range widths {
		total += w
	}
	if total <= single {
		return 1
	}
	n, room := 1, chained
	for _, w := range widths {
		if w > room {
			n, room = n+1, chained
		}
		room -= w
	}
	return n
}
