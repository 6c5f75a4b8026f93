package cap

import (
	"math"
	"testing"
	"time"
)

func TestAreaKM2(t *testing.T) {
	box := func(south, west, north, east float64) Polygon {
		return Polygon{{south, west}, {south, east}, {north, east}, {north, west}, {south, west}}
	}
	sphere := 4 * math.Pi * EarthRadiusKM * EarthRadiusKM
	for _, row := range []struct {
		name string
		have float64
		want float64
	}{
		{"a degree at the equator", box(0, 0, 1, 1).AreaKM2(), 12363.7},
		{"the same in the far north, less than half", box(65, 0, 66, 1).AreaKM2(), 5131.7},
		{"across the antimeridian", box(0, 179.5, 1, -179.5).AreaKM2(), 12363.7},
		{"the whole map", box(-90, -180, 90, 180).AreaKM2(), sphere},
		{"around the pole", Polygon{{60, 0}, {60, 120}, {60, -120}, {60, 0}}.AreaKM2(), sphere / 2 * (1 - math.Sin(math.Pi/3))},
		{"open", Polygon{{0, 0}, {0, 1}, {1, 1}, {1, 0}}.AreaKM2(), 0},
		{"circle of 1 km", Circle{Point{60, 10}, 1}.AreaKM2(), math.Pi},
		{"circle around the globe", Circle{Point{}, math.Pi * EarthRadiusKM}.AreaKM2(), sphere},
		{"circle of radius 0", Circle{}.AreaKM2(), 0},
		{"circle that is none", Circle{Point{}, -1}.AreaKM2(), 0},
	} {
		if math.Abs(row.have-row.want) > row.want/1000 {
			t.Errorf("%s: %.1f km², want %.1f", row.name, row.have, row.want)
		}
	}
}

// TestBoxHoldsThePolygon: the shortcut of exceeds never hides what is too large.
func TestBoxHoldsThePolygon(t *testing.T) {
	for name, p := range map[string]Polygon{
		"coast": coast(500), "around the pole": {{60, 0}, {60, 120}, {60, -120}, {60, 0}}, "antimeridian": {{0, 170}, {0, -170}, {5, -170}, {5, 170}, {0, 170}},
		"triangle": {{0, 0}, {80, 10}, {0, 20}, {0, 0}}, "half the globe": {{-90, 0}, {-90, 179}, {90, 179}, {90, 0}, {-90, 0}},
	} {
		area := p.AreaKM2()
		areas := []Area{{Polygons: []Polygon{p}}}
		if p.boxKM2() < area || !exceeds(areas, area*0.99) || exceeds(areas, area*1.01) {
			t.Errorf("%s: the box holds %.0f km², the polygon %.0f", name, p.boxKM2(), area)
		}
	}
}

// comb is a ring of n points that goes up and down between latitudes, leaning to one side.
func comb(n int, lean float64) Polygon {
	p := Polygon{{0, 0}}
	for i := range n {
		x := 10 * float64(i) / float64(n)
		if i%2 == 0 {
			p = append(p, Point{10, x + lean})
		} else {
			p = append(p, Point{1, x})
		}
	}
	return append(p, Point{0, 10}, Point{0, 0})
}

// TestCrossingIsFound compares with every pair of edges.
func TestCrossingIsFound(t *testing.T) {
	twisted := coast(500)
	twisted[100], twisted[103] = twisted[103], twisted[100]
	figure := Polygon{}
	for i := range 401 {
		angle := 2 * math.Pi * float64(i%400) / 400
		figure = append(figure, Point{10 * math.Sin(2*angle+0.001), 10 * math.Cos(angle)})
	}
	for _, row := range []struct {
		name string
		p    Polygon
	}{{"coast", coast(500)}, {"twisted coast", twisted}, {"eight", figure}, {"comb", comb(300, 0)}, {"leaning comb", comb(300, 5)},
		{"box", Polygon{{0, 0}, {0, 1}, {1, 1}, {1, 0}, {0, 0}}}, {"bow-tie", Polygon{{0, 0}, {1, 1}, {1, 0}, {0, 1}, {0, 0}}}} {
		r := newRing(row.p)
		want := false
		for i := range r.edges {
			for j := range i {
				want = want || r.edges[i].crosses(&r.edges[j])
			}
		}
		if _, found, known := r.crossing(); found != want || !known {
			t.Errorf("%s: found %v, known %v, want %v", row.name, found, known, want)
		}
	}
}

// TestCrossingIsFast: a ring of 20,000 points takes milliseconds, whatever its shape; one that would take longer is
// reported as too intricate.
func TestCrossingIsFast(t *testing.T) {
	for _, row := range []struct {
		name string
		p    Polygon
	}{{"coast", coast(20_000)}, {"comb", comb(20_000, 0)}, {"leaning comb", comb(20_000, 9)}} {
		best := time.Hour
		var message string
		for range 3 {
			start := time.Now()
			message = polygonCrossing(row.p)
			best = min(best, time.Since(start))
		}
		t.Logf("%s: %v %s", row.name, best, message)
		if best > hostileLimit && !raceEnabled {
			t.Errorf("%s takes %v", row.name, best)
		}
	}
}
