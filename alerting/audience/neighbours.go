package audience

import (
	"context"
	"database/sql"
	"slices"

	"github.com/uptrace/bun"

	"tocsin/cap"
)

const (
	// mostNeighbours bounds how many units are looked at, and mostNamed how many names are compared.
	mostNeighbours = 500
	mostNamed      = 20_000
)

// Neighbours names administrative units around some areas. Own are those that the areas are for: by geocode; else those whose name is
// called so; else by outline, the lowest that hold a tenth of an area. Near are others with the same parent as one of them, and far others
// of the same depth. Neither has what an area touches, nor what lies above or below one of its own. Units without a name are left out;
// where nothing is known to be an area's own, there are none at all.
func (a *Audience) Neighbours(ctx context.Context, areas []cap.Area, called func(name string) bool) (own, near, far []string, err error) {
	mostly, touched, err := a.unitsAt(ctx, areas)
	if err != nil {
		return nil, nil, nil, err
	}
	names, err := a.ownUnits(ctx, areas, called, mostly)
	if err != nil || len(names) == 0 {
		return nil, nil, nil, err
	}
	codes := make([]string, len(names))
	for i, n := range names {
		codes[i], own = n.code, append(own, n.name)
	}
	near, far, err = a.unitsBeside(ctx, codes, touched)
	return own, near, far, err
}

// named is a unit with its name.
type named struct{ code, name string }

// named finds units that have a name, in the order of their codes.
func (a *Audience) named(ctx context.Context, most int, where string, args ...any) (out []named, err error) {
	err = each(ctx, a.db.Read(), "look for units by name", "SELECT code, name FROM units WHERE name <> '' AND "+where+" ORDER BY code LIMIT ?",
		append(args, most), func(rows *sql.Rows) error {
			var n named
			err := rows.Scan(&n.code, &n.name)
			if err == nil {
				out = append(out, n)
			}
			return err
		})
	return out, err
}

// ownUnits are those that areas are for: by geocode, by name, or else what was found by outline.
func (a *Audience) ownUnits(ctx context.Context, areas []cap.Area, called func(name string) bool, mostly []string) ([]named, error) {
	var codes []string
	for _, area := range areas {
		for _, g := range area.Geocodes {
			if code := CodeOf(g); !slices.Contains(codes, code) {
				codes = append(codes, code)
			}
		}
	}
	codes = codes[:min(len(codes), mostNeighbours)]
	if len(codes) > 0 {
		if found, err := a.named(ctx, mostNeighbours, "code IN (?)", bun.List(codes)); err != nil || len(found) > 0 {
			return found, err
		}
	}
	all, err := a.named(ctx, mostNamed, "1 = 1")
	if err != nil {
		return nil, err
	}
	if found := slices.DeleteFunc(slices.Clone(all), func(n named) bool { return !called(n.name) }); len(found) > 0 {
		return found, nil
	}
	if len(mostly) == 0 {
		return nil, nil
	}
	return a.named(ctx, mostNeighbours, "code IN (?)", bun.List(mostly))
}

// unitsBeside names units that are none of some, nor above or below one of them, nor among the others: with a parent in common, and of
// the same depth elsewhere.
func (a *Audience) unitsBeside(ctx context.Context, codes, others []string) (near, far []string, err error) {
	related := slices.Concat(codes, others)
	below, err := a.unitsBelow(ctx, codes)
	if err != nil {
		return nil, nil, err
	}
	for _, children := range below {
		related = append(related, children...)
	}
	parents, level := []string{}, codes
	for depth := 0; depth < unitDepth && len(level) > 0; depth++ {
		above, err := a.parentsOf(ctx, level)
		if err != nil {
			return nil, nil, err
		}
		if depth == 0 {
			parents = above
		}
		related, level = append(related, above...), above
	}
	siblings, err := a.named(ctx, mostNeighbours, "parent IN (?)", bun.List(append(parents, "\x01")))
	if err != nil {
		return nil, nil, err
	}
	elsewhere, err := a.named(ctx, mostNeighbours, "parent NOT IN (?)", bun.List(append(parents, "\x01")))
	if err != nil {
		return nil, nil, err
	}
	all := slices.Clone(codes)
	for _, n := range elsewhere {
		all = append(all, n.code)
	}
	depth, err := a.depths(ctx, all)
	if err != nil {
		return nil, nil, err
	}
	for _, n := range siblings {
		if !slices.Contains(related, n.code) {
			near = append(near, n.name)
		}
	}
	for _, n := range elsewhere {
		if !slices.Contains(related, n.code) && slices.ContainsFunc(codes, func(own string) bool { return depth[own] == depth[n.code] }) {
			far = append(far, n.name)
		}
	}
	return near, far, nil
}

// depths are how many units lie above each, at most unitDepth.
func (a *Audience) depths(ctx context.Context, codes []string) (map[string]int, error) {
	parents, level := map[string]string{}, codes
	for range unitDepth {
		var next []string
		for batch := range slices.Chunk(level, inList) {
			err := each(ctx, a.db.Read(), "read the units above some", "SELECT code, parent FROM units WHERE code IN (?)", []any{bun.List(batch)},
				func(rows *sql.Rows) error {
					var code, parent string
					err := rows.Scan(&code, &parent)
					if _, known := parents[parent]; err == nil && parent != "" && !known {
						next = append(next, parent)
					}
					parents[code] = parent
					return err
				})
			if err != nil {
				return nil, err
			}
		}
		level = next
	}
	out := make(map[string]int, len(codes))
	for _, code := range codes {
		for above := parents[code]; above != "" && out[code] < unitDepth; above = parents[above] {
			out[code]++
		}
	}
	return out, nil
}

// parentsOf are the parents of units, each once; the top has the parent "".
func (a *Audience) parentsOf(ctx context.Context, codes []string) ([]string, error) {
	var out []string
	for batch := range slices.Chunk(codes, inList) {
		err := each(ctx, a.db.Read(), "read the units above some", "SELECT DISTINCT parent FROM units WHERE code IN (?)", []any{bun.List(batch)},
			func(rows *sql.Rows) error {
				var parent string
				err := rows.Scan(&parent)
				if err == nil && !slices.Contains(out, parent) {
					out = append(out, parent)
				}
				return err
			})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
