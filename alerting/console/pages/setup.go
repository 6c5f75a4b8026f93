package pages

import (
	"errors"
	"html/template"
	"net/http"
	"strings"

	"tocsin/alerting/login"
)

// setupRoutes use a one-time link up. The token of a link stands behind # in its address, which browsers send to nobody: a small module
// puts it into the field, and without JavaScript it is pasted.
func (p *Pages) setupRoutes() []route {
	return []route{
		{pattern: "GET /setup", answer: setupPage, open: true},
		{pattern: "POST /setup/begin", answer: beginSetup, open: true},
		{pattern: "POST /setup", answer: finishSetup, open: true},
	}
}

// setupForm is the first page: the link, and the name of a first administrator.
type setupForm struct {
	Link, Name *Field
	Problem    string
}

func newSetupForm(q *request) *setupForm {
	return &setupForm{
		Link: &Field{Name: "link", Label: q.T("setup.link"), Hint: q.T("setup.link.hint"), Required: true, Autocomplete: "off", Value: q.form("link"), Max: 500},
		Name: &Field{Name: "name", Label: q.T("setup.name"), Hint: q.T("setup.name.hint"), Autocomplete: "username", Value: q.form("name"), Max: 100},
	}
}

// linkToken takes the token out of a pasted link; the token alone is one too.
func linkToken(text string) string {
	if _, token, ok := strings.Cut(text, "#"); ok {
		return token
	}
	return text
}

// authenticator is a secret that an authenticator takes, with the form that shows that it did.
type authenticator struct {
	// Name is whose it is; Secret in groups of four, and URI what the QR code says.
	Name, Secret, URI string
	QR                template.HTML
	// Link is the token of the one-time link; empty on the page of the account.
	Link                  string
	Code, Password, Again *Field
	Problem               string
}

// newAuthenticator draws the page of a secret. A URI that is none of an authenticator is not drawn: it came with a form.
func newAuthenticator(q *request, s login.Secret) (*authenticator, error) {
	a := &authenticator{Name: s.Name, Secret: s.Secret, URI: s.URI,
		Code:     &Field{Name: "code", Label: q.T("login.code"), Hint: q.T("login.code.hint"), Required: true, Autocomplete: "one-time-code", Mode: "numeric", Max: 10},
		Password: &Field{Name: "password", Label: q.T("setup.password"), Hint: q.T("setup.password.hint"), Type: "password", Required: true, Autocomplete: "new-password"},
		Again:    &Field{Name: "password_again", Label: q.T("setup.again"), Type: "password", Required: true, Autocomplete: "new-password"}}
	if !strings.HasPrefix(s.URI, "otpauth://") {
		return nil, &Problem{Status: http.StatusBadRequest, Title: q.T("setup.broken"), Detail: q.T("setup.broken.detail")}
	}
	var err error
	a.QR, err = qrCode(s.URI, q.T("setup.qr"))
	return a, err
}

// Grouped is the secret in groups of four, for whoever types it.
func (a *authenticator) Grouped() string {
	var out []string
	for text := a.Secret; text != ""; {
		n := min(4, len(text))
		out, text = append(out, text[:n]), text[n:]
	}
	return strings.Join(out, " ")
}

func setupPage(q *request) error {
	return q.show("account/setup", q.T("setup.title"), newSetupForm(q))
}

// beginSetup asks for the secret of the authenticator, and shows it.
func beginSetup(q *request) error {
	token := linkToken(q.form("link"))
	var s login.Secret
	err := q.post("/api/setup/begin", map[string]string{"link": token, "name": q.form("name")}, &s)
	if problem := (*Problem)(nil); errors.As(err, &problem) {
		form := newSetupForm(q)
		form.Problem = problem.Detail
		return q.showAs(problem.Status, "account/setup", q.T("setup.title"), form)
	}
	if err != nil {
		return err
	}
	a, err := newAuthenticator(q, s)
	if err != nil {
		return err
	}
	a.Link = token
	return q.show("account/secret", q.T("setup.title"), a)
}

// finishSetup chooses the password, and a session begins. What the API refuses is shown with the same secret, which the authenticator has
// already; a link that is over, or another site's page, is answered without it.
func finishSetup(q *request) error {
	a, err := newAuthenticator(q, login.Secret{Name: q.form("name"), Secret: q.form("secret"), URI: q.form("uri")})
	if err != nil {
		return err
	}
	a.Link = q.form("link")
	password := q.r.PostFormValue("password")
	if password != q.r.PostFormValue("password_again") {
		a.Again.Said = wrongIn(q.T("setup.differ"))
		return q.showAs(http.StatusBadRequest, "account/secret", q.T("setup.title"), a)
	}
	header, err := q.ask(call{method: http.MethodPost, path: "/api/setup", body: map[string]any{
		"link": a.Link, "name": a.Name, "password": password, "code": codeOf(q), "cookie": true}}, nil)
	if problem := (*Problem)(nil); errors.As(err, &problem) && problem.Status == http.StatusBadRequest {
		a.Problem = problem.Detail
		return q.showAs(problem.Status, "account/secret", q.T("setup.title"), a)
	}
	if err != nil {
		return err
	}
	q.keepCookies(header)
	return q.goTo("/account", "account.ready")
}

// codeOf is the code of an authenticator as somebody typed it, without blanks.
func codeOf(q *request) string { return strings.ReplaceAll(q.form("code"), " ", "") }
