package pages

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"tocsin/alerting/console"
	"tocsin/alerting/desk"
)

func (p *Pages) loginRoutes() []route {
	return []route{
		{pattern: "GET /login", answer: loginPage, open: true},
		{pattern: "POST /login", answer: logIn, open: true},
		{pattern: "POST /login/again", answer: sendAgain},
		{pattern: "POST /logout", answer: logOut},
		{pattern: "POST /language", answer: chooseLanguage, open: true},
		{pattern: "POST /unit", answer: chooseUnit},
	}
}

// loginForm is the page of the login. Held is a form that somebody sent whose session was over: it waits until he is back.
type loginForm struct {
	Name, Password, Code *Field
	Next                 string
	Held                 string
	Problem              string
	// OIDC is the name of the provider where people may log in too.
	OIDC string
}

func newLoginForm(q *request) *loginForm {
	return &loginForm{OIDC: q.p.OIDC, Next: ownPath(q.form("next")), Held: q.r.PostFormValue("held"),
		Name:     &Field{Name: "name", Label: q.T("login.name"), Required: true, Autocomplete: "username", Value: q.form("name"), Autofocus: true},
		Password: &Field{Name: "password", Label: q.T("login.password"), Type: "password", Required: true, Autocomplete: "current-password"},
		Code:     &Field{Name: "code", Label: q.T("login.code"), Hint: q.T("login.code.hint"), Autocomplete: "one-time-code", Mode: "numeric", Max: 10},
	}
}

// ownPath is a path of ours to go on to; anything else leads home.
func ownPath(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.Contains(path, "\\") {
		return "/"
	}
	return path
}

func loginPage(q *request) error {
	if q.Me != nil {
		return q.goTo(ownPath(q.form("next")), "")
	}
	return q.show("login/login", q.T("login.title"), newLoginForm(q))
}

// logIn asks for a session, and then goes on to where somebody was; what he had sent is shown to him to be sent again.
func logIn(q *request) error {
	form := newLoginForm(q)
	header, err := q.ask(call{method: http.MethodPost, path: "/api/login", body: map[string]any{
		"name": q.form("name"), "password": q.r.PostFormValue("password"), "code": strings.ReplaceAll(q.form("code"), " ", ""), "cookie": true}}, nil)
	var problem *Problem
	switch {
	case errors.As(err, &problem):
		form.Problem = problem.Detail
		q.comeAgain(problem)
		return q.showAs(problem.Status, "login/login", q.T("login.title"), form)
	case err != nil:
		return err
	}
	q.keepCookies(header)
	if form.Held != "" {
		return q.show("login/again", q.T("login.again"), heldFrom(form.Next, form.Held))
	}
	return q.goTo(form.Next, "")
}

// sendAgain shows a form that waited for a login which a script did: with a passkey.
func sendAgain(q *request) error {
	return q.show("login/again", q.T("login.again"), heldFrom(ownPath(q.form("next")), q.r.PostFormValue("held")))
}

// keepCookies passes the cookies of the API's answer on: a session begins or ends.
func (q *request) keepCookies(header http.Header) {
	for _, cookie := range header.Values("Set-Cookie") {
		q.w.Header().Add("Set-Cookie", cookie)
	}
}

func logOut(q *request) error {
	header, err := q.ask(call{method: http.MethodPost, path: "/api/logout"}, nil)
	if err != nil {
		return err
	}
	q.keepCookies(header)
	return q.goTo("/login", "login.out")
}

// logInFirst leads to the login. What a form brought is kept in the page, all but passwords, so that nothing typed is lost.
func (q *request) logInFirst() error {
	if q.r.Method != http.MethodPost {
		return q.goTo("/login?next="+url.QueryEscape(q.Path()), "")
	}
	form := newLoginForm(q)
	form.Next, form.Problem, form.Name.Value = q.Path(), q.T("login.over"), ""
	kept := url.Values{}
	for name, v := range q.r.PostForm {
		if !strings.Contains(name, "password") && name != "code" {
			kept[name] = v
		}
	}
	form.Held = kept.Encode()
	return q.showAs(http.StatusUnauthorized, "login/login", q.T("login.title"), form)
}

// held is a form to be sent once more.
type held struct {
	Action string
	Fields []Option
}

func heldFrom(action, text string) held {
	h := held{Action: ownPath(action)}
	values, _ := url.ParseQuery(text) // we wrote it; what was changed on the way is left out, and the form says so by what it lacks
	for _, name := range slices.Sorted(maps.Keys(values)) {
		for _, v := range values[name] {
			h.Fields = append(h.Fields, Option{Value: v, Label: name})
		}
	}
	return h
}

func chooseLanguage(q *request) error {
	if lang := q.form("lang"); slices.Contains(desk.Languages(), lang) {
		q.p.remember(q.w, console.LanguageCookie, lang)
	}
	return q.goTo(ownPath(q.form("next")), "")
}

func chooseUnit(q *request) error {
	q.p.remember(q.w, unitCookie, url.QueryEscape(q.form("unit")))
	return q.goTo(ownPath(q.form("next")), "")
}
