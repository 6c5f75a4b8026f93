package convert

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tocsin/cap"
)

// full is an alert that has everything.
func full() *cap.Alert {
	zone := time.FixedZone("", -7*3600)
	at := func(hour int) time.Time { return time.Date(2026, 5, 24, hour, 49, 0, 0, zone) }
	return &cap.Alert{Version: "1.2", Identifier: "17", Sender: "floods@warnings.example", Sent: at(16), Status: cap.StatusExercise,
		MsgType: cap.MsgUpdate, Source: "gauge 17", Scope: cap.ScopePublic, Codes: []string{"profile:example:1.0"}, Note: "drill <3>",
		References: []cap.Reference{{Sender: "floods@warnings.example", Identifier: "16", Sent: at(12).UTC()}},
		Incidents:  []string{"spring-flood", "River Aa"},
		Infos: []cap.Info{{Language: "en-GB", Categories: []cap.Category{"Met", "Safety"}, Event: "Flood", ResponseTypes: []cap.ResponseType{"Evacuate"},
			Urgency: cap.Immediate, Severity: cap.Severe, Certainty: cap.Observed, Audience: "everybody",
			EventCodes: []cap.Value{{Name: "SAME", Value: "FLW"}}, Effective: at(16), Onset: at(18), Expires: at(23).UTC(),
			SenderName: "Flood Office", Headline: "Flood at the river: leave now", Description: "Water is rising.\nRoads are closed.",
			Instruction: "Go uphill.", Web: "https://warnings.example/17", Contact: "call 100",
			Parameters: []cap.Value{{Name: "gauge", Value: "2.0"}},
			Resources:  []cap.Resource{{Description: "map", MIMEType: "image/png", Size: new(int64(1024)), URI: "https://warnings.example/17.png"}},
			Areas: []cap.Area{{Description: "the lower town",
				Polygons: []cap.Polygon{{{Lat: 38.47, Lon: -120.14}, {Lat: 38.34, Lon: -119.95}, {Lat: 38.52, Lon: -119.74}, {Lat: 38.62, Lon: -119.89}, {Lat: 38.47, Lon: -120.14}}},
				Circles:  []cap.Circle{{Center: cap.Point{Lat: 38.5, Lon: -120}, RadiusKM: 2.5}},
				Geocodes: []cap.Value{{Name: "SAME", Value: "006109"}}, Altitude: new(0.0), Ceiling: new(120.5)}}},
			{Language: "zh-CN", Categories: []cap.Category{"Met"}, Event: "洪水", Urgency: cap.Immediate, Severity: cap.Severe, Certainty: cap.Observed,
				Instruction: "请立即转移到高处。", Areas: []cap.Area{{Description: "下城区", Geocodes: []cap.Value{{Name: "CN", Value: "330106"}}}}}}}
}

func TestJSONComesBack(t *testing.T) {
	a := full()
	data, err := JSON(a)
	if err != nil {
		t.Fatal(err)
	}
	again, err := FromJSON(data)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(a, again) {
		t.Errorf("changed:\n%+v\n%+v", a, again)
	}
	second, _ := JSON(again)
	if string(second) != string(data) {
		t.Error("the second writing has other bytes")
	}
	for _, want := range []string{`"sent": "2026-05-24T16:49:00-07:00"`, `"expires": "2026-05-25T06:49:00-00:00"`, `"note": "drill <3>"`, `"altitude": 0,`} {
		if !strings.Contains(string(data), want) {
			t.Errorf("%s is not in\n%s", want, data)
		}
	}
}

