package cap

// rule is one row of the table: what it is called, where the standard says so, how grave a breach is, and the check.
// A check calls report for every breach, with the path of the element and what is wrong with it.
type rule struct {
	id, clause string
	level      Level
	check      func(a *Alert, report report)
}

type report func(path, message string)

// Check runs the rules on an alert, which must not be nil; at most 100 errors and 100 other findings are returned. An
// alert of version 1.0 or 1.1 may leave out what was optional then.
func Check(a *Alert) Findings {
	var n notes
	for _, r := range coreRules() {
		r.check(a, func(path, message string) {
			n.add(Finding{ID: r.id, Clause: r.clause, Path: path, Message: message, Level: r.level})
		})
	}
	return n.list
}

// coreRules are the rules of the standard that any alert must keep, whatever its profile. To add one, add a row.
func coreRules() []rule {
	var all []rule
	for _, rows := range [][]rule{alertRules(), infoRules(), resourceRules(), areaRules(), textRules()} {
		all = append(all, rows...)
	}
	return all
}

// alertRules are about alert itself (§3.2.1).
func alertRules() []rule {
	return []rule{
		{"core.identifier.required", "CAP 1.2 §3.2.1 identifier", LevelError, onAlert("/identifier", func(a *Alert) string { return required(a.Identifier) })},
		{"core.identifier.characters", "CAP 1.2 §3.2.1 identifier", LevelError, onAlert("/identifier", func(a *Alert) string { return nameFault(a.Identifier) })},
		{"core.sender.required", "CAP 1.2 §3.2.1 sender", LevelError, onAlert("/sender", func(a *Alert) string { return required(a.Sender) })},
		{"core.sender.characters", "CAP 1.2 §3.2.1 sender", LevelError, onAlert("/sender", func(a *Alert) string { return nameFault(a.Sender) })},
		{"core.sent.required", "CAP 1.2 §3.2.1 sent", LevelError, onAlert("/sent", sentRequired)},
		{"core.time.form", "CAP 1.2 §3.3.2", LevelError, eachTime(timeFault)},
		{"core.status.value", "CAP 1.2 §3.2.1 status", LevelError, onAlert("/status", func(a *Alert) string {
			return oneOf(a.Status, StatusActual, StatusExercise, StatusSystem, StatusTest, StatusDraft)
		})},
		{"core.msg-type.value", "CAP 1.2 §3.2.1 msgType", LevelError, onAlert("/msgType", func(a *Alert) string {
			return oneOf(a.MsgType, MsgAlert, MsgUpdate, MsgCancel, MsgAck, MsgError)
		})},
		{"core.scope.value", "CAP 1.2 §3.2.1 scope", LevelError, onAlert("/scope", scopeValue)},
		{"core.restriction.required", "CAP 1.2 §3.2.1 restriction", LevelError, onAlert("/restriction", restrictionRequired)},
		{"core.restriction.scope", "CAP 1.2 §3.2.1 restriction", LevelError, onAlert("/restriction", restrictionScope)},
		{"core.addresses.required", "CAP 1.2 §3.2.1 addresses", LevelError, onAlert("/addresses", addressesRequired)},
		{"core.addresses.scope", "CAP 1.2 §3.2.1 addresses", LevelWarning, onAlert("/addresses", addressesScope)},
		{"core.addresses.form", "CAP 1.2 §3.2.1 addresses", LevelError, onAlert("/addresses", func(a *Alert) string { return namesFault(a.Addresses) })},
		{"core.incidents.form", "CAP 1.2 §3.2.1 incidents", LevelError, onAlert("/incidents", func(a *Alert) string { return namesFault(a.Incidents) })},
		{"core.references.required", "CAP 1.2 §3.2.1 msgType, references", LevelError, onAlert("/references", referencesRequired)},
		{"core.references.advised", "CAP 1.2 §3.2.1 msgType, references", LevelWarning, onAlert("/references", referencesAdvised)},
		{"core.references.form", "CAP 1.2 §3.2.1 references", LevelError, eachReference(referenceFault)},
		{"core.references.self", "CAP 1.2 §3.2.1 references", LevelError, eachReference(selfReference)},
		{"core.references.identifier", "CAP 1.2 §3.2.1 identifier", LevelWarning, eachReference(reusedIdentifier)},
		{"core.references.postdated", "CAP 1.2 §3.2.1 references", LevelWarning, eachReference(postdatedReference)},
		{"core.info.required", "CAP 1.2 §3.2.1 info", LevelWarning, onAlert("", infoRequired)},
	}
}

