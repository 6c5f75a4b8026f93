package client

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"

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

// OutlineQuery says which outlines of units are wanted: those below Parent, and those that touch Box ("west,south,east,north"). A Limit of 0
// is 1000.
type OutlineQuery struct {
	Parent, Box string
	Limit       int
}

// UnitOutlines asks for the outlines of administrative units for a map, as GeoJSON.
func (c *Client) UnitOutlines(ctx context.Context, q OutlineQuery) (text json.RawMessage, err error) {
	query := url.Values{"limit": {strconv.Itoa(cmp.Or(q.Limit, 1000))}}
	for name, v := range map[string]string{"parent": q.Parent, "box": q.Box} {
		if v != "" {
			query.Set(name, v)
		}
	}
	err = c.call(ctx, http.MethodGet, "/api/units/outlines?"+query.Encode(), "", nil, &text)
	return text, err
}
