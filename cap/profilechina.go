package cap

import (
	"fmt"
	"strings"
	"time"
)

// china is how a Chinese municipal office writes warnings.
//
// It is experimental: the standards are sold, not published, and the rules were put together from secondary sources. What
// is certain enough to be an error is the form of the identifier, the codes of regions, and the four colours.
func china() Profile {
	b := book{"china", "GB/T 35965.1-2018"}
	return Profile{ID: b.id, Title: "Chinese municipal warnings (experimental)",
		Source: "GB/T 35965.1-2018, GB/T 2260 and municipal release rules, from secondary sources: experimental. The code of the event (GB/T 35561) is not looked up.",
		Rules: []Rule{
			b.rule("identifier.form", "identifier", LevelError, "The identifier has 31 characters: region, sector, unit, extension, time and serial number.",
				onAlert("/identifier", chinaIdentifier)),
			b.referencesRequired(),
			b.rule("info.required", "info", LevelError, "An Alert or Update has an info.", onAlert("", infoRequired)),
			b.rule("colour.severity", "severity", LevelError, "The colour that the text names is the severity: red Extreme, orange Severe, yellow Moderate, blue Minor.",
				onInfo("/severity", chinaColour)),
			b.rule("colour.named", "headline", LevelWarning, "Event or headline names the colour of the warning.", onInfo("/headline", chinaColourNamed)),
			b.areaRequired(),
			b.rule("geocode.region", "geocode", LevelError, "Every area has a region code of six digits (GB/T 2260) or twelve.", onArea("/geocode", chinaGeocode)),
			b.rule("language.chinese", "language", LevelWarning, "There is an info in Chinese.", onAlert("", chinaLanguage)),
			b.rule("time.offset", "sent", LevelWarning, "Sent is in Beijing time, +08:00.", onAlert("/sent", func(a *Alert) string {
				if _, offset := a.Sent.Zone(); !a.Sent.IsZero() && offset != beijing {
					return "the time is not in Beijing time: write it with the offset +08:00"
				}
				return ""
			})),
			b.filled("senderName", LevelWarning, senderName), b.filled("instruction", LevelWarning, instruction), b.expires(LevelAdvice),
		}}
}

// beijing is the offset of China in seconds.
const beijing = 8 * 3600

// chinaIdentifier asks for ZZZZZZDDDUUUXX_YYYYMMDDhhmmss_N.
func chinaIdentifier(a *Alert) string {
	const form = "write region (6 digits), sector (3), unit (3), extension (2), _, the time of entry as YYYYMMDDhhmmss, _ and a digit"
	id := a.Identifier
	if len(id) != 31 || id[14] != '_' || id[29] != '_' || !digits(id[30:], 1) || !digits(id[6:9], 3) || !codeText(id[9:14]) {
		return fmt.Sprintf("%q has not the form of 31 characters: %s", clip(id), form)
	}
	if !regionCode(id[:6]) {
		return fmt.Sprintf("%q does not begin with the code of a region by GB/T 2260: %s", clip(id), form)
	}
	if _, err := time.Parse("20060102150405", id[15:29]); err != nil {
		return fmt.Sprintf("%q in %q is not a time: %s", id[15:29], clip(id), form)
	}
	return ""
}

// codeText reports whether a text is digits and letters in upper case.
func codeText(text string) bool {
	return strings.Trim(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// regionCode reports whether six digits begin with the code of a province (GB/T 2260).
func regionCode(code string) bool {
	if !digits(code, 6) {
		return false
	}
	switch code[:2] {
	case "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41", "42", "43", "44", "45", "46",
		"50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71", "81", "82":
		return true
	}
	return code == "000000"
}

// chinaGeocode takes codes of towns (6 digits and 3 more) and villages (12 digits) too.
func chinaGeocode(ar *Area) string {
	for _, v := range ar.Geocodes {
		if digits(v.Value, 6, 9, 12) && regionCode(v.Value[:6]) {
			return ""
		}
	}
	return "the area has no region code: add a geocode of six digits by GB/T 2260, or of twelve for a town or village"
}

// grade is one of the four colours.
type grade struct {
	han, english string
	severity     Severity
}

func grades() []grade {
	return []grade{{"红色", "red", Extreme}, {"橙色", "orange", Severe}, {"黄色", "yellow", Moderate}, {"蓝色", "blue", Minor}}
}

// colourOf is the one colour that event and headline name; ok is false when they name none, or several as the change of
// a warning does.
func colourOf(i *Info) (found grade, ok bool) {
	for _, g := range grades() {
		if !namesColour(i.Event, g) && !namesColour(i.Headline, g) {
			continue
		}
		if ok {
			return grade{}, false
		}
		found, ok = g, true
	}
	return found, ok
}

// namesColour finds 红色预警 and red warning; in English the word alone may mean anything.
func namesColour(text string, g grade) bool {
	if strings.Contains(text, g.han) {
		return true
	}
	lower := strings.ToLower(text)
	return holdsWord(lower, g.english+" warning") || holdsWord(lower, g.english+" alert") || holdsWord(lower, g.english+" signal")
}

func chinaColour(a *Alert, i *Info) string {
	if a.MsgType == MsgCancel {
		return ""
	}
	if g, ok := colourOf(i); ok && g.severity != i.Severity {
		return fmt.Sprintf("the text says %s (%s), which is the severity %s: correct one of them", g.han, g.english, g.severity)
	}
	return ""
}

func chinaColourNamed(a *Alert, i *Info) string {
	if a.MsgType == MsgCancel || namesAnyColour(i) {
		return ""
	}
	return "neither event nor headline names the colour: write it, such as 暴雨红色预警"
}

func namesAnyColour(i *Info) bool {
	for _, g := range grades() {
		if namesColour(i.Event, g) || namesColour(i.Headline, g) {
			return true
		}
	}
	return false
}

func chinaLanguage(a *Alert) string {
	for i := range a.Infos {
		switch strings.ToLower(primary(languageOf(&a.Infos[i]))) {
		case "zh", "cmn", "yue":
			return ""
		}
	}
	if len(a.Infos) == 0 {
		return ""
	}
	return "there is no info in Chinese: add one with the language zh-CN"
}
