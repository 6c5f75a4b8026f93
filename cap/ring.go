package cap

import "math"

// ring is one polygon prepared for fast questions. It is planar: latitude and longitude are the coordinates, as maps
// draw it. What counts as inside is decided by even-odd over all edges, so a polygon may cross itself or hold several
// rings. A point on an edge is inside: when in doubt, warn.
//
// Longitudes are made continuous: a step of more than 180° is taken to cross the antimeridian, so they may leave
// [-180, 180]. A question is asked at lon and all lon±360k that reach the ring.
type ring struct {
	edges []edge
	// rows finds the edges at a latitude; bounds holds the rectangle of every chunkSize edges, in their order.
	rows         rows
	bounds       []rectangle
	west, east   float64
	south, north float64
}

// rectangle is a part of the map, in degrees.
type rectangle struct{ west, south, east, north float64 }

// chunkSize is how many edges share one rectangle: neighbours on the outline, so that it is small.
const chunkSize = 32

// edge goes up: y1 <= y2. x is longitude, y latitude, in degrees.
type edge struct{ x1, y1, x2, y2 float64 }

// newRing prepares a polygon that passed polygonFault.
func newRing(p Polygon) *ring {
	vertices := unwrap(p)
	r := &ring{edges: make([]edge, 0, len(vertices))}
	r.west, r.east = vertices[0].Lon, vertices[0].Lon
	r.south, r.north = vertices[0].Lat, vertices[0].Lat
	previous := vertices[len(vertices)-1]
	for _, v := range vertices {
		r.west, r.east = min(r.west, v.Lon), max(r.east, v.Lon)
		r.south, r.north = min(r.south, v.Lat), max(r.north, v.Lat)
		e := edge{previous.Lon, previous.Lat, v.Lon, v.Lat}
		if e.y1 > e.y2 {
			e = edge{e.x2, e.y2, e.x1, e.y1}
		}
		if len(r.edges)%chunkSize == 0 {
			r.bounds = append(r.bounds, rectangle{math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)})
		}
		b := &r.bounds[len(r.bounds)-1]
		b.west, b.east = min(b.west, e.x1, e.x2), max(b.east, e.x1, e.x2)
		b.south, b.north = min(b.south, e.y1), max(b.north, e.y2)
		r.edges = append(r.edges, e)
		previous = v
	}
	r.rows = newRows(len(r.edges), func(i int) (float64, float64) { return r.edges[i].y1, r.edges[i].y2 })
	return r
}

// unwrap makes the longitudes of a closed polygon continuous. A ring that then ends 360° from where it began winds
// around a pole and is closed over the nearer one.
//
// A step from 180 to -180 or back is ambiguous. In a ring that was cut at the antimeridian it is no way at all, for both
// are the same place; in a box around the whole world it is the long way round. It is read as no way, unless nothing
// would be left of the area.
func unwrap(p Polygon) []Point {
	short, shift := unwrapSteps(p, false)
	if flat(short) {
		if long, longShift := unwrapSteps(p, true); longShift == 0 && !flat(long) {
			return long
		}
	}
	if shift != 0 {
		sum := 0.0
		for _, v := range p {
			sum += v.Lat
		}
		pole := math.Copysign(90, sum)
		short = append(short, Point{pole, short[len(short)-1].Lon}, Point{pole, short[0].Lon})
	}
	return short
}

// unwrapSteps unwraps steps of more than 180°. If long is set, steps between 180 and -180 stay as long as they are. The
// shift is by how much the ring then fails to close.
func unwrapSteps(p Polygon, long bool) (vertices []Point, shift float64) {
	vertices = make([]Point, 0, len(p)+2)
	for i, v := range p {
		if i > 0 {
			step := v.Lon - p[i-1].Lon
			whole := math.Abs(v.Lon) == 180 && v.Lon == -p[i-1].Lon
			if math.Abs(step) > 180 && !(long && whole) {
				shift -= math.Copysign(360, step)
			}
		}
		vertices = append(vertices, Point{v.Lat, v.Lon + shift})
	}
	return vertices, shift
}

