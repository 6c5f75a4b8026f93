package svgmap

import (
	"math"

	"tocsin/cap"
)

// ring is a closed line of degrees whose longitudes never jump: they may leave ±180. The first point does not return at the end.
type ring []cap.Point

// ringsOf makes a polygon free of jumps: as one ring, or cut into several where it goes around a pole in some odd way. It gives none
// for what package cap refuses, and for what has no width.
func ringsOf(p cap.Polygon) []ring {
	parts := p.Cut()
	if len(parts) > 1 {
		if one := unwrapped(p); one != nil {
			return []ring{one}
		}
	}
	var out []ring
	for _, part := range parts {
		out = append(out, ring(part[:len(part)-1]))
	}
	return out
}

// unwrapped is a polygon that crosses the antimeridian as one ring; nil where that cannot be.
func unwrapped(p cap.Polygon) ring {
	one := make(ring, 0, len(p))
	shift := 0.0
	for i, v := range p {
		if i > 0 {
			shift += turn(p[i-1], v)
		}
		one = append(one, cap.Point{Lat: v.Lat, Lon: v.Lon + shift})
	}
	if shift == 0 {
		return one[:len(one)-1]
	}
	return overPole(p)
}

// overPole closes a polygon around a pole along the antimeridian, which it must cross once; otherwise it gives nil. Which pole it is, is
// told as cap.Polygon.Cut does: the nearer one.
func overPole(p cap.Polygon) ring {
	at, mean := 0, p[0].Lat
	for i, v := range p[1:] {
		mean += v.Lat
		if turn(p[i], v) == 0 {
			continue
		}
		if at > 0 {
			return nil
		}
		at = i + 1
	}
	before, after := p[at-1], p[at]
	edge := math.Copysign(180, before.Lon)
	after.Lon += turn(before, after)
	lat := atLon(before, after, edge).Lat
	out := ring{{Lat: lat, Lon: -edge}}
	out = append(append(out, p[at:]...), p[1:at]...)
	pole := math.Copysign(90, mean)
	return append(out, cap.Point{Lat: lat, Lon: edge}, cap.Point{Lat: pole, Lon: edge}, cap.Point{Lat: pole, Lon: -edge})
}

// box is a rectangle of degrees; its longitudes may leave ±180.
type box struct{ south, west, north, east float64 }

func (r ring) box() box {
	b := box{math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)}
	for _, p := range r {
		b = b.with(box{p.Lat, p.Lon, p.Lat, p.Lon})
	}
	return b
}

func (b box) with(o box) box {
	return box{min(b.south, o.south), min(b.west, o.west), max(b.north, o.north), max(b.east, o.east)}
}

func (b box) meets(o box) bool {
	return b.south <= o.north && o.south <= b.north && b.west <= o.east && o.west <= b.east
}

// moved is the ring further east by so many degrees.
func (r ring) moved(degrees float64) ring {
	if degrees == 0 {
		return r
	}
	out := make(ring, len(r))
	for i, p := range r {
		out[i] = cap.Point{Lat: p.Lat, Lon: p.Lon + degrees}
	}
	return out
}

// clipped is what of a ring lies in a box, side by side (Sutherland and Hodgman). Where the ring leaves the box several times, its
// parts are joined along the border, which is right for filling.
func (r ring) clipped(b box) ring {
	sides := [4]struct {
		inside func(p cap.Point) bool
		cross  func(p, q cap.Point) cap.Point
	}{
		{func(p cap.Point) bool { return p.Lon >= b.west }, func(p, q cap.Point) cap.Point { return atLon(p, q, b.west) }},
		{func(p cap.Point) bool { return p.Lon <= b.east }, func(p, q cap.Point) cap.Point { return atLon(p, q, b.east) }},
		{func(p cap.Point) bool { return p.Lat >= b.south }, func(p, q cap.Point) cap.Point { return atLat(p, q, b.south) }},
		{func(p cap.Point) bool { return p.Lat <= b.north }, func(p, q cap.Point) cap.Point { return atLat(p, q, b.north) }},
	}
	for _, side := range sides {
		var out ring
		for i, p := range r {
			before := r[(i+len(r)-1)%len(r)]
			in := side.inside(p)
			if in != side.inside(before) {
				out = append(out, side.cross(before, p))
			}
			if in {
				out = append(out, p)
			}
		}
		r = out
	}
	return r
}

func atLon(p, q cap.Point, lon float64) cap.Point {
	return cap.Point{Lat: p.Lat + (q.Lat-p.Lat)*(lon-p.Lon)/(q.Lon-p.Lon), Lon: lon}
}

func atLat(p, q cap.Point, lat float64) cap.Point {
	return cap.Point{Lat: lat, Lon: p.Lon + (q.Lon-p.Lon)*(lat-p.Lat)/(q.Lat-p.Lat)}
}

// spot is a place of the drawing, in its units.
type spot struct{ x, y float64 }

// simplified leaves out spots that lie nearer than a tolerance to the line without them (Douglas and Peucker). The first
// spot stays, and the one that lies furthest from it.
func simplified(line []spot, tolerance float64) []spot {
	if len(line) < 4 || tolerance <= 0 {
		return line
	}
	far := 0
	for i := range line {
		if apart(line[0], line[i]) > apart(line[0], line[far]) {
			far = i
		}
	}
	keep := make([]bool, len(line)+1)
	keep[0], keep[far] = true, true
	closed := append(append(make([]spot, 0, len(line)+1), line...), line[0])
	thin(closed, keep, 0, far, tolerance)
	thin(closed, keep, far, len(line), tolerance)
	out := make([]spot, 0, len(line)/4+4)
	for i, p := range line {
		if keep[i] {
			out = append(out, p)
		}
	}
	return out
}

// thin marks what stays between two spots of a line. It keeps its own list of what is left to do, for coasts are long.
func thin(line []spot, keep []bool, first, last int, tolerance float64) {
	for todo := [][2]int{{first, last}}; len(todo) > 0; {
		span := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		worst, at := tolerance*tolerance, -1
		for i := span[0] + 1; i < span[1]; i++ {
			if d := offLine(line[i], line[span[0]], line[span[1]]); d > worst {
				worst, at = d, i
			}
		}
		if at >= 0 {
			keep[at] = true
			todo = append(todo, [2]int{span[0], at}, [2]int{at, span[1]})
		}
	}
}

// apart is the square of the distance of two spots.
func apart(a, b spot) float64 { return (a.x-b.x)*(a.x-b.x) + (a.y-b.y)*(a.y-b.y) }

// offLine is the square of how far a spot lies from the line between two others.
func offLine(p, a, b spot) float64 {
	dx, dy := b.x-a.x, b.y-a.y
	length := dx*dx + dy*dy
	if length == 0 {
		return apart(p, a)
	}
	along := max(0, min(1, ((p.x-a.x)*dx+(p.y-a.y)*dy)/length))
	return apart(p, spot{a.x + along*dx, a.y + along*dy})
}
