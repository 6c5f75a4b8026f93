package desk

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/approval"
)

type windowRow struct {
	bun.BaseModel `bun:"table:test_windows"`

	ID       string `bun:"id,pk"`
	UntilMS  int64  `bun:"until_ms"`
	Body     string `bun:"body"`
	OpenedMS int64  `bun:"opened_ms"`
	ClosedMS int64  `bun:"closed_ms"`
	Closing  string `bun:"closing"`
}

// WindowState is how a window of a public test stands.
type WindowState string

// The states.
const (
	WindowAhead  WindowState = "ahead"
	WindowOpen   WindowState = "open"
	WindowOver   WindowState = "over"
	WindowClosed WindowState = "closed"
	// WindowProposed: it waits for signatures. WindowLapsed: its time went by without them, and WindowWithdrawn: one operator has ended
	// it before.
	WindowProposed  WindowState = "proposed"
	WindowLapsed    WindowState = "lapsed"
	WindowWithdrawn WindowState = "withdrawn"
	// WindowVoid: its signatures do not hold, or no longer.
	WindowVoid WindowState = "void"
)

// Window is a window of a public test as the office keeps it.
type Window struct {
	alerting.TestWindow
	State WindowState `json:"state"`
	// Digest is the SHA-256 of the window without its signatures: what is signed.
	Digest string `json:"sha256"`
	// Proposer and Proposed say who handed it in before two had signed it, and when; zero where two had.
	Proposer alerting.Actor `json:"proposer,omitzero"`
	Proposed time.Time      `json:"proposed,omitzero"`
	// Missing says in words what a proposal lacks.
	Missing string `json:"missing,omitempty"`
	// Opened is when it had both signatures; zero for a proposal.
	Opened time.Time `json:"opened,omitzero"`
	// Closed is when it was closed before its time; zero while nobody has.
	Closed time.Time `json:"closed,omitzero"`
	// Reason is why it is void.
	Reason string `json:"reason,omitempty"`
}

func (row *windowRow) window(roll *approval.Roll, now time.Time) (Window, error) {
	body, err := row.read()
	if err != nil {
		return Window{}, err
	}
	out := Window{TestWindow: body.TestWindow, Opened: moment(row.OpenedMS), Closed: moment(row.ClosedMS)}
	if body.Proposer != nil {
		out.Proposer, out.Proposed = *body.Proposer, body.Proposed
	}
	if out.Digest, err = approval.WindowDigest(out.TestWindow); err != nil {
		return out, err
	}
	if row.OpenedMS == 0 {
		out.proposal(roll, now)
		return out, nil
	}
	err = roll.Opened(out.TestWindow)
	if err == nil && out.ID != row.ID {
		err = alerting.Refuse(alerting.ErrForbidden, "window.other-row", "its row is that of window %s", row.ID)
	}
	switch {
	case err != nil:
		out.State, out.Reason = WindowVoid, err.Error()
	case row.ClosedMS != 0:
		out.State = WindowClosed
	case now.Before(out.From):
		out.State = WindowAhead
	case !now.Before(out.Until):
		out.State = WindowOver
	default:
		out.State = WindowOpen
	}
	return out, nil
}

// OpenWindow keeps a window that two operators who may approve have signed. The same again changes nothing, and where it waits as a
// proposal it is open now. ErrConflict when there is another of that id.
func (d *Desk) OpenWindow(ctx context.Context, by alerting.Actor, w alerting.TestWindow) error {
	if d.Office == nil {
		return errNoApproval()
	}
	now := d.Now()
	text, err := json.Marshal(w)
	if err != nil {
		return fmt.Errorf("%w: window: %w", alerting.ErrInvalid, err)
	}
	if err := approval.CheckWindow(w); err != nil {
		return err
	}
	if err := ahead(&w, now); err != nil {
		return err
	}
	row := windowRow{ID: w.ID, UntilMS: w.Until.UnixMilli(), Body: string(text), OpenedMS: now.UnixMilli()}
	return d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		roll, err := d.roll(ctx, tx)
		if err != nil {
			return err
		}
		if err := roll.Opened(w); err != nil {
			return err
		}
		one := row
		res, err := tx.NewInsert().Model(&one).On("CONFLICT DO NOTHING").Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			if err != nil {
				return err
			}
			taken, err := d.openProposed(ctx, tx, roll, &row, &w)
			if err != nil || !taken {
				return err
			}
		}
		return d.noteOpened(ctx, tx, by, &w)
	})
}

// noteOpened records that a window has both its signatures.
func (d *Desk) noteOpened(ctx context.Context, tx bun.IDB, by alerting.Actor, w *alerting.TestWindow) error {
	return d.Note(ctx, tx, by, verbOpened, subjectOfWindow(w.ID), map[string]any{"from": w.From, "until": w.Until, "channels": w.Channels,
		"programme": w.Programme, "signed_by": signersOf(w.By)})
}

// ahead refuses a window whose time has gone by.
func ahead(w *alerting.TestWindow, now time.Time) error {
	if now.Before(w.Until) {
		return nil
	}
	return alerting.Refuse(alerting.ErrInvalid, "window.ended", "window %s ended at %s: propose another", w.ID, w.Until.UTC().Format(time.RFC3339))
}

func subjectOfWindow(id string) string { return "window/" + id }

func findWindow(ctx context.Context, db bun.IDB, id string) (windowRow, error) {
	var row windowRow
	err := db.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return row, alerting.Refuse(alerting.ErrNotFound, "window.unknown", "there is no window %.64q", id)
	}
	if err != nil {
		return row, fmt.Errorf("read window %.64q: %w: %w", id, alerting.ErrUnavailable, err)
	}
	return row, nil
}

