package cap

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/golang/geo/s2"
	"pgregory.net/rapid"
)

// slowRing is even-odd over all edges of a polygon without any preparation, as textbooks have it.
func slowRing(p Polygon, lat, lon float64) bool {
	x := make([]float64, len(p))
	turn := 0.0
	for i := range p {
		if i > 0 && p[i].Lon-p[i-1].Lon > 180 {
			turn--
		}
		if i > 0 && p[i].Lon-p[i-1].Lon < -180 {
			turn++
		}
		x[i] = p[i].Lon + 360*turn
	}
	y := make([]float64, len(p))
	sum := 0.0
	for i := range p {
		y[i] = p[i].Lat
		sum += p[i].Lat
	}
	if turn != 0 {
		pole := 90.0
		if sum < 0 {
			pole = -90
		}
		x, y = append(x, x[len(x)-1], x[0]), append(y, pole, pole)
	}
	inside := false
	for shift := -1080.0; shift <= 1080; shift += 360 {
		for i, j := 0, len(x)-1; i < len(x); j, i = i, i+1 {
			if (y[i] > lat) != (y[j] > lat) && lon+shift < (x[j]-x[i])*(lat-y[i])/(y[j]-y[i])+x[i] {
				inside = !inside
			}
		}
	}
	return inside
}

// slowContains is Contains without any preparation; circles by the law of cosines in s2.
func slowContains(areas []Area, lat, lon float64) bool {
	at := s2.LatLngFromDegrees(lat, lon)
	for _, a := range areas {
		for _, p := range a.Polygons {
			if slowRing(p, lat, lon) {
				return true
			}
		}
		for _, c := range a.Circles {
			km := s2.LatLngFromDegrees(c.Center.Lat, c.Center.Lon).Distance(at).Radians() * EarthRadiusKM
			if km <= c.RadiusKM {
				return true
			}
		}
	}
	return false
}

// genShape draws polygons of every kind: small and large, crossing themselves, around the poles and the antimeridian,
// of several rings.
func genShape() *rapid.Generator[Polygon] {
	return rapid.Custom(func(t *rapid.T) Polygon {
		size := rapid.SampledFrom([]float64{1e-5, 0.01, 1, 20, 100}).Draw(t, "size")
		center := Point{rapid.Float64Range(-90, 90).Draw(t, "lat"), rapid.Float64Range(-180, 180).Draw(t, "lon")}
		if rapid.Bool().Draw(t, "at the edge of the map") {
			center = rapid.SampledFrom([]Point{{90, 0}, {-90, 10}, {0, 180}, {45, -179.999}, {0, 0}, {35.264, 45}}).Draw(t, "center")
		}
		var p Polygon
		for range rapid.IntRange(1, 2).Draw(t, "rings") {
			first := len(p)
			for range rapid.IntRange(3, 12).Draw(t, "points") {
				lat := center.Lat + size*rapid.Float64Range(-1, 1).Draw(t, "up")
				lon := center.Lon + size*rapid.Float64Range(-1, 1).Draw(t, "right")
				if size == 100 {
					lon = rapid.Float64Range(-180, 180).Draw(t, "anywhere")
				}
				p = append(p, Point{max(-90, min(90, lat)), math.Remainder(lon, 360)})
			}
			p = append(p, p[first])
		}
		p = append(p, p[0])
		if polygonFault(p) != "" {
			return Polygon{{0, 0}, {0, 1}, {1, 1}, {0, 0}}
		}
		return p
	})
}

func genAreas() *rapid.Generator[[]Area] {
	return rapid.Custom(func(t *rapid.T) []Area {
		var area Area
		area.Polygons = rapid.SliceOfN(genShape(), 0, 3).Draw(t, "polygons")
		area.Circles = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Circle {
			radius := rapid.SampledFrom([]float64{0, 1e-4, 1, 100, 5000, 19000, maxRadiusKM}).Draw(t, "radius")
			lat := rapid.SampledFrom([]float64{-90, -89.99, 0, 35.264, 90}).Draw(t, "lat")
			return Circle{Point{lat, rapid.Float64Range(-180, 180).Draw(t, "lon")}, radius}
		}), 0, 2).Draw(t, "circles")
		return []Area{area}
	})
}

