package pages

import (
	"slices"
	"strings"
)

// act is a route of the API with where people do it.
type act struct{ Route, About, Page, Command string }

// doneAt says where each act of the API is done: a page, or a command (it begins with "tocsin"). A test compares it with the routes that there
// are, so that none is forgotten.
func doneAt() map[string]string {
	const alert, draft, change, signin, window = "/actual/alerts", "/actual/drafts", "/office/changes", "/login", "/test/windows"
	return map[string]string{
		"POST /api/alerts": "/actual/compose", "POST /api/alerts/dry-run": "/actual/compose", "POST /api/alerts/read": "tocsin read FILE",
		"GET /api/alerts": alert, "GET /api/alerts/{id}": alert, "GET /api/alerts/{id}/events": alert, "GET /api/alerts/{id}/document": alert,
		"GET /api/alerts/{id}/explain/{who}": alert, "GET /api/alerts/{id}/report": alert, "POST /api/alerts/{id}/update": alert,
		"POST /api/alerts/{id}/template-update": "tocsin template update ALERT --set SLOT=VALUE", "POST /api/alerts/{id}/cancel": alert,
		"POST /api/alerts/{id}/all-clear": alert, "GET /api/alerts/expiring": "/actual/", "POST /api/alerts/{id}/extend": "/actual/",
		"POST /api/alerts/{id}/lapse": "/actual/", "POST /api/alerts/{id}/proceed": alert,
		"POST /api/drafts": "/actual/compose", "GET /api/drafts": draft, "GET /api/drafts/{id}": draft, "PUT /api/drafts/{id}": "/actual/compose",
		"POST /api/drafts/{id}/submit": draft, "POST /api/drafts/{id}/withdraw": draft, "POST /api/drafts/{id}/sign": draft, "POST /api/drafts/{id}/return": draft,
		"POST /api/drafts/{id}/reject": draft, "POST /api/drafts/{id}/sign-with-password": draft, "GET /api/drafts/{id}/confirmation": draft,
		"POST /api/drafts/{id}/release-under": "tocsin submit DRAFT --under STANDING --as NAME --key KEYFILE", "POST /api/drafts/{id}/release-under-with-password": "tocsin submit DRAFT --under STANDING --as NAME --password",
		"GET /api/countersigns": draft, "GET /api/alerts/{id}/countersign": draft, "POST /api/alerts/{id}/countersign": draft, "POST /api/alerts/{id}/countersign-with-password": draft,
		"GET /api/alerts/{id}/endings": alert, "GET /api/alerts/{id}/timeline": alert, "GET /api/drafts/{id}/changes": draft, "GET /api/drafts/{id}/versions": draft, "GET /api/drafts/{id}/versions/{version}": draft, "GET /api/readiness": "/actual/",
		"GET /api/worlds":    "/parts",
		"GET /api/operators": "/office/operators", "POST /api/operators": "tocsin operators enrol FILE", "POST /api/operators/revoke": "tocsin operators revoke FILE",
		"POST /api/operators/password-keys": "/account", "POST /api/operators/password": "/account",
		"GET /api/standings": "/office/standings", "POST /api/standings": "tocsin standing add FILE", "POST /api/standings/withdraw": "tocsin standing withdraw ID --as NAME --key KEYFILE --reason REASON",
		"GET /api/windows": window, "GET /api/windows/{id}": window, "POST /api/windows": "tocsin window open FILE", "POST /api/windows/propose": window,
		"POST /api/windows/{id}/sign": window, "POST /api/windows/{id}/sign-with-password": window, "POST /api/windows/{id}/close": window, "POST /api/windows/{id}/close-with-password": window,
		"GET /api/templates": "/office/templates", "GET /api/templates/{id}": "/office/templates", "POST /api/templates/{id}/fill": "/actual/compose",
		"POST /api/inbox": "tocsin inbox put FILE --source NAME", "GET /api/inbox": "/office/inbox", "GET /api/inbox/{id}": "/office/inbox",
		"POST /api/inbox/{id}/release": "/office/inbox", "POST /api/inbox/{id}/drop": "/office/inbox",
		"POST /api/changes": change, "GET /api/changes": change, "GET /api/changes/{id}": change, "GET /api/changes/{id}/body": change,
		"POST /api/changes/{id}/sign": change, "POST /api/changes/{id}/sign-with-password": change, "POST /api/changes/{id}/withdraw": change,
		"GET /api/gateways": "/office/gateways", "POST /api/gateways/{name}/rate": "/office/gateways", "POST /api/gateways/{name}/pause": "/office/gateways", "POST /api/gateways/{name}/resume": "/office/gateways",
		"GET /api/journal": "/office/audit", "GET /api/journal/verification": "/office/audit",
		"GET /api/deadletters": "/office/deadletters", "GET /api/deadletters/{topic}/{partition}/{offset}": "/office/deadletters",
		"POST /api/deadletters/{topic}/{partition}/{offset}/redrive": "/office/deadletters",
		"POST /api/people": "/office/people", "GET /api/sirens": "/office/sirens", "POST /api/sirens": "/office/sirens", "POST /api/units": "/office/units", "GET /api/units": "/office/units", "GET /api/units/outlines": "/actual/compose", "GET /api/imports": "/office/imports", "GET /api/imports/{id}": "/office/imports",
		"GET /api/policy": "/office/policy", "GET /api/tokens": "/office/tokens",
		"POST /api/login": signin, "POST /api/login/passkey/begin": signin, "POST /api/login/passkey": signin, "GET /api/login/oidc": signin, "GET /api/login/oidc/callback": signin,
		"POST /api/setup/begin": "/setup", "POST /api/setup": "/setup", "POST /api/logout": "/account", "GET /api/me": "/account", "PUT /api/me/password": "/account",
		"POST /api/me/totp": "/account", "POST /api/me/totp/confirm": "/account", "POST /api/me/passkeys/begin": "/account", "POST /api/me/passkeys": "/account",
		"POST /api/me/passkeys/{id}/remove": "/account",
		"GET /api/accounts":                 "/office/accounts", "POST /api/accounts": "/office/accounts", "PUT /api/accounts/{name}/roles": "/office/accounts", "PUT /api/accounts/{name}/state": "/office/accounts", "POST /api/accounts/{name}/link": "/office/accounts",
	}
}

