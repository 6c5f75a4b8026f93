package console

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"

	"tocsin/alerting"
	"tocsin/alerting/audience"
	"tocsin/cap"
)

// UnitShapes gives the outlines of units as a map draws them.
type UnitShapes func(ctx context.Context, q audience.ShapeQuery) ([]audience.UnitShape, error)

// shapeRoutes are for maps.
func (c *Console) shapeRoutes() []route {
	return []route{
		{"GET /api/units/outlines", MayRead, c.inTurn(c.unitOutlines), "The outlines of administrative units for a map, with few points, as GeoJSON: those below ?parent=, and those that touch ?box=west,south,east,north", nil, geoJSONMedia, 200},
	}
}

// The parts of a FeatureCollection of units (RFC 7946 §3).
type (
	unitCollection struct {
		Type     string        `json:"type"`
		Features []unitFeature `json:"features"`
	}
	unitFeature struct {
		Type       string           `json:"type"`
		Properties unitProperties   `json:"properties"`
		Geometry   unitMultiPolygon `json:"geometry"`
	}
	unitProperties struct {
		Code   string `json:"code"`
		Name   string `json:"name"`
		Parent string `json:"parent"`
	}
	unitMultiPolygon struct {
		Type string `json:"type"`
		// Coordinates are polygons of rings of longitude and latitude.
		Coordinates [][][][2]float64 `json:"coordinates"`
	}
)

func (c *Console) unitOutlines(w http.ResponseWriter, r *http.Request, _ alerting.Actor) error {
	if c.UnitShapes == nil {
		return alerting.Refuse(alerting.ErrNotFound, "units.map-off", "a map of units")
	}
	p, err := c.pageOf(r, "unit outlines")
	if err != nil {
		return err
	}
	q := audience.ShapeQuery{UnitQuery: audience.UnitQuery{Parent: r.URL.Query().Get("parent"), After: p.id, Limit: p.limit}}
	if err := checkParent(q.Parent); err != nil {
		return err
	}
	if q.Box, err = boxOf(r.URL.Query().Get("box")); err != nil {
		return err
	}
	all, err := c.UnitShapes(r.Context(), q)
	if err != nil {
		return err
	}
	if n := len(all); n > 0 {
		p.next(w, r, n, 0, all[n-1].Code)
	}
	out := unitCollection{Type: "FeatureCollection", Features: make([]unitFeature, 0, len(all))}
	for _, u := range all {
		out.Features = append(out.Features, unitFeature{"Feature", unitProperties{u.Code, u.Name, u.Parent}, unitMultiPolygon{"MultiPolygon", coordinatesOf(u.Polygons)}})
	}
	w.Header().Set("Content-Type", string(geoJSONMedia))
	return json.NewEncoder(w).Encode(out)
}

// coordinatesOf are rings as GeoJSON has them, to a hundred-thousandth of a degree, which is a metre.
func coordinatesOf(polygons [][]cap.Polygon) [][][][2]float64 {
	const fine = 1e5
	out := make([][][][2]float64, 0, len(polygons))
	for _, rings := range polygons {
		var polygon [][][2]float64
		for _, ring := range rings {
			points := make([][2]float64, 0, len(ring))
			for _, at := range ring {
				points = append(points, [2]float64{math.Round(at.Lon*fine) / fine, math.Round(at.Lat*fine) / fine})
			}
			polygon = append(polygon, points)
		}
		out = append(out, polygon)
	}
	return out
}

// boxOf reads west,south,east,north in degrees; nil for none.
func boxOf(text string) (*audience.Box, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // no box is a good answer
	}
	var at [4]float64
	parts := strings.Split(text, ",")
	bad := len(parts) != len(at)
	for i := range min(len(parts), len(at)) {
		var err error
		at[i], err = strconv.ParseFloat(strings.TrimSpace(parts[i]), 64)
		bad = bad || err != nil
	}
	b := &audience.Box{West: at[0], South: at[1], East: at[2], North: at[3]}
	within := func(v, most float64) bool { return v >= -most && v <= most } // false for what is no number
	if bad || !within(b.West, 180) || !within(b.East, 180) || !within(b.South, 90) || !within(b.North, 90) || b.South > b.North {
		return nil, alerting.Refuse(alerting.ErrInvalid, "units.box", "box %.80q: want west,south,east,north in degrees", text)
	}
	return b, nil
}
