package console

import (
	"context"
	"net/http"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/desk"
)

// Expiry is what becomes of alerts whose end is near.
type Expiry interface {
	Expiring(ctx context.Context, within time.Duration) ([]desk.Asked, error)
	Lapse(ctx context.Context, id alerting.AlertID, by alerting.Actor) error
	Extend(ctx context.Context, id alerting.AlertID, until time.Time, by alerting.Actor) (desk.Answer, error)
}

func (c *Console) expiring(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	all, err := c.Expiry.Expiring(r.Context(), c.AskBefore)
	if err != nil {
		return err
	}
	all = ofWorld(r.Context(), all, func(a desk.Asked) alerting.World { return a.World })
	some, err := pageList(c, w, r, "expiring", all, func(a *desk.Asked) string { return a.Alert.String() })
	return orJSON(w, some, err)
}

// extension is the body of extend.
type extension struct {
	Until time.Time `json:"until"`
}

// extend issues an alert again, to end at the time that the body names.
func (c *Console) extend(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	id, err := alerting.ParseAlertID(r.PathValue("id"))
	var body extension
	if err == nil {
		err = readJSON(w, r, &body)
	}
	if err != nil {
		c.refuse(w, r, err)
		return nil
	}
	a, err := c.Expiry.Extend(r.Context(), id, body.Until, by)
	c.answer(w, r, a, err)
	return nil
}

func (c *Console) lapse(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	id, err := alerting.ParseAlertID(r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := c.Expiry.Lapse(r.Context(), id, by); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
