package svgmap

import (
	"strings"

	"tocsin/alerting"
	"tocsin/cap"
)

// Picture is what a map shows. The zero value shows the world.
type Picture struct {
	// ID begins the ids of the drawing; no two drawings of a page may have the same. Empty is "map".
	ID string
	// Title and Description are what a screen reader says instead of the drawing.
	Title, Description string
	// North is the letter of the arrow: N where it is empty.
	North string
	// Alerts are drawn milder ones first, so that the severest lie above.
	Alerts []Alert
	// Units are outlines below the alerts. The map is fitted to them only where there is nothing else.
	Units  []Unit
	Sirens []Siren
}

// Alert is what one warning, or one area of it, covers. A polygon or circle that package cap refuses is not drawn.
type Alert struct {
	Title string
	// Label is a word or number drawn upon it, which the page explains; it may be empty.
	Label    string
	Severity cap.Severity
	World    alerting.World
	Polygons []cap.Polygon
	Circles  []cap.Circle
}

// Unit is an administrative unit with its outlines.
type Unit struct {
	Title    string
	Polygons []cap.Polygon
}

// Siren is a siren at its place.
type Siren struct {
	Title string
	At    cap.Point
	State State
}

// State is what a map tells of a siren.
type State string

// The states; any other is drawn as Unsure.
const (
	Ready    State = "ready"
	Sounding State = "sounding"
	Failed   State = "failed"
	// Unsure is a siren that has not been heard of.
	Unsure State = "unsure"
)

// states lists them in the order in which they are drawn, the important ones last.
func states() []State { return []State{Unsure, Ready, Failed, Sounding} }

func (s Siren) state() State {
	switch s.State {
	case Ready, Sounding, Failed:
		return s.State
	}
	return Unsure
}

// class is what style sheets know an alert by.
func (a *Alert) class() string {
	severity, world := "unknown", "actual"
	if a.Severity.Rank() > 0 {
		severity = strings.ToLower(string(a.Severity))
	}
	if a.World == alerting.Exercise || a.World == alerting.Test {
		world = string(a.World)
	}
	return "map-alert map-" + severity + " map-" + world
}

// shapes are the polygons of an alert; circles are drawn as such.
func (a *Alert) shapes() []cap.Polygon {
	all := append([]cap.Polygon(nil), a.Polygons...)
	for _, c := range a.Circles {
		// The outline of a circle whose centre is a pole itself has no width: some metres beside it, it has.
		c.Center.Lat = min(89.9999, max(-89.9999, c.Center.Lat))
		if ring := c.Outline(circlePoints); ring != nil {
			all = append(all, ring)
		}
	}
	return all
}

// circlePoints makes a circle round at any size that a map has.
const circlePoints = 48
