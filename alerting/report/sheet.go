package report

import (
	"context"
	"fmt"
	"iter"

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

// sheetsAtOnce is how many pages are read at a time. Three such lots are in memory: with a note on every delivery they take some 30 MB.
const sheetsAtOnce = 32

// sheets goes through the pages from a number on that fan-out had written when p was read. It ends after the first error. While some
// are looked at, it is read how the next stand, and which come after those.
func (r *Reporter) sheets(ctx context.Context, p fanout.Progress, from uint32) iter.Seq2[sheet, error] {
	lots := ahead(ctx, func(ctx context.Context) iter.Seq2[[]sheet, error] {
		return r.standingLots(ctx, p, ahead(ctx, func(ctx context.Context) iter.Seq2[[]fanout.Page, error] { return r.pageLots(ctx, p, from) }))
	})
	return func(yield func(sheet, error) bool) {
		for lot, err := range lots {
			if err != nil {
				yield(sheet{}, err)
				return
			}
			for i := range lot {
				if !yield(lot[i], nil) {
					return
				}
			}
		}
	}
}

// pageLots gives pages as many as are read at a time.
func (r *Reporter) pageLots(ctx context.Context, p fanout.Progress, from uint32) iter.Seq2[[]fanout.Page, error] {
	return func(yield func([]fanout.Page, error) bool) {
		var lot []fanout.Page
		for page, err := range r.Manifest.Pages(ctx, p.Alert, from) {
			if err != nil {
				yield(nil, err)
				return
			}
			if page.Number >= p.Pages {
				break
			}
			if len(lot) > 0 && (len(lot) == sheetsAtOnce || page.Number-lot[0].Number >= sheetsAtOnce) {
				if !yield(lot, nil) {
					return
				}
				lot = nil
			}
			lot = append(lot, page)
		}
		if len(lot) > 0 {
			yield(lot, nil)
		}
	}
}

// standingLots says of pages how they stand.
func (r *Reporter) standingLots(ctx context.Context, p fanout.Progress, lots iter.Seq2[[]fanout.Page, error]) iter.Seq2[[]sheet, error] {
	return func(yield func([]sheet, error) bool) {
		for lot, err := range lots {
			var standing []ledger.SealedPage
			if err == nil {
				standing, err = r.standing(ctx, p, lot)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			out := make([]sheet, len(lot))
			for i := range lot {
				out[i] = sheet{page: lot[i], standing: standing[i]}
			}
			if !yield(out, nil) {
				return
			}
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
