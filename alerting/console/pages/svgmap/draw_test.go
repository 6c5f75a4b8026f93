package svgmap

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tocsin/alerting"
	"tocsin/cap"
)

var update = flag.Bool("update", false, "write the golden files anew")

func rectangle(south, west, north, east float64) cap.Polygon {
	return cap.Polygon{{Lat: south, Lon: west}, {Lat: south, Lon: east}, {Lat: north, Lon: east}, {Lat: north, Lon: west}, {Lat: south, Lon: west}}
}

// pictures are what the golden files show.
func pictures() map[string]*Picture {
	return map[string]*Picture{
		"world": {Title: "The world"},
		"town": {
			ID: "alert-7", Title: "Flood <warning>", Description: "Two areas at the river & one siren out of order.", North: "北",
			Units: []Unit{{Title: "East", Polygons: []cap.Polygon{rectangle(31.10, 121.40, 31.30, 121.75)}}},
			Alerts: []Alert{
				{Title: "Flood", Label: "1", Severity: cap.Severe, World: alerting.Actual, Polygons: []cap.Polygon{rectangle(31.18, 121.45, 31.26, 121.60)},
					Circles: []cap.Circle{{Center: cap.Point{Lat: 31.25, Lon: 121.62}, RadiusKM: 4}}},
				{Title: "Rehearsal", Label: "2", Severity: cap.Minor, World: alerting.Exercise, Polygons: []cap.Polygon{rectangle(31.12, 121.65, 31.17, 121.72)}},
			},
			Sirens: []Siren{{At: cap.Point{Lat: 31.20, Lon: 121.50}, State: Ready}, {At: cap.Point{Lat: 31.22, Lon: 121.55}, State: Sounding},
				{At: cap.Point{Lat: 31.24, Lon: 121.58}, State: Failed}, {At: cap.Point{Lat: 31.15, Lon: 121.66}, State: "rusty"}},
		},
		"antimeridian": {Title: "Storm", Alerts: []Alert{
			{Severity: cap.Extreme, World: alerting.Actual, Polygons: []cap.Polygon{{{Lat: -19, Lon: 178}, {Lat: -19, Lon: -179}, {Lat: -16, Lon: -179}, {Lat: -16, Lon: 178}, {Lat: -19, Lon: 178}}}},
			{Severity: cap.Moderate, World: alerting.Test, Circles: []cap.Circle{{Center: cap.Point{Lat: -17, Lon: -178}, RadiusKM: 60}}}}},
		"pole":  {Title: "Ice", Alerts: []Alert{{Severity: cap.Moderate, World: alerting.Actual, Circles: []cap.Circle{{Center: cap.Point{Lat: 85, Lon: 20}, RadiusKM: 1200}}}}},
		"point": {Title: "One siren", Sirens: []Siren{{At: cap.Point{Lat: 48.2, Lon: 16.4}, State: Ready}}},
	}
}

func TestDrawingsAreAsBefore(t *testing.T) {
	for name, p := range pictures() {
		t.Run(name, func(t *testing.T) {
			got := []byte(Draw(p))
			file := filepath.Join("testdata", name+".svg")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s differs from the drawing; look at both, and run with -update where the new one is right", file)
			}
			check(t, got)
			t.Logf("%d bytes", len(got))
		})
	}
}

// check demands what a strict policy and a parser of XML demand, and the bound.
func check(t interface{ Fatalf(string, ...any) }, drawing []byte) {
	if len(drawing) > MaxBytes {
		t.Fatalf("the drawing has %d bytes, want at most %d", len(drawing), MaxBytes)
	}
	decoder := xml.NewDecoder(bytes.NewReader(drawing))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("the drawing is no XML: %v", err)
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if element.Name.Local == "script" || element.Name.Local == "style" || element.Name.Local == "image" {
			t.Fatalf("the drawing has a %s", element.Name.Local)
		}
		for _, a := range element.Attr {
			if a.Name.Local == "style" || a.Name.Local == "href" || strings.HasPrefix(a.Name.Local, "on") || strings.Contains(a.Value, "url(") || strings.Contains(a.Value, "NaN") {
				t.Fatalf("the drawing has %s=%q", a.Name.Local, a.Value)
			}
		}
	}
}

func TestTextsOfPeopleAreEscaped(t *testing.T) {
	evil := `"><script>alert(1)</script>`
	got := string(Draw(&Picture{ID: evil, Title: evil, Description: evil, North: evil, Alerts: []Alert{{Label: evil, Polygons: []cap.Polygon{rectangle(1, 1, 2, 2)}}}}))
	if strings.Contains(got, "<script") {
		t.Errorf("a text became markup: %s", got)
	}
	check(t, []byte(got))
}

