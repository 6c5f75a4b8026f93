package cap

// infoRules are about info (§3.2.2), its texts excepted.
func infoRules() []Rule {
	return []Rule{
		{"core.language.syntax", "CAP 1.2 §3.2.2 language", LevelError, "The language is a tag by RFC 3066.",
			onInfo("/language", languageSyntax)},
		{"core.language.code", "CAP 1.2 §3.2.2 language", LevelWarning, "The language begins with a code of two or three letters.",
			onInfo("/language", languageCode)},
		{"core.info.override", "CAP 1.2 §3.2.2", LevelWarning, "No info overrides an earlier one of its language.", infoOverride},
		{"core.info.languages", "CAP 1.2 §3.2.2 language", LevelWarning, "The infos of several languages grade the event alike.", infoLanguages},
		{"core.info.same-text", "CAP 1.2 §3.2.2 language", LevelWarning, "Infos of different languages do not hold the same text.", infoSameText},
		{"core.category.required", "CAP 1.2 §3.2.2 category", LevelError, "An info has a category.",
			onInfo("/category", categoryRequired)},
		{"core.category.value", "CAP 1.2 §3.2.2 category", LevelError, "Every category is one of the code values.",
			eachOf("category", func(i *Info) []Category { return i.Categories },
				func(c Category) string { return oneOf(c, Categories()...) })},
		{"core.event.required", "CAP 1.2 §3.2.2 event", LevelError, "The event is filled in.",
			onInfo("/event", func(_ *Alert, i *Info) string { return required(i.Event) })},
		{"core.response-type.value", "CAP 1.2 §3.2.2 responseType", LevelError, "Every responseType is one of the code values.",
			eachOf("responseType", func(i *Info) []ResponseType { return i.ResponseTypes },
				func(r ResponseType) string { return oneOf(r, ResponseTypes()...) })},
		{"core.response-type.assess", "CAP 1.2 §3.2.2 responseType", LevelWarning, "A public warning does not ask people to Assess.", responseAssess},
		{"core.urgency.value", "CAP 1.2 §3.2.2 urgency", LevelError, "The urgency is one of its code values.",
			onInfo("/urgency", func(_ *Alert, i *Info) string {
				return oneOf(i.Urgency, Immediate, Expected, Future, Past, UnknownUrgency)
			})},
		{"core.urgency.onset", "CAP 1.2 §3.2.2 urgency", LevelAdvice, "What is Immediate begins within a day.",
			onInfo("/urgency", urgencyOnset)},
		{"core.severity.value", "CAP 1.2 §3.2.2 severity", LevelError, "The severity is one of its code values.",
			onInfo("/severity", func(_ *Alert, i *Info) string {
				return oneOf(i.Severity, Extreme, Severe, Moderate, Minor, UnknownSeverity)
			})},
		{"core.certainty.value", "CAP 1.2 §3.2.2 certainty", LevelError, "The certainty is one of its code values.",
			onInfo("/certainty", certaintyValue)},
		{"core.expires.advised", "CAP 1.2 §3.2.2 expires", LevelAdvice, "An info says until when it holds.",
			onInfo("/expires", expiresAdvised)},
		{"core.expires.order", "CAP 1.2 §3.2.2 expires", LevelWarning, "An info expires after it was sent and became effective.",
			onInfo("/expires", expiresOrder)},
		{"core.onset.order", "CAP 1.2 §3.2.2 onset", LevelWarning, "The event begins before the info expires.",
			onInfo("/onset", onsetOrder)},
		{"core.headline.length", "CAP 1.2 §3.2.2 headline", LevelAdvice, "The headline has at most 160 characters.",
			onInfo("/headline", headlineLength)},
		{"core.web.absolute", "CAP 1.2 §3.2.2 web", LevelError, "The web address is an absolute URI.",
			onInfo("/web", webAbsolute)},
	}
}

// valueRules are about eventCode, parameter and geocode (§3.2.2, §3.2.4).
func valueRules() []Rule {
	const clause = "CAP 1.2 §3.2.2 eventCode, parameter, §3.2.4 geocode"
	return []Rule{
		{"core.value.name", clause, LevelWarning, "Every valueName is filled in.", eachValue("/valueName", valueNameBlank)},
		{"core.value.acronym", clause, LevelAdvice, "A valueName that is an acronym is in upper case without periods.",
			eachValue("/valueName", valueNameAcronym)},
		{"core.value.value", clause, LevelAdvice, "Every value is filled in.", eachValue("/value", valueBlank)},
	}
}

// resourceRules are about resource (§3.2.3).
func resourceRules() []Rule {
	return []Rule{
		{"core.resource.description", "CAP 1.2 §3.2.3 resourceDesc", LevelError, "The resourceDesc is filled in.",
			onResource("/resourceDesc", func(_ *Alert, r *Resource) string { return required(r.Description) })},
		{"core.resource.mime-type", "CAP 1.2 §3.2.3 mimeType", LevelError, "The mimeType has the form type/subtype.",
			onResource("/mimeType", mimeTypeFault)},
		{"core.resource.media", "CAP 1.2 §3.2.3 mimeType", LevelWarning, "The mimeType begins with a registered type.",
			onResource("/mimeType", mediaType)},
		{"core.resource.size", "CAP 1.2 §3.2.3 size", LevelError, "The size is a whole number of bytes, 0 or more.",
			onResource("/size", sizeFault)},
		{"core.resource.size-advised", "CAP 1.2 §3.2.3 size", LevelAdvice, "A resource with a uri states its size.",
			onResource("/size", sizeAdvised)},
		{"core.resource.size-content", "CAP 1.2 §3.2.3 size", LevelWarning, "The size is about that of the content in derefUri.",
			onResource("/size", sizeContent)},
		{"core.resource.uri", "CAP 1.2 §3.2.3 uri", LevelError, "The uri is absolute, or names the content of derefUri.",
			onResource("/uri", uriFault)},
		{"core.resource.deref-uri", "CAP 1.2 §3.2.3 derefUri", LevelError, "The derefUri holds base 64.",
			onResource("/derefUri", derefURIFault)},
		{"core.resource.deref-public", "CAP 1.2 §3.2.3 derefUri", LevelAdvice, "A public alert names its resources by uri instead of holding them.",
			onResource("/derefUri", derefURIPublic)},
		{"core.resource.content", "CAP 1.2 §3.2.3", LevelAdvice, "A resource has a uri or a derefUri.",
			onResource("", resourceContent)},
		{"core.resource.digest", "CAP 1.2 §3.2.3 digest", LevelWarning, "The digest is an SHA-1 in hexadecimal.",
			onResource("/digest", digestFault)},
		{"core.resource.digest-content", "CAP 1.2 §3.2.3 digest", LevelWarning, "The digest is that of the content in derefUri.",
			onResource("/digest", digestContent)},
	}
}
