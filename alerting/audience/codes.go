package audience

import (
	"context"
	"database/sql"
	"maps"
	"slices"

	"github.com/uptrace/bun"
)

// inList is how many values go into one IN (…).
const inList = 500

// unitDepth bounds how far units are followed downwards: nation to village takes five steps.
const unitDepth = 8

// expandCodes adds to each target the codes of all units within its geocodes, and reports whether any geocode is known:
// a unit has it, or somebody's place.
func (a *Audience) expandCodes(ctx context.Context, targets []*target) (known bool, err error) {
	all := map[string]int{}
	for _, t := range targets {
		maps.Copy(all, t.codes)
	}
	if len(all) == 0 {
		return false, nil
	}
	children, err := a.unitsBelow(ctx, slices.Sorted(maps.Keys(all)))
	if err != nil {
		return false, err
	}
	for _, t := range targets {
		if len(children) > 0 {
			t.expand(children)
		}
		maps.Copy(all, t.codes)
	}
	if len(children) > 0 {
		return true, nil
	}
	codes := slices.Sorted(maps.Keys(all))
	for _, table := range []string{"units", "place_codes"} {
		found, err := a.existingCodes(ctx, table, codes)
		if err != nil || len(found) > 0 {
			return len(found) > 0, err
		}
	}
	return false, nil
}

// expand adds the units below the codes of each area in the order of the areas: a unit belongs to the first that holds it.
func (t *target) expand(children map[string][]string) {
	own := make([][]string, len(t.areas)+1)
	for code, area := range t.codes {
		own[area] = append(own[area], code)
	}
	for area, frontier := range own {
		for len(frontier) > 0 {
			code := frontier[len(frontier)-1]
			frontier = frontier[:len(frontier)-1]
			for _, child := range children[code] {
				if first := t.codes[child]; first == 0 || first > area {
					t.codes[child] = area
					frontier = append(frontier, child)
				}
			}
		}
	}
}

// unitsBelow is the units below some codes, by the code above each.
func (a *Audience) unitsBelow(ctx context.Context, codes []string) (map[string][]string, error) {
	children := map[string][]string{}
	visited := map[string]bool{}
	for depth := 0; depth < unitDepth && len(codes) > 0; depth++ {
		var next []string
		for batch := range slices.Chunk(codes, inList) {
			err := each(ctx, a.db.Read(), "read the units below a geocode",
				"SELECT parent, code FROM units WHERE parent IN (?)", []any{bun.List(batch)}, func(rows *sql.Rows) error {
					var parent, code string
					if err := rows.Scan(&parent, &code); err != nil {
						return err
					}
					children[parent] = append(children[parent], code)
					if !visited[code] {
						visited[code] = true
						next = append(next, code)
					}
					return nil
				})
			if err != nil {
				return nil, err
			}
		}
		codes = next
	}
	return children, nil
}

// existingCodes is which of the codes a table has, sorted.
func (a *Audience) existingCodes(ctx context.Context, table string, codes []string) ([]string, error) {
	var found []string
	for batch := range slices.Chunk(codes, inList) {
		err := each(ctx, a.db.Read(), "look for known geocodes",
			"SELECT DISTINCT code FROM ? WHERE code IN (?)", []any{bun.Ident(table), bun.List(batch)},
			func(rows *sql.Rows) error {
				var code string
				err := rows.Scan(&code)
				found = append(found, code)
				return err
			})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(found)
	return found, nil
}
