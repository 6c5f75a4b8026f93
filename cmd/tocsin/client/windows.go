package client

import (
	"context"
	"net/http"
	"net/url"

	"tocsin/alerting"
	"tocsin/alerting/desk"
)

// Windows asks for the windows of public tests.
func (c *Client) Windows(ctx context.Context) (all []desk.Window, err error) {
	err = c.call(ctx, http.MethodGet, "/api/windows", "", nil, &all)
	return all, err
}

// OpenWindow opens a public test that two operators have signed.
func (c *Client) OpenWindow(ctx context.Context, w alerting.TestWindow) error {
	return c.tell(ctx, "/api/windows", w)
}

// CloseWindow ends a public test before its time.
func (c *Client) CloseWindow(ctx context.Context, closing alerting.WindowClosing) error {
	return c.tell(ctx, "/api/windows/"+url.PathEscape(closing.Window)+"/close", closing)
}
