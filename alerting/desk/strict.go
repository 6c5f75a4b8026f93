package desk

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"tocsin/cap"
)

// The desk is stricter than the standard with what goes out under the office's name: what one receiver would understand differently
// from another is refused, and not only remarked upon. Of a Cancel and an all-clear nothing of this is asked: they say again where an
// alert was, and must not fail for it.

// strictRules are the rules of package cap whose warnings the desk takes for errors: maps differ about a polygon that crosses itself, and
// a text that turns the direction of reading does not say what it shows.
func strictRules() []string { return []string{"core.polygon.crossing", "core.text.bidi"} }

// largestKM2 is more than the largest country has, in square kilometres: an area that is larger is everywhere.
const largestKM2 = 20_000_000

// strictly gives the findings of reading an alert with the level that they have for the desk.
func strictly(a *cap.Alert, read cap.Findings) cap.Findings {
	if warnsNobody(a) {
		return read
	}
	out := slices.Clone(read)
	for i := range out {
		if slices.Contains(strictRules(), out[i].ID) {
			out[i].Level = cap.LevelError
		}
	}
	return out
}

// warnsNobody reports whether a message only takes back what was said.
func warnsNobody(a *cap.Alert) bool { return a.MsgType == cap.MsgCancel || isAllClear(a) }

// checkExtent finds the largest area of each info that is for everybody.
func checkExtent(a *cap.Alert) cap.Findings {
	if warnsNobody(a) {
		return nil
	}
	var found cap.Findings
	for i := range a.Infos {
		total, largest, at := 0.0, 0.0, 0
		for k := range a.Infos[i].Areas {
			km2 := extentOf(&a.Infos[i].Areas[k])
			if total += km2; km2 > largest {
				largest, at = km2, k
			}
		}
		if total > largestKM2 {
			found = append(found, finding("desk.everywhere", "CAP 1.2 §3.2.4", fmt.Sprintf("alert/info[%d]/area[%d]", i+1, at+1),
				fmt.Sprintf("the shapes hold %.0f million km², more than any country: draw them around those who are in danger", total/1e6)))
		}
	}
	return found
}

// extentOf is the sum of an area's shapes, in square kilometres.
func extentOf(area *cap.Area) (km2 float64) {
	for _, p := range area.Polygons {
		km2 += p.AreaKM2()
	}
	for _, c := range area.Circles {
		km2 += c.AreaKM2()
	}
	return km2
}

// checkMarks finds marks of direction in texts that have no letter which is written from right to left: there they do nothing but hide.
func checkMarks(a *cap.Alert) cap.Findings {
	if warnsNobody(a) {
		return nil
	}
	var found cap.Findings
	look := func(path, text string) {
		if at := strings.IndexFunc(text, isMark); at >= 0 && !strings.ContainsFunc(text, isRightToLeft) {
			found = append(found, finding("desk.mark", "Unicode TR 36 §2.5", path,
				fmt.Sprintf("the text holds %U, an invisible mark of direction, and no letter that is written from right to left: remove it", []rune(text[at:])[0])))
		}
	}
	look("alert/identifier", a.Identifier)
	look("alert/note", a.Note)
	for i := range a.Infos {
		info, at := &a.Infos[i], fmt.Sprintf("alert/info[%d]/", i+1)
		look(at+"event", info.Event)
		look(at+"senderName", info.SenderName)
		look(at+"headline", info.Headline)
		look(at+"description", info.Description)
		look(at+"instruction", info.Instruction)
		look(at+"contact", info.Contact)
		for k := range info.Areas {
			look(fmt.Sprintf("%sarea[%d]/areaDesc", at, k+1), info.Areas[k].Description)
		}
	}
	return found
}

// isMark: the left-to-right, right-to-left and Arabic letter marks.
func isMark(r rune) bool { return r == 0x200E || r == 0x200F || r == 0x061C }

func isRightToLeft(r rune) bool {
	return unicode.In(r, unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana, unicode.Nko, unicode.Adlam) && unicode.IsLetter(r)
}
