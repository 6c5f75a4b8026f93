package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"tocsin/alerting/console"
	"tocsin/alerting/desk"
)

// Gateways asks how the gateways are paced.
func (c *Client) Gateways(ctx context.Context, l Paging) ([]desk.Gateway, error) {
	return listed[desk.Gateway](ctx, c, "/api/gateways", url.Values{}, l)
}

// Readiness asks whether the office can warn now.
func (c *Client) Readiness(ctx context.Context) (r console.Readiness, err error) {
	err = c.call(ctx, http.MethodGet, "/api/readiness", "", nil, &r)
	return r, err
}

// SetRate proposes a rate for a gateway, in permits a second; 0 goes back to that of the configuration.
func (c *Client) SetRate(ctx context.Context, gateway string, rate float64, reason string) (desk.Proposed, error) {
	return c.orderGateway(ctx, gateway, "rate", map[string]any{"rate": rate, "default": rate == 0, "reason": reason})
}

// Pause proposes to pause a gateway.
func (c *Client) Pause(ctx context.Context, gateway string, until time.Time, reason string) (desk.Proposed, error) {
	return c.orderGateway(ctx, gateway, "pause", map[string]any{"until": until, "reason": reason})
}

// Resume ends the pause of a gateway.
func (c *Client) Resume(ctx context.Context, gateway string) (p desk.Proposed, err error) {
	err = c.call(ctx, http.MethodPost, gatewayPath(gateway)+"/resume", "", nil, &p)
	return p, err
}

func (c *Client) orderGateway(ctx context.Context, gateway, verb string, what any) (p desk.Proposed, err error) {
	text, err := json.Marshal(what)
	if err != nil {
		return p, err
	}
	err = c.call(ctx, http.MethodPost, gatewayPath(gateway)+"/"+verb, "application/json", text, &p)
	return p, err
}

func gatewayPath(name string) string { return "/api/gateways/" + url.PathEscape(name) }
