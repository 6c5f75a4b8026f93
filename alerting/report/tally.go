package report

import (
	"cmp"
	"slices"

	"tocsin/alerting"
	"tocsin/alerting/fanout"
)

// tally adds pages up.
type tally struct {
	people, sirens Reach
	channels       [4]Reached
	states         [4][alerting.StateCount]int64
	// infos is by the index of the info.
	infos  [256]Reach
	areas  map[zone]*areaTally
	causes *causes
}

func newTally() *tally { return &tally{causes: newCauses(), areas: make(map[zone]*areaTally)} }

// stand is all that a tally asks of somebody: where he is, what he was to get, and what became of it.
type stand struct {
	at     zone
	info   uint8
	on     [4]bool
	states [4]alerting.State
}

func (s *sheet) stand(place uint8) stand {
	out := stand{at: zoneOf(&s.page, place), info: s.page.Infos[place], states: s.states(place)}
	for c := range out.on {
		out.on[c] = s.page.Targets[c].Has(place)
	}
	return out
}

// add counts a page, and gives the places of those whom no channel reached. Neighbours mostly stand alike, and are counted together.
func (t *tally) add(s *sheet) (lost []uint8) {
	var last stand
	var end end
	alike := int64(0)
	for i := range s.page.Persons {
		place := uint8(i)
		one := s.stand(place)
		if alike == 0 || one != last {
			t.count(s.page.Kind, &last, end, alike)
			last, end, alike = one, endOf(one.states), 0
		}
		alike++
		t.explain(s, place, &one)
		if end == unreached {
			lost = append(lost, place)
		}
	}
	t.count(s.page.Kind, &last, end, alike)
	return lost
}

// count counts n who stand alike.
func (t *tally) count(kind fanout.Kind, one *stand, end end, n int64) {
	if n == 0 {
		return
	}
	area := t.areas[one.at]
	if area == nil {
		area = new(areaTally)
		t.areas[one.at] = area
	}
	area.add(kind, one, end, n)
	if kind == fanout.Sirens {
		t.sirens.add(end, one.states, n)
	} else {
		t.people.add(end, one.states, n)
		t.infos[one.info].add(end, one.states, n)
	}
	reached, by := 0, 0
	for c, state := range one.states {
		if one.on[c] {
			t.channels[c].Targeted += n
		}
		if state == alerting.None {
			continue
		}
		t.states[c][state] += n
		if told(state) {
			t.channels[c].Reached += n
			reached, by = reached+1, c
		}
	}
	if reached == 1 {
		t.channels[by].Alone += n
	}
}

// explain notes why deliveries to a place did not arrive.
func (t *tally) explain(s *sheet, place uint8, one *stand) {
	for c, state := range one.states {
		if state != alerting.None && state != alerting.Queued && !told(state) {
			t.causes.add(Cause{Channel: alerting.Channels()[c], State: state.String(), Reason: s.reason(c, place, state)})
		}
	}
}

// told reports whether a gateway took a delivery, and nothing says that it failed.
func told(s alerting.State) bool { return s == alerting.Sent || s >= alerting.Delivered }

// end is where somebody stands over all his channels.
type end uint8

const (
	nobody end = iota // no channel was to reach him
	reachedEnd
	openEnd
	uncertainEnd
	unreached
)

func endOf(states [4]alerting.State) end {
	out := nobody
	for _, s := range states {
		switch {
		case told(s):
			return reachedEnd
		case s == alerting.Queued:
			out = openEnd
		case s == alerting.Uncertain && out != openEnd:
			out = uncertainEnd
		case s != alerting.None && out == nobody:
			out = unreached
		}
	}
	return out
}

// add counts n who stand alike.
func (r *Reach) add(e end, states [4]alerting.State, n int64) {
	switch e {
	case nobody:
		return
	case reachedEnd:
		r.Reached += n
		best := slices.Max(states[:])
		if best >= alerting.Delivered {
			r.Delivered += n
		}
		if best == alerting.Acknowledged {
			r.Acknowledged += n
		}
	case openEnd:
		r.Open += n
	case uncertainEnd:
		r.Uncertain += n
	case unreached:
		r.Unreached += n
	}
	r.Targeted += n
}

// Cause is why deliveries did not arrive, or may not have.
type Cause struct {
	Channel alerting.Channel `json:"channel"`
	// State is failed, uncertain, expired, cancelled or opted_out.
	State string `json:"state"`
	// Reason is in the words of the gateway or the worker; empty where none was noted.
	Reason     string `json:"reason"`
	Deliveries int64  `json:"deliveries"`
}

// causesKept bounds how many different reasons are told apart: some gateways put a number of their own into each.
const causesKept = 1000

// otherReasons stands for the reasons that came after those.
func otherReasons() string { return alerting.Say("note.other-reasons", "other reasons") }

// causes counts deliveries by cause.
type causes struct{ counts map[Cause]int64 }

func newCauses() *causes { return &causes{make(map[Cause]int64)} }

func (c *causes) add(cause Cause) {
	if _, known := c.counts[cause]; !known && len(c.counts) >= causesKept {
		cause.Reason = otherReasons()
	}
	c.counts[cause]++
}

// list is what was counted, the most frequent first.
func (c *causes) list() []Cause {
	out := make([]Cause, 0, len(c.counts))
	for cause, n := range c.counts {
		cause.Deliveries = n
		out = append(out, cause)
	}
	slices.SortFunc(out, func(a, b Cause) int {
		return cmp.Or(cmp.Compare(b.Deliveries, a.Deliveries), cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.State, b.State), cmp.Compare(a.Reason, b.Reason))
	})
	return out
}
