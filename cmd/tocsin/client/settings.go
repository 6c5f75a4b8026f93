package client

import (
	"context"
	"net/url"

	"tocsin/alerting/console"
)

// Sirens lists the sirens with their state, and when each was last heard from; picks are state, group and gateway.
func (c *Client) Sirens(ctx context.Context, picks url.Values) ([]console.Siren, error) {
	return listed[console.Siren](ctx, c, "/api/sirens", picks, Paging{All: true})
}

// Tokens lists the tokens of the configuration with what they may; secrets are never told.
func (c *Client) Tokens(ctx context.Context) ([]console.TokenLine, error) {
	return listed[console.TokenLine](ctx, c, "/api/tokens", url.Values{}, Paging{All: true})
}
