package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/approval"
)

// A window may be handed in before two operators have signed it. It then waits as a proposal, which is a row that was never opened, lets no
// test out, and is open with the second signature. What is signed is the window itself, as if both had signed it in a file: whoever checks
// a window need not know how it came.

// windowBody is what a row holds: the window, and beside it who proposed it.
type windowBody struct {
	alerting.TestWindow
	Proposer *alerting.Actor `json:"proposer,omitempty"`
	Proposed time.Time       `json:"proposed,omitzero"`
}

// read is the window of a row.
func (row *windowRow) read() (windowBody, error) {
	var b windowBody
	if err := json.Unmarshal([]byte(row.Body), &b); err != nil {
		return b, fmt.Errorf("read window %s again: %w", row.ID, err)
	}
	return b, nil
}

// proposal says how a window stands that was never opened. Signatures that do not hold, or no longer, are shown and do not count.
func (w *Window) proposal(roll *approval.Roll, now time.Time) {
	switch {
	case !w.Closed.IsZero():
		w.State = WindowWithdrawn
		return
	case !now.Before(w.Until):
		w.State = WindowLapsed
		return
	}
	w.State = WindowProposed
	good := slices.ContainsFunc(w.By, func(a alerting.Approval) bool { return roll.VerifyWindow(w.TestWindow, a) == nil })
	w.Missing = alerting.Say("window.lacks-both", "the signatures of two operators who may approve")
	if good {
		w.Missing = alerting.Say("window.lacks-second", "the signature of a second operator who may approve")
	}
}

// WindowAt gives a window, or a proposal.
func (d *Desk) WindowAt(ctx context.Context, id string) (Window, error) {
	if d.Office == nil {
		return Window{}, errNoApproval()
	}
	row, err := findWindow(ctx, d.DB.Read(), id)
	if err != nil {
		return Window{}, err
	}
	roll, err := d.roll(ctx, d.DB.Read())
	if err != nil {
		return Window{}, err
	}
	return row.window(roll, d.Now())
}

// ProposeWindow keeps a window that waits for signatures; those that it brings count, and with two it is open. The same again changes
// nothing. Errors: ErrConflict when there is another of that id.
func (d *Desk) ProposeWindow(ctx context.Context, by alerting.Actor, w alerting.TestWindow) (Window, error) {
	if d.Office == nil {
		return Window{}, errNoApproval()
	}
	w.From, w.Until = w.From.UTC().Truncate(time.Second), w.Until.UTC().Truncate(time.Second)
	if err := approval.CheckWindow(w); err != nil {
		return Window{}, err
	}
	if err := ahead(&w, d.Now()); err != nil {
		return Window{}, err
	}
	brought := w.By
	w.By = nil
	body, err := json.Marshal(windowBody{TestWindow: w, Proposer: &by, Proposed: d.Now().UTC().Truncate(time.Second)})
	if err != nil {
		return Window{}, fmt.Errorf("%w: window: %w", alerting.ErrInvalid, err)
	}
	err = d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		row := windowRow{ID: w.ID, UntilMS: w.Until.UnixMilli(), Body: string(body)}
		res, err := tx.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			if err == nil {
				err = sameWindow(ctx, tx, &w)
			}
			return err
		}
		if err := d.Note(ctx, tx, by, verbWindow, subjectOfWindow(w.ID), map[string]any{"from": w.From, "until": w.Until, "channels": w.Channels,
			"programme": w.Programme, "note": w.Note}); err != nil {
			return err
		}
		for _, a := range brought {
			if err := d.putOnWindow(ctx, tx, by, w.ID, a); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Window{}, fmt.Errorf("propose window %s: %w", w.ID, err)
	}
	return d.WindowAt(ctx, w.ID)
}

// sameWindow refuses a second window under the id of another.
func sameWindow(ctx context.Context, db bun.IDB, w *alerting.TestWindow) error {
	row, err := findWindow(ctx, db, w.ID)
	if err != nil {
		return err
	}
	have, err := row.read()
	if err == nil && !approval.SameWindow(&have.TestWindow, w) {
		err = alerting.Refuse(alerting.ErrConflict, "window.taken", "there is another window %s: give this one an id of its own", w.ID)
	}
	return err
}

// openProposed opens a proposal with the signatures of a window that was handed in whole; false when it is open already.
func (d *Desk) openProposed(ctx context.Context, tx bun.Tx, roll *approval.Roll, next *windowRow, w *alerting.TestWindow) (bool, error) {
	if err := sameWindow(ctx, tx, w); err != nil {
		return false, err
	}
	row, err := findWindow(ctx, tx, w.ID)
	if err != nil {
		return false, err
	}
	have, err := row.read()
	switch {
	case err != nil:
		return false, err
	case row.OpenedMS == 0 && row.ClosedMS != 0:
		return false, alerting.Refuse(alerting.ErrState, "window.withdrawn", "window %s was withdrawn before it was open: propose another", w.ID)
	case row.OpenedMS == 0:
		have.By = w.By
		return true, d.moveWindow(ctx, tx, &row, &have, next.OpenedMS)
	}
	// What lies there must hold as well: a row that nobody signed keeps its id to itself.
	if err := roll.Opened(have.TestWindow); err != nil {
		return false, alerting.Refuse(alerting.ErrConflict, "window.taken", "there is another window %s: give this one an id of its own", w.ID)
	}
	return false, nil
}

