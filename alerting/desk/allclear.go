package desk

import (
	"context"
	"fmt"
	"slices"

	"tocsin/alerting"
	"tocsin/cap"
)

// AllClear ends an alert whose danger is over, which is no false alarm: the desk writes a CAP Update in each of its languages, of
// responseType AllClear, observed and past, and issues it the way of any update, with the approvals that the policy demands of
// one so mild. Its words are those that the alert's template had prepared when it was issued, where it has some. It takes the alert's
// place; everybody who was told hears it, and nobody else. Asking again answers with the same one, issued or still waiting for its
// approvals. Errors as for Follow; ErrState when it is an all-clear itself, ErrConflict when one waits that says something else.
func (d *Desk) AllClear(ctx context.Context, id alerting.AlertID, o Order) (Answer, error) {
	a, err := d.allClear(ctx, id, o)
	if err != nil {
		return Answer{}, fmt.Errorf("all-clear of alert %s: %w", id, err)
	}
	return a, nil
}

func (d *Desk) allClear(ctx context.Context, id alerting.AlertID, o Order) (Answer, error) {
	defer d.turns.take(id)()
	row, err := find(ctx, d.DB.Read(), id)
	if err != nil {
		return Answer{}, err
	}
	if row.StoppedBy != "" {
		if a, again, err := d.clearedAgain(ctx, row.StoppedBy); again || err != nil {
			return a, err
		}
	}
	original, err := row.open()
	if err != nil {
		return Answer{}, err
	}
	if isAllClear(original.Alert) {
		return Answer{}, alerting.Refuse(alerting.ErrState, "alert.is-all-clear", "it is an all-clear itself")
	}
	if err := checkWords(original.Alert, o.Words); err != nil {
		return Answer{}, err
	}
	document, err := cap.Write(d.clearing(original, o))
	if err != nil {
		return Answer{}, fmt.Errorf("write it: %w: %w", alerting.ErrInvalid, err)
	}
	update, err := d.follow(ctx, id, document)
	if err != nil {
		return Answer{}, err
	}
	if a, waits, err := d.waitingAllClear(ctx, update); waits || err != nil {
		return a, err
	}
	return d.Update(ctx, update, Order{Actor: o.Actor, Channels: original.Envelope.Channels, Audience: original.Envelope.Audience})
}

// clearedAgain answers for an alert that an all-clear ended before; again is false when something else did.
func (d *Desk) clearedAgain(ctx context.Context, stoppedBy string) (a Answer, again bool, err error) {
	by, err := alerting.ParseAlertID(stoppedBy)
	if err != nil {
		return Answer{}, false, err
	}
	row, err := find(ctx, d.DB.Read(), by)
	if err != nil {
		return Answer{}, false, err
	}
	in, err := row.open()
	if err != nil || !isAllClear(in.Alert) {
		return Answer{}, false, err
	}
	a, err = d.submit(ctx, in)
	return a, true, err
}

// isAllClear reports whether a message is an all-clear in all that it says.
func isAllClear(a *cap.Alert) bool {
	return a.MsgType == cap.MsgUpdate && len(a.Infos) > 0 &&
		!slices.ContainsFunc(a.Infos, func(i cap.Info) bool { return !slices.Contains(i.ResponseTypes, cap.AllClear) })
}

// clearing is the all-clear of an alert; follow adds what makes it an update.
func (d *Desk) clearing(original *alerting.Issued, o Order) *cap.Alert {
	a, note := original.Alert, o.Note
	references := []cap.Reference{referenceTo(a)}
	sent := d.sentAfter(a, references)
	out := &cap.Alert{Version: "1.2", Identifier: stamped(a.Identifier, sent), Sender: a.Sender, Sent: sent, Status: a.Status, MsgType: cap.MsgUpdate,
		Source: a.Source, Scope: a.Scope, Restriction: a.Restriction, Addresses: a.Addresses, Codes: a.Codes, Note: note, Incidents: a.Incidents,
		References: references}
	if note == "" && a.Status == cap.StatusExercise {
		out.Note = a.Note // an exercise is named there (CAP 1.2 §3.2.1)
	}
	if d.Sender != "" {
		out.Sender = d.Sender
	}
	expires := d.cancelUntil(original).In(a.Sent.Location())
	for i := range a.Infos {
		info := &a.Infos[i]
		one := d.cancelledInfo(info, expires)
		words := clearedIn(info.Language)
		event := info.Event
		if event == "" {
			event = info.Headline
		}
		one.Headline, one.Description = fmt.Sprintf(words.headline, event), fmt.Sprintf(words.description, event)
		if original.Origin != nil {
			prepared(&one, original.Origin.AllClear)
		}
		prepared(&one, o.Words)
		out.Infos = append(out.Infos, one)
	}
	return out
}
