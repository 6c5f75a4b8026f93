package audience

import (
	"context"
	"database/sql"
	"slices"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

// sirenIndex is where a siren's endpoint stands in Addressee.Addresses.
const sirenIndex = 3

// Sirens are the enabled sirens within the areas of an alert, by id; of the groups that the officer named, if he named
// any. Where the areas have no usable geometry, all sirens of the named groups. An alert that is not public sounds none.
// Info is the severest info that holds the siren, of those the first.
func (a *Audience) Sirens(ctx context.Context, issued *alerting.Issued) ([]alerting.Addressee, error) {
	p := a.newPlan(issued)
	groups := issued.Envelope.Audience.Groups
	if p.closed || !p.usable && len(groups) == 0 {
		return nil, nil
	}
	var out []alerting.Addressee
	query, args := "SELECT id, cell, gateway, endpoint FROM sirens WHERE enabled = 1", []any{}
	if len(groups) > 0 {
		query, args = query+" AND group_name IN (?)", append(args, bun.List(groups))
	}
	err := each(ctx, a.db.Read(), "read sirens", query+" ORDER BY id", args, func(rows *sql.Rows) error {
		s, at, err := scanSiren(rows)
		if err != nil {
			return err
		}
		if info := p.sirenInfo(at); info >= 0 {
			s.Info, s.Inside, s.Area = info, true, p.of[info].area(at)
		}
		if s.Inside || !p.usable {
			out = append(out, s)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// LookupSirens gives sirens that sounded for an earlier alert their current endpoints, in the order of ids, one for each
// id. A siren that was switched off since has its endpoint all the same, since it may have to be silenced; one that is
// gone has none.
func (a *Audience) LookupSirens(ctx context.Context, issued *alerting.Issued, ids []int64) ([]alerting.Addressee, error) {
	p := a.newPlan(issued)
	known := make(map[int64]alerting.Addressee, len(ids))
	for lot := range slices.Chunk(ids, inList) {
		err := each(ctx, a.db.Read(), "read sirens", "SELECT id, cell, gateway, endpoint FROM sirens WHERE id IN (?)",
			[]any{bun.List(lot)}, func(rows *sql.Rows) error {
				s, at, err := scanSiren(rows)
				if info := p.sirenInfo(at); info >= 0 {
					s.Info, s.Inside, s.Area = info, true, p.of[info].area(at)
				}
				known[s.ID] = s
				return err
			})
		if err != nil {
			return nil, err
		}
	}
	out := make([]alerting.Addressee, len(ids))
	for i, id := range ids {
		out[i] = known[id]
		out[i].ID = id
	}
	return out, nil
}

func scanSiren(rows *sql.Rows) (alerting.Addressee, place, error) {
	var s alerting.Addressee
	var key int64
	err := rows.Scan(&s.ID, &key, &s.Gateway, &s.Addresses[sirenIndex])
	return s, place{cell: Cell(key)}, err
}

// sirenInfo is the severest info whose geometry holds a siren, the first of those; -1 for none. It has no geocodes, so
// codes never hold it.
func (p *plan) sirenInfo(at place) int {
	r := reader{ranks: make([]int, len(p.alert.Infos)), told: true}
	for i := range p.passes {
		if info := p.passes[i].best(at, &r); info >= 0 {
			return info
		}
	}
	return -1
}
