package serve

import (
	"fmt"
	"net/http"

	"tocsin/alerting/console/pages"
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
	p := &pages.Pages{API: api, Office: h.cfg.Office.Name, Zone: zone, Tiles: h.cfg.Pages.TilesURL, PlainCookie: h.cfg.Plain(),
		Relying: h.cfg.Approval.Passkey.ID, Now: h.now, Log: h.log}
	shown, err := p.Handler()
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/api/", api)
	mux.Handle("/", shown)
	return mux, nil
}
