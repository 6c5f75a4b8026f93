package svgmap

import (
	"encoding/json"

	"tocsin/cap"
)

// feature is one of a FeatureCollection (RFC 7946 §3.2).
type feature struct {
	Type       string     `json:"type"`
	Properties properties `json:"properties"`
	Geometry   geometry   `json:"geometry"`
}

type properties struct {
	// Class is as in the drawing.
	Class string `json:"class"`
	Title string `json:"title,omitempty"`
	// Radius is in metres; it makes a Point a circle.
	Radius float64 `json:"radius_m,omitempty"`
}

type geometry struct {
	Type        string `json:"type"`
	Coordinates any    `json:"coordinates"`
}

// GeoJSON is a picture as the interactive map of a page wants it: whole, and cut at the antimeridian (RFC 7946 §3.1.9).
func GeoJSON(p *Picture) ([]byte, error) {
	all := []feature{}
	for _, u := range p.Units {
		all = append(all, polygonFeatures(properties{Class: "map-unit", Title: u.Title}, u.Polygons)...)
	}
	for i := range p.Alerts {
		a := &p.Alerts[i]
		about := properties{Class: a.class(), Title: a.Title}
		all = append(all, polygonFeatures(about, a.Polygons)...)
		for _, c := range a.Circles {
			about.Radius = c.RadiusKM * 1000
			all = append(all, feature{"Feature", about, geometry{"Point", pair(c.Center)}})
		}
	}
	for _, s := range p.Sirens {
		all = append(all, feature{"Feature", properties{Class: "map-siren map-" + string(s.state()), Title: s.Title}, geometry{"Point", pair(s.At)}})
	}
	return json.Marshal(struct {
		Type     string    `json:"type"`
		Features []feature `json:"features"`
	}{"FeatureCollection", all})
}

// polygonFeatures are one feature with all parts of some polygons, or none.
func polygonFeatures(about properties, polygons []cap.Polygon) []feature {
	var parts [][][][2]float64
	for _, p := range polygons {
		for _, part := range p.Cut() {
			ring := make([][2]float64, len(part))
			for i, at := range part {
				ring[i] = pair(at)
			}
			parts = append(parts, [][][2]float64{ring})
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return []feature{{"Feature", about, geometry{"MultiPolygon", parts}}}
}

func pair(p cap.Point) [2]float64 { return [2]float64{p.Lon, p.Lat} }
