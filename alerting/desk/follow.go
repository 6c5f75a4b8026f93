package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
)

// Follow issues a document as the Update of an alert. The desk works out what an author gets wrong most easily: the type, the
// references (the alert, and what it took the place of itself, unless that is over), a sent after all of these, and, where the
// identifier is one of theirs or missing, one of its own. All else is as the author wrote it. Errors as for Issue; ErrNotFound
// when this desk issued no such alert, ErrState when it was stopped (the error names by what), is a Cancel, or is over.
func (d *Desk) Follow(ctx context.Context, id alerting.AlertID, document []byte, o Order) (Answer, error) {
	update, err := d.follow(ctx, id, document)
	if err != nil {
		return Answer{}, fmt.Errorf("update alert %s: %w", id, err)
	}
	return d.Update(ctx, update, o)
}

// follow writes the Update.
func (d *Desk) follow(ctx context.Context, id alerting.AlertID, document []byte) ([]byte, error) {
	row, err := find(ctx, d.DB.Read(), id)
	if err != nil {
		return nil, err
	}
	if err := d.mayFollow(&row); err != nil {
		return nil, err
	}
	original, err := row.open()
	if err != nil {
		return nil, err
	}
	older, err := d.supersededBy(ctx, original)
	if err != nil {
		return nil, err
	}
	a, found := cap.Inspect(document, d.limits())
	if a == nil {
		return nil, fmt.Errorf("%w: %w", alerting.ErrInvalid, found)
	}
	a.MsgType, a.References = cap.MsgUpdate, append([]cap.Reference{referenceTo(original.Alert)}, older...)
	if a.Sender == "" {
		a.Sender = original.Alert.Sender
	}
	if last := d.sentAfter(original.Alert, a.References); slices.ContainsFunc(a.References, func(r cap.Reference) bool { return !a.Sent.After(r.Sent) }) {
		a.Sent = last
	}
	taken := func(r cap.Reference) bool { return r.Identifier == a.Identifier }
	if a.Identifier == "" || slices.ContainsFunc(a.References, taken) {
		a.Identifier = stamped(original.Alert.Identifier, a.Sent)
	}
	written, err := cap.Write(a)
	if err != nil {
		// What is wrong is said of what the author wrote.
		if findings := found.Err(); findings != nil {
			err = findings
		}
		return nil, fmt.Errorf("%w: %w", alerting.ErrInvalid, err)
	}
	return written, nil
}

// mayFollow says why nothing can be the update of an alert.
func (d *Desk) mayFollow(row *issueRow) error {
	switch {
	case row.Kind == string(cap.MsgCancel):
		return alerting.Refuse(alerting.ErrState, "alert.is-cancel", "it is a cancel itself")
	case row.StoppedBy != "":
		return alerting.Refuse(alerting.ErrState, "update.replaced", "alert %s took its place; update that", row.StoppedBy)
	case !d.Now().Before(row.expires()):
		return alerting.Refuse(alerting.ErrState, "update.over", "it has been over since %s; issue a new alert", row.expires().Format("2006-01-02 15:04:05 -07:00"))
	}
	return nil
}

// stamped is the identifier of an update: that of the alert, and when it was sent.
func stamped(identifier string, sent time.Time) string {
	return updateOf(identifier) + "." + sent.UTC().Format("20060102T150405Z")
}

// updateOf is an identifier without what an earlier update added to it.
func updateOf(identifier string) string {
	at := strings.LastIndexByte(identifier, '.')
	if at < 0 {
		return identifier
	}
	base, stamp := identifier[:at], identifier[at+1:]
	if len(stamp) == len("20060102T150405Z") && stamp[8] == 'T' && strings.HasSuffix(stamp, "Z") {
		return base
	}
	return identifier
}
