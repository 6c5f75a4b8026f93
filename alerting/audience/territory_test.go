package audience_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"tocsin/alerting"
	"tocsin/alerting/audience"
	"tocsin/alerting/store"
	"tocsin/alerting/store/storetest"
	"tocsin/cap"
)

// collection is a GeoJSON file of these features.
func collection(features ...string) *strings.Reader {
	return strings.NewReader(`{"type": "FeatureCollection", "name": "units", "features": [` + strings.Join(features, ",\n") + `]}`)
}

// unit is a feature with a geometry.
func unit(code, name, parent, kind, coordinates string) string {
	return fmt.Sprintf(`{"type": "Feature", "properties": {"code": %q, "name": %q, "parent": %q, "km2": 7}, "geometry": {"type": %q, "coordinates": %s}}`,
		code, name, parent, kind, coordinates)
}

// square is a ring from one corner to the other.
func square(west, south, east, north int) string {
	return fmt.Sprintf("[[%d,%d],[%d,%d],[%d,%d],[%d,%d],[%d,%d]]", west, south, east, south, east, north, west, north, west, south)
}

func TestTerritory(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a := open(t, db)
		result, err := a.ImportOutlines(t.Context(), collection(
			unit("N=1", "province", "", "Polygon", "["+square(0, 0, 10, 10)+","+square(4, 4, 6, 6)+"]"),
			unit("N=11", "west", "N=1", "Polygon", "["+square(0, 0, 4, 10)+"]"),
			unit("N=12", "islands", "N=1", "MultiPolygon", "[["+square(6, 0, 8, 10)+"],["+square(8, 2, 10, 10)+"]]"),
			unit("N=111", "a village", "N=11", "Polygon", "["+square(1, 1, 2, 2)+"]")), nil)
		if err != nil || result.New != 4 || len(result.Problems) > 0 {
			t.Fatalf("%+v %v", result, err)
		}
		csv := "code,parent,name\nN=2,,no outline\nN=21,N=2,east\n"
		if _, err := a.ImportUnits(t.Context(), strings.NewReader(csv), nil); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			unit   string
			area   cap.Area
			inside bool
		}{
			{"N=1", box(1, 1, 9, 3), true},
			{"N=1", box(1, 1, 9, 9), false}, // over the hole
			{"N=1", box(1, 1, 9, 11), false},
			{"N=11", box(0, 0, 10, 4), true}, // the border itself
			{"N=11", box(1, 1, 9, 5), false},
			{"N=12", box(3, 6, 5, 8), true},
			{"N=12", box(3, 7, 5, 9), false}, // over the border of two of its polygons
			{"N=1", geocode("N", "111"), true},
			{"N=11", geocode("n", "111"), true},
			{"N=11", geocode("N", "12"), false},
			{"N=11", geocode("N", "1"), false},
			{"N=2", geocode("N", "21"), true},
			{"N=2", box(1, 1, 2, 2), false},
		} {
			at, err := a.Territory(t.Context(), c.unit)
			if err != nil {
				t.Fatal(err)
			}
			if got := at.Within([]cap.Area{c.area}); got != c.inside {
				t.Errorf("%s holds %v: %v", c.unit, c.area, got)
			}
		}
		if _, err := a.Territory(t.Context(), "N=9"); !errors.Is(err, alerting.ErrNotFound) {
			t.Errorf("an unknown unit: %v", err)
		}
		// The same is given again until units are imported, by whatever process.
		before, _ := a.Territory(t.Context(), "N=2")
		if again, _ := a.Territory(t.Context(), "N=2"); again != before {
			t.Error("a territory was prepared twice")
		}
		if _, err := open(t, db).ImportOutlines(t.Context(), collection(unit("N=21", "east", "N=2", "Polygon", "["+square(1, 1, 2, 2)+"]")), nil); err != nil {
			t.Fatal(err)
		}
		if after, err := a.Territory(t.Context(), "N=2"); err != nil || !after.Within([]cap.Area{box(1, 1, 2, 2)}) {
			t.Errorf("the outline of a unit below, imported since, does not count: %v", err)
		}
		for _, c := range []struct {
			unit, of string
			under    bool
		}{{"N=111", "N=1", true}, {"N=1", "N=1", true}, {"N=1", "N=111", false}, {"N=9", "N=1", false}, {"N=21", "N=1", false}} {
			if got, err := a.Within(t.Context(), c.unit, c.of); err != nil || got != c.under {
				t.Errorf("%s under %s: %v %v", c.unit, c.of, got, err)
			}
		}
		lines, err := a.Units(t.Context(), audience.UnitQuery{Parent: "N=1", After: "N=11", Limit: 5})
		if err != nil || len(lines) != 1 || lines[0].Code != "N=12" || !lines[0].Outline || fmt.Sprint(lines[0].Bounds) != "[6 0 10 10]" {
			t.Errorf("%+v %v", lines, err)
		}
		if lines, err = a.Units(t.Context(), audience.UnitQuery{Limit: 10}); err != nil || len(lines) != 6 || lines[4].Code != "N=2" || lines[4].Outline || lines[4].Bounds != nil {
			t.Errorf("%+v %v", lines, err)
		}
	})
}

