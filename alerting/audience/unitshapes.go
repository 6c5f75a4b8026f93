package audience

import (
	"context"
	"database/sql"
	"slices"
	"sync"

	"github.com/uptrace/bun"

	"tocsin/cap"
)

// UnitShape is an administrative unit as a map draws it. Each of its polygons is the ring around it and then its holes.
type UnitShape struct {
	Code, Name, Parent string
	Polygons           [][]cap.Polygon
}

// Box is an area of a map in degrees. Where West is more than East, it reaches over the antimeridian.
type Box struct{ West, South, East, North float64 }

// ShapeQuery says which units to draw: those with an outline that UnitQuery picks, and that touch Box, if it is set.
type ShapeQuery struct {
	UnitQuery
	Box *Box
}

// unitShapes are outlines that were made small, from one edition of the units: making them so is most of the work.
type unitShapes struct {
	mu      sync.Mutex
	edition int64
	made    map[string][][]cap.Polygon
}

const (
	// mostShapes bounds how many are kept; each has some dozens of points.
	mostShapes = 8192
	// shapesAtOnce is how many outlines are in memory whole.
	shapesAtOnce = 8
)

// UnitShapes gives the outlines of administrative units for a map, with fewer points than they have, in the order of their codes.
func (a *Audience) UnitShapes(ctx context.Context, q ShapeQuery) ([]UnitShape, error) {
	var edition int64
	if err := a.db.Read().QueryRowContext(ctx, "SELECT edition FROM unit_edition WHERE id = 1").Scan(&edition); err != nil {
		return nil, reading("read the edition of the units", err)
	}
	out, err := a.withOutline(ctx, &q)
	if err != nil {
		return nil, err
	}
	var missing []string
	for i := range out {
		if out[i].Polygons = a.shapes.find(edition, out[i].Code); out[i].Polygons == nil {
			missing = append(missing, out[i].Code)
		}
	}
	made := make(map[string][][]cap.Polygon)
	for codes := range slices.Chunk(missing, shapesAtOnce) {
		found, err := a.outlinesOf(ctx, codes)
		if err != nil {
			return nil, err
		}
		for code, shapes := range found {
			made[code] = ringsOf(simpler(shapes))
			a.shapes.keep(edition, code, made[code])
		}
	}
	for i := range out {
		if out[i].Polygons == nil {
			out[i].Polygons = made[out[i].Code]
		}
	}
	return out, nil
}

// withOutline lists the units that have one, without it.
func (a *Audience) withOutline(ctx context.Context, q *ShapeQuery) ([]UnitShape, error) {
	query := a.db.Read().NewSelect().TableExpr("units AS u").Join("JOIN unit_outlines AS o ON o.code = u.code").ColumnExpr("u.code, u.name, u.parent").
		Where("u.code > ?", q.After).OrderExpr("u.code").Limit(int64(q.Limit))
	if q.Parent != "" {
		query = query.Where("u.parent = ?", q.Parent)
	}
	if b := q.Box; b != nil {
		query = query.Where("o.south <= ? AND o.north >= ?", b.North, b.South)
		if b.West <= b.East {
			query = query.Where("o.west <= ? AND o.east >= ?", b.East, b.West)
		} else {
			query = query.WhereGroup(" AND ", func(g *bun.SelectQuery) *bun.SelectQuery {
				return g.Where("o.west <= ?", b.East).WhereOr("o.east >= ?", b.West)
			})
		}
	}
	rows, err := query.Rows(ctx)
	if err != nil {
		return nil, reading("list administrative units", err)
	}
	defer func() { _ = rows.Close() }()
	return shapesIn(rows)
}

func shapesIn(rows *sql.Rows) ([]UnitShape, error) {
	out := []UnitShape{}
	for rows.Next() {
		var u UnitShape
		if err := rows.Scan(&u.Code, &u.Name, &u.Parent); err != nil {
			return nil, reading("list administrative units", err)
		}
		out = append(out, u)
	}
	if err := rows.Err(); err != nil {
		return nil, reading("list administrative units", err)
	}
	return out, nil
}

// ringsOf are shapes as lists of rings; never nil.
func ringsOf(shapes []shape) [][]cap.Polygon {
	out := make([][]cap.Polygon, 0, len(shapes))
	for _, s := range shapes {
		out = append(out, append([]cap.Polygon{s.outer}, s.holes...))
	}
	return out
}

func (m *unitShapes) find(edition int64, code string) [][]cap.Polygon {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.edition != edition {
		return nil
	}
	return m.made[code]
}

// keep remembers an outline, unless units were imported while it was made.
func (m *unitShapes) keep(edition int64, code string, rings [][]cap.Polygon) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.made == nil || edition > m.edition || len(m.made) >= mostShapes {
		m.made, m.edition = map[string][][]cap.Polygon{}, max(edition, m.edition)
	}
	if edition == m.edition {
		m.made[code] = rings
	}
}
