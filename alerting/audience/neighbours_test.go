package audience

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/alerting/seal"
	"tocsin/alerting/store"
	"tocsin/alerting/store/storetest"
	"tocsin/cap"
)

// TestNeighbours: those with the same parent, then others of the same depth; none of the units themselves.
func TestNeighbours(t *testing.T) {
	keys, err := seal.New([]seal.Key{{ID: "1", Secret: make([]byte, seal.KeySize)}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a, err := New(t.Context(), Config{DB: db, Keys: keys, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = a.Close() })
		file := "code,name,parent\nU=1,land,\nU=11,a,U=1\nU=12,b,U=1\nU=13,,U=1\nU=111,a1,U=11\nU=112,a2,U=11\nU=121,b1,U=12\nU=2,other land,\n"
		if _, err := a.ImportUnits(t.Context(), strings.NewReader(file), func(Progress) {}); err != nil {
			t.Fatal(err)
		}
		for _, row := range []struct {
			name, called   string
			codes          []string
			own, near, far []string
		}{
			{"by code", "", []string{"U=11"}, []string{"a"}, []string{"b"}, nil},
			{"lower", "", []string{"U=111"}, []string{"a1"}, []string{"a2"}, []string{"b1"}},
			{"two", "", []string{"U=11", "U=12"}, []string{"a", "b"}, nil, nil},
			{"the top", "", []string{"U=1"}, []string{"land"}, []string{"other land"}, nil},
			{"an unknown code", "", []string{"X=1"}, nil, nil, nil},
			{"nothing", "", nil, nil, nil, nil},
			{"by name", "b", nil, []string{"b"}, []string{"a"}, nil},
			{"by name, with an unknown code", "a2", []string{"X=1"}, []string{"a2"}, []string{"a1"}, []string{"b1"}},
		} {
			area := cap.Area{}
			for _, code := range row.codes {
				area.Geocodes = append(area.Geocodes, valueOf(code))
			}
			own, near, far, err := a.Neighbours(t.Context(), []cap.Area{area}, func(name string) bool { return name == row.called })
			if err != nil || !slices.Equal(own, row.own) || !slices.Equal(near, row.near) || !slices.Equal(far, row.far) {
				t.Errorf("%s: %q, %q, %q, %v", row.name, own, near, far, err)
			}
		}
	})
}

