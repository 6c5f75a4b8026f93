package audience

import (
	"math"
	"slices"

	"tocsin/cap"
)

// An outline on a map need not be finer than the map: it is drawn with the points that matter at a size (Douglas and Peucker, 1973). What
// is left is for the eye and the hand. Whether an area lies inside a unit is never asked of it.

// mapSteps is how fine an outline is drawn: nothing of it lies farther from its true place than this part of the unit's own size.
const mapSteps = 300

// simpler is an outline with fewer points. Rings that vanish at this size are left out, but the largest outer ring stays.
func simpler(shapes []shape) []shape {
	b := boundsOf(shapes)
	narrow := math.Cos((b.south + b.north) / 2 * math.Pi / 180)
	fine := max((b.east-b.west)*narrow, b.north-b.south) / mapSteps
	var out []shape
	for _, s := range shapes {
		outer := thinned(s.outer, fine, narrow)
		if outer == nil {
			continue
		}
		one := shape{outer: turned(outer, true)}
		for _, h := range s.holes {
			if hole := thinned(h, fine, narrow); hole != nil {
				one.holes = append(one.holes, turned(hole, false))
			}
		}
		out = append(out, one)
	}
	if len(out) > 0 || len(shapes) == 0 {
		return out
	}
	largest := slices.MaxFunc(shapes, func(a, b shape) int { return compareSize(a.outer, b.outer) })
	return []shape{{outer: turned(largest.outer, true)}}
}

func compareSize(a, b cap.Polygon) int {
	switch x, y := math.Abs(twiceArea(a)), math.Abs(twiceArea(b)); {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// thinned is a closed ring without the points that lie within a distance of the line without them, in degrees of latitude; nil when less
// than a triangle is left. Narrow is how long a degree of longitude is beside one of latitude.
func thinned(ring cap.Polygon, fine, narrow float64) cap.Polygon {
	if len(ring) < 4 {
		return nil
	}
	keep := make([]bool, len(ring))
	far := 0 // the point farthest from the first: a ring has no ends of its own
	for i := range ring {
		if distance(ring[i], ring[0], ring[0], narrow) > distance(ring[far], ring[0], ring[0], narrow) {
			far = i
		}
	}
	last := len(ring) - 1
	keep[0], keep[far], keep[last] = true, true, true
	todo := [][2]int{{0, far}, {far, last}}
	for len(todo) > 0 {
		from, to := todo[len(todo)-1][0], todo[len(todo)-1][1]
		todo = todo[:len(todo)-1]
		worst, at := fine, -1
		for i := from + 1; i < to; i++ {
			if d := distance(ring[i], ring[from], ring[to], narrow); d > worst {
				worst, at = d, i
			}
		}
		if at > 0 {
			keep[at] = true
			todo = append(todo, [2]int{from, at}, [2]int{at, to})
		}
	}
	var out cap.Polygon
	for i, p := range ring {
		if keep[i] {
			out = append(out, p)
		}
	}
	if len(out) < 4 {
		return nil
	}
	return out
}

// distance is that of a point from the line between two others, in degrees of latitude.
func distance(p, a, b cap.Point, narrow float64) float64 {
	px, py := (p.Lon-a.Lon)*narrow, p.Lat-a.Lat
	bx, by := (b.Lon-a.Lon)*narrow, b.Lat-a.Lat
	if square := bx*bx + by*by; square > 0 {
		along := min(1, max(0, (px*bx+py*by)/square))
		px, py = px-along*bx, py-along*by
	}
	return math.Hypot(px, py)
}

// turned is a ring in the sense that RFC 7946 §3.1.6 wants: outer ones against the clock, holes with it.
func turned(ring cap.Polygon, outer bool) cap.Polygon {
	if (twiceArea(ring) > 0) == outer {
		return ring
	}
	out := slices.Clone(ring)
	slices.Reverse(out)
	return out
}

// twiceArea is positive for a ring against the clock, in square degrees.
func twiceArea(ring cap.Polygon) (sum float64) {
	for i := 1; i < len(ring); i++ {
		sum += ring[i-1].Lon*ring[i].Lat - ring[i].Lon*ring[i-1].Lat
	}
	return sum
}