func TestAntimeridianIsCrossedInOnePiece(t *testing.T) {
	p := pictures()["antimeridian"]
	d := &drawing{picture: p}
	d.place()
	if lon := d.frame.centre.Lon; math.Abs(math.Abs(math.Remainder(lon, 360))-179.5) > 1 {
		t.Errorf("the map is centred at %v, want about the antimeridian", lon)
	}
	if n := len(d.alerts[0]); n != 1 {
		t.Errorf("the polygon has %d parts, want 1", n)
	}
	if shown := d.frame.box(); shown.east-shown.west > 12 {
		t.Errorf("the map is %v degrees wide", shown.east-shown.west)
	}
	if land := d.frame.lines(landFor(d.frame)); len(land) < 3 {
		t.Errorf("there are %d islands, want some on both sides", len(land))
	}
}

func TestShapesAroundPolesAndTheWholeWorldAreOneRing(t *testing.T) {
	for name, c := range map[string]cap.Circle{
		"north": {Center: cap.Point{Lat: 85, Lon: 20}, RadiusKM: 1200}, "south": {Center: cap.Point{Lat: -90, Lon: 0}, RadiusKM: 900},
		"everything": {Center: cap.Point{Lat: 5, Lon: 5}, RadiusKM: 20040}, "an island": {Center: cap.Point{Lat: -17, Lon: 179.9}, RadiusKM: 200},
	} {
		a := Alert{Circles: []cap.Circle{c}}
		rings := ringsOf(a.shapes()[0])
		if len(rings) != 1 || extent(asLine(rings[0])) == 0 {
			t.Errorf("%s is %v", name, rings)
		}
		for i, p := range rings[0] {
			if q := rings[0][(i+1)%len(rings[0])]; math.Abs(q.Lon-p.Lon) > 180 && math.Abs(p.Lat) < 90 {
				t.Errorf("%s jumps from %v to %v", name, p, q)
			}
		}
	}
}

func asLine(r ring) (line []spot) {
	for _, p := range r {
		line = append(line, spot{p.Lon, p.Lat})
	}
	return line
}

// Everything that is warned of is seen, whatever else is on the map, and however much.
func TestAnyPictureIsSmallAndWhole(t *testing.T) {
	coordinate := func(most float64) *rapid.Generator[float64] { return rapid.Float64Range(-most, most) }
	rapid.Check(t, func(t *rapid.T) {
		p := &Picture{}
		for range rapid.IntRange(0, 4).Draw(t, "alerts") {
			a := Alert{Severity: rapid.SampledFrom([]cap.Severity{"", cap.Minor, cap.Extreme}).Draw(t, "severity")}
			south, west := coordinate(89).Draw(t, "south"), coordinate(180).Draw(t, "west")
			north, east := min(90, south+rapid.Float64Range(1e-6, 60).Draw(t, "tall")), math.Remainder(west+rapid.Float64Range(1e-6, 170).Draw(t, "wide"), 360)
			a.Polygons = append(a.Polygons, rectangle(south, west, north, east))
			a.Circles = append(a.Circles, cap.Circle{Center: cap.Point{Lat: coordinate(90).Draw(t, "lat"), Lon: coordinate(180).Draw(t, "lon")}, RadiusKM: rapid.Float64Range(0, 20040).Draw(t, "radius")})
			p.Alerts = append(p.Alerts, a)
			p.Sirens = append(p.Sirens, Siren{At: cap.Point{Lat: north, Lon: east}})
		}
		got := Draw(p)
		check(t, []byte(got))
		if len(p.Alerts) > 0 && !strings.Contains(string(got), `class="map-alert`) {
			t.Fatalf("no alert is drawn of %+v", p)
		}
		d := &drawing{picture: p}
		d.place()
		for i, own := range d.alerts {
			if len(own) == 0 {
				t.Fatalf("alert %d has no ring", i)
			}
			for _, r := range own {
				if width/d.frame.perLon > 359 {
					continue // what leaves the map on one side comes back on the other
				}
				if b := r.box(); d.frame.spot(cap.Point{Lat: b.south, Lon: b.west}).x < -1 || d.frame.spot(cap.Point{Lat: b.north, Lon: b.east}).x > width+1 || d.frame.spot(cap.Point{Lat: b.north, Lon: b.west}).y < -1 {
					t.Fatalf("alert %d lies outside of the drawing: %+v in %+v", i, b, d.frame)
				}
			}
		}
	})
}

func TestACrowdedMapStaysSmall(t *testing.T) {
	got := Draw(crowded())
	check(t, []byte(got))
	for _, class := range []string{"map-land", "map-unit", "map-alert map-extreme", "map-siren map-ready"} {
		if !strings.Contains(string(got), class) {
			t.Errorf("%s is missing", class)
		}
	}
}

