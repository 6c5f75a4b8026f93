package pages

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"tocsin/alerting/approval"
	"tocsin/alerting/console"
	"tocsin/alerting/login"
)

// accountRoutes are what somebody does with his own account.
func (p *Pages) accountRoutes() []route {
	return []route{
		{pattern: "GET /account", answer: account},
		{pattern: "POST /account/password", answer: changePassword},
		{pattern: "POST /account/authenticator", answer: newTOTP},
		{pattern: "POST /account/authenticator/confirm", answer: confirmTOTP},
		{pattern: "POST /account/passkeys/remove", answer: removePasskey},
		{pattern: "POST /account/key", answer: makeOwnKey},
		{pattern: "POST /account/key/password", answer: changeKeyPassword},
	}
}

// accountPage is who somebody is, with a form for each act. Problem is why the one of the name Refused was not done.
type accountPage struct {
	Units []unitRights
	// Unit chooses the one that he acts for; nil where there is no choice.
	Unit *Field
	// Old and New change the password, TOTP asks for it before another authenticator is made.
	Old, New, Again, TOTP *Field
	Label, PasskeyTOTP    *Field
	Keys                  []console.Operator
	Signing               bool
	KeyPassword, KeyAgain *Field
	KeyOld, KeyNew        *Field
	Refused, Problem      string
	Made                  *console.PasswordKey
}

// unitRights is what somebody may do in a unit, and as what.
type unitRights struct {
	Unit   string
	Roles  []login.Role
	Rights []console.Right
}

func newAccountPage(q *request) (*accountPage, error) {
	secret := func(name, label, auto string) *Field {
		return &Field{Name: name, Label: q.T("account." + label), Type: "password", Required: true, Autocomplete: auto}
	}
	const now, next = "current-password", "new-password"
	a := &accountPage{Old: secret("old_password", "old", now), New: secret("new_password", "new", next), Again: secret("again_password", "again", next),
		TOTP: secret("totp_password", "old", now), PasskeyTOTP: secret("passkey_password", "old", now),
		Label:       &Field{Name: "label", Label: q.T("account.passkey.label"), Hint: q.T("account.passkey.label.hint"), Required: true, Max: 60},
		KeyPassword: secret("key_password", "key.password", next), KeyAgain: secret("key_again_password", "key.again", next),
		KeyOld: secret("key_old_password", "key.old", now), KeyNew: secret("key_new_password", "key.password", next)}
	a.New.Hint, a.KeyPassword.Hint = q.T("setup.password.hint"), q.T("account.key.password.hint")
	for _, unit := range slices.Sorted(maps.Keys(q.Me.Rights)) {
		u := unitRights{Unit: unit, Rights: q.Me.Rights[unit]}
		for _, g := range q.Me.Roles {
			if g.Unit == unit {
				u.Roles = append(u.Roles, g.Role)
			}
		}
		a.Units = append(a.Units, u)
	}
	a.Unit = q.unitField(a.Units)
	return a, a.readKeys(q)
}

// unitField chooses the unit that somebody acts for, where he has rights in several.
func (q *request) unitField(all []unitRights) *Field {
	if len(all) < 2 && q.unit == "" {
		return nil
	}
	f := &Field{Name: "unit", Label: q.T("account.unit"), Hint: q.T("account.unit.hint"), Type: "select", Value: q.unit, Options: []Option{{Label: q.T("account.unit.any")}}}
	for _, u := range all {
		if u.Unit != "" {
			f.Options = append(f.Options, Option{Value: u.Unit, Label: u.Unit})
		}
	}
	if !slices.ContainsFunc(f.Options, func(o Option) bool { return o.Value == q.unit }) {
		f.Options = append(f.Options, Option{Value: q.unit, Label: q.unit})
	}
	return f
}

// readKeys finds the keys of whoever looks that are enrolled. Where the office demands no signatures there are none, and nothing to make.
func (a *accountPage) readKeys(q *request) error {
	if a.Signing = q.May("issue") || q.May("approve"); !a.Signing {
		return nil
	}
	for path := "/api/operators?limit=1000"; path != ""; {
		var all []console.Operator
		header, err := q.ask(call{method: http.MethodGet, path: path}, &all)
		if problem := (*Problem)(nil); errors.As(err, &problem) && problem.Status != http.StatusServiceUnavailable {
			a.Signing = false
			return nil
		}
		if err != nil {
			return err
		}
		for _, o := range all {
			if o.Name == q.Me.Name {
				a.Keys = append(a.Keys, o)
			}
		}
		path = nextOf(header)
	}
	return nil
}

