package client

import (
	"context"
	"net/url"

	"tocsin/alerting/audience"
)

// Units lists the administrative units, those below parent if one is named.
func (c *Client) Units(ctx context.Context, parent string) ([]audience.UnitLine, error) {
	query := url.Values{}
	if parent != "" {
		query.Set("parent", parent)
	}
	return listed[audience.UnitLine](ctx, c, "/api/units", query, Paging{All: true})
}