// crowded is a country with 300 warnings of rough outlines, 100 units and 5000 sirens.
func crowded() *Picture {
	p := &Picture{Title: "Everything"}
	for i := range 300 {
		lat, lon := 30+float64(i%20)*0.4, 110+float64(i/20)*0.5
		p.Alerts = append(p.Alerts, Alert{Label: fmt.Sprint(i), Severity: cap.Extreme, Polygons: []cap.Polygon{rough(lat, lon, 0.3, 400)}})
	}
	for i := range 100 {
		p.Units = append(p.Units, Unit{Polygons: []cap.Polygon{rough(30+float64(i%10)*0.8, 110+float64(i/10)*0.8, 0.5, 1000)}})
	}
	for i := range 5000 {
		p.Sirens = append(p.Sirens, Siren{At: cap.Point{Lat: 30 + float64(i%71)*0.1, Lon: 110 + float64(i/71)*0.1}, State: Ready})
	}
	return p
}

// rough is a round shape with a jagged outline.
func rough(lat, lon, radius float64, points int) cap.Polygon {
	var ring cap.Polygon
	for i := range points {
		angle := 2 * math.Pi * float64(i) / float64(points)
		r := radius * (1 + 0.2*math.Sin(7*angle) + 0.05*float64(i%3))
		ring = append(ring, cap.Point{Lat: lat + r*math.Sin(angle), Lon: lon + r*math.Cos(angle)})
	}
	return append(ring, ring[0])
}

func TestLandIsWhole(t *testing.T) {
	coasts, err := readLand(landFile)
	if err != nil {
		t.Fatal(err)
	}
	if len(coasts) < 1400 {
		t.Errorf("there are %d outlines, want more than 1400", len(coasts))
	}
	for _, broken := range []string{"", `{"objects":{"land":{"geometries":[{"type":"Polygon"}]}}}`, `{"objects":{"land":{"geometries":[{"type":"MultiPolygon","arcs":[[[3]]]}]}}}`} {
		if _, err := readLand([]byte(broken)); err == nil {
			t.Errorf("%q is read without an error", broken)
		}
	}
	for _, place := range []struct {
		name string
		at   cap.Point
		land bool
	}{{"Vienna", cap.Point{Lat: 48.2, Lon: 16.4}, true}, {"Shanghai's west", cap.Point{Lat: 31.2, Lon: 121.2}, true}, {"the Atlantic", cap.Point{Lat: 30, Lon: -40}, false},
		{"the Caspian Sea", cap.Point{Lat: 42, Lon: 50.5}, false}, {"the South Pole", cap.Point{Lat: -89, Lon: 0}, true}} {
		inside := false
		for _, turn := range []float64{-360, 0, 360} {
			for _, c := range coasts {
				inside = inside != holds(c.moved(turn), place.at)
			}
		}
		if inside != place.land {
			t.Errorf("%s is land: %v, want %v", place.name, inside, place.land)
		}
	}
}

// holds asks by even-odd.
func holds(r ring, at cap.Point) bool {
	inside := false
	for i, p := range r {
		q := r[(i+1)%len(r)]
		if (p.Lat > at.Lat) != (q.Lat > at.Lat) && at.Lon < p.Lon+(q.Lon-p.Lon)*(at.Lat-p.Lat)/(q.Lat-p.Lat) {
			inside = !inside
		}
	}
	return inside
}

// The maps of the browser and those of the server show the same land.
func TestTheBrowserHasTheSameLand(t *testing.T) {
	other, err := os.ReadFile("../static/land-50m.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(other, landFile) {
		t.Error("../static/land-50m.json is another file: run make web")
	}
}

func TestGeoJSONIsThePicture(t *testing.T) {
	got, err := GeoJSON(pictures()["town"])
	if err != nil {
		t.Fatal(err)
	}
	var read struct {
		Features []struct {
			Properties struct {
				Class, Title string
				Radius       float64 `json:"radius_m"`
			}
			Geometry struct{ Type string }
		}
	}
	if err := json.Unmarshal(got, &read); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, f := range read.Features {
		all = append(all, fmt.Sprint(f.Geometry.Type, " ", f.Properties.Class, " ", f.Properties.Radius))
	}
	want := `MultiPolygon map-unit 0
MultiPolygon map-alert map-severe map-actual 0
Point map-alert map-severe map-actual 4000
MultiPolygon map-alert map-minor map-exercise 0
Point map-siren map-ready 0
Point map-siren map-sounding 0
Point map-siren map-failed 0
Point map-siren map-unsure 0`
	if strings.Join(all, "\n") != want {
		t.Errorf("the features are\n%s\nwant\n%s", strings.Join(all, "\n"), want)
	}
	if empty, err := GeoJSON(&Picture{}); err != nil || string(empty) != `{"type":"FeatureCollection","features":[]}` {
		t.Errorf("an empty picture is %s, %v", empty, err)
	}
}

func BenchmarkDraw(b *testing.B) {
	for name, p := range map[string]*Picture{"town": pictures()["town"], "world": pictures()["world"], "crowded": crowded()} {
		b.Run(name, func(b *testing.B) {
			Draw(p)
			b.ReportMetric(float64(len(Draw(p))), "bytes")
			for b.Loop() {
				Draw(p)
			}
		})
	}
}
