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

// exceeds reports whether the shapes of some areas together hold more than a limit. Most are so small that the boxes
// around them tell.
func exceeds(areas []Area, limitKM2 float64) bool {
	bound := 0.0
	for k := range areas {
		for _, p := range areas[k].Polygons {
			bound += p.boxKM2()
		}
		for _, c := range areas[k].Circles {
			bound += c.AreaKM2()
		}
	}
	if bound <= limitKM2 {
		return false
	}
	sum := 0.0
	for k := range areas {
		sum += areas[k].extentKM2()
	}
	return sum > limitKM2
}

// boxKM2 is the size of the box around the points: no less than the polygon's. Where the points reach more than halfway
// around the globe no box tells anything.
func (p Polygon) boxKM2() float64 {
	if len(p) == 0 {
		return 0
	}
	south, north, west, east := p[0].Lat, p[0].Lat, p[0].Lon, p[0].Lon
	for _, v := range p {
		south, north, west, east = min(south, v.Lat), max(north, v.Lat), min(west, v.Lon), max(east, v.Lon)
	}
	if !(east-west < 180) {
		return math.Inf(1)
	}
	return (east - west) * radians * (math.Sin(north*radians) - math.Sin(south*radians)) * EarthRadiusKM * EarthRadiusKM
}

// distanceKM is the distance of two positions along a great circle.
func distanceKM(a, b Point) float64 {
	lat, lon := math.Sin((a.Lat-b.Lat)*radians/2), math.Sin((a.Lon-b.Lon)*radians/2)
	h := lat*lat + math.Cos(a.Lat*radians)*math.Cos(b.Lat*radians)*lon*lon
	return 2 * EarthRadiusKM * math.Asin(min(1, math.Sqrt(h)))
}
