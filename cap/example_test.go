package cap_test

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"tocsin/cap"
)

const document = `<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>17</identifier>
  <sender>office@warnings.example</sender>
  <sent>2026-03-01T08:00:00+01:00</sent>
  <status>Actual</status>
  <msgType>Alert</msgType>
  <scope>Public</scope>
  <info>
    <category>Met</category>
    <event>Storm surge</event>
    <urgency>Expected</urgency>
    <severity>severe</severity>
    <certainty>Likely</certainty>
    <expires>2026-03-01T20:00:00+01:00</expires>
    <area>
      <areaDesc>the coast</areaDesc>
      <polygon>54,7 54,8 55,8 55,7</polygon>
    </area>
  </info>
</alert>`

func ExampleParse() {
	_, err := cap.Parse([]byte(document), cap.Options{})
	var findings cap.Findings
	if errors.As(err, &findings) {
		for _, f := range findings {
			fmt.Printf("line %d, %s: %s\n", f.Line, f.Path, f.Message)
		}
	}
	// Output:
	// line 13, alert/info[1]/severity: "severe" must be written Severe: case and blanks count
	// line 18, alert/info[1]/area[1]/polygon[1]: the polygon is not closed: repeat its first point at the end
}

// What a hub does with a document from elsewhere: read it, keep what was passed over, and write it anew.
func ExampleRead() {
	const received = `<?xml version="1.0" encoding="ISO-8859-1"?>
<?xml-stylesheet href="cap.xsl" type="text/xsl"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>17</identifier>
  <sender>office@warnings.example</sender>
  <sent>2026-03-01T07:00:00Z</sent>
  <status>Actual</status>
  <msgType>Alert</msgType>
  <scope> public </scope>
</alert>`
	alert, findings := cap.Read([]byte(received), cap.Options{})
	for _, f := range findings {
		fmt.Printf("line %d, %s: %s\n", f.Line, f.Path, f.ID)
	}
	if findings.Err() == nil {
		fmt.Println(alert.Scope, alert.Sent.Format(time.RFC3339))
	}
	// Output:
	// line 1, document: read.encoding
	// line 2, document: read.instruction
	// line 3, alert: core.info.required
	// line 6, alert/sent: read.time.letter
	// line 9, alert/scope: read.blanks
	// line 9, alert/scope: read.case
	// Public 2026-03-01T07:00:00Z
}

// What is ambiguous is an error, and nothing is made of it.
func ExampleRead_ambiguous() {
	twice := strings.Replace(document, "<status>Actual</status>", "<status>Actual</status><status>Test</status>", 1)
	alert, findings := cap.Read([]byte(twice), cap.Options{})
	for _, f := range findings {
		if f.Level == cap.LevelError {
			fmt.Printf("line %d, %s: %s\n", f.Line, f.Path, f.Message)
		}
	}
	fmt.Printf("%q\n", alert.Status)
	// Output:
	// line 6, alert/status[2]: the element stands twice, and the two do not say the same: remove one
	// ""
}

func ExampleWrite() {
	doc, err := cap.Write(&cap.Alert{
		Identifier: "18",
		Sender:     "office@warnings.example",
		Sent:       time.Date(2026, 3, 1, 7, 30, 0, 0, time.UTC),
		Status:     cap.StatusActual,
		MsgType:    cap.MsgCancel,
		Scope:      cap.ScopePublic,
		References: []cap.Reference{{Sender: "office@warnings.example", Identifier: "17", Sent: time.Date(2026, 3, 1, 8, 0, 0, 0, time.FixedZone("", 3600))}},
	})
	if err != nil {
		fmt.Println(err)
	}
	fmt.Print(string(doc))
	// Output:
	// <?xml version="1.0" encoding="UTF-8"?>
	// <alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
	//   <identifier>18</identifier>
	//   <sender>office@warnings.example</sender>
	//   <sent>2026-03-01T07:30:00-00:00</sent>
	//   <status>Actual</status>
	//   <msgType>Cancel</msgType>
	//   <scope>Public</scope>
	//   <references>office@warnings.example,17,2026-03-01T08:00:00+01:00</references>
	// </alert>
}

func ExampleNewRegion() {
	region, err := cap.NewRegion([]cap.Area{{
		Polygons: []cap.Polygon{{{Lat: -16, Lon: 179}, {Lat: -16, Lon: -179}, {Lat: -18, Lon: -179}, {Lat: -18, Lon: 179}, {Lat: -16, Lon: 179}}},
		Circles:  []cap.Circle{{Center: cap.Point{Lat: -18.14, Lon: 178.44}, RadiusKM: 20}},
	}})
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println(region.Contains(-17, -179.5), region.Contains(-18.2, 178.4), region.Contains(-17, 0))
	// Output: true true false
}

