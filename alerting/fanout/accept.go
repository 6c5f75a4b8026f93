package fanout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/cap"
)

// receiptsOutlive is how long after its expiry the receipts of an alert are kept before they are sealed, with a margin.
const receiptsOutlive = 72 * time.Hour

// Accept enters an issued alert: its row in expansions and a tombstone for every alert that it updates or cancels, in
// one transaction. It is called in the order of the stream and may be called again for the same record. The record may
// be committed once Accept returned nil. ErrInvalid means that the record makes no sense; any other error that it must
// be tried again.
func (f *Fanout) Accept(ctx context.Context, in *alerting.Issued) error {
	// A ledger that is away knows of no copy; as with Begin, that is no error.
	used, err := f.Used(ctx, in.ID)
	return f.add(ctx, in, err == nil && used)
}

// add enters an alert; one that the ledger has delivered is entered as restored (see there), if SQL does not know it.
func (f *Fanout) add(ctx context.Context, in *alerting.Issued, delivered bool) error {
	if !slices.Contains(alerting.Worlds(), in.Envelope.World) {
		return fmt.Errorf("%w: accept alert %s: no such world %q", alerting.ErrInvalid, in.ID, in.Envelope.World)
	}
	row, err := f.newRow(in)
	if err != nil {
		return fmt.Errorf("accept alert %s: %w", in.ID, err)
	}
	if delivered {
		row.finish(Done, restored())
	}
	var created bool
	insert := func(ctx context.Context) (bool, error) {
		// The transaction may run again, so each run starts from the same row.
		err := f.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
			attempt := row
			var err error
			created, err = f.enter(ctx, tx, in, &attempt)
			return err
		})
		return created, err
	}
	keep := max(0, in.Expires.Sub(f.Now())) + receiptsOutlive
	if err := f.Begin(ctx, in.ID, keep, insert); err != nil {
		return fmt.Errorf("accept alert %s: %w", in.ID, err)
	}
	if created {
		if delivered {
			f.Log.ErrorContext(ctx, "an alert was accepted again after a restore", "alert", in.ID.String(), "note", restored())
		}
		f.counts.accepted.WithLabelValues(string(in.Envelope.World), string(in.Lane)).Inc()
		f.hold(in, row.Epoch)
	}
	return nil
}

// stops reports whether the alert takes the place of those it references, or ends them.
func stops(a *cap.Alert) bool { return a.MsgType == cap.MsgUpdate || a.MsgType == cap.MsgCancel }

func (f *Fanout) newRow(in *alerting.Issued) (expansionRow, error) {
	envelope, err := json.Marshal(in.Envelope)
	if err != nil {
		return expansionRow{}, fmt.Errorf("%w: envelope: %w", alerting.ErrInvalid, err)
	}
	now := f.Now()
	row := expansionRow{
		Alert: in.ID.String(), World: string(in.Envelope.World), Lane: string(in.Lane), Kind: string(in.Alert.MsgType),
		Epoch: now.Unix(), State: Scanning, IssuedMS: millis(in.Envelope.Issued), ExpiresMS: millis(in.Expires),
		CreatedMS: millis(now), UpdatedMS: millis(now), Envelope: envelope, Refs: "[]", Chain: "[]",
	}
	from := alerting.Effective(in.Alert)
	ahead := from.After(now) && in.Alert.MsgType != cap.MsgCancel
	switch {
	case ahead && stops(in.Alert):
		row.State, row.DueMS = Ahead, millis(from)
	case ahead:
		row.State, row.DueMS = Waiting, millis(from)
	case stops(in.Alert):
		row.State, row.DueMS = Waiting, millis(now.Add(f.Grace))
	}
	if ahead {
		row.note(alerting.Say("note.waits", "waits until it is effective, %s", from.UTC().Format(time.RFC3339)))
	}
	switch {
	case !now.Before(in.Expires):
		row.finish(Done, alerting.Say("note.expired-before", "expired before fan-out"))
	case in.Alert.MsgType == cap.MsgAck || in.Alert.MsgType == cap.MsgError:
		row.finish(Done, alerting.Say("note.not-public", "a message of type %s is not for the public", in.Alert.MsgType))
	}
	return row, nil
}

// finish ends a row for a reason.
func (r *expansionRow) finish(s State, reason string) {
	r.State, r.Reason, r.DueMS = s, reason, 0
	r.note(reason)
}

