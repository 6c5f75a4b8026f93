package desk

import (
	"context"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

// release issues an approved draft. What cannot be issued any more lapses, with the reason; what could not be issued just now
// stays approved, and Run tries again.
func (d *Desk) release(ctx context.Context, id string) error {
	row, err := findDraft(ctx, d.DB.Read(), id)
	if err != nil || row.State != string(Approved) || row.ReleaseMS > d.Now().UnixMilli() {
		return err
	}
	v, err := findVersion(ctx, d.DB.Read(), id, row.Version)
	if err != nil {
		return err
	}
	in, err := d.approved(ctx, &v)
	if err == nil {
		_, err = d.submit(ctx, in)
	}
	switch {
	case err == nil:
		return d.endDraft(ctx, &row, Released, "", verbReleased)
	case errors.Is(err, alerting.ErrUnavailable), errors.Is(err, alerting.ErrUnknown), ctx.Err() != nil:
		return fmt.Errorf("release draft %s: %w", id, err)
	case errors.Is(err, alerting.ErrInvalid), errors.Is(err, alerting.ErrState), errors.Is(err, alerting.ErrConflict), errors.Is(err, alerting.ErrForbidden):
		d.Log.ErrorContext(ctx, "an approved draft cannot be issued any more", "draft", id, "error", err)
		return errors.Join(fmt.Errorf("release draft %s: %w", id, err), d.endDraft(ctx, &row, Lapsed, err.Error(), verbDraftLapsed))
	}
	return fmt.Errorf("release draft %s: %w", id, err)
}

// approved is the alert of a version, with the signatures on it and the enrolments behind them.
func (d *Desk) approved(ctx context.Context, v *versionRow) (*alerting.Issued, error) {
	in, err := d.checkVersion(v)
	if err != nil {
		return nil, err
	}
	signatures, err := signaturesOn(ctx, d.DB.Read(), v.Draft, v.Version)
	if err != nil {
		return nil, err
	}
	v.onto(&in.Envelope, signatures)
	if d.Office == nil {
		return in, nil
	}
	roll, err := d.roll(ctx, d.DB.Read())
	if err != nil {
		return nil, err
	}
	in.Envelope.Enrolments = roll.Needed(behind(signatures, in.Envelope.Window))
	// What fan-out and the workers will say is said here first.
	return in, d.Office.CheckWith(roll, in)
}

func (d *Desk) endDraft(ctx context.Context, row *draftRow, to DraftState, reason, verb string) error {
	err := d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		err := d.move(ctx, tx, row.ID, row.Version, []DraftState{Approved}, func(q *bun.UpdateQuery) *bun.UpdateQuery {
			return q.Set("state = ?", string(to)).Set("reason = ?", reason)
		})
		if errors.Is(err, alerting.ErrState) {
			return nil // another process released it too, and said so
		}
		if err != nil {
			return err
		}
		return d.Note(ctx, tx, engine(), verb, subjectOfDraft(row.ID), map[string]any{"version": row.Version, "alert": row.Alert, "reason": reason})
	})
	if err != nil {
		return fmt.Errorf("note what became of draft %s: %w", row.ID, err)
	}
	return nil
}

// releaseDue releases every approved draft whose time has come: those that wait for it, and those whose process died.
func (d *Desk) releaseDue(ctx context.Context) error {
	var rows []draftRow
	err := d.DB.Read().NewSelect().Model(&rows).Where("state = ?", string(Approved)).
		Where("release_ms <= ?", d.Now().UnixMilli()).Order("release_ms", "id").Scan(ctx)
	if err != nil {
		return fmt.Errorf("look for drafts to release: %w: %w", alerting.ErrUnavailable, err)
	}
	var errs []error
	for _, row := range rows {
		errs = append(errs, d.release(ctx, row.ID))
	}
	return errors.Join(errs...)
}
