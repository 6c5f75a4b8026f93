package console

import (
	"slices"

	"tocsin/alerting"
	"tocsin/alerting/audience"
	"tocsin/alerting/desk"
	"tocsin/alerting/inbox"
	"tocsin/alerting/report"
	"tocsin/cap"
)

// route is one thing that can be asked of the API, and the right that it takes.
type route struct {
	pattern string
	right   Right
	answer  handler
	// about says in a line what it does.
	about string
	// takes and gives are a value of the type of the JSON body, or a media type; nil for no body. status is that of success.
	takes, gives any
	status       int
}

// media is a body that is no JSON of a known type.
type media string

const (
	capDocument media = "application/cap+xml"
	csvMedia    media = "text/csv"
	linesMedia  media = "application/x-ndjson"
	eventMedia  media = "text/event-stream"
	jsonMedia   media = "application/json"
	htmlMedia   media = "text/html"
	anyMedia    media = "*/*"

	// csvOrGeoJSON are two; the Content-Type says which.
	csvOrGeoJSON media = csvMedia + ", " + geoJSONMedia
	geoJSONMedia media = "application/geo+json"
)

// routes are all that there is: nothing is answered that does not stand here, with the right that it takes.
func (c *Console) routes() []route {
	all := slices.Concat(c.alertRoutes(), c.draftRoutes(), c.confirmationRoutes(), c.passwordRoutes(), c.standingRoutes(), c.windowRoutes(), c.templateRoutes(), c.inboxRoutes(),
		c.changeRoutes(), c.gatewayRoutes(), c.journalRoutes(), c.storeRoutes(), c.importRoutes(), c.shapeRoutes(), c.settingRoutes(), c.loginRoutes(), c.oidcRoutes(), c.accountRoutes())
	return append(all, c.inWorlds(all)...)
}

// alertRoutes issue and stop alerts, and say what became of them.
func (c *Console) alertRoutes() []route {
	return []route{
		{"POST /api/alerts", MayIssue, c.issue, "Issue a CAP document; where the office demands approvals it is submitted as a draft. " + filledHeader + " names the template that it was filled from", capDocument, answer{}, 202},
		{"POST /api/alerts/dry-run", MayRead, c.inTurn(c.dryRun), "Who would get what, in which words, at what cost; nothing is issued", capDocument, report.DryRun{}, 200},
		{"POST /api/alerts/read", MayRead, c.inTurn(c.read), "What a document that somebody else wrote is worth", capDocument, Reading{}, 200},
		{"GET /api/alerts", MayRead, c.inTurn(c.list), "The alerts, the latest first; ?q=, ?from=, ?to=, ?status=, ?severity=, ?sender= and ?category= pick", nil, []report.Listing{}, 200},
		{"GET /api/alerts/{id}", MayRead, c.inTurn(c.status), "How an alert stands", nil, report.Status{}, 200},
		{"GET /api/alerts/{id}/events", MayRead, c.events, "The same as a stream of events, until nothing can change any more", nil, eventMedia, 200},
		{"GET /api/alerts/{id}/document", MayRead, c.inTurn(c.document), "The CAP document, byte for byte as it was issued", nil, capDocument, 200},
		{"GET /api/alerts/{id}/explain/{who}", MayRead, c.inTurn(c.explain), "What became of one person or siren, and why", nil, report.Explanation{}, 200},
		{"GET /api/alerts/{id}/report", MayRead, c.inTurn(c.report), "What an alert came to, as JSON, CSV or workbook", nil, anyMedia, 200},
		{"POST /api/alerts/{id}/update", MayIssue, c.follow, "Issue a document as the update of an alert; the desk writes its references", capDocument, answer{}, 202},
		{"POST /api/alerts/{id}/template-update", MayIssue, c.refill, "Issue the update of an alert from its template; values that are not named stay as they were", templateChange{}, answer{}, 202},
		{"POST /api/alerts/{id}/cancel", MayCancel, c.cancel, "Stop an alert, and tell everybody who was told; takes one person", cancelNote{}, answer{}, 202},
		{"POST /api/alerts/{id}/all-clear", MayIssue, c.allClear, "Say that the danger of an alert is over, to everybody who was told; goes the way of an update", cancelNote{}, answer{}, 202},
		{"GET /api/alerts/{id}/timeline", MayRead, c.inTurn(c.timeline), "All that happened to an alert, in its order: who wrote, signed and issued it, hand-overs by channel, and its end", nil, []report.Moment{}, 200},
		{"GET /api/alerts/{id}/endings", MayRead, c.inTurn(c.endings), "What a cancel and an all-clear of an alert would say; nothing is issued", nil, Endings{}, 200},
		{"GET /api/alerts/expiring", MayRead, c.inTurn(c.expiring), "Alerts that end soon, and that nobody has answered for", nil, []desk.Asked{}, 200},
		{"POST /api/alerts/{id}/extend", MayIssue, c.extend, "Issue an alert again, with the same words, to end later", extension{}, answer{}, 202},
		{"POST /api/alerts/{id}/lapse", MayCancel, c.lapse, "Answer that an alert may end as it says", nil, nil, 204},
		{"POST /api/alerts/{id}/proceed", MayApprove, c.proceed, "Let an alert go on that is held back", nil, nil, 204},
	}
}

