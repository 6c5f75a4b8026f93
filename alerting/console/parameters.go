package console

// parameter is something in the query or a header of a request.
type parameter struct {
	name, in, about string
	// number: it is a whole number.
	number bool
}

// paged are the parameters of every list.
func paged(more ...parameter) []parameter {
	return append(more,
		parameter{"limit", "query", "How many entries, 1 to 1000; 50 when left out", true},
		parameter{"after", "query", "A cursor: go on behind the last entry of the page before. The header Link of that page (rel=\"next\") has it; it is of this list with these filters only", false})
}

// ordered are the parameters of a document.
func orderedBy(more ...parameter) []parameter {
	return append([]parameter{
		{"channel", "query", "Only these channels: sms, push, mail, siren; may be repeated", false},
		{"person", "query", "Only these people, by reference; may be repeated", false},
		{"group", "query", "Only these groups of sirens; may be repeated", false}}, more...)
}

// parameters are what the routes read besides their path and body.
func parameters() map[string][]parameter {
	stateOf := func(what string) parameter {
		return parameter{"state", "query", "Only those in this state (" + what + "); may be repeated", false}
	}
	return map[string][]parameter{
		"POST /api/alerts": orderedBy(parameter{"nobody", "query", "true: it may be for an area in which the office knows nobody; else that is refused", false}),
		"POST /api/alerts/dry-run": orderedBy(parameter{"list", "query", "true: also each recipient by reference", false},
			parameter{"previews", "query", "true: also the words of every info on every channel, whether or not anybody is told by it", false}),
		"POST /api/alerts/{id}/update": orderedBy(),
		"POST /api/drafts":             orderedBy(parameter{"Idempotency-Key", "header", "What the caller calls this request: the same again is the same draft", false}),
		"PUT /api/drafts/{id}": orderedBy(parameter{"If-Match", "header", "The version that is replaced, in quotes", false},
			parameter{AutosaveHeader, "header", "1: nobody asked for this version, a form saves what is in it; left out otherwise", false},
			parameter{FormHeader, "header", "What the form calls itself, drawn by chance: where the latest version is what it saved last, that is replaced, whatever If-Match names", false}),
		"GET /api/drafts/{id}/versions": paged(),
		"GET /api/drafts/{id}/changes":  {{"from", "query", "The version to compare with; left out: the last one before the present that was submitted, or else the first", true}},
		"GET /api/alerts": paged(parameter{"q", "query", "Only those with this text in headline, event, area, sender or identifier", false},
			parameter{"from", "query", "Only those issued at this time (RFC 3339) or later", false}, parameter{"to", "query", "Only those issued before this time (RFC 3339)", false},
			parameter{"status", "query", "Only those that are live, stopped (by a cancel or an update) or over", false},
			parameter{"severity", "query", "Only those whose highest severity is this", false},
			parameter{"sender", "query", "Only those of this CAP sender", false}, parameter{"category", "query", "Only those of this CAP category, such as Met", false}),
		"GET /api/alerts/expiring": paged(),
		"GET /api/drafts": paged(stateOf("draft, submitted, returned, approved, released, rejected, withdrawn, lapsed"),
			parameter{"author", "query", "Only those whose present version this author wrote, by name", false}),
		"GET /api/inbox":     paged(stateOf("submitted, quarantined, released, dropped")),
		"GET /api/changes":   paged(stateOf("open, applied, withdrawn, lapsed, overtaken")),
		"GET /api/windows":   paged(stateOf("proposed, ahead, open, over, closed, lapsed, withdrawn, void")),
		"GET /api/gateways":  paged(),
		"GET /api/operators": paged(),
		"GET /api/tokens":    paged(),
		"GET /api/sirens": paged(parameter{"state", "query", "on or off; all when left out", false}, parameter{"group", "query", "Only those of this group", false},
			parameter{"gateway", "query", "Only those that hang on this gateway", false}),
		"GET /api/units": paged(parameter{"parent", "query", "Only those below the unit of this code", false}),
		"GET /api/drafts/{id}/confirmation": {{"lang", "query", "en or zh; en when left out", false},
			{"operator", "query", "Who will sign, by name; the caller when left out. The challenge is for nobody else", false}},
		"GET /api/alerts/{id}/countersign": {{"lang", "query", "en or zh; en when left out", false},
			{"operator", "query", "Who will sign, by name; the caller when left out. The challenge is for nobody else", false}},
		"GET /api/deadletters": paged(parameter{"alert", "query", "Only those of this alert", false},
			parameter{"all", "query", "true: also those that were put back", false}),
		"GET /api/journal": paged(parameter{"subject", "query", "Only what was done to this, such as alert/ID", false},
			parameter{"actor", "query", "Only what this actor did, by name", false}, parameter{"verb", "query", "Only this verb", false}),
		"GET /api/alerts/{id}/report": {{"part", "query", "summary, areas, failures or unreached", false}, {"format", "query", "json, csv or xlsx", false},
			{"limit", "query", "With part=unreached in JSON: page by page, so many entries, 1 to 1000; the whole list when neither this nor after is given", true},
			{"after", "query", "A cursor: go on behind the last entry of the page before. The header Link of that page (rel=\"next\") has it", false}},
		"POST /api/inbox": {{"source", "query", "The name of the source (inbox.sources)", false}},
	}
}
