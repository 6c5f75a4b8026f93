package report

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

	"tocsin/alerting"
	"tocsin/alerting/fanout"
	"tocsin/alerting/ledger"
)

// sheet is a page of the manifest, and how it stands.
type sheet struct {
	page     fanout.Page
	standing ledger.SealedPage
	// notes of the channels are read when the first of them is needed.
	notes [4]map[uint8][]ledger.Note
}

// sheetsAtOnce is how many pages are in memory at a time: with a note on every delivery they take some 5 MB.
const sheetsAtOnce = 16

// sheets goes through the pages from a number on that fan-out had written when p was read. It ends after the first error.
func (r *Reporter) sheets(ctx context.Context, p fanout.Progress, from uint32) iter.Seq2[sheet, error] {
	return func(yield func(sheet, error) bool) {
		var lot []fanout.Page
		give := func() bool {
			standing, err := r.standing(ctx, p, lot)
			if err != nil {
				yield(sheet{}, err)
				return false
			}
			for i := range lot {
				if !yield(sheet{page: lot[i], standing: standing[i]}, nil) {
					return false
				}
			}
			lot = lot[:0]
			return true
		}
		for page, err := range r.Manifest.Pages(ctx, p.Alert, from) {
			if err != nil {
				yield(sheet{}, err)
				return
			}
			if page.Number >= p.Pages {
				break
			}
			if len(lot) > 0 && (len(lot) == sheetsAtOnce || page.Number-lot[0].Number >= sheetsAtOnce) && !give() {
				return
			}
			lot = append(lot, page)
		}
		if len(lot) > 0 {
			give()
		}
	}
}

// standing is how pages stand: by the manifest once they are sealed, and by the ledger before.
func (r *Reporter) standing(ctx context.Context, p fanout.Progress, lot []fanout.Page) ([]ledger.SealedPage, error) {
	out := make([]ledger.SealedPage, len(lot))
	if p.Sealed {
		for i := range lot {
			var err error
			if out[i], err = ledger.ReadSealed(lot[i].Sealed); err != nil {
				return nil, fmt.Errorf("page %d: %w", lot[i].Number, err)
			}
		}
		return out, nil
	}
	from := lot[0].Number
	pages, err := r.Standing(ctx, p.Alert, from, lot[len(lot)-1].Number+1)
	if err != nil {
		return nil, err
	}
	for i := range lot {
		out[i] = pages[lot[i].Number-from]
	}
	return out, nil
}

// states are those of a place. What is targeted and not yet in the ledger is queued: the ledger hears of a page a moment after
// the manifest, and a claim does the same.
func (s *sheet) states(place uint8) [4]alerting.State {
	states := s.standing.StatesAt(place)
	for c := range states {
		if states[c] == alerting.None && s.page.Targets[c].Has(place) {
			states[c] = alerting.Queued
		}
	}
	return states
}

// reason is the last thing that was noted of why a delivery ended as it did; empty when nothing was.
func (s *sheet) reason(c int, place uint8, state alerting.State) string {
	if s.notes[c] == nil {
		s.notes[c] = s.standing.Notes(c)
	}
	last := ""
	for _, n := range s.notes[c][place] {
		// A note of another kind tells why it was put off; of a failure only that of the failure counts.
		if n.Reason != "" && (state != alerting.Failed || n.What == state.String()) {
			last = n.Reason
		}
	}
	return last
}

// missed is how the deliveries of somebody ended whom none reached.
func (s *sheet) missed(place uint8) []Missed {
	out := []Missed{}
	states := s.states(place)
	for c, ch := range alerting.Channels() {
		if states[c] != alerting.None {
			out = append(out, Missed{Channel: ch, State: states[c].String(), Reason: s.reason(c, place, states[c])})
		}
	}
	return out
}

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

// add counts a page, and gives the places of those whom no channel reached.
func (t *tally) add(s *sheet) (lost []uint8) {
	of := &t.people
	if s.page.Kind == fanout.Sirens {
		of = &t.sirens
	}
	for i := range s.page.Persons {
		place := uint8(i)
		states := s.states(place)
		end := endOf(states)
		t.count(s, place, states)
		of.add(end, states)
		t.area(zoneOf(&s.page, place)).add(s, place, end, states)
		if s.page.Kind == fanout.People {
			t.infos[s.page.Infos[i]].add(end, states)
		}
		if end == unreached {
			lost = append(lost, place)
		}
	}
	return lost
}

func (t *tally) area(at zone) *areaTally {
	if t.areas[at] == nil {
		t.areas[at] = new(areaTally)
	}
	return t.areas[at]
}

// count counts the deliveries of one place.
func (t *tally) count(s *sheet, place uint8, states [4]alerting.State) {
	reached, by := 0, 0
	for c, state := range states {
		if s.page.Targets[c].Has(place) {
			t.channels[c].Targeted++
		}
		if state == alerting.None {
			continue
		}
		t.states[c][state]++
		switch {
		case told(state):
			t.channels[c].Reached++
			reached, by = reached+1, c
		case state != alerting.Queued:
			t.causes.add(Cause{Channel: alerting.Channels()[c], State: state.String(), Reason: s.reason(c, place, state)})
		}
	}
	if reached == 1 {
		t.channels[by].Alone++
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

func (r *Reach) add(e end, states [4]alerting.State) {
	switch e {
	case nobody:
		return
	case reachedEnd:
		r.Reached++
		best := slices.Max(states[:])
		if best >= alerting.Delivered {
			r.Delivered++
		}
		if best == alerting.Acknowledged {
			r.Acknowledged++
		}
	case openEnd:
		r.Open++
	case uncertainEnd:
		r.Uncertain++
	case unreached:
		r.Unreached++
	}
	r.Targeted++
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