func ExampleChain() {
	at := func(hour int) time.Time { return time.Date(2026, 3, 1, hour, 0, 0, 0, time.UTC) }
	message := func(name string, kind cap.MsgType, hour int, refs ...cap.Reference) *cap.Alert {
		return &cap.Alert{Sender: "office@warnings.example", Identifier: name, Sent: at(hour), Status: cap.StatusActual, MsgType: kind,
			Scope: cap.ScopePublic, References: refs, Infos: []cap.Info{{Event: "Flood", Expires: at(20)}}}
	}
	first := cap.Reference{Sender: "office@warnings.example", Identifier: "17", Sent: at(8)}
	for _, s := range cap.Chain([]*cap.Alert{
		message("19", cap.MsgCancel, 10, first),
		message("18", cap.MsgUpdate, 9, first),
		message("17", cap.MsgAlert, 8),
	}, at(12)) {
		fmt.Println(s.Alert.Identifier, s.State)
		for _, f := range s.Findings {
			fmt.Println(" ", f.ID, f.Message)
		}
	}
	// Output:
	// 17 cancelled
	//   chain.partial office@warnings.example,19,2026-03-01T10:00:00-00:00 cancels it, and not its update office@warnings.example,18,2026-03-01T09:00:00-00:00, which stays active: cancel that as well
	// 18 active
	// 19 notice
}

func ExampleCheck() {
	alert := &cap.Alert{
		Identifier: "19",
		Sender:     "office@warnings.example",
		Sent:       time.Date(2026, 3, 1, 7, 30, 0, 0, time.UTC),
		Status:     cap.StatusActual,
		MsgType:    cap.MsgAlert,
		Scope:      cap.ScopePublic,
		Infos: []cap.Info{{
			Categories: []cap.Category{"Met"},
			Event:      "Storm surge",
			Urgency:    cap.Expected, Severity: cap.Extreme, Certainty: cap.Likely,
			Expires:     time.Date(2026, 3, 1, 20, 0, 0, 0, time.UTC),
			SenderName:  "Coast Office",
			Headline:    "Storm surge at the coast tonight",
			Description: "Water rises above the dyke.",
			Areas:       []cap.Area{{Description: "the coast", Circles: []cap.Circle{{Center: cap.Point{Lat: 54.1, Lon: 91}, RadiusKM: 30000}}}},
		}},
	}
	findings := cap.Check(alert, cap.Core())
	for _, f := range findings {
		fmt.Printf("%s %s\n  %s: %s\n", f.Level, f.ID, f.Path, f.Message)
	}
	fmt.Println("may be written:", findings.Err() == nil)
	// Output:
	// error core.circle.radius
	//   alert/info[1]/area[1]/circle[1]: the radius 30000 is not between 0 and 20040 kilometres
	// advice advice.action
	//   alert/info[1]/instruction: there is no instruction and no responseType, so nobody is told what to do: say it
	// may be written: false
}

func ExampleProfileByID() {
	profile, err := cap.ProfileByID("wmo")
	if err != nil {
		fmt.Println(err)
	}
	// A profile of one's own is a longer list.
	profile.Rules = append(profile.Rules, cap.Rule{
		ID: "office.source", Clause: "our handbook, page 3", Level: cap.LevelError, Title: "The alert names the officer on duty.",
		Check: func(a *cap.Alert, report cap.Report) {
			if a.Source == "" {
				report("alert/source", "the officer on duty is missing: write the name")
			}
		},
	})
	_, findings := cap.ParseAll([]byte(document), cap.Options{Profile: profile})
	for _, f := range findings {
		if f.Level == cap.LevelError {
			fmt.Printf("line %d: %s\n", f.Line, f.ID)
		}
	}
	// Output:
	// line 2: office.source
	// line 3: wmo.identifier.oid
	// line 13: core.severity.value
	// line 18: core.polygon.closed
}

func ExampleProfiles() {
	for _, p := range cap.Profiles() {
		fmt.Printf("%-7s %s\n", p.ID, p.Title)
	}
	// Output:
	// core    Common Alerting Protocol 1.2
	// ipaws   IPAWS 1.0 (United States)
	// cap-cp  CAP-CP 1.0 (Canada)
	// cap-au  CAP-AU 1.0 (Australia)
	// google  Google Public Alerts
	// wmo     WMO members (national alerting authorities)
	// china   Chinese municipal warnings (experimental)
}
