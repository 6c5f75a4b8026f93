package desk

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/cap"
)

// DraftState is how far a draft has come.
type DraftState string

// DraftStates lists all states.
func DraftStates() []DraftState {
	return []DraftState{Drafted, Submitted, Returned, Approved, Released, Rejected, Withdrawn, Lapsed}
}

// The states. A draft is amended in the first three, and goes on from the first five; the others are its end.
const (
	Drafted   DraftState = "draft"
	Submitted DraftState = "submitted"
	Returned  DraftState = "returned"
	Approved  DraftState = "approved" // and about to be released, at once or at the time it waits for
	Released  DraftState = "released"
	Rejected  DraftState = "rejected"
	Withdrawn DraftState = "withdrawn"
	Lapsed    DraftState = "lapsed" // it was approved, and could not be issued any more
)

// Draft is a document on its way to being issued, in its present version.
type Draft struct {
	ID      string           `json:"id"`
	Version int64            `json:"version"`
	State   DraftState       `json:"state"`
	Alert   alerting.AlertID `json:"alert,omitzero"`
	Title   string           `json:"title,omitempty"`
	// Titles are what it is called in each of its languages; Title is the first of them. A draft that was last written before there were any
	// has none.
	Titles  []Title   `json:"titles,omitempty"`
	Created time.Time `json:"created"`
	Updated time.Time `json:"updated"`
	// Release is when it goes out once it is approved; zero means at once.
	Release time.Time `json:"release,omitzero"`
	// Reason is why it was returned or rejected, or what became of it.
	Reason string `json:"reason,omitempty"`
	// Author wrote the present version.
	Author alerting.Actor `json:"author"`
	// Autosaved: a form saved the present version by itself (see Amend).
	Autosaved bool `json:"autosaved,omitempty"`
	// Unit is the code of the administrative unit whose draft it is, that of who wrote the first version; empty is the whole office.
	Unit string `json:"unit,omitempty"`
	// What follows is there when one draft was asked for. Lists have none of it, but those of one world: they have World, Window,
	// Signatures and Missing.
	World    alerting.World          `json:"world,omitempty"`
	Document []byte                  `json:"document,omitempty"`
	Channels []alerting.Channel      `json:"channels,omitempty"`
	Audience alerting.AudienceFilter `json:"audience,omitzero"`
	// Window is the public test that it belongs to.
	Window *alerting.TestWindow `json:"window,omitempty"`
	// Filled is the template that it came from, with the words that are prepared for its end.
	Filled *alerting.Origin `json:"filled,omitempty"`
	// Counted is whom it would have reached when it was submitted.
	Counted    alerting.Counted    `json:"counted,omitzero"`
	Signatures []alerting.Approval `json:"signatures,omitempty"`
	// Missing says in words what it lacks to be released; Findings are what its author should know of the document.
	Missing  []string     `json:"missing,omitempty"`
	Findings cap.Findings `json:"findings,omitempty"`
}

type draftRow struct {
	bun.BaseModel `bun:"table:drafts"`

	ID      string `bun:"id,pk"`
	Version int64  `bun:"version"`
	State   string `bun:"state"`
	Alert   string `bun:"alert"`
	Title   string `bun:"title"`
	// Titles is []Title; empty when it was written before there were any.
	Titles    string `bun:"titles"`
	CreatedMS int64  `bun:"created_ms"`
	UpdatedMS int64  `bun:"updated_ms"`
	ReleaseMS int64  `bun:"release_ms"`
	Reason    string `bun:"reason"`
	Unit      string `bun:"unit"`
}

type versionRow struct {
	bun.BaseModel `bun:"table:draft_versions"`

	Draft    string `bun:"draft,pk"`
	Version  int64  `bun:"version,pk"`
	Author   string `bun:"author"`
	Kind     string `bun:"kind"`
	AtMS     int64  `bun:"at_ms"`
	Document []byte `bun:"document"`
	Wanted   string `bun:"wanted"`
	People   int64  `bun:"people"`
	Sirens   int64  `bun:"sirens"`
	// Filled is its alerting.Origin; empty when it has none.
	Filled string `bun:"filled"`
	// Unit is that of the draft.
	Unit string `bun:"unit,scanonly"`
}

type signatureRow struct {
	bun.BaseModel `bun:"table:draft_signatures"`

	Draft    string `bun:"draft,pk"`
	Version  int64  `bun:"version,pk"`
	Operator string `bun:"operator,pk"`
	Body     string `bun:"body"`
}

type requestRow struct {
	bun.BaseModel `bun:"table:draft_requests"`

	Actor   string `bun:"actor,pk"`
	Request string `bun:"request,pk"`
	Draft   string `bun:"draft"`
	Digest  []byte `bun:"digest"`
}

// wanted is what an order adds to a document, and what became of the version.
type wanted struct {
	Channels []alerting.Channel      `json:"channels,omitempty"`
	Audience alerting.AudienceFilter `json:"audience,omitzero"`
	Window   *alerting.TestWindow    `json:"window,omitempty"`
	// Sitting is when the sitting began in which a form saved it by itself, in Unix milliseconds; 0: its author saved it.
	Sitting int64 `json:"sitting,omitempty"`
	// Form is what the form called itself that saved it; empty for none.
	Form string `json:"form,omitempty"`
	// Submitted: it was, once.
	Submitted bool `json:"submitted,omitempty"`
}

