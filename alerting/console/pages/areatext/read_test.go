package areatext

import (
	"reflect"
	"strings"
	"testing"

	"tocsin/cap"
)

// town is a square of four corners, closed.
func town() cap.Polygon {
	return cap.Polygon{{Lat: 31.2, Lon: 121.4}, {Lat: 31.2, Lon: 121.5}, {Lat: 31.3, Lon: 121.5}, {Lat: 31.3, Lon: 121.4}, {Lat: 31.2, Lon: 121.4}}
}

func polygons(all ...cap.Polygon) cap.Area { return cap.Area{Polygons: all} }

func TestWhatPeopleTypeAndPaste(t *testing.T) {
	square := polygons(town())
	tenths := cap.Polygon{{Lat: 31.5, Lon: 121.25}, {Lat: 31.5, Lon: 121.5}, {Lat: 31.75, Lon: 121.5}, {Lat: 31.5, Lon: 121.25}}
	tests := []struct {
		name, text string
		want       cap.Area
	}{
		{"nothing", " \n\t\r\n", cap.Area{}},
		{"our lines", "polygon 31.2,121.4 31.2,121.5 31.3,121.5 31.3,121.4 31.2,121.4\ncircle 31.25,121.45 2.5\nunit SAME=006109\n", cap.Area{
			Polygons: []cap.Polygon{town()}, Circles: []cap.Circle{{Center: cap.Point{Lat: 31.25, Lon: 121.45}, RadiusKM: 2.5}}, Geocodes: []cap.Value{{Name: "SAME", Value: "006109"}}}},
		{"an open ring is closed", "polygon 31.2,121.4 31.2,121.5 31.3,121.5 31.3,121.4", square},
		{"any case, blanks, line ends of Windows", "  POLYGON\t31.2,121.4  31.2,121.5 31.3,121.5 31.3,121.4 \r\n\r\n", square},
		{"our words in Chinese", "多边形：31.2,121.4 31.2,121.5 31.3,121.5 31.3,121.4\n圆 31.25，121.45 500米\n单元 GB/T2260=310101", cap.Area{
			Polygons: []cap.Polygon{town()}, Circles: []cap.Circle{{Center: cap.Point{Lat: 31.25, Lon: 121.45}, RadiusKM: 0.5}}, Geocodes: []cap.Value{{Name: "GB/T2260", Value: "310101"}}}},
		{"radius with a unit", "circle 31.25,121.45 3 km\ncircle 31.25, 121.45, 250 m", cap.Area{Circles: []cap.Circle{
			{Center: cap.Point{Lat: 31.25, Lon: 121.45}, RadiusKM: 3}, {Center: cap.Point{Lat: 31.25, Lon: 121.45}, RadiusKM: 0.25}}}},
		{"WKT", "POLYGON ((121.4 31.2, 121.5 31.2, 121.5 31.3, 121.4 31.3, 121.4 31.2))", square},
		{"WKT over lines, open, with height and a semicolon", "SRID=4326;POLYGON Z\n((121.4 31.2 4,\n121.5 31.2 4, 121.5 31.3 4, 1.214e2 31.3 4));", square},
		{"WKT of several", "MULTIPOLYGON (((121.4 31.2, 121.5 31.2, 121.5 31.3, 121.4 31.3)), ((121.25 31.5,121.5 31.5,121.5 31.75)))", polygons(town(), tenths)},
		{"WKT collection", "GEOMETRYCOLLECTION(POLYGON((121.4 31.2, 121.5 31.2, 121.5 31.3, 121.4 31.3)))", square},
		{"GeoJSON", `{"type":"Polygon","coordinates":[[[121.4,31.2],[121.5,31.2],[121.5,31.3],[121.4,31.3],[121.4,31.2]]]}`, square},
		{"GeoJSON collection", `{"type":"FeatureCollection","crs":{"properties":{"name":"urn:ogc:def:crs:OGC:1.3:CRS84"}},"features":[
			{"type":"Feature","properties":{"name":"市"},"geometry":{"type":"MultiPolygon","coordinates":[[[[121.4,31.2,4],[121.5,31.2],[121.5,31.3],[121.4,31.3]]]]}},
			{"type":"Feature","properties":null,"geometry":{"type":"GeometryCollection","geometries":[{"type":"Polygon","coordinates":[[[121.25,31.5],[121.5,31.5],[121.5,31.75]]]}]}}]}`, polygons(town(), tenths)},
		{"pairs by line", "31.2,121.4\n31.2,121.5\n31.3,121.5\n31.3,121.4\n", square},
		{"pairs with blanks, semicolons, wide commas, brackets", "(31.2 121.4); (31.2;121.5)；３１．３，121.5、31.3\t121.4", square},
		{"one number by line", "31.2\n121.4\n31.2\n121.5\n31.3\n121.5\n31.3\n121.4", square},
		{"longitude first where it can be nothing else", "121.4,31.2 121.5,31.2 121.5,31.3 121.4,31.3", square},
		{"two lists", "31.2,121.4 31.2,121.5 31.3,121.5 31.3,121.4\n\n31.5,121.25 31.5,121.5 31.75,121.5", polygons(town(), tenths)},
		{"degrees and minutes", `31°30'N 121°15'E, 31°30'N 121°30'E, 31°45'N 121°30'E`, polygons(tenths)},
		{"degrees, minutes, seconds, letters first, longitude first", "E121°15′00″ N31°30′00″\nE121°30′00″ N31°30′00″\nE121°30′00″ N31°45′00″", polygons(tenths)},
		{"blanks instead of marks", "31 30 00 N, 121 15 00 E; 31 30 00 N, 121 30 00 E; 31 45 00 N, 121 30 00 E", polygons(tenths)},
		{"Chinese", "北纬31度30分，东经121度15分；北纬31度30分，东经121度30分；北纬31度45分0秒，东经121.5度", polygons(tenths)},
		{"Chinese, longitude first", "东经121°15′、北纬31°30′\n东经121°30′、北纬31°30′\n东经121°30′、北纬31°45′", polygons(tenths)},
		{"labels", "lat: 31.5 lon: 121.25\nlat: 31.5 lon: 121.5\n纬度 31.75 经度 121.5", polygons(tenths)},
		{"degrees without letters", "31°30' 121°15' 31°30' 121.5° 31°45' 121°30'", polygons(tenths)},
		{"south and west", "33°30'S 70°45'W, 33.5S 70.5W, 33.75 s 70.5 w", polygons(cap.Polygon{{Lat: -33.5, Lon: -70.75}, {Lat: -33.5, Lon: -70.5}, {Lat: -33.75, Lon: -70.5}, {Lat: -33.5, Lon: -70.75}})},
		{"minus", "-33.5,-70.75 −33.5,−70.5 -33.75,-70.5", polygons(cap.Polygon{{Lat: -33.5, Lon: -70.75}, {Lat: -33.5, Lon: -70.5}, {Lat: -33.75, Lon: -70.5}, {Lat: -33.5, Lon: -70.75}})},
		{"one thing after another", "unit SAME=006109\n31.2,121.4 31.2,121.5\n31.3,121.5 31.3,121.4\ncircle N31°15' E121°27' 5\n{\"type\":\"Polygon\",\"coordinates\":[[[121.25,31.5],[121.5,31.5],[121.5,31.75]]]}\nunit SAME = 006110", cap.Area{
			Polygons: []cap.Polygon{town(), tenths}, Circles: []cap.Circle{{Center: cap.Point{Lat: 31.25, Lon: 121.45}, RadiusKM: 5}}, Geocodes: []cap.Value{{Name: "SAME", Value: "006109"}, {Name: "SAME", Value: "006110"}}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, faults := Read(test.text)
			if len(faults) > 0 {
				t.Fatalf("%q: %s", test.text, faults[0].In("en"))
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("%q\n gives %+v\n want  %+v", test.text, got, test.want)
			}
		})
	}
}

