package serve

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"tocsin/alerting/console/pages"
	"tocsin/alerting/template"
)

// withPages is what the listener of the API answers: the API below /api/, and the pages everywhere else where people can log in.
func (h *house) withPages(api http.Handler) (http.Handler, error) {
	if !h.cfg.Login.Enabled {
		return api, nil
	}
	zone, err := h.cfg.Templates.Location()
	if err != nil {
		return nil, fmt.Errorf("templates.zone: %w", err)
	}
	identifier := func(now time.Time) (string, error) {
		return template.NewIdentifier(h.cfg.Templates.Identifier, now, rand.Reader)
	}
	p := &pages.Pages{API: api, Office: h.cfg.Office.Name, Sender: h.cfg.Office.Sender, Identifier: identifier, Zone: zone, Tiles: h.cfg.Pages.TilesURL,
		OIDC: providerName(h.cfg.Login.OIDC.Issuer), Relying: h.cfg.Approval.Passkey.ID, PlainCookie: h.cfg.Plain(), Now: h.now, Log: h.log}
	shown, err := p.Handler()
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/api/", api)
	mux.Handle("/", shown)
	return mux, nil
}

// providerName is what people call a provider of OpenID Connect: the host of its issuer. Empty where there is none.
func providerName(issuer string) string {
	u, err := url.Parse(issuer)
	if err != nil {
		return issuer
	}
	return u.Host
}
