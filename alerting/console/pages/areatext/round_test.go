package areatext

import (
	"fmt"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"tocsin/cap"
)

// anyPoint is anywhere on the earth, to seven decimals (a centimetre).
func anyPoint() *rapid.Generator[cap.Point] {
	return rapid.Custom(func(t *rapid.T) cap.Point {
		return cap.Point{Lat: float64(rapid.IntRange(-90e7, 90e7).Draw(t, "lat")) / 1e7, Lon: float64(rapid.IntRange(-180e7, 180e7).Draw(t, "lon")) / 1e7}
	})
}

func anyArea() *rapid.Generator[cap.Area] {
	return rapid.Custom(func(t *rapid.T) cap.Area {
		var area cap.Area
		for range rapid.IntRange(0, 3).Draw(t, "polygons") {
			ring := cap.Polygon(rapid.SliceOfNDistinct(anyPoint(), 3, 9, func(p cap.Point) cap.Point { return p }).Draw(t, "ring"))
			if ring = append(ring, ring[0]); !usable(ring) {
				t.Skip("a spiral")
			}
			area.Polygons = append(area.Polygons, ring)
		}
		for range rapid.IntRange(0, 3).Draw(t, "circles") {
			area.Circles = append(area.Circles, cap.Circle{Center: anyPoint().Draw(t, "centre"), RadiusKM: float64(rapid.IntRange(0, 20_040_000).Draw(t, "metres")) / 1000})
		}
		for range rapid.IntRange(0, 3).Draw(t, "units") {
			area.Geocodes = append(area.Geocodes, cap.Value{Name: rapid.StringMatching(`[A-Za-z/0-9]{1,9}`).Draw(t, "name"), Value: rapid.StringMatching(`[A-Za-z0-9市=，]{1,9}`).Draw(t, "code")})
		}
		return area
	})
}

func usable(ring cap.Polygon) bool {
	fault, _ := ring.Check()
	return fault == ""
}

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		area := anyArea().Draw(t, "area")
		text := Write(area)
		got, faults := Read(text)
		if len(faults) > 0 || !reflect.DeepEqual(got, area) {
			t.Fatalf("%q\ngives %+v\nwant  %+v\n%v", text, got, area, faults)
		}
	})
}

// The same ring as WKT, GeoJSON, a bare list and a list with letters must be the same polygon.
func TestAllFormsSayTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ring := cap.Polygon(rapid.SliceOfNDistinct(anyPoint(), 3, 9, func(p cap.Point) cap.Point { return p }).Draw(t, "ring"))
		if ring = append(ring, ring[0]); !usable(ring) {
			t.Skip("a spiral")
		}
		var wkt, geo, bare, letters string
		for i, p := range ring {
			if i > 0 {
				wkt, geo, bare, letters = wkt+",", geo+",", bare+"\n", letters+"；"
			}
			lat, lon := string(appendNumber(nil, p.Lat)), string(appendNumber(nil, p.Lon))
			wkt, geo, bare = wkt+lon+" "+lat, geo+"["+lon+","+lat+"]", bare+lat+"，"+lon
			letters += lettered(p.Lon, "东经", "西经") + "，" + lettered(p.Lat, "北纬", "南纬")
		}
		for _, text := range []string{"POLYGON((" + wkt + "))", `{"type":"Polygon","coordinates":[[` + geo + `]]}`, bare, letters} {
			got, faults := Read(text)
			if len(faults) > 0 || !reflect.DeepEqual(got, cap.Area{Polygons: []cap.Polygon{ring}}) {
				t.Fatalf("%q\ngives %+v\nwant  %+v\n%v", text, got, ring, faults)
			}
		}
	})
}

// lettered writes an angle with the word of its half.
func lettered(v float64, positive, negative string) string {
	if v < 0 {
		return negative + string(appendNumber(nil, -v)) + "度"
	}
	return positive + string(appendNumber(nil, v)) + "°"
}

func FuzzRead(f *testing.F) {
	for _, text := range []string{"polygon 1,2 3,4 5,6\ncircle 1,2 3\nunit A=1", "POLYGON((1 2,3 4,5 6))", "MULTIPOLYGON(((1 2,3 4,5 6)))", "SRID=4326;POLYGON Z((1 2 0,3 4 0,5 6 0));",
		`{"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[1,2],[3,4],[5,6]]]}}`, "31°12'30\"N 121°28'00\"E", "北纬31度，东经121度", "1,2\n3,4\n5,6", "lat 1 lon 2", "circle N1°2' E3 4 km"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		area, faults := Read(text)
		for _, fault := range faults {
			if fault.Line < 1 || fault.English == "" || fault.Chinese == "" {
				t.Fatalf("%q: %+v is no whole fault", text, fault)
			}
		}
		if len(faults) > 0 {
			return
		}
		if _, err := cap.NewRegion([]cap.Area{area}); err != nil {
			t.Fatalf("%q: package cap refuses the area: %v", text, err)
		}
		again, faults := Read(Write(area))
		if len(faults) > 0 || fmt.Sprint(again) != fmt.Sprint(area) {
			t.Fatalf("%q: %+v is read again as %+v (%v)", text, area, again, faults)
		}
	})
}
