package desk

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/approval"
)

// Waiting is an alert that went out before a second person had signed it.
type Waiting struct {
	Alert    alerting.AlertID `json:"alert"`
	Standing string           `json:"standing"`
	Released time.Time        `json:"released"`
	// Due is until when somebody must countersign; Overdue that nobody has by then.
	Due     time.Time `json:"due"`
	Overdue bool      `json:"overdue,omitempty"`
	Author  string    `json:"author"`
	// Title is the headline.
	Title string `json:"title,omitempty"`
	// Titles are what it is called in each of its languages.
	Titles []Title `json:"titles,omitempty"`
	// What follows is what is signed; it is there when one alert was asked for.
	World    alerting.World          `json:"world,omitempty"`
	Document []byte                  `json:"document,omitempty"`
	Channels []alerting.Channel      `json:"channels,omitempty"`
	Audience alerting.AudienceFilter `json:"audience,omitzero"`
	Counted  alerting.Counted        `json:"counted,omitzero"`
	// Confirmation is what is signed, in words; with the question for its place, where a rule wants that.
	Confirmation Confirmation `json:"confirmation,omitzero"`
}

// ReleaseUnder issues a submitted draft at once under a standing authorisation: its author signs as such, and that he releases it.
// Errors: ErrForbidden with what is beyond the authorisation, and those of Sign.
func (d *Desk) ReleaseUnder(ctx context.Context, id string, version int64, by alerting.Actor, standing string, signed []alerting.Approval) (Draft, error) {
	if d.Office == nil {
		return Draft{}, errNoApproval()
	}
	fail := func(err error) (Draft, error) { return Draft{}, fmt.Errorf("release draft %s first: %w", id, err) }
	row, err := findDraft(ctx, d.DB.Read(), id)
	if err != nil {
		return fail(err)
	}
	if row.Version != version || row.State != string(Submitted) {
		return fail(alerting.Refuse(alerting.ErrState, "release.not-submitted", "it is %s in version %d; this is possible while version %d is submitted", alerting.Term(row.State), row.Version, version))
	}
	v, err := findVersion(ctx, d.DB.Read(), id, version)
	if err != nil {
		return fail(err)
	}
	in, err := d.checkVersion(&v)
	if err != nil {
		return fail(err)
	}
	roll, err := d.roll(ctx, d.DB.Read())
	if err != nil {
		return fail(err)
	}
	for _, a := range signed {
		if err := fresh(a, d.Now()); err != nil {
			return fail(err)
		}
	}
	v.onto(&in.Envelope, signed)
	if in.Envelope.Standing, err = d.standingOf(ctx, standing); err == nil {
		err = d.underStanding(roll, in)
	}
	if err == nil && in.Envelope.Standing.Kind != approval.Countersigned {
		err = alerting.Refuse(alerting.ErrForbidden, "standing.partners-only", "%s is for partners", standing)
	}
	if err == nil {
		_, err = d.submit(ctx, in)
	}
	if err != nil {
		if errors.Is(err, errBeyond) {
			why := alerting.Say("standing.not-first", "the standing authorisation does not let it go: %s", plainly(err))
			_, noted := d.sayBeyond(ctx, Draft{ID: id}, why)
			err = errors.Join(err, noted)
		}
		return fail(err)
	}
	err = d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		err := d.move(ctx, tx, id, version, []DraftState{Submitted}, func(q *bun.UpdateQuery) *bun.UpdateQuery {
			return q.Set("state = ?", string(Released)).Set("reason = ?", alerting.Say("standing.released-first", "released first, under %s", standing))
		})
		if err != nil {
			return err
		}
		return d.Note(ctx, tx, by, verbReleased, subjectOfDraft(id), map[string]any{"version": version, "alert": row.Alert, "standing": standing})
	})
	if err != nil && !errors.Is(err, alerting.ErrState) {
		d.Log.ErrorContext(ctx, "an alert is out, and its draft could not be noted as released", "draft", id, "error", err)
	}
	return d.DraftAt(ctx, id)
}

