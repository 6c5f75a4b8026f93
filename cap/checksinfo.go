package cap

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

func codeBlank(code string) string {
	if blank(code) {
		return "the code is blank: fill it in or leave it out"
	}
	return ""
}

func noteExercise(a *Alert) string {
	if a.Status == StatusExercise && blank(a.Note) {
		return "the status is Exercise: name the exercise, so that nobody takes it for another or for the real thing"
	}
	return ""
}

func noteError(a *Alert) string {
	if a.MsgType == MsgError && blank(a.Note) {
		return "the msgType is Error: say why the message is rejected"
	}
	return ""
}

// statusText finds drills that go out as the real thing.
func statusText(a *Alert, report Report) {
	if a.Status != StatusActual {
		return
	}
	for i := range a.Infos {
		for _, one := range []named{{"event", a.Infos[i].Event}, {"headline", a.Infos[i].Headline}} {
			if word := drillWord(one.text); word != "" {
				report(infoPath(i)+"/"+one.name, fmt.Sprintf("the text says %q and the status is Actual: if it is one, write the status Test or Exercise", word))
				break
			}
		}
	}
}

func doubledReference(a *Alert) string {
	if len(a.References) < 2 {
		return ""
	}
	sorted := slices.SortedFunc(slices.Values(a.References), compareReferences)
	for k := 1; k < len(sorted); k++ {
		if compareReferences(sorted[k-1], sorted[k]) == 0 {
			return fmt.Sprintf("the message %q is named twice: once is enough", clip(sorted[k].Identifier))
		}
	}
	return ""
}

func compareReferences(a, b Reference) int {
	if c := strings.Compare(a.Identifier, b.Identifier); c != 0 {
		return c
	}
	if c := strings.Compare(a.Sender, b.Sender); c != 0 {
		return c
	}
	return a.Sent.Compare(b.Sent)
}

// languageOf is the tag of an info; without one it is en-US (§3.2.2).
func languageOf(i *Info) string {
	if i.Language == "" {
		return "en-US"
	}
	return i.Language
}

// primary is the first part of a language tag.
func primary(tag string) string {
	first, _, _ := strings.Cut(tag, "-")
	return first
}

// infoOverride compares infos of one language: a later one may add to an earlier one and not contradict it. That it
// speaks of the same thing is taken for certain only when event, times and areas are all the same.
func infoOverride(a *Alert, report Report) {
	for later := 1; later < len(a.Infos); later++ {
		l := &a.Infos[later]
		for earlier := range later {
			e := &a.Infos[earlier]
			if strings.EqualFold(languageOf(e), languageOf(l)) && sameSubject(e, l) && !sameGrade(e, l) {
				report(infoPath(later), fmt.Sprintf("the info speaks of the same event, time and area as info %d and grades it otherwise: "+
					"a later info may add to an earlier one, not override it", earlier+1))
				break
			}
		}
	}
}

func sameSubject(a, b *Info) bool {
	return a.Event == b.Event && a.Audience == b.Audience && a.Effective.Equal(b.Effective) && a.Onset.Equal(b.Onset) &&
		a.Expires.Equal(b.Expires) && slices.Equal(a.EventCodes, b.EventCodes) && slices.EqualFunc(a.Areas, b.Areas, sameArea)
}

func sameArea(a, b Area) bool {
	return a.Description == b.Description && slices.EqualFunc(a.Polygons, b.Polygons, slices.Equal[Polygon]) &&
		slices.Equal(a.Circles, b.Circles) && slices.Equal(a.Geocodes, b.Geocodes) &&
		sameHeight(a.Altitude, b.Altitude) && sameHeight(a.Ceiling, b.Ceiling)
}

func sameHeight(a, b *float64) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

func sameGrade(a, b *Info) bool {
	return a.Urgency == b.Urgency && a.Severity == b.Severity && a.Certainty == b.Certainty
}

// infoLanguages compares the only infos of their languages: they should be translations of each other.
func infoLanguages(a *Alert, report Report) {
	for i := 1; i < len(a.Infos); i++ {
		for k := range i {
			if strings.EqualFold(languageOf(&a.Infos[i]), languageOf(&a.Infos[k])) {
				return
			}
		}
	}
	for i := 1; i < len(a.Infos); i++ {
		if !sameGrade(&a.Infos[0], &a.Infos[i]) {
			report(infoPath(i), fmt.Sprintf("the info is in %s and differs from the one in %s in urgency, severity or certainty, "+
				"so people are warned by their language: grade both alike", clip(languageOf(&a.Infos[i])), clip(languageOf(&a.Infos[0]))))
		}
	}
}