func TestFromJSONRefuses(t *testing.T) {
	good, err := JSON(full())
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"an unknown name":    {`"source"`, `"sourse"`},
		"another case":       {`"identifier": "17"`, `"identifier": "17", "Identifier": "18"`},
		"a doubled name":     {`"status": "Exercise"`, `"status": "Exercise", "status": "Actual"`},
		"a doubled name in ": {`"event": "Flood"`, `"event": "Flood", "event": "Fire"`},
		"a broken rule":      {`"Exercise"`, `"exercise"`},
		"a time with Z":      {`"2026-05-24T16:49:00-07:00"`, `"2026-05-24T16:49:00Z"`},
		"three numbers":      {"38.47,\n", "38.47, 1,\n"},
		"longitude first":    {"38.47,\n", "-120.14,\n"},
		"something behind":   {"}\n", "}\n"},
	} {
		text := strings.Replace(string(good), change[0], change[1], 1)
		if name == "something behind" {
			text = string(good) + "{}"
		} else if text == string(good) {
			t.Errorf("%s: nothing was changed", name)
		}
		if a, err := FromJSON([]byte(text)); err == nil {
			t.Errorf("%s is accepted: %+v", name, a)
		}
	}
	for _, text := range []string{"", "null", "[]", "17", `{"info": [[[[`, strings.Repeat("[", 100_000)} {
		if _, err := FromJSON([]byte(text)); err == nil {
			t.Errorf("%.20q is accepted", text)
		}
	}
}