// standingOf finds a standing authorisation; ErrNotFound when there is none.
func (d *Desk) standingOf(ctx context.Context, id string) (*alerting.StandingOrder, error) {
	all, err := d.standingOrders(ctx, d.DB.Read())
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].ID == id {
			return &all[i].StandingOrder, nil
		}
	}
	return nil, alerting.Refuse(alerting.ErrNotFound, "standing.unknown", "there is no standing authorisation %.40q", id)
}

// Countersigns lists the alerts that went out first and that nobody has countersigned, the longest due first.
func (d *Desk) Countersigns(ctx context.Context) ([]Waiting, error) {
	var rows []useRow
	err := d.DB.Read().NewSelect().Model(&rows).Where("signed_ms = 0").Where("due_ms > 0").Order("due_ms", "alert").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for alerts to countersign: %w: %w", alerting.ErrUnavailable, err)
	}
	out := make([]Waiting, 0, len(rows))
	for i := range rows {
		w, _, err := d.waiting(ctx, &rows[i])
		if err != nil {
			return nil, err
		}
		w.Document = nil
		out = append(out, w)
	}
	return out, nil
}

func (d *Desk) waiting(ctx context.Context, row *useRow) (Waiting, *alerting.Issued, error) {
	id, err := alerting.ParseAlertID(row.Alert)
	if err != nil {
		return Waiting{}, nil, err
	}
	have, err := find(ctx, d.DB.Read(), id)
	if err != nil {
		return Waiting{}, nil, err
	}
	in, err := have.open()
	if err != nil {
		return Waiting{}, nil, err
	}
	e := &in.Envelope
	return Waiting{Alert: id, Standing: row.Standing, Released: moment(row.AtMS), Due: moment(row.DueMS), Author: e.Author, Title: oneLine(titleOf(in.Alert)), Titles: titlesOf(in.Alert),
		Overdue: d.Now().UnixMilli() > row.DueMS, World: e.World, Document: e.Document, Channels: e.Channels, Audience: e.Audience,
		Counted: e.Counted}, in, nil
}

// Countersignable gives what is signed by whoever countersigns an alert, in English or Chinese; ErrNotFound when it did not go out
// first. Operator is who will sign; with it comes what he is asked where a rule wants the place picked.
func (d *Desk) Countersignable(ctx context.Context, id alerting.AlertID, lang, operator string) (Waiting, error) {
	row, err := d.useOf(ctx, d.DB.Read(), id)
	if err != nil {
		return Waiting{}, err
	}
	w, in, err := d.waiting(ctx, &row)
	if err == nil {
		w.Confirmation, err = d.confirm(ctx, in, lang, true)
	}
	if err == nil && row.SignedMS == 0 {
		err = d.ask(ctx, &w.Confirmation, in, questionOfAlert(id), operator)
	}
	return w, err
}

func (d *Desk) useOf(ctx context.Context, db bun.IDB, id alerting.AlertID) (useRow, error) {
	var row useRow
	err := db.NewSelect().Model(&row).Where("alert = ?", id.String()).Where("due_ms > 0").Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return row, alerting.Refuse(alerting.ErrNotFound, "countersign.not-first", "alert %s did not go out before it was countersigned", id)
	}
	if err != nil {
		return row, fmt.Errorf("read under what alert %s went out: %w: %w", id, alerting.ErrUnavailable, err)
	}
	return row, nil
}

// Countersign puts the signature of a second person on an alert that went out first. Errors: ErrForbidden when it is worth nothing
// here, or is the author's; ErrConflict when somebody has signed. Whoever objects cancels the alert.
func (d *Desk) Countersign(ctx context.Context, id alerting.AlertID, by alerting.Actor, a alerting.Approval) error {
	return d.CountersignPicked(ctx, id, by, a, Pick{})
}

// CountersignPicked is Countersign by somebody who also picked the place (see Challenge), which a rule may want. ErrForbidden when it
// does, and the place is missing or wrong.
func (d *Desk) CountersignPicked(ctx context.Context, id alerting.AlertID, by alerting.Actor, a alerting.Approval, p Pick) error {
	if d.Office == nil {
		return errNoApproval()
	}
	var refused error
	err := d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) (err error) {
		refused, err = d.countersignIn(ctx, tx, id, by, pickedApproval{a, p})
		return err
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return fmt.Errorf("countersign alert %s: %w", id, err)
	}
	return nil
}