// TestNeighboursByOutline: an area without a code is of the lowest units that hold a tenth of it, and what it touches is beside none. The
// land is a square of four; a town lies in a hole of the first.
func TestNeighboursByOutline(t *testing.T) {
	keys, err := seal.New([]seal.Key{{ID: "1", Secret: make([]byte, seal.KeySize)}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	box := func(s, w, n, e float64) string {
		return fmt.Sprintf("[[%[2]g,%[1]g],[%[4]g,%[1]g],[%[4]g,%[3]g],[%[2]g,%[3]g],[%[2]g,%[1]g]]", s, w, n, e)
	}
	hole := "[[0.2,0.2],[0.2,0.4],[0.4,0.4],[0.4,0.2],[0.2,0.2]]"
	var features []string
	for _, u := range [][3]string{
		{"U=1", "", box(0, 0, 2, 2)}, {"U=11", "U=1", box(0, 0, 1, 1) + "," + hole}, {"U=12", "U=1", box(0, 1, 1, 2)},
		{"U=13", "U=1", box(1, 0, 2, 1)}, {"U=14", "U=1", box(1, 1, 2, 2)}, {"U=15", "U=1", box(0.2, 0.2, 0.4, 0.4)},
	} {
		features = append(features, fmt.Sprintf(`{"type":"Feature","properties":{"code":%q,"name":%q,"parent":%q},"geometry":{"type":"Polygon","coordinates":[%s]}}`,
			u[0], u[0], u[1], u[2]))
	}
	polygon := func(s, w, n, e float64) cap.Area {
		return cap.Area{Polygons: []cap.Polygon{{{Lat: s, Lon: w}, {Lat: s, Lon: e}, {Lat: n, Lon: e}, {Lat: n, Lon: w}, {Lat: s, Lon: w}}}}
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a, err := New(t.Context(), Config{DB: db, Keys: keys, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = a.Close() })
		file := `{"type":"FeatureCollection","features":[` + strings.Join(features, ",") + `]}`
		if r, err := a.ImportOutlines(t.Context(), strings.NewReader(file), nil); err != nil || r.ProblemCount > 0 {
			t.Fatalf("%+v %v", r, err)
		}
		for _, row := range []struct {
			name      string
			areas     []cap.Area
			own, near []string
		}{
			{"the outline itself", []cap.Area{polygon(1, 1, 2, 2)}, []string{"U=14"}, []string{"U=11", "U=12", "U=13", "U=15"}},
			{"a part of it, in two languages", []cap.Area{polygon(1.2, 1.2, 1.4, 1.4), polygon(1.2, 1.2, 1.4, 1.4)}, []string{"U=14"}, []string{"U=11", "U=12", "U=13", "U=15"}},
			{"two", []cap.Area{polygon(1.2, 0.5, 1.4, 1.5)}, []string{"U=13", "U=14"}, []string{"U=11", "U=12", "U=15"}},
			{"one, and a hair of another", []cap.Area{polygon(1.2, 0.93, 1.4, 1.93)}, []string{"U=14"}, []string{"U=11", "U=12", "U=15"}},
			{"the hole", []cap.Area{polygon(0.25, 0.25, 0.35, 0.35)}, []string{"U=15"}, []string{"U=11", "U=12", "U=13", "U=14"}},
			{"a circle", []cap.Area{{Circles: []cap.Circle{{Center: cap.Point{Lat: 0.5, Lon: 1.5}, RadiusKM: 5}}}}, []string{"U=12"}, []string{"U=11", "U=13", "U=14", "U=15"}},
			{"elsewhere", []cap.Area{polygon(10, 10, 11, 11)}, nil, nil},
		} {
			own, near, far, err := a.Neighbours(t.Context(), row.areas, func(string) bool { return false })
			if err != nil || !slices.Equal(own, row.own) || !slices.Equal(near, row.near) || far != nil {
				t.Errorf("%s: %q, %q, %q, %v", row.name, own, near, far, err)
			}
		}
	})
}

// TestAnybody: whoever is registered is somebody.
func TestAnybody(t *testing.T) {
	keys, err := seal.New([]seal.Key{{ID: "1", Secret: make([]byte, seal.KeySize)}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a, err := New(t.Context(), Config{DB: db, Keys: keys, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = a.Close() })
		if known, err := a.Anybody(t.Context()); known || err != nil {
			t.Errorf("an empty register: %v %v", known, err)
		}
		if _, err := a.ImportPeople(t.Context(), strings.NewReader("person,sms,places\nresident,+12015550123,\"1,1\"\n"), ImportOptions{}); err != nil {
			t.Fatal(err)
		}
		if known, err := a.Anybody(t.Context()); !known || err != nil {
			t.Errorf("a resident: %v %v", known, err)
		}
	})
}

// TestTextsThatNoDatabaseKeeps: a line with U+0000, and a name that nobody could show, are told with their place, and the rest is imported.
func TestTextsThatNoDatabaseKeeps(t *testing.T) {
	keys, err := seal.New([]seal.Key{{ID: "1", Secret: make([]byte, seal.KeySize)}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a, err := New(t.Context(), Config{DB: db, Keys: keys, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = a.Close() })
		long := strings.Repeat("x", 100_000)
		r, err := a.ImportUnits(t.Context(), strings.NewReader("code,name\nU=1,a\x00b\nU=2,"+long+"\nU=3,mill\n"), nil)
		if err != nil || r.New != 1 || len(r.Problems) != 2 || r.Problems[0].Line != 2 || !strings.Contains(r.Problems[0].What, "U+0000") ||
			r.Problems[1].Column != "name" || !strings.Contains(r.Problems[1].What, "at most 200") {
			t.Errorf("%+v %v", r, err)
		}
		square := `"geometry":{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1],[0,0]]]}`
		r, err = a.ImportOutlines(t.Context(), strings.NewReader(`{"type":"FeatureCollection","features":[`+
			`{"type":"Feature","properties":{"code":"V=1","name":"a\u0000b"},`+square+`},{"type":"Feature","properties":{"code":"V=2","name":"`+long+`"},`+square+`}]}`), nil)
		if err != nil || r.New != 0 || len(r.Problems) != 2 || !strings.Contains(r.Problems[0].What, "U+0000") || !strings.Contains(r.Problems[1].What, "at most 200") {
			t.Errorf("%+v %v", r, err)
		}
	})
}
