package convert_test

import (
	"encoding/json"
	"fmt"
	"time"

	"tocsin/cap"
	"tocsin/cap/convert"
)

func warning() *cap.Alert {
	return &cap.Alert{Version: "1.2", Identifier: "17", Sender: "office@warnings.example", Sent: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC),
		Status: cap.StatusTest, MsgType: cap.MsgAlert, Scope: cap.ScopePublic, Infos: []cap.Info{{Language: "en", Categories: []cap.Category{"Met"},
			Event: "Storm surge", Urgency: cap.Expected, Severity: cap.Severe, Certainty: cap.Likely, Instruction: "Stay off the dikes.",
			Areas: []cap.Area{{Description: "the coast", Polygons: []cap.Polygon{{{Lat: 54, Lon: 7}, {Lat: 54, Lon: 8}, {Lat: 55, Lon: 8}, {Lat: 54, Lon: 7}}}}}}}}
}

func ExampleText() {
	fmt.Print(convert.Text(warning()))
	// Output:
	// *** TEST: do nothing ***
	// Storm surge
	// From: office@warnings.example
	// Issued: 2026-03-01 08:00 +00:00
	//
	// Severity: severe
	// Urgency: act soon
	// Certainty: likely
	// Area: the coast
	//
	// WHAT TO DO
	// Stay off the dikes.
	//
	// Identifier: 17
}

func ExampleGeoJSON() {
	c := convert.GeoJSON(warning())
	geometry, err := json.Marshal(c.Features[0].Geometry)
	fmt.Println(string(geometry), err)
	// Output: {"type":"Polygon","coordinates":[[[7,54],[8,54],[8,55],[7,54]]]} <nil>
}

func ExampleJSON() {
	data, err := convert.JSON(warning())
	if err != nil {
		fmt.Println(err)
		return
	}
	again, err := convert.FromJSON(data)
	fmt.Println(again.Infos[0].Event, err)
	// Output: Storm surge <nil>
}
