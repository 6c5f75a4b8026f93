package client

import (
	"context"
	"net/http"
	"net/url"

	"tocsin/alerting/audience"
)

// unitsAtOnce is how many units one question asks for, the most that the API gives.
const unitsAtOnce = 1000

// Units lists the administrative units, those below parent if one is named, and hands each lot to take.
func (c *Client) Units(ctx context.Context, parent string, take func([]audience.UnitLine) error) error {
	for after := ""; ; {
		var lot []audience.UnitLine
		query := url.Values{"after": {after}, "limit": {"1000"}}
		if parent != "" {
			query.Set("parent", parent)
		}
		if err := c.call(ctx, http.MethodGet, "/api/units?"+query.Encode(), "", nil, &lot); err != nil {
			return err
		}
		if err := take(lot); err != nil {
			return err
		}
		if len(lot) < unitsAtOnce {
			return nil
		}
		after = lot[len(lot)-1].Code
	}
}
