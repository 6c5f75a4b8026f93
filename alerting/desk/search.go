package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/cap"
)

// Search is what somebody looks for among the alerts that the desk issued. The zero value is all of them.
type Search struct {
	World alerting.World
	// Text must stand in headline, event, area, sender or identifier, whatever the case.
	Text string
	// From and To bound when the desk took an alert in: from the first on, before the second. Zero: no bound.
	From, To time.Time
	// Status is one of Statuses; empty: any.
	Status   string
	Severity cap.Severity
	Sender   string
	Category cap.Category
}

// How an alert can stand for a search: an alert is live until it ends or something takes its place, which a cancel is never;
// stopped when a cancel or an update took its place; over when it ended by itself.
const (
	StatusLive    = "live"
	StatusStopped = "stopped"
	StatusOver    = "over"
)

// Statuses are those that Search knows.
func Statuses() []string { return []string{StatusLive, StatusStopped, StatusOver} }

// Any reports whether nothing but the world is asked for.
func (s Search) Any() bool { return s == Search{World: s.World} }

// Search finds alerts behind a place, the latest first; the place of each is (Entered, Alert).
func (d *Desk) Search(ctx context.Context, s Search, after alerting.Place, limit int) ([]Headline, error) {
	q := d.DB.Read().NewSelect().Order("entered_ms DESC", "alert DESC").Limit(int64(limit))
	if after.ID != "" {
		q = q.Where("(entered_ms, alert) < (?, ?)", after.MS, after.ID)
	}
	if s.World != "" {
		q = q.Where("world = ?", string(s.World))
	}
	if text := strings.TrimSpace(s.Text); text != "" {
		q = q.Where(`said LIKE ? ESCAPE '!'`, like(strings.ToLower(text)))
	}
	if !s.From.IsZero() {
		q = q.Where("entered_ms >= ?", s.From.UnixMilli())
	}
	if !s.To.IsZero() {
		q = q.Where("entered_ms < ?", s.To.UnixMilli())
	}
	if s.Severity != "" {
		q = q.Where("severity = ?", string(s.Severity))
	}
	if s.Sender != "" {
		q = q.Where("sender = ?", s.Sender)
	}
	if s.Category != "" {
		q = q.Where(`categories LIKE ? ESCAPE '!'`, like(" "+string(s.Category)+" "))
	}
	q, err := d.ofStatus(q, s.Status)
	if err != nil {
		return nil, err
	}
	return d.headlines(ctx, q)
}

// ofStatus limits a search to alerts that stand so.
func (d *Desk) ofStatus(q *bun.SelectQuery, status string) (*bun.SelectQuery, error) {
	now := d.Now().UnixMilli()
	switch status {
	case "":
	case StatusLive:
		q = q.Where("expires_ms > ?", now).Where("kind <> ?", string(cap.MsgCancel)).Where("stopped_by = ''")
	case StatusStopped:
		q = q.Where("stopped_by > ''")
	case StatusOver:
		q = q.Where("expires_ms <= ?", now).Where("stopped_by = ''")
	default:
		return nil, alerting.Refuse(alerting.ErrInvalid, "search.status", "status %.40q: want one of %s", status, strings.Join(Statuses(), ", "))
	}
	return q, nil
}

// like is a pattern that finds a text anywhere.
func like(text string) string {
	return "%" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(text) + "%"
}

// Check says what of a search cannot be meant.
func (s Search) Check() error {
	severities := []cap.Severity{"", cap.Extreme, cap.Severe, cap.Moderate, cap.Minor, cap.UnknownSeverity}
	switch {
	case !slices.Contains(severities, s.Severity):
		return alerting.Refuse(alerting.ErrInvalid, "search.severity", "severity %.40q: want Extreme, Severe, Moderate, Minor or Unknown", s.Severity)
	case s.Status != "" && !slices.Contains(Statuses(), s.Status):
		return alerting.Refuse(alerting.ErrInvalid, "search.status", "status %.40q: want one of %s", s.Status, strings.Join(Statuses(), ", "))
	case len(s.Text) > 200:
		return alerting.Refuse(alerting.ErrInvalid, "search.long", "q: at most 200 bytes can be searched for")
	case !s.From.IsZero() && !s.To.IsZero() && !s.From.Before(s.To):
		return alerting.Refuse(alerting.ErrInvalid, "search.from-to", "from and to: the first must be before the second")
	}
	return nil
}

// DraftOf is the draft that an alert was released from, or is to be; empty for none.
func (d *Desk) DraftOf(ctx context.Context, id alerting.AlertID) (string, error) {
	var drafts []string
	err := d.DB.Read().NewSelect().Model((*draftRow)(nil)).Column("id").Where("alert = ?", id.String()).
		OrderExpr("CASE WHEN state = ? THEN 0 ELSE 1 END, updated_ms DESC", string(Released)).Limit(1).Scan(ctx, &drafts)
	if err != nil {
		return "", fmt.Errorf("look for the draft of alert %s: %w: %w", id, alerting.ErrUnavailable, err)
	}
	if len(drafts) == 0 {
		return "", nil
	}
	return drafts[0], nil
}
