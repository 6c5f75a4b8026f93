package cap

import (
	"fmt"
	"slices"
	"strings"
)

// canada is the Canadian profile.
func canada() Profile {
	b := book{"cap-cp", "CAP-CP 1.0"}
	return Profile{ID: b.id, Title: "CAP-CP 1.0 (Canada)",
		Source: "Canadian Profile of the Common Alerting Protocol, version 1.0. The lists of events and locations that it manages are not looked up.",
		Codes:  []string{"profile:CAP-CP:1.0"},
		older:  []string{"profile:CAP-CP:0.4"},
		Rules: []Rule{
			b.infoRequired(), b.areaRequired(), b.referencesRequired(), b.sameEventCodes(),
			b.rule("code.version", "code", LevelAdvice, "The code is that of version 1.0.", onAlert("/code", func(a *Alert) string {
				if slices.Contains(a.Codes, "profile:CAP-CP:0.4") && !slices.Contains(a.Codes, "profile:CAP-CP:1.0") {
					return "the code is that of the draft 0.4, which receivers still take: write profile:CAP-CP:1.0 as soon as they all know it"
				}
				return ""
			})),
			b.rule("event-code.required", "eventCode", LevelError, "Every info has an eventCode of the profile's list.",
				onInfo("/eventCode", canadaEventCode)),
			b.rule("geocode.required", "geocode", LevelError, "Every area has a geocode of the profile's locations.", onArea("/geocode", canadaGeocode)),
			b.rule("languages", "language", LevelAdvice, "There is an info in English and one in French.", onAlert("", canadaLanguages)),
			b.expires(LevelAdvice), b.filled("senderName", LevelAdvice, senderName), b.responseType(LevelAdvice),
			b.filled("instruction", LevelAdvice, instruction), b.shapes(),
			b.rule("area.exact", "polygon, geocode", LevelAdvice, "Where an area has shapes and geocodes, both mean the same place.", onArea("/geocode[1]", func(ar *Area) string {
				if len(ar.Polygons)+len(ar.Circles) > 0 && len(ar.Geocodes) > 1 {
					return "receivers of this profile warn inside the shapes only, and CAP itself in the shapes and all geocodes together: see that the shapes hold all who are meant"
				}
				return ""
			})),
		}}
}

func canadaEventCode(_ *Alert, i *Info) string {
	codes := values(i.EventCodes, func(name string) bool { return strings.HasPrefix(name, "profile:CAP-CP:Event:") })
	switch {
	case len(codes) == 0:
		return "there is no eventCode profile:CAP-CP:Event:1.0: add one of its list"
	case codes[0].Value == "" || strings.ContainsFunc(codes[0].Value, isBlankRune):
		return fmt.Sprintf("the eventCode %q is not a word of the profile's list", clip(codes[0].Value))
	}
	return ""
}

func canadaGeocode(ar *Area) string {
	codes := values(ar.Geocodes, func(name string) bool { return strings.HasPrefix(name, "profile:CAP-CP:Location:") })
	if len(codes) == 0 {
		return "the area has no geocode profile:CAP-CP:Location:1.0: add the codes of its places"
	}
	for _, v := range codes {
		if !digits(v.Value, 1, 2, 3, 4, 5, 6, 7) && v.Value != "CA" {
			return fmt.Sprintf("the geocode %q is not a code of the Standard Geographical Classification, which has up to seven digits", clip(v.Value))
		}
	}
	return ""
}

func canadaLanguages(a *Alert) string {
	if len(a.Infos) == 0 {
		return ""
	}
	for _, language := range []named{{"en", "English"}, {"fr", "French"}} {
		found := false
		for i := range a.Infos {
			found = found || strings.EqualFold(primary(languageOf(&a.Infos[i])), language.name)
		}
		if !found {
			return "there is no info in " + language.text + ": the profile advises both official languages, en-CA and fr-CA"
		}
	}
	return ""
}
