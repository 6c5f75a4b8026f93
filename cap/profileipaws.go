package cap

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// ipaws is the profile of the United States' Integrated Public Alert and Warning System.
func ipaws() Profile {
	b := book{"ipaws", "IPAWS profile 1.0"}
	return Profile{ID: b.id, Title: "IPAWS 1.0 (United States)",
		Source: "CAP v1.2 IPAWS profile version 1.0, OASIS, and the practice of its gateway. IPAWS also asks for a signature.",
		Codes:  []string{"IPAWSv1.0"},
		Rules: []Rule{
			b.referencesRequired(), b.expires(LevelError), b.areaRequired(), b.sameCategories(), b.sameEventCodes(),
			b.rule("info.required", "info", LevelWarning, "An Alert, Update or Cancel has an info.", onAlert("", func(a *Alert) string {
				if tells(a) && len(a.Infos) == 0 {
					return "there is no info: a message for the public needs one"
				}
				return ""
			})),
			b.rule("time.offset", "sent, expires", LevelError, "Sent and expires carry the local offset, not that of UTC.", ipawsOffset),
			b.rule("event-code.same-one", "eventCode", LevelError, "Every info has one eventCode SAME of three letters.",
				onInfo("/eventCode", ipawsEventCode)),
			b.rule("geocode.same", "geocode", LevelAdvice, "Every area has a geocode SAME of six digits.", onArea("", ipawsGeocode)),
			b.rule("effective.ignored", "effective, onset", LevelAdvice, "Effective is not later than sent: the system warns at once.", onInfo("/effective", func(a *Alert, i *Info) string {
				if i.Effective.After(a.Sent) {
					return "effective is later than sent, and IPAWS warns at once whatever it says: send the alert when it shall go out"
				}
				return ""
			})),
			b.filled("description", LevelAdvice, description), b.filled("instruction", LevelAdvice, instruction),
			b.rule("cmam.length", "parameter CMAMtext, CMAMlongtext", LevelError, "CMAMtext has at most 90 characters, CMAMlongtext 360.",
				func(a *Alert, report Report) {
					for i := range a.Infos {
						for k, v := range a.Infos[i].Parameters {
							if message := ipawsMobile(v); message != "" {
								report(fmt.Sprintf("%s/parameter[%d]/value", infoPath(i), k+1), message)
							}
						}
					}
				}),
			b.rule("eas-org", "parameter EAS-ORG", LevelAdvice, "Every info has a parameter EAS-ORG of three letters.", onInfo("/parameter", ipawsOriginator)),
		}}
}

func ipawsOffset(a *Alert, report Report) {
	one := func(t time.Time, path string) {
		if _, offset := t.Zone(); !t.IsZero() && offset == 0 {
			report(path, "the time is in UTC: write it with the offset of the place it is for, such as -05:00")
		}
	}
	one(a.Sent, "alert/sent")
	for i := range a.Infos {
		one(a.Infos[i].Expires, infoPath(i)+"/expires")
	}
}

func isSAME(name string) bool { return name == "SAME" }

func ipawsEventCode(_ *Alert, i *Info) string {
	codes := values(i.EventCodes, isSAME)
	switch {
	case len(codes) != 1:
		return fmt.Sprintf("there are %d eventCodes SAME: write exactly one", len(codes))
	case !letters(codes[0].Value, 3):
		return fmt.Sprintf("the eventCode SAME %q is not three letters in upper case, such as TOR", clip(codes[0].Value))
	}
	return ""
}

// letters reports whether a text is so many letters in upper case.
func letters(text string, n int) bool {
	return len(text) == n && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

func ipawsGeocode(ar *Area) string {
	codes := values(ar.Geocodes, isSAME)
	if len(codes) == 0 {
		return "the area has no geocode SAME: broadcasters find their viewers by it; add one such as 006109"
	}
	for _, v := range codes {
		if !digits(v.Value, 6) {
			return fmt.Sprintf("the geocode SAME %q is not six digits, such as 006109", clip(v.Value))
		}
	}
	return ""
}

func ipawsMobile(v Value) string {
	most := mobileLimit(v.Name)
	if n := utf8.RuneCountInString(v.Value); most > 0 && n > most {
		return fmt.Sprintf("%s has %d characters, and phones show %d: shorten it", v.Name, n, most)
	}
	return ""
}

// mobileLimit is the longest text of a mobile message, by the parameter that holds it; 0 for other parameters.
func mobileLimit(name string) int {
	switch strings.ToLower(name) {
	case "cmamtext":
		return 90
	case "cmamlongtext":
		return 360
	}
	return 0
}

func ipawsOriginator(_ *Alert, i *Info) string {
	codes := values(i.Parameters, func(name string) bool { return name == "EAS-ORG" })
	if len(codes) == 1 && letters(codes[0].Value, 3) {
		return ""
	}
	return "there is no parameter EAS-ORG of three letters, by which broadcasters know who speaks: add one such as CIV or WXR"
}
