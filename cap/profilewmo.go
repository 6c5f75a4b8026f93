package cap

import (
	"fmt"
	"strings"
)

// wmo is the practice of the members of the World Meteorological Organization.
func wmo() Profile {
	b := book{"wmo", "WMO"}
	return Profile{ID: b.id, Title: "WMO members (national alerting authorities)",
		Source: "WMO register of alerting authorities (identifiers under 2.49.0.1) and the practice of its editors. WMO also asks for a signature.",
		Rules: []Rule{
			b.referencesRequired(),
			b.rule("identifier.oid", "identifier", LevelError, "The identifier is an object identifier under 2.49.0.1 and the country's number.",
				onAlert("/identifier", wmoIdentifier)),
			b.rule("sender.known", "sender", LevelAdvice, "The sender is the authority's object identifier under 2.49.0.0, or a mail address.", onAlert("/sender", func(a *Alert) string {
				if !mailAddress(a.Sender) && !strings.HasPrefix(withoutURN(a.Sender), "2.49.0.0.") {
					return "the sender is neither a mail address nor the authority's object identifier: write one such as urn:oid:2.49.0.0.999.0"
				}
				return ""
			})),
			b.rule("info.required", "info", LevelError, "An Alert or Update has an info.", onAlert("", infoRequired)),
			b.areaRequired(), b.expires(LevelAdvice), b.filled("senderName", LevelAdvice, senderName), b.rated(),
			b.longest("event", 35, func(i *Info) string { return i.Event }),
			b.rule("polygon.points", "polygon", LevelAdvice, "A polygon has at most 100 points.", eachPolygon(func(p Polygon) string {
				if len(p) > 100 {
					return fmt.Sprintf("the polygon has %d points, and the profile advises 100 at most: simplify it", len(p))
				}
				return ""
			})),
		}}
}

func withoutURN(text string) string { return strings.TrimPrefix(text, "urn:oid:") }

// wmoIdentifier asks for urn:oid:2.49.0.1.COUNTRY.AUTHORITY.… with or without urn:oid:.
func wmoIdentifier(a *Alert) string {
	const form = "write urn:oid:2.49.0.1., the number of the country, that of the authority, and what makes the alert unique"
	oid := withoutURN(a.Identifier)
	if strings.HasPrefix(oid, "2.49.0.0.") {
		return "2.49.0.0 is the arc of authorities, not of alerts: " + form
	}
	rest, found := strings.CutPrefix(oid, "2.49.0.1.")
	parts := strings.Split(rest, ".")
	if !found || len(parts) < 3 || !digits(parts[0], 1, 2, 3) || number(parts[1]) < 0 || parts[1] == "" || parts[2] == "" {
		return fmt.Sprintf("%q is no object identifier of an alert: %s", clip(a.Identifier), form)
	}
	return ""
}
