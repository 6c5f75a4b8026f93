package process

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/cmd/tocsin/client"
)

// spare is the SMS worker that faults may hit; the other, and all other roles, live from the beginning to the end, so that
// what grows in them is seen.
const spare = "sms2"

// blow is a fault that may strike in a soak, with its number in the catalogue of faults.
type blow struct {
	number int
	name   string
	// doubled is how many deliveries it may double for each slot that it hits, and alone that it hits those of the spare worker only.
	doubled int
	alone   bool
	// strike lets it happen when a share of a run has arrived, and returns when it is over.
	strike func(t *testing.T, s *soak, r run, share float64)
}

// blows are the faults of a soak.
func blows() []blow {
	return []blow{
		{1, "worker-kill9", 1, true, func(t *testing.T, s *soak, r run, share float64) {
			s.office.restart(t, s.office.strike(t, r, share, spare), spare)
		}},
		{5, "broker-restart", 1, false, func(t *testing.T, s *soak, r run, share float64) {
			s.office.outage(t, r, "kafka", share, 30*time.Second, nil)
		}},
		{9, "redis-flush", 3, false, func(t *testing.T, s *soak, r run, share float64) { s.office.flush(t, r, share) }},
		{13, "provider-429", 0, false, func(t *testing.T, s *soak, r run, share float64) {
			defer s.office.sim.fault(t, busyFor(500))()
			s.office.sim.await(t, r.id.String(), int(share*float64(r.people)))
			t.Logf("rules and how often they were served: %s", s.office.sim.served(t))
		}},
		{27, "network-cut", 1, true, func(t *testing.T, s *soak, r run, share float64) {
			s.office.isolate(t, s.island, r, share, 30*time.Second)
		}},
	}
}

// mayDouble is how many deliveries of a channel it may double.
func (b blow) mayDouble(o *office, channel alerting.Channel) int {
	workers := 0
	for _, p := range o.plan.roles {
		if p.role == string(channel) && (!b.alone || p.name == spare) {
			workers++
		}
	}
	return b.doubled * workers * slots
}

// soak is one that goes on.
type soak struct {
	office *office
	island *island
	random *rand.Rand
	// deck are the faults that come next, by their place: each comes once before any comes again.
	deck []int
	out  soaked
}

// soaked is what `make soak` prints.
type soaked struct {
	Minutes int `json:"minutes"`
	// Load is the limit of the SMS gateway in messages a second: half of what the office did without one.
	Load       float64        `json:"load_per_second"`
	Alerts     int            `json:"alerts"`
	Deliveries int            `json:"deliveries"`
	Faults     map[string]int `json:"faults"`
	Lost       int            `json:"lost"`
	Duplicates int            `json:"duplicates"`
	InFlight   int            `json:"in_flight"`
	Crew       []growth       `json:"crew"`
	Held       bool           `json:"held"`
}

// TestSoak is `make soak`: alerts one after the other at half load, a fault each minute, and in the end what has become
// of memory and goroutines of each process.
func TestSoak(t *testing.T) {
	town := smallTown()
	town.people, town.push, town.mail = *size*11/10, *size/5, *size/5
	o := open(t, plan{town: town, roles: posts(), slots: slots})
	s := &soak{office: o, random: rand.New(rand.NewPCG(*seed, 43)), out: soaked{Minutes: *minutes, Faults: make(map[string]int)}}
	o.wire.set(t, away)
	s.halve(t)
	stop := o.watch()
	began := time.Now()
	for minute := 0; ; {
		since := int(time.Since(began) / time.Minute)
		if since >= *minutes {
			break
		}
		if since < minute {
			s.alert(t, nil)
			continue
		}
		s.alert(t, s.draw())
		minute = since + 1
		s.progress(minute)
	}
	s.out.Crew = stop()
	s.conclude(t)
}