// infoSameText finds texts that were not translated. Short ones may be the same in both languages, such as "Tsunami".
func infoSameText(a *Alert, report Report) {
	for i := 1; i < len(a.Infos); i++ {
		for k := range i {
			one, other := &a.Infos[k], &a.Infos[i]
			if strings.EqualFold(primary(languageOf(one)), primary(languageOf(other))) {
				continue
			}
			if name := sameText(one, other); name != "" {
				report(infoPath(i)+"/"+name, fmt.Sprintf("the text is that of info %d, which is in another language (%s): translate it, or correct the language",
					k+1, clip(languageOf(one))))
				break
			}
		}
	}
}

// shortText is how many bytes a text may have that two languages share by chance.
const shortText = 24

func sameText(one, other *Info) string {
	same := func(a, b string) bool { return len(a) > shortText && trim(a) == trim(b) && !blank(a) }
	switch {
	case same(one.Headline, other.Headline):
		return "headline"
	case same(one.Description, other.Description):
		return "description"
	case same(one.Instruction, other.Instruction):
		return "instruction"
	}
	return ""
}

func responseAssess(a *Alert, report Report) {
	for i := range a.Infos {
		if at := slices.Index(a.Infos[i].ResponseTypes, "Assess"); at >= 0 && a.Scope == ScopePublic {
			report(fmt.Sprintf("%s/responseType[%d]", infoPath(i), at+1),
				"Assess should not be used in public warnings: say what people shall do, such as Prepare or Monitor")
		}
	}
}

// farOnset is when what is Immediate is not immediate any more, whatever the margins.
const farOnset = 24 * time.Hour

func urgencyOnset(a *Alert, i *Info) string {
	if i.Urgency == Immediate && !i.Onset.IsZero() && i.Onset.Sub(a.Sent) > farOnset {
		return fmt.Sprintf("Immediate means that people must act now, and the event begins %.0f hours after the alert was sent: check both, or write Future",
			i.Onset.Sub(a.Sent).Hours())
	}
	return ""
}

func certaintyValue(_ *Alert, i *Info) string {
	if strings.EqualFold(trim(string(i.Certainty)), "Very Likely") {
		return `"Very Likely" was dropped from CAP in version 1.1: write Likely`
	}
	return oneOf(i.Certainty, Observed, Likely, Possible, Unlikely, UnknownCertainty)
}

func expiresAdvised(a *Alert, i *Info) string {
	if i.Expires.IsZero() && (a.MsgType == MsgAlert || a.MsgType == MsgUpdate) {
		return "the info does not say when it expires, so every receiver decides for itself: write until when it holds"
	}
	return ""
}

// maxHeadline is what the standard names as a target, in characters.
const maxHeadline = 160

func headlineLength(_ *Alert, i *Info) string {
	if n := utf8.RuneCountInString(i.Headline); n > maxHeadline {
		return fmt.Sprintf("the headline has %d characters, and receivers cut it after about %d: shorten it", n, maxHeadline)
	}
	return ""
}

func valueNameAcronym(v Value) string {
	plain := strings.ReplaceAll(v.Name, ".", "")
	if len(plain) < 2 || len(plain) > 8 || plain == strings.ToUpper(plain) && plain == v.Name {
		return ""
	}
	if knownAcronym(strings.ToUpper(plain)) || plain != v.Name && len(plain)*2 >= len(v.Name) && dotted(v.Name) {
		return fmt.Sprintf("%q is an acronym: write %s, in upper case without periods", clip(v.Name), strings.ToUpper(plain))
	}
	return ""
}

// knownAcronym lists the code systems that real alerts name.
func knownAcronym(name string) bool {
	switch name {
	case "SAME", "FIPS", "FIPS6", "FIPS10", "ZIP", "UGC", "VTEC", "CLC", "SGC", "NUTS", "NUTS2", "NUTS3", "ISO", "NIMS", "EAS", "CMAM":
		return true
	}
	return false
}

// dotted reports whether a name is single letters, each with a period after it, such as F.I.P.S.
func dotted(name string) bool {
	for i := range len(name) {
		letter := name[i] >= 'a' && name[i] <= 'z' || name[i] >= 'A' && name[i] <= 'Z'
		if i%2 == 0 && !letter || i%2 == 1 && name[i] != '.' {
			return false
		}
	}
	return true
}
