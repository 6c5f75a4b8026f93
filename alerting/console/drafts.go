package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/alerting/desk"
	"tocsin/cap"
)

// Drafts are documents on their way to being issued.
type Drafts interface {
	Draft(ctx context.Context, document []byte, o desk.Order) (desk.Draft, error)
	Amend(ctx context.Context, id string, version int64, document []byte, o desk.Order) (desk.Draft, error)
	DraftAt(ctx context.Context, id string) (desk.Draft, error)
	Versions(ctx context.Context, id string, before int64, limit int) ([]desk.Version, error)
	VersionDocument(ctx context.Context, id string, version int64) ([]byte, error)
	DraftChanges(ctx context.Context, id string, from int64) ([]cap.Change, error)
	Drafts(ctx context.Context, states []desk.DraftState, after alerting.Place, limit int) ([]desk.Draft, error)
	HandIn(ctx context.Context, id string, by alerting.Actor, s desk.Submission) (desk.Draft, error)
	SignPicked(ctx context.Context, id string, version int64, by alerting.Actor, a alerting.Approval, p desk.Pick) (desk.Draft, error)
	Confirmation(ctx context.Context, id, lang, operator string) (desk.Confirmation, error)
	Return(ctx context.Context, id string, version int64, by alerting.Actor, reason string) (desk.Draft, error)
	Reject(ctx context.Context, id string, version int64, by alerting.Actor, reason string) (desk.Draft, error)
	Withdraw(ctx context.Context, id string, version int64, by alerting.Actor, reason string) (desk.Draft, error)
}

func (c *Console) draft(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	document, order, remarks, err := c.readFilled(w, r, by)
	if err != nil {
		return err
	}
	order.Request = r.Header.Get("Idempotency-Key")
	d, err := c.Drafts.Draft(r.Context(), document, order)
	if err != nil {
		return err
	}
	d.Findings = append(d.Findings, remarks...)
	w.Header().Set("Location", "/api/drafts/"+d.ID)
	return writeDraft(w, r, http.StatusCreated, d)
}

// amend replaces the version that If-Match names.
func (c *Console) amend(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
	version, err := strconv.ParseInt(trimQuotes(r.Header.Get("If-Match")), 10, 64)
	if err != nil {
		return alerting.Refuse(alerting.ErrInvalid, "request.if-match", "If-Match %q: want the version that you replace, such as \"1\"", r.Header.Get("If-Match"))
	}
	document, order, remarks, err := c.readFilled(w, r, by)
	if err != nil {
		return err
	}
	if order.Autosave, err = autosaves(r); err != nil {
		return err
	}
	if order.Form, err = formOf(r); err != nil {
		return err
	}
	d, err := c.Drafts.Amend(r.Context(), r.PathValue("id"), version, document, order)
	if err != nil {
		return err
	}
	d.Findings = append(d.Findings, remarks...)
	return writeDraft(w, r, http.StatusOK, d)
}

// trimQuotes takes the quotes of an entity tag away (RFC 9110 §8.8.3).
func trimQuotes(tag string) string {
	if len(tag) >= 2 && tag[0] == '"' && tag[len(tag)-1] == '"' {
		return tag[1 : len(tag)-1]
	}
	return tag
}

func writeDraft(w http.ResponseWriter, r *http.Request, status int, d desk.Draft) error {
	d.Findings = alerting.FindingsIn(tongueOf(r), d.Findings)
	w.Header().Set("ETag", fmt.Sprintf("%q", strconv.FormatInt(d.Version, 10)))
	writeJSON(w, status, d)
	return nil
}

