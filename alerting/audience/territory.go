package audience

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/cap"
)

// territories are those that were prepared from one edition of the units.
type territories struct {
	mu      sync.Mutex
	edition int64
	made    map[string]*cap.Territory
}

// mostTerritories bounds how many are kept.
const mostTerritories = 512

// Territory is where an administrative unit may warn: its own code and those of all units below it, and its outline; where it
// has none, those of the units below it that have one. It is prepared once, and again when units are imported, by whatever
// process. A code that no unit has is ErrNotFound.
func (a *Audience) Territory(ctx context.Context, unit string) (*cap.Territory, error) {
	var edition int64
	if err := a.db.Read().QueryRowContext(ctx, "SELECT edition FROM unit_edition WHERE id = 1").Scan(&edition); err != nil {
		return nil, reading("read the edition of the units", err)
	}
	if t := a.territories.find(edition, unit); t != nil {
		return t, nil
	}
	t, err := a.newTerritory(ctx, unit)
	if err != nil {
		return nil, fmt.Errorf("territory of %s: %w", shortened(unit), err)
	}
	a.territories.keep(edition, unit, t)
	return t, nil
}

func (m *territories) find(edition int64, unit string) *cap.Territory {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.edition != edition {
		return nil
	}
	return m.made[unit]
}

// keep remembers a territory, unless units were imported while it was prepared: the edition that was read first then is older.
func (m *territories) keep(edition int64, unit string, t *cap.Territory) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.made == nil || edition > m.edition || len(m.made) >= mostTerritories {
		m.made, m.edition = map[string]*cap.Territory{}, max(edition, m.edition)
	}
	if edition == m.edition {
		m.made[unit] = t
	}
}

func (a *Audience) newTerritory(ctx context.Context, unit string) (*cap.Territory, error) {
	if _, err := a.UnitName(ctx, unit); err != nil {
		return nil, err
	}
	below, err := a.unitsBelow(ctx, []string{unit})
	if err != nil {
		return nil, err
	}
	codes := cap.Unit{Codes: []cap.Value{valueOf(unit)}}
	for _, children := range below {
		for _, code := range children {
			codes.Codes = append(codes.Codes, valueOf(code))
		}
	}
	units := []cap.Unit{codes}
	for level, depth := []string{unit}, 0; len(level) > 0 && depth <= unitDepth; depth++ {
		found, err := a.outlinesOf(ctx, level)
		if err != nil {
			return nil, err
		}
		var next []string
		for _, code := range level {
			if shapes := found[code]; shapes != nil {
				units = append(units, unitsOf(shapes)...)
			} else {
				next = append(next, below[code]...)
			}
		}
		level = next
	}
	return cap.NewTerritory(units)
}

// valueOf is the inverse of CodeOf.
func valueOf(code string) cap.Value {
	name, value, _ := strings.Cut(code, "=")
	return cap.Value{Name: name, Value: value}
}

// outlinesOf reads the outlines of units; those that have none are missing.
func (a *Audience) outlinesOf(ctx context.Context, codes []string) (map[string][]shape, error) {
	out := map[string][]shape{}
	for batch := range slices.Chunk(codes, inList) {
		err := each(ctx, a.db.Read(), "read the outlines of units", "SELECT code, outline FROM unit_outlines WHERE code IN (?)",
			[]any{bun.List(batch)}, func(rows *sql.Rows) error {
				code, shapes, err := scanOutline(rows)
				if err != nil {
					return err
				}
				out[code] = shapes
				return nil
			})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// UnitLine is an administrative unit in a list.
type UnitLine struct {
	Code   string `json:"code"`
	Name   string `json:"name"`
	Parent string `json:"parent"`
	// Outline: the unit has one, of so many Points. Bounds is the box around it: west, south, east, north, in degrees.
	Outline bool      `json:"outline"`
	Points  int64     `json:"points,omitempty"`
	Bounds  []float64 `json:"bounds,omitempty"`
}

// UnitQuery says which units to list: those below Parent, if it is set, whose codes come after After.
type UnitQuery struct {
	Parent, After string
	Limit         int
}

// Units lists administrative units in the order of their codes.
func (a *Audience) Units(ctx context.Context, q UnitQuery) ([]UnitLine, error) {
	query := a.db.Read().NewSelect().TableExpr("units AS u").Join("LEFT JOIN unit_outlines AS o ON o.code = u.code").
		ColumnExpr("u.code, u.name, u.parent, o.points, o.west, o.south, o.east, o.north").
		Where("u.code > ?", q.After).OrderExpr("u.code").Limit(int64(q.Limit))
	if q.Parent != "" {
		query = query.Where("u.parent = ?", q.Parent)
	}
	rows, err := query.Rows(ctx)
	if err != nil {
		return nil, reading("list administrative units", err)
	}
	defer func() { _ = rows.Close() }()
	out := []UnitLine{}
	for rows.Next() {
		var u UnitLine
		var points sql.NullInt64
		var w, s, e, n sql.NullFloat64
		if err := rows.Scan(&u.Code, &u.Name, &u.Parent, &points, &w, &s, &e, &n); err != nil {
			return nil, reading("list administrative units", err)
		}
		if points.Valid {
			u.Outline, u.Points, u.Bounds = true, points.Int64, []float64{w.Float64, s.Float64, e.Float64, n.Float64}
		}
		out = append(out, u)
	}
	if err := rows.Err(); err != nil {
		return nil, reading("list administrative units", err)
	}
	return out, nil
}

// CheckUnit reports whether text is a code as units have it.
func CheckUnit(text string) error {
	if code, err := parseCode(text); err != nil || code != text {
		return alerting.Refuse(alerting.ErrInvalid, "units.code", "unit %q is no code; want valueName=value, e.g. SAME=006109", shortened(text))
	}
	return nil
}

// scanOutline reads a row of a code and its packed outline.
func scanOutline(rows *sql.Rows) (code string, shapes []shape, err error) {
	var packed []byte
	if err = rows.Scan(&code, &packed); err != nil {
		return "", nil, err
	}
	if shapes, err = unpackOutline(packed); err != nil {
		return "", nil, fmt.Errorf("%s: %w", shortened(code), err)
	}
	return code, shapes, nil
}
