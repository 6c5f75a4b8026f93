package client

import (
	"context"
	"net/url"

	"tocsin/alerting/journal"
)

// Journal asks who did what, the latest first.
func (c *Client) Journal(ctx context.Context, subject, actor, verb string, l Paging) ([]journal.Entry, error) {
	query := url.Values{}
	for name, value := range map[string]string{"subject": subject, "actor": actor, "verb": verb} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return listed[journal.Entry](ctx, c, "/api/journal", query, l)
}
