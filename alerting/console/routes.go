package console

import "slices"

// route is one thing that can be asked of the API, and the right that it takes.
type route struct {
	pattern string
	right   Right
	answer  handler
}

// routes are all that there is: nothing is answered that does not stand here, with the right that it takes.
func (c *Console) routes() []route {
	return slices.Concat(c.alertRoutes(), c.draftRoutes(), c.templateRoutes(), c.storeRoutes())
}

// alertRoutes issue and stop alerts, and say what became of them.
func (c *Console) alertRoutes() []route {
	return []route{
		{"POST /api/alerts", MayIssue, c.issue},
		{"POST /api/alerts/dry-run", MayRead, c.inTurn(c.dryRun)},
		{"POST /api/alerts/read", MayRead, c.inTurn(c.read)},
		{"GET /api/alerts", MayRead, c.inTurn(c.list)},
		{"GET /api/alerts/{id}", MayRead, c.inTurn(c.status)},
		{"GET /api/alerts/{id}/events", MayRead, c.events},
		{"GET /api/alerts/{id}/document", MayRead, c.inTurn(c.document)},
		{"GET /api/alerts/{id}/explain/{who}", MayRead, c.inTurn(c.explain)},
		{"GET /api/alerts/{id}/report", MayRead, c.inTurn(c.report)},
		{"POST /api/alerts/{id}/update", MayIssue, c.follow},
		{"POST /api/alerts/{id}/cancel", MayCancel, c.cancel},
		{"GET /api/alerts/expiring", MayRead, c.inTurn(c.expiring)},
		{"POST /api/alerts/{id}/extend", MayIssue, c.extend},
		{"POST /api/alerts/{id}/lapse", MayCancel, c.lapse},
		{"POST /api/alerts/{id}/proceed", MayApprove, c.proceed},
	}
}

// draftRoutes lead to an alert being issued, and say who may sign it. A token only opens the door: what counts is the
// signatures.
func (c *Console) draftRoutes() []route {
	return []route{
		{"POST /api/drafts", MayIssue, c.draft},
		{"GET /api/drafts", MayRead, c.inTurn(c.drafts)},
		{"GET /api/drafts/{id}", MayRead, c.inTurn(c.draftAt)},
		{"PUT /api/drafts/{id}", MayIssue, c.amend},
		{"POST /api/drafts/{id}/submit", MayIssue, c.acts(c.submitDraft)},
		{"POST /api/drafts/{id}/withdraw", MayIssue, c.acts(c.withdrawDraft)},
		{"POST /api/drafts/{id}/sign", MayApprove, c.acts(c.signDraft)},
		{"POST /api/drafts/{id}/return", MayApprove, c.acts(c.returnDraft)},
		{"POST /api/drafts/{id}/reject", MayApprove, c.acts(c.rejectDraft)},
		{"GET /api/operators", MayRead, c.inTurn(c.operators)},
		{"POST /api/operators", MayApprove, c.enrol},
		{"POST /api/operators/revoke", MayApprove, c.revoke},
	}
}

// templateRoutes are warnings that were written in quiet hours. Filling one issues nothing.
func (c *Console) templateRoutes() []route {
	return []route{
		{"GET /api/templates", MayRead, c.inTurn(c.templates)},
		{"GET /api/templates/{id}", MayRead, c.inTurn(c.template)},
		{"POST /api/templates/{id}/fill", MayRead, c.inTurn(c.fillTemplate)},
	}
}

// storeRoutes are the rest: dead letters, and who may be warned.
func (c *Console) storeRoutes() []route {
	return []route{
		{"GET /api/deadletters", MayRead, c.inTurn(c.letters)},
		{"GET /api/deadletters/{topic}/{partition}/{offset}", MayRead, c.inTurn(c.letter)},
		{"POST /api/deadletters/{topic}/{partition}/{offset}/redrive", MayRedrive, c.redrive},
		{"POST /api/people", MayImport, c.imports("people", c.People)},
		{"POST /api/sirens", MayImport, c.imports("sirens", c.Sirens)},
		{"POST /api/units", MayImport, c.imports("units", c.Units)},
	}
}
