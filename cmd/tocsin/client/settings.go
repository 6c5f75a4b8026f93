package client

import (
	"context"
	"net/http"
	"net/url"

	"tocsin/alerting/console"
)

// Sirens lists the sirens with their state, and when each was last heard from; picks are state, group and gateway.
func (c *Client) Sirens(ctx context.Context, picks url.Values) ([]console.Siren, error) {
	return listed[console.Siren](ctx, c, "/api/sirens", picks, Paging{All: true})
}

// Policy says how many must approve what.
func (c *Client) Policy(ctx context.Context) (p console.Policy, err error) {
	err = c.call(ctx, http.MethodGet, "/api/policy", "", nil, &p)
	return p, err
}

// Tokens lists the tokens of the configuration with what they may; secrets are never told.
func (c *Client) Tokens(ctx context.Context) ([]console.TokenLine, error) {
	return listed[console.TokenLine](ctx, c, "/api/tokens", url.Values{}, Paging{All: true})
}