// draftRoutes lead to an alert being issued, and say who may sign it. A token only opens the door: what counts is the
// signatures.
func (c *Console) draftRoutes() []route {
	return []route{
		{"POST /api/drafts", MayIssue, c.draft, "Keep a document that is being written; Idempotency-Key names the request, " + filledHeader + " the template", capDocument, desk.Draft{}, 201},
		{"GET /api/drafts", MayRead, c.inTurn(c.drafts), "The drafts, the latest changed first", nil, []desk.Draft{}, 200},
		{"GET /api/drafts/{id}", MayRead, c.inTurn(c.draftAt), "A draft with what it lacks", nil, desk.Draft{}, 200},
		{"PUT /api/drafts/{id}", MayIssue, c.amend, "Put a new version in the place of the one that If-Match names. " + AutosaveHeader + ": 1 says that a form saves by itself: the list then has one version for a sitting", capDocument, desk.Draft{}, 200},
		{"GET /api/drafts/{id}/versions", MayRead, c.inTurn(c.versions), "The versions of a draft, the newest first", nil, []desk.Version{}, 200},
		{"GET /api/drafts/{id}/versions/{version}", MayRead, c.inTurn(c.versionDocument), "The document of one version, byte for byte", nil, capDocument, 200},
		{"GET /api/drafts/{id}/changes", MayRead, c.inTurn(c.draftChanges), "In what the present version differs from an earlier one, element by element", nil, []cap.Change{}, 200},
		{"POST /api/drafts/{id}/submit", MayIssue, c.acts(c.submitDraft), "Freeze a draft, count whom it reaches, and ask for approval", draftAct{}, desk.Draft{}, 200},
		{"POST /api/drafts/{id}/withdraw", MayIssue, c.acts(c.withdrawDraft), "Take a draft back that was not released yet", draftAct{}, desk.Draft{}, 200},
		{"POST /api/drafts/{id}/sign", MaySign, c.acts(c.signDraft), "Put an operator's signature on a submitted draft", draftAct{}, desk.Draft{}, 200},
		{"POST /api/drafts/{id}/return", MayApprove, c.acts(c.returnDraft), "Give a submitted draft back to its author, for a reason", draftAct{}, desk.Draft{}, 200},
		{"POST /api/drafts/{id}/reject", MayApprove, c.acts(c.rejectDraft), "End a submitted draft that must not go out, for a reason", draftAct{}, desk.Draft{}, 200},
		{"GET /api/operators", MayRead, c.inTurn(c.operators), "Whose signatures count", nil, []Operator{}, 200},
		{"POST /api/operators", MayEnrol, c.enrol, "Make a key known that two administrators have signed", alerting.Enrolment{}, nil, 204},
		{"POST /api/operators/revoke", MayEnrol, c.revoke, "Make a key unknown that two administrators, or its owner, have signed away", alerting.Revocation{}, nil, 204},
	}
}

