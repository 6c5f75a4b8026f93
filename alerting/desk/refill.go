package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"tocsin/alerting"
	"tocsin/cap"
)

// Filler fills the template of an alert again. The document is an alert; the desk makes it the update.
type Filler func(original *alerting.Issued) (document []byte, origin *alerting.Origin, err error)

// Refill issues the update of an alert that came from a template: what fill makes of the template goes to the channels and the
// audience of the alert, the way of any update. What was asked names the request: the same again is answered with the same update,
// or the draft that it waits in. Errors as for Follow, and those of fill; ErrState when the alert came from no template.
func (d *Desk) Refill(ctx context.Context, id alerting.AlertID, asked []byte, o Order, fill Filler) (Answer, error) {
	a, err := d.refill(ctx, id, asked, o, fill)
	if err != nil {
		return Answer{}, fmt.Errorf("update alert %s from its template: %w", id, err)
	}
	return a, nil
}

func (d *Desk) refill(ctx context.Context, id alerting.AlertID, asked []byte, o Order, fill Filler) (Answer, error) {
	defer d.turns.take(id)()
	row, err := find(ctx, d.DB.Read(), id)
	if err != nil {
		return Answer{}, err
	}
	sum := sha256.Sum256(append([]byte(row.Alert+"\x00"), asked...))
	name := hex.EncodeToString(sum[:])
	if row.StoppedBy != "" {
		if a, again, err := d.refilledAgain(ctx, row.StoppedBy, name); again || err != nil {
			return a, err
		}
	}
	if err := d.mayFollow(&row); err != nil {
		return Answer{}, err
	}
	original, err := row.open()
	if err != nil {
		return Answer{}, err
	}
	if original.Origin == nil {
		return Answer{}, alerting.Refuse(alerting.ErrState, "update.no-template", "it came from no template that the office knows: update it with a document")
	}
	if a, waits, err := d.refilledDraft(ctx, name, o); waits || err != nil {
		return a, err
	}
	document, origin, err := fill(original)
	if err != nil {
		return Answer{}, err
	}
	update, err := d.follow(ctx, id, document)
	if err != nil {
		return Answer{}, err
	}
	origin.Asked = name
	return d.Update(ctx, update, Order{Actor: o.Actor, Channels: original.Envelope.Channels, Audience: original.Envelope.Audience, Origin: origin})
}

// refilledAgain answers for an alert that the same request updated before; again is false when something else stopped it.
func (d *Desk) refilledAgain(ctx context.Context, stoppedBy, asked string) (a Answer, again bool, err error) {
	by, err := alerting.ParseAlertID(stoppedBy)
	if err != nil {
		return Answer{}, false, err
	}
	row, err := find(ctx, d.DB.Read(), by)
	if err != nil {
		return Answer{}, false, err
	}
	in, err := row.open()
	if err != nil || in.Origin == nil || in.Origin.Asked != asked {
		return Answer{}, false, err
	}
	a, err = d.submit(ctx, in)
	return a, true, err
}

// refilledDraft answers for an update that the same request made before, and that waits for approval.
func (d *Desk) refilledDraft(ctx context.Context, asked string, o Order) (a Answer, waits bool, err error) {
	var ids []string
	err = d.DB.Read().NewRaw(`SELECT d.id FROM drafts AS d JOIN draft_versions AS v ON v.draft = d.id AND v.version = d.version
		WHERE d.state IN (?, ?) AND v.filled LIKE ? ORDER BY d.id`, string(Submitted), string(Approved), `%"asked":"`+asked+`"%`).Scan(ctx, &ids)
	if err != nil {
		return Answer{}, false, fmt.Errorf("look for a draft of the update: %w: %w", alerting.ErrUnavailable, err)
	}
	if len(ids) == 0 {
		return Answer{}, false, nil
	}
	draft, err := d.DraftAt(ctx, ids[0])
	if err != nil {
		return Answer{}, false, err
	}
	in, err := d.Check(draft.Document, Order{Actor: o.Actor, Channels: draft.Channels, Audience: draft.Audience})
	if err != nil {
		return Answer{}, false, err
	}
	a = d.answer(in)
	a.Draft, a.Missing, a.Repeated = draft.ID, draft.Missing, true
	return a, true, nil
}

// prepared puts the words of a template into an info that ends an alert, where there are some in its language.
func prepared(info *cap.Info, all []alerting.Words) {
	if w, ok := alerting.WordsIn(all, info.Language); ok {
		info.Headline, info.Description, info.Instruction = w.Headline, w.Description, w.Instruction
	}
}
