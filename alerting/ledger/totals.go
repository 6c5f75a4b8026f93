package ledger

import (
	"encoding/json"
	"fmt"
	"time"

	"tocsin/alerting"
)

// Totals are the counters of an alert as they stood when it was sealed: they never change any more, so that whoever wants to know how
// it ended need not count its pages again. Only they keep how long hand-overs took.
type Totals struct {
	People   People
	Channels map[alerting.Channel]Counts
}

// packedTotals are totals as SQL keeps them. States are in the order of alerting.State; buckets leave out those that are empty.
type packedTotals struct {
	People   People                            `json:"people"`
	Channels map[alerting.Channel]packedCounts `json:"channels"`
}

type packedCounts struct {
	States  []int64       `json:"states"`
	FirstMS int64         `json:"first_ms,omitempty"`
	Buckets map[int]int64 `json:"buckets,omitempty"`
}

// Pack is what ReadTotals reads.
func (t *Totals) Pack() ([]byte, error) {
	out := packedTotals{People: t.People, Channels: make(map[alerting.Channel]packedCounts)}
	for ch, c := range t.Channels {
		if c.Targeted() == 0 {
			continue
		}
		p := packedCounts{States: c.States[:], FirstMS: c.Latencies.First.Milliseconds(), Buckets: make(map[int]int64)}
		for b, n := range c.Latencies.buckets {
			if n > 0 {
				p.Buckets[b] = n
			}
		}
		out.Channels[ch] = p
	}
	return json.Marshal(out)
}

// ReadTotals reads what Pack wrote.
func ReadTotals(b []byte) (Totals, error) {
	var p packedTotals
	if err := json.Unmarshal(b, &p); err != nil {
		return Totals{}, fmt.Errorf("totals of a sealed alert: %w", err)
	}
	t := Totals{People: p.People, Channels: make(map[alerting.Channel]Counts)}
	for ch, c := range p.Channels {
		var counts Counts
		if copy(counts.States[:], c.States) != len(c.States) {
			return Totals{}, fmt.Errorf("totals of a sealed alert: channel %s has %d states", ch, len(c.States))
		}
		counts.Latencies.First = time.Duration(c.FirstMS) * time.Millisecond
		for b, n := range c.Buckets {
			if b < 0 || b >= bucketCount {
				return Totals{}, fmt.Errorf("totals of a sealed alert: channel %s has a bucket %d", ch, b)
			}
			counts.Latencies.buckets[b] = n
			counts.Latencies.total += n
		}
		t.Channels[ch] = counts
	}
	return t, nil
}

// Sum adds sealed pages up. The zero value is a sum of none.
type Sum struct {
	states [4][alerting.StateCount]int64
	people crowd
}

// Add adds a page. Those on a page of sirens are not people.
func (s *Sum) Add(p *SealedPage, sirens bool) {
	for c := range p.states {
		for place := range alerting.PageSize {
			if state := stateAt(p.states[c], place); state != alerting.None {
				s.states[c][state]++
			}
		}
	}
	if !sirens {
		s.people.add(&p.states)
	}
}

// Totals are what was added, without how long hand-overs took: pages do not tell it.
func (s *Sum) Totals() Totals {
	out := Totals{People: s.people.people(), Channels: make(map[alerting.Channel]Counts)}
	for c, ch := range alerting.Channels() {
		out.Channels[ch] = Counts{States: s.states[c]}
	}
	return out
}
