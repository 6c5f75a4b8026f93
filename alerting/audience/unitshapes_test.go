package audience_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"tocsin/alerting/audience"
	"tocsin/alerting/store"
	"tocsin/alerting/store/storetest"
	"tocsin/cap"
)

// round is a ring of many points around a place, with a coast that trembles by a thousandth.
func round(lon, lat, radius float64, points int) string {
	var out []string
	for i := range points {
		at := 2 * math.Pi * float64(i) / float64(points)
		r := radius * (1 + 0.001*float64(i%2))
		out = append(out, fmt.Sprintf("[%.6f,%.6f]", lon+r*math.Cos(at), lat+r*math.Sin(at)))
	}
	return "[" + strings.Join(append(out, out[0]), ",") + "]"
}

func TestOutlinesForAMap(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a := open(t, db)
		result, err := a.ImportOutlines(t.Context(), collection(
			unit("N=1", "round, with a lake and an islet", "", "MultiPolygon", "[["+round(20, 10, 2, 4000)+","+round(20, 10, 0.5, 1000)+"],["+round(22.5, 10, 0.001, 50)+"]]"),
			unit("N=11", "a square in it", "N=1", "Polygon", "["+square(19, 9, 20, 10)+"]"),
			unit("N=2", "far away", "", "Polygon", "["+square(178, 0, 180, 2)+"]")), nil)
		if err != nil || result.New != 3 {
			t.Fatalf("%+v %v", result, err)
		}
		if _, err := a.ImportUnits(t.Context(), strings.NewReader("code,name\nN=3,no outline\n"), nil); err != nil {
			t.Fatal(err)
		}
		all, err := a.UnitShapes(t.Context(), audience.ShapeQuery{UnitQuery: audience.UnitQuery{Limit: 10}})
		if err != nil || len(all) != 3 {
			t.Fatalf("%+v %v", all, err)
		}
		first := all[0]
		if len(first.Polygons) != 1 || len(first.Polygons[0]) != 2 {
			t.Fatalf("%d polygons, want the one with its hole, and no islet", len(first.Polygons))
		}
		outer := first.Polygons[0][0]
		if n := len(outer); n < 12 || n > 120 || outer[0] != outer[n-1] {
			t.Errorf("%d points are left of 4000", n)
		}
		for _, p := range outer {
			if r := math.Hypot(p.Lon-20, p.Lat-10); r < 1.99 || r > 2.01 {
				t.Errorf("%v is no point of the ring", p)
			}
		}
		if got := all[1].Polygons[0][0]; len(got) != 5 {
			t.Errorf("a square has %d points", len(got))
		}
		for i, clockwise := range []bool{false, true} {
			if turn(first.Polygons[0][i]) != clockwise {
				t.Errorf("ring %d turns the wrong way", i)
			}
		}
		for name, row := range map[string]struct {
			q    audience.ShapeQuery
			want []string
		}{
			"the next page":         {audience.ShapeQuery{UnitQuery: audience.UnitQuery{After: "N=1", Limit: 1}}, []string{"N=11"}},
			"below one":             {audience.ShapeQuery{UnitQuery: audience.UnitQuery{Parent: "N=1", Limit: 9}}, []string{"N=11"}},
			"a box":                 {audience.ShapeQuery{UnitQuery: audience.UnitQuery{Limit: 9}, Box: &audience.Box{West: 21, South: 9, East: 30, North: 11}}, []string{"N=1"}},
			"over the antimeridian": {audience.ShapeQuery{UnitQuery: audience.UnitQuery{Limit: 9}, Box: &audience.Box{West: 179, South: -1, East: -179, North: 1}}, []string{"N=2"}},
			"nothing there":         {audience.ShapeQuery{UnitQuery: audience.UnitQuery{Limit: 9}, Box: &audience.Box{West: -10, South: 0, East: -5, North: 5}}, nil},
		} {
			found, err := a.UnitShapes(t.Context(), row.q)
			var codes []string
			for _, u := range found {
				codes = append(codes, u.Code)
			}
			if err != nil || !slices.Equal(codes, row.want) {
				t.Errorf("%s: %v %v, want %v", name, codes, err, row.want)
			}
		}
		// A unit that is imported anew is drawn anew.
		if _, err := a.ImportOutlines(t.Context(), collection(unit("N=11", "moved", "N=1", "Polygon", "["+square(20, 9, 21, 10)+"]")), nil); err != nil {
			t.Fatal(err)
		}
		moved, err := a.UnitShapes(t.Context(), audience.ShapeQuery{UnitQuery: audience.UnitQuery{Parent: "N=1", Limit: 9}})
		if err != nil || len(moved) != 1 || moved[0].Name != "moved" || moved[0].Polygons[0][0][0].Lon < 20 {
			t.Errorf("%+v %v", moved, err)
		}
	})
}

// turn reports whether a ring goes with the clock.
func turn(ring cap.Polygon) bool {
	sum := 0.0
	for i := 1; i < len(ring); i++ {
		sum += ring[i-1].Lon*ring[i].Lat - ring[i].Lon*ring[i-1].Lat
	}
	return sum < 0
}
