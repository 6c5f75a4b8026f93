package cap

// alertRules are about alert itself (§3.2.1). To add a rule, add a row.
func alertRules() []Rule {
	return []Rule{
		{"core.identifier.required", "CAP 1.2 §3.2.1 identifier", LevelError, "The identifier is filled in.",
			onAlert("/identifier", func(a *Alert) string { return required(a.Identifier) })},
		{"core.identifier.characters", "CAP 1.2 §3.2.1 identifier", LevelError, "The identifier holds no blank, comma, < or &.",
			onAlert("/identifier", func(a *Alert) string { return nameFault(a.Identifier) })},
		{"core.sender.required", "CAP 1.2 §3.2.1 sender", LevelError, "The sender is filled in.",
			onAlert("/sender", func(a *Alert) string { return required(a.Sender) })},
		{"core.sender.characters", "CAP 1.2 §3.2.1 sender", LevelError, "The sender holds no blank, comma, < or &.",
			onAlert("/sender", func(a *Alert) string { return nameFault(a.Sender) })},
		{"core.sent.required", "CAP 1.2 §3.2.1 sent", LevelError, "The alert says when it was sent.",
			onAlert("/sent", sentRequired)},
		{"core.time.form", "CAP 1.2 §3.3.2", LevelError, "Every time is a date and time in whole seconds with a zone offset.",
			eachTime(timeFault)},
		{"core.status.value", "CAP 1.2 §3.2.1 status", LevelError, "The status is one of its code values.",
			onAlert("/status", func(a *Alert) string {
				return oneOf(a.Status, StatusActual, StatusExercise, StatusSystem, StatusTest, StatusDraft)
			})},
		{"core.status.text", "CAP 1.2 §3.2.1 status", LevelWarning, "What calls itself a test or an exercise is not marked Actual.", statusText},
		{"core.msg-type.value", "CAP 1.2 §3.2.1 msgType", LevelError, "The msgType is one of its code values.",
			onAlert("/msgType", func(a *Alert) string {
				return oneOf(a.MsgType, MsgAlert, MsgUpdate, MsgCancel, MsgAck, MsgError)
			})},
		{"core.scope.value", "CAP 1.2 §3.2.1 scope", LevelError, "The scope is one of its code values.",
			onAlert("/scope", scopeValue)},
		{"core.restriction.required", "CAP 1.2 §3.2.1 restriction", LevelError, "A Restricted alert says to whom it is restricted.",
			onAlert("/restriction", restrictionRequired)},
		{"core.restriction.scope", "CAP 1.2 §3.2.1 restriction", LevelError, "Only a Restricted alert has a restriction.",
			onAlert("/restriction", restrictionScope)},
		{"core.addresses.required", "CAP 1.2 §3.2.1 addresses", LevelError, "A Private alert names its recipients.",
			onAlert("/addresses", addressesRequired)},
		{"core.addresses.scope", "CAP 1.2 §3.2.1 addresses", LevelWarning, "Only a Private alert names recipients.",
			onAlert("/addresses", addressesScope)},
		{"core.addresses.form", "CAP 1.2 §3.2.1 addresses", LevelError, "No address is blank or holds a double quote.",
			onAlert("/addresses", func(a *Alert) string { return namesFault(a.Addresses) })},
		{"core.incidents.form", "CAP 1.2 §3.2.1 incidents", LevelError, "No incident is blank or holds a double quote.",
			onAlert("/incidents", func(a *Alert) string { return namesFault(a.Incidents) })},
		{"core.info.required", "CAP 1.2 §3.2.1 info", LevelWarning, "An Alert or Update has an info.",
			onAlert("", infoRequired)},
	}
}

// noteRules are about code and note (§3.2.1).
func noteRules() []Rule {
	return []Rule{
		{"core.code.blank", "CAP 1.2 §3.2.1 code", LevelAdvice, "No code is blank.", eachCode(codeBlank)},
		{"core.note.exercise", "CAP 1.2 §3.2.1 status, note", LevelWarning, "The note of an Exercise says which exercise it is.",
			onAlert("/note", noteExercise)},
		{"core.note.error", "CAP 1.2 §3.2.1 msgType, note", LevelWarning, "The note of an Error says why the message is rejected.",
			onAlert("/note", noteError)},
	}
}

// referenceRules are about references (§3.2.1).
func referenceRules() []Rule {
	return []Rule{
		{"core.references.required", "CAP 1.2 §3.2.1 msgType, references", LevelError, "A Cancel or Error names the messages it speaks of.",
			onAlert("/references", referencesRequired)},
		{"core.references.advised", "CAP 1.2 §3.2.1 msgType, references", LevelWarning, "An Update or Ack names the messages it speaks of.",
			onAlert("/references", referencesAdvised)},
		{"core.references.form", "CAP 1.2 §3.2.1 references", LevelError, "Every reference has sender, identifier and sent.",
			eachReference(referenceFault)},
		{"core.references.self", "CAP 1.2 §3.2.1 references", LevelError, "No message refers to itself.",
			eachReference(selfReference)},
		{"core.references.identifier", "CAP 1.2 §3.2.1 identifier", LevelWarning, "A message has an identifier of its own, not that of an earlier one.",
			eachReference(reusedIdentifier)},
		{"core.references.postdated", "CAP 1.2 §3.2.1 references", LevelWarning, "References are to messages that were sent before.",
			eachReference(postdatedReference)},
		{"core.references.doubled", "CAP 1.2 §3.2.1 references", LevelAdvice, "No message is referred to twice.",
			onAlert("/references", doubledReference)},
	}
}
