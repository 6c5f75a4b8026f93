package serve

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/desk"
	"tocsin/channels"
	"tocsin/channels/pace"
)

// pacing is how the gateways of the configuration may be paced.
func (h *house) pacing() *desk.Pacing {
	p := &desk.Pacing{Now: h.now}
	for i, g := range h.cfg.Gateways {
		p.Gateways = append(p.Gateways, desk.Paced{Name: g.Name, Channel: alerting.Channel(g.Channel), Live: *g.Live,
			Path: fmt.Sprintf("$.gateways[%d]", i), Rate: g.Rate, Ceiling: g.RateCeiling})
	}
	return p
}

// pacedGateways says how the gateways are paced.
func (h *house) pacedGateways(ctx context.Context) ([]desk.Gateway, error) {
	return h.pacing().List(ctx, h.db.Read())
}

func (h *house) planRate(ctx context.Context, db bun.IDB, body []byte) (desk.Plan, error) {
	var o desk.RateOrder
	if err := readBody(body, &o); err != nil {
		return desk.Plan{}, err
	}
	return h.pacing().PlanRate(ctx, db, o)
}

func (h *house) setRate(ctx context.Context, tx bun.Tx, by alerting.Actor, body []byte) error {
	var o desk.RateOrder
	if err := readBody(body, &o); err != nil {
		return err
	}
	return h.pacing().SetRate(ctx, tx, by, o)
}

func (h *house) planPause(ctx context.Context, db bun.IDB, body []byte) (desk.Plan, error) {
	var o desk.PauseOrder
	if err := readBody(body, &o); err != nil {
		return desk.Plan{}, err
	}
	return h.pacing().PlanPause(ctx, db, o)
}

func (h *house) setPause(ctx context.Context, tx bun.Tx, by alerting.Actor, body []byte) error {
	var o desk.PauseOrder
	if err := readBody(body, &o); err != nil {
		return err
	}
	return h.pacing().SetPause(ctx, tx, by, o)
}

// limitsEvery is how often a worker looks for what people have ordered of its gateways, and how long it waits for an answer.
const limitsEvery = 2 * time.Second

// watchLimits keeps the gateways of a channel to what people have ordered. While SQL is away what was known last holds.
func (h *house) watchLimits(ctx context.Context, ch alerting.Channel, gateways map[string]*channels.Gateway) error {
	return every(ctx, limitsEvery, func() {
		if err := h.takeLimits(ctx, ch, gateways); err != nil && ctx.Err() == nil {
			h.log.Warn("the limits of gateways cannot be read; those known last hold", "channel", ch, "error", err)
		}
	})
}

// takeLimits reads once what people have ordered, and tells the gateways.
func (h *house) takeLimits(ctx context.Context, ch alerting.Channel, gateways map[string]*channels.Gateway) error {
	ctx, cancel := context.WithTimeout(ctx, limitsEvery)
	defer cancel()
	limits, err := desk.Limits(ctx, h.db.Read())
	if err != nil {
		return err
	}
	for _, g := range h.pacing().Gateways {
		gw := gateways[g.Name]
		if gw == nil {
			continue
		}
		l := limits[g.Name]
		gw.Pacer.Pause(l.PausedUntil)
		gw.Pacer.Tell(ctx, pace.Rate{PerSecond: l.InForce(g), Version: l.Version})
		h.channelMetrics().Paced(ch, g.Name, l.InForce(g), gw.Pacer.Paused())
	}
	return nil
}
