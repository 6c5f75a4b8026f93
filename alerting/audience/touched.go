package audience

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"

	"tocsin/alerting"
	"tocsin/cap"
)

const (
	// perSide is in how many points, across and down its bounds, an area is looked at.
	perSide = 16
	// aTenth: an area is for the units that hold one of so many of its points.
	aTenth = 10
	// mostAreas bounds how many areas are looked at.
	mostAreas = 100
)

// unitsAt finds units by their outlines: touched are those that hold some of an area's points, and mostly, of those that hold a tenth of
// one, the lowest.
func (a *Audience) unitsAt(ctx context.Context, areas []cap.Area) (mostly, touched []string, err error) {
	seen := map[string]bool{}
	for _, area := range areas {
		key := fmt.Sprint(area.Polygons, area.Circles)
		if seen[key] || len(seen) >= mostAreas {
			continue
		}
		seen[key] = true
		box, points, err := pointsIn(area)
		if err != nil {
			return nil, nil, err
		}
		if len(points) == 0 {
			continue
		}
		err = a.outlinesIn(ctx, box, func(code string, within, holes *cap.Region) {
			n := 0
			for _, p := range points {
				if within.Contains(p.Lat, p.Lon) && !holes.Contains(p.Lat, p.Lon) {
					n++
				}
			}
			if n > 0 && !slices.Contains(touched, code) {
				touched = append(touched, code)
			}
			if n > 0 && n*aTenth >= len(points) && !slices.Contains(mostly, code) {
				mostly = append(mostly, code)
			}
		})
		if err != nil {
			return nil, nil, err
		}
	}
	mostly, err = a.lowest(ctx, mostly)
	return mostly, touched, err
}

// pointsIn are points inside an area, none on its edge, in a grid over its bounds; an area without shapes has none. A box that crosses
// the antimeridian goes all the way round.
func pointsIn(area cap.Area) (bounds, []cap.Point, error) {
	region, err := cap.NewRegion([]cap.Area{area})
	if err != nil {
		return bounds{}, nil, fmt.Errorf("%w: %w", alerting.ErrInvalid, err)
	}
	if region.Empty() {
		return bounds{}, nil, nil
	}
	const degree = math.Pi / 180
	r := region.RectBound()
	box := bounds{west: r.Lng.Lo / degree, south: r.Lat.Lo / degree, east: r.Lng.Hi / degree, north: r.Lat.Hi / degree}
	var out []cap.Point
	for i := range perSide {
		for j := range perSide {
			lat := box.south + (float64(i)+0.5)/perSide*(box.north-box.south)
			lon := math.Remainder(box.west+(float64(j)+0.5)/perSide*r.Lng.Length()/degree, 360)
			if region.Contains(lat, lon) {
				out = append(out, cap.Point{Lat: lat, Lon: lon})
			}
		}
	}
	if r.Lng.IsInverted() {
		box.west, box.east = -180, 180
	}
	return box, out, nil
}

// outlinesIn gives units whose outlines may meet a box, with their holes, which are no part of them.
func (a *Audience) outlinesIn(ctx context.Context, box bounds, take func(code string, within, holes *cap.Region)) error {
	return each(ctx, a.db.Read(), "read the outlines of units",
		"SELECT code, outline FROM unit_outlines WHERE south <= ? AND north >= ? AND west <= ? AND east >= ? ORDER BY code LIMIT ?",
		[]any{box.north, box.south, box.east, box.west, mostNeighbours}, func(rows *sql.Rows) error {
			code, shapes, err := scanOutline(rows)
			if err != nil {
				return err
			}
			var rings, inner []cap.Polygon
			for _, s := range shapes {
				rings, inner = append(rings, s.outer), append(inner, s.holes...)
			}
			within, err := cap.NewRegion([]cap.Area{{Polygons: rings}})
			if err != nil {
				return fmt.Errorf("%s: %w", shortened(code), err)
			}
			holes, err := cap.NewRegion([]cap.Area{{Polygons: inner}})
			if err != nil {
				return fmt.Errorf("%s: %w", shortened(code), err)
			}
			take(code, within, holes)
			return nil
		})
}

// lowest are those units of some that have none of them below.
func (a *Audience) lowest(ctx context.Context, codes []string) ([]string, error) {
	var out []string
	for _, code := range codes {
		below, err := a.unitsBelow(ctx, []string{code})
		if err != nil {
			return nil, err
		}
		within := slices.ContainsFunc(codes, func(other string) bool {
			for _, children := range below {
				if slices.Contains(children, other) {
					return true
				}
			}
			return false
		})
		if !within {
			out = append(out, code)
		}
	}
	return out, nil
}
