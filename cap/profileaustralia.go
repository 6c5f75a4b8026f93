package cap

import (
	"fmt"
	"strings"
)

// australia is the Australian profile.
func australia() Profile {
	b := book{"cap-au", "CAP-AU 1.0"}
	return Profile{ID: b.id, Title: "CAP-AU 1.0 (Australia)",
		Source: "Australian Government standard for the Common Alerting Protocol, CAP-AU-STD 1.0. Its event list is not looked up.",
		Codes:  []string{"urn:oasis:names:tc:emergency:cap:1.2:profile:CAP-AU:1.0"},
		Rules: []Rule{
			b.infoRequired(), b.areaRequired(), b.referencesRequired(), b.sameCategories(), b.sameEventCodes(), b.sameEvent(LevelError),
			b.rule("event-code.required", "eventCode", LevelError, "Every info has one eventCode of the list AUeventLIST.",
				onInfo("/eventCode", australiaEventCode)),
			b.rule("effective.cancel", "effective", LevelError, "A Cancel has no effective: it holds at once.", onInfo("/effective", func(a *Alert, i *Info) string {
				if a.MsgType == MsgCancel && !i.Effective.IsZero() {
					return "a Cancel holds at once: leave effective out"
				}
				return ""
			})),
			b.rule("sender.mail", "sender", LevelAdvice, "The sender is a mail address.", onAlert("/sender", func(a *Alert) string {
				if !mailAddress(a.Sender) {
					return "the sender is not a mail address, which the profile advises: write one such as warnings@agency.example"
				}
				return ""
			})),
			b.rule("status.test", "status", LevelAdvice, "A Test is only logged by receivers.", onAlert("/status", func(a *Alert) string {
				if a.Status == StatusTest {
					return "receivers of this profile log a Test and show it to nobody: for a drill that people shall see write Exercise"
				}
				return ""
			})),
			b.expires(LevelAdvice), b.filled("senderName", LevelAdvice, senderName), b.responseType(LevelAdvice),
			b.filled("instruction", LevelAdvice, instruction),
			b.rule("geocode.advised", "geocode", LevelAdvice, "Every area has a geocode.", onArea("", func(ar *Area) string {
				if len(ar.Geocodes) == 0 {
					return "the area has no geocode: the profile advises one of a list that it recognises"
				}
				return ""
			})),
		}}
}

// australiaList reports whether a valueName stands for the list AUeventLIST: by its name, or by its address.
func australiaList(name string) bool {
	return strings.Contains(strings.ToLower(name), "aueventlist") || name == "https://govshare.gov.au/xmlui/handle/10772/6495"
}

func australiaEventCode(_ *Alert, i *Info) string {
	codes := values(i.EventCodes, australiaList)
	switch {
	case len(codes) != 1:
		return fmt.Sprintf("there are %d eventCodes of the list AUeventLIST: write exactly one", len(codes))
	case blank(codes[0].Value):
		return "the eventCode of the list AUeventLIST is blank: write its code"
	}
	return ""
}
