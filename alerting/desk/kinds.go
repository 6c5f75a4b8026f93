package desk

import (
	"strings"

	"tocsin/alerting"
)

// Colour is how pages draw a kind of message: ink upon ground, as #RRGGBB. The two have a contrast of 4.5:1 or more (WCAG 2.2
// §1.4.3), and the ground one of 3:1 or more against a white page in the light scheme and one of #121212 in the dark (§1.4.11).
type Colour struct {
	Ground string `json:"ground"`
	Ink    string `json:"ink"`
}

// Kind is what sort of message something is, in the words, colours and sign by which nobody mixes it up with another: the three
// worlds, and the public test, which is of the world test and reaches the public all the same.
type Kind struct {
	ID    string         `json:"id"`
	World alerting.World `json:"world"`
	// Public: it reaches people and sirens outside the office.
	Public bool `json:"public"`
	// Name is the kind in capitals, and Reach whom it reaches; Names and Reaches hold them by language, en and zh.
	Names   map[string]string `json:"names"`
	Reaches map[string]string `json:"reaches"`
	// Colour is the English name of the colour, and Symbol a sign of another shape for each kind, for whoever does not see colours.
	Colour string `json:"colour"`
	Symbol string `json:"symbol"`
	Light  Colour `json:"light"`
	Dark   Colour `json:"dark"`
}

// KindPublicTest is the id of a public test; the others are those of their worlds.
const KindPublicTest = "public-test"

// Languages are those in which the office's own people are spoken to.
func Languages() []string { return []string{"en", "zh"} }

// Kinds are all kinds, the most serious first.
func Kinds() []Kind {
	return []Kind{
		{ID: string(alerting.Actual), World: alerting.Actual, Public: true, Colour: "red", Symbol: "▲",
			Names: words("LIVE WARNING", "真实预警"), Reaches: words("this reaches the public", "将发送给公众"),
			Light: Colour{"#B3001B", "#FFFFFF"}, Dark: Colour{"#FF8080", "#1F0000"}},
		{ID: KindPublicTest, World: alerting.Test, Public: true, Colour: "violet", Symbol: "■",
			Names: words("PUBLIC TEST", "公开测试"), Reaches: words("real people get this, announced as a test", "以测试名义发布，公众会真实收到"),
			Light: Colour{"#6A1B9A", "#FFFFFF"}, Dark: Colour{"#D9A8FF", "#1F0033"}},
		{ID: string(alerting.Exercise), World: alerting.Exercise, Colour: "blue", Symbol: "◇",
			Names: words("EXERCISE", "演练"), Reaches: words("only practice: this reaches nobody outside", "仅供内部练习，外部无人收到"),
			Light: Colour{"#0B4F9E", "#FFFFFF"}, Dark: Colour{"#8CC2FF", "#00152B"}},
		{ID: string(alerting.Test), World: alerting.Test, Colour: "grey", Symbol: "○",
			Names: words("TEST", "系统测试"), Reaches: words("the equipment is tried, and nobody outside hears of it", "只检查设备，不对外发出"),
			Light: Colour{"#4A4A4A", "#FFFFFF"}, Dark: Colour{"#C8C8C8", "#121212"}},
	}
}

func words(en, zh string) map[string]string { return map[string]string{"en": en, "zh": zh} }

// kindOf is the kind of a message of a world, in a window or not.
func kindOf(w alerting.World, window *alerting.TestWindow) Kind {
	id := string(w)
	if w == alerting.Test && window != nil {
		id = KindPublicTest
	}
	for _, k := range Kinds() {
		if k.ID == id {
			return k
		}
	}
	// There is no fourth world; what says it is of one is shown as what reaches the public.
	return Kinds()[0]
}

// language is the one of Languages that a tag names (RFC 3066); English when it is empty.
func language(tag string) (string, error) {
	base, _, _ := strings.Cut(strings.ToLower(tag), "-")
	switch base {
	case "", "en":
		return "en", nil
	case "zh":
		return "zh", nil
	}
	return "", alerting.Refuse(alerting.ErrInvalid, "lang.unknown", "lang %.20q: want one of %v", tag, Languages())
}