// probes gives positions that matter for some areas: corners and their surroundings, centres, rims, and anywhere.
func probes(areas []Area, rng *rand.Rand) []Point {
	var list []Point
	near := func(p Point, by float64) {
		list = append(list, Point{max(-90, min(90, p.Lat+by*(2*rng.Float64()-1))), math.Remainder(p.Lon+by*(2*rng.Float64()-1), 360)})
	}
	for _, a := range areas {
		for _, p := range a.Polygons {
			for i, corner := range p {
				list = append(list, corner)
				near(corner, 1e-6)
				near(corner, 1)
				other := p[(i+2)%len(p)]
				list = append(list, Point{(corner.Lat + other.Lat) / 2, (corner.Lon + other.Lon) / 2})
			}
		}
		for _, c := range a.Circles {
			list = append(list, c.Center)
			near(c.Center, c.RadiusKM/111)
			near(c.Center, c.RadiusKM/222)
		}
	}
	for range 50 {
		near(Point{}, 180)
	}
	return append(list, Point{90, 0}, Point{-90, 0}, Point{0, 180}, Point{0, -180})
}

// nearRim reports whether a position lies within a millionth of a degree of an edge or a rim, where rounding may decide,
// or edges count as inside. The meridian of the first point counts as an edge: there a ring around a pole is sewn up.
func nearRim(areas []Area, at Point) bool {
	for _, a := range areas {
		for _, c := range a.Circles {
			km := s2.LatLngFromDegrees(c.Center.Lat, c.Center.Lon).Distance(s2.LatLngFromDegrees(at.Lat, at.Lon)).Radians() * EarthRadiusKM
			if math.Abs(km-c.RadiusKM) < 1e-4 {
				return true
			}
		}
		for _, p := range a.Polygons {
			if math.Abs(math.Remainder(at.Lon-p[0].Lon, 360)) < 1e-6 {
				return true
			}
			for i := 1; i < len(p); i++ {
				from, to := p[i-1], p[i]
				to.Lon = from.Lon + math.Remainder(to.Lon-from.Lon, 360)
				for shift := -720.0; shift <= 720; shift += 360 {
					if distance(from, to, Point{at.Lat, at.Lon + shift}) < 1e-6 {
						return true
					}
				}
			}
		}
	}
	return math.Abs(at.Lat) == 90
}

// distance is that of a point from a segment, in degrees on the map.
func distance(from, to, at Point) float64 {
	dx, dy := to.Lon-from.Lon, to.Lat-from.Lat
	along := 0.0
	if length := dx*dx + dy*dy; length > 0 {
		along = max(0, min(1, ((at.Lon-from.Lon)*dx+(at.Lat-from.Lat)*dy)/length))
	}
	return math.Hypot(at.Lon-from.Lon-along*dx, at.Lat-from.Lat-along*dy)
}

// TestRegionProperties: Contains agrees with the slow answer, nothing inside is outside the covering or outside its own
// place, and a cell that is held whole holds nothing outside.
func TestRegionProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		areas := genAreas().Draw(t, "areas")
		region, err := NewRegion(areas)
		if err != nil {
			t.Fatal(err)
		}
		covering := region.Covering(rapid.SampledFrom([]int{1, 8, 100}).Draw(t, "cells"))
		if !covering.IsNormalized() {
			t.Fatalf("the covering is not normalised: %v", covering)
		}
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		for _, p := range probes(areas, rng) {
			inside := region.Contains(p.Lat, p.Lon)
			if inside != slowContains(areas, p.Lat, p.Lon) && !nearRim(areas, p) {
				t.Fatalf("%v: got %v", p, inside)
			}
			leaf := s2.CellIDFromLatLng(s2.LatLngFromDegrees(p.Lat, p.Lon))
			level := rng.IntN(30)
			place := s2.CellFromCellID(leaf.Parent(level))
			if inside && !covering.ContainsCellID(leaf) {
				t.Fatalf("%v is inside, but not covered", p)
			}
			if inside && (!region.IntersectsCell(place) || !region.ContainsCellPlace(place.ID())) {
				t.Fatalf("%v is inside, but its cell of level %d is not", p, level)
			}
			if !inside && region.ContainsCell(place) && !nearRim(areas, p) {
				t.Fatalf("%v is outside, but its cell of level %d is said to be inside", p, level)
			}
			if inside && !region.RectBound().ContainsLatLng(s2.LatLngFromDegrees(p.Lat, p.Lon)) {
				t.Fatalf("%v is inside, but not in the rectangle %v", p, region.RectBound())
			}
		}
	})
}