func TestFaultsNameTheLineAndTheFix(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string // for each fault: its line and a part of the text
	}{
		{"a word", "unit SAME=1\n\nfoo 31,121", []string{`line 3: "foo" is not understood: begin the line with polygon`}},
		{"a longer word", "circles 31,121 5", []string{`line 1: "circles" is not understood`}},
		{"two corners", "31.2,121.4\n31.2,121.5", []string{"line 1: the polygon has 2 different corners and needs at least 3"}},
		{"no corner", "polygon", []string{"line 1: the polygon has no corners"}},
		{"an odd number", "31.2,121.4\n31.2,121.5,7\n31.3,121.5", []string{"line 2: the line has 3 numbers"}},
		{"decimal commas", "31,2 121,4; 31,2 121,5; 31,3 121,5", []string{"line 1: the latitude 121 (of 121,4) is not between -90 and 90: exchange"}},
		{"longitude first among others", "polygon 89,31.2 91,31.2 91,31.3", []string{"line 1: the latitude 91 (of 91,31.2)"}},
		{"longitude from 0 to 360", "polygon 10,181 11,181 11,182", []string{"line 1: the longitude 181 (of 10,181) is not between -180 and 180: subtract"}},
		{"metres", "polygon 3454321,456789 3454321,456799 3454331,456799", []string{"is not on the earth: coordinates are degrees of WGS 84; convert"}},
		{"numbers that touch", "31.2-121.4 31.2-121.5 31.3-121.5", []string{`"-121.4" is not understood`}},
		{"minutes", "31°60'N 121°15'E", []string{"line 1: the coordinates cannot be told apart"}},
		{"marks in disorder", "31'30°N 121°15'E", []string{"cannot be told apart"}},
		{"minus and a letter", "-31°30'S 121°15'E", []string{"cannot be told apart"}},
		{"two latitudes", "31N 32N 121E 122E", []string{"line 1: two latitudes or two longitudes follow each other"}},
		{"one angle", "N31 E121\nN32", []string{"line 2: a latitude or longitude is missing"}},
		{"only commas", ", ,", []string{"is not understood"}},
		{"only letters", "N E", []string{"cannot be told apart"}},
		{"circle without radius", "circle 31.25,121.45", []string{"line 1: the line has 1 numbers"}},
		{"circle with one word", "circle 5", []string{`line 1: "5" is no circle: write circle LAT,LON KM`}},
		{"circle with a word", "circle 31.25,121.45 far", []string{`line 1: the radius "far" is no number`}},
		{"circle too large", "circle 31.25,121.45 20041", []string{"the radius 20041 is not between 0 and 20040 kilometres"}},
		{"circle of two places", "circle 31.25,121.45 31.25,121.45 5", []string{"is no circle"}},
		{"unit without a name", "unit 006109\nunit =1\nunit A=", []string{`line 1: "006109" is no code`, `line 2: "=1" is no code`, `line 3: "A=" is no code`}},
		{"a hole", "POLYGON((0 0,9 0,9 9),(1 1,2 1,2 2))\ncircle 1,1 x", []string{"line 1: the polygon has a hole, and a warning cannot have one", "line 2: the radius"}},
		{"a hole in GeoJSON", `{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[0,0],[9,0],[9,9]],[[1,1],[2,1],[2,2]]]}}]}`, []string{"line 1: feature 1: the polygon has a hole"}},
		{"a point of WKT", "POINT(121 31)", []string{`line 1: the WKT is a "POINT"`}},
		{"an empty WKT", "POLYGON EMPTY", []string{"the WKT is empty"}},
		{"another system", "SRID=3857;POLYGON((0 0,1 0,1 1))", []string{`the WKT has the reference system "3857": convert it`}},
		{"a broken WKT", "POLYGON((0 0,1 0,\n1 x))", []string{`line 2: the WKT is broken at "x))": want latitude`}},
		{"WKT that ends", "POLYGON((0 0,1 0,1 1", []string{`line 1: the WKT is broken at "": want , or )`}},
		{"a list in brackets", "[[121.4,31.2],[121.5,31.2]]", []string{"line 1: a list in brackets does not say whether latitude or longitude comes first"}},
		{"GeoJSON that ends", "{\"type\":\n\"Polygon\"", []string{"line 2: the GeoJSON ends too early"}},
		{"broken GeoJSON", "{\"type\":\n\"Polygon\",,}", []string{"line 2: this is no GeoJSON"}},
		{"a point of GeoJSON", `{"type":"Point","coordinates":[121,31]}`, []string{`the GeoJSON has a "Point"`}},
		{"GeoJSON without geometry", `{"type":"FeatureCollection","features":[]}`, []string{"the GeoJSON FeatureCollection holds no geometry"}},
		{"GeoJSON in another system", `{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::3857"}},"features":[]}`, []string{`has the reference system "urn:ogc:def:crs:EPSG::3857": convert`}},
		{"a position of one number", `{"type":"Polygon","coordinates":[[[1],[2,3],[4,5]]]}`, []string{"position 1 of a polygon has 1 numbers"}},
		{"no rings", `{"type":"Polygon","coordinates":[1,2]}`, []string{"the coordinates of the Polygon are no rings"}},
		{"a spiral", "polygon 1,0 1,100 1,-160 1,-60 1,40 1,140 1,-120 1,-20 1,80 1,180 2,-80 3,20", []string{"line 1: the polygon winds around the globe more than once"}},
		{"not UTF-8", "polygon \xff", []string{"line 1: the text is not UTF-8"}},
		{"a flood of faults", strings.Repeat("x\n\n", 99), slicesRepeat(`"x" is not understood`, maxFaults)},
		{"too large", strings.Repeat(" ", MaxBytes+1), []string{"at most 1048576 are read"}},
		{"too many shapes", strings.Repeat("unit A=1\n", MaxShapes+9), []string{"line 2001: there are more than 2000 shapes"}},
		{"too many corners", "polygon" + strings.Repeat(" 1,2", MaxPoints+1), []string{"line 1: the polygons have more than 20000 corners"}},
		{"too many corners of WKT", "POLYGON((" + strings.Repeat("1 2,", MaxPoints+9), []string{"line 1: the polygons have more than 20000 corners"}},
		{"collections in collections", strings.Repeat("GEOMETRYCOLLECTION(", 99), []string{"the WKT is a"}},
		{"GeoJSON in GeoJSON", strings.Repeat(`{"type":"FeatureCollection","features":[`, 99) + "{}" + strings.Repeat("]}", 99), []string{"nested deeper than 8"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, faults := Read(test.text)
			if len(faults) != len(test.want) {
				t.Fatalf("%d faults, want %d: %v", len(faults), len(test.want), faults)
			}
			for i, f := range faults {
				if !strings.Contains(f.In("en"), test.want[i]) {
					t.Errorf("fault %d is %q\nand has no %q", i+1, f.In("en"), test.want[i])
				}
				checkWords(t, f)
			}
		})
	}
}

// checkWords demands that a fault is whole in both languages: no verb of fmt is left over or without its argument.
func checkWords(t *testing.T, f Fault) {
	t.Helper()
	for _, text := range []string{f.In("en"), f.In("zh")} {
		if strings.Contains(text, "%!") || strings.Contains(text, "EXTRA") {
			t.Errorf("the words do not fit their arguments: %s", text)
		}
	}
	if !strings.ContainsAny(f.Chinese, "：") || f.Line < 1 {
		t.Errorf("%+v says no line or no fix in Chinese", f)
	}
}

func slicesRepeat(text string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = text
	}
	return out
}
