package cap

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// extent is how large something seldom is.
type extent struct {
	word string
	km2  float64
}

// eventExtents are events that strike places, and what hardly any warning of them exceeds. The figures are generous on
// purpose: what is above them is more likely a slip than a disaster. Watches and outlooks are not meant.
func eventExtents() []extent {
	return []extent{{"tornado", 30_000}, {"flash flood", 60_000}, {"avalanche", 60_000}, {"landslide", 60_000}, {"mudslide", 60_000},
		{"debris flow", 60_000}, {"dam failure", 30_000}, {"dam break", 30_000}, {"levee", 30_000}, {"gas leak", 1000},
		{"chemical", 5000}, {"hazardous material", 5000}, {"toxic", 5000}, {"structure fire", 1000}, {"building fire", 1000},
		{"industrial fire", 2000}, {"explosion", 2000}, {"unexploded", 1000}, {"bomb", 2000}, {"active shooter", 2000},
		{"龙卷", 30_000}, {"山洪", 60_000}, {"雪崩", 60_000}, {"滑坡", 60_000}, {"泥石流", 60_000}, {"溃坝", 30_000}, {"溃堤", 30_000},
		{"危险化学品", 5000}, {"泄漏", 5000}, {"爆炸", 2000}}
}

// anyEventKM2 is more than any warning of grave danger needs, of whatever event: about the largest country.
const anyEventKM2 = 17_000_000

// adviseEventArea speaks of the largest area of an info whose areas together are too large.
func adviseEventArea(a *Alert, report Report) {
	for i := range a.Infos {
		info := &a.Infos[i]
		if !severe(a, info) {
			continue
		}
		limit := eventLimitKM2(info.Event)
		if !exceeds(info.Areas, limit) {
			continue
		}
		total, largest, at := 0.0, 0.0, 0
		for k := range info.Areas {
			km2 := info.Areas[k].extentKM2()
			if total += km2; km2 > largest {
				largest, at = km2, k
			}
		}
		message := fmt.Sprintf("the shapes hold %.0f million km², more than any country: check their points", total/1e6)
		if total <= anyEventKM2 {
			message = fmt.Sprintf("the shapes hold %.0f km², which is very much for the event %q (seldom more than %.0f): "+
				"check their points, and whether everybody there is in danger", total, clip(info.Event), limit)
		}
		report(areaPath(i, at), message)
	}
}

// eventLimitKM2 is what a warning of an event hardly ever exceeds.
func eventLimitKM2(event string) float64 {
	name := strings.ToLower(event)
	if anyOf(name, "watch", "outlook", "advisory", "statement", "forecast") {
		return anyEventKM2
	}
	for _, known := range eventExtents() {
		if strings.Contains(name, known.word) {
			return known.km2
		}
	}
	return anyEventKM2
}

// namedExtents are kinds of places, and what hardly any of them exceeds.
func namedExtents() []extent {
	return []extent{{"street", 300}, {"road", 1000}, {"avenue", 300}, {"school", 100}, {"hospital", 100}, {"building", 100}, {"campus", 300},
		{"village", 5000}, {"town of", 10_000}, {"township", 10_000}, {"neighbourhood", 1000}, {"neighborhood", 1000}, {"quay", 100},
		{"harbour", 1000}, {"harbor", 1000}, {"city of", 100_000}, {"county", 500_000},
		{"村", 5000}, {"社区", 1000}, {"街道", 3000}, {"小区", 100}, {"镇", 30_000}}
}

// listed is how long a description may be that still names one place, in characters.
const listed = 40

// adviseNamedArea compares an area with the place that its areaDesc names; a list of places is not compared.
func adviseNamedArea(a *Alert, report Report) {
	for i := range a.Infos {
		if !severe(a, &a.Infos[i]) {
			continue
		}
		for k := range a.Infos[i].Areas {
			ar := &a.Infos[i].Areas[k]
			if utf8.RuneCountInString(ar.Description) > listed || strings.ContainsAny(ar.Description, ",;/、，；\n") || anyOf(ar.Description, " and ", "和", "及") {
				continue
			}
			if message := namedTooLarge(ar); message != "" {
				report(areaPath(i, k), message)
			}
		}
	}
}

func namedTooLarge(ar *Area) string {
	name := strings.ToLower(ar.Description)
	for _, known := range namedExtents() {
		if !holdsWord(name, known.word) {
			continue
		}
		if total := ar.extentKM2(); total > known.km2 {
			return fmt.Sprintf("the shapes hold %.0f km², and areaDesc says %q: check their points, or name the whole area", total, clip(ar.Description))
		}
	}
	return ""
}

// holdsWord finds a word; one of Latin letters must stand by itself, so that "road" is not found in "broad".
func holdsWord(text, word string) bool {
	for from := 0; ; {
		at := strings.Index(text[from:], word)
		if at < 0 {
			return false
		}
		at += from
		end := at + len(word)
		if word[0] >= 0x80 || (at == 0 || !letter(text[at-1])) && (end == len(text) || !letter(text[end])) {
			return true
		}
		from = end
	}
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80 }
