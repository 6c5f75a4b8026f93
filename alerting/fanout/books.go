package fanout

import (
	"context"
	"fmt"
	"iter"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

// Unsealed lists the alerts whose receipts are still being kept, oldest first.
func Unsealed(ctx context.Context, db bun.IDB) ([]Progress, error) {
	return list(ctx, db.NewSelect().Where("sealed = 0").Order("issued_ms"))
}

// Latest lists the alerts of a world that fan-out saw last, newest first, behind a place; the world "" is all of them.
func Latest(ctx context.Context, db bun.IDB, world alerting.World, after alerting.Place, limit int) ([]Progress, error) {
	q := latest(db, after, limit)
	if world != "" {
		q = q.Where("world = ?", string(world))
	}
	return list(ctx, q)
}

// latest is the query of Latest: those behind a place, by the index of that order.
func latest(db bun.IDB, after alerting.Place, limit int) *bun.SelectQuery {
	q := db.NewSelect().Order("issued_ms DESC", "alert DESC").Limit(int64(limit))
	if after.ID != "" {
		q = q.Where("(issued_ms, alert) < (?, ?)", after.MS, after.ID)
	}
	return q
}

func list(ctx context.Context, q *bun.SelectQuery) ([]Progress, error) {
	var rows []expansionRow
	if err := q.Model(&rows).ExcludeColumn("envelope").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list expansions: %w", err)
	}
	out := make([]Progress, len(rows))
	for i := range rows {
		id, err := alerting.ParseAlertID(rows[i].Alert)
		if err == nil {
			out[i], err = rows[i].progress(id)
		}
		if err != nil {
			return nil, fmt.Errorf("list expansions: %w", err)
		}
	}
	return out, nil
}

// MarkSealed notes that all pages of an alert hold their final states, and the sum of them as the ledger wrote it.
func MarkSealed(ctx context.Context, tx bun.IDB, id alerting.AlertID, totals []byte) error {
	_, err := tx.NewUpdate().Model((*expansionRow)(nil)).Set("sealed = 1").Set("totals = ?", string(totals)).Where("alert = ?", id.String()).Exec(ctx)
	if err != nil {
		return fmt.Errorf("mark alert %s as sealed: %w", id, err)
	}
	return nil
}

// SirenPages are the pages of an alert that hold sirens rather than people.
func SirenPages(ctx context.Context, db bun.IDB, id alerting.AlertID) (map[uint32]bool, error) {
	var numbers []int64
	err := db.NewSelect().Model((*manifestRow)(nil)).Column("page").Where("alert = ?", id.String()).
		Where("kind = ?", string(Sirens)).Scan(ctx, &numbers)
	if err != nil {
		return nil, fmt.Errorf("read the siren pages of alert %s: %w", id, err)
	}
	pages := make(map[uint32]bool, len(numbers))
	for _, n := range numbers {
		pages[uint32(n)] = true
	}
	return pages, nil
}

// StoppedBy is the alert that cancelled or superseded another in its own world; zero when none did.
func StoppedBy(ctx context.Context, db bun.IDB, id alerting.AlertID) (alerting.AlertID, error) {
	row, err := readRow(ctx, db, id)
	if err != nil {
		return alerting.AlertID{}, err
	}
	return stopperOf(ctx, db, id, row.World)
}

// Corrected yields the pages of a stopped alert with, by channel, the places that a later alert tells of the stop. Pages
// without such a place are left out.
func Corrected(ctx context.Context, db bun.IDB, id alerting.AlertID) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		told, err := toldAgain(ctx, db, id)
		if err != nil {
			yield(Page{}, err)
			return
		}
		for p, err := range Pages(ctx, db, id) {
			if err != nil {
				yield(Page{}, err)
				return
			}
			any := false
			for place, who := range p.Persons {
				for c := range p.Targets {
					if p.Targets[c].Has(uint8(place)) && told[p.Kind][c].has(who) {
						any = true
					} else {
						p.Targets[c] = p.Targets[c].Without(only(uint8(place)))
					}
				}
			}
			if any && !yield(p, nil) {
				return
			}
		}
	}
}

func only(place uint8) (b Bits) {
	b.Set(place)
	return b
}

// toldAgain gathers who stands on the pages that later alerts made of those told of id.
func toldAgain(ctx context.Context, db bun.IDB, id alerting.AlertID) (map[Kind]*[channelCount]idSet, error) {
	var rows []manifestRow
	if err := db.NewSelect().Model(&rows).Where("origin = ?", id.String()).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read who was told again of alert %s: %w", id, err)
	}
	told := map[Kind]*[channelCount]idSet{People: {}, Sirens: {}}
	for _, sets := range told {
		for c := range sets {
			sets[c] = make(idSet)
		}
	}
	for i := range rows {
		p, err := rows[i].page()
		if err != nil {
			return nil, err
		}
		for place, who := range p.Persons {
			for c := range p.Targets {
				if p.Targets[c].Has(uint8(place)) {
					told[p.Kind][c].add(who)
				}
			}
		}
	}
	return told, nil
}
