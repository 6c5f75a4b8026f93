package cap

import (
	"fmt"
	"math"
	"strings"
)

// Unit is a part of a country for which somebody may warn.
type Unit struct {
	// Codes are its geocodes. A value that ends with * stands for all that begin so, as 3301* for a city and its districts.
	Codes []Value
	// Polygons are its outlines, as maps draw them (see Region), and Holes what lies inside them and is not its own.
	Polygons []Polygon
	Holes    []Polygon
}

// Territory is where somebody may warn: the union of some units. It never changes: use it from as many goroutines as you
// like.
type Territory struct {
	codes    []Value
	outlines []outline
}

// outline is one polygon of a unit, without its holes.
type outline struct {
	outer *ring
	holes []*ring
}

// NewTerritory prepares units. It refuses the polygons that NewRegion refuses, and codes that stand for everything; the
// error names unit and polygon, counted from 1.
func NewTerritory(units []Unit) (*Territory, error) {
	t := &Territory{}
	for i := range units {
		u := &units[i]
		for k, code := range u.Codes {
			if trim(code.Name) == "" || strings.TrimSuffix(trim(code.Value), "*") == "" {
				return nil, fmt.Errorf("unit %d: code %d: %s=%s holds no name or no code", i+1, k+1, clip(code.Name), clip(code.Value))
			}
			t.codes = append(t.codes, code)
		}
		var holes []*ring
		for k, p := range u.Holes {
			if message := polygonFault(p); message != "" {
				return nil, fmt.Errorf("unit %d: hole %d: %s", i+1, k+1, message)
			}
			holes = append(holes, newRing(p))
		}
		for k, p := range u.Polygons {
			if message := polygonFault(p); message != "" {
				return nil, fmt.Errorf("unit %d: polygon %d: %s", i+1, k+1, message)
			}
			t.outlines = append(t.outlines, outline{newRing(p), holes})
		}
	}
	return t, nil
}

// Within reports whether every place of some areas lies in the territory. It is careful: what it cannot tell lies outside.
//   - A polygon or circle lies inside when one polygon of one unit holds it whole; what reaches over the border of two
//     units, both of them one's own, needs a unit with the outline of both. A border may be touched; a tenth of a
//     millimetre does not count. Circles are asked as polygons of 64 points drawn around them.
//   - A geocode lies inside when a unit lists it. Case and blanks around it count only in its value.
//   - All of an area must lie inside: its polygons, circles and geocodes. An area without any lies nowhere.
func (t *Territory) Within(areas []Area) bool {
	for i := range areas {
		if !t.check(&areas[i], func(string, string) {}) {
			return false
		}
	}
	return true
}

// Outside finds what of an alert does not lie in the territory, as Within understands it, each with its path and
// LevelError. An info without areas lies outside, for nobody can tell whom it is for; an alert without infos speaks of no
// place, and has no findings.
func (t *Territory) Outside(a *Alert) Findings {
	var found Findings
	const clause = "CAP 1.2 §3.2.4, and the territory of the author"
	for i := range a.Infos {
		if len(a.Infos[i].Areas) == 0 {
			found = append(found, Finding{ID: "territory.area", Clause: clause, Path: infoPath(i), Level: LevelError,
				Message: "the info has no area, so that nobody can tell whether it lies in the territory of its author: add one"})
		}
		for k := range a.Infos[i].Areas {
			t.check(&a.Infos[i].Areas[k], func(part, message string) {
				id, _, _ := strings.Cut(part, "[")
				if id == "" {
					id, part = "area", areaPath(i, k)
				} else {
					part = areaPath(i, k) + "/" + part
				}
				found = append(found, Finding{ID: "territory." + id, Clause: clause, Path: part, Message: message, Level: LevelError})
			})
		}
	}
	return found
}

// check tells whether an area lies inside, and reports what of it does not, each by the last step of its path; empty for
// the area itself.
func (t *Territory) check(ar *Area, report func(part, message string)) bool {
	inside := true
	outside := func(part, message string) {
		inside = false
		report(part, message)
	}
	if len(ar.Polygons)+len(ar.Circles)+len(ar.Geocodes) == 0 {
		outside("", "the area has no polygon, circle or geocode, so that nobody can tell whether it lies in the territory of its author: add one")
	}
	for i, p := range ar.Polygons {
		part := fmt.Sprintf("polygon[%d]", i+1)
		if message := polygonFault(p); message != "" {
			outside(part, message)
		} else if at, found := t.outside(newRing(p)); found {
			outside(part, t.message("polygon", at))
		}
	}
	for i, c := range ar.Circles {
		part := fmt.Sprintf("circle[%d]", i+1)
		if message := circleFault(c); message != "" {
			outside(part, message)
		} else if at, found := t.outsideCircle(c); found {
			outside(part, t.message("circle", at))
		}
	}
	for i, g := range ar.Geocodes {
		if !t.lists(g) {
			outside(fmt.Sprintf("geocode[%d]", i+1), fmt.Sprintf("%s=%s is no code of the territory of its author: leave it out, or ask whose it is", clip(g.Name), clip(g.Value)))
		}
	}
	return inside
}

func (t *Territory) message(what string, at Point) string {
	if len(t.outlines) == 0 {
		return "the territory of the author has no outline to compare the " + what + " with: name the area by its codes"
	}
	return fmt.Sprintf("the %s reaches beyond the territory of its author, near %.4f,%.4f: draw it inside, or ask whose that is", what, at.Lat, math.Remainder(at.Lon, 360))
}

// lists reports whether a unit has a geocode.
func (t *Territory) lists(g Value) bool {
	for _, code := range t.codes {
		if !strings.EqualFold(trim(code.Name), trim(g.Name)) {
			continue
		}
		if begin, open := strings.CutSuffix(trim(code.Value), "*"); open && strings.HasPrefix(trim(g.Value), begin) || trim(code.Value) == trim(g.Value) {
			return true
		}
	}
	return false
}

// circlePoints is of how many points the polygon is that stands for a circle.
const circlePoints = 64

func (t *Territory) outsideCircle(c Circle) (at Point, found bool) {
	if c.RadiusKM > 0 {
		return t.outside(newRing(c.Outline(circlePoints)))
	}
	for i := range t.outlines {
		if t.outlines[i].holds(c.Center.Lat, c.Center.Lon) {
			return Point{}, false
		}
	}
	return c.Center, true
}

// outside finds a place of a ring that no outline holds together with the rest of it. The place is that of the outline
// that comes nearest to holding it: the one that holds its first point.
func (t *Territory) outside(r *ring) (at Point, found bool) {
	first := Point{r.edges[0].y1, r.edges[0].x1}
	at = first
	for i := range t.outlines {
		place, out := t.outlines[i].outside(r)
		if !out {
			return Point{}, false
		}
		if place != first {
			at = place
		}
	}
	return at, true
}
