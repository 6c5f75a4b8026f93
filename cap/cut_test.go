package cap

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func ringOf(numbers ...float64) Polygon {
	var p Polygon
	for i := 0; i < len(numbers); i += 2 {
		p = append(p, Point{numbers[i], numbers[i+1]})
	}
	return append(p, p[0])
}

func TestCut(t *testing.T) {
	for _, row := range []struct {
		name string
		ring Polygon
		want []Polygon
	}{
		{"clockwise is turned", ringOf(0, 0, 1, 0, 1, 1, 0, 1), []Polygon{ringOf(0, 1, 1, 1, 1, 0, 0, 0)}},
		{"counter-clockwise stays", ringOf(0, 0, 0, 1, 1, 1, 1, 0), []Polygon{ringOf(0, 0, 0, 1, 1, 1, 1, 0)}},
		{"up to the antimeridian", ringOf(0, 170, 0, 180, 1, 180, 1, 170), []Polygon{ringOf(0, 170, 0, 180, 1, 180, 1, 170)}},
		{"across the antimeridian", ringOf(0, 179, 0, -179, 1, -179, 1, 179), []Polygon{
			ringOf(0, 180, 1, 180, 1, 179, 0, 179), ringOf(0, -180, 0, -179, 1, -179, 1, -180)}},
		{"a ring around the pole", ringOf(80, 0, 80, 120, 80, -120), []Polygon{
			ringOf(80, 0, 80, 120, 80, 180, 90, 180, 90, 0), ringOf(80, -180, 80, -120, 80, 0, 90, 0, 90, -180)}},
		{"the whole world", ringOf(-90, -180, -90, 180, 90, 180, 90, -180), []Polygon{ringOf(-90, -180, -90, 180, 90, 180, 90, -180)}},
		{"no width", ringOf(1, 1, 2, 1, 3, 1), nil},
		{"open", Polygon{{0, 0}, {0, 1}, {1, 1}, {1, 0}}, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := row.ring.Cut()
			if !slices.EqualFunc(got, row.want, sameRing) {
				t.Errorf("got  %v\nwant %v", got, row.want)
			}
		})
	}
}

// sameRing: the same points in the same order, wherever they begin.
func sameRing(a, b Polygon) bool {
	if len(a) != len(b) {
		return false
	}
	open := b[:len(b)-1]
	for shift := range open {
		turned := append(slices.Clone(open[shift:]), open[:shift]...)
		if slices.Equal(a[:len(a)-1], turned) {
			return true
		}
	}
	return false
}

// signedArea is positive for a ring that goes counter-clockwise.
func signedArea(p Polygon) float64 {
	area := 0.0
	for i := 1; i < len(p); i++ {
		area += p[i-1].Lon*p[i].Lat - p[i].Lon*p[i-1].Lat
	}
	return area
}

// TestCutHoldsTheSame: whatever the polygon, its parts hold what it holds, within ±180 and counter-clockwise.
func TestCutHoldsTheSame(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		middle := rapid.Float64Range(-180, 180).Draw(r, "middle")
		n := rapid.IntRange(3, 9).Draw(r, "points")
		var p Polygon
		for range n {
			lon := math.Remainder(middle+rapid.Float64Range(-80, 80).Draw(r, "lon"), 360)
			p = append(p, Point{rapid.Float64Range(-80, 80).Draw(r, "lat"), lon})
		}
		p = append(p, p[0])
		if polygonFault(p) != "" {
			r.Skip("no polygon")
		}
		whole, err := NewRegion([]Area{{Polygons: []Polygon{p}}})
		if err != nil {
			r.Fatal(err)
		}
		parts := p.Cut()
		for _, part := range parts {
			if message := polygonFault(part); message != "" && len(part) >= 4 {
				r.Fatalf("%v: %s", part, message)
			}
			if signedArea(part) < -1e-9 { // rounding decides about less
				r.Fatalf("%v goes clockwise", part)
			}
			for i := 1; i < len(part); i++ {
				if math.Abs(part[i].Lon-part[i-1].Lon) > 180 {
					r.Fatalf("%v still crosses the antimeridian", part)
				}
			}
		}
		for range 40 {
			lat := rapid.Float64Range(-85, 85).Draw(r, "at lat")
			lon := math.Remainder(middle+rapid.Float64Range(-90, 90).Draw(r, "at lon"), 360)
			if nearEdge(unwrap(p), lat, lon) {
				continue
			}
			held := false
			for _, part := range parts {
				one, err := NewRegion([]Area{{Polygons: []Polygon{part}}})
				if err != nil {
					r.Fatalf("%v: %v", part, err)
				}
				held = held != one.Contains(lat, lon)
			}
			if held != whole.Contains(lat, lon) {
				r.Fatalf("%v,%v: parts say %v, the polygon says otherwise\n%v\n%v", lat, lon, held, p, parts)
			}
		}
	})
}

