package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/console"
	"tocsin/alerting/desk"
	"tocsin/cap"
)

// Draft keeps a document that is being written.
func (c *Client) Draft(ctx context.Context, document []byte, o Order) (d desk.Draft, err error) {
	err = c.call(ctx, http.MethodPost, "/api/drafts?"+o.query().Encode(), "application/cap+xml", document, &d)
	return d, err
}

// Amend puts a new version in the place of the given one.
func (c *Client) Amend(ctx context.Context, id string, version int64, document []byte, o Order) (d desk.Draft, err error) {
	err = c.ask(ctx, request{method: http.MethodPut, path: draftPath(id) + "?" + o.query().Encode(), contentType: "application/cap+xml",
		body: bytes.NewReader(document), match: strconv.Quote(strconv.FormatInt(version, 10)), autosave: o.Autosave}, &d)
	return d, err
}

// DraftAt asks for a draft.
func (c *Client) DraftAt(ctx context.Context, id string) (d desk.Draft, err error) {
	err = c.call(ctx, http.MethodGet, draftPath(id), "", nil, &d)
	return d, err
}

// Drafts asks for the drafts in some states; all, when none is given.
func (c *Client) Drafts(ctx context.Context, states []string, l Paging) ([]desk.Draft, error) {
	return listed[desk.Draft](ctx, c, "/api/drafts", url.Values{"state": states}, l)
}

// Versions lists the versions of a draft, the newest first.
func (c *Client) Versions(ctx context.Context, id string, l Paging) ([]desk.Version, error) {
	return listed[desk.Version](ctx, c, draftPath(id)+"/versions", url.Values{}, l)
}

// VersionDocument asks for the document of a version.
func (c *Client) VersionDocument(ctx context.Context, id string, version int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	resp, err := c.send(ctx, request{method: http.MethodGet, path: draftPath(id) + "/versions/" + strconv.FormatInt(version, 10)})
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= 300 {
		return nil, problemOf(resp)
	}
	document, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the document: %w", err)
	}
	return document, nil
}

// DraftChanges asks in what a draft differs from an earlier version; from 0 is the last that was submitted.
func (c *Client) DraftChanges(ctx context.Context, id string, from int64) (all []cap.Change, err error) {
	query := url.Values{}
	if from > 0 {
		query.Set("from", strconv.FormatInt(from, 10))
	}
	err = c.call(ctx, http.MethodGet, draftPath(id)+"/changes?"+query.Encode(), "", nil, &all)
	return all, err
}

// Act is what is done to a draft: submit, sign, return, reject or withdraw; the other fields as the verb wants them.
type Act struct {
	Verb    string    `json:"-"`
	Version int64     `json:"version"`
	Reason  string    `json:"reason,omitempty"`
	Release time.Time `json:"release,omitzero"`
	// Nobody comes with a submission that is meant for an area in which the office knows nobody.
	Nobody   bool              `json:"nobody,omitempty"`
	Approval alerting.Approval `json:"approval,omitzero"`
	// Pick is the place, where the confirmation asks for it.
	desk.Pick
}

// Act does something to a draft, and gives it as it is afterwards.
func (c *Client) Act(ctx context.Context, id string, act Act) (d desk.Draft, err error) {
	body, err := json.Marshal(act)
	if err != nil {
		return d, err
	}
	err = c.call(ctx, http.MethodPost, draftPath(id)+"/"+act.Verb, "application/json", body, &d)
	return d, err
}

// Proceed lets an alert go on that was held back.
func (c *Client) Proceed(ctx context.Context, id alerting.AlertID) error {
	return c.call(ctx, http.MethodPost, "/api/alerts/"+id.String()+"/proceed", "", nil, nil)
}

func draftPath(id string) string { return "/api/drafts/" + url.PathEscape(id) }

// Operators asks who may sign.
func (c *Client) Operators(ctx context.Context) (all []console.Operator, err error) {
	return listed[console.Operator](ctx, c, "/api/operators", url.Values{}, Paging{All: true})
}

// Enrol makes a key known that two administrators have signed.
func (c *Client) Enrol(ctx context.Context, e alerting.Enrolment) error {
	return c.tell(ctx, "/api/operators", e)
}

// Revoke makes a key unknown.
func (c *Client) Revoke(ctx context.Context, v alerting.Revocation) error {
	return c.tell(ctx, "/api/operators/revoke", v)
}

// tell sends something that has no answer but yes.
func (c *Client) tell(ctx context.Context, path string, what any) error {
	body, err := json.Marshal(what)
	if err != nil {
		return err
	}
	return c.call(ctx, http.MethodPost, path, "application/json", body, nil)
}
