package audience

import (
	"context"
	"database/sql"
	"slices"

	"github.com/uptrace/bun"
)

// mostNeighbours bounds how many units are looked at.
const mostNeighbours = 500

// Neighbours names administrative units that are none of the given ones (by code, see CodeOf), nor above or below one of them: near
// are those that have a parent in common with one, far others. Units without a name
// are left out.
func (a *Audience) Neighbours(ctx context.Context, codes []string) (near, far []string, err error) {
	related := slices.Clone(codes)
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
	names := func(where string, args ...any) (out []string, err error) {
		err = each(ctx, a.db.Read(), "look for other units", "SELECT code, name FROM units WHERE name <> '' AND "+where+" ORDER BY code LIMIT ?",
			append(args, mostNeighbours), func(rows *sql.Rows) error {
				var code, name string
				err := rows.Scan(&code, &name)
				if err == nil && !slices.Contains(related, code) {
					out = append(out, name)
				}
				return err
			})
		return out, err
	}
	if len(parents) > 0 {
		if near, err = names("parent IN (?)", bun.List(parents)); err != nil {
			return nil, nil, err
		}
	}
	far, err = names("parent NOT IN (?)", bun.List(append(parents, "\x01")))
	return near, far, err
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