func TestFaultsOfOutlines(t *testing.T) {
	good := unit("N=1", "good", "", "Polygon", "["+square(0, 0, 1, 1)+"]")
	for _, c := range []struct{ name, feature, where, what string }{
		{"no code", unit("", "x", "", "Polygon", "["+square(0, 0, 1, 1)+"]"), "feature 2", "no property code"},
		{"a bad code", unit("7", "x", "", "Polygon", "["+square(0, 0, 1, 1)+"]"), "feature 2 (7)", "is no code"},
		{"a bad parent", unit("N=7", "x", "7", "Polygon", "["+square(0, 0, 1, 1)+"]"), "feature 2 (N=7)", "parent"},
		{"its own parent", unit("N=7", "x", "N=7", "Polygon", "["+square(0, 0, 1, 1)+"]"), "feature 2 (N=7)", "its own parent"},
		{"a number as code", `{"type":"Feature","properties":{"code":7},"geometry":{"type":"Polygon","coordinates":[` + square(0, 0, 1, 1) + `]}}`, "feature 2", "in quotes"},
		{"a line", unit("N=7", "x", "", "LineString", "[[0,0],[1,1]]"), "feature 2 (N=7)", "want Polygon or MultiPolygon"},
		{"no geometry", `{"type":"Feature","properties":{"code":"N=7"},"geometry":null}`, "feature 2 (N=7)", "no geometry"},
		{"not closed", unit("N=7", "x", "", "Polygon", "[[[0,0],[1,0],[1,1],[0,1]]]"), "feature 2 (N=7), ring 1", "not closed"},
		{"latitude first", unit("N=7", "x", "", "MultiPolygon", "[["+square(0, 0, 1, 1)+"],[[[30,120],[30,121],[31,121],[30,120]]]]"), "feature 2 (N=7), polygon 2, ring 1", "longitude (-180 to 180) comes first"},
		{"a hole outside", unit("N=7", "x", "", "Polygon", "["+square(0, 0, 1, 1)+","+square(5, 5, 6, 6)+"]"), "feature 2 (N=7), ring 2", "outside the first ring"},
		{"half a position", unit("N=7", "x", "", "Polygon", "[[[0],[1,0],[1,1],[0]]]"), "feature 2 (N=7), ring 1", "position 1 has 1 numbers"},
		{"no rings", unit("N=7", "x", "", "Polygon", `[[["0",1]]]`), "feature 2 (N=7)", "no rings of positions"},
		{"twice", good, "feature 2 (N=1)", "feature 1 (N=1) has the same code"},
		{"no feature", `7`, "feature 2", "no feature"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := open(t, storetest.Open(t))
			result, err := a.ImportOutlines(t.Context(), collection(good, c.feature, unit("N=3", "good", "", "Polygon", "["+square(2, 2, 3, 3)+"]")), nil)
			if err != nil || result.New != 2 || result.Skipped != 1 || len(result.Problems) == 0 {
				t.Fatalf("%+v %v", result, err)
			}
			if p := result.Problems[0]; p.Where != c.where || !strings.Contains(p.What, c.what) || !inChinese(p.What) {
				t.Errorf("%s", p)
			}
		})
	}
	for name, file := range map[string]string{"no object": `[]`, "another type": `{"type":"Feature"}`, "no features": `{"type":"FeatureCollection"}`,
		"cut off": `{"type":"FeatureCollection","features":[` + good, "no JSON": `{"type":"FeatureCollection","features":[{]}`, "CSV": "code,name\nN=1,x\n"} {
		if _, err := open(t, storetest.Open(t)).ImportOutlines(t.Context(), strings.NewReader(file), nil); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
