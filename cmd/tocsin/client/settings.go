package client

import (
	"context"
	"net/url"

	"tocsin/alerting/audience"
	"tocsin/alerting/console"
)

// Sirens lists the sirens with their state, without how they are reached; those of a state (on, off) if one is named.
func (c *Client) Sirens(ctx context.Context, state string) ([]audience.SirenLine, error) {
	query := url.Values{}
	if state != "" {
		query.Set("state", state)
	}
	return listed[audience.SirenLine](ctx, c, "/api/sirens", query, Paging{All: true})
}

// Tokens lists the tokens of the configuration with what they may; secrets are never told.
func (c *Client) Tokens(ctx context.Context) ([]console.TokenLine, error) {
	return listed[console.TokenLine](ctx, c, "/api/tokens", url.Values{}, Paging{All: true})
}
