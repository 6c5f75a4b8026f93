package fanout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

// Fuse says how many more than those who approved an alert were shown it may reach: more than Factor times as many, and more
// than More (MoreSirens) beyond, is too many. An alert that nobody approved has none.
type Fuse struct {
	Factor           float64
	More, MoreSirens int64
}

// DefaultFuse is half as many again, and a thousand people or ten sirens beyond.
func DefaultFuse() Fuse { return Fuse{Factor: 1.5, More: 1000, MoreSirens: 10} }

// limits is the most that an alert may reach.
func (f Fuse) limits(c alerting.Counted) alerting.Counted {
	most := func(n, more int64) int64 { return max(int64(float64(n)*f.Factor), n+more) }
	return alerting.Counted{People: most(c.People, f.More), Sirens: most(c.Sirens, f.MoreSirens)}
}

// heldLook is how often a process looks whether an alert that it holds was let go.
const heldLook = time.Second

// blown counts whom the alert would reach, before anybody is told, and says why that is too many; empty when it is not.
func (e *expansion) blown(ctx context.Context) (string, error) {
	envelope := &e.in.Envelope
	if len(envelope.Approvals) == 0 || e.row.Proceed != 0 {
		return "", nil
	}
	limit := e.f.Fuse.limits(envelope.Counted)
	sirens, err := e.countSirens(ctx)
	if err != nil {
		return "", err
	}
	if sirens > limit.Sirens {
		return alerting.Say("fuse.sirens", "it would sound %d sirens, and those who approved it were shown %d", sirens, envelope.Counted.Sirens), nil
	}
	people, err := e.countPeople(ctx, limit.People)
	if err != nil || people <= limit.People {
		return "", err
	}
	return alerting.Say("fuse.people", "it would reach more than %d people, and those who approved it were shown %d", limit.People, envelope.Counted.People), nil
}

func (e *expansion) countSirens(ctx context.Context) (n int64, err error) {
	if !e.wantsSirens() {
		return 0, nil
	}
	found, err := e.f.Sirens.Sirens(ctx, e.in)
	if err != nil {
		return 0, fmt.Errorf("count the sirens of alert %s: %w", e.in.ID, err)
	}
	for i := range found {
		if e.reachable(Sirens, &found[i], found[i].Info, alerting.AlertID{}, true) != 0 {
			n++
		}
	}
	return n, nil
}

// countPeople counts until there are more than the limit.
func (e *expansion) countPeople(ctx context.Context, limit int64) (n int64, err error) {
	if !e.tellsPeople() {
		return 0, nil
	}
	scan, err := e.beginScan(ctx, "")
	if err != nil {
		return 0, err
	}
	for n <= limit {
		found, err := scan.Next(ctx, alerting.PageSize)
		if err != nil {
			return 0, fmt.Errorf("count the audience of alert %s: %w", e.in.ID, err)
		}
		for i := range found {
			if e.reachable(People, &found[i], found[i].Info, alerting.AlertID{}, true) != 0 {
				n++
			}
		}
		if len(found) < alerting.PageSize {
			break
		}
	}
	return n, nil
}

// hold keeps an alert back, which only an officer lets go (Proceed), a stop ends, or its expiry.
func (e *expansion) hold(ctx context.Context, reason string) error {
	e.row.Reason = alerting.Say("fuse.proceed", "%s; `tocsin proceed` lets it go on", reason)
	e.row.note(alerting.Say("fuse.held", "held back: %s", reason))
	e.f.counts.held.Inc()
	e.f.Log.ErrorContext(ctx, "an alert is held back: it would reach far more than those who approved it were shown", "alert", e.in.ID.String(), "because", reason)
	return e.move(ctx, step{state: Held})
}

// Proceed lets an alert go on that was held back: whoever says so has seen how many it reaches. ErrState when it is not held.
func Proceed(ctx context.Context, tx bun.IDB, id alerting.AlertID, now time.Time) error {
	if _, err := readRow(ctx, tx, id); errors.Is(err, alerting.ErrNotFound) {
		return err
	}
	res, err := tx.NewUpdate().Model((*expansionRow)(nil)).
		Set("state = ?", string(Scanning)).Set("proceed = 1").Set("reason = ''").Set("updated_ms = ?", millis(now)).
		Where("alert = ?", id.String()).Where("state = ?", string(Held)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("let alert %s go on: %w", id, err)
	}
	n, err := res.RowsAffected()
	if err == nil && n != 1 {
		err = alerting.Refuse(alerting.ErrState, "fuse.not-held", "alert %s is not held back", id)
	}
	return err
}