// passwordRoutes are what is done with a password. All of it wants the right to write or to approve: who has neither cannot guess.
func (c *Console) passwordRoutes() []route {
	return []route{
		{"POST /api/operators/password-keys", MaySign, c.makePasswordKey, "Make a key that the office keeps under an operator's password", typed{}, PasswordKey{}, 201},
		{"POST /api/operators/password", MaySign, c.changePassword, "Put a key under another password", typed{}, nil, 204},
		{"POST /api/drafts/{id}/sign-with-password", MaySign, c.signWithPassword, "Sign a submitted draft with the key under a password", typed{}, desk.Draft{}, 200},
	}
}

// templateRoutes are warnings that were written in quiet hours. Filling one issues nothing.
func (c *Console) templateRoutes() []route {
	return []route{
		{"GET /api/templates", MayRead, c.inTurn(c.templates), "The templates, and the files that are none", nil, PreparedList{}, 200},
		{"GET /api/templates/{id}", MayRead, c.inTurn(c.template), "A template with its slots", nil, jsonMedia, 200},
		{"POST /api/templates/{id}/fill", MayRead, c.inTurn(c.fillTemplate), "Fill a template; nothing is issued. filled is for the header " + filledHeader + " of what issues the document", jsonMedia, jsonMedia, 200},
	}
}

// inboxRoutes are what partners sent.
func (c *Console) inboxRoutes() []route {
	return []route{
		{"POST /api/inbox", MayImport, c.withInbox(c.takeIn), "Take in a document of the source that ?source= names", capDocument, inbox.Letter{}, 201},
		{"GET /api/inbox", MayRead, c.inTurn(c.withInbox(c.inbox)), "What came in, and what became of it", nil, []inbox.Letter{}, 200},
		{"GET /api/inbox/{id}", MayRead, c.inTurn(c.withInbox(c.inboxLetter)), "One letter, with its document", nil, inbox.Letter{}, 200},
		{"POST /api/inbox/{id}/release", MayIssue, c.withInbox(c.releaseLetter), "Take a letter out of quarantine, as a draft", because{}, inbox.Letter{}, 200},
		{"POST /api/inbox/{id}/drop", MayIssue, c.withInbox(c.dropLetter), "End a letter in quarantine", because{}, inbox.Letter{}, 200},
	}
}

// storeRoutes are the rest: dead letters, and who may be warned.
func (c *Console) storeRoutes() []route {
	return []route{
		{"GET /api/deadletters", MayRead, c.inTurn(c.letters), "Records that nobody could use", nil, []report.Letter{}, 200},
		{"GET /api/deadletters/{topic}/{partition}/{offset}", MayRead, c.inTurn(c.letter), "One of them", nil, report.Letter{}, 200},
		{"POST /api/deadletters/{topic}/{partition}/{offset}/redrive", MayRedrive, c.redrive, "Put one back", nil, report.Letter{}, 200},
		{"POST /api/people", MayImport, c.imports("people", c.People), "Import people (CSV); progress and result come as JSON lines", csvMedia, linesMedia, 200},
		{"POST /api/sirens", MayImport, c.importsSirens, "Import sirens (CSV); where the office demands approvals this proposes a change", csvMedia, linesMedia, 200},
		{"GET /api/sirens", MayRead, c.inTurn(c.sirens), "The sirens with their state, and when each was last heard from; without how they are reached", nil, []Siren{}, 200},
		{"POST /api/units", MayImport, c.importUnits(), "Import administrative units: as CSV, or with their outlines as GeoJSON", csvOrGeoJSON, linesMedia, 200},
		{"GET /api/units", MayRead, c.inTurn(c.units), "The administrative units, or those below ?parent=", nil, []audience.UnitLine{}, 200},
	}
}
