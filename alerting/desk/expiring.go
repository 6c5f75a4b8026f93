package desk

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/cap"
)

// Before an alert ends somebody must say whether the danger does: extend it, end it, or let it lapse. Asked is what is still
// open; an update or a cancel answers it by itself.

// Asked is an alert whose end is near, and nobody has said what shall become of it.
type Asked struct {
	Alert   alerting.AlertID `json:"alert"`
	World   alerting.World   `json:"world"`
	Title   string           `json:"title"`
	Expires time.Time        `json:"expires"`
}

// Expiring gives the alerts that end within a time and that nobody has answered for, the next one first. A Cancel is not asked
// about.
func (d *Desk) Expiring(ctx context.Context, within time.Duration) ([]Asked, error) {
	now := d.Now()
	var rows []issueRow
	err := d.DB.Read().NewSelect().Model(&rows).Column("alert", "world", "document", "expires_ms").
		Where("state = ?", issued).Where("expires_ms > ?", now.UnixMilli()).Where("expires_ms <= ?", now.Add(within).UnixMilli()).
		Where("stopped_by = ''").Where("kind <> ?", string(cap.MsgCancel)).
		Where("NOT EXISTS (SELECT 1 FROM lapses AS l WHERE l.alert = issue_row.alert)").
		Order("expires_ms", "alert").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for alerts that end soon: %w: %w", alerting.ErrUnavailable, err)
	}
	out := make([]Asked, 0, len(rows))
	for i := range rows {
		r := &rows[i]
		id, err := alerting.ParseAlertID(r.Alert)
		if err != nil {
			return nil, err
		}
		a, err := cap.Parse(r.Document, cap.Options{MaxBytes: len(r.Document)})
		if err != nil {
			return nil, fmt.Errorf("read alert %s again: %w", id, err)
		}
		out = append(out, Asked{Alert: id, World: alerting.World(r.World), Title: titleOf(a), Expires: r.expires()})
	}
	return out, nil
}

// NextUnanswered is when the next actual alert ends that nobody has answered for, of those that end within a time; zero when
// there is none. It is cheap to ask for.
func (d *Desk) NextUnanswered(ctx context.Context, within time.Duration) (time.Time, error) {
	now := d.Now()
	var ms int64
	err := d.DB.Read().NewRaw(`SELECT COALESCE(MIN(expires_ms), 0) FROM issues WHERE state = ? AND expires_ms > ? AND expires_ms <= ?
		AND stopped_by = '' AND kind <> ? AND world = ? AND NOT EXISTS (SELECT 1 FROM lapses WHERE lapses.alert = issues.alert)`,
		issued, now.UnixMilli(), now.Add(within).UnixMilli(), string(cap.MsgCancel), string(alerting.Actual)).Scan(ctx, &ms)
	if err != nil {
		return time.Time{}, fmt.Errorf("look for alerts that end soon: %w: %w", alerting.ErrUnavailable, err)
	}
	return moment(ms), nil
}

// Lapse answers that an alert may end as it says. The same answer again changes nothing. Errors: ErrNotFound when this desk
// issued no such alert, ErrState when it was stopped or is over.
func (d *Desk) Lapse(ctx context.Context, id alerting.AlertID, by alerting.Actor) error {
	err := d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		row, err := find(ctx, tx, id)
		switch {
		case err != nil:
			return err
		case row.StoppedBy != "":
			return alerting.Refuse(alerting.ErrState, "alert.replaced", "alert %s took its place", row.StoppedBy)
		case !d.Now().Before(row.expires()):
			return alerting.Refuse(alerting.ErrState, "alert.over", "it has been over since %s", row.expires().Format(time.RFC3339))
		}
		res, err := tx.NewRaw("INSERT INTO lapses (alert, actor, at_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
			row.Alert, by.Name, d.Now().UnixMilli()).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return d.Note(ctx, tx, by, verbMayLapse, subjectOf(row.Alert), map[string]any{"expires": row.expires()})
	})
	if err != nil {
		return fmt.Errorf("let alert %s lapse: %w", id, err)
	}
	return nil
}

// Extend issues an alert again as its own Update that ends later: the same words, for the same channels and audience. Errors as
// for Follow; ErrInvalid when until is not later than the alert ends.
func (d *Desk) Extend(ctx context.Context, id alerting.AlertID, until time.Time, by alerting.Actor) (Answer, error) {
	in, err := d.Issued(ctx, id)
	if err != nil {
		return Answer{}, fmt.Errorf("extend alert %s: %w", id, err)
	}
	until = until.Truncate(time.Second)
	if !until.After(in.Expires) {
		return Answer{}, fmt.Errorf("extend alert %s: %w", id, alerting.Refuse(alerting.ErrInvalid, "extend.earlier", "it ends at %s; want a later time than that, not %s", in.Expires.Format(time.RFC3339), until.Format(time.RFC3339)))
	}
	for i := range in.Alert.Infos {
		info := &in.Alert.Infos[i]
		// An info that has ended by now, while others went on, stays as it is.
		if info.Expires.IsZero() || d.Now().Before(info.Expires) {
			info.Expires = until.In(in.Alert.Sent.Location())
		}
	}
	document, err := cap.Write(in.Alert)
	if err != nil {
		return Answer{}, fmt.Errorf("extend alert %s: %w: %w", id, alerting.ErrInvalid, err)
	}
	return d.Follow(ctx, id, document, Order{Actor: by, Channels: in.Envelope.Channels, Audience: in.Envelope.Audience,
		Origin: in.Origin.Until(until.In(in.Alert.Sent.Location()))})
}
