package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/desk"
)

// Expiring asks which alerts end soon that nobody has answered for.
func (c *Client) Expiring(ctx context.Context) (all []desk.Asked, err error) {
	return listed[desk.Asked](ctx, c, "/api/alerts/expiring", url.Values{}, Paging{All: true})
}

// Extend issues an alert again, to end later; see Issue.
func (c *Client) Extend(ctx context.Context, id alerting.AlertID, until time.Time) (Accepted, error) {
	body, err := json.Marshal(map[string]time.Time{"until": until})
	if err != nil {
		return Accepted{}, err
	}
	return c.order(ctx, "/api/alerts/"+id.String()+"/extend", "application/json", body)
}

// Lapse answers that an alert may end as it says.
func (c *Client) Lapse(ctx context.Context, id alerting.AlertID) error {
	return c.call(ctx, http.MethodPost, "/api/alerts/"+id.String()+"/lapse", "", nil, nil)
}