func (c *Console) draftAt(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	d, err := c.Drafts.DraftAt(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return writeDraft(w, r, http.StatusOK, d)
}

func (c *Console) drafts(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	p, err := c.pageOf(r, "drafts")
	if err != nil {
		return err
	}
	states, err := statesOf(r, desk.DraftStates())
	if err != nil {
		return err
	}
	author := r.URL.Query().Get("author")
	all, err := sifted(w, r, p, func(p page) ([]desk.Draft, error) { return c.Drafts.Drafts(r.Context(), states, p.place(), p.limit) },
		func(d *desk.Draft) alerting.Place { return alerting.Place{MS: d.Updated.UnixMilli(), ID: d.ID} },
		func(d *desk.Draft) (bool, error) {
			if author != "" && d.Author.Name != author {
				return false, nil
			}
			if may, err := c.reads(r.Context(), func() (string, error) { return d.Unit, nil }); !may || err != nil {
				return false, err
			}
			return c.draftIsOf(r.Context(), d)
		})
	return orJSON(w, all, err)
}

// maxAct bounds the body of an act on a draft, in bytes.
const maxAct = 64 << 10

// draftAct is the body of an act on a draft. Version is the one that the caller looked at.
type draftAct struct {
	Version int64     `json:"version"`
	Reason  string    `json:"reason,omitempty"`
	Release time.Time `json:"release,omitzero"`
	// Nobody comes with a submission that is meant for an area in which the office knows nobody.
	Nobody bool `json:"nobody,omitempty"`
	// Approval is the signature of an act that takes one.
	Approval alerting.Approval `json:"approval,omitzero"`
	// Place and challenge come with an approval where the confirmation asks for the place.
	desk.Pick
}

// acts reads the body of an act, does it, and shows the draft afterwards.
func (c *Console) acts(do func(ctx context.Context, id string, by alerting.Actor, act draftAct) (desk.Draft, error)) handler {
	return func(w http.ResponseWriter, r *http.Request, by alerting.Actor) error {
		var act draftAct
		if err := readJSON(w, r, &act); err != nil {
			return err
		}
		d, err := do(r.Context(), r.PathValue("id"), by, act)
		if err != nil {
			return err
		}
		return writeDraft(w, r, http.StatusOK, d)
	}
}

// readJSON reads one JSON value strictly.
func readJSON(w http.ResponseWriter, r *http.Request, into any) error {
	return readJSONUpTo(w, r, maxAct, into)
}

// readJSONUpTo reads one JSON value of at most so many bytes.
func readJSONUpTo(w http.ResponseWriter, r *http.Request, limit int64, into any) error {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		return alerting.Refuse(alerting.ErrInvalid, "request.large", "body: it has more than %d bytes, the most that are read here: shorten it", large.Limit)
	}
	if err != nil {
		return fmt.Errorf("%w: body: it ends early: %w", alerting.ErrInvalid, err)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return alerting.Refuse(alerting.ErrInvalid, "request.empty", "body: it is empty: want one JSON object (the description at /api/ says which)")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%w: body: %w", alerting.ErrInvalid, err)
	}
	if escapesNUL(text) {
		return errNUL("body")
	}
	if _, err := d.Token(); err != io.EOF {
		return alerting.Refuse(alerting.ErrInvalid, "request.trailing", "body: something follows the JSON value")
	}
	return nil
}

func (c *Console) submitDraft(ctx context.Context, id string, by alerting.Actor, act draftAct) (desk.Draft, error) {
	return c.Drafts.HandIn(ctx, id, by, desk.Submission{Version: act.Version, Release: act.Release, Nobody: act.Nobody})
}

func (c *Console) signDraft(ctx context.Context, id string, by alerting.Actor, act draftAct) (desk.Draft, error) {
	if err := c.maySign(ctx, by, act.Approval.Act); err != nil {
		return desk.Draft{}, err
	}
	return c.Drafts.SignPicked(ctx, id, act.Version, by, act.Approval, act.Pick)
}

// maySign asks for the right to approve from whoever signs as anything but the author.
func (c *Console) maySign(ctx context.Context, by alerting.Actor, act string) error {
	if act == string(approval.Author) {
		return nil
	}
	return c.Allows(ctx, MayApprove, by.Unit)
}

func (c *Console) returnDraft(ctx context.Context, id string, by alerting.Actor, act draftAct) (desk.Draft, error) {
	return c.Drafts.Return(ctx, id, act.Version, by, act.Reason)
}

func (c *Console) rejectDraft(ctx context.Context, id string, by alerting.Actor, act draftAct) (desk.Draft, error) {
	return c.Drafts.Reject(ctx, id, act.Version, by, act.Reason)
}

func (c *Console) withdrawDraft(ctx context.Context, id string, by alerting.Actor, act draftAct) (desk.Draft, error) {
	return c.Drafts.Withdraw(ctx, id, act.Version, by, act.Reason)
}
