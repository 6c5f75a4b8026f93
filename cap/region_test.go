package cap

import (
	"math"
	"testing"

	"github.com/golang/geo/s2"
)

// regionOf builds a region of polygons, given as lat, lon, lat, lon…; they are closed here.
func regionOf(t testing.TB, polygons ...[]float64) *Region {
	t.Helper()
	var area Area
	for _, numbers := range polygons {
		var p Polygon
		for i := 0; i < len(numbers); i += 2 {
			p = append(p, Point{numbers[i], numbers[i+1]})
		}
		area.Polygons = append(area.Polygons, append(p, p[0]))
	}
	r, err := NewRegion([]Area{area})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func circleOf(t testing.TB, lat, lon, radius float64) *Region {
	t.Helper()
	r, err := NewRegion([]Area{{Circles: []Circle{{Point{lat, lon}, radius}}}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRegionContains(t *testing.T) {
	box := regionOf(t, []float64{10, 20, 10, 40, 30, 40, 30, 20})
	bowTie := regionOf(t, []float64{0, 0, 10, 10, 10, 0, 0, 10})
	hole := regionOf(t, []float64{0, 0, 0, 10, 10, 10, 10, 0, 0, 0, 4, 4, 6, 4, 6, 6, 4, 6, 4, 4})
	rings := regionOf(t, []float64{0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 5, 0, 6, 1, 6, 1, 5, 0, 5})
	overlap := regionOf(t, []float64{0, 0, 0, 2, 2, 2, 2, 0}, []float64{1, 1, 1, 3, 3, 3, 3, 1})
	taveuni := regionOf(t, []float64{-16, 179, -16, -179, -18, -179, -18, 179})
	cut := regionOf(t, []float64{-16, 177, -16, 180, -16, -180, -16, -178, -18, -178, -18, -180, -18, 180, -18, 177})
	north := regionOf(t, []float64{70, 0, 60, 90, 70, 180, 60, -90})
	south := regionOf(t, []float64{-70, 0, -60, -120, -65, 120})
	world := regionOf(t, []float64{-90, -180, -90, 180, 90, 180, 90, -180})
	worldWithMiddle := regionOf(t, []float64{-90, -180, -90, 0, -90, 180, 90, 180, 90, -180})
	strip := regionOf(t, []float64{10, -180, 10, 180, 20, 180, 20, -180})
	arctic := regionOf(t, []float64{66, -180, 66, 180, 90, 180, 90, -180})
	wide := regionOf(t, []float64{45, -60, 45, 60, 55, 60, 55, -60})
	wedge := regionOf(t, []float64{80, 10, 90, 10, 90, 20, 80, 20})
	point := circleOf(t, 48.2, 16.37, 0)
	pole := circleOf(t, 89.9, 45, 50)
	date := circleOf(t, -17, 179.9, 50)
	everywhere := circleOf(t, 12, 34, maxRadiusKM)
	thin := regionOf(t, []float64{0.015625000000000017, 1, 0.01562500000000001, 1, 0.015625000000000017, 1})
	sliver := regionOf(t, []float64{-89.99999, -2.0542144775390622e-08, -89.99999, -1.0059604644775391e-05, -89.99999, -2.0542144775390622e-08})
	none := regionOf(t)
	for _, row := range []struct {
		name     string
		region   *Region
		lat, lon float64
		want     bool
	}{
		{"box: inside", box, 20, 30, true},
		{"box: outside", box, 20, 41, false},
		{"box: above", box, 31, 30, false},
		{"box: corner", box, 10, 20, true},
		{"box: other corner", box, 30, 40, true},
		{"box: on the upper edge", box, 30, 33, true},
		{"box: on the right edge", box, 15, 40, true},
		{"box: in line with the upper edge", box, 30, 41, false},
		{"bow-tie: left wing", bowTie, 9, 5, true},
		{"bow-tie: other wing", bowTie, 1, 5, true},
		{"bow-tie: between the wings", bowTie, 5, 1, false},
		{"hole: in the ring", hole, 1, 1, true},
		{"hole: in the hole", hole, 5, 5, false},
		{"hole: on the bridge", hole, 2, 2, true},
		{"rings: first", rings, .5, .5, true},
		{"rings: second", rings, .5, 5.5, true},
		{"rings: between", rings, .5, 3, false},
		{"two polygons: where both are", overlap, 1.5, 1.5, true},
		{"antimeridian: west of it", taveuni, -17, 179.5, true},
		{"antimeridian: east of it", taveuni, -17, -179.5, true},
		{"antimeridian: on it", taveuni, -17, 180, true},
		{"antimeridian: on it, the other name", taveuni, -17, -180, true},
		{"antimeridian: the far side", taveuni, -17, 0, false},
		{"antimeridian: too far west", taveuni, -17, 178, false},
		{"cut at the antimeridian: west part", cut, -17, 178, true},
		{"cut at the antimeridian: east part", cut, -17, -179, true},
		{"cut at the antimeridian: far side", cut, -17, 10, false},
		{"north pole: at it", north, 90, 0, true},
		{"north pole: near it", north, 89, -133, true},
		{"north pole: at the seam", north, 75, 0, true},
		{"north pole: below the line", north, 64, 45, false},
		{"north pole: above the line", north, 66, 45, true},
		{"north pole: south pole", north, -90, 0, false},
		{"south pole: at it", south, -90, 77, true},
		{"south pole: near it", south, -80, 179, true},
		{"south pole: outside", south, -50, 10, false},
		{"world: somewhere", world, 12, 34, true},
		{"world: elsewhere", world, -89, -179, true},
		{"world: its pole", world, 90, 0, true},
		{"world with a point in the middle", worldWithMiddle, 12, 34, true},
		{"strip around the world: inside", strip, 15, 0, true},
		{"strip around the world: outside", strip, 25, 0, false},
		{"arctic: inside", arctic, 70, 0, true},
		{"arctic: outside", arctic, 60, 0, false},
		{"wide box: edges are straight on the map", wide, 45.001, 0, true},
		{"wide box: not bowed outwards", wide, 55.001, 0, false},
		{"wedge: pole by another longitude", wedge, 90, -120, true},
		{"wedge: beside it", wedge, 85, 30, false},
		{"circle of radius 0: its centre", point, 48.2, 16.37, true},
		{"circle of radius 0: ten metres away", point, 48.2001, 16.37, false},
		{"circle over the pole: beyond it", pole, 89.9, -135, true},
		{"circle over the pole: outside", pole, 89.5, -135, false},
		{"circle over the antimeridian", date, -17, -179.9, true},
		{"circle over the antimeridian: outside", date, -17, -179, false},
		{"circle of everything: antipode", everywhere, -12, -146, true},
		{"thinner than a rounding: on it", thin, 0.015625000000000014, 1, true},
		{"thinner than a rounding: beside it", thin, 1, 1, false},
		{"beside the pole, where rounding moves meridians", sliver, -89.99999, -2.0542144775390622e-08, true},
		{"nothing", none, 0, 0, false},
		{"not a number", world, math.NaN(), 0, false},
		{"not a number either", world, 0, math.NaN(), false},
		{"off the map", world, 91, 0, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := row.region.Contains(row.lat, row.lon); got != row.want {
				t.Fatalf("got %v", got)
			}
			if !(math.Abs(row.lat) <= 90) || math.IsNaN(row.lon) {
				return
			}
			leaf := s2.CellIDFromLatLng(s2.LatLngFromDegrees(row.lat, row.lon))
			covering := row.region.Covering(64)
			if row.want && !covering.ContainsCellID(leaf) {
				t.Error("the covering does not hold it")
			}
			if row.want && !row.region.ContainsCellPlace(leaf.Parent(20)) {
				t.Error("a place of level 20 that holds it is outside")
			}
		})
	}
}

// TestRegionRadius compares circles with the distance along a meridian, where it is plain arithmetic.
func TestRegionRadius(t *testing.T) {
	r := circleOf(t, 10, 20, 100)
	degrees := 100 / EarthRadiusKM * 180 / math.Pi
	if !r.Contains(10+degrees*.999999, 20) || r.Contains(10+degrees*1.000001, 20) {
		t.Error("100 km are not 100 km")
	}
}

func TestNewRegionRefuses(t *testing.T) {
	good := Polygon{{0, 0}, {0, 1}, {1, 1}, {0, 0}}
	for _, row := range []struct {
		name string
		area Area
	}{
		{"open polygon", Area{Polygons: []Polygon{good, {{0, 0}, {0, 1}, {1, 1}, {1, 0}}}}},
		{"no points", Area{Polygons: []Polygon{{}}}},
		{"latitude out of range", Area{Polygons: []Polygon{{{0, 0}, {0, 1}, {100, 1}, {0, 0}}}}},
		{"longitude NaN", Area{Polygons: []Polygon{{{0, 0}, {0, math.NaN()}, {1, 1}, {0, 0}}}}},
		{"negative radius", Area{Circles: []Circle{{Point{}, -1}}}},
		{"radius NaN", Area{Circles: []Circle{{Point{}, math.NaN()}}}},
		{"centre out of range", Area{Circles: []Circle{{Point{91, 0}, 1}}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if r, err := NewRegion([]Area{{}, row.area}); err == nil || r != nil {
				t.Errorf("got %v, %v", r, err)
			}
		})
	}
}

func TestRegionEmpty(t *testing.T) {
	r, err := NewRegion([]Area{{Geocodes: []Value{{"SAME", "1"}}}})
	if err != nil || !r.Empty() || len(r.Covering(8)) != 0 || r.ContainsCellPlace(s2.CellIDFromFace(0)) {
		t.Errorf("got %+v, %v", r, err)
	}
	if circleOf(t, 0, 0, 0).Empty() {
		t.Error("a circle of radius 0 is not empty")
	}
}

// TestRegionPlaces tells leaves, which are judged by their centre, from coarser cells.
func TestRegionPlaces(t *testing.T) {
	r := regionOf(t, []float64{10, 20, 10, 40, 30, 40, 30, 20})
	inside := s2.CellIDFromLatLng(s2.LatLngFromDegrees(29.9999, 30))
	outside := s2.CellIDFromLatLng(s2.LatLngFromDegrees(30.0001, 30))
	for _, row := range []struct {
		name string
		id   s2.CellID
		want bool
	}{
		{"leaf inside", inside, true},
		{"leaf outside", outside, false},
		{"its neighbourhood reaches in", outside.Parent(14), true},
		{"its street does not", outside.Parent(24), false},
		{"the whole face", inside.Parent(0), true},
		{"no cell", 0, false},
	} {
		if got := r.ContainsCellPlace(row.id); got != row.want {
			t.Errorf("%s: got %v", row.name, got)
		}
	}
}

// TestRegionCoveringIsTight: a covering is of use only if it leaves the rest of the world out.
func TestRegionCoveringIsTight(t *testing.T) {
	r := regionOf(t, []float64{48, 16, 48, 17, 49, 17, 49, 16})
	covering := r.Covering(256)
	if len(covering) > 256 {
		t.Errorf("%d cells", len(covering))
	}
	box := s2.RectFromLatLng(s2.LatLngFromDegrees(48, 16)).AddPoint(s2.LatLngFromDegrees(49, 17))
	if area := covering.ExactArea() / box.Area(); area > 1.15 {
		t.Errorf("the covering is %.2f times as large as the area", area)
	}
	for _, id := range covering {
		if id.Level() < 6 {
			t.Errorf("a cell of level %d", id.Level())
		}
	}
}
