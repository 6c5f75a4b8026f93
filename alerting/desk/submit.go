package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/approval"
)

// submit brings an alert that was checked onto the stream.
func (d *Desk) submit(ctx context.Context, in *alerting.Issued) (Answer, error) {
	defer d.turns.take(in.ID)()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), publishTimeout)
	defer cancel()
	came := in.Envelope.Document
	var row issueRow
	// The row may appear between looking and writing, when another process is given the same document.
	const looks = 3
	for range looks {
		have, err := find(ctx, d.DB.Read(), in.ID)
		if err == nil {
			return d.repeat(ctx, in, have, came)
		}
		if !errors.Is(err, alerting.ErrNotFound) {
			return Answer{}, fmt.Errorf("issue: %w", err)
		}
		if !d.Now().Before(in.Expires) {
			_, path := d.expiryOf(in.Alert, in.Envelope.Issued)
			return Answer{}, fmt.Errorf("issue alert %s: %w", in.ID, d.refuse(in.Envelope.Document, expired(in.Expires, path)))
		}
		if err := d.inWindow(in); err != nil {
			return Answer{}, fmt.Errorf("issue alert %s: %w", in.ID, err)
		}
		if row.Alert == "" {
			if err := d.sign(in); err != nil {
				return Answer{}, fmt.Errorf("issue alert %s: %w", in.ID, err)
			}
			if row, err = d.rowOf(in); err != nil {
				return Answer{}, fmt.Errorf("issue alert %s: %w", in.ID, err)
			}
		}
		entered, err := d.enter(ctx, in, row)
		if err != nil {
			return Answer{}, fmt.Errorf("issue: %w", err)
		}
		if entered {
			return d.publish(ctx, in, row, false)
		}
	}
	return Answer{}, fmt.Errorf("issue alert %s: %w", in.ID, alerting.Refuse(alerting.ErrUnavailable, "issue.elsewhere", "it is being issued and withdrawn elsewhere"))
}

// repeat answers for a document that came before.
func (d *Desk) repeat(ctx context.Context, in *alerting.Issued, have issueRow, came []byte) (Answer, error) {
	if !sameDocument(have.Document, came) {
		return Answer{}, fmt.Errorf("issue alert %s: %w", in.ID, alerting.Refuse(alerting.ErrConflict, "issue.other-content", "sender, identifier and sent are those of an alert with other content; a changed message needs a new identifier or a new sent"))
	}
	var before alerting.Envelope
	if err := json.Unmarshal(have.Envelope, &before); err != nil {
		return Answer{}, fmt.Errorf("read the envelope of alert %s again: %w", in.ID, err)
	}
	if !sameAudience(&before, &in.Envelope) {
		return Answer{}, fmt.Errorf("issue alert %s: %w", in.ID, alerting.Refuse(alerting.ErrConflict, "issue.other-audience", "the same document was issued to other channels or another audience"))
	}
	in.Envelope, in.Expires = before, have.expires()
	switch {
	case have.State == issued:
		a := d.answer(in)
		a.Repeated = true
		return a, nil
	case have.State == lapsed || !d.Now().Before(in.Expires):
		return Answer{}, fmt.Errorf("issue alert %s: %w", in.ID, alerting.Refuse(alerting.ErrState, "issue.expired-first", "it expired before it was known to be issued"))
	}
	return d.publish(ctx, in, have, true)
}

// sameAudience compares what an order names; the order of names says nothing.
func sameAudience(a, b *alerting.Envelope) bool {
	return sameNames(a.Channels, b.Channels) && sameNames(a.Audience.People, b.Audience.People) &&
		sameNames(a.Audience.Groups, b.Audience.Groups) && approval.SameWindow(a.Window, b.Window)
}

func sameNames[T ~string](a, b []T) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}

// publish hands the alert to the stream. again: an earlier attempt may have reached it, so that a refusal now says
// nothing about then.
func (d *Desk) publish(ctx context.Context, in *alerting.Issued, row issueRow, again bool) (Answer, error) {
	err := d.Press.Publish(ctx, in.Envelope)
	if err == nil {
		if err := d.settle(ctx, in, row); err != nil {
			// It is issued all the same; the row is settled by the next call or by Resume.
			d.Log.ErrorContext(ctx, "an issued alert could not be noted as issued", "alert", in.ID.String(), "error", err)
		}
		return d.answer(in), nil
	}
	certain := errors.Is(err, alerting.ErrUnavailable) || errors.Is(err, alerting.ErrInvalid)
	if again || !certain || errors.Is(err, alerting.ErrUnknown) {
		return Answer{}, unknown(in.ID, err)
	}
	withdrawn, wErr := d.withdraw(ctx, in.ID, err)
	switch {
	case wErr != nil:
		// The row stays, so that Resume may issue it after all: "refused" would be a false answer.
		return Answer{}, unknown(in.ID, errors.Join(err, wErr))
	case !withdrawn:
		return d.answer(in), nil
	}
	return Answer{}, fmt.Errorf("issue alert %s: %w", in.ID, err)
}

