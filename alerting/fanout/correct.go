package fanout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

// correctionRow is a place of a stopped alert that was handed over although nobody knew when it was closed.
type correctionRow struct {
	bun.BaseModel `bun:"table:corrections"`

	Alert   string `bun:"alert,pk"`
	Channel string `bun:"channel,pk"`
	Page    int64  `bun:"page,pk"`
	Place   int64  `bun:"place,pk"`
	DueMS   int64  `bun:"due_ms"`
	Done    int64  `bun:"done"`
}

// correctionsAtOnce is how many corrections one step takes.
const correctionsAtOnce = 2048

// Lifted notes places of a stopped alert that turned out to have been handed over after they were closed as untold. They
// are told again, by the alert that stopped theirs, not before due: the time after which a send of the stopped alert can
// no longer land. Noting a place again changes nothing. ErrState: the alert was not stopped.
func (f *Fanout) Lifted(ctx context.Context, id alerting.AlertID, ch alerting.Channel, page uint32, places []uint8, due time.Time) error {
	if len(places) == 0 {
		return nil
	}
	rows := make([]correctionRow, len(places))
	for i, place := range places {
		rows[i] = correctionRow{Alert: id.String(), Channel: string(ch), Page: int64(page), Place: int64(place), DueMS: millis(due)}
	}
	if _, err := f.lastStopper(ctx, id); err != nil {
		return fmt.Errorf("note lifted places of alert %s: %w", id, err)
	}
	err := f.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewInsert().Model(&rows).On("CONFLICT DO NOTHING").Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("note lifted places of alert %s: %w", id, err)
	}
	f.ring()
	return nil
}

// lastStopper follows the tombstones to the alert that speaks for a stopped one now. ErrState when it was not stopped.
func (f *Fanout) lastStopper(ctx context.Context, id alerting.AlertID) (alerting.AlertID, error) {
	row, err := readRow(ctx, f.DB.Read(), id)
	if err != nil {
		return alerting.AlertID{}, err
	}
	seen := map[alerting.AlertID]bool{id: true}
	last := id
	for {
		by, err := stopperOf(ctx, f.DB.Read(), last, row.World)
		if err != nil {
			return alerting.AlertID{}, err
		}
		if by.IsZero() || seen[by] {
			break
		}
		seen[by] = true
		last = by
	}
	if last == id {
		return alerting.AlertID{}, alerting.Refuse(alerting.ErrState, "correct.not-stopped", "alert %s was not stopped", id)
	}
	return last, nil
}

// dueStoppers are the alerts that have corrections to tell now, each with the stopped alerts concerned; next is when
// another correction becomes due.
func (f *Fanout) dueStoppers(ctx context.Context) (due map[alerting.AlertID][]alerting.AlertID, next time.Time, err error) {
	var rows []struct {
		Alert string `bun:"alert"`
		DueMS int64  `bun:"due_ms"`
	}
	err = f.DB.Read().NewSelect().Model((*correctionRow)(nil)).Column("alert").ColumnExpr("MIN(due_ms) AS due_ms").
		Where("done = 0").Group("alert").Scan(ctx, &rows)
	if err != nil {
		return nil, next, fmt.Errorf("read corrections: %w", err)
	}
	due = make(map[alerting.AlertID][]alerting.AlertID)
	for _, r := range rows {
		if at := fromMillis(r.DueMS); f.Now().Before(at) {
			if next.IsZero() || at.Before(next) {
				next = at
			}
			continue
		}
		id, err := alerting.ParseAlertID(r.Alert)
		if err != nil {
			return nil, next, err
		}
		by, err := f.lastStopper(ctx, id)
		if errors.Is(err, alerting.ErrState) || errors.Is(err, alerting.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, next, err
		}
		due[by] = append(due[by], id)
	}
	return due, next, nil
}

// correct tells the lifted places of alerts that this one stopped.
func (e *expansion) correct(ctx context.Context) error {
	for {
		due, _, err := e.f.dueStoppers(ctx)
		if err != nil {
			return err
		}
		stopped := due[e.in.ID]
		if len(stopped) == 0 {
			return nil
		}
		for _, id := range stopped {
			if err := e.correctSome(ctx, id); err != nil {
				return err
			}
		}
	}
}

// correctSome takes one lot of an alert's corrections onto pages of this one, which are then due at once.
func (e *expansion) correctSome(ctx context.Context, id alerting.AlertID) error {
	now := e.f.Now()
	var rows []correctionRow
	err := e.f.DB.Read().NewSelect().Model(&rows).Where("done = 0").Where("due_ms <= ?", millis(now)).
		Where("alert = ?", id.String()).Order("page", "channel", "place").Limit(correctionsAtOnce).Scan(ctx)
	if err != nil {
		return fmt.Errorf("read the corrections of alert %s: %w", id, err)
	}
	b := &again{e: e, origin: id, due: now, correcting: true}
	if now.Before(e.in.Expires) {
		t, err := e.liftedOf(ctx, id, rows)
		if err != nil {
			return err
		}
		if err := b.tell(ctx, t); err != nil {
			return err
		}
	}
	s := step{state: e.row.State, cursor: e.row.Cursor, due: fromMillis(e.row.DueMS), pages: b.pages, fresh: b.fresh, groups: b.groups}
	if len(b.pages) > 0 && s.state == Done {
		s.state = Later
	}
	s.also = func(ctx context.Context, tx bun.Tx) error {
		for i := range rows {
			rows[i].Done = 1
			if _, err := tx.NewUpdate().Model(&rows[i]).Column("done").WherePK().Exec(ctx); err != nil {
				return fmt.Errorf("end a correction: %w", err)
			}
		}
		return nil
	}
	if err := e.move(ctx, s); err != nil {
		return err
	}
	e.f.counts.corrections.Add(float64(len(rows)))
	return nil
}

// liftedOf reads who stands at the lifted places. Who was told later than anything that was under way when his page was
// closed needs no correction; who was told at once does, even so: his old message may have come after the new one.
func (e *expansion) liftedOf(ctx context.Context, id alerting.AlertID, rows []correctionRow) (tolds, error) {
	var out tolds
	at := map[Kind]map[int64]int{People: {}, Sirens: {}}
	pages := make(map[int64]*Page)
	for _, r := range rows {
		p := pages[r.Page]
		if p == nil {
			read, err := PageAt(ctx, e.f.DB.Read(), id, uint32(r.Page))
			if errors.Is(err, alerting.ErrNotFound) {
				e.f.Log.ErrorContext(ctx, "a lifted place is on no page", "alert", id.String(), "page", r.Page)
				continue
			}
			if err != nil {
				return out, err
			}
			p = &read
			pages[r.Page] = p
		}
		c := channelIndex(alerting.Channel(r.Channel))
		if c < 0 || r.Place < 0 || r.Place >= int64(len(p.Persons)) || !p.Targets[c].Has(uint8(r.Place)) ||
			e.roll.later[c].has(p.Persons[r.Place]) {
			continue
		}
		var closed [channelCount]closedBits
		closed[c].on.Set(uint8(r.Place))
		closed[c].later = closed[c].on
		list := &out.people
		if p.Kind == Sirens {
			list = &out.sirens
		}
		gather(list, at[p.Kind], p, &closed)
	}
	return out, nil
}
