package audience

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"tocsin/alerting"
	"tocsin/cap"
)

// The bounds of what a GeoJSON file may hold.
const (
	maxOutlineFile = 512 << 20
	// maxOutlinePoints bounds one unit: the coast of a country at a metre takes a few hundred thousand.
	maxOutlinePoints = 1_000_000
	// maxFeatureFaults bounds what is said of one feature.
	maxFeatureFaults = 20
)

// feature is one of a FeatureCollection (RFC 7946 §3.2), read as far as its type is sure.
type feature struct {
	Type       string                     `json:"type"`
	Properties map[string]json.RawMessage `json:"properties"`
	Geometry   *geometry                  `json:"geometry"`
}

type geometry struct {
	Type        string          `json:"type"`
	Coordinates json.RawMessage `json:"coordinates"`
}

// newOutline is a unit with its outline, as it was read.
type newOutline struct {
	// where names the feature in problems.
	where  string
	row    unitRow
	shapes []shape
}

// faults are what is wrong with one feature, each with where in it, and what may be.
type faults struct {
	found, warned []Problem
}

func (f *faults) add(where, code, format string, args ...any) {
	if len(f.found) < maxFeatureFaults {
		f.found = append(f.found, Problem{Where: where, What: alerting.Say(code, format, args...), Skipped: true})
	}
}

// outlineOf reads a feature. What it gives may be used only when there are no faults.
func outlineOf(number int, f *feature) (newOutline, faults) {
	var bad faults
	where := fmt.Sprintf("feature %d", number)
	code, name, parent := f.text("code", where, &bad), f.text("name", where, &bad), f.text("parent", where, &bad)
	if code != "" {
		where += " (" + shortened(code) + ")"
	}
	out := newOutline{where: where, row: unitRow{Name: name}}
	var err error
	switch out.row.Code, err = parseCode(code); {
	case f.Type != "Feature":
		bad.add(where, "import.feature", "its type is %q: want Feature", shortened(f.Type))
		return out, bad
	case code == "":
		bad.add(where, "import.no-code", "it has no property code: write the unit's code as the geocodes of a warning have it, NAME=VALUE")
	case err != nil:
		bad.add(where, "import.property-code", "the property code %q %v", shortened(code), err)
	}
	if parent != "" {
		if out.row.Parent, err = parseCode(parent); err != nil {
			bad.add(where, "import.property-parent", "the property parent %q %v", shortened(parent), err)
		} else if out.row.Parent == out.row.Code {
			bad.add(where, "import.own-parent", "the unit is its own parent")
		}
	}
	if err := nameFault(name); err != nil {
		bad.add(where, "import.property-name", "the property name: %v", err)
	}
	out.shapes = f.shapes(where, &bad)
	if n := pointsOf(out.shapes); n > maxOutlinePoints {
		bad.add(where, "import.outline-points", "its outline has %d points; at most %d are kept: simplify it, a metre is fine enough", n, maxOutlinePoints)
	}
	return out, bad
}

// text is a property; empty when there is none.
func (f *feature) text(key, where string, bad *faults) string {
	raw, ok := f.Properties[key]
	if !ok || string(raw) == "null" {
		return ""
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		bad.add(where, "import.property-text", "the property %s is no text: write it in quotes", key)
	}
	if strings.ContainsRune(text, 0) {
		bad.add(where, "import.property-nul", "the property %s holds a character U+0000: remove it", key)
	}
	return strings.TrimSpace(text)
}

// shapes reads the geometry.
func (f *feature) shapes(where string, bad *faults) []shape {
	if f.Geometry == nil {
		bad.add(where, "import.no-geometry", "it has no geometry: a unit without an outline is imported as CSV")
		return nil
	}
	var polygons [][][][]float64
	var err error
	switch f.Geometry.Type {
	case "Polygon":
		var one [][][]float64
		err = json.Unmarshal(f.Geometry.Coordinates, &one)
		polygons = append(polygons, one)
	case "MultiPolygon":
		err = json.Unmarshal(f.Geometry.Coordinates, &polygons)
	default:
		bad.add(where, "import.geometry", "its geometry is a %q: want Polygon or MultiPolygon", shortened(f.Geometry.Type))
		return nil
	}
	if err != nil {
		bad.add(where, "import.coordinates", "the coordinates are no rings of positions ([longitude, latitude]) of a %s", f.Geometry.Type)
		return nil
	}
	if len(polygons) == 0 {
		bad.add(where, "import.geometry-empty", "its geometry is empty")
	}
	var out []shape
	for i, rings := range polygons {
		at := where
		if f.Geometry.Type == "MultiPolygon" {
			at += fmt.Sprintf(", polygon %d", i+1)
		}
		out = append(out, shapeOf(at, rings, bad))
	}
	return out
}

// shapeOf reads the rings of one polygon: the first is around it, the others are its holes (RFC 7946 §3.1.6).
func shapeOf(where string, rings [][][]float64, bad *faults) shape {
	if len(rings) == 0 {
		bad.add(where, "import.no-ring", "the polygon has no ring")
		return shape{}
	}
	var s shape
	whole := true
	for i, positions := range rings {
		at := fmt.Sprintf("%s, ring %d", where, i+1)
		ring, err := ringOf(positions)
		if err == nil {
			fault, warning := ring.Check()
			if fault != "" {
				err = errors.New(fault)
			} else if warning != "" {
				bad.warned = append(bad.warned, Problem{Where: at, What: warning})
			}
		}
		if err != nil {
			whole = false
			bad.add(at, "import.ring", "%v", err)
			continue
		}
		if i == 0 {
			s.outer = ring
			continue
		}
		s.holes = append(s.holes, ring)
		if !whole {
			continue
		}
		if inside, err := holdsAny(s.outer, ring); err != nil || !inside {
			bad.add(at, "import.hole", "it is a hole and lies outside the first ring, which is around the polygon: write it as a polygon of its own")
		}
	}
	return s
}

// ringOf reads the positions of a ring: longitude first, and what follows latitude does not count.
func ringOf(positions [][]float64) (cap.Polygon, error) {
	ring := make(cap.Polygon, len(positions))
	for i, p := range positions {
		if len(p) < 2 {
			return nil, amiss("import.position-numbers", "position %d has %d numbers: want longitude and latitude", i+1, len(p))
		}
		lon, lat := p[0], p[1]
		if math.Abs(lat) > 90 || math.Abs(lon) > 180 {
			return nil, amiss("import.position-earth", "position %d (%v, %v) is not on the earth: longitude (-180 to 180) comes first, then latitude (-90 to 90), in degrees of WGS 84",
				i+1, lon, lat)
		}
		ring[i] = cap.Point{Lat: lat, Lon: lon}
	}
	return ring, nil
}
