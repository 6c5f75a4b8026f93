package pages

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"tocsin/alerting/audience"
	"tocsin/alerting/console"
	"tocsin/alerting/login"
)

func (p *Pages) officeAccountRoutes() []route {
	return []route{
		{pattern: "GET /office/accounts", answer: accountsPage},
		{pattern: "POST /office/accounts", answer: createAccount},
		{pattern: "GET /office/accounts/{name}", answer: accountPageOf},
		{pattern: "POST /office/accounts/{name}/roles", answer: setRoles},
		{pattern: "POST /office/accounts/{name}/state", answer: setAccountState},
		{pattern: "POST /office/accounts/{name}/link", answer: newAccountLink},
	}
}

// accountsForm is the list of accounts, with the form that makes one.
type accountsForm struct {
	All     []login.Account
	Name    *Field
	Rows    []roleRow
	Units   []Option
	Problem string
}

// roleRow chooses a role in a unit. Several rows are sent under the same names.
type roleRow struct {
	N    int
	Role string
	Unit string
}

// spareRows is how many more roles a form can take at once than there are.
const spareRows = 2

// rowsOf are the roles that somebody has, and empty rows.
func rowsOf(grants []login.Grant) []roleRow {
	var out []roleRow
	for _, g := range grants {
		out = append(out, roleRow{len(out) + 1, string(g.Role), g.Unit})
	}
	for range spareRows {
		out = append(out, roleRow{N: len(out) + 1})
	}
	return out
}

// grantsOf reads the rows of a form; a row without a role is none.
func grantsOf(form url.Values) []login.Grant {
	out := []login.Grant{}
	for i, role := range form["role"] {
		g := login.Grant{Role: login.Role(role)}
		if i < len(form["unit"]) {
			g.Unit = form["unit"][i]
		}
		if role != "" && !slices.Contains(out, g) {
			out = append(out, g)
		}
	}
	return out
}

// AllRoles are what a row may choose.
func (q *request) AllRoles() []login.Role { return login.Roles() }

// mostUnitChoices is how many units a choice offers; others are typed at the command line.
const mostUnitChoices = 1000

// unitChoices are the units as options, the whole office first.
func (q *request) unitChoices() ([]Option, error) {
	out := []Option{{Label: q.T("office.whole")}}
	var all []audience.UnitLine
	err := q.get("/api/units?limit=1000", &all)
	if problem := (*Problem)(nil); errors.As(err, &problem) && problem.Status != http.StatusServiceUnavailable {
		return out, nil // who may not read units names none
	}
	for _, u := range all[:min(len(all), mostUnitChoices)] {
		out = append(out, Option{Value: u.Code, Label: u.Name + " (" + u.Code + ")"})
	}
	return out, err
}

func newAccountsForm(q *request) (*accountsForm, error) {
	f := &accountsForm{Rows: rowsOf(grantsOf(q.r.PostForm)), Name: &Field{Name: "name", Label: q.T("office.account.name"), Hint: q.T("office.account.name.hint"), Required: true, Max: 100, Value: q.r.PostFormValue("name"), Autocomplete: "off"}}
	err := q.get("/api/accounts", &f.All)
	if err == nil {
		f.Units, err = q.unitChoices()
	}
	return f, err
}

func accountsPage(q *request) error {
	f, err := newAccountsForm(q)
	if err != nil {
		return err
	}
	return q.show("office/accounts", q.T("office.accounts"), f)
}

// shownLink is a one-time link, which is shown once.
type shownLink struct {
	Name string
	console.Link
}

func createAccount(q *request) error {
	l := shownLink{Name: q.form("name")}
	err := q.post("/api/accounts", map[string]any{"name": l.Name, "roles": grantsOf(q.r.PostForm)}, &l.Link)
	if problem := (*Problem)(nil); errors.As(err, &problem) {
		f, err := newAccountsForm(q)
		if err != nil {
			return err
		}
		f.Problem = problem.Detail
		return q.showAs(problem.Status, "office/accounts", q.T("office.accounts"), f)
	}
	if err != nil {
		return err
	}
	return q.show("office/link", q.T("office.account.link", l.Name), l)
}

// accountForm is one account.
type accountForm struct {
	login.Account
	Rows    []roleRow
	Units   []Option
	Problem string
	// Change is set when new roles wait for a second signature.
	Change string
}

func newAccountForm(q *request) (*accountForm, error) {
	var all []login.Account
	if err := q.get("/api/accounts", &all); err != nil {
		return nil, err
	}
	name := q.r.PathValue("name")
	i := slices.IndexFunc(all, func(a login.Account) bool { return a.Name == name })
	if i < 0 {
		return nil, &Problem{Status: http.StatusNotFound, Title: q.T("office.account.none"), Detail: name}
	}
	units, err := q.unitChoices()
	return &accountForm{Account: all[i], Rows: rowsOf(all[i].Roles), Units: units, Change: q.Query("change")}, err
}

func accountPageOf(q *request) error {
	f, err := newAccountForm(q)
	if err != nil {
		return err
	}
	return q.show("office/account", f.Name, f)
}

// refuseOne shows an account again with why an act was not done, and with what was chosen.
func refuseOne(q *request, err error) error {
	problem := (*Problem)(nil)
	if !errors.As(err, &problem) {
		return err
	}
	f, err := newAccountForm(q)
	if err != nil {
		return err
	}
	f.Problem = problem.Detail
	if len(q.r.PostForm["role"]) > 0 {
		f.Rows = rowsOf(grantsOf(q.r.PostForm))
	}
	return q.showAs(problem.Status, "office/account", f.Name, f)
}

// ofAccount is a path of an account: of the API below /api/accounts/, of ours below /office/accounts/.
func (q *request) ofAccount(below, act string) string {
	path := below + "/accounts/" + url.PathEscape(q.r.PathValue("name"))
	if act != "" {
		path += "/" + act
	}
	return path
}

func setRoles(q *request) error {
	var a console.Account
	_, err := q.ask(call{method: http.MethodPut, path: q.ofAccount("/api", "roles"), body: map[string]any{"roles": grantsOf(q.r.PostForm)}}, &a)
	switch {
	case err != nil:
		return refuseOne(q, err)
	case a.Change != nil:
		return q.goTo(q.ofAccount("/office", "")+"?change="+url.QueryEscape(a.Change.ID), "")
	}
	return q.goTo(q.ofAccount("/office", ""), "office.roles")
}

func setAccountState(q *request) error {
	disabled := q.form("disabled") == "yes"
	if _, err := q.ask(call{method: http.MethodPut, path: q.ofAccount("/api", "state"), body: map[string]bool{"disabled": disabled}}, nil); err != nil {
		return refuseOne(q, err)
	}
	if disabled {
		return q.goTo(q.ofAccount("/office", ""), "office.closed")
	}
	return q.goTo(q.ofAccount("/office", ""), "office.opened")
}

func newAccountLink(q *request) error {
	l := shownLink{Name: q.r.PathValue("name")}
	if err := q.post(q.ofAccount("/api", "link"), nil, &l.Link); err != nil {
		return refuseOne(q, err)
	}
	return q.show("office/link", q.T("office.account.link", l.Name), l)
}
