package client

import (
	"context"
	"net/http"
	"net/url"

	"tocsin/alerting/desk"
)

// Confirmation asks what is confirmed with a draft, in a language (en, zh; "" for en), by an operator ("" for the caller).
func (c *Client) Confirmation(ctx context.Context, id, lang, operator string) (out desk.Confirmation, err error) {
	query := url.Values{"lang": {lang}, "operator": {operator}}
	err = c.call(ctx, http.MethodGet, draftPath(id)+"/confirmation?"+query.Encode(), "", nil, &out)
	return out, err
}

// Kinds asks for the kinds of messages.
func (c *Client) Kinds(ctx context.Context) (all []desk.Kind, err error) {
	err = c.call(ctx, http.MethodGet, "/api/worlds", "", nil, &all)
	return all, err
}
