package audience

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"tocsin/cap"
)

// shape is one polygon of a unit: the ring around it, and the rings of what lies inside it and is not its own.
type shape struct {
	outer cap.Polygon
	holes []cap.Polygon
}

// bounds is the box around an outline, in degrees.
type bounds struct{ west, south, east, north float64 }

// outlineFormat is the first byte of a packed outline; another one is refused.
const outlineFormat = 1

// perDegree is how finely outlines are kept: a billionth of a degree is a tenth of a millimetre, which no comparison of areas
// counts (see cap.Territory).
const perDegree = 1e9

// packOutline writes shapes in a few bytes a point: the differences between neighbours, as variable-length integers. The last
// point of a ring, which repeats the first, is left out.
func packOutline(shapes []shape) []byte {
	out := binary.AppendUvarint([]byte{outlineFormat}, uint64(len(shapes)))
	for _, s := range shapes {
		out = binary.AppendUvarint(out, uint64(1+len(s.holes)))
		for _, ring := range append([]cap.Polygon{s.outer}, s.holes...) {
			out = binary.AppendUvarint(out, uint64(len(ring)-1))
			var lat, lon int64
			for _, p := range ring[:len(ring)-1] {
				y, x := int64(math.Round(p.Lat*perDegree)), int64(math.Round(p.Lon*perDegree))
				out = binary.AppendVarint(binary.AppendVarint(out, y-lat), x-lon)
				lat, lon = y, x
			}
		}
	}
	return out
}

// errOutline: a row of the outlines is not what packOutline writes.
var errOutline = errors.New("the outline is damaged: import the unit again")

// unpackOutline is the inverse of packOutline.
func unpackOutline(packed []byte) ([]shape, error) {
	if len(packed) == 0 || packed[0] != outlineFormat {
		return nil, errOutline
	}
	r := unpacker{packed[1:], false}
	var shapes []shape
	for range r.count() {
		var s shape
		for i := range r.count() {
			ring := r.ring()
			if i == 0 {
				s.outer = ring
			} else {
				s.holes = append(s.holes, ring)
			}
		}
		shapes = append(shapes, s)
		if r.bad {
			return nil, errOutline
		}
	}
	if r.bad || len(r.left) > 0 {
		return nil, errOutline
	}
	return shapes, nil
}

// unpacker reads numbers; bad stays once something was wrong, and everything is then empty.
type unpacker struct {
	left []byte
	bad  bool
}

// count is a number of things that take a byte each at the least.
func (u *unpacker) count() int {
	n, size := binary.Uvarint(u.left)
	if size <= 0 || n > uint64(len(u.left)) {
		u.bad, u.left = true, nil
		return 0
	}
	u.left = u.left[size:]
	return int(n)
}

func (u *unpacker) step() int64 {
	n, size := binary.Varint(u.left)
	if size <= 0 {
		u.bad, u.left = true, nil
		return 0
	}
	u.left = u.left[size:]
	return n
}

func (u *unpacker) ring() cap.Polygon {
	n := u.count()
	if n == 0 {
		u.bad = true
		return nil
	}
	ring := make(cap.Polygon, 0, n+1)
	var lat, lon int64
	for range n {
		lat, lon = lat+u.step(), lon+u.step()
		ring = append(ring, cap.Point{Lat: float64(lat) / perDegree, Lon: float64(lon) / perDegree})
	}
	return append(ring, ring[0])
}

// boundsOf is the box around shapes.
func boundsOf(shapes []shape) bounds {
	b := bounds{west: math.Inf(1), south: math.Inf(1), east: math.Inf(-1), north: math.Inf(-1)}
	for _, s := range shapes {
		for _, p := range s.outer {
			b.west, b.east = min(b.west, p.Lon), max(b.east, p.Lon)
			b.south, b.north = min(b.south, p.Lat), max(b.north, p.Lat)
		}
	}
	return b
}

func pointsOf(shapes []shape) (n int) {
	for _, s := range shapes {
		n += len(s.outer)
		for _, h := range s.holes {
			n += len(h)
		}
	}
	return n
}

// unitsOf is shapes as a territory takes them, a unit for each: the holes of one are not those of another.
func unitsOf(shapes []shape) []cap.Unit {
	units := make([]cap.Unit, len(shapes))
	for i, s := range shapes {
		units[i] = cap.Unit{Polygons: []cap.Polygon{s.outer}, Holes: s.holes}
	}
	return units
}

// holdsAny reports whether a ring holds a point of another one.
func holdsAny(outer, inner cap.Polygon) (bool, error) {
	region, err := cap.NewRegion([]cap.Area{{Polygons: []cap.Polygon{outer}}})
	if err != nil {
		return false, fmt.Errorf("the ring around it: %w", err)
	}
	return slices.ContainsFunc(inner, func(p cap.Point) bool { return region.Contains(p.Lat, p.Lon) }), nil
}
