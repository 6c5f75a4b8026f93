package client

import (
	"context"
	"encoding/json"
	"net/http"

	"tocsin/alerting/approval"
	"tocsin/alerting/console"
	"tocsin/alerting/desk"
)

// MakePasswordKey has the office make a key for an operator, and keep it under his password. It must then be enrolled.
func (c *Client) MakePasswordKey(ctx context.Context, operator, password string) (k console.PasswordKey, err error) {
	body, err := json.Marshal(map[string]string{"operator": operator, "password": password})
	if err != nil {
		return k, err
	}
	err = c.call(ctx, http.MethodPost, "/api/operators/password-keys", "application/json", body, &k)
	return k, err
}

// PasswordAct is a signature that the office makes, with the key that it keeps under the operator's password.
type PasswordAct struct {
	Version  int64        `json:"version"`
	Operator string       `json:"operator"`
	Password string       `json:"password"`
	Act      approval.Act `json:"act"`
	// Pick is the place, where the confirmation asks for it.
	desk.Pick
}

// SignWithPassword signs a draft, and gives it as it is afterwards.
func (c *Client) SignWithPassword(ctx context.Context, id string, act PasswordAct) (d desk.Draft, err error) {
	body, err := json.Marshal(act)
	if err != nil {
		return d, err
	}
	err = c.call(ctx, http.MethodPost, draftPath(id)+"/sign-with-password", "application/json", body, &d)
	return d, err
}

// ChangePassword puts an operator's key under another password.
func (c *Client) ChangePassword(ctx context.Context, operator, password, next string) error {
	return c.tell(ctx, "/api/operators/password", map[string]string{"operator": operator, "old": password, "new": next})
}