// unknown hides the kinds of its cause: one answer has one kind.
func unknown(id alerting.AlertID, cause error) error {
	return fmt.Errorf("issue alert %s: %w: sending the same again is safe: %v", id, alerting.ErrUnknown, cause) //nolint:errorlint // see above
}

func (d *Desk) answer(in *alerting.Issued) Answer {
	return Answer{Alert: in.ID, World: in.Envelope.World, Lane: in.Lane, Document: in.Envelope.Document,
		Issued: in.Envelope.Issued, Expires: in.Expires, Findings: d.Remarks(in)}
}

// Resume publishes again what was left issuing when a process died or an answer was lost. Call it at the start, and when
// the stream is back. It goes on after an error and returns all of them; how many were published is the first result.
func (d *Desk) Resume(ctx context.Context) (int, error) {
	var rows []issueRow
	err := d.DB.Read().NewSelect().Model(&rows).Where("state = ?", issuing).Order("created_ms").Scan(ctx)
	if err != nil {
		return 0, fmt.Errorf("look for unfinished issues: %w: %w", alerting.ErrUnavailable, err)
	}
	count := 0
	var errs []error
	for _, row := range rows {
		published, err := d.resume(ctx, row)
		if published {
			count++
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("resume alert %s: %w", row.Alert, err))
		}
	}
	return count, errors.Join(errs...)
}

// resumeEvery is how often Run looks for what is left issuing, releaseEvery how often for drafts whose time has come.
const (
	resumeEvery  = 5 * time.Second
	releaseEvery = time.Second
)

// Run calls Resume at once and then every few seconds, and releases approved drafts when their time has come, until ctx ends.
func (d *Desk) Run(ctx context.Context) error {
	tick, second := time.NewTicker(resumeEvery), time.NewTicker(releaseEvery)
	defer tick.Stop()
	defer second.Stop()
	if err := d.entitleOld(ctx); err != nil && ctx.Err() == nil {
		d.Log.WarnContext(ctx, "alerts that were issued before lists had headlines could not all be given one; they are not found by a search", "error", err)
	}
	for {
		n, err := d.Resume(ctx)
		if err != nil && ctx.Err() == nil {
			d.Log.WarnContext(ctx, "unfinished issues could not all be published; trying again", "error", err)
		}
		if n > 0 {
			d.Log.InfoContext(ctx, "unfinished issues were published", "count", n)
		}
		if err := d.lapseChanges(ctx); err != nil && ctx.Err() == nil {
			d.Log.WarnContext(ctx, "changes that lapsed could not all be ended", "error", err)
		}
		for due := false; !due; {
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
				due = true
			case <-second.C:
				if err := d.releaseDue(ctx); err != nil && ctx.Err() == nil {
					d.Log.WarnContext(ctx, "approved drafts could not all be released", "error", err)
				}
			}
		}
	}
}

func (d *Desk) resume(ctx context.Context, row issueRow) (bool, error) {
	id, err := alerting.ParseAlertID(row.Alert)
	if err != nil {
		return false, err
	}
	defer d.turns.take(id)()
	if row, err = find(ctx, d.DB.Read(), id); err != nil || row.State != issuing {
		if errors.Is(err, alerting.ErrNotFound) {
			err = nil
		}
		return false, err
	}
	if !d.Now().Before(row.expires()) {
		d.Log.WarnContext(ctx, "an alert expired before it was known to be issued", "alert", row.Alert)
		return false, d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
			res, err := tx.NewUpdate().Model((*issueRow)(nil)).Set("state = ?", lapsed).
				Where("alert = ?", row.Alert).Where("state = ?", issuing).Exec(ctx)
			if err != nil {
				return err
			}
			if n, err := res.RowsAffected(); err != nil || n == 0 {
				return err
			}
			return d.Note(ctx, tx, engine(), verbLapsed, subjectOf(row.Alert), struct{}{})
		})
	}
	in, err := row.open()
	if err != nil {
		return false, err
	}
	_, err = d.publish(ctx, in, row, true)
	return err == nil, err
}
