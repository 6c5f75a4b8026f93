package wording

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestCleanText(t *testing.T) {
	for _, row := range []struct{ name, in, want string }{
		{"plain", "Stay inside.", "Stay inside."},
		{"blanks", "  Stay \t inside.  ", "Stay inside."},
		{"control characters", "Stay\x00\x07 in\x1bside\x7f", "Stay inside"},
		{"bidi overrides", "Stay \u202Eedisni\u202C \u2066now\u2069", "Stay edisni now"},
		{"zero width", "St\u200Bay\uFEFF in\u2060si\u00ADde", "Stay inside"},
		{"joiner between Latin letters", "St\u200Day", "Stay"},
		{"joiner in Persian", "می\u200Cخواهم", "می\u200Cخواهم"},
		{"joiner in Hindi", "क्\u200Dष", "क्\u200Dष"},
		{"joined emoji", "👨\u200D👩\u200D👧", "👨\u200D👩\u200D👧"},
		{"joiner at the end", "fire 🔥\u200D", "fire 🔥"},
		{"variation selector", "❤\uFE0F a\uFE0F", "❤\uFE0F a"},
		{"right-to-left mark in Arabic", "فيضان\u200F (A)", "فيضان\u200F (A)"},
		{"right-to-left mark in Latin", "flood\u200F (A)", "flood (A)"},
		{"decomposed", "e\u0301vacuez", "évacuez"},
		{"piled marks", "a" + strings.Repeat("\u0316", 40), "a" + strings.Repeat("\u0316", maxMarks)},
		{"invalid bytes", "Stay\xff\xc0 in", "Stay in"},
		{"no-break space", "10\u00A0km", "10\u00A0km"},
		{"ideographic indent", "\u3000\u3000请转移", "请转移"},
		{"tag smuggling", "Stay\U000E0041\U000E0042", "Stay"},
		{"flag of Wales", "🏴\U000E0067\U000E0062\U000E0077\U000E006C\U000E0073\U000E007F",
			"🏴\U000E0067\U000E0062\U000E0077\U000E006C\U000E0073\U000E007F"},
		{"line ends", "One.\r\n\r\nTwo.\rThree.\u2028Four.", "One.\nTwo.\nThree.\nFour."},
		{"teleprinter wrap", "THE RIVER ASH IS RISING FAST AFTER HEAVY RAIN. WATER WILL REACH HOMES\nALONG THE QUAY WITHIN THE HOUR.",
			"THE RIVER ASH IS RISING FAST AFTER HEAVY RAIN. WATER WILL REACH HOMES ALONG THE QUAY WITHIN THE HOUR."},
		{"lines of their own", "Go to the school\nTake your papers", "Go to the school\nTake your papers"},
		{"bullets", "Take:\n• water\n* papers\n– medicine", "Take:\n- water\n- papers\n- medicine"},
		{"degrees are no list", "Frost:\n-5 degrees", "Frost:\n-5 degrees"},
		{"wrapped Chinese", "受强降雨影响，阿什河水位迅速上涨，预计一小时内漫上沿\n岸道路。老城区积水较深。", "受强降雨影响，阿什河水位迅速上涨，预计一小时内漫上沿岸道路。老城区积水较深。"},
		{"only junk", "\u200B\x00\n \t", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := cleanText(row.in); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
			if got := cleanText(row.want); got != row.want {
				t.Errorf("not stable: %q becomes %q", row.want, got)
			}
		})
	}
}

func FuzzCleanText(f *testing.F) {
	for _, s := range []string{"a\r\n\u2028b", "•\u00A0x\n•", "\u202Ea\u200D👨\u200D", "\xff\xfe", "می\u200Cخواهم", "a\u0300\u0300"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := cleanText(s)
		if !utf8.ValidString(got) || !norm.NFC.IsNormalString(got) {
			t.Fatalf("%q: %q is not valid NFC", s, got)
		}
		if strings.TrimSpace(got) != got && strings.Trim(got, " \n") != got {
			t.Fatalf("%q: %q has blanks at its ends", s, got)
		}
		if r, bad := unsafeRune(got); bad {
			t.Fatalf("%q: %q holds %U", s, got, r)
		}
		if again := cleanText(got); strings.Count(got, "\n") == 0 && again != got {
			t.Fatalf("%q: not stable: %q becomes %q", s, got, again)
		}
		if line := cleanLine(s); strings.ContainsAny(line, "\n\r") {
			t.Fatalf("%q: %q is more than one line", s, line)
		}
	})
}

