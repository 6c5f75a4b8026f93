package cap

import (
	"strings"
	"testing"
	"time"
)

// flood is a complete alert in the form that Write gives it.
const flood = `<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>2.49.0.1.999.0.2026.5.24.16.49.0</identifier>
  <sender>floods@warnings.example</sender>
  <sent>2026-05-24T16:49:00-07:00</sent>
  <status>Actual</status>
  <msgType>Update</msgType>
  <source>gauge 17</source>
  <scope>Public</scope>
  <code>profile:example:1.0</code>
  <note>second warning</note>
  <references>floods@warnings.example,2.49.0.1.999.0.2026.5.24.12.0.0,2026-05-24T12:00:00-07:00</references>
  <incidents>spring-flood "River Aa"</incidents>
  <info>
    <language>en-GB</language>
    <category>Met</category>
    <category>Safety</category>
    <event>Flood</event>
    <responseType>Evacuate</responseType>
    <urgency>Immediate</urgency>
    <severity>Severe</severity>
    <certainty>Observed</certainty>
    <audience>everybody</audience>
    <eventCode>
      <valueName>SAME</valueName>
      <value>FLW</value>
    </eventCode>
    <effective>2026-05-24T16:49:00-07:00</effective>
    <onset>2026-05-24T18:00:00-07:00</onset>
    <expires>2026-05-25T04:00:00-00:00</expires>
    <senderName>Flood Office</senderName>
    <headline>Flood at the river: leave now</headline>
    <description>Water is 2 m above the quay &amp; rising.
Roads are closed.</description>
    <instruction>Go uphill.</instruction>
    <web>https://warnings.example/17</web>
    <contact>call 100</contact>
    <parameter>
      <valueName>gauge</valueName>
      <value>2.0</value>
    </parameter>
    <resource>
      <resourceDesc>map</resourceDesc>
      <mimeType>image/png</mimeType>
      <size>1024</size>
      <uri>https://warnings.example/17.png</uri>
      <digest>da39a3ee5e6b4b0d3255bfef95601890afd80709</digest>
    </resource>
    <area>
      <areaDesc>the lower town</areaDesc>
      <polygon>38.47,-120.14 38.34,-119.95 38.52,-119.74 38.62,-119.89 38.47,-120.14</polygon>
      <circle>38.5,-120 12.5</circle>
      <geocode>
        <valueName>SAME</valueName>
        <value>006109</value>
      </geocode>
      <altitude>0</altitude>
      <ceiling>900.5</ceiling>
    </area>
  </info>
</alert>
`

// floodAlert is flood as a model, made anew on every call.
func floodAlert() *Alert {
	west := time.FixedZone("", -7*3600)
	size, altitude, ceiling := int64(1024), 0.0, 900.5
	return &Alert{
		Version:    "1.2",
		Identifier: "2.49.0.1.999.0.2026.5.24.16.49.0",
		Sender:     "floods@warnings.example",
		Sent:       time.Date(2026, 5, 24, 16, 49, 0, 0, west),
		Status:     StatusActual,
		MsgType:    MsgUpdate,
		Source:     "gauge 17",
		Scope:      ScopePublic,
		Codes:      []string{"profile:example:1.0"},
		Note:       "second warning",
		References: []Reference{{"floods@warnings.example", "2.49.0.1.999.0.2026.5.24.12.0.0", time.Date(2026, 5, 24, 12, 0, 0, 0, west)}},
		Incidents:  []string{"spring-flood", "River Aa"},
		Infos: []Info{{
			Language: "en-GB", Categories: []Category{"Met", "Safety"}, Event: "Flood",
			ResponseTypes: []ResponseType{"Evacuate"}, Urgency: Immediate, Severity: Severe, Certainty: Observed,
			Audience: "everybody", EventCodes: []Value{{"SAME", "FLW"}},
			Effective:  time.Date(2026, 5, 24, 16, 49, 0, 0, west),
			Onset:      time.Date(2026, 5, 24, 18, 0, 0, 0, west),
			Expires:    time.Date(2026, 5, 25, 4, 0, 0, 0, time.UTC),
			SenderName: "Flood Office", Headline: "Flood at the river: leave now",
			Description: "Water is 2 m above the quay & rising.\nRoads are closed.", Instruction: "Go uphill.",
			Web: "https://warnings.example/17", Contact: "call 100", Parameters: []Value{{"gauge", "2.0"}},
			Resources: []Resource{{Description: "map", MIMEType: "image/png", Size: &size,
				URI: "https://warnings.example/17.png", Digest: "da39a3ee5e6b4b0d3255bfef95601890afd80709"}},
			Areas: []Area{{
				Description: "the lower town",
				Polygons:    []Polygon{{{38.47, -120.14}, {38.34, -119.95}, {38.52, -119.74}, {38.62, -119.89}, {38.47, -120.14}}},
				Circles:     []Circle{{Point{38.5, -120}, 12.5}},
				Geocodes:    []Value{{"SAME", "006109"}}, Altitude: &altitude, Ceiling: &ceiling,
			}},
		}},
	}
}

// swap replaces one piece of flood; the piece must be there exactly once.
func swap(t *testing.T, from, to string) string {
	t.Helper()
	if strings.Count(flood, from) != 1 {
		t.Fatalf("%q stands %d times in the sample", from, strings.Count(flood, from))
	}
	return strings.Replace(flood, from, to, 1)
}

// find gives the first finding with an id.
func find(findings Findings, id string) (Finding, bool) {
	for _, f := range findings {
		if f.ID == id {
			return f, true
		}
	}
	return Finding{}, false
}

// sameTime reports whether two times are one instant in one offset.
func sameTime(a, b time.Time) bool {
	_, offsetA := a.Zone()
	_, offsetB := b.Zone()
	return a.Equal(b) && offsetA == offsetB && a.IsZero() == b.IsZero()
}
