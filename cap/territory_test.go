package cap

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// outlineOf makes a closed polygon of "lat,lon" pairs.
func outlineOf(t testing.TB, text string) Polygon {
	t.Helper()
	p, err := parsePolygon(text, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if p[0] != p[len(p)-1] {
		p = append(p, p[0])
	}
	return p
}

func TestTerritory(t *testing.T) {
	const (
		county = "10,10 10,20 20,20 20,10"
		// notched is the county without a bay that opens to the east.
		notched = "10,10 10,20 14,20 14,14 16,14 16,20 20,20 20,10"
		enclave = "14,14 14,16 16,16 16,14"
		pacific = "-20,170 -20,-170 -10,-170 -10,170"
		slanted = "0,0 1,3 4,5 3,1"
	)
	unit := func(outline string, holes ...string) Unit {
		u := Unit{Codes: []Value{{"SAME", "006109"}, {"GB2260", "3301*"}}, Polygons: []Polygon{outlineOf(t, outline)}}
		for _, h := range holes {
			u.Holes = append(u.Holes, outlineOf(t, h))
		}
		return u
	}
	polygon := func(text string) Area { return Area{Polygons: []Polygon{outlineOf(t, text)}} }
	circle := func(lat, lon, km float64) Area { return Area{Circles: []Circle{{Point{lat, lon}, km}}} }
	code := func(name, value string) Area { return Area{Geocodes: []Value{{name, value}}} }
	for _, row := range []struct {
		name  string
		units []Unit
		area  Area
		want  bool
	}{
		{"well inside", []Unit{unit(county)}, polygon("12,12 12,13 13,13"), true},
		{"the unit itself", []Unit{unit(county)}, polygon(county), true},
		{"the unit itself, the other way round", []Unit{unit(slanted)}, polygon("3,1 4,5 1,3 0,0"), true},
		{"the unit itself, with points between its own", []Unit{unit(slanted)}, polygon("0,0 0.5,1.5 1,3 4,5 3,1"), true},
		{"it touches the border", []Unit{unit(county)}, polygon("10,12 10,18 15,15"), true},
		{"one corner outside", []Unit{unit(county)}, polygon("12,12 12,21 13,13"), false},
		{"all corners inside, and an edge across the bay", []Unit{unit(notched)}, polygon("13,19 17,19 15,12"), false},
		{"corners on the shore of the bay", []Unit{unit(notched)}, polygon("14,18 16,18 16,15 14,15"), false},
		{"it lies in the bay and fills it", []Unit{unit(notched)}, polygon("14,14 14,20 16,20 16,14"), false},
		{"behind the bay", []Unit{unit(notched)}, polygon("12,11 18,11 18,13 12,13"), true},
		{"around an enclave", []Unit{unit(county, enclave)}, polygon("12,12 12,18 18,18 18,12"), false},
		{"beside an enclave, along its border", []Unit{unit(county, enclave)}, polygon("14,12 14,14 16,14 16,12"), true},
		{"the enclave itself", []Unit{unit(county, enclave)}, polygon(enclave), false},
		{"within the enclave", []Unit{unit(county, enclave)}, polygon("14.5,14.5 14.5,15 15,15"), false},
		{"around the whole unit", []Unit{unit(county)}, polygon("0,0 0,30 30,30 30,0"), false},
		{"elsewhere", []Unit{unit(county)}, polygon("40,40 40,41 41,41"), false},
		{"in one of two units", []Unit{unit(slanted), unit(county)}, polygon("12,12 12,13 13,13"), true},
		{"over the border of two units", []Unit{unit(county), unit("10,20 10,30 20,30 20,20")}, polygon("12,18 12,22 14,20"), false},
		{"across the antimeridian", []Unit{unit(pacific)}, polygon("-15,179 -15,-179 -12,-179 -12,179"), true},
		{"across the antimeridian and out", []Unit{unit(pacific)}, polygon("-15,179 -15,-169 -12,-179"), false},
		{"east of the antimeridian alone", []Unit{unit(pacific)}, polygon("-15,-175 -15,-171 -12,-175"), true},
		{"a circle inside", []Unit{unit(county)}, circle(15, 15, 100), true},
		{"a circle that reaches out", []Unit{unit(county)}, circle(15, 19.5, 100), false},
		{"a circle over an enclave", []Unit{unit(county, enclave)}, circle(15, 15, 300), false},
		{"a point inside", []Unit{unit(county)}, circle(15, 15, 0), true},
		{"a point outside", []Unit{unit(county)}, circle(15, 25, 0), false},
		{"a circle around the world", []Unit{unit(county)}, circle(15, 15, 15000), false},
		{"a code that is listed", []Unit{unit(county)}, code("same", " 006109 "), true},
		{"a code of the same beginning", []Unit{unit(county)}, code("GB2260", "330106"), true},
		{"a code of another place", []Unit{unit(county)}, code("GB2260", "330206"), false},
		{"a code of another list", []Unit{unit(county)}, code("CLC", "006109"), false},
		{"a polygon inside with a code outside", []Unit{unit(county)}, Area{Polygons: polygon("12,12 12,13 13,13").Polygons,
			Geocodes: []Value{{"SAME", "006111"}}}, false},
		{"a polygon, and a unit of codes alone", []Unit{{Codes: []Value{{"SAME", "006109"}}}}, polygon("12,12 12,13 13,13"), false},
		{"an area of nothing", []Unit{unit(county)}, Area{Description: "here"}, false},
		{"an open polygon", []Unit{unit(county)}, Area{Polygons: []Polygon{{{12, 12}, {12, 13}, {13, 13}, {14, 13}}}}, false},
		{"no units", nil, code("SAME", "006109"), false},
	} {
		t.Run(row.name, func(t *testing.T) {
			territory, err := NewTerritory(row.units)
			if err != nil {
				t.Fatal(err)
			}
			if have := territory.Within([]Area{row.area}); have != row.want {
				t.Errorf("within: %v, want %v", have, row.want)
			}
			found := territory.Outside(&Alert{Infos: []Info{{Areas: []Area{row.area}}}})
			if (len(found) == 0) != row.want {
				t.Errorf("outside: %v", found)
			}
		})
	}
}

func TestOutsideNamesThePlace(t *testing.T) {
	territory, err := NewTerritory([]Unit{{Codes: []Value{{"SAME", "006109"}}, Polygons: []Polygon{outlineOf(t, "10,10 10,20 20,20 20,10")}}})
	if err != nil {
		t.Fatal(err)
	}
	inside := outlineOf(t, "12,12 12,13 13,13")
	a := &Alert{Infos: []Info{
		{Areas: []Area{{Polygons: []Polygon{inside}}, {Polygons: []Polygon{inside, outlineOf(t, "12,12 12,25 13,13")}, Geocodes: []Value{{"SAME", "006109"}, {"SAME", "1"}}}}},
		{},
		{Areas: []Area{{Description: "nowhere"}}},
	}}
	var paths []string
	for _, f := range territory.Outside(a) {
		paths = append(paths, f.ID+" "+f.Path)
		if f.Level != LevelError || f.Clause == "" || f.Message == "" {
			t.Errorf("finding %+v", f)
		}
	}
	want := "territory.polygon alert/info[1]/area[2]/polygon[2]; territory.geocode alert/info[1]/area[2]/geocode[2]; territory.area alert/info[2]; territory.area alert/info[3]/area[1]"
	if have := strings.Join(paths, "; "); have != want {
		t.Errorf("have %s\nwant %s", have, want)
	}
	if found := territory.Outside(&Alert{}); len(found) > 0 {
		t.Errorf("an alert without infos: %v", found)
	}
}

func TestTerritoryRefuses(t *testing.T) {
	good := outlineOf(t, "10,10 10,20 20,20 20,10")
	for _, row := range []struct {
		name string
		unit Unit
		want string
	}{
		{"an open polygon", Unit{Polygons: []Polygon{good, good[:4]}}, "unit 1: polygon 2: the polygon is not closed"},
		{"a hole out of range", Unit{Polygons: []Polygon{good}, Holes: []Polygon{outlineOf(t, "95,10 10,20 20,20")}}, "unit 1: hole 1: point 1"},
		{"a code that is everything", Unit{Codes: []Value{{"SAME", "*"}}}, "unit 1: code 1"},
	} {
		if _, err := NewTerritory([]Unit{row.unit}); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", row.name, err, row.want)
		}
	}
}

