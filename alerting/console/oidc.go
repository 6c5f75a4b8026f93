package console

import (
	"io"
	"net/http"
	"regexp"

	"tocsin/alerting"
)

// oidcRoutes lead a browser to the OpenID Connect provider of the office, and back.
func (c *Console) oidcRoutes() []route {
	return []route{
		{"GET /api/login/oidc", Anyone, c.forBrowsers(c.withLogin(c.beginOIDC)), "Go and log in at the OpenID Connect provider of the office", nil, nil, 303},
		{"GET /api/login/oidc/callback", Anyone, c.forBrowsers(c.withLogin(c.endOIDC)), "Come back from there: a session begins, as a cookie", nil, htmlMedia, 200},
	}
}

// oidcCookie binds a login at the provider to the browser that began it. It must come along when the provider sends the browser back,
// which is another site: so it is lax.
func (c *Console) oidcCookie(value string, age int) *http.Cookie {
	k := c.cookie(value, age)
	k.Name, k.SameSite = c.cookieName()+"-oidc", http.SameSiteLaxMode
	return k
}

const oidcAge = 600 // seconds

func (c *Console) beginOIDC(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	url, browser, err := c.Login.BeginOIDC(r.Context())
	if err != nil {
		return err
	}
	http.SetCookie(w, c.oidcCookie(browser, oidcAge))
	http.Redirect(w, r, url, http.StatusSeeOther)
	return nil
}

// onwards is a page and no redirection: a strict cookie goes along only with what our own page asks for.
const onwards = `<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=/"><title>Logged in</title><p><a href="/">Logged in</a></p></html>`

func (c *Console) endOIDC(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	browser, q := "", r.URL.Query()
	if k, err := r.Cookie(c.cookieName() + "-oidc"); err == nil {
		browser = k.Value
	}
	http.SetCookie(w, c.oidcCookie("", -1))
	if denied := q.Get("error"); denied != "" {
		return deniedBy(denied)
	}
	o, err := c.Login.ByOIDC(r.Context(), c.address(r), q.Get("state"), q.Get("code"), browser)
	if err != nil {
		return err
	}
	if before, err := r.Cookie(c.cookieName()); err == nil {
		if err := c.Login.Logout(r.Context(), before.Value); err != nil {
			return err
		}
	}
	http.SetCookie(w, c.cookie(o.Token, 0))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, onwards)
	return nil
}

// deniedBy is the refusal of the provider itself (RFC 6749 §4.1.2.1). Only a word of the standard's form is repeated: anybody can make
// somebody's browser come here.
func deniedBy(word string) error {
	if !regexp.MustCompile(`^[a-z_]{1,40}$`).MatchString(word) {
		word = "error"
	}
	return alerting.Refuse(alerting.ErrForbidden, "oidc.denied", "the provider let nobody in (%s)", word)
}
