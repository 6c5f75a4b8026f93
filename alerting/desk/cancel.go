package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/cap"
)

// afterExpiry is how long after its end an alert can still be cancelled: whoever read a false alarm should be told that
// it was one. After that its receipts are closed, and nobody knows whom to tell.
const afterExpiry = 24 * time.Hour

// Cancel stops an alert: it writes the CAP Cancel, in each language of the original, and issues it. Without a note its words are
// those that the alert's template had prepared when it was issued, where it has some. Where nobody sends alone the note goes into the
// journal instead: one person stops an alert, but tells nobody words of his own. Cancelling again answers with the same Cancel. Errors as for Issue; ErrNotFound when this desk issued no such alert, ErrState when an update took its place (the error
// names it), when it is a Cancel itself, or when it has long been over.
func (d *Desk) Cancel(ctx context.Context, id alerting.AlertID, o Order) (Answer, error) {
	defer d.turns.take(id)()
	row, err := find(ctx, d.DB.Read(), id)
	if err != nil {
		return Answer{}, fmt.Errorf("cancel: %w", err)
	}
	if row.Kind == string(cap.MsgCancel) {
		return Answer{}, fmt.Errorf("cancel alert %s: %w", id, alerting.Refuse(alerting.ErrState, "alert.is-cancel", "it is a cancel itself"))
	}
	if row.StoppedBy != "" {
		return d.cancelAgain(ctx, id, row.StoppedBy)
	}
	if end := row.expires().Add(afterExpiry); !d.Now().Before(end) {
		return Answer{}, fmt.Errorf("cancel alert %s: %w", id, alerting.Refuse(alerting.ErrState, "alert.over", "it has been over since %s", row.expires().Format(time.RFC3339)))
	}
	original, err := row.open()
	if err != nil {
		return Answer{}, fmt.Errorf("cancel: %w", err)
	}
	older, err := d.supersededBy(ctx, original)
	if err != nil {
		return Answer{}, fmt.Errorf("cancel alert %s: %w", id, err)
	}
	reason, err := d.alone(original.Alert, &o)
	if err != nil {
		return Answer{}, fmt.Errorf("cancel alert %s: %w", id, err)
	}
	in, err := d.writeCancel(original, older, o)
	if err == nil {
		d.inherit(original, in)
		err = d.seal(in)
	}
	if err != nil {
		return Answer{}, fmt.Errorf("cancel alert %s: %w", id, err)
	}
	a, err := d.submit(ctx, in)
	if err == nil {
		d.noteReason(ctx, o.Actor, id, a, reason)
	}
	if errors.Is(err, alerting.ErrState) {
		// Another process may have stopped it first; if it was by a cancel, that one is the answer.
		if row, again := find(ctx, d.DB.Read(), id); again == nil && row.StoppedBy != "" {
			return d.cancelAgain(ctx, id, row.StoppedBy)
		}
	}
	return a, err
}

// noteReason keeps why an alert was stopped. It is stopped in any case: what cannot be noted is only logged.
func (d *Desk) noteReason(ctx context.Context, by alerting.Actor, id alerting.AlertID, a Answer, reason string) {
	if reason = oneLine(reason); reason == "" || a.Repeated {
		return
	}
	if len(reason) > longestReason {
		reason = strings.ToValidUTF8(reason[:longestReason], "")
	}
	err := d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		return d.Note(ctx, tx, by, verbStopped, subjectOf(id.String()), map[string]any{"by": a.Alert, "reason": reason})
	})
	if err != nil {
		d.Log.ErrorContext(ctx, "an alert is stopped, and the reason could not be noted", "alert", id.String(), "error", err)
	}
}

// cancelAgain answers for an alert that was stopped before.
func (d *Desk) cancelAgain(ctx context.Context, id alerting.AlertID, stoppedBy string) (Answer, error) {
	by, err := alerting.ParseAlertID(stoppedBy)
	if err != nil {
		return Answer{}, err
	}
	row, err := find(ctx, d.DB.Read(), by)
	if err != nil {
		return Answer{}, fmt.Errorf("cancel alert %s: %w", id, err)
	}
	if row.Kind != string(cap.MsgCancel) {
		return Answer{}, fmt.Errorf("cancel alert %s: %w", id, alerting.Refuse(alerting.ErrState, "cancel.replaced", "alert %s took its place; cancel that", by))
	}
	in, err := row.open()
	if err != nil {
		return Answer{}, fmt.Errorf("cancel alert %s: %w", id, err)
	}
	return d.submit(ctx, in)
}