// TestWithinIsCareful: of an area that is said to lie inside, no point lies outside.
func TestWithinIsCareful(t *testing.T) {
	star := func(t *rapid.T, name string, size float64) Polygon {
		center := Point{rapid.Float64Range(-3, 3).Draw(t, name+" lat"), 179 + rapid.Float64Range(-3, 3).Draw(t, name+" lon")}
		n := rapid.IntRange(3, 9).Draw(t, name+" corners")
		var p Polygon
		for i := range n {
			far := size * rapid.Float64Range(0.1, 1).Draw(t, name+" far")
			angle := 2 * math.Pi * float64(i) / float64(n)
			p = append(p, Point{center.Lat + far*math.Sin(angle), math.Remainder(center.Lon+far*math.Cos(angle), 360)})
		}
		return append(p, p[0])
	}
	inside := 0
	rapid.Check(t, func(t *rapid.T) {
		unit := Unit{Polygons: []Polygon{star(t, "unit", 10)}}
		if rapid.Bool().Draw(t, "enclave") {
			unit.Holes = []Polygon{star(t, "hole", 2)}
		}
		area := Area{Polygons: []Polygon{star(t, "area", 4)}}
		if polygonFault(area.Polygons[0]) != "" || polygonFault(unit.Polygons[0]) != "" {
			t.Skip("no polygon")
		}
		territory, err := NewTerritory([]Unit{unit})
		if err != nil {
			t.Skip("no unit")
		}
		if !territory.Within([]Area{area}) {
			return
		}
		inside++
		region, err := NewRegion([]Area{area})
		if err != nil {
			t.Fatal(err)
		}
		random := rand.New(rand.NewPCG(1, rapid.Uint64().Draw(t, "seed")))
		for range 300 {
			at := Point{-8 + 16*random.Float64(), 171 + 16*random.Float64()}
			if region.Contains(at.Lat, at.Lon) && !territory.outlines[0].holds(at.Lat, at.Lon) {
				t.Fatalf("%v lies in the area and not in the unit", at)
			}
		}
	})
	if inside == 0 {
		t.Error("no area lay inside: the test shows nothing")
	}
}
