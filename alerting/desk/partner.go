package desk

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/cap"
)

// Received is what became of a partner's document.
type Received struct {
	// Draft is where it waits; empty when the office has issued this very document before.
	Draft Draft
	// Issued: the office has issued this very document before, and nothing was done.
	Issued bool
	// Standing is the id of the standing authorisation under which it went out at once.
	Standing string
}

// Receive keeps a document of a partner as a submitted draft: where nobody would have to approve it, it stays a draft that
// somebody must submit. It is issued at once only when a standing authorisation lets what the partner signed, the original,
// go unattended; why none does, the draft says. The same document again is the same draft. Errors are those of Issue: what Issue
// would refuse at last is refused now, before anybody approves it.
func (d *Desk) Receive(ctx context.Context, document, original []byte, o Order) (Received, error) {
	in, err := d.Check(document, o)
	if err != nil {
		return Received{}, fmt.Errorf("receive: %w", err)
	}
	have, err := find(ctx, d.DB.Read(), in.ID)
	switch {
	case err == nil && sameDocument(have.Document, document):
		return Received{Issued: true}, nil
	case err == nil:
		return Received{}, fmt.Errorf("receive alert %s: %w", in.ID, alerting.Refuse(alerting.ErrConflict, "receive.other-content", "this office has issued it with other content"))
	case !errors.Is(err, alerting.ErrNotFound):
		return Received{}, fmt.Errorf("receive: %w", err)
	}
	if !d.Now().Before(in.Expires) {
		_, path := d.expiryOf(in.Alert, in.Envelope.Issued)
		return Received{}, fmt.Errorf("receive alert %s: %w", in.ID, d.refuse(document, expired(in.Expires, path)))
	}
	if err := d.mustLieInside(ctx, in); err != nil {
		return Received{}, fmt.Errorf("receive alert %s: %w", in.ID, err)
	}
	if err := d.couldStop(ctx, in); err != nil {
		return Received{}, fmt.Errorf("receive alert %s: %w", in.ID, err)
	}
	standing, beyond, err := d.unattended(ctx, in, original)
	if err != nil {
		return Received{}, fmt.Errorf("receive alert %s: %w", in.ID, err)
	}
	if standing != "" {
		return Received{Standing: standing}, nil
	}
	free, err := d.needsNobody(ctx, in)
	if err != nil {
		return Received{}, fmt.Errorf("receive alert %s: %w", in.ID, err)
	}
	if free {
		draft, err := d.keptDraft(ctx, in)
		return Received{Draft: draft}, err
	}
	// Whoever approves it sees whom it reaches.
	draft, repeated, err := d.draftFor(ctx, in, true)
	if err == nil && beyond != "" && !repeated {
		draft, err = d.sayBeyond(ctx, draft, beyond)
	}
	return Received{Draft: draft}, err
}

// errTried ends a transaction that was only a trial.
var errTried = errors.New("tried, and taken back")

// couldStop applies the rules for references without changing anything.
func (d *Desk) couldStop(ctx context.Context, in *alerting.Issued) error {
	if in.Alert.MsgType == cap.MsgAlert {
		return nil
	}
	err := d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := d.stopAll(ctx, tx, in); err != nil {
			return err
		}
		return errTried
	})
	if errors.Is(err, errTried) {
		return nil
	}
	return err
}

// needsNobody reports whether a draft would be released as soon as it is submitted: in an office without approvals, and where
// a rule wants none.
func (d *Desk) needsNobody(ctx context.Context, in *alerting.Issued) (bool, error) {
	if d.Office == nil {
		return true, nil
	}
	roll, err := d.roll(ctx, d.DB.Read())
	if err != nil {
		return false, err
	}
	bare := *in
	bare.Envelope.Author = in.Envelope.Actor.Name
	return len(d.Office.Missing(roll, &bare)) == 0, nil
}

// keptDraft finds the draft of a document that waits to be submitted, or makes one.
func (d *Desk) keptDraft(ctx context.Context, in *alerting.Issued) (Draft, error) {
	defer d.turns.take(in.ID)()
	var rows []draftRow
	err := d.DB.Read().NewSelect().Model(&rows).Where("alert = ?", in.ID.String()).
		Where("state = ?", string(Drafted)).Order("id").Scan(ctx)
	if err != nil {
		return Draft{}, fmt.Errorf("look for a draft of alert %s: %w: %w", in.ID, alerting.ErrUnavailable, err)
	}
	for _, row := range rows {
		have, err := d.DraftAt(ctx, row.ID)
		if err != nil {
			return Draft{}, err
		}
		if bytes.Equal(have.Document, in.Envelope.Document) {
			return have, nil
		}
	}
	return d.Draft(ctx, in.Envelope.Document, Order{Actor: in.Envelope.Actor})
}