func newDraftID() string {
	var id [8]byte
	_, _ = rand.Read(id[:]) // it never fails (crypto/rand)
	return "d" + hex.EncodeToString(id[:])
}

func (v *versionRow) author() alerting.Actor {
	return alerting.Actor{Name: v.Author, Kind: v.Kind, Unit: v.Unit}
}

func (v *versionRow) wanted() (w wanted, err error) {
	if err := json.Unmarshal([]byte(v.Wanted), &w); err != nil {
		return w, fmt.Errorf("read the order of draft %s again: %w", v.Draft, err)
	}
	return w, nil
}

// change changes what is kept beside the document.
func (v *versionRow) change(how func(*wanted)) error {
	w, err := v.wanted()
	if err != nil {
		return err
	}
	how(&w)
	text, err := json.Marshal(w)
	if err != nil {
		return fmt.Errorf("%w: order of draft %s: %w", alerting.ErrInvalid, v.Draft, err)
	}
	v.Wanted = string(text)
	return nil
}

func (v *versionRow) order() (Order, error) {
	w, err := v.wanted()
	if err != nil {
		return Order{}, err
	}
	origin, err := alerting.DecodeOrigin(v.Filled)
	if err != nil {
		return Order{}, fmt.Errorf("draft %s: %w", v.Draft, err)
	}
	return Order{Actor: v.author(), Channels: w.Channels, Audience: w.Audience, Window: w.Window, Autosave: w.Sitting > 0, Origin: origin}, nil
}

// findDraft reads a draft's row; ErrNotFound when there is none.
func findDraft(ctx context.Context, db bun.IDB, id string) (draftRow, error) {
	var row draftRow
	err := db.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return row, alerting.Refuse(alerting.ErrNotFound, "draft.unknown", "there is no draft %.40q", id)
	}
	if err != nil {
		return row, fmt.Errorf("read draft %s: %w: %w", id, alerting.ErrUnavailable, err)
	}
	return row, nil
}

// findVersion reads a version that must be there. ErrConflict when it was, and a form has put another one in its place since.
func findVersion(ctx context.Context, db bun.IDB, id string, version int64) (versionRow, error) {
	var row versionRow
	err := db.NewSelect().Model(&row).ColumnExpr("version_row.*").ColumnExpr("(SELECT d.unit FROM drafts AS d WHERE d.id = version_row.draft) AS unit").
		Where("draft = ?", id).Where("version = ?", version).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return row, noVersion(ctx, db, id, version)
	}
	if err != nil {
		return row, fmt.Errorf("read version %d of draft %s: %w: %w", version, id, alerting.ErrUnavailable, err)
	}
	return row, nil
}

// noVersion says why there is no such version.
func noVersion(ctx context.Context, db bun.IDB, id string, version int64) error {
	row, err := findDraft(ctx, db, id)
	if err != nil {
		return err
	}
	if version < 1 || version > row.Version {
		return alerting.Refuse(alerting.ErrNotFound, "draft.no-version", "draft %s has no version %d", id, version)
	}
	return alerting.Refuse(alerting.ErrConflict, "draft.stale-autosaved", "version %d of draft %s is not the latest, and was not kept: a form has saved version %d; look at it first", version, id, row.Version)
}

func signaturesOn(ctx context.Context, db bun.IDB, id string, version int64) ([]alerting.Approval, error) {
	var rows []signatureRow
	err := db.NewSelect().Model(&rows).Where("draft = ?", id).Where("version = ?", version).Order("operator").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the signatures on draft %s: %w: %w", id, alerting.ErrUnavailable, err)
	}
	var out []alerting.Approval
	for _, row := range rows {
		var a alerting.Approval
		if err := json.Unmarshal([]byte(row.Body), &a); err != nil {
			return nil, fmt.Errorf("read the signature of %s on draft %s again: %w", row.Operator, id, err)
		}
		out = append(out, a)
	}
	return out, nil
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// listed is a draft as lists show it.
func (r *draftRow) listed(author alerting.Actor) (Draft, error) {
	out := Draft{ID: r.ID, Version: r.Version, State: DraftState(r.State), Title: r.Title, Created: moment(r.CreatedMS),
		Updated: moment(r.UpdatedMS), Release: moment(r.ReleaseMS), Reason: r.Reason, Author: author, Unit: r.Unit}
	out.Author.Unit = r.Unit
	var err error
	if r.Titles != "" {
		err = json.Unmarshal([]byte(r.Titles), &out.Titles)
	}
	if err != nil {
		return out, fmt.Errorf("read what draft %s is called: %w", r.ID, err)
	}
	if r.Alert == "" {
		return out, nil
	}
	out.Alert, err = alerting.ParseAlertID(r.Alert)
	return out, err
}

// onto puts what signatures are over besides the document, and the signatures, into an envelope.
func (v *versionRow) onto(e *alerting.Envelope, signatures []alerting.Approval) {
	e.Author, e.Counted, e.Approvals = v.Author, alerting.Counted{People: v.People, Sirens: v.Sirens}, signatures
}
