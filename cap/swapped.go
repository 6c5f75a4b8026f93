package cap

import "fmt"

// Latitude and longitude are exchanged more often than any other two values, and where both are below 90 no range tells.
// What tells is company: a place that lies far from the rest of its alert, and would lie among it the other way round.
const (
	// farKM is far from the rest of an alert.
	farKM = 2000
	// nearShare is how much nearer the exchanged place must lie: a tenth.
	nearShare = 0.1
)

// looksSwapped reports whether a place lies far from another one and would lie near it with its coordinates exchanged.
func looksSwapped(place, other Point) bool {
	exchanged := Point{place.Lon, place.Lat}
	if pointFault(place) != "" || pointFault(other) != "" || pointFault(exchanged) != "" {
		return false
	}
	far := distanceKM(place, other)
	return far > farKM && distanceKM(exchanged, other) < far*nearShare
}

// polygonSwapped compares each point with the one before it.
func polygonSwapped(p Polygon) string {
	for i := 1; i < len(p); i++ {
		step := max(p[i].Lat-p[i-1].Lat, p[i-1].Lat-p[i].Lat)
		// A step of less than 5° is no 2,000 km to the north, and exchanging moves latitude as much as longitude.
		if step < 5 || !looksSwapped(p[i], p[i-1]) {
			continue
		}
		at := i + 1
		if i == 1 && len(p) > 2 && looksSwapped(p[0], p[2]) {
			at = 1
		}
		return fmt.Sprintf("point %d lies far from its neighbour, and would lie beside it with latitude and longitude exchanged: latitude comes first", at)
	}
	return ""
}

// areaSwapped compares each shape with the first one of the alert.
func areaSwapped(a *Alert, report Report) {
	first, known := Point{}, false
	one := func(at Point, path func() string) {
		switch {
		case !known:
			first, known = at, true
		case looksSwapped(at, first):
			report(path(), fmt.Sprintf("the shape lies %.0f km from the first one of this alert, and would lie near it with latitude and longitude exchanged: "+
				"check both, latitude comes first", distanceKM(at, first)))
		}
	}
	for i := range a.Infos {
		for k := range a.Infos[i].Areas {
			ar := &a.Infos[i].Areas[k]
			for n, p := range ar.Polygons {
				if len(p) > 0 {
					one(p[0], func() string { return fmt.Sprintf("%s/polygon[%d]", areaPath(i, k), n+1) })
				}
			}
			for n, c := range ar.Circles {
				one(c.Center, func() string { return fmt.Sprintf("%s/circle[%d]", areaPath(i, k), n+1) })
			}
		}
	}
}