// infoRules are about info (§3.2.2).
func infoRules() []rule {
	return []rule{
		{"core.language.syntax", "CAP 1.2 §3.2.2 language", LevelError, onInfo("/language", languageSyntax)},
		{"core.language.code", "CAP 1.2 §3.2.2 language", LevelWarning, onInfo("/language", languageCode)},
		{"core.category.required", "CAP 1.2 §3.2.2 category", LevelError, onInfo("/category", categoryRequired)},
		{"core.category.value", "CAP 1.2 §3.2.2 category", LevelError, eachOf("category", func(i *Info) []Category { return i.Categories },
			func(c Category) string { return oneOf(c, Categories()...) })},
		{"core.event.required", "CAP 1.2 §3.2.2 event", LevelError, onInfo("/event", func(_ *Alert, i *Info) string { return required(i.Event) })},
		{"core.response-type.value", "CAP 1.2 §3.2.2 responseType", LevelError, eachOf("responseType", func(i *Info) []ResponseType { return i.ResponseTypes },
			func(r ResponseType) string { return oneOf(r, ResponseTypes()...) })},
		{"core.urgency.value", "CAP 1.2 §3.2.2 urgency", LevelError, onInfo("/urgency", func(_ *Alert, i *Info) string {
			return oneOf(i.Urgency, Immediate, Expected, Future, Past, UnknownUrgency)
		})},
		{"core.severity.value", "CAP 1.2 §3.2.2 severity", LevelError, onInfo("/severity", func(_ *Alert, i *Info) string {
			return oneOf(i.Severity, Extreme, Severe, Moderate, Minor, UnknownSeverity)
		})},
		{"core.certainty.value", "CAP 1.2 §3.2.2 certainty", LevelError, onInfo("/certainty", func(_ *Alert, i *Info) string {
			return oneOf(i.Certainty, Observed, Likely, Possible, Unlikely, UnknownCertainty)
		})},
		{"core.expires.order", "CAP 1.2 §3.2.2 expires", LevelWarning, onInfo("/expires", expiresOrder)},
		{"core.onset.order", "CAP 1.2 §3.2.2 onset", LevelWarning, onInfo("/onset", onsetOrder)},
		{"core.web.absolute", "CAP 1.2 §3.2.2 web", LevelError, onInfo("/web", webAbsolute)},
		{"core.value.name", "CAP 1.2 §3.2.2 eventCode, parameter, §3.2.4 geocode", LevelWarning, eachValue("/valueName", valueNameBlank)},
		{"core.value.value", "CAP 1.2 §3.2.2 eventCode, parameter, §3.2.4 geocode", LevelAdvice, eachValue("/value", valueBlank)},
	}
}

// resourceRules are about resource (§3.2.3).
func resourceRules() []rule {
	return []rule{
		{"core.resource.description", "CAP 1.2 §3.2.3 resourceDesc", LevelError, onResource("/resourceDesc", func(_ *Alert, r *Resource) string { return required(r.Description) })},
		{"core.resource.mime-type", "CAP 1.2 §3.2.3 mimeType", LevelError, onResource("/mimeType", mimeTypeFault)},
		{"core.resource.size", "CAP 1.2 §3.2.3 size", LevelError, onResource("/size", sizeFault)},
		{"core.resource.uri", "CAP 1.2 §3.2.3 uri", LevelError, onResource("/uri", uriFault)},
		{"core.resource.deref-uri", "CAP 1.2 §3.2.3 derefUri", LevelError, onResource("/derefUri", derefURIFault)},
		{"core.resource.digest", "CAP 1.2 §3.2.3 digest", LevelWarning, onResource("/digest", digestFault)},
	}
}

// areaRules are about area (§3.2.4) and its coordinates (§3.3.1).
func areaRules() []rule {
	return []rule{
		{"core.area.description", "CAP 1.2 §3.2.4 areaDesc", LevelError, onArea("/areaDesc", func(ar *Area) string { return required(ar.Description) })},
		{"core.area.place", "CAP 1.2 §3.2.4", LevelWarning, onArea("", areaPlace)},
		{"core.polygon.points", "CAP 1.2 §3.2.4 polygon", LevelError, eachPolygon(polygonPoints)},
		{"core.polygon.closed", "CAP 1.2 §3.2.4 polygon", LevelError, eachPolygon(polygonClosed)},
		{"core.polygon.range", "CAP 1.2 §3.3.1", LevelError, eachPolygon(polygonRange)},
		{"core.polygon.winding", "CAP 1.2 §3.2.4 polygon", LevelError, eachPolygon(polygonWinding)},
		{"core.polygon.antimeridian", "CAP 1.2 §3.2.4 polygon", LevelWarning, eachPolygon(polygonAntimeridian)},
		{"core.polygon.crossing", "CAP 1.2 §3.2.4 polygon", LevelWarning, eachPolygon(polygonCrossing)},
		{"core.circle.center", "CAP 1.2 §3.3.1", LevelError, eachCircle(func(c Circle) string { return pointFault(c.Center) })},
		{"core.circle.radius", "CAP 1.2 §3.2.4 circle", LevelError, eachCircle(radiusFault)},
		{"core.area.altitude", "CAP 1.2 §3.2.4 altitude", LevelError, onArea("/altitude", altitudeFault)},
		{"core.area.ceiling", "CAP 1.2 §3.2.4 ceiling", LevelError, onArea("/ceiling", ceilingFault)},
	}
}

// textRules are about the characters of all texts (§3.3.3).
func textRules() []rule {
	return []rule{
		{"core.text.control", "CAP 1.2 §3.3.3", LevelError, eachText(controlFault)},
		{"core.text.bidi", "Unicode TR 36 §2.5", LevelWarning, eachText(bidiFault)},
	}
}