// moveWindow writes a proposal with its signatures; opened is in milliseconds, 0 while it waits. Errors: ErrConflict when somebody else was
// faster.
func (d *Desk) moveWindow(ctx context.Context, tx bun.Tx, row *windowRow, body *windowBody, opened int64) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("%w: window: %w", alerting.ErrInvalid, err)
	}
	res, err := tx.NewUpdate().Model((*windowRow)(nil)).Set("body = ?", string(text)).Set("opened_ms = ?", opened).
		Where("id = ?", row.ID).Where("opened_ms = 0").Where("closed_ms = 0").Where("body = ?", row.Body).Exec(ctx)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		err = alerting.Refuse(alerting.ErrConflict, "window.raced", "somebody else signed or withdrew it at this moment: look at it again")
	}
	return err
}

// SignWindow puts an operator's signature on a proposal, and opens it with the second. Errors: ErrForbidden when the signature is worth
// nothing here, ErrState when it waits for none, ErrConflict when the operator has signed it already.
func (d *Desk) SignWindow(ctx context.Context, by alerting.Actor, id string, a alerting.Approval) (Window, error) {
	if d.Office == nil {
		return Window{}, errNoApproval()
	}
	err := d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error { return d.putOnWindow(ctx, tx, by, id, a) })
	if err != nil {
		return Window{}, fmt.Errorf("sign window %s: %w", id, err)
	}
	return d.WindowAt(ctx, id)
}

func (d *Desk) putOnWindow(ctx context.Context, tx bun.Tx, by alerting.Actor, id string, a alerting.Approval) error {
	now := d.Now()
	if err := fresh(a, now); err != nil {
		return err
	}
	row, err := findWindow(ctx, tx, id)
	if err != nil {
		return err
	}
	roll, err := d.roll(ctx, tx)
	if err != nil {
		return err
	}
	w, err := row.window(roll, now)
	if err != nil {
		return err
	}
	if w.State != WindowProposed {
		return alerting.Refuse(alerting.ErrState, "window.signable", "it waits for no signature any more: look at it again")
	}
	if err := roll.VerifyWindow(w.TestWindow, a); err != nil {
		return err
	}
	body, err := row.read()
	if err != nil {
		return err
	}
	// A signature that holds no longer makes room for one that does.
	body.By = slices.DeleteFunc(body.By, func(have alerting.Approval) bool { return roll.VerifyWindow(w.TestWindow, have) != nil })
	if slices.ContainsFunc(body.By, func(have alerting.Approval) bool { return have.By == a.By }) {
		return alerting.Refuse(alerting.ErrConflict, "window.signed", "%s has signed it already; somebody else must", a.By)
	}
	body.By = append(body.By, a)
	opened := int64(0)
	if roll.Opened(body.TestWindow) == nil {
		opened = now.UnixMilli()
	}
	if err := d.moveWindow(ctx, tx, &row, &body, opened); err != nil {
		return err
	}
	if err := d.Note(ctx, tx, by, verbWindowSigned, subjectOfWindow(id), map[string]any{"operator": a.By, "key": a.KeyID}); err != nil || opened == 0 {
		return err
	}
	return d.noteOpened(ctx, tx, by, &body.TestWindow)
}

// SignWindowWithPassword is SignWindow with a key that the office keeps under the operator's password. Digest is that of the window which
// he was shown.
func (d *Desk) SignWindowWithPassword(ctx context.Context, by alerting.Actor, id, digest, operator, password string) (Window, error) {
	w, err := d.WindowAt(ctx, id)
	switch {
	case err != nil:
	case w.State != WindowProposed:
		err = alerting.Refuse(alerting.ErrState, "window.signable", "it waits for no signature any more: look at it again")
	case w.Digest != digest:
		err = alerting.Refuse(alerting.ErrConflict, "window.digest", "it has not the SHA-256 %.64q: look at it again", digest)
	}
	if err != nil {
		return Window{}, fmt.Errorf("sign window %.64s: %w", id, err)
	}
	signer, _, err := d.unlock(ctx, by, operator, password)
	if err != nil {
		return Window{}, fmt.Errorf("sign window %s: %w", id, err)
	}
	a, err := approval.SignWindow(signer, w.TestWindow, operator, d.Now().UTC().Truncate(time.Second))
	clear(signer.Private)
	if err != nil {
		return Window{}, fmt.Errorf("sign window %s: %w", id, err)
	}
	return d.SignWindow(ctx, by, id, a)
}

// CloseWindowWithPassword is CloseWindow with a key that the office keeps under the operator's password. It ends a proposal too.
func (d *Desk) CloseWindowWithPassword(ctx context.Context, by alerting.Actor, id, operator, password string) error {
	if _, err := d.WindowAt(ctx, id); err != nil {
		return fmt.Errorf("close window %.64s: %w", id, err)
	}
	signer, _, err := d.unlock(ctx, by, operator, password)
	if err != nil {
		return fmt.Errorf("close window %s: %w", id, err)
	}
	closing := alerting.WindowClosing{Window: id, At: d.Now().UTC().Truncate(time.Second)}
	a, err := approval.SignClosing(signer, closing, operator, closing.At)
	clear(signer.Private)
	if err != nil {
		return fmt.Errorf("close window %s: %w", id, err)
	}
	closing.By = []alerting.Approval{a}
	return d.CloseWindow(ctx, by, closing)
}
