package cap

import (
	"fmt"
	"math"

	"github.com/golang/geo/r1"
	"github.com/golang/geo/s1"
	"github.com/golang/geo/s2"
)

// shape is a polygon or a circle. All angles are in degrees.
type shape interface {
	span() (south, north float64)
	contains(lat, lon float64) bool
	meets(c *cellRect) relation
}

// Region is the union of the polygons and circles of some areas; geocodes are not looked up. Polygons are planar, as
// maps draw them (see Contains); circles are measured along great circles. A Region never changes: use it from as many
// goroutines as you like.
//
// It is an s2.Region, for coverings. Why not s2.Polygon: its edges are geodesics, which bow away from the straight lines
// of a map, so that a wide box loses people at one edge; and it cannot hold a ring that crosses itself.
type Region struct {
	shapes []shape
	// areas are the indexes of the areas that the shapes are of; they never fall.
	areas []int32
	rows  rows
	bound s2.Rect
}

var _ s2.Region = (*Region)(nil)

// NewRegion prepares the polygons and circles of areas, which may be none. It refuses what Check reports as an error:
// open polygons, coordinates out of range, polygons that wind around the globe more than once, and the like. The error
// names the area and the shape, counted from 1. The cost is linear in the number of points.
func NewRegion(areas []Area) (*Region, error) {
	r := &Region{bound: s2.EmptyRect()}
	for i := range areas {
		for k, p := range areas[i].Polygons {
			if message := polygonFault(p); message != "" {
				return nil, fmt.Errorf("area %d: polygon %d: %s", i+1, k+1, message)
			}
			shape := newRing(p)
			r.shapes, r.areas = append(r.shapes, shape), append(r.areas, int32(i))
			r.bound = r.bound.Union(shape.bound())
		}
		for k, c := range areas[i].Circles {
			if message := circleFault(c); message != "" {
				return nil, fmt.Errorf("area %d: circle %d: %s", i+1, k+1, message)
			}
			shape := newDisk(c)
			r.shapes, r.areas = append(r.shapes, shape), append(r.areas, int32(i))
			r.bound = r.bound.Union(shape.outer.RectBound())
		}
	}
	r.rows = newRows(len(r.shapes), func(i int) (float64, float64) { return r.shapes[i].span() })
	return r, nil
}

// bound is the ring's rectangle on the sphere, a hair wider.
func (r *ring) bound() s2.Rect {
	const degree = math.Pi / 180
	lat := r1.Interval{Lo: max(r.south-hair, -90) * degree, Hi: min(r.north+hair, 90) * degree}
	lng := s1.FullInterval()
	wider := hairAt(max(-r.south, r.north))
	if r.east-r.west+2*wider < 359.999 {
		lng = s1.IntervalFromEndpoints(math.Remainder((r.west-wider)*degree, 2*math.Pi), math.Remainder((r.east+wider)*degree, 2*math.Pi))
	}
	return s2.Rect{Lat: lat, Lng: lng}.PolarClosure()
}

// Empty reports whether there is no polygon and no circle.
func (r *Region) Empty() bool { return len(r.shapes) == 0 }

// Contains reports whether a position, in degrees, lies in one of the shapes. A polygon holds what is inside by even-odd
// over all its edges, drawn as straight lines between latitude and longitude, and the points on the edges themselves. A
// circle holds what is at most its radius away on a sphere of EarthRadiusKM. NaN is nowhere.
func (r *Region) Contains(lat, lon float64) bool {
	if !(math.Abs(lat) <= 90 && math.Abs(lon) <= 360) {
		return false
	}
	for _, i := range r.rows.at(lat) {
		if r.shapes[i].contains(lat, lon) {
			return true
		}
	}
	return false
}

