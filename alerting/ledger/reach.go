package ledger

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"

	"tocsin/alerting"
)

// pageChunk is how many pages one round trip reads: 4 channels × 512 pages × 128 bytes = 256 KB.
const pageChunk = 512

// Reach reads all pages of an alert. Pages is how many there are, isSirens says which of them hold sirens (they are
// not people). Claims of the channels are counted on the way. ErrNotReady when the ledger cannot vouch for the figures.
func (l *Ledger) Reach(ctx context.Context, id alerting.AlertID, pages uint32, isSirens func(page uint32) bool) (People, map[alerting.Channel]int64, error) {
	var people crowd
	claimed := make(map[alerting.Channel]int64)
	on, err := l.holding(ctx, id)
	if err != nil {
		return People{}, nil, err
	}
	for from := uint32(0); from < pages; from += pageChunk {
		chunk, err := l.readPages(ctx, id, on, from, min(from+pageChunk, pages), claimsField)
		if err != nil {
			return People{}, nil, err
		}
		for i := range chunk {
			chunk[i].countClaims(claimed)
			if !isSirens(from + uint32(i)) {
				people.add(&chunk[i].states)
			}
		}
	}
	return people.people(), claimed, nil
}

// everyChannel are the channels by their indexes.
func everyChannel() []int {
	all := make([]int, len(alerting.Channels()))
	for c := range all {
		all[c] = c
	}
	return all
}

// holding are the channels of an alert on which the ledger holds anything, by their indexes.
func (l *Ledger) holding(ctx context.Context, id alerting.AlertID) (on []int, err error) {
	pipe := l.rdb.Pipeline()
	var have []*redis.IntCmd
	for _, ch := range alerting.Channels() {
		have = append(have, pipe.Exists(ctx, l.pagesKey(id, ch)))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, away("ask which channels are used", err)
	}
	for c := range have {
		if have[c].Val() > 0 {
			on = append(on, c)
		}
	}
	return on, nil
}

// page is one page over all channels, as read.
type page struct {
	states [4][]byte
	// claims, or notes, are what was asked for beside the states.
	claims [4][]byte
	notes  [4]string
}

// What may be asked for of a page beside its states: the letter before its number, see lua/page.lua.
const (
	claimsField = "k"
	notesField  = "r"
)

// readPages reads the pages from one number to before another in one round trip: on some channels, named by their indexes, their
// states and one thing more. ErrNotReady when the ledger cannot vouch for them: what was forgotten meanwhile would look like pages
// that nobody was targeted on.
func (l *Ledger) readPages(ctx context.Context, id alerting.AlertID, on []int, from, to uint32, more string) ([]page, error) {
	fields := make([]string, 0, 2*(to-from))
	for n := from; n < to; n++ {
		number := strconv.FormatUint(uint64(n), 10)
		fields = append(fields, number, more+number)
	}
	pipe := l.rdb.Pipeline()
	before := pipe.HGet(ctx, l.metaKey(id), "ready")
	replies := make([]*redis.SliceCmd, len(on))
	for i, c := range on {
		replies[i] = pipe.HMGet(ctx, l.pagesKey(id, alerting.Channels()[c]), fields...)
	}
	after := pipe.HGet(ctx, l.metaKey(id), "ready")
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return nil, away("read pages", err)
	}
	if run := l.server.RunID(); run == "" || before.Val() != run || after.Val() != run {
		return nil, ErrNotReady
	}
	out := make([]page, to-from)
	for i, c := range on {
		values := replies[i].Val()
		if len(values) != len(fields) {
			return nil, fmt.Errorf("%w: read pages: Redis answered %d values to %d questions", alerting.ErrUnavailable, len(values), len(fields))
		}
		for n := range out {
			out[n].states[c] = bytesOf(values[2*n])
			if more == notesField {
				out[n].notes[c], _ = values[2*n+1].(string)
			} else {
				out[n].claims[c] = bytesOf(values[2*n+1])
			}
		}
	}
	return out, nil
}

// stateAt reads a packed page; a page that was never written holds None everywhere.
func stateAt(packed []byte, place int) alerting.State {
	if place/2 >= len(packed) {
		return alerting.None
	}
	return alerting.State(packed[place/2] >> (4 * (place % 2)) & 15)
}

func (p *page) countClaims(into map[alerting.Channel]int64) {
	for c, ch := range alerting.Channels() {
		for i := 0; i+claimSize <= len(p.claims[c]); i += claimSize {
			if stateAt(p.states[c], int(p.claims[c][i])) == alerting.Queued {
				into[ch]++
			}
		}
	}
}

// claimSize is the length of a packed claim, see lua/page.lua.
const claimSize = 16