// enter writes all that follows from a new alert; false when it was there already.
func (f *Fanout) enter(ctx context.Context, tx bun.Tx, in *alerting.Issued, row *expansionRow) (bool, error) {
	if have, err := readRow(ctx, tx, in.ID); err == nil {
		return false, f.compare(ctx, tx, in, &have)
	} else if !errors.Is(err, alerting.ErrNotFound) {
		return false, err
	}
	by, err := stopperOf(ctx, tx, in.ID, row.World)
	if err != nil {
		return false, err
	}
	if row.State == Ahead && by.IsZero() {
		// What it replaces stays in force; whoever stops this one reads here what ends with it.
		row.Refs = formatIDs(in.References)
	} else if stops(in.Alert) {
		refs, err := f.bury(ctx, tx, in, row)
		if err != nil {
			return false, err
		}
		row.Refs = formatIDs(refs)
	}
	if !by.IsZero() && row.State.open() {
		row.finish(Stopped, alerting.Say("note.stopped-before", "stopped by %s before it arrived", by))
	}
	res, err := tx.NewInsert().Model(row).On("CONFLICT DO NOTHING").Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("insert the expansion: %w", err)
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// compare notes a second document under the same id; it is never sent.
func (f *Fanout) compare(ctx context.Context, tx bun.Tx, in *alerting.Issued, have *expansionRow) error {
	var envelope alerting.Envelope
	if err := json.Unmarshal(have.Envelope, &envelope); err != nil {
		return fmt.Errorf("read the envelope of alert %s again: %w", in.ID, err)
	}
	if envelope.Digest == in.Envelope.Digest {
		return nil
	}
	f.counts.conflicts.Inc()
	f.Log.WarnContext(ctx, "another document under the id of a known alert was ignored", "alert", in.ID.String())
	have.note(alerting.Say("note.other-document", "another document came under the same id and was ignored"))
	_, err := tx.NewUpdate().Model((*expansionRow)(nil)).Set("notes = ?", have.Notes).
		Where("alert = ?", have.Alert).Exec(ctx)
	if err != nil {
		return fmt.Errorf("note the conflict: %w", err)
	}
	return nil
}

// bury leaves a tombstone for every referenced alert of the same world, seen or not, and stops those that are being
// expanded. What an update lies ahead of ends with that update. It returns what it buried.
func (f *Fanout) bury(ctx context.Context, tx bun.Tx, in *alerting.Issued, row *expansionRow) ([]alerting.AlertID, error) {
	var refs []alerting.AlertID
	for todo := slices.Clone(in.References); len(todo) > 0; todo = todo[1:] {
		ref := todo[0]
		if ref == in.ID || slices.Contains(refs, ref) {
			continue
		}
		old, err := readRow(ctx, tx, ref)
		if err == nil && old.World != row.World {
			row.note(alerting.Say("note.other-world", "reference to alert %s of the world %s was ignored", ref, old.World))
			continue
		}
		if err != nil && !errors.Is(err, alerting.ErrNotFound) {
			return nil, err
		}
		refs = append(refs, ref)
		if err == nil && old.State == Ahead {
			more, err := parseIDs(old.Refs)
			if err != nil {
				return nil, err
			}
			todo = append(todo, more...)
		}
		stone := tombstoneRow{Alert: ref.String(), ByAlert: row.Alert, AtMS: row.CreatedMS, World: row.World}
		if _, err := tx.NewInsert().Model(&stone).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
			return nil, fmt.Errorf("bury alert %s: %w", ref, err)
		}
		if err := stopRow(ctx, tx, ref, in.ID, row.CreatedMS); err != nil {
			return nil, err
		}
	}
	return refs, nil
}

// stopRow ends an open expansion. From here on no page is added to its manifest.
func stopRow(ctx context.Context, tx bun.IDB, id, by alerting.AlertID, at int64) error {
	_, err := tx.NewUpdate().Model((*expansionRow)(nil)).
		Set("state = ?", string(Stopped)).Set("reason = ?", alerting.Say("note.stopped", "stopped by %s", by)).Set("due_ms = 0").
		Set("updated_ms = ?", at).
		Where("alert = ?", id.String()).Where("state IN (?)", bun.List(openStates())).Exec(ctx)
	if err != nil {
		return fmt.Errorf("stop the expansion of alert %s: %w", id, err)
	}
	return nil
}
