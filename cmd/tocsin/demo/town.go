package demo

import (
	"encoding/csv"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
)

// The demonstration area: a river bend. Outside people live in the box around it.
type point struct{ lat, lon float64 }

func floodplain() []point {
	return []point{{30.31, 120.02}, {30.34, 120.11}, {30.29, 120.19}, {30.33, 120.27}, {30.27, 120.33}, {30.20, 120.30},
		{30.23, 120.21}, {30.18, 120.13}, {30.22, 120.05}, {30.31, 120.02}}
}

const (
	south, north = 30.05, 30.47
	west, east   = 119.90, 120.45
)

// inside is an even-odd test by ray, on purpose not the engine's own: the demonstration checks the engine with it.
func inside(p point) bool {
	ring := floodplain()
	in := false
	for i := 1; i < len(ring); i++ {
		a, b := ring[i-1], ring[i]
		if (a.lat > p.lat) != (b.lat > p.lat) && p.lon < (b.lon-a.lon)*(p.lat-a.lat)/(b.lat-a.lat)+a.lon {
			in = !in
		}
	}
	return in
}

// person is one invented inhabitant: a number, not a name.
type person struct {
	ref      string
	at       point
	inside   bool
	language string
	sms      string
	mail     string
	push     string
	pushID   string
}

// town makes people of a seed; a third of them live outside. Phone numbers are of the block 555, which is not
// assigned, and mail addresses end in example.org, which no mail server answers for.
func town(seed uint64, n int, subscriptions []subscription) []person {
	r := rand.New(rand.NewPCG(seed, 20))
	lines := r.Perm(10_000)
	people := make([]person, n)
	for i := range people {
		p := &people[i]
		p.ref = fmt.Sprintf("P%06d", i+1)
		p.inside = i%3 != 2
		p.at = place(r, p.inside)
		p.language = []string{"zh-CN", "en-US", "zh-CN", "en-US", "fr-FR"}[r.IntN(5)]
		// Everybody has at least one way to be reached.
		ways := 1 + r.IntN(7)
		if ways&1 != 0 {
			p.sms = fmt.Sprintf("+1%03d555%04d", 201+i/10_000, lines[i%10_000])
		}
		if ways&2 != 0 {
			p.push, p.pushID = subscriptions[i].json, subscriptions[i].id
		}
		if ways&4 != 0 {
			p.mail = fmt.Sprintf("resident%d@example.org", i+1)
			if i%1000 == 7 {
				p.mail = fmt.Sprintf("resident%d+550@example.org", i+1)
			}
		}
	}
	return people
}

func place(r *rand.Rand, in bool) point {
	for {
		p := point{south + r.Float64()*(north-south), west + r.Float64()*(east-west)}
		if inside(p) == in {
			return p
		}
	}
}

// siren is one invented siren.
type siren struct {
	ref, protocol, gateway string
	at                     point
	columns                map[string]string
}

// knownAs is what the simulator calls the siren: a Modbus device has no name, only its place on the line.
func (s *siren) knownAs() string {
	if s.protocol == "modbus" {
		return "siren-modbus-" + s.columns["unit"]
	}
	return s.ref
}

// districtOf is the code of the district that a place lies in.
func districtOf(p point) string {
	for _, d := range districts() {
		if low, high := d.ring[0], d.ring[2]; p.lat >= low.lat && p.lat < high.lat && p.lon >= low.lon && p.lon < high.lon {
			return d.code
		}
	}
	return countyCode
}

// writePeople writes the CSV that `tocsin people import` reads: everybody lives at a point, and in a district.
func writePeople(w io.Writer, people []person) error {
	c := csv.NewWriter(w)
	_ = c.Write([]string{"person", "language", "sms", "push", "mail", "verified", "places"})
	for _, p := range people {
		_ = c.Write([]string{p.ref, p.language, p.sms, p.push, p.mail, "yes", p.at.String() + ";code:" + districtOf(p.at)})
	}
	c.Flush()
	return c.Error()
}

// String is "lat,lon".
func (p point) String() string {
	return strconv.FormatFloat(p.lat, 'f', 6, 64) + "," + strconv.FormatFloat(p.lon, 'f', 6, 64)
}

func ringText() string {
	var parts []string
	for _, p := range floodplain() {
		parts = append(parts, p.String())
	}
	return strings.Join(parts, " ")
}

// outcome is what must become of a delivery, by the simulator's magic recipients.
func (p *person) smsOutcome() string {
	switch {
	case strings.HasSuffix(p.sms, "0000"), strings.HasSuffix(p.sms, "1614"):
		return "refused"
	case strings.HasSuffix(p.sms, "1610"):
		return "opted out"
	case strings.HasSuffix(p.sms, "3003"):
		return "undelivered"
	}
	return "delivered"
}

func (p *person) mailOutcome() string {
	if strings.Contains(p.mail, "+550@") {
		return "refused"
	}
	return "sent"
}

func (p *person) pushOutcome() string {
	if strings.HasSuffix(p.pushID, "-404") || strings.HasSuffix(p.pushID, "-410") {
		return "refused"
	}
	return "sent"
}
