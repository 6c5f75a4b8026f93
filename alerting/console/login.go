package console

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/login"
)

// loginRoutes are how people log in, and what they do with their own account.
func (c *Console) loginRoutes() []route {
	return []route{
		{"POST /api/login", Anyone, c.withLogin(c.logIn), "Log in with a password and the code of an authenticator", credentials{}, login.Opened{}, 200},
		{"POST /api/login/passkey/begin", Anyone, c.withLogin(c.beginPasskey), "A challenge for a passkey", nil, login.Challenge{}, 200},
		{"POST /api/login/passkey", Anyone, c.withLogin(c.logInByPasskey), "Log in with a passkey", passkeyAnswer{}, login.Opened{}, 200},
		{"POST /api/setup/begin", Anyone, c.withLogin(c.beginSetup), "The secret for the authenticator of whoever has a one-time link", setupBegun{}, login.Secret{}, 200},
		{"POST /api/setup", Anyone, c.withLogin(c.setUp), "Use a one-time link up: password and authenticator are set, and a session begins", setupDone{}, login.Opened{}, 200},
		{"POST /api/logout", Known, c.withLogin(c.logOut), "End the session", nil, nil, 204},
		{"GET /api/me", Known, c.me, "Who asks, and what he may do in which unit", nil, Me{}, 200},
		{"PUT /api/me/password", Known, c.withLogin(c.ownPassword), "Change the password; all sessions end, and one begins", newPassword{}, login.Opened{}, 200},
		{"POST /api/me/totp", Known, c.withLogin(c.beginTOTP), "The secret for another authenticator", justPassword{}, login.Secret{}, 200},
		{"POST /api/me/totp/confirm", Known, c.withLogin(c.confirmTOTP), "Show that the new authenticator works; the old one counts no more", justCode{}, login.Opened{}, 200},
		{"POST /api/me/passkeys/begin", Known, c.withLogin(c.beginNewPasskey), "A challenge that a new passkey must answer", justPassword{}, login.Challenge{}, 200},
		{"POST /api/me/passkeys", Known, c.withLogin(c.newPasskey), "Let a new passkey log in, which has answered", login.NewPasskey{}, nil, 204},
		{"POST /api/me/passkeys/{id}/remove", Known, c.withLogin(c.removePasskey), "Let a passkey log in no more", nil, nil, 204},
	}
}

type (
	// asCookie asks for the session as a cookie that no script can read, instead of in the answer.
	asCookie struct {
		Cookie bool `json:"cookie,omitempty"`
	}
	credentials struct {
		Name     string `json:"name"`
		Password string `json:"password"`
		Code     string `json:"code"`
		asCookie
	}
	passkeyAnswer struct {
		login.Assertion
		asCookie
	}
	setupBegun struct {
		Link string `json:"link"`
		Name string `json:"name,omitempty"`
	}
	setupDone struct {
		login.SetUp
		asCookie
	}
	newPassword struct {
		Old string `json:"old"`
		New string `json:"new"`
	}
	justPassword struct {
		Password string `json:"password"`
	}
	justCode struct {
		Code string `json:"code"`
	}
)

// Me is who asks.
type Me struct {
	Name string `json:"name"`
	// Kind is "person" or "token".
	Kind string `json:"kind"`
	// Rights are what he may do, by unit; "" is the whole office.
	Rights map[string][]Right `json:"rights"`
	Roles  []login.Grant      `json:"roles,omitempty"`
	// Until is when the session ends at the latest, With how it began.
	Until    time.Time       `json:"until,omitzero"`
	With     string          `json:"with,omitempty"`
	Passkeys []login.Passkey `json:"passkeys,omitempty"`
}

// withLogin refuses where nobody can log in.
func (c *Console) withLogin(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
		if c.Login == nil {
			return alerting.Refuse(alerting.ErrState, "login.off", "people cannot log in here: login.enabled is not set in the configuration")
		}
		return h(w, r, by)
	}
}

// readSecret reads a body with secrets in it. What is wrong with it is not repeated.
func readSecret(w http.ResponseWriter, r *http.Request, into any, fields string) error {
	if err := readJSON(w, r, into); err != nil {
		return alerting.Refuse(alerting.ErrInvalid, "request.fields", "body: want one JSON object with %s, of at most %d bytes", fields, maxAct)
	}
	return nil
}

