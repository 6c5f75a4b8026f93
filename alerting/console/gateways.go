package console

import (
	"encoding/json"
	"net/http"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/desk"
)

// gatewayRoutes say how gateways are paced, and propose to change that: what could send or silence is a change that two people sign.
func (c *Console) gatewayRoutes() []route {
	return []route{
		{"GET /api/gateways", MayRead, c.inTurn(c.gateways), "The gateways with their rates and pauses, in the order of the configuration", nil, []desk.Gateway{}, 200},
		{"GET /api/readiness", MayRead, c.inTurn(c.readiness), "Whether the office can warn now: named checks, in words, with what to do", nil, Readiness{}, 200},
		{"POST /api/gateways/{name}/rate", MayApprove, c.gatewayRate, "Change the rate of a gateway; one person may lower it to a tenth of the configured one, all else two sign", newRate{}, desk.Proposed{}, 201},
		{"POST /api/gateways/{name}/pause", MayApprove, c.gatewayPause, "Pause a gateway for at most a day: its deliveries wait, or go through another; two sign", newPause{}, desk.Proposed{}, 201},
		{"POST /api/gateways/{name}/resume", MayApprove, c.gatewayResume, "End the pause of a gateway; takes one person", nil, desk.Proposed{}, 201},
	}
}

func (c *Console) gateways(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	all, err := c.Gateways(r.Context())
	if err != nil {
		return err
	}
	all, err = pageList(c, w, r, "gateways", all, func(g *desk.Gateway) string { return g.Name })
	return orJSON(w, all, err)
}

// newRate is the body of a change of a rate: Rate in permits a second, or Default for that of the configuration.
type newRate struct {
	Rate    float64 `json:"rate,omitempty"`
	Default bool    `json:"default,omitempty"`
	Reason  string  `json:"reason,omitempty"`
}

func (c *Console) gatewayRate(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	var body newRate
	if err := readJSON(w, r, &body); err != nil {
		return err
	}
	return c.orderOf(w, r, by, "gateway.rate", desk.RateOrder{Gateway: r.PathValue("name"), Rate: body.Rate, Default: body.Default}, body.Reason)
}

// newPause is the body of a pause.
type newPause struct {
	Until  time.Time `json:"until"`
	Reason string    `json:"reason"`
}

func (c *Console) gatewayPause(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	var body newPause
	if err := readJSON(w, r, &body); err != nil {
		return err
	}
	return c.orderOf(w, r, by, "gateway.pause", desk.PauseOrder{Gateway: r.PathValue("name"), Until: body.Until, Reason: body.Reason}, body.Reason)
}

func (c *Console) gatewayResume(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	return c.orderOf(w, r, by, "gateway.pause", desk.PauseOrder{Gateway: r.PathValue("name"), Resume: true}, "")
}

// orderOf proposes a change of a gateway.
func (c *Console) orderOf(w http.ResponseWriter, r *http.Request, by alerting.Actor, kind string, order any, reason string) error {
	text, err := json.Marshal(order)
	if err != nil {
		return err
	}
	made, err := c.Changes.Propose(r.Context(), by, kind, text, reason)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/changes/"+made.ID)
	writeJSON(w, http.StatusCreated, made)
	return nil
}
