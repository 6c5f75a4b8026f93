package wording

import (
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// The tables of 3GPP TS 23.038 §6.2.1 and §6.2.1.1 as text, for the slow counter.
const (
	specAlphabet = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	specExtension = "\f^{}\\[~]|€"
)

// slowSegments counts as the standard is read, for texts without joined characters: every character is a list of units
// that must stay in one part.
func slowSegments(text string) (int, Encoding) {
	encoding, single, part := GSM7, 160, 153
	for _, r := range text {
		if !strings.ContainsRune(specAlphabet+specExtension, r) {
			encoding, single, part = UCS2, 70, 67
		}
	}
	var sizes []int
	total := 0
	for _, r := range text {
		n := 1
		if encoding == UCS2 {
			n = len(utf16.Encode([]rune{r}))
		} else if strings.ContainsRune(specExtension, r) {
			n = 2
		}
		sizes = append(sizes, n)
		total += n
	}
	if total <= single {
		return 1, encoding
	}
	parts, left := 1, part
	for _, n := range sizes {
		if n > left {
			parts, left = parts+1, part
		}
		left -= n
	}
	return parts, encoding
}

func TestSegments(t *testing.T) {
	for _, row := range []struct {
		name     string
		text     string
		parts    int
		encoding Encoding
	}{
		{"empty", "", 1, GSM7},
		{"full alone", strings.Repeat("a", 160), 1, GSM7},
		{"one too many", strings.Repeat("a", 161), 2, GSM7},
		{"two full parts", strings.Repeat("a", 306), 2, GSM7},
		{"two full parts and one", strings.Repeat("a", 307), 3, GSM7},
		{"extension counts two", strings.Repeat("€", 80), 1, GSM7},
		{"extension one too many", strings.Repeat("€", 81), 2, GSM7},
		{"escape pair is not parted", strings.Repeat("a", 152) + "€" + strings.Repeat("a", 152), 3, GSM7},
		{"same length without the pair", strings.Repeat("a", 306), 2, GSM7},
		{"form feed is an extension", strings.Repeat("\f", 81), 2, GSM7},
		{"small cedilla is not GSM", "ç", 1, UCS2},
		{"capital cedilla is", "Ç", 1, GSM7},
		{"backtick is not GSM", strings.Repeat("`", 71), 2, UCS2},
		{"line breaks are GSM", "a\r\nb", 1, GSM7},
		{"UCS-2 full alone", strings.Repeat("洪", 70), 1, UCS2},
		{"UCS-2 one too many", strings.Repeat("洪", 71), 2, UCS2},
		{"UCS-2 two full parts", strings.Repeat("洪", 134), 2, UCS2},
		{"surrogates count two", strings.Repeat("🌊", 35), 1, UCS2},
		{"surrogates are not parted", strings.Repeat("🌊", 66), 2, UCS2},
		{"surrogates at the border", strings.Repeat("🌊", 67), 3, UCS2},
		{"family is not parted", strings.Repeat("洪", 60) + "👨‍👩‍👧" + strings.Repeat("水", 59), 2, UCS2},
		{"family pushed over", strings.Repeat("洪", 60) + "👨‍👩‍👧" + strings.Repeat("水", 60), 3, UCS2},
		{"invalid bytes", "\xff\xfe", 1, UCS2},
	} {
		t.Run(row.name, func(t *testing.T) {
			parts, encoding := Segments(row.text)
			if parts != row.parts || encoding != row.encoding {
				t.Errorf("got %d %s, want %d %s", parts, encoding, row.parts, row.encoding)
			}
			if got := len(Split(row.text)); got != row.parts {
				t.Errorf("Split gives %d parts, Segments says %d", got, row.parts)
			}
		})
	}
}

func TestSplitKeepsClustersWhole(t *testing.T) {
	for _, cluster := range []string{"👨‍👩‍👧", "🇪🇸", "👍🏽", "नी", "e\u0323\u0301", "각"} {
		for shift := range 80 {
			text := strings.Repeat("洪", shift) + strings.Repeat(cluster, 40)
			parts := Split(text)
			if strings.Join(parts, "") != text {
				t.Fatalf("%q shifted by %d: parts do not give the text again", cluster, shift)
			}
			for _, part := range parts {
				part = strings.TrimLeft(part, "洪")
				if strings.Repeat(cluster, len(part)/len(cluster)) != part {
					t.Fatalf("%q shifted by %d: parted in %q", cluster, shift, part)
				}
			}
		}
	}
}

func TestSplitOfGiantCluster(t *testing.T) {
	text := "a" + strings.Repeat("\u0301", 200)
	parts := Split(text)
	if strings.Join(parts, "") != text || len(parts) != 3 {
		t.Fatalf("got %d parts", len(parts))
	}
}

func TestSegmentsAgainstSlowCounter(t *testing.T) {
	letters := []rune("aZ é€[|洪水🌊яä\n…ç^")
	rapid.Check(t, func(t *rapid.T) {
		pool := letters[:rapid.SampledFrom([]int{2, 6, 9, len(letters)}).Draw(t, "pool")]
		text := string(rapid.SliceOfN(rapid.SampledFrom(pool), 0, 700).Draw(t, "text"))
		parts, encoding := Segments(text)
		wantParts, wantEncoding := slowSegments(text)
		if parts != wantParts || encoding != wantEncoding {
			t.Fatalf("%q: got %d %s, want %d %s", text, parts, encoding, wantParts, wantEncoding)
		}
		split := Split(text)
		if len(split) != parts || strings.Join(split, "") != text {
			t.Fatalf("%q: split into %d, counted %d", text, len(split), parts)
		}
		air := airText(text)
		measured, how := measure(text)
		if n, e := Segments(air); n != measured || e != how {
			t.Fatalf("%q: measured %d %s, sent as %d %s", text, measured, how, n, e)
		}
	})
}

func TestAirText(t *testing.T) {
	for _, row := range []struct{ name, text, want string }{
		{"plain stays", "Stay in.", "Stay in."},
		{"quotes and dashes", "“Stay” – don’t go…", `"Stay" - don't go...`},
		{"no-break space", "10\u00A0km", "10 km"},
		{"not when a letter forces UCS-2", "“Évacúe”…", "“Évacúe”…"},
		{"never a letter", "ç – a", "ç – a"},
		{"chevrons", "«Fuera»", `"Fuera"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := airText(row.text); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

func FuzzSegments(f *testing.F) {
	for _, text := range segmentTexts(20) {
		f.Add(text)
	}
	f.Add("\xff\u200d\u0301👨‍")
	f.Fuzz(func(t *testing.T, text string) {
		parts, encoding := Segments(text)
		split := Split(text)
		if len(split) != parts || strings.Join(split, "") != text {
			t.Fatalf("%q: %d parts, split into %d", text, parts, len(split))
		}
		for _, part := range split {
			if !utf8.ValidString(text) {
				break
			}
			if encoding == UCS2 && len(utf16.Encode([]rune(part))) > 70 {
				t.Fatalf("part too long: %q", part)
			}
		}
	})
}