// ByPassword reports whether one of the keys lies at the office under a password.
func (a *accountPage) ByPassword() bool {
	return slices.ContainsFunc(a.Keys, func(o console.Operator) bool { return o.Kind == approval.Password })
}

func account(q *request) error {
	a, err := newAccountPage(q)
	if err != nil {
		return err
	}
	return q.show("account/account", q.T("account.title"), a)
}

// refuseAccount shows the page again with why an act was not done, beside its form; what is no refusal is given back.
func refuseAccount(q *request, act string, err error) error {
	problem := (*Problem)(nil)
	if !errors.As(err, &problem) {
		return err
	}
	a, err := newAccountPage(q)
	if err != nil {
		return err
	}
	a.Refused, a.Problem = act, problem.Detail
	return q.showAs(problem.Status, "account/account", q.T("account.title"), a)
}

// differ is the refusal of a password that was typed otherwise the second time.
func (q *request) differ() error {
	return &Problem{Status: http.StatusBadRequest, Title: q.T("setup.differ"), Detail: q.T("setup.differ")}
}

func changePassword(q *request) error {
	next := q.r.PostFormValue("new_password")
	if next != q.r.PostFormValue("again_password") {
		return refuseAccount(q, "password", q.differ())
	}
	header, err := q.ask(call{method: http.MethodPut, path: "/api/me/password", body: map[string]string{"old": q.r.PostFormValue("old_password"), "new": next}}, nil)
	if err != nil {
		return refuseAccount(q, "password", err)
	}
	q.keepCookies(header)
	return q.goTo("/account", "account.password")
}

// newTOTP asks for the secret of another authenticator, and shows it.
func newTOTP(q *request) error {
	var s login.Secret
	if err := q.post("/api/me/totp", map[string]string{"password": q.r.PostFormValue("totp_password")}, &s); err != nil {
		return refuseAccount(q, "totp", err)
	}
	s.Name = q.Me.Name
	a, err := newAuthenticator(q, s)
	if err != nil {
		return err
	}
	return q.show("account/secret", q.T("account.totp"), a)
}

func confirmTOTP(q *request) error {
	a, err := newAuthenticator(q, login.Secret{Name: q.Me.Name, Secret: q.form("secret"), URI: q.form("uri")})
	if err != nil {
		return err
	}
	header, err := q.ask(call{method: http.MethodPost, path: "/api/me/totp/confirm", body: map[string]string{"code": codeOf(q)}}, nil)
	if problem := (*Problem)(nil); errors.As(err, &problem) && problem.Status == http.StatusBadRequest {
		a.Problem = problem.Detail
		return q.showAs(problem.Status, "account/secret", q.T("account.totp"), a)
	}
	if err != nil {
		return err
	}
	q.keepCookies(header)
	return q.goTo("/account", "account.totp")
}

func removePasskey(q *request) error {
	if err := q.post("/api/me/passkeys/"+url.PathEscape(q.form("id"))+"/remove", nil, nil); err != nil {
		return refuseAccount(q, "passkeys", err)
	}
	return q.goTo("/account", "account.passkey_gone")
}

// KeyID is the id under which the key of a passkey is enrolled; empty when it is not, and the passkey logs in only.
func (a *accountPage) KeyID(p login.Passkey) string { return enrolledAs(a.Keys, p.Key) }

// enrolledAs is the id of a public key among those that are enrolled; empty when it is none of them.
func enrolledAs(all []console.Operator, key string) string {
	k, err := approval.ParseKey(key)
	if err == nil && slices.ContainsFunc(all, func(o console.Operator) bool { return o.KeyID == k.ID() }) {
		return k.ID()
	}
	return ""
}

// makeOwnKey has the office make a key and keep it under a password; it counts once two administrators have enrolled it.
func makeOwnKey(q *request) error {
	password := q.r.PostFormValue("key_password")
	if password != q.r.PostFormValue("key_again_password") {
		return refuseAccount(q, "key", q.differ())
	}
	made := new(console.PasswordKey)
	if err := q.post("/api/operators/password-keys", map[string]string{"operator": q.Me.Name, "password": password}, made); err != nil {
		return refuseAccount(q, "key", err)
	}
	a, err := newAccountPage(q)
	if err != nil {
		return err
	}
	a.Made = made
	return q.show("account/account", q.T("account.title"), a)
}

func changeKeyPassword(q *request) error {
	err := q.post("/api/operators/password", map[string]string{"operator": q.Me.Name, "old": q.r.PostFormValue("key_old_password"), "new": q.r.PostFormValue("key_new_password")}, nil)
	if err != nil {
		return refuseAccount(q, "key_password", err)
	}
	return q.goTo("/account", "account.key_password")
}
