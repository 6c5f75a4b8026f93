package desk

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"tocsin/alerting"
	"tocsin/alerting/approval"
)

// orDraft issues what may go out at once; what must be approved first is submitted as a draft, and waits. The same document
// again is the same draft. Nobody is that of a Submission.
func (d *Desk) orDraft(ctx context.Context, in *alerting.Issued, nobody bool) (Answer, error) {
	if err := d.mustLieInside(ctx, in); err != nil {
		return Answer{}, fmt.Errorf("issue alert %s: %w", in.ID, err)
	}
	if d.Office == nil {
		return d.submit(ctx, in)
	}
	in.Envelope.Author = in.Envelope.Actor.Name
	roll, err := d.roll(ctx, d.DB.Read())
	if err != nil {
		return Answer{}, fmt.Errorf("issue alert %s: %w", in.ID, err)
	}
	if d.Office.CheckWith(roll, in) == nil {
		return d.submit(ctx, in)
	}
	// What was issued before is answered as it was then.
	if _, err := find(ctx, d.DB.Read(), in.ID); !errors.Is(err, alerting.ErrNotFound) {
		if err != nil {
			return Answer{}, fmt.Errorf("issue alert %s: %w", in.ID, err)
		}
		return d.submit(ctx, in)
	}
	draft, repeated, err := d.draftFor(ctx, in, nobody)
	if err != nil {
		return Answer{}, err
	}
	a := d.answer(in)
	a.Draft, a.Missing, a.Repeated = draft.ID, draft.Missing, repeated
	return a, nil
}

// draftFor finds the draft of an alert that is on its way, or submits one.
func (d *Desk) draftFor(ctx context.Context, in *alerting.Issued, nobody bool) (draft Draft, repeated bool, err error) {
	defer d.turns.take(in.ID)()
	var rows []draftRow
	err = d.DB.Read().NewSelect().Model(&rows).Where("alert = ?", in.ID.String()).
		Where("state IN (?, ?)", string(Submitted), string(Approved)).Order("id").Scan(ctx)
	if err != nil {
		return Draft{}, false, fmt.Errorf("look for a draft of alert %s: %w: %w", in.ID, alerting.ErrUnavailable, err)
	}
	for _, row := range rows {
		have, err := d.DraftAt(ctx, row.ID)
		if err != nil {
			return Draft{}, false, err
		}
		was := alerting.Envelope{Channels: have.Channels, Audience: have.Audience, Window: have.Window}
		if bytes.Equal(have.Document, in.Envelope.Document) && sameAudience(&was, &in.Envelope) {
			return have, true, nil
		}
	}
	// Submit looks again; here nothing is kept of what it would refuse.
	if waits, err := d.findEnding(ctx, d.DB.Read(), in.Alert, ""); err != nil || waits != nil {
		if err == nil {
			err = fmt.Errorf("issue alert %s: %w", in.ID, waits.refused(in.Alert.References[0]))
		}
		return Draft{}, false, err
	}
	if _, err := d.counts(ctx, in, nobody); err != nil {
		return Draft{}, false, fmt.Errorf("issue alert %s: %w", in.ID, err)
	}
	o := Order{Actor: in.Envelope.Actor, Channels: in.Envelope.Channels, Audience: in.Envelope.Audience, Window: in.Envelope.Window, Origin: in.Origin}
	draft, err = d.Draft(ctx, in.Envelope.Document, o)
	if err == nil {
		draft, err = d.HandIn(ctx, draft.ID, o.Actor, Submission{Version: draft.Version, Nobody: nobody})
	}
	return draft, false, err
}

// seal puts the desk's own signature on a Cancel that it wrote: stopping takes one person, and that was the one who asked.
func (d *Desk) seal(in *alerting.Issued) error {
	if d.Office == nil {
		return nil
	}
	stop, err := approval.SignStop(d.Seal, &in.Envelope, d.Now())
	if err != nil {
		return err
	}
	in.Envelope.Approvals = []alerting.Approval{stop}
	return nil
}
