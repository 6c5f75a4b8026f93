package process

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

// resident is one invented inhabitant: a number, not a name.
type resident struct {
	ref    string
	inside bool
	phone  string
	// push is the subscription and pushID how the simulator names it; both are empty for most.
	push, pushID string
	mail         string
}

// town is how many people live inside the square, how many all in all, and how many have more than a phone: the first have
// push, and those behind them, or in a town where everybody has everything the same, mail. Every eleventh lives outside.
type town struct {
	people, push, mail int
	everything         bool
}

// The town of the tests that kill.
const (
	insiders = 20_000
	withPush = 4_000
	withMail = 4_000
)

func smallTown() town { return town{people: insiders + insiders/10, push: withPush, mail: withMail} }

// richTown is a town in which n people inside can be reached on every channel.
func richTown(n int) town {
	all := n + n/10
	return town{people: all, push: all, mail: all, everything: true}
}

// siren is one invented siren; every third is of one protocol, and the last three stand outside the square.
type siren struct {
	ref string
	// known is what the raw log calls it: a unit on a Modbus line has a number only.
	known  string
	inside bool
}

func sirenTown() []siren {
	out := make([]siren, 12)
	for i := range out {
		ref := fmt.Sprintf("S%02d", i+1)
		out[i] = siren{ref: ref, known: ref, inside: i < 9}
		if i%3 == 2 {
			out[i].known = fmt.Sprintf("siren-modbus-%d", i+1)
		}
	}
	return out
}

// sirenRegister is the sirens as `tocsin sirens import` reads them; at is where the simulator plays them.
func sirenRegister(sirens []siren, at map[string]string) []byte {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	_ = w.Write([]string{"ref", "lat", "lon", "protocol", "gateway", "group", "max_seconds", "url", "host", "unit", "register_map", "programmes"})
	for i, s := range sirens {
		lat, protocol := "30.25", []string{"http", "mqtt", "modbus"}[i%3]
		if !s.inside {
			lat = "30.40"
		}
		row := []string{s.ref, lat, "120.1", protocol, "siren-" + protocol, "square", "120", "", "", "", "", ""}
		switch protocol {
		case "http":
			row[7] = "http://" + at["siren-http"] + "/sirens/" + s.ref
		case "modbus":
			row[8], row[9], row[10], row[11] = at["siren-modbus"], strconv.Itoa(i+1), "tocsin", "*=1"
		}
		_ = w.Write(row)
	}
	w.Flush()
	return out.Bytes()
}

// The square that every alert is for.
const square = "30.2,120.0 30.2,120.2 30.3,120.2 30.3,120.0 30.2,120.0"

// settle invents the town. Mail goes to example.org.
func (w town) settle(subscriptions []subscription) []resident {
	people := make([]resident, w.people)
	for i := range people {
		p := &people[i]
		p.ref = fmt.Sprintf("P%06d", i)
		p.inside = i%11 != 10
		p.phone = phone(i)
		if i < w.push {
			p.push, p.pushID = subscriptions[i].json, subscriptions[i].id
		}
		if w.everything || (i >= w.push && i < w.push+w.mail) {
			p.mail = fmt.Sprintf("resident%d@example.org", i)
		}
	}
	return people
}

// phone is the number of the i-th. Exchange 555 of ten area codes is enough for most towns; larger ones go on in a range of
// China's, and the only gateway is the simulator.
func phone(i int) string {
	if i < 100_000 {
		return fmt.Sprintf("+1%03d555%04d", 201+i/10_000, i%10_000)
	}
	return fmt.Sprintf("+86138%08d", i)
}

// register is the town as `tocsin people import` reads it.
func register(people []resident) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	_ = w.Write([]string{"person", "language", "sms", "push", "mail", "verified", "places"})
	for _, p := range people {
		lat := 30.21 + .08*r.Float64()
		if !p.inside {
			lat += .15
		}
		place := fmt.Sprintf("%.6f,%.6f", lat, 120.01+.18*r.Float64())
		_ = w.Write([]string{p.ref, "en-US", p.phone, p.push, p.mail, "yes", place})
	}
	w.Flush()
	return out.Bytes()
}

// address is where a resident is reached on a channel, as the raw log names it; empty when he is not.
func (p *resident) address(channel string) string {
	switch channel {
	case "sms":
		return p.phone
	case "push":
		return p.pushID
	case "mail":
		return p.mail
	}
	return ""
}

// audienceOf is who must be told on a channel.
func audienceOf(people []resident, channel string) map[string]bool {
	out := make(map[string]bool)
	if channel == "siren" {
		for _, s := range sirenTown() {
			if s.inside {
				out[s.known] = true
			}
		}
	}
	for i := range people {
		if a := people[i].address(channel); a != "" && people[i].inside {
			out[a] = true
		}
	}
	return out
}

// warning is a CAP document for the square that travels in the lane flash.
func warning(identifier string) []byte { return warningOf(identifier, "Severe", "Immediate") }

// warningUntil is a warning that ends at a time.
func warningUntil(identifier string, ends time.Time) []byte {
	return document(identifier, "Severe", "Immediate", ends)
}

// warningOf is a CAP document for the square; severity and urgency choose its lane.
func warningOf(identifier, severity, urgency string) []byte {
	return document(identifier, severity, urgency, time.Now().Add(time.Hour))
}

func document(identifier, severity, urgency string, ends time.Time) []byte {
	const form = "2006-01-02T15:04:05-07:00"
	now := time.Now().UTC()
	return fmt.Appendf(nil, `<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>%s</identifier>
  <sender>warnings@flood.example</sender>
  <sent>%s</sent>
  <status>Actual</status>
  <msgType>Alert</msgType>
  <scope>Public</scope>
  <info>
    <language>en-US</language>
    <category>Met</category>
    <event>Flood</event>
    <responseType>Evacuate</responseType>
    <urgency>%s</urgency>
    <severity>%s</severity>
    <certainty>Observed</certainty>
    <expires>%s</expires>
    <senderName>Emergency office</senderName>
    <headline>Severe flood warning</headline>
    <description>The river is over its bank.</description>
    <instruction>Go to higher ground now.</instruction>
    <area><areaDesc>The square</areaDesc><polygon>%s</polygon></area>
  </info>
</alert>
`, identifier, now.Format(form), urgency, severity, ends.UTC().Format(form), square)
}