// ContainsCellPlace is Contains for a place kept as a cell of S2: a leaf (level 30) is inside when its centre is; a
// coarser cell, which says that somebody is somewhere in it, when any part of its rectangle may be.
func (r *Region) ContainsCellPlace(id s2.CellID) bool {
	if !id.IsValid() {
		return false
	}
	if id.IsLeaf() {
		center := id.LatLng()
		return r.Contains(center.Lat.Degrees(), center.Lng.Degrees())
	}
	return r.IntersectsCell(s2.CellFromCellID(id))
}

// Covering gives cells that together hold the whole region: at most maxCells of them, but up to 6 where the region
// needs as many. It is normalised, so sorted and without overlaps; an empty region gives none.
func (r *Region) Covering(maxCells int) s2.CellUnion {
	if r.Empty() {
		return nil
	}
	coverer := s2.RegionCoverer{MaxLevel: s2.MaxLevel, LevelMod: 1, MaxCells: max(1, maxCells)}
	return coverer.Covering(r)
}

// cellRect is a cell with its rectangle; east may be more than 180.
type cellRect struct {
	cell s2.Cell
	rectangle
}

func newCellRect(cell s2.Cell) *cellRect {
	rect := cell.RectBound()
	c := &cellRect{cell: cell, rectangle: rectangle{
		south: max(-90, s1.Angle(rect.Lat.Lo).Degrees()-hair),
		north: min(90, s1.Angle(rect.Lat.Hi).Degrees()+hair),
		west:  s1.Angle(rect.Lng.Lo).Degrees(),
		east:  s1.Angle(rect.Lng.Hi).Degrees(),
	}}
	if rect.Lng.IsInverted() {
		c.east += 360
	}
	wider := hairAt(max(-c.south, c.north))
	c.west, c.east = c.west-wider, c.east+wider
	if c.east-c.west > 360 {
		c.west, c.east = -180, 180
	}
	return c
}

// hair is a tenth of a millimetre in degrees. Rectangles are that much wider, which swallows the rounding between
// degrees, points on the sphere and cells.
const hair = 1e-9

// hairAt is a hair in degrees of longitude at a latitude. Near a pole a hair is the whole way round.
func hairAt(lat float64) float64 {
	return min(360, hair/max(math.Cos(lat*math.Pi/180), 1e-12))
}

// meets is the closest relation of any shape to a cell.
func (r *Region) meets(cell s2.Cell, enough relation) relation {
	c := newCellRect(cell)
	best := apart
	for _, i := range r.rows.between(c.south, c.north) {
		if best = max(best, r.shapes[i].meets(c)); best >= enough {
			break
		}
	}
	return best
}

// IntersectsCell reports whether the region and the cell may have a point in common. It is never false when they have;
// it may be true for a cell that is only near.
func (r *Region) IntersectsCell(cell s2.Cell) bool { return r.meets(cell, meeting) >= meeting }

// ContainsCell reports whether one of the shapes surely holds the whole cell. It may be false for a cell that is inside
// but near an edge, or inside several shapes together.
func (r *Region) ContainsCell(cell s2.Cell) bool { return r.meets(cell, holding) == holding }

// ContainsPoint is Contains for a point on the sphere.
func (r *Region) ContainsPoint(p s2.Point) bool {
	at := s2.LatLngFromPoint(p)
	return r.Contains(at.Lat.Degrees(), at.Lng.Degrees())
}

// RectBound is a rectangle that holds the region.
func (r *Region) RectBound() s2.Rect { return r.bound }

// CapBound is a cap that holds the region.
func (r *Region) CapBound() s2.Cap { return r.bound.CapBound() }

// CellUnionBound are a few cells that hold the region: the faces of the cube that it meets. The coverer refines them.
func (r *Region) CellUnionBound() []s2.CellID {
	var faces []s2.CellID
	for face := range s2.NumFaces {
		if cell := s2.CellFromCellID(s2.CellIDFromFace(face)); r.IntersectsCell(cell) {
			faces = append(faces, cell.ID())
		}
	}
	return faces
}
