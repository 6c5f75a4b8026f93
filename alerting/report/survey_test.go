package report

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/audience"
	"tocsin/alerting/fanout"
	"tocsin/alerting/seal"
	"tocsin/alerting/store/storetest"
	"tocsin/cap"
)

// register lets a dry run ask a real audience.
type register struct{ *audience.Audience }

func (r register) Begin(ctx context.Context, in *alerting.Issued, cursor string, already iter.Seq[int64]) (fanout.Scan, error) {
	return r.Audience.Begin(ctx, in, cursor, already)
}

// registerOf imports people with a number each, by their places.
func registerOf(t *testing.T, places []string) *audience.Audience {
	t.Helper()
	ring, err := seal.New([]seal.Key{{ID: "k", Secret: bytes.Repeat([]byte{7}, seal.KeySize)}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := audience.New(t.Context(), audience.Config{DB: storetest.Open(t), Keys: ring})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	var file strings.Builder
	file.WriteString("person,sms,places\n")
	for i, place := range places {
		fmt.Fprintf(&file, "P%d,+1201555%04d,\"%s\"\n", i, i, place)
	}
	result, err := a.ImportPeople(t.Context(), strings.NewReader(file.String()), audience.ImportOptions{Verified: true})
	if err != nil || result.ProblemCount > 0 {
		t.Fatal(err, result.Problems)
	}
	return a
}

// around is a square of a tenth of a degree around a position.
func around(lat, lon float64) cap.Polygon {
	const d = .05
	return cap.Polygon{{Lat: lat - d, Lon: lon - d}, {Lat: lat - d, Lon: lon + d}, {Lat: lat + d, Lon: lon + d}, {Lat: lat + d, Lon: lon - d}, {Lat: lat - d, Lon: lon - d}}
}

func areaOf(rings ...cap.Polygon) cap.Area { return cap.Area{Description: "here", Polygons: rings} }

// coded is an area with a code, and perhaps shapes.
func coded(value string, rings ...cap.Polygon) cap.Area {
	a := areaOf(rings...)
	a.Geocodes = []cap.Value{{Name: "unit", Value: value}}
	return a
}

func infosOf(areas ...cap.Area) []cap.Info {
	return []cap.Info{{Language: "en", Severity: cap.Severe, Categories: []cap.Category{"Met"}, Event: "Flood", Areas: areas}}
}

// TestAreasThatAreProbablyWrong: real people, real scans. 40 people live in the town (53, 8), 3 in the village (54, 9), 15 in
// the valley (55, 10), who are registered under a code as well, and 12 in the hills under the code alone.
func TestAreasThatAreProbablyWrong(t *testing.T) {
	var places []string
	add := func(n int, place string) {
		for range n {
			places = append(places, place)
		}
	}
	add(40, "53,8")
	add(3, "54,9")
	add(15, "55,10;code:unit=valley")
	add(12, "code:unit=hills")
	a := registerOf(t, places)
	town, village, valley := around(53, 8), around(54, 9), around(55, 10)
	thin := cap.Polygon{{Lat: 54, Lon: 9}, {Lat: 55, Lon: 10}, {Lat: 55.01, Lon: 10}, {Lat: 54.01, Lon: 9}, {Lat: 54, Lon: 9}}
	const first = "alert/info[1]/area[1]"
	for _, row := range []struct {
		name  string
		infos []cap.Info
		// want are the findings: id, blank, path.
		want []string
		says string
	}{
		{"nothing is wrong", infosOf(areaOf(village)), nil, ""},
		{"nobody is there", infosOf(areaOf(around(10, 10))), []string{"nobody " + first}, ""},
		{"one of two is empty", infosOf(areaOf(village), areaOf(around(10, 10))), []string{"nobody alert/info[1]/area[2]"}, ""},
		{"exchanged", infosOf(areaOf(around(8, 53))), []string{"swapped " + first}, "latitude comes first"},
		{"a circle, exchanged", infosOf(cap.Area{Circles: []cap.Circle{{Center: cap.Point{Lat: 9, Lon: 54}, RadiusKM: 5}}}), []string{"swapped " + first}, ""},
		{"it cannot be exchanged", infosOf(areaOf(around(8, 153))), []string{"nobody " + first}, ""},
		{"more than half", infosOf(areaOf(town)), []string{"most " + first}, "at least 40 of the 70 people"},
		{"more than half in one of two", infosOf(areaOf(village), areaOf(town)), []string{"most alert/info[1]/area[2]"}, "at least 40 of the 70 people"},
		{"very large", infosOf(areaOf(cap.Polygon{{Lat: 53.5, Lon: 8.5}, {Lat: 53.5, Lon: 19}, {Lat: 56, Lon: 19}, {Lat: 56, Lon: 8.5}, {Lat: 53.5, Lon: 8.5}})),
			[]string{"wide " + first}, "its shapes hold 1"},
		{"a sliver", infosOf(areaOf(thin)), []string{"sparse " + first + "/polygon[1]"}, ""},
		{"two areas of the same people", infosOf(areaOf(village), areaOf(around(54.01, 9.01))), []string{"overlap alert/info[1]/area[2]"}, "3 of the 3 people here are in area[1]"},
		{"one area twice", infosOf(areaOf(village), areaOf(village)), []string{"overlap alert/info[1]/area[2]"}, "the same as area[1]"},
		{"a part of another", infosOf(areaOf(village), areaOf(village, valley)), nil, ""},
		{"the same in two infos", append(infosOf(areaOf(village)), infosOf(areaOf(village))...), nil, ""},
		{"code and shape agree", infosOf(coded("valley", valley)), nil, ""},
		{"code and shape mean different places", infosOf(coded("valley", village)), []string{"torn " + first}, "hold 15 people and its shapes 3"},
		{"code and empty shape", infosOf(coded("valley", around(10, 10))), []string{"torn " + first}, ""},
		{"people of a code have no position", infosOf(coded("hills", village)), nil, ""},
		{"an unknown code", infosOf(coded("atlantis")), []string{"nobody " + first}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			have, texts := surveyed(t, a, row.infos)
			if !slices.Equal(have, row.want) || !strings.Contains(texts, row.says) {
				t.Errorf("%q: %s\nwant %q, and the words %q", have, texts, row.want, row.says)
			}
		})
	}
}

// surveyed are the findings of a dry run.
func surveyed(t *testing.T, a *audience.Audience, infos []cap.Info) (found []string, texts string) {
	t.Helper()
	d, in := dryRunner(func(int, alerting.Channel) bool { return false })
	d.Audience, d.Sirens, d.Registered, d.Now = register{a}, a, a.Registered, time.Now
	in.Alert = &cap.Alert{Status: cap.StatusActual, MsgType: cap.MsgAlert, Scope: cap.ScopePublic, Infos: infos}
	in.Expires = time.Now().Add(time.Hour)
	run, err := d.Run(t.Context(), in, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range run.Findings {
		id, ours := strings.CutPrefix(f.ID, "reach.")
		if !ours || f.Level != cap.LevelAdvice || f.Clause == "" {
			t.Errorf("finding %+v", f)
		}
		found, texts = append(found, id+" "+f.Path), texts+f.Message+"\n"
	}
	return found, texts
}

// TestFindingsOnAreasHaveTheirLines: they stand among the others in the order of the document.
func TestFindingsOnAreasHaveTheirLines(t *testing.T) {
	a := registerOf(t, []string{"53,8"})
	alert := &cap.Alert{Version: "1.2", Identifier: "1", Sender: "office@example.org", Sent: time.Now().UTC().Truncate(time.Second), Status: cap.StatusActual,
		MsgType: cap.MsgAlert, Scope: cap.ScopePublic, Infos: []cap.Info{{Language: "en", Categories: []cap.Category{"Met"}, Event: "Flood", Urgency: cap.Immediate,
			Severity: cap.Severe, Certainty: cap.Observed, Areas: []cap.Area{areaOf(around(10, 20))}}}}
	document, err := cap.Write(alert)
	if err != nil {
		t.Fatal(err)
	}
	d, in := dryRunner(func(int, alerting.Channel) bool { return false })
	d.Audience, d.Sirens = register{a}, a
	d.Remarks = func(*alerting.Issued) cap.Findings { return cap.Findings{{ID: "desk.last", Line: 1000}} }
	in.Alert, in.Envelope.Document = alert, document
	run, err := d.Run(t.Context(), in, false)
	if err != nil || len(run.Findings) != 2 || run.Findings[0].ID != "reach.nobody" || run.Findings[0].Line < 2 || run.Findings[1].ID != "desk.last" {
		t.Errorf("%v: %+v", err, run.Findings)
	}
}
