package audience

import (
	"cmp"
	"context"
	"database/sql"
	"maps"
	"slices"

	"github.com/golang/geo/s2"
	"github.com/uptrace/bun"
)

// prepare works out which rows of the tables a pass must read.
func (a *Audience) prepare(ctx context.Context, p *pass) error {
	var covering s2.CellUnion
	codes := map[string]int{}
	for i := range p.parts {
		for _, region := range p.parts[i].regions {
			covering = append(covering, region.covering()...)
		}
		maps.Copy(codes, p.parts[i].codes)
	}
	covering.Normalize()
	above, err := a.existingCells(ctx, ancestors(covering))
	if err != nil {
		return err
	}
	p.spans = spansOf(covering, above, p.surely)
	p.codes, err = a.existingCodes(ctx, "place_codes", slices.Sorted(maps.Keys(codes)))
	return err
}

// surely reports whether a cell lies wholly in the areas, and in which of them first; only asked where the pass has but one target.
func (p *pass) surely(id s2.CellID) (inside bool, area int) {
	if len(p.parts) != 1 {
		return false, 0
	}
	t, cell := p.parts[0].target, s2.CellFromCellID(id)
	inside = slices.ContainsFunc(t.regions, func(r *region) bool { return r.ContainsCell(cell) })
	if inside && len(t.regions) == 1 {
		area = t.regions[0].AreaOfCell(cell) + 1
	}
	return inside, area
}

// ancestors is the cells that hold a cell of the covering and are not in it: a coarse place there reaches into the area.
func ancestors(covering s2.CellUnion) []int64 {
	found := map[int64]bool{}
	for _, id := range covering {
		for level := id.Level() - 1; level >= 0; level-- {
			key := Key(id.Parent(level))
			if found[key] {
				break
			}
			found[key] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// existingCells is which of the keys are somebody's place.
func (a *Audience) existingCells(ctx context.Context, keys []int64) ([]int64, error) {
	var found []int64
	for batch := range slices.Chunk(keys, inList) {
		err := each(ctx, a.db.Read(), "look for coarse places",
			"SELECT DISTINCT cell FROM places WHERE cell IN (?)", []any{bun.List(batch)}, func(rows *sql.Rows) error {
				var key int64
				err := rows.Scan(&key)
				found = append(found, key)
				return err
			})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// spansOf is the ranges of keys of a covering and of single cells, sorted and joined where they touch. Between the ranges
// of two neighbouring cells lies at most the id of a cell around both, which is looked for anyway.
func spansOf(covering s2.CellUnion, single []int64, inside func(s2.CellID) (bool, int)) []span {
	spans := make([]span, 0, len(covering)+len(single))
	for _, id := range covering {
		within, area := inside(id)
		spans = append(spans, span{Key(id.RangeMin()), Key(id.RangeMax()), within, area})
	}
	for _, key := range single {
		spans = append(spans, span{key, key, false, 0})
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.low, b.low) })
	joined := spans[:0]
	for _, s := range spans {
		// Keys stay far from the ends of int64, so the sum cannot overflow: a face's id has its top three bits below 6.
		if n := len(joined); n > 0 && s.low <= joined[n-1].high+2 && s.inside == joined[n-1].inside && s.area == joined[n-1].area {
			joined[n-1].high = s.high
			continue
		}
		joined = append(joined, s)
	}
	return joined
}
