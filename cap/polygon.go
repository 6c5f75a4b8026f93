package cap

import (
	"fmt"
	"math"
)

// polygonFault says what forbids to use a polygon; empty when nothing does. Check and NewRegion agree on it.
func polygonFault(p Polygon) string {
	for _, check := range []func(Polygon) string{polygonPoints, polygonClosed, polygonRange, polygonWinding} {
		if message := check(p); message != "" {
			return message
		}
	}
	return ""
}

func polygonPoints(p Polygon) string {
	if len(p) < 4 {
		return fmt.Sprintf("the polygon has %d points: it needs at least 4, the last of them equal to the first", len(p))
	}
	return ""
}

func polygonClosed(p Polygon) string {
	if len(p) > 0 && p[0] != p[len(p)-1] {
		return "the polygon is not closed: repeat its first point at the end"
	}
	return ""
}

func polygonRange(p Polygon) string {
	for i, point := range p {
		if message := pointFault(point); message != "" {
			return fmt.Sprintf("point %d: %s", i+1, message)
		}
	}
	return ""
}

// pointFault checks the ranges of WGS 84 (§3.3.1). It is written so that NaN fails.
func pointFault(p Point) string {
	switch {
	case !(p.Lat >= -90 && p.Lat <= 90):
		return fmt.Sprintf("the latitude %v is not between -90 and 90: latitude comes first", p.Lat)
	case !(p.Lon >= -180 && p.Lon <= 180):
		return fmt.Sprintf("the longitude %v is not between -180 and 180: latitude comes first", p.Lon)
	}
	return ""
}

// polygonWinding refuses spirals: no real area goes around the globe more than once.
func polygonWinding(p Polygon) string {
	shift, west, east := 0.0, math.Inf(1), math.Inf(-1)
	for i, v := range p {
		if i > 0 && math.Abs(v.Lon-p[i-1].Lon) > 180 {
			shift -= math.Copysign(360, v.Lon-p[i-1].Lon)
		}
		west, east = min(west, v.Lon+shift), max(east, v.Lon+shift)
	}
	if math.Abs(shift) > 360 || east-west > 720 {
		return "the polygon winds around the globe more than once: check its longitudes"
	}
	return ""
}

// polygonAntimeridian tells how a long step is read, as CAP itself is silent about it.
func polygonAntimeridian(p Polygon) string {
	for i := 1; i < len(p); i++ {
		if step := math.Abs(p[i].Lon - p[i-1].Lon); step > 180 && step < 360 {
			return fmt.Sprintf("the edge from point %d to %d is longer than 180° and read as crossing the antimeridian: "+
				"if it should go the other way, add a point in between; if it does cross, two polygons that meet at 180° are read alike by all", i, i+1)
		}
	}
	return ""
}

// polygonCrossing warns of rings that cross themselves: maps differ in what they then show as inside. Such a polygon is
// used all the same, by even-odd.
func polygonCrossing(p Polygon) string {
	if polygonFault(p) != "" {
		return ""
	}
	at, found, known := newRing(p).crossing()
	if !known {
		return "the polygon is too intricate to be checked for crossing itself: leave out the points that no map shows"
	}
	if found {
		return fmt.Sprintf("the polygon crosses itself near %.4f,%.4f, so that maps may differ about it: order its points along its outline", at.Lat, at.Lon)
	}
	return ""
}

// maxRadiusKM is a little more than half of any great circle of the Earth.
const maxRadiusKM = 20040

// circleFault says what forbids to use a circle; empty when nothing does.
func circleFault(c Circle) string {
	if message := pointFault(c.Center); message != "" {
		return message
	}
	return radiusFault(c)
}

// radiusFault is written so that NaN fails.
func radiusFault(c Circle) string {
	if !(c.RadiusKM >= 0 && c.RadiusKM <= maxRadiusKM) {
		return fmt.Sprintf("the radius %v is not between 0 and %d kilometres", c.RadiusKM, maxRadiusKM)
	}
	return ""
}

func radiusZero(c Circle) string {
	if c.RadiusKM == 0 {
		return "the radius is 0, so the circle holds one point and hardly anybody: write the radius in kilometres"
	}
	return ""
}

func geocodeAlone(ar *Area) string {
	if len(ar.Geocodes) > 0 && len(ar.Polygons)+len(ar.Circles) == 0 {
		return "there are only geocodes, which only those understand who know the code: add a polygon or circle"
	}
	return ""
}

func areaPlace(ar *Area) string {
	if len(ar.Polygons)+len(ar.Circles)+len(ar.Geocodes) == 0 {
		return "the area has no polygon, circle or geocode, so nobody can be found in it: add one"
	}
	return ""
}

func altitudeFault(ar *Area) string {
	if ar.Altitude != nil {
		return feetFault(*ar.Altitude)
	}
	return ""
}

func ceilingFault(ar *Area) string {
	switch {
	case ar.Ceiling == nil:
		return ""
	case feetFault(*ar.Ceiling) != "":
		return feetFault(*ar.Ceiling)
	case ar.Altitude == nil:
		return "a ceiling needs an altitude: state both, or only the altitude"
	case *ar.Ceiling <= *ar.Altitude:
		return "the ceiling is not above the altitude: check both, or state only the altitude"
	}
	return ""
}

// maxDigits is how many digits of an xs:decimal every reader must understand (XML Schema part 2, §3.2.3).
const maxDigits = 18

// feetFault checks a height in feet.
func feetFault(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "this is not a number: write feet above mean sea level"
	}
	digits := 0
	for _, c := range appendDecimal(nil, v) {
		if c >= '0' && c <= '9' {
			digits++
		}
	}
	if digits > maxDigits {
		return fmt.Sprintf("the number has more than %d digits, which readers need not understand: round it", maxDigits)
	}
	return ""
}

// Check says what is wrong with a polygon on its own: a fault, for which NewRegion and NewTerritory refuse it, and what maps may
// read differently; each is empty where there is nothing.
func (p Polygon) Check() (fault, warning string) {
	if fault = polygonFault(p); fault != "" {
		return fault, ""
	}
	if warning = polygonAntimeridian(p); warning == "" {
		warning = polygonCrossing(p)
	}
	return "", warning
}
