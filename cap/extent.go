package cap

import "math"

const radians = math.Pi / 180

// AreaKM2 is how much of the Earth the polygon holds, in square kilometres on a sphere of EarthRadiusKM; its edges are
// straight lines between latitude and longitude, as maps draw them. Where the polygon crosses itself, parts that it goes
// around the other way count against the rest. It is 0 for what is no polygon (see Check).
func (p Polygon) AreaKM2() float64 {
	if polygonFault(p) != "" {
		return 0
	}
	vertices := unwrap(p)
	sum := 0.0
	previous := vertices[len(vertices)-1]
	for _, v := range vertices {
		sum += (v.Lon - previous.Lon) * radians * meanSine(previous.Lat*radians, v.Lat*radians)
		previous = v
	}
	return math.Abs(sum) * EarthRadiusKM * EarthRadiusKM
}

// meanSine is the mean of the sine between two angles: the integral that gives the area under an edge.
func meanSine(from, to float64) float64 {
	if math.Abs(to-from) < 1e-6 {
		return math.Sin((from + to) / 2)
	}
	return (math.Cos(from) - math.Cos(to)) / (to - from)
}

// AreaKM2 is how much of the Earth the circle holds, in square kilometres on a sphere of EarthRadiusKM. It is 0 for what
// is no circle (see Check).
func (c Circle) AreaKM2() float64 {
	if circleFault(c) != "" {
		return 0
	}
	return 2 * math.Pi * EarthRadiusKM * EarthRadiusKM * (1 - math.Cos(min(c.RadiusKM/EarthRadiusKM, math.Pi)))
}

// extentKM2 is the sum of an area's shapes; where they overlap it is more than the area holds.
func (ar *Area) extentKM2() float64 {
	sum := 0.0
	for _, p := range ar.Polygons {
		sum += p.AreaKM2()
	}
	for _, c := range ar.Circles {
		sum += c.AreaKM2()
	}
	return sum
}

// distanceKM is the distance of two positions along a great circle.
func distanceKM(a, b Point) float64 {
	lat, lon := math.Sin((a.Lat-b.Lat)*radians/2), math.Sin((a.Lon-b.Lon)*radians/2)
	h := lat*lat + math.Cos(a.Lat*radians)*math.Cos(b.Lat*radians)*lon*lon
	return 2 * EarthRadiusKM * math.Asin(min(1, math.Sqrt(h)))
}
