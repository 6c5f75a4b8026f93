package cap

import (
	"cmp"
	"math"
	"slices"
)

// Cut gives a polygon as maps want it (RFC 7946 §3.1.6 and §3.1.9): cut at the antimeridian into parts with longitudes
// within ±180, each closed and counter-clockwise. A ring around a pole is closed over that pole. The parts together hold
// what Region.Contains says the polygon holds; a polygon that crosses itself gives parts that may. It gives nil for a
// polygon that NewRegion refuses.
func (p Polygon) Cut() []Polygon {
	if polygonFault(p) != "" {
		return nil
	}
	vertices := unwrap(p)
	west, east := vertices[0].Lon, vertices[0].Lon
	for _, v := range vertices {
		west, east = min(west, v.Lon), max(east, v.Lon)
	}
	var parts []Polygon
	for k := math.Floor((west + 180) / 360); k*360-180 < east; k++ {
		low, high := k*360-180, k*360+180
		rings := [][]Point{vertices}
		if west < low {
			rings = cutAt(rings, low, true)
		}
		if east > high {
			rings = cutAt(rings, high, false)
		}
		for _, ring := range rings {
			if part := finishRing(ring, -k*360); part != nil {
				parts = append(parts, part)
			}
		}
	}
	return parts
}

// strand is a part of a ring on one side of a meridian. It begins and ends on the meridian.
type strand struct {
	points []Point
	used   bool
}

// strandEnd is where a strand meets the meridian: at its first point or at its last.
type strandEnd struct {
	strand, partner int
	first           bool
	lat             float64
}

// cutAt keeps what rings hold east or west of a meridian, by even-odd.
func cutAt(rings [][]Point, meridian float64, eastern bool) [][]Point {
	var out [][]Point
	for _, ring := range rings {
		strands := strandsOf(ring, meridian, eastern)
		if strands == nil {
			if (ring[0].Lon >= meridian) == eastern {
				out = append(out, ring)
			}
			continue
		}
		out = append(out, closeStrands(strands)...)
	}
	return out
}

// strandsOf gives the strands of a ring on one side; nil when it does not cross the meridian.
func strandsOf(ring []Point, meridian float64, eastern bool) []strand {
	inside := func(p Point) bool { return (p.Lon >= meridian) == eastern }
	start := slices.IndexFunc(ring, func(p Point) bool { return !inside(p) })
	if start < 0 || !slices.ContainsFunc(ring, inside) {
		return nil
	}
	var strands []strand
	previous := ring[start]
	for i := 1; i <= len(ring); i++ {
		at := ring[(start+i)%len(ring)]
		if inside(at) != inside(previous) {
			crossing := Point{previous.Lat + (at.Lat-previous.Lat)*(meridian-previous.Lon)/(at.Lon-previous.Lon), meridian}
			if inside(at) {
				strands = append(strands, strand{})
			}
			last := &strands[len(strands)-1]
			last.points = append(last.points, crossing)
		}
		if inside(at) {
			last := &strands[len(strands)-1]
			last.points = append(last.points, at)
		}
		previous = at
	}
	return strands
}

// closeStrands closes strands to rings along the meridian: from the south, the first end is joined to the second, the third to the
// fourth, and so on, because between them is what the ring holds.
func closeStrands(strands []strand) [][]Point {
	ends := make([]strandEnd, 0, 2*len(strands))
	for i, s := range strands {
		ends = append(ends, strandEnd{strand: i, first: true, lat: s.points[0].Lat}, strandEnd{strand: i, lat: s.points[len(s.points)-1].Lat})
	}
	slices.SortStableFunc(ends, func(a, b strandEnd) int { return cmp.Compare(a.lat, b.lat) })
	at := make(map[[2]int]int, len(ends)) // strand and side to its place in ends
	side := func(first bool) int {
		if first {
			return 0
		}
		return 1
	}
	for i := range ends {
		ends[i].partner = i ^ 1
		at[[2]int{ends[i].strand, side(ends[i].first)}] = i
	}
	var rings [][]Point
	for i := range strands {
		if strands[i].used {
			continue
		}
		var ring []Point
		for next, forward := i, true; !strands[next].used; {
			s := &strands[next]
			s.used = true
			points := s.points
			if !forward {
				points = slices.Clone(points)
				slices.Reverse(points)
			}
			ring = append(ring, points...)
			partner := ends[ends[at[[2]int{next, side(!forward)}]].partner]
			next, forward = partner.strand, partner.first
		}
		rings = append(rings, ring)
	}
	return rings
}

// finishRing moves a ring by some degrees, closes it, and turns it counter-clockwise; nil when it has no width.
func finishRing(ring []Point, shift float64) Polygon {
	var p Polygon
	for _, v := range ring {
		v.Lon = min(180, max(-180, v.Lon+shift))
		if len(p) == 0 || p[len(p)-1] != v {
			p = append(p, v)
		}
	}
	if len(p) > 1 && p[0] == p[len(p)-1] {
		p = p[:len(p)-1]
	}
	line := func(same func(a, b Point) bool) bool {
		return !slices.ContainsFunc(p, func(v Point) bool { return !same(v, p[0]) })
	}
	if len(p) < 3 || line(func(a, b Point) bool { return a.Lon == b.Lon }) || line(func(a, b Point) bool { return a.Lat == b.Lat }) {
		return nil
	}
	area, previous := 0.0, p[len(p)-1]
	for _, v := range p {
		area += previous.Lon*v.Lat - v.Lon*previous.Lat
		previous = v
	}
	if area < 0 {
		slices.Reverse(p)
	}
	return append(p, p[0])
}

// Outline draws a circle as a polygon of so many points, 8 at least, for maps that know no circles. It lies around the
// circle, so that nobody inside is left out; near a pole a map's straight lines may cut off a little. Circles that hold
// both poles, or half the Earth, are drawn as the whole map. It gives nil for a circle that NewRegion refuses, and a
// polygon of no width for a radius of 0.
func (c Circle) Outline(points int) Polygon {
	if circleFault(c) != "" {
		return nil
	}
	points = max(points, 8)
	angle := c.RadiusKM / EarthRadiusKM / math.Cos(math.Pi/float64(points))
	lat, lon := c.Center.Lat*math.Pi/180, c.Center.Lon*math.Pi/180
	if angle >= math.Pi/2 || math.Abs(lat)+angle >= math.Pi/2 && angle-math.Abs(lat) >= math.Pi/2 {
		return Polygon{{-90, -180}, {-90, 180}, {90, 180}, {90, -180}, {-90, -180}}
	}
	p := make(Polygon, 0, points+1)
	for i := range points {
		// Clockwise from north would be compass bearings; minus makes it counter-clockwise.
		bearing := -2 * math.Pi * float64(i) / float64(points)
		sine := math.Sin(lat)*math.Cos(angle) + math.Cos(lat)*math.Sin(angle)*math.Cos(bearing)
		east := math.Atan2(math.Sin(bearing)*math.Sin(angle)*math.Cos(lat), math.Cos(angle)-math.Sin(lat)*sine)
		p = append(p, Point{math.Asin(min(1, max(-1, sine))) * 180 / math.Pi, math.Remainder(lon+east, 2*math.Pi) * 180 / math.Pi})
	}
	return append(p, p[0])
}