// CloseWindow ends a window that one operator who may approve has signed away. The same again changes nothing.
func (d *Desk) CloseWindow(ctx context.Context, by alerting.Actor, c alerting.WindowClosing) error {
	if d.Office == nil {
		return errNoApproval()
	}
	text, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("%w: closing: %w", alerting.ErrInvalid, err)
	}
	now := d.Now()
	err = d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		roll, err := d.roll(ctx, tx)
		if err != nil {
			return err
		}
		if err := roll.Closed(c); err != nil {
			return err
		}
		row, err := findWindow(ctx, tx, c.Window)
		if err != nil || row.ClosedMS != 0 {
			return err
		}
		_, err = tx.NewUpdate().Model((*windowRow)(nil)).Set("closed_ms = ?", now.UnixMilli()).Set("closing = ?", string(text)).
			Where("id = ?", c.Window).Where("closed_ms = 0").Exec(ctx)
		if err != nil {
			return err
		}
		return d.Note(ctx, tx, by, verbClosed, subjectOfWindow(c.Window), map[string]any{"signed_by": signersOf(c.By)})
	})
	if err != nil {
		return err
	}
	// This process knows it at once; the others ask each second.
	ids, err := ClosedWindows(ctx, d.DB.Read(), now)
	if err == nil {
		d.Office.CloseWindows(ids, now)
	}
	return err
}

// Window gives a window that an order may name: one that is open or will be.
func (d *Desk) Window(ctx context.Context, id string) (*alerting.TestWindow, error) {
	if d.Office == nil {
		return nil, errNoApproval()
	}
	row, err := findWindow(ctx, d.DB.Read(), id)
	if err != nil {
		return nil, err
	}
	roll, err := d.roll(ctx, d.DB.Read())
	if err != nil {
		return nil, err
	}
	w, err := row.window(roll, d.Now())
	switch {
	case err != nil:
		return nil, err
	case w.State == WindowProposed:
		return nil, alerting.Refuse(alerting.ErrState, "window.lacks", "window %s is not open: it lacks %s", id, alerting.Said(w.Missing))
	case w.State == WindowVoid:
		return nil, alerting.Refuse(alerting.ErrForbidden, "window.void", "window %s counts for nothing: %s", id, alerting.Said(w.Reason))
	case w.State != WindowAhead && w.State != WindowOpen:
		return nil, alerting.Refuse(alerting.ErrState, "window.state", "window %s is %s", id, alerting.Term(w.State))
	}
	return &w.TestWindow, nil
}

// ClosedWindows reads the ids of the windows that were closed and would still be open at a time, or were lately.
func ClosedWindows(ctx context.Context, db bun.IDB, now time.Time) ([]string, error) {
	var ids []string
	err := db.NewSelect().Model((*windowRow)(nil)).Column("id").Where("closed_ms <> 0").
		Where("until_ms > ?", now.Add(-alerting.MaxWindow).UnixMilli()).Scan(ctx, &ids)
	if err != nil {
		return nil, fmt.Errorf("read which windows were closed: %w: %w", alerting.ErrUnavailable, err)
	}
	return ids, nil
}

// checkWindow refuses an order that its window cannot hold: of another world, or with no channel or not every area in it. When
// the window opens is looked at when the alert goes out.
func (d *Desk) checkWindow(in *alerting.Issued) error {
	w := in.Envelope.Window
	switch {
	case w == nil:
		return nil
	case in.Envelope.World != alerting.Test:
		return alerting.Refuse(alerting.ErrInvalid, "window.status", "window %s is for messages of status Test; this one is %s", w.ID, in.Alert.Status)
	case d.Office == nil:
		return errNoApproval()
	}
	some := false
	for _, ch := range w.Channels {
		if len(in.Envelope.Channels) > 0 && !slices.Contains(in.Envelope.Channels, ch) {
			continue
		}
		if err := approval.Fits(in, ch); err != nil {
			return fmt.Errorf("%w: %w", alerting.ErrInvalid, err)
		}
		some = true
	}
	if !some {
		return alerting.Refuse(alerting.ErrInvalid, "window.channels", "window %s is for %v, and the order for %v", w.ID, alerting.Terms(w.Channels), alerting.Terms(in.Envelope.Channels))
	}
	return nil
}

// inWindow refuses to issue a public test outside its window: nobody would get it, and its author should know.
func (d *Desk) inWindow(in *alerting.Issued) error {
	w := in.Envelope.Window
	if w == nil {
		return nil
	}
	var last error
	for _, ch := range w.Channels {
		if last = d.Office.Leaves(in, ch, d.Now()); last == nil {
			return nil
		}
	}
	return last
}

// inherit lets a Cancel that the desk wrote reach those whom the original reached, while its window is open.
func (d *Desk) inherit(original, cancel *alerting.Issued) {
	if original.Envelope.Window == nil || d.Office == nil {
		return
	}
	cancel.Envelope.Window, cancel.Envelope.Enrolments = original.Envelope.Window, original.Envelope.Enrolments
	cancel.Envelope.Audience.Groups = original.Envelope.Audience.Groups
	if d.inWindow(cancel) != nil {
		cancel.Envelope.Window, cancel.Envelope.Enrolments, cancel.Envelope.Audience = nil, nil, alerting.AudienceFilter{}
	}
}

// within reports whether an issued alert belongs to a window.
func (r *issueRow) within(w *alerting.TestWindow) bool {
	var e alerting.Envelope
	return json.Unmarshal(r.Envelope, &e) == nil && approval.SameWindow(e.Window, w)
}

// behind are all signatures that an alert stands on: those on itself, and those on its window.
func behind(signatures []alerting.Approval, w *alerting.TestWindow) []alerting.Approval {
	if w == nil {
		return signatures
	}
	return slices.Concat(signatures, w.By)
}
