package cap

import (
	"math"
	"slices"
)

// holds reports whether a position lies inside or on the border.
func (o *outline) holds(lat, lon float64) bool {
	if !o.outer.contains(lat, lon) && !o.outer.near(lat, lon) {
		return false
	}
	return !slices.ContainsFunc(o.holes, func(h *ring) bool { return h.contains(lat, lon) && !h.near(lat, lon) })
}

// rings are the outer ring and the holes.
func (o *outline) rings() []*ring { return append([]*ring{o.outer}, o.holes...) }

// outside finds a place of a ring's inside that the outline does not hold. Each edge is cut where it meets an edge of the
// outline, and each piece lies on one side: the middle of it tells. A ring whose border is inside holds only what is
// inside, unless a corner of the outline, such as that of a hole, lies in it; or unless it is itself a hole.
func (o *outline) outside(r *ring) (at Point, found bool) {
	rings := o.rings()
	for i := range r.edges {
		if at, found := o.edgeOutside(&r.edges[i], rings); found {
			return at, true
		}
	}
	for _, other := range rings {
		for i := range other.edges {
			e := &other.edges[i]
			if r.surrounds(e.y1, e.x1) {
				return Point{e.y1, e.x1}, true
			}
			if r.surrounds(e.y2, e.x2) {
				return Point{e.y2, e.x2}, true
			}
		}
	}
	if middle, ok := r.middle(); ok && !o.holds(middle.Lat, middle.Lon) {
		return middle, true
	}
	return Point{}, false
}

// edgeOutside finds a place of an edge that the outline does not hold.
func (o *outline) edgeOutside(e *edge, rings []*ring) (at Point, found bool) {
	cuts := []float64{0, 1}
	for _, r := range rings {
		first, last := r.turns(min(e.x1, e.x2), max(e.x1, e.x2))
		for k := first; k <= last; k++ {
			moved := edge{e.x1 + 360*k, e.y1, e.x2 + 360*k, e.y2}
			for _, i := range r.rows.between(e.y1-hair, e.y2+hair) {
				cuts = moved.cutBy(&r.edges[i], cuts)
			}
		}
	}
	slices.Sort(cuts)
	place := func(t float64) Point { return Point{e.y1 + (e.y2-e.y1)*t, e.x1 + (e.x2-e.x1)*t} }
	for i, t := range cuts {
		for _, p := range []Point{place(t), place((t + cuts[max(i-1, 0)]) / 2)} {
			if !o.holds(p.Lat, p.Lon) {
				return p, true
			}
		}
	}
	return Point{}, false
}

// cutBy adds where an edge meets another, or passes close to an end of it, as parts of its length. A cut too many does no
// harm.
func (e *edge) cutBy(o *edge, cuts []float64) []float64 {
	add := func(t float64) {
		if t > 0 && t < 1 {
			cuts = append(cuts, t)
		}
	}
	dx, dy, ox, oy := e.x2-e.x1, e.y2-e.y1, o.x2-o.x1, o.y2-o.y1
	length := dx*dx + dy*dy
	if length == 0 {
		return cuts
	}
	for _, end := range []Point{{o.y1, o.x1}, {o.y2, o.x2}} {
		if e.distance(end.Lat, end.Lon) <= hair {
			add(((end.Lon-e.x1)*dx + (end.Lat-e.y1)*dy) / length)
		}
	}
	if across := dx*oy - dy*ox; across != 0 {
		const rounding = 1e-6
		along := ((o.x1-e.x1)*dy - (o.y1-e.y1)*dx) / across
		if along >= -rounding && along <= 1+rounding {
			add(((o.x1-e.x1)*oy - (o.y1-e.y1)*ox) / across)
		}
	}
	return cuts
}

// distance is how far a position is from the edge, in degrees of the map.
func (e *edge) distance(lat, lon float64) float64 {
	dx, dy := e.x2-e.x1, e.y2-e.y1
	t := 0.0
	if length := dx*dx + dy*dy; length > 0 {
		t = max(0, min(1, ((lon-e.x1)*dx+(lat-e.y1)*dy)/length))
	}
	return math.Hypot(lon-(e.x1+dx*t), lat-(e.y1+dy*t))
}

// near reports whether a position is at most a hair away from the ring's border.
func (r *ring) near(lat, lon float64) bool {
	if lat < r.south-hair || lat > r.north+hair {
		return false
	}
	first, last := r.turns(lon, lon)
	for k := first; k <= last; k++ {
		for _, i := range r.rows.between(lat-hair, lat+hair) {
			if r.edges[i].distance(lat, lon+360*k) <= hair {
				return true
			}
		}
	}
	return false
}

// surrounds reports whether a position lies inside, and not on the border.
func (r *ring) surrounds(lat, lon float64) bool { return r.contains(lat, lon) && !r.near(lat, lon) }

// middle is a place inside a ring, as far from its border as a line through its middle shows; ok is false for a ring of no
// width.
func (r *ring) middle() (at Point, ok bool) {
	var heights []float64
	for i := range r.edges {
		heights = append(heights, r.edges[i].y1, r.edges[i].y2)
	}
	slices.Sort(heights)
	gap := 0.0
	for i := 1; i < len(heights); i++ {
		if heights[i]-heights[i-1] > gap {
			gap, at.Lat = heights[i]-heights[i-1], (heights[i]+heights[i-1])/2
		}
	}
	var sides []float64
	for _, i := range r.rows.at(at.Lat) {
		if e := &r.edges[i]; e.y1 <= at.Lat && at.Lat < e.y2 {
			sides = append(sides, e.x1+(e.x2-e.x1)*(at.Lat-e.y1)/(e.y2-e.y1))
		}
	}
	slices.Sort(sides)
	width := 0.0
	for i := 1; i < len(sides); i += 2 {
		if sides[i]-sides[i-1] > width {
			width, at.Lon = sides[i]-sides[i-1], (sides[i]+sides[i-1])/2
		}
	}
	return at, width > 2*hair
}
