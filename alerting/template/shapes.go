package template

import (
	"encoding/json"
	"regexp"
	"strings"

	"tocsin/cap"
)

// areaOfGeoJSON reads the polygons of RFC 7946, also of features and collections. CAP knows no holes, and only areas.
func areaOfGeoJSON(raw map[string]any) (cap.Area, error) {
	var area cap.Area
	text, err := json.Marshal(raw)
	if err != nil {
		return area, amiss("slot.geojson", "this is no GeoJSON: %v", err)
	}
	var shape geoShape
	if err := json.Unmarshal(text, &shape); err != nil {
		return area, amiss("slot.geojson", "this is no GeoJSON: %v", err)
	}
	err = shape.add(&area, 0)
	return area, err
}

// geoShape is any object of GeoJSON.
type geoShape struct {
	Type        string          `json:"type"`
	Coordinates json.RawMessage `json:"coordinates"`
	Geometry    *geoShape       `json:"geometry"`
	Geometries  []geoShape      `json:"geometries"`
	Features    []geoShape      `json:"features"`
}

// geoRing is a ring: longitude comes first, and a height may follow.
type geoRing [][]float64

func (g *geoShape) add(area *cap.Area, depth int) error {
	if depth > 4 {
		return amiss("slot.deep", "the collections lie too deep in each other: give one collection of polygons")
	}
	var polygons [][]geoRing
	var below []geoShape
	var err error
	switch g.Type {
	case "Polygon":
		polygons = make([][]geoRing, 1)
		err = json.Unmarshal(g.Coordinates, &polygons[0])
	case "MultiPolygon":
		err = json.Unmarshal(g.Coordinates, &polygons)
	case "Feature":
		if g.Geometry == nil {
			return amiss("slot.no-geometry", "a feature has no geometry: give it a polygon")
		}
		below = []geoShape{*g.Geometry}
	case "FeatureCollection":
		below = g.Features
	case "GeometryCollection":
		below = g.Geometries
	default:
		return amiss("slot.no-area", "GeoJSON of the type %s holds no area: want Polygon, MultiPolygon, or features with them", shown(g.Type))
	}
	if err != nil {
		return amiss("slot.rings", "the coordinates of a %s: want rings of [longitude, latitude]", g.Type)
	}
	for i := range below {
		if err := below[i].add(area, depth+1); err != nil {
			return err
		}
	}
	for _, rings := range polygons {
		if err := addRings(area, rings); err != nil {
			return err
		}
	}
	return nil
}

// addRings adds a polygon of GeoJSON or WKT.
func addRings(area *cap.Area, rings []geoRing) error {
	if len(rings) != 1 {
		return amiss("slot.holes", "a polygon has %d rings: CAP knows no holes, so give its outer ring alone, or cut it in two", len(rings))
	}
	var p cap.Polygon
	for i, at := range rings[0] {
		if len(at) < 2 || len(at) > 3 {
			return amiss("slot.numbers", "point %d has %d numbers: want longitude and latitude", i+1, len(at))
		}
		p = append(p, cap.Point{Lat: at[1], Lon: at[0]})
	}
	area.Polygons = append(area.Polygons, p)
	return nil
}

// wktHead is how a WKT polygon may begin; only the SRID of WGS 84 is what CAP means.
var wktHead = regexp.MustCompile(`^(?i)(?:SRID\s*=\s*4326\s*;\s*)?(MULTIPOLYGON|POLYGON)\s*Z?\s*\(`)

// areaOfWKT reads POLYGON or MULTIPOLYGON. As everywhere in WKT, longitude comes first.
func areaOfWKT(text string) (cap.Area, error) {
	var area cap.Area
	head := wktHead.FindStringSubmatchIndex(text)
	if head == nil {
		return area, amiss("slot.wkt", "want POLYGON ((lon lat, …)) or MULTIPOLYGON (((lon lat, …))), in WGS 84")
	}
	w := &wkt{rest: text[head[1]-1:]}
	var err error
	if strings.EqualFold(text[head[2]:head[3]], "POLYGON") {
		err = w.polygon(&area)
	} else {
		err = w.each(func() error { return w.polygon(&area) })
	}
	if err == nil && strings.TrimSpace(w.rest) != "" {
		err = amiss("slot.wkt-rest", "%s follows the last bracket: take it out", shown(strings.TrimSpace(w.rest)))
	}
	return area, err
}

// wkt is what is left to read.
type wkt struct{ rest string }

// each reads a bracket with items that are parted by commas.
func (w *wkt) each(item func() error) error {
	if !w.take('(') {
		return amiss("slot.wkt-open", "an opening bracket is missing")
	}
	for {
		if err := item(); err != nil {
			return err
		}
		if w.take(')') {
			return nil
		}
		if !w.take(',') {
			return amiss("slot.wkt-comma", "a comma or a closing bracket is missing")
		}
	}
}

func (w *wkt) take(c byte) bool {
	w.rest = strings.TrimLeft(w.rest, " \t\r\n")
	if w.rest == "" || w.rest[0] != c {
		return false
	}
	w.rest = w.rest[1:]
	return true
}

func (w *wkt) polygon(area *cap.Area) error {
	var rings []geoRing
	err := w.each(func() error {
		var ring geoRing
		err := w.each(func() error {
			end := strings.IndexAny(w.rest, ",)")
			if end < 0 {
				return amiss("slot.wkt-close", "a closing bracket is missing")
			}
			var at []float64
			for word := range strings.FieldsSeq(w.rest[:end]) {
				v, ok := coordinate(word)
				if !ok {
					return amiss("slot.wkt-number", "%s is no number", shown(word))
				}
				at = append(at, v)
			}
			ring = append(ring, at)
			w.rest = w.rest[end:]
			return nil
		})
		rings = append(rings, ring)
		return err
	})
	if err != nil {
		return err
	}
	return addRings(area, rings)
}
