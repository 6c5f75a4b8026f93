package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"tocsin/alerting"
	"tocsin/alerting/desk"
)

// Standings asks for the standing authorisations.
func (c *Client) Standings(ctx context.Context) (all []desk.StandingOrder, err error) {
	err = c.call(ctx, http.MethodGet, "/api/standings", "", nil, &all)
	return all, err
}

// Authorise hands a standing authorisation in, and gives its id.
func (c *Client) Authorise(ctx context.Context, s alerting.StandingOrder) (string, error) {
	var out struct {
		ID string `json:"id"`
	}
	body, err := json.Marshal(s)
	if err == nil {
		err = c.call(ctx, http.MethodPost, "/api/standings", "application/json", body, &out)
	}
	return out.ID, err
}

// WithdrawStanding ends a standing authorisation.
func (c *Client) WithdrawStanding(ctx context.Context, w alerting.Withdrawal) error {
	return c.tell(ctx, "/api/standings/withdraw", w)
}

// ReleaseUnder issues a submitted draft under a standing authorisation, with its author's two signatures.
func (c *Client) ReleaseUnder(ctx context.Context, id string, version int64, standing string, signed []alerting.Approval) (d desk.Draft, err error) {
	body, err := json.Marshal(map[string]any{"version": version, "standing": standing, "signed": signed})
	if err == nil {
		err = c.call(ctx, http.MethodPost, draftPath(id)+"/release-under", "application/json", body, &d)
	}
	return d, err
}

// Countersigns asks what went out first and was not countersigned.
func (c *Client) Countersigns(ctx context.Context) (all []desk.Waiting, err error) {
	err = c.call(ctx, http.MethodGet, "/api/countersigns", "", nil, &all)
	return all, err
}

// Countersignable asks what is signed by whoever countersigns an alert, in a language; operator is who will sign.
func (c *Client) Countersignable(ctx context.Context, id alerting.AlertID, lang, operator string) (w desk.Waiting, err error) {
	query := url.Values{"lang": {lang}, "operator": {operator}}
	err = c.call(ctx, http.MethodGet, "/api/alerts/"+id.String()+"/countersign?"+query.Encode(), "", nil, &w)
	return w, err
}

// Countersign hands a second person's signature in; pick is the place, where the confirmation asks for it.
func (c *Client) Countersign(ctx context.Context, id alerting.AlertID, a alerting.Approval, pick desk.Pick) error {
	return c.tell(ctx, "/api/alerts/"+id.String()+"/countersign", struct {
		alerting.Approval
		desk.Pick
	}{a, pick})
}

// ReleaseUnderWithPassword is ReleaseUnder with the key that the office keeps under its author's password.
func (c *Client) ReleaseUnderWithPassword(ctx context.Context, id string, version int64, standing, operator, password string) (d desk.Draft, err error) {
	body, err := json.Marshal(map[string]any{"version": version, "standing": standing, "operator": operator, "password": password})
	if err == nil {
		err = c.call(ctx, http.MethodPost, draftPath(id)+"/release-under-with-password", "application/json", body, &d)
	}
	return d, err
}

// CountersignWithPassword signs with the key that the office keeps under an operator's password.
func (c *Client) CountersignWithPassword(ctx context.Context, id alerting.AlertID, operator, password string, pick desk.Pick) error {
	return c.tell(ctx, "/api/alerts/"+id.String()+"/countersign-with-password", PasswordAct{Operator: operator, Password: password, Pick: pick})
}
