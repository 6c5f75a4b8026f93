package cap

import (
	"math"

	"github.com/golang/geo/s1"
	"github.com/golang/geo/s2"
)

// EarthRadiusKM is the mean radius of the Earth; circles are measured on a sphere of this size.
const EarthRadiusKM = 6371.0088

// leafKM is about the size of a leaf cell of S2, in which places are kept. A circle is that much wider, so that one of
// radius 0 holds the place of its own centre.
const leafKM = 1e-5

// disk is one circle prepared for fast questions.
type disk struct {
	lat, lon float64
	// cosLat is the cosine of lat, limit the greatest haversine (sin² of half the angle) that is inside.
	cosLat, limit float64
	south, north  float64
	// outer holds the circle with a margin for rounding, inner lies in it.
	outer, inner s2.Cap
}

// newDisk prepares a circle that passed circleFault.
func newDisk(c Circle) *disk {
	angle := (c.RadiusKM + leafKM) / EarthRadiusKM
	const margin = 1e-9
	d := &disk{
		lat:    c.Center.Lat * math.Pi / 180,
		lon:    c.Center.Lon * math.Pi / 180,
		limit:  2,
		south:  max(-90, c.Center.Lat-(angle+margin)*180/math.Pi),
		north:  min(90, c.Center.Lat+(angle+margin)*180/math.Pi),
		cosLat: math.Cos(c.Center.Lat * math.Pi / 180),
	}
	// From half the circumference on, everything is inside: no haversine is above 1.
	if angle < math.Pi {
		d.limit = math.Pow(math.Sin(angle/2), 2)
	}
	center := s2.PointFromLatLng(s2.LatLngFromDegrees(c.Center.Lat, c.Center.Lon))
	d.outer = s2.CapFromCenterAngle(center, s1.Angle(angle+margin))
	d.inner = s2.CapFromCenterAngle(center, s1.Angle(angle-margin))
	return d
}

// span is the range of latitudes.
func (d *disk) span() (south, north float64) { return d.south, d.north }

// contains decides for a position in degrees.
func (d *disk) contains(lat, lon float64) bool {
	if lat < d.south || lat > d.north {
		return false
	}
	lat, lon = lat*math.Pi/180, lon*math.Pi/180
	a, b := math.Sin((lat-d.lat)/2), math.Sin((lon-d.lon)/2)
	return a*a+d.cosLat*math.Cos(lat)*b*b <= d.limit
}

// meets asks with the cell itself.
func (d *disk) meets(c *cellRect) relation {
	switch {
	case d.inner.ContainsCell(c.cell):
		return holding
	case d.outer.IntersectsCell(c.cell):
		return meeting
	}
	return apart
}