// countersignIn does it in a transaction. Refused is a wrong place, which is noted and so must not be undone.
func (d *Desk) countersignIn(ctx context.Context, tx bun.Tx, id alerting.AlertID, by alerting.Actor, a pickedApproval) (refused, err error) {
	text, err := json.Marshal(a.Approval)
	if err != nil {
		return nil, fmt.Errorf("%w: signature: %w", alerting.ErrInvalid, err)
	}
	row, in, err := d.mayCountersign(ctx, tx, id, a.Approval)
	if err != nil {
		return nil, err
	}
	if refused, err := d.picked(ctx, tx, by, in, questionOfAlert(id), a); refused != nil || err != nil {
		return refused, err
	}
	res, err := tx.NewUpdate().Model((*useRow)(nil)).Set("signed_ms = ?", d.Now().UnixMilli()).Set("signed_by = ?", a.By).
		Set("body = ?", string(text)).Where("alert = ?", row.Alert).Where("signed_ms = 0").Exec(ctx)
	if err != nil {
		return nil, err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return nil, errors.Join(err, alreadyCountersigned("somebody else"))
	}
	return nil, d.Note(ctx, tx, by, verbCountersigned, subjectOf(row.Alert), map[string]any{"operator": a.By, "key": a.KeyID, "standing": row.Standing,
		"overdue": d.Now().UnixMilli() > row.DueMS})
}

// mayCountersign gives what is countersigned, if this signature may.
func (d *Desk) mayCountersign(ctx context.Context, tx bun.Tx, id alerting.AlertID, a alerting.Approval) (useRow, *alerting.Issued, error) {
	row, err := d.useOf(ctx, tx, id)
	if err != nil {
		return row, nil, err
	}
	have, err := find(ctx, tx, id)
	if err != nil {
		return row, nil, err
	}
	in, err := have.open()
	if err != nil {
		return row, nil, err
	}
	roll, err := d.roll(ctx, tx)
	if err != nil {
		return row, nil, err
	}
	draft, err := draftOf(ctx, tx, id)
	if err != nil {
		return row, nil, err
	}
	v := versionRow{Author: in.Envelope.Author, Draft: draft}
	switch {
	case a.By == in.Envelope.Author:
		return row, nil, alerting.Refuse(alerting.ErrForbidden, "countersign.self", "%s wrote and released it; somebody else must countersign", a.By)
	case approval.Act(a.Act) != approval.Approve:
		return row, nil, alerting.Refuse(alerting.ErrInvalid, "countersign.act", "an alert is countersigned as %s, not as %.20q", alerting.Term(approval.Approve), alerting.Term(a.Act))
	}
	if err := d.mayAct(ctx, tx, roll, in, &v, a); err != nil {
		return row, nil, err
	}
	if row.SignedMS != 0 {
		return row, nil, alreadyCountersigned(row.SignedBy)
	}
	return row, in, nil
}

func alreadyCountersigned(by string) error {
	return alerting.Refuse(alerting.ErrConflict, "countersign.again", "%s has countersigned it already", by)
}

// draftOf is the draft from which an alert was released; empty when there was none.
func draftOf(ctx context.Context, db bun.IDB, id alerting.AlertID) (string, error) {
	var row draftRow
	err := db.NewSelect().Model(&row).Where("alert = ?", id.String()).Where("state = ?", string(Released)).Limit(1).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return row.ID, err
}

// CountersignsOverdue is how many alerts nobody has countersigned in time. It is cheap to ask for.
func (d *Desk) CountersignsOverdue(ctx context.Context) (n int64, err error) {
	err = d.DB.Read().NewRaw(`SELECT COUNT(*) FROM standing_uses WHERE signed_ms = 0 AND due_ms > 0 AND due_ms < ?`, d.Now().UnixMilli()).Scan(ctx, &n)
	if err != nil {
		err = fmt.Errorf("count the countersignatures that are overdue: %w: %w", alerting.ErrUnavailable, err)
	}
	return n, err
}
