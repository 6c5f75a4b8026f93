package cap

import "strings"

// google is what Google Public Alerts asks of its partners.
func google() Profile {
	b := book{"google", "Google Public Alerts"}
	return Profile{ID: b.id, Title: "Google Public Alerts",
		Source: "Google Public Alerts, CAP v1.2 profile for publishers. Feeds are not looked at.",
		Rules: []Rule{
			b.infoRequired(), b.areaRequired(), b.referencesRequired(), b.sameCategories(), b.sameEventCodes(), b.sameEvent(LevelAdvice),
			b.filled("description", LevelError, description), b.filled("web", LevelError, func(i *Info) string { return i.Web }),
			b.expires(LevelError),
			b.rule("area.place", "area", LevelError, "Every area has a polygon, circle or geocode.", onArea("", areaPlace)),
			b.rule("expires.order", "effective, expires", LevelError, "An info does not expire before it is effective or sent.", onInfo("/expires", func(a *Alert, i *Info) string {
				from := a.Sent
				if !i.Effective.IsZero() {
					from = i.Effective
				}
				if !i.Expires.IsZero() && i.Expires.Before(from) {
					return "the info expires before it is effective: check both times"
				}
				return ""
			})),
			b.filled("senderName", LevelAdvice, senderName), b.responseType(LevelAdvice), b.filled("instruction", LevelAdvice, instruction),
			b.filled("contact", LevelAdvice, func(i *Info) string { return i.Contact }), b.shapes(), b.rated(),
			b.longest("headline", 140, func(i *Info) string { return i.Headline }),
			b.rule("text.same", "headline, description, instruction", LevelAdvice, "Headline, description and instruction differ.", onInfo("/headline", func(_ *Alert, i *Info) string {
				switch {
				case sameWords(i.Headline, i.Description):
					return "headline and description are the same: let each say its own"
				case sameWords(i.Description, i.Instruction), sameWords(i.Headline, i.Instruction):
					return "the instruction repeats another text: say in it what to do"
				}
				return ""
			})),
			b.rule("geocode.blank", "geocode", LevelAdvice, "No geocode is blank.", onArea("/geocode", func(ar *Area) string {
				if len(values(ar.Geocodes, func(name string) bool { return strings.TrimSpace(name) == "" })) > 0 {
					return "a geocode has no name: fill it in or leave it out"
				}
				return ""
			})),
			b.rule("status.test", "status", LevelAdvice, "The status is not Test.", onAlert("/status", func(a *Alert) string {
				if a.Status == StatusTest {
					return "a Test is shown to nobody: send it only to see that the feed works"
				}
				return ""
			})),
		}}
}
