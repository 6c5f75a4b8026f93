package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"tocsin/alerting"
	"tocsin/alerting/desk"
)

// Propose proposes an administrative act. Body is a JSON object, or a file.
func (c *Client) Propose(ctx context.Context, kind string, body []byte, reason string) (p desk.Proposed, err error) {
	var content any = string(body)
	if json.Valid(body) {
		content = json.RawMessage(body)
	}
	text, err := json.Marshal(map[string]any{"kind": kind, "body": content, "reason": reason})
	if err != nil {
		return p, err
	}
	err = c.call(ctx, http.MethodPost, "/api/changes", "application/json", text, &p)
	return p, err
}

// ChangeAt asks for a change, without its body.
func (c *Client) ChangeAt(ctx context.Context, id string) (p desk.Proposed, err error) {
	err = c.call(ctx, http.MethodGet, changePath(id), "", nil, &p)
	return p, err
}

// ChangeBody asks for what a change carries.
func (c *Client) ChangeBody(ctx context.Context, id string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	resp, err := c.send(ctx, request{method: http.MethodGet, path: changePath(id) + "/body"})
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= 300 {
		return nil, problemOf(resp)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the body of change %s: %w", id, err)
	}
	return body, nil
}

// SignChange hands a signature in.
func (c *Client) SignChange(ctx context.Context, id string, a alerting.Approval) (desk.Proposed, error) {
	return c.changeAct(ctx, id, "sign", map[string]any{"approval": a})
}

// SignChangeWithPassword signs with the key that the office keeps; digest is that of the body that was shown.
func (c *Client) SignChangeWithPassword(ctx context.Context, id, digest, operator, password string) (desk.Proposed, error) {
	return c.changeAct(ctx, id, "sign-with-password", map[string]any{"operator": operator, "password": password, "sha256": digest})
}

// WithdrawChange ends a change that was not made.
func (c *Client) WithdrawChange(ctx context.Context, id, reason string) (desk.Proposed, error) {
	return c.changeAct(ctx, id, "withdraw", map[string]any{"reason": reason})
}

func (c *Client) changeAct(ctx context.Context, id, verb string, what any) (p desk.Proposed, err error) {
	text, err := json.Marshal(what)
	if err != nil {
		return p, err
	}
	err = c.call(ctx, http.MethodPost, changePath(id)+"/"+verb, "application/json", text, &p)
	return p, err
}

// Changes asks for changes in some states, the latest first; see Listed.
func (c *Client) Changes(ctx context.Context, states []string, l Paging) ([]desk.Proposed, error) {
	return listed[desk.Proposed](ctx, c, "/api/changes", url.Values{"state": states}, l)
}

func changePath(id string) string { return "/api/changes/" + url.PathEscape(id) }
