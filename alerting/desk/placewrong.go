package desk

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/approval"
)

// missRow is when an operator picked a wrong place the last three times, the latest as Third; zero for never.
type missRow struct {
	bun.BaseModel `bun:"table:place_misses"`

	Operator string `bun:"operator,pk"`
	First    int64  `bun:"first_ms"`
	Second   int64  `bun:"second_ms"`
	Third    int64  `bun:"third_ms"`
}

const (
	// Three wrong places within missesWithin make an operator wait missWait.
	missesWithin = 10 * time.Minute
	missWait     = 10 * time.Minute
)

// until is when an operator may pick again; zero when he may.
func (r *missRow) until(now time.Time) time.Time {
	end := moment(r.Third).Add(missWait)
	if r.First == 0 || r.Third-r.First > missesWithin.Milliseconds() || !now.Before(end) {
		return time.Time{}
	}
	return end
}

// pickedApproval is a signature with the place that came with it.
type pickedApproval struct {
	alerting.Approval
	Pick
}

// picked judges the place that came with a signature that is good. What it refuses is an answer and no failure: refused must be given
// once the transaction stands, which keeps the note and counts what was wrong.
func (d *Desk) picked(ctx context.Context, tx bun.Tx, by alerting.Actor, in *alerting.Issued, q question, s pickedApproval) (refused, err error) {
	a, p := s.Approval, s.Pick
	if approval.Act(a.Act) != approval.Approve || !d.picksPlace(in) {
		return nil, nil
	}
	row, err := lockMisses(ctx, tx, a.By)
	if err != nil {
		return nil, err
	}
	var why alerting.Several
	var wrong bool
	if end := row.until(d.Now()); !end.IsZero() {
		why = alerting.Several{alerting.Refuse(nil, "place.locked", "%s picked three wrong places within %s and must wait until %s; somebody else may approve meanwhile",
			a.By, missesWithin, end.Format(time.RFC3339))}
	} else if why, wrong, err = d.misses(in, q, a.By, p); err != nil || why == nil {
		return nil, err
	}
	detail := map[string]any{"operator": a.By, "why": why.String()}
	if q.version != 0 {
		detail["version"] = q.version
	}
	if wrong {
		now := d.Now()
		_, err = tx.NewUpdate().Model((*missRow)(nil)).Set("first_ms = second_ms").Set("second_ms = third_ms").
			Set("third_ms = ?", now.UnixMilli()).Where("operator = ?", a.By).Exec(ctx)
		if err != nil {
			return nil, err
		}
		row.First, row.Second, row.Third = row.Second, row.Third, now.UnixMilli()
		if end := row.until(now); !end.IsZero() {
			why = append(why, alerting.Refuse(nil, "place.third", "that was the third wrong one within %s: wait until %s", missesWithin, end.Format(time.RFC3339)))
			detail["until"] = end
		}
	}
	return alerting.Refuse(alerting.ErrForbidden, "place.refused", "%s", why), d.Note(ctx, tx, by, verbMissed, q.subject, detail)
}

// misses says why what was picked is not enough; wrong only when a place was picked that is another.
func (d *Desk) misses(in *alerting.Issued, q question, operator string, p Pick) (why alerting.Several, wrong bool, err error) {
	if plain(p.Place) == "" || p.Challenge == "" {
		return alerting.Several{alerting.Refuse(nil, "place.missing", "whoever approves this must pick its place: %v", q.ask)}, false, nil
	}
	right, bad, err := d.checkChallenge(p.Challenge, q, operator, p.Place)
	if err != nil {
		return nil, false, err
	}
	if bad != nil {
		return alerting.Several{alerting.Refuse(nil, "place.challenge", "the challenge does not hold: %v; %v", bad, q.ask)}, false, nil
	}
	if right || slices.Contains(truths(in.Alert), plain(p.Place)) {
		return nil, false, nil
	}
	return alerting.Several{alerting.Refuse(nil, "place.wrong", "that is not the place that this is for: read it again, and %v", q.ask)}, true, nil
}

// lockMisses locks an operator's row until the transaction ends, so that guesses at once are counted one after another.
func lockMisses(ctx context.Context, tx bun.Tx, operator string) (missRow, error) {
	row := missRow{Operator: operator}
	if _, err := tx.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
		return row, err
	}
	_, err := tx.NewUpdate().Model((*missRow)(nil)).Set("third_ms = third_ms").Where("operator = ?", operator).Exec(ctx)
	if err == nil {
		err = tx.NewSelect().Model(&row).WherePK().Scan(ctx)
	}
	return row, err
}