// supersededBy lists what an update took the place of, and what that took the place of: all that has not expired. CAP
// 1.2 §3.2.1: a Cancel should list all related messages that have not expired.
func (d *Desk) supersededBy(ctx context.Context, in *alerting.Issued) ([]cap.Reference, error) {
	seen := map[alerting.AlertID]bool{in.ID: true}
	var out []cap.Reference
	for todo := slices.Clone(in.References); len(todo) > 0; {
		id := todo[0]
		todo = todo[1:]
		if seen[id] {
			continue
		}
		seen[id] = true
		row, err := find(ctx, d.DB.Read(), id)
		if errors.Is(err, alerting.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		refs, err := row.references()
		if err != nil {
			return nil, err
		}
		todo = append(todo, refs...)
		if !d.Now().Before(row.expires()) || row.World != string(in.Envelope.World) {
			continue
		}
		old, err := row.open()
		if err != nil {
			return nil, err
		}
		out = append(out, referenceTo(old.Alert))
	}
	return out, nil
}

func referenceTo(a *cap.Alert) cap.Reference {
	return cap.Reference{Sender: a.Sender, Identifier: a.Identifier, Sent: a.Sent}
}

// writeCancel writes the Cancel of an alert.
func (d *Desk) writeCancel(original *alerting.Issued, older []cap.Reference, o Order) (*alerting.Issued, error) {
	a := original.Alert
	references := append([]cap.Reference{referenceTo(a)}, older...)
	cancel := &cap.Alert{
		Version: "1.2", Identifier: a.Identifier + ".cancel", Sender: a.Sender, Sent: d.sentAfter(a, references),
		Status: a.Status, MsgType: cap.MsgCancel, Source: a.Source, Scope: a.Scope, Restriction: a.Restriction,
		Addresses: a.Addresses, Codes: a.Codes, Note: o.Note, References: references, Incidents: a.Incidents,
	}
	if d.Sender != "" {
		cancel.Sender = d.Sender
	}
	expires := d.cancelUntil(original).In(cancel.Sent.Location())
	if words := wordsOf(original.Origin, o); len(words) > 0 {
		cancel.Infos = d.cancelledInfos(a, expires, words)
		in, err := d.readCancel(cancel, o)
		if err == nil || len(o.Words) > 0 {
			return in, err // who wrote the words hears what is wrong with them, and can leave them out
		}
		// The stop matters more than its words.
		d.Log.Error("the words of the template cannot be used for the cancel", "alert", original.ID.String(), "template", original.Origin.String(), "error", err)
	}
	cancel.Infos = d.cancelledInfos(a, expires, nil)
	document, err := cap.Write(cancel)
	if err != nil || len(document) > d.MaxBytes {
		// What is being stopped may be at the limit, or break a rule that it was read with. A Cancel needs no info
		// (CAP 1.2 §3.2.2 is optional): the stop matters more than its words.
		cancel.Infos = nil
		document, err = cap.Write(cancel)
	}
	if err != nil {
		return nil, fmt.Errorf("write the cancel: %w: %w", alerting.ErrInvalid, err)
	}
	// Whoever reads the stream reads these bytes, so the desk does too.
	return d.check(document, Order{Actor: o.Actor}, cap.Options{MaxBytes: d.MaxBytes})
}

// readCancel writes a Cancel and reads it as whoever reads the stream does.
func (d *Desk) readCancel(cancel *cap.Alert, o Order) (*alerting.Issued, error) {
	document, err := cap.Write(cancel)
	if err != nil {
		return nil, err
	}
	return d.check(document, Order{Actor: o.Actor}, cap.Options{MaxBytes: d.MaxBytes})
}

// cancelledInfos are the infos of a Cancel; words are what a template had prepared.
func (d *Desk) cancelledInfos(a *cap.Alert, expires time.Time, words []alerting.Words) []cap.Info {
	var out []cap.Info
	for i := range a.Infos {
		info := d.cancelledInfo(&a.Infos[i], expires)
		prepared(&info, words)
		out = append(out, info)
	}
	return out
}

// sentAfter is now in whole seconds, in the original's zone, and later than all that the Cancel is about: the three
// parts of its id would otherwise not tell them apart in time.
func (d *Desk) sentAfter(a *cap.Alert, references []cap.Reference) time.Time {
	sent := d.Now().In(a.Sent.Location()).Truncate(time.Second)
	for _, r := range references {
		if !sent.After(r.Sent) {
			sent = r.Sent.In(a.Sent.Location()).Add(time.Second)
		}
	}
	return sent
}

// cancelUntil: a Cancel is told as long as the alert would have been, and for a lifetime at the least.
func (d *Desk) cancelUntil(original *alerting.Issued) time.Time {
	now := d.Now()
	until := now.Add(d.Lifetime)
	if original.Expires.After(until) {
		until = original.Expires
	}
	if longest := now.Add(d.MaxValidity); until.After(longest) {
		until = longest
	}
	return until.Truncate(time.Second)
}

// cancelledInfo says in the info's language, for its areas, that it is over.
func (d *Desk) cancelledInfo(i *cap.Info, expires time.Time) cap.Info {
	words := cancelledIn(i.Language)
	event := i.Event
	if event == "" {
		event = i.Headline
	}
	out := cap.Info{
		Language: i.Language, Categories: i.Categories, Event: i.Event, ResponseTypes: []cap.ResponseType{cap.AllClear},
		Urgency: cap.Past, Severity: cap.Minor, Certainty: cap.Observed, Audience: i.Audience, EventCodes: i.EventCodes,
		Expires: expires, SenderName: i.SenderName, Headline: fmt.Sprintf(words.headline, event),
		Description: fmt.Sprintf(words.description, event), Web: i.Web, Contact: i.Contact, Areas: i.Areas,
	}
	if d.SenderName != "" {
		out.SenderName = d.SenderName
	}
	return out
}

// alone keeps to the journal what one person says who stops an alert where nobody sends alone; words of his own are refused.
func (d *Desk) alone(a *cap.Alert, o *Order) (reason string, err error) {
	if err := checkWords(a, o.Words); err != nil || d.Office == nil {
		return "", err
	}
	if len(o.Words) > 0 {
		return "", alerting.Refuse(alerting.ErrForbidden, "cancel.own-words", "words: one person stops an alert here, and says nothing of his own: leave them out, and what is prepared is said; give the all-clear, or an update, to say more")
	}
	reason, o.Note = o.Note, ""
	return reason, nil
}