// nearEdge reports whether a position is so close to an edge, or to the antimeridian, that rounding decides.
func nearEdge(ring []Point, lat, lon float64) bool {
	if math.Abs(math.Abs(lon)-180) < 1e-6 {
		return true
	}
	previous := ring[len(ring)-1]
	for _, v := range ring {
		for k := -2.0; k <= 2; k++ {
			x, y := lon+360*k, lat
			dx, dy := v.Lon-previous.Lon, v.Lat-previous.Lat
			length := dx*dx + dy*dy
			u := 0.0
			if length > 0 {
				u = min(1, max(0, ((x-previous.Lon)*dx+(y-previous.Lat)*dy)/length))
			}
			if math.Hypot(x-previous.Lon-u*dx, y-previous.Lat-u*dy) < 1e-6 {
				return true
			}
		}
		previous = v
	}
	return false
}

// TestOutlineHoldsTheCircle: who is in a circle is in its outline, and who is a good deal farther away is not.
func TestOutlineHoldsTheCircle(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c := Circle{Point{rapid.Float64Range(-70, 70).Draw(r, "lat"), rapid.Float64Range(-180, 180).Draw(r, "lon")},
			rapid.Float64Range(0.1, 500).Draw(r, "radius")}
		inside, err := NewRegion([]Area{{Circles: []Circle{c}}})
		if err != nil {
			r.Fatal(err)
		}
		outline, err := NewRegion([]Area{{Polygons: c.Outline(64).Cut()}})
		if err != nil {
			r.Fatal(err)
		}
		wider, err := NewRegion([]Area{{Circles: []Circle{{c.Center, c.RadiusKM*1.02 + 0.01}}}})
		if err != nil {
			r.Fatal(err)
		}
		degrees := c.RadiusKM / 111 * 1.3
		for range 30 {
			lat := c.Center.Lat + degrees*rapid.Float64Range(-1, 1).Draw(r, "north")
			lon := math.Remainder(c.Center.Lon+degrees/math.Cos(lat*math.Pi/180)*rapid.Float64Range(-1, 1).Draw(r, "east"), 360)
			if inside.Contains(lat, lon) && !outline.Contains(lat, lon) {
				r.Fatalf("%v,%v is in the circle %v and not in its outline", lat, lon, c)
			}
			if outline.Contains(lat, lon) && !wider.Contains(lat, lon) {
				r.Fatalf("%v,%v is in the outline of %v and far from it", lat, lon, c)
			}
		}
	})
}

func TestOutlineOfLargeCircles(t *testing.T) {
	for _, row := range []struct {
		name    string
		circle  Circle
		in, out []Point
	}{
		{"around the north pole", Circle{Point{85, 30}, 1000}, []Point{{89.9, -150}, {85, 30}, {80, 30}}, []Point{{60, 30}, {-89, 0}}},
		{"around the south pole", Circle{Point{-88, 0}, 500}, []Point{{-89.9, 100}, {-88, 0}}, []Point{{-70, 0}, {89, 0}}},
		{"half the Earth", Circle{Point{80, 0}, 12000}, []Point{{-19, 0}, {89, 0}, {-80, 5}}, nil},
		{"across the antimeridian", Circle{Point{-17, 179.9}, 50}, []Point{{-17, -179.9}, {-17, 179.6}}, []Point{{-17, 0}}},
	} {
		region, err := NewRegion([]Area{{Polygons: row.circle.Outline(64).Cut()}})
		if err != nil {
			t.Fatalf("%s: %v", row.name, err)
		}
		for _, p := range row.in {
			if !region.Contains(p.Lat, p.Lon) {
				t.Errorf("%s: %v is left out", row.name, p)
			}
		}
		for _, p := range row.out {
			if region.Contains(p.Lat, p.Lon) {
				t.Errorf("%s: %v is inside", row.name, p)
			}
		}
	}
	if (Circle{Point{0, 0}, -1}).Outline(64) != nil {
		t.Error("a circle that is none has an outline")
	}
}