// unsafeRune finds a character that no text may carry.
func unsafeRune(s string) (rune, bool) {
	for _, r := range s {
		switch {
		case r < ' ' && r != '\n', r >= 0x7F && r < 0xA0, r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069,
			r == 0x200B, r == 0x2060, r == 0xFEFF, r == 0xAD, r == 0x2028, r == 0x2029:
			return r, true
		}
	}
	return 0, false
}

func TestFirstSentence(t *testing.T) {
	for _, row := range []struct{ name, in, first, rest string }{
		{"two", "Move now. Do not drive.", "Move now.", "Do not drive."},
		{"one without a stop", "Move now", "Move now", ""},
		{"exclamation", "Move now! Do not drive.", "Move now!", "Do not drive."},
		{"abbreviation", "Go to St. Mary School now. Wait there.", "Go to St. Mary School now.", "Wait there."},
		{"initials", "Listen to U.S. Coast Guard radio. Wait.", "Listen to U.S. Coast Guard radio.", "Wait."},
		{"number of a door", "Go to gate No. 5 now. Wait.", "Go to gate No. 5 now.", "Wait."},
		{"decimal", "Stay 1.5 km away. Wait.", "Stay 1.5 km away.", "Wait."},
		{"time at the end", "Leave before 10.30. Take water.", "Leave before 10.30.", "Take water."},
		{"list", "Move to higher ground\n- take water", "Move to higher ground", "- take water"},
		{"lead-in", "Do this:\n- take water\n- leave", "Do this: take water", "- leave"},
		{"numbered", "1. Leave now. 2. Take water.", "1. Leave now.", "2. Take water."},
		{"ellipsis inside", "TURN AROUND...DON'T DROWN. LEAVE.", "TURN AROUND...DON'T DROWN.", "LEAVE."},
		{"quotation", `Say "Help." Then wait.`, `Say "Help."`, "Then wait."},
		{"Chinese", "请立即转移到高处。不要驾车。", "请立即转移到高处。", "不要驾车。"},
		{"Hindi", "तुरंत जाएँ। गाड़ी न चलाएँ।", "तुरंत जाएँ।", "गाड़ी न चलाएँ।"},
		{"Arabic", "هل أنت بأمان؟ ابق في مكانك.", "هل أنت بأمان؟", "ابق في مكانك."},
		{"address", "See example.org for help. Wait.", "See example.org for help.", "Wait."},
		{"empty", "", "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			first, rest := firstSentence(row.in)
			if first != row.first || rest != row.rest {
				t.Errorf("got %q and %q, want %q and %q", first, rest, row.first, row.rest)
			}
		})
	}
}

func TestCutWords(t *testing.T) {
	for _, row := range []struct {
		name, in string
		most     int
		want     string
	}{
		{"fits", "Stay inside", 20, "Stay inside"},
		{"behind a word", "Stay inside the house", 14, "Stay inside…"},
		{"no dangling comma", "Stay, please, inside", 10, "Stay…"},
		{"long word", "Donaudampfschifffahrt", 6, "Donau…"},
		{"Chinese", "请立即转移到高处", 6, "请立即转移…"},
		{"no dangling bracket", "请转移（高处）", 5, "请转移…"},
		{"emoji family stays whole", "👨‍👩‍👧👨‍👩‍👧", 8, "👨‍👩‍👧…"},
		{"nothing fits", "abc", 0, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := cutWords(row.in, func(s string) bool { return utf8.RuneCountInString(s) <= row.most })
			if got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}