// halve measures what the office does without a limit, and limits it to half of that. The spare worker moves to its island.
func (s *soak) halve(t *testing.T) {
	t.Helper()
	r := s.alert(t, nil)
	all := s.office.sim.read(t, r.from, "sms", r.id.String())
	if len(all) < 2 {
		t.Fatalf("%d messages", len(all))
	}
	span := all[len(all)-1].at.Sub(all[0].at).Seconds()
	s.out.Load = float64(int(float64(len(all)) / span / 2))
	t.Logf("%d messages in %.1f s without a limit; from now on %.0f a second", len(all), span, s.out.Load)
	f := fit{slots: slots, sms: s.office.wire.Addr().String(), rate: s.out.Load}
	s.office.refit(t, f, "sms1")
	s.island = s.office.strand(t, spare, f)
}

// draw gives the fault that comes next.
func (s *soak) draw() *blow {
	all := blows()
	if len(s.deck) == 0 {
		s.deck = s.random.Perm(len(all))
	}
	next := all[s.deck[0]]
	s.deck = s.deck[1:]
	return &next
}

// alertLives is how long an alert of the soak is in force: longer than it takes to deliver, whatever strikes, and so short that
// after the warm-up as many end as begin. What a process keeps of those in force is no growth.
const alertLives = 5 * time.Minute

// alert issues an alert, lets a fault strike in its middle if there is one, waits for its end and judges it.
func (s *soak) alert(t *testing.T, b *blow) run {
	t.Helper()
	o := s.office
	channels := []alerting.Channel{alerting.SMS, alerting.Push, alerting.Mail}
	r := run{people: *size, from: o.sim.place(t)}
	ends := time.Now().Add(alertLives)
	r.id, r.began = o.issueText(t, warningUntil(o.identifier(t), ends), client.Order{Channels: []string{"sms", "push", "mail"}})
	if b != nil {
		s.out.Faults[b.name]++
		b.strike(t, s, r, .33+.3*s.random.Float64())
	}
	standing := o.finish(t, r.id, 3*time.Minute)
	s.out.Alerts++
	for _, ch := range channels {
		c, mayDouble := o.count(t, r.from, string(ch), r.id.String()), 0
		if b != nil {
			mayDouble = b.mayDouble(o, ch)
		}
		s.out.Deliveries += len(c.arrivals)
		o.judge(t, c, ch, standing, mayDouble)
	}
	v := o.verdict
	s.out.Lost, s.out.Duplicates, s.out.InFlight = v.Lost, v.Duplicates, v.InFlight
	return r
}

// progress is a line for each minute.
func (s *soak) progress(minute int) {
	if *asJSON {
		return
	}
	rss, goroutines := 0.0, 0.0
	for _, w := range s.office.crew {
		if v, err := w.vitals(); err == nil {
			rss, goroutines = rss+v.rss, goroutines+v.goroutines
		}
	}
	_, _ = fmt.Fprintf(results, "minute %3d  alerts %d  deliveries %d  faults %v  lost %d  duplicates %d  allowed in flight %d  crew %.0f MB, %.0f goroutines\n",
		minute, s.out.Alerts, s.out.Deliveries, s.out.Faults, s.out.Lost, s.out.Duplicates, s.out.InFlight, rss/(1<<20), goroutines)
}

// conclude judges what has grown, and prints.
func (s *soak) conclude(t *testing.T) {
	t.Helper()
	judged := 0
	for _, g := range s.out.Crew {
		if g.Judged {
			judged++
		}
		if !g.Held {
			t.Errorf("%s grows: memory %s, live heap %s, goroutines %s in ten minutes; in each minute: memory %.0f, live heap %.0f, goroutines %.0f",
				g.Name, g.Memory, g.Live, g.Goroutines, g.Memory.minutes, g.Live.minutes, g.Goroutines.minutes)
		}
	}
	s.out.Held = !t.Failed()
	if *asJSON {
		conclude(t, "soak", s.out)
		return
	}
	for _, g := range s.out.Crew {
		g.print()
	}
	held := "held"
	if !s.out.Held {
		held = "NOT HELD"
	}
	_, _ = fmt.Fprintf(results, "43 soak  %d min at %.0f a second  alerts %d  deliveries %d  faults %v  lost %d  duplicates %d  allowed in flight %d  memory of %d processes judged  %s\n",
		s.out.Minutes, s.out.Load, s.out.Alerts, s.out.Deliveries, s.out.Faults, s.out.Lost, s.out.Duplicates, s.out.InFlight, judged, held)
}
