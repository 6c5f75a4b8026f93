package demo

import (
	"bytes"
	_ "embed"
	"fmt"
	"strings"
	"text/template"
	"time"
)

//go:embed warning.xml
var warningXML string

// words are the text of a warning in one language.
type words struct {
	Language, Name, Event, Headline, Description, Instruction, Place string
}

func english(event, headline, description, instruction, place string) words {
	return words{"en-US", "Riverbend Emergency Management Office", event, headline, description, instruction, place}
}

func chinese(event, headline, description, instruction, place string) words {
	return words{"zh-CN", "河湾应急管理局", event, headline, description, instruction, place}
}

// message is a warning of the office, without what the hour tells.
type message struct {
	id, status, severity, urgency string
	quarter                       int // in which of the county's districts it lies
	texts                         []words
}

// document writes a message as CAP. Its identifier is its own within a folder.
func (m message) document(sender string, now time.Time) ([]byte, error) {
	t, err := template.New("warning").Parse(warningXML)
	if err != nil {
		return nil, err
	}
	const form = "2006-01-02T15:04:05-07:00"
	zone := time.FixedZone("", 8*3600)
	var ring []string
	for _, p := range districts()[m.quarter].ring {
		ring = append(ring, p.String())
	}
	var out bytes.Buffer
	err = t.Execute(&out, map[string]any{"Identifier": "demo-" + m.id, "Sender": sender, "Status": m.status, "Severity": m.severity, "Urgency": m.urgency,
		"Sent": now.In(zone).Format(form), "Expires": now.Add(3 * time.Hour).In(zone).Format(form), "Ring": strings.Join(ring, " "), "Texts": m.texts})
	return out.Bytes(), err
}

// district is a part of the county.
type district struct {
	code, name string
	ring       []point
}

// countyCode is the county that the four districts make up.
const countyCode = "DEMO=10"

func districts() []district {
	const lat, lon = 30.26, 120.175
	box := func(s, w, n, e float64) []point { return []point{{s, w}, {s, e}, {n, e}, {n, w}, {s, w}} }
	return []district{
		{"DEMO=1001", "Old Mill District 老磨坊区", box(lat, west, north, lon)},
		{"DEMO=1002", "Hillside Township 山坡镇", box(lat, lon, north, east)},
		{"DEMO=1003", "Lower Meadow Township 下草镇", box(south, west, lat, lon)},
		{"DEMO=1004", "Ferry District 渡口区", box(south, lon, lat, east)},
	}
}

// outlines is the county with its districts as GeoJSON.
func outlines() string {
	var all []string
	add := func(code, name, parent string, ring []point) {
		var at []string
		for _, p := range ring {
			at = append(at, fmt.Sprintf("[%f,%f]", p.lon, p.lat))
		}
		if parent != "" {
			parent = fmt.Sprintf(`,"parent":%q`, parent)
		}
		all = append(all, fmt.Sprintf(`{"type":"Feature","properties":{"code":%q,"name":%q%s},"geometry":{"type":"Polygon","coordinates":[[%s]]}}`,
			code, name, parent, strings.Join(at, ",")))
	}
	add(countyCode, "Riverbend County 河湾县", "", []point{{south, west}, {south, east}, {north, east}, {north, west}, {south, west}})
	for _, d := range districts() {
		add(d.code, d.name, countyCode, d.ring)
	}
	return `{"type":"FeatureCollection","features":[` + strings.Join(all, ",") + `]}`
}
