package console

import (
	"context"
	"net/http"

	"tocsin/alerting"
	"tocsin/alerting/audience"
)

// SirenList lists sirens.
type SirenList func(ctx context.Context, q audience.SirenQuery) ([]audience.SirenLine, error)

func (c *Console) sirens(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	p, err := c.pageOf(r, "sirens")
	if err != nil {
		return err
	}
	if c.SirenList == nil {
		return alerting.Refuse(alerting.ErrNotFound, "sirens.off", "a list of sirens")
	}
	query := r.URL.Query()
	q := audience.SirenQuery{After: p.id, Limit: p.limit, Gateway: query.Get("gateway"), Group: query.Get("group"), State: query.Get("state")}
	if q.State != "" && q.State != "on" && q.State != "off" {
		return alerting.Refuse(alerting.ErrInvalid, "sirens.state", "state %.20q: want on or off", q.State)
	}
	all, err := c.SirenList(r.Context(), q)
	if err != nil {
		return err
	}
	if n := len(all); n > 0 {
		p.next(w, r, n, 0, all[n-1].Ref)
	}
	writeJSON(w, http.StatusOK, all)
	return nil
}
