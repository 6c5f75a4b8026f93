package scenario

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tocsin/alerting/audience"
	"tocsin/cap"
	"tocsin/cmd/gatewaysim/sim"
)

// Person is a line of an import of people.
type Person struct {
	Ref, Language, Wants string
	SMS, Push, Mail      string
	// Unverified addresses are kept and not used.
	Unverified bool
	Places     []string
}

// Plot is a square of a fifth of a degree that no other scenario of the office uses.
type Plot struct{ South, West float64 }

const plotSide = 0.2

// Plot gives a fresh one. Plots lie in rows in the south, one degree apart.
func (o *Office) Plot() Plot {
	n := o.serial.Add(1)
	return Plot{South: -60 + float64(n/300), West: -150 + float64(n%300)}
}

// Ring is the plot's outline.
func (p Plot) Ring() cap.Polygon {
	north, east := p.South+plotSide, p.West+plotSide
	return cap.Polygon{{Lat: p.South, Lon: p.West}, {Lat: p.South, Lon: east}, {Lat: north, Lon: east}, {Lat: north, Lon: p.West},
		{Lat: p.South, Lon: p.West}}
}

// Inside is the n-th of 10,000 places in the plot.
func (p Plot) Inside(n int) string {
	return p.at(.005+.99*float64(n%100)/100, .005+.99*float64(n/100%100)/100)
}

// Outside is a place next to the plot.
func (p Plot) Outside() string { return p.at(1.5, 1.5) }

func (p Plot) at(up, right float64) string {
	return Place(p.South+up*plotSide, p.West+right*plotSide)
}

// Place is a position as an import writes it.
func Place(lat, lon float64) string {
	return strconv.FormatFloat(lat, 'f', 6, 64) + "," + strconv.FormatFloat(lon, 'f', 6, 64)
}

// Area is the plot as a CAP area.
func (p Plot) Area() cap.Area {
	return cap.Area{Description: "the harbour", Polygons: []cap.Polygon{p.Ring()}}
}

// Number is a phone number that nobody else in the office has: of the exchange 555, which is not assigned.
func (o *Office) Number() string {
	n := o.serial.Add(1)
	return fmt.Sprintf("+1%03d555%04d", 201+n/10_000, n%10_000)
}

// Mailbox is a mail address that nobody else in the office has.
func (o *Office) Mailbox() string { return fmt.Sprintf("resident%d@example.org", o.serial.Add(1)) }

// Subscription is a push subscription and the id under which the gateway knows it.
func (o *Office) Subscription() (subscription, id string) {
	o.tb.Helper()
	n := int(o.serial.Add(1))
	var b bytes.Buffer
	if err := o.Gateways.Subscriptions(&b, sim.Push, 1, n, 1); err != nil {
		o.tb.Fatal(err)
	}
	return strings.TrimSpace(b.String()), sim.SubscriptionID(1, n)
}

// CSV is people as `tocsin people import` reads them.
func CSV(people ...Person) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	_ = w.Write([]string{"person", "language", "wants", "sms", "push", "mail", "verified", "places"})
	for _, p := range people {
		verified := "yes"
		if p.Unverified {
			verified = "no"
		}
		_ = w.Write([]string{p.Ref, p.Language, p.Wants, p.SMS, p.Push, p.Mail, verified, strings.Join(p.Places, ";")})
	}
	w.Flush()
	return b.String()
}

// Import brings people in; a problem with any of them fails the test.
func (o *Office) Import(people ...Person) {
	o.tb.Helper()
	o.ImportCSV("people", CSV(people...))
}

// ImportCSV brings in a file of people, sirens or units; a problem fails the test.
func (o *Office) ImportCSV(what, text string) audience.Result {
	o.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	r, err := o.API.Import(ctx, what, strings.NewReader(text), nil)
	if err != nil || r.ProblemCount > 0 {
		o.tb.Fatalf("import %s: %v, problems %v", what, err, r.Problems)
	}
	return r
}

// Info is a severe flood in English for an area.
func Info(area cap.Area) cap.Info {
	return cap.Info{
		Language: "en-US", Categories: []cap.Category{"Met"}, Event: "Flood", ResponseTypes: []cap.ResponseType{"Evacuate"},
		Urgency: cap.Immediate, Severity: cap.Severe, Certainty: cap.Observed, Expires: Soon(time.Hour),
		SenderName: "Harbour Emergency Office", Headline: "Flood warning for the harbour",
		Description: "The tide is over the wall.", Instruction: "Leave the harbour now. Do not drive through water.",
		Areas: []cap.Area{area},
	}
}

// Soon is so much later than now, in whole seconds.
func Soon(d time.Duration) time.Time { return time.Now().UTC().Add(d).Truncate(time.Second) }

// Alert is a real, public alert of some infos, with an identifier of its own.
func (o *Office) Alert(infos ...cap.Info) *cap.Alert {
	return &cap.Alert{
		Version: "1.2", Identifier: fmt.Sprintf("scenario-%d", o.serial.Add(1)), Sender: "warnings@office.example",
		Sent: Soon(0), Status: cap.StatusActual, MsgType: cap.MsgAlert, Scope: cap.ScopePublic, Infos: infos,
	}
}

// Following is an alert of another type that refers to earlier ones.
func (o *Office) Following(kind cap.MsgType, earlier []*cap.Alert, infos ...cap.Info) *cap.Alert {
	a := o.Alert(infos...)
	a.MsgType = kind
	for _, e := range earlier {
		a.References = append(a.References, cap.Reference{Sender: e.Sender, Identifier: e.Identifier, Sent: e.Sent})
	}
	return a
}