// described is what the description of the API says of its operations, by path and method.
type described struct {
	Paths map[string]map[string]struct {
		Summary string `json:"summary"`
	} `json:"paths"`
}

// acts are all routes of the API, in order; those of the worlds are done at the same places as the others.
func (d *described) acts() []act {
	var out []act
	places := doneAt()
	for path, item := range d.Paths {
		if ofWorld(path) {
			continue
		}
		for method, op := range item {
			a := act{Route: strings.ToUpper(method) + " " + path, About: op.Summary}
			if at := places[a.Route]; strings.HasPrefix(at, "/") {
				a.Page = at
			} else {
				a.Command = at
			}
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b act) int {
		_, x, _ := strings.Cut(a.Route, " ")
		_, y, _ := strings.Cut(b.Route, " ")
		return strings.Compare(x+a.Route, y+b.Route)
	})
	return out
}

// ofWorld reports whether a path of the API is one of a world: /api/exercise/alerts.
func ofWorld(path string) bool {
	return slices.ContainsFunc(worlds(), func(w string) bool { return strings.HasPrefix(path, "/api/"+w+"/") })
}

// Reaches reports whether whoever looks may open a page of the office.
func (q *request) Reaches(page string) bool {
	if page == "/office/imports" {
		page = "/office/people" // from where it is reached
	}
	for _, at := range officePlaces() {
		if page == "/office/"+at.path {
			return q.May(at.right)
		}
	}
	return true
}

func acts(q *request) error {
	var d described
	if err := q.get("/api/openapi.json", &d); err != nil {
		return err
	}
	return q.show("office/acts", q.T("office.acts"), d.acts())
}
