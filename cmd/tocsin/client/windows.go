package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"tocsin/alerting"
	"tocsin/alerting/desk"
)

// Windows asks for the windows of public tests in some states; none for all.
func (c *Client) Windows(ctx context.Context, states []string, l Paging) ([]desk.Window, error) {
	return listed[desk.Window](ctx, c, "/api/windows", url.Values{"state": states}, l)
}

// WindowAt asks for one of them, or for a proposal.
func (c *Client) WindowAt(ctx context.Context, id string) (w desk.Window, err error) {
	err = c.call(ctx, http.MethodGet, windowPath(id), "", nil, &w)
	return w, err
}

// ProposeWindow hands a public test in that waits for signatures.
func (c *Client) ProposeWindow(ctx context.Context, proposal alerting.TestWindow) (desk.Window, error) {
	return c.windowAct(ctx, "/api/windows/propose", proposal)
}

// SignWindow hands in a signature on a public test that was proposed.
func (c *Client) SignWindow(ctx context.Context, id string, a alerting.Approval) (desk.Window, error) {
	return c.windowAct(ctx, windowPath(id)+"/sign", map[string]any{"approval": a})
}

// SignWindowWithPassword signs with the key that the office keeps; digest is that of the window that was shown.
func (c *Client) SignWindowWithPassword(ctx context.Context, id, digest, operator, password string) (desk.Window, error) {
	return c.windowAct(ctx, windowPath(id)+"/sign-with-password", map[string]any{"operator": operator, "password": password, "sha256": digest})
}

// CloseWindowWithPassword ends a public test, or its proposal, with the key that the office keeps.
func (c *Client) CloseWindowWithPassword(ctx context.Context, id, operator, password string) error {
	return c.tell(ctx, windowPath(id)+"/close-with-password", map[string]any{"operator": operator, "password": password})
}

func (c *Client) windowAct(ctx context.Context, path string, what any) (w desk.Window, err error) {
	text, err := json.Marshal(what)
	if err != nil {
		return w, err
	}
	err = c.call(ctx, http.MethodPost, path, "application/json", text, &w)
	return w, err
}

func windowPath(id string) string { return "/api/windows/" + url.PathEscape(id) }

// OpenWindow opens a public test that two operators have signed.
func (c *Client) OpenWindow(ctx context.Context, w alerting.TestWindow) error {
	return c.tell(ctx, "/api/windows", w)
}

// CloseWindow ends a public test before its time.
func (c *Client) CloseWindow(ctx context.Context, closing alerting.WindowClosing) error {
	return c.tell(ctx, windowPath(closing.Window)+"/close", closing)
}