func (c *Console) logIn(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	var b credentials
	if err := readSecret(w, r, &b, "name, password and code"); err != nil {
		return err
	}
	o, err := c.Login.ByPassword(r.Context(), c.address(r), b.Name, b.Password, b.Code)
	return c.opened(w, r, o, err, b.Cookie)
}

func (c *Console) beginPasskey(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	asked, err := c.Login.BeginPasskey(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, asked)
	return nil
}

func (c *Console) logInByPasskey(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	var b passkeyAnswer
	if err := readSecret(w, r, &b, "challenge, credential, authenticator_data, client_data and signature"); err != nil {
		return err
	}
	o, err := c.Login.ByPasskey(r.Context(), c.address(r), b.Assertion)
	return c.opened(w, r, o, err, b.Cookie)
}

func (c *Console) beginSetup(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	var b setupBegun
	if err := readSecret(w, r, &b, "link and, for a first administrator, name"); err != nil {
		return err
	}
	s, err := c.Login.BeginSetup(r.Context(), b.Link, b.Name)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, s)
	return nil
}

func (c *Console) setUp(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	var b setupDone
	if err := readSecret(w, r, &b, "link, password and code and, for a first administrator, name"); err != nil {
		return err
	}
	o, err := c.Login.FinishSetup(r.Context(), b.SetUp)
	return c.opened(w, r, o, err, b.Cookie)
}

// opened answers with a new session, as a cookie or in the body. The session that the caller had before ends: nobody goes on with one
// that somebody else may have put there.
func (c *Console) opened(w http.ResponseWriter, r *http.Request, o login.Opened, err error, asCookie bool) error {
	var shut *login.Locked
	switch {
	case errors.As(err, &shut):
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(shut.Wait.Seconds()))))
		turnDown(w, r, http.StatusTooManyRequests, "Too many attempts", shut)
		return nil
	case errors.Is(err, login.ErrWrong):
		turnDown(w, r, http.StatusUnauthorized, "Not logged in", login.ErrWrong)
		return nil
	case err != nil:
		return err
	}
	if before, err := r.Cookie(c.cookieName()); err == nil {
		if err := c.Login.Logout(r.Context(), before.Value); err != nil {
			return err
		}
	}
	if asCookie {
		http.SetCookie(w, c.cookie(o.Token, 0))
		o.Token = ""
	}
	writeJSON(w, http.StatusOK, o)
	return nil
}

// cookieName begins with __Host- where browsers take that: over TLS (RFC 6265bis §4.1.3.2).
func (c *Console) cookieName() string {
	if c.PlainCookie {
		return "tocsin"
	}
	return "__Host-tocsin"
}

// cookie ends with the browser; the session has an end of its own.
func (c *Console) cookie(value string, age int) *http.Cookie {
	return &http.Cookie{Name: c.cookieName(), Value: value, Path: "/", MaxAge: age, HttpOnly: true, Secure: !c.PlainCookie, SameSite: http.SameSiteStrictMode}
}

func (c *Console) logOut(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	who, err := personOf(r)
	if err != nil {
		return err
	}
	if err := c.Login.Logout(r.Context(), who.secret); err != nil {
		return err
	}
	if who.cookie {
		http.SetCookie(w, c.cookie("", -1))
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// personOf is the person who asks; a token has no account.
func personOf(r *http.Request) (Caller, error) {
	who := callerOf(r.Context())
	if who.Session == nil {
		return who, alerting.Refuse(alerting.ErrForbidden, "account.token", "%s is a token, and has no account", who.Actor.Name)
	}
	return who, nil
}

func (c *Console) me(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	who := callerOf(r.Context())
	me := Me{Name: by.Name, Kind: by.Kind, Rights: make(map[string][]Right)}
	for _, right := range Rights() {
		for _, unit := range who.units(right) {
			me.Rights[unit] = append(me.Rights[unit], right)
		}
	}
	if who.Session != nil {
		a, err := c.Login.Account(r.Context(), by.Name)
		if err != nil {
			return err
		}
		me.Roles, me.Until, me.With, me.Passkeys = a.Roles, who.Session.Until, who.Session.How, a.Passkeys
	}
	writeJSON(w, http.StatusOK, me)
	return nil
}
