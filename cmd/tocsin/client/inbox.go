package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"tocsin/alerting/inbox"
)

// PutInbox sends a document of a partner to be taken in.
func (c *Client) PutInbox(ctx context.Context, source string, document []byte) (l inbox.Letter, err error) {
	err = c.call(ctx, http.MethodPost, "/api/inbox?"+url.Values{"source": {source}}.Encode(), "application/cap+xml", document, &l)
	return l, err
}

// Inbox asks for what partners sent, in some states; all, when none is given.
func (c *Client) Inbox(ctx context.Context, states []string, l Paging) ([]inbox.Letter, error) {
	return listed[inbox.Letter](ctx, c, "/api/inbox", url.Values{"state": states}, l)
}

// InboxLetter asks for one letter with its document.
func (c *Client) InboxLetter(ctx context.Context, id string) (l inbox.Letter, err error) {
	err = c.call(ctx, http.MethodGet, "/api/inbox/"+url.PathEscape(id), "", nil, &l)
	return l, err
}

// TurnInbox releases or drops a letter that is in quarantine.
func (c *Client) TurnInbox(ctx context.Context, id, verb, reason string) (l inbox.Letter, err error) {
	body, err := json.Marshal(map[string]string{"reason": reason})
	if err != nil {
		return l, err
	}
	err = c.call(ctx, http.MethodPost, "/api/inbox/"+url.PathEscape(id)+"/"+verb, "application/json", body, &l)
	return l, err
}