// flat reports whether a ring encloses nothing, as far as its signed area shows.
func flat(vertices []Point) bool {
	area := 0.0
	previous := vertices[len(vertices)-1]
	for _, v := range vertices {
		area += (v.Lon - previous.Lon) * (v.Lat + previous.Lat)
		previous = v
	}
	return math.Abs(area) < 1e-9
}

// span is the range of latitudes.
func (r *ring) span() (south, north float64) { return r.south, r.north }

// contains decides for a position in degrees.
func (r *ring) contains(lat, lon float64) bool {
	if lat < r.south || lat > r.north {
		return false
	}
	if math.Abs(lat) == 90 {
		// The pole is one point, at whatever longitude the ring touches it.
		return true
	}
	edges := r.rows.at(lat)
	odd := false
	first, last := r.turns(lon, lon)
	for k := first; k <= last; k++ {
		on, crossed := r.cross(edges, lat, lon+360*k)
		if on {
			return true
		}
		odd = odd != crossed
	}
	return odd
}

// turns gives the k for which an interval of longitudes, moved by 360k, may touch the ring.
func (r *ring) turns(west, east float64) (first, last float64) {
	return math.Ceil((r.west-east)/360 - 1e-9), math.Floor((r.east-west)/360 + 1e-9)
}

// cross looks east from a position: on is true when it lies on an edge, odd when an odd number of edges is crossed.
func (r *ring) cross(edges []int32, lat, lon float64) (on, odd bool) {
	for _, i := range edges {
		e := &r.edges[i]
		if lat < e.y1 || lat > e.y2 || lon > e.x1 && lon > e.x2 {
			continue
		}
		if e.y1 == e.y2 {
			if lon >= e.x1 || lon >= e.x2 {
				return true, false
			}
			continue
		}
		side := e.side(lon, lat)
		if side == 0 {
			return true, false
		}
		// Half open: a vertex belongs to the edge above it only.
		if side > 0 && lat < e.y2 {
			odd = !odd
		}
	}
	return false, odd
}

// relation is how a shape lies to a cell.
type relation uint8

const (
	// apart: they have no point in common.
	apart relation = iota
	// meeting: they may have points in common.
	meeting
	// holding: the shape holds the whole cell.
	holding
)

// meets asks with the rectangle of a cell.
func (r *ring) meets(c *cellRect) relation {
	if c.north < r.south || c.south > r.north {
		return apart
	}
	first, last := r.turns(c.west, c.east)
	for k := first; k <= last; k++ {
		if r.touches(rectangle{c.west + 360*k, c.south, c.east + 360*k, c.north}) {
			return meeting
		}
	}
	// No edge comes near, so the whole rectangle is on one side.
	if r.contains((c.south+c.north)/2, (c.west+c.east)/2) {
		return holding
	}
	return apart
}

// touches reports whether any edge and a rectangle have a point in common.
func (r *ring) touches(c rectangle) bool {
	for n, b := range r.bounds {
		if b.north < c.south || b.south > c.north || b.east < c.west || b.west > c.east {
			continue
		}
		start := n * chunkSize
		for i := range r.edges[start:min(start+chunkSize, len(r.edges))] {
			if r.edges[start+i].touches(c) {
				return true
			}
		}
	}
	return false
}

// touches reports whether the edge and a rectangle have a point in common, by the theorem of separating axes: the two
// axes, and the normal of the edge.
func (e *edge) touches(c rectangle) bool {
	if e.y2 < c.south || e.y1 > c.north || e.x1 < c.west && e.x2 < c.west || e.x1 > c.east && e.x2 > c.east {
		return false
	}
	dx, dy := e.x2-e.x1, e.y2-e.y1
	// The corners that lie farthest to both sides of the edge; dy >= 0.
	low, high := c.south, c.north
	if dx < 0 {
		low, high = high, low
	}
	return dx*(low-e.y1)-(c.east-e.x1)*dy <= 0 && dx*(high-e.y1)-(c.west-e.x1)*dy >= 0
}

// side is positive left of the edge, negative right of it.
func (e *edge) side(x, y float64) float64 { return (e.x2-e.x1)*(y-e.y1) - (x-e.x1)*(e.y2-e.y1) }