// TestRealAlertsComeBack: what conforms to the standard loses nothing as JSON, and can be shown as a map and as text.
func TestRealAlertsComeBack(t *testing.T) {
	dir := os.Getenv("CAP_CORPUS")
	if dir == "" {
		t.Skip("CAP_CORPUS is not set: name the folder of real alerts to test with them")
	}
	files, err := filepath.Glob(filepath.Join(dir, "valid", "*", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	seen := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		a, _ := cap.ParseAll(data, cap.Options{MaxBytes: 2 << 20})
		if a == nil {
			continue
		}
		seen++
		written, err := JSON(a)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		again, err := FromJSON(written)
		if err != nil || !reflect.DeepEqual(a, again) {
			t.Errorf("%s changed as JSON: %v", file, err)
		}
		checkMap(t, GeoJSON(a))
		for _, in := range a.Infos {
			if text := Text(a); !strings.Contains(text, clean(in.Instruction)) && !strings.Contains(clean(text), clean(in.Instruction)) {
				t.Errorf("%s: the bulletin lacks the instruction", file)
			}
		}
	}
	if seen < 100 {
		t.Errorf("only %d alerts were seen", seen)
	}
}

// checkMap looks at a collection as a map would: rings closed, counter-clockwise, within the map.
func checkMap(t testing.TB, c Collection) {
	t.Helper()
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var read struct {
		Type     string
		Features []struct {
			Type     string
			Geometry json.RawMessage
		}
	}
	if err := json.Unmarshal(data, &read); err != nil || read.Type != "FeatureCollection" || len(read.Features) == 0 {
		t.Fatalf("%v: %.200s", err, data)
	}
	for i := range c.Features {
		if g := c.Features[i].Geometry; g != nil {
			checkGeometry(t, g)
		}
	}
}

func checkGeometry(t testing.TB, g *Geometry) {
	t.Helper()
	var polygons [][][]pair
	switch g.Type {
	case "Polygon":
		polygons = [][][]pair{g.Coordinates.([][]pair)}
	case "MultiPolygon":
		polygons = g.Coordinates.([][][]pair)
	case "GeometryCollection":
		for _, one := range g.Geometries {
			checkGeometry(t, one)
		}
	}
	for _, p := range polygons {
		ring := p[0]
		area := 0.0
		for i := range ring {
			if ring[i][0] < -180 || ring[i][0] > 180 || ring[i][1] < -90 || ring[i][1] > 90 {
				t.Fatalf("%v is not on the map", ring[i])
			}
			if i > 0 {
				area += ring[i-1][0]*ring[i][1] - ring[i][0]*ring[i-1][1]
			}
		}
		if ring[0] != ring[len(ring)-1] || area < -1e-9 {
			t.Fatalf("a ring is open, or goes clockwise: %v", ring)
		}
	}
}

func TestGeoJSON(t *testing.T) {
	fiji := full()
	fiji.Infos = fiji.Infos[:1]
	fiji.Infos[0].Areas = []cap.Area{
		{Description: "islands", Polygons: []cap.Polygon{{{Lat: -16, Lon: 179}, {Lat: -16, Lon: -179}, {Lat: -18, Lon: -179}, {Lat: -18, Lon: 179}, {Lat: -16, Lon: 179}}}},
		{Description: "a spot", Circles: []cap.Circle{{Center: cap.Point{Lat: -17, Lon: 178}}}},
		{Description: "both", Circles: []cap.Circle{{Center: cap.Point{Lat: -17, Lon: 178}}, {Center: cap.Point{Lat: -17, Lon: 179.99}, RadiusKM: 20}}},
		{Description: "by code", Geocodes: []cap.Value{{Name: "FJ", Value: "1"}}},
	}
	bare := &cap.Alert{Identifier: "c", Sender: "s", Sent: time.Unix(0, 0).UTC(), MsgType: cap.MsgCancel}
	c := GeoJSON(fiji, bare)
	checkMap(t, c)
	var kinds []string
	for _, f := range c.Features {
		kind := "none"
		if f.Geometry != nil {
			kind = f.Geometry.Type
		}
		kinds = append(kinds, kind)
	}
	if got := strings.Join(kinds, " "); got != "MultiPolygon Point GeometryCollection none none" {
		t.Errorf("geometries %s", got)
	}
	if p := c.Features[2].Properties; len(p.Circles) != 2 || p.Circles[1].Radius != 20 || p.Instruction != "Go uphill." || p.Status != cap.StatusExercise {
		t.Errorf("properties %+v", p)
	}
	if empty, _ := json.Marshal(GeoJSON()); string(empty) != `{"type":"FeatureCollection","features":[]}` {
		t.Errorf("no alerts: %s", empty)
	}
}

func TestText(t *testing.T) {
	text := Text(full())
	for _, want := range []string{"*** EXERCISE: this is not real ***\nUpdate: Flood at the river: leave now\nFrom: Flood Office\n", "Severity: severe\n",
		"In force until: 2026-05-25 06:49 +00:00\n", "WHAT TO DO\nGo uphill.\n", "*** 演习：并非真实 ***\n更新: 洪水\n", "应对措施\n请立即转移到高处。\n", "地区: 下城区\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	cancel := Text(&cap.Alert{MsgType: cap.MsgCancel, Status: cap.StatusActual, Sender: "office", Note: "the river\x1b[2J is low"})
	if !strings.HasPrefix(cancel, "Cancelled\nFrom: office\n") || !strings.Contains(cancel, "NOTE\nthe river[2J is low\n") {
		t.Errorf("a bare cancel:\n%s", cancel)
	}
}

// TestLabels: every code value has a word in every language.
func TestLabels(t *testing.T) {
	for _, tag := range []string{"en", "zh", "zh-Hant", "es", "fr", "de", "ru", "ar"} {
		words := labelsIn(tag)
		for _, key := range []string{"exercise", "test", "system", "draft", "update", "cancel", "ack", "error", "Extreme", "Severe", "Moderate", "Minor",
			"Unknown", "Immediate", "Expected", "Future", "Past", "Observed", "Likely", "Possible", "Unlikely", "instruction", "expires", "references"} {
			if words[key] == "" {
				t.Errorf("%s has no word for %s", tag, key)
			}
		}
	}
	if labelsIn("tlh")["area"] != "Area" {
		t.Error("an unknown language does not get English")
	}
}

// TestPolygonsOfAnyShapeCanBeDrawn: areas at random give collections that a map can use.
func TestPolygonsOfAnyShapeCanBeDrawn(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		point := func() cap.Point {
			return cap.Point{Lat: rapid.Float64Range(-90, 90).Draw(r, "lat"), Lon: rapid.Float64Range(-180, 180).Draw(r, "lon")}
		}
		a := full()
		area := &a.Infos[0].Areas[0]
		var p cap.Polygon
		for range rapid.IntRange(3, 8).Draw(r, "points") {
			p = append(p, point())
		}
		area.Polygons = []cap.Polygon{append(p, p[0])}
		area.Circles = []cap.Circle{{Center: point(), RadiusKM: rapid.Float64Range(0, 20000).Draw(r, "radius")}}
		checkMap(t, GeoJSON(a))
	})
}
