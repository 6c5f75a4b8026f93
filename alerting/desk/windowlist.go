package desk

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

// WindowStates are all states, in the order of a window's life.
func WindowStates() []WindowState {
	return []WindowState{WindowProposed, WindowAhead, WindowOpen, WindowOver, WindowClosed, WindowLapsed, WindowWithdrawn, WindowVoid}
}

// WindowQuery picks windows: at most Limit of those behind After. States narrow them down, by what SQL knows: a window may be in another of
// the states that are told apart by its signatures and its beginning. None for all.
type WindowQuery struct {
	After  alerting.Place
	Limit  int
	States []WindowState
}

// Place is where a window stands in the list.
func (w *Window) Place() alerting.Place { return alerting.Place{MS: w.Until.UnixMilli(), ID: w.ID} }

// Windows lists the windows and the proposals, those that end last first.
func (d *Desk) Windows(ctx context.Context, q WindowQuery) ([]Window, error) {
	if d.Office == nil {
		return nil, errNoApproval()
	}
	var rows []windowRow
	query := d.DB.Read().NewSelect().Model(&rows).Order("until_ms DESC", "id DESC").Limit(int64(q.Limit))
	if q.After.ID != "" {
		query = query.Where("(until_ms, id) < (?, ?)", q.After.MS, q.After.ID)
	}
	now := d.Now()
	if len(q.States) > 0 {
		query = query.WhereGroup(" AND ", func(some *bun.SelectQuery) *bun.SelectQuery {
			for _, s := range q.States {
				some = inState(some, s, now.UnixMilli())
			}
			return some
		})
	}
	if err := query.Scan(ctx); err != nil {
		return nil, fmt.Errorf("list windows: %w: %w", alerting.ErrUnavailable, err)
	}
	roll, err := d.roll(ctx, d.DB.Read())
	if err != nil {
		return nil, err
	}
	out := make([]Window, 0, len(rows))
	for i := range rows {
		one, err := rows[i].window(roll, now)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// inState adds the windows that may be in a state at a time, in milliseconds since 1970.
func inState(q *bun.SelectQuery, s WindowState, now int64) *bun.SelectQuery {
	switch s {
	case WindowProposed:
		return q.WhereOr("opened_ms = 0 AND closed_ms = 0 AND until_ms > ?", now)
	case WindowLapsed:
		return q.WhereOr("opened_ms = 0 AND closed_ms = 0 AND until_ms <= ?", now)
	case WindowWithdrawn:
		return q.WhereOr("opened_ms = 0 AND closed_ms <> 0")
	case WindowClosed:
		return q.WhereOr("opened_ms <> 0 AND closed_ms <> 0")
	case WindowOver:
		return q.WhereOr("opened_ms <> 0 AND closed_ms = 0 AND until_ms <= ?", now)
	case WindowAhead, WindowOpen:
		return q.WhereOr("opened_ms <> 0 AND closed_ms = 0 AND until_ms > ?", now)
	}
	return q.WhereOr("opened_ms <> 0") // void
}
