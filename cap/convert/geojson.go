package convert

import (
	"fmt"

	"tocsin/cap"
)

// Collection is a GeoJSON FeatureCollection (RFC 7946 §3.3).
type Collection struct {
	Type     string    `json:"type"`
	Features []Feature `json:"features"`
}

// Feature is one area of one info. Geometry is nil, in JSON null, where the area has no polygon and no circle.
type Feature struct {
	Type       string     `json:"type"`
	ID         string     `json:"id"`
	Geometry   *Geometry  `json:"geometry"`
	Properties Properties `json:"properties"`
}

// Geometry is a Polygon, a MultiPolygon, a Point, or a GeometryCollection of them.
type Geometry struct {
	Type string `json:"type"`
	// Coordinates are those of RFC 7946 §3.1: longitude first.
	Coordinates any         `json:"coordinates,omitempty"`
	Geometries  []*Geometry `json:"geometries,omitempty"`
}

// Properties are what a map shows of an area.
type Properties struct {
	// Alert is where the CAP document can be read, and State how it stands (cap.State), where the caller knows them.
	Alert       string             `json:"alert,omitempty"`
	State       cap.State          `json:"state,omitempty"`
	Identifier  string             `json:"identifier"`
	Sender      string             `json:"sender"`
	Sent        moment             `json:"sent"`
	Status      cap.Status         `json:"status"`
	MsgType     cap.MsgType        `json:"msgType"`
	Scope       cap.Scope          `json:"scope"`
	Language    string             `json:"language,omitempty"`
	Categories  []cap.Category     `json:"category,omitempty"`
	Event       string             `json:"event,omitempty"`
	Responses   []cap.ResponseType `json:"responseType,omitempty"`
	Urgency     cap.Urgency        `json:"urgency,omitempty"`
	Severity    cap.Severity       `json:"severity,omitempty"`
	Certainty   cap.Certainty      `json:"certainty,omitempty"`
	Effective   moment             `json:"effective,omitzero"`
	Onset       moment             `json:"onset,omitzero"`
	Expires     moment             `json:"expires,omitzero"`
	SenderName  string             `json:"senderName,omitempty"`
	Headline    string             `json:"headline,omitempty"`
	Description string             `json:"description,omitempty"`
	Instruction string             `json:"instruction,omitempty"`
	Web         string             `json:"web,omitempty"`
	Contact     string             `json:"contact,omitempty"`
	Area        string             `json:"areaDesc,omitempty"`
	// Circles are those that the geometry draws as polygons.
	Circles  []circleJSON `json:"circle,omitempty"`
	Geocodes []valueJSON  `json:"geocode,omitempty"`
	Altitude *float64     `json:"altitude,omitempty"`
	Ceiling  *float64     `json:"ceiling,omitempty"`
}

// CirclePoints is of how many points the polygon is that is drawn around a circle.
const CirclePoints = 64

// GeoJSON gives alerts as features: one for each area of each info, in their order. An info without areas, and an alert
// without infos, is a feature without geometry, so that no alert is lost. Polygons are cut at the antimeridian and turned
// counter-clockwise, circles are drawn around (cap.Circle.Outline); one of radius 0 is a point.
func GeoJSON(alerts ...*cap.Alert) Collection {
	c := Collection{Type: "FeatureCollection", Features: []Feature{}}
	for _, a := range alerts {
		c.Features = append(c.Features, features(a)...)
	}
	return c
}

func features(a *cap.Alert) []Feature {
	name := fmt.Sprintf("%s,%s,%s", a.Sender, a.Identifier, formTime(a.Sent))
	base := Properties{Identifier: a.Identifier, Sender: a.Sender, Sent: moment{a.Sent}, Status: a.Status, MsgType: a.MsgType, Scope: a.Scope}
	if len(a.Infos) == 0 {
		return []Feature{{Type: "Feature", ID: name, Properties: base}}
	}
	var out []Feature
	for i := range a.Infos {
		in := &a.Infos[i]
		p := base
		p.describe(in)
		id := fmt.Sprintf("%s#%d", name, i+1)
		if len(in.Areas) == 0 {
			out = append(out, Feature{Type: "Feature", ID: id, Properties: p})
		}
		for k := range in.Areas {
			area := &in.Areas[k]
			of := p
			of.Area, of.Altitude, of.Ceiling = area.Description, area.Altitude, area.Ceiling
			of.Geocodes, of.Circles = each(area.Geocodes, valueTo), areaTo(*area).Circles
			out = append(out, Feature{Type: "Feature", ID: fmt.Sprintf("%s.%d", id, k+1), Geometry: geometry(area), Properties: of})
		}
	}
	return out
}

// describe fills in what an info says.
func (p *Properties) describe(in *cap.Info) {
	p.Language, p.Categories, p.Event, p.Responses = in.Language, in.Categories, in.Event, in.ResponseTypes
	p.Urgency, p.Severity, p.Certainty = in.Urgency, in.Severity, in.Certainty
	p.Effective, p.Onset, p.Expires = moment{in.Effective}, moment{in.Onset}, moment{in.Expires}
	p.SenderName, p.Headline, p.Description, p.Instruction = in.SenderName, in.Headline, in.Description, in.Instruction
	p.Web, p.Contact = in.Web, in.Contact
}

// pair is a longitude and a latitude.
type pair [2]float64

// geometry draws an area; nil when there is nothing to draw.
func geometry(a *cap.Area) *Geometry {
	var polygons [][][]pair
	var points []*Geometry
	draw := func(parts []cap.Polygon) {
		for _, p := range parts {
			polygons = append(polygons, [][]pair{each(p, func(v cap.Point) pair { return pair{v.Lon, v.Lat} })})
		}
	}
	for _, p := range a.Polygons {
		draw(p.Cut())
	}
	for _, c := range a.Circles {
		if c.RadiusKM == 0 {
			points = append(points, &Geometry{Type: "Point", Coordinates: pair{c.Center.Lon, c.Center.Lat}})
			continue
		}
		draw(c.Outline(CirclePoints).Cut())
	}
	var all []*Geometry
	switch len(polygons) {
	case 0:
	case 1:
		all = append(all, &Geometry{Type: "Polygon", Coordinates: polygons[0]})
	default:
		all = append(all, &Geometry{Type: "MultiPolygon", Coordinates: polygons})
	}
	all = append(all, points...)
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return &Geometry{Type: "GeometryCollection", Geometries: all}
}
