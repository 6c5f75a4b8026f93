package report

import (
	"fmt"
	"math"

	"tocsin/cap"
)

// What an area is seldom meant to be. An officer who means it goes on: all of this is advice.
const (
	// wideKM2 is a large area, in square kilometres.
	wideKM2 = 100_000
	// sparse is how much more the box around a polygon holds than the polygon, where it is a sliver or crosses itself.
	sparse = 10
)

// remark is a finding on an area, before its line is known.
func remark(id, path, format string, args ...any) cap.Finding {
	return cap.Finding{ID: "reach." + id, Clause: "CAP 1.2 §3.2.4 area", Path: path, Level: cap.LevelAdvice, Message: fmt.Sprintf(format, args...)}
}

// shapeRemarks are those that need no register: of an area that is very large, and of a polygon that is hardly one.
func shapeRemarks(path string, a *cap.Area) cap.Findings {
	var found cap.Findings
	total := 0.0
	for _, p := range a.Polygons {
		total += p.AreaKM2()
	}
	for _, c := range a.Circles {
		total += c.AreaKM2()
	}
	if total > wideKM2 {
		found = append(found, remark("wide", path, "its shapes hold %.0f km², more than %d: check their points", total, wideKM2))
	}
	for i, p := range a.Polygons {
		own, around := p.AreaKM2(), boxKM2(p)
		if own > 0 && around > sparse*own {
			found = append(found, remark("sparse", fmt.Sprintf("%s/polygon[%d]", path, i+1),
				"the box around the polygon holds %.0f times what it holds itself: it is a sliver, or crosses itself: check the order of its points",
				math.Floor(around/own)))
			break // One is enough to look at the area again.
		}
	}
	return found
}

// boxKM2 is the size of the box around a polygon, in square kilometres on the sphere.
func boxKM2(p cap.Polygon) float64 {
	r, err := cap.NewRegion([]cap.Area{{Polygons: []cap.Polygon{p}}})
	if err != nil {
		return 0
	}
	return r.RectBound().Area() * cap.EarthRadiusKM * cap.EarthRadiusKM
}

// exchanged is an area with latitude and longitude exchanged; false where that is no area on the globe.
func exchanged(a *cap.Area) (cap.Area, bool) {
	var out cap.Area
	for _, p := range a.Polygons {
		q := make(cap.Polygon, len(p))
		for i, v := range p {
			q[i] = cap.Point{Lat: v.Lon, Lon: v.Lat}
		}
		out.Polygons = append(out.Polygons, q)
	}
	for _, c := range a.Circles {
		c.Center = cap.Point{Lat: c.Center.Lon, Lon: c.Center.Lat}
		out.Circles = append(out.Circles, c)
	}
	r, err := cap.NewRegion([]cap.Area{out})
	return out, err == nil && !r.Empty()
}

// globe is the whole Earth: whoever is in it has a position.
func globe() cap.Area {
	half := func(west, east float64) cap.Polygon {
		return cap.Polygon{{Lat: -90, Lon: west}, {Lat: -90, Lon: east}, {Lat: 90, Lon: east}, {Lat: 90, Lon: west}, {Lat: -90, Lon: west}}
	}
	return cap.Area{Polygons: []cap.Polygon{half(-180, 0), half(0, 180)}}
}
