package ledger

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"tocsin/alerting"
)

// Counts is the standing of one channel of an alert.
type Counts struct {
	// States counts deliveries per state; States[None] is always 0.
	States [alerting.StateCount]int64
	// Claimed is the part of States[Queued] that somebody is handing over right now.
	Claimed   int64
	Latencies Latencies
}

// Targeted is the sum of all states.
func (c *Counts) Targeted() int64 {
	var n int64
	for _, v := range c.States {
		n += v
	}
	return n
}

// Counts reads the exact counters of a channel, without its pages: one round trip, whatever the size of the alert.
// Claimed is left 0; Reach fills it. ErrNotReady when the ledger cannot vouch for the figures.
func (l *Ledger) Counts(ctx context.Context, id alerting.AlertID, ch alerting.Channel) (Counts, error) {
	fields := make([]string, 0, alerting.StateCount+bucketCount+1)
	for s := range alerting.StateCount {
		fields = append(fields, "n"+strconv.Itoa(s))
	}
	for b := range bucketCount {
		fields = append(fields, "h"+strconv.Itoa(b))
	}
	fields = append(fields, "first")
	pipe := l.rdb.Pipeline()
	ready := pipe.HMGet(ctx, l.metaKey(id), "ready")
	values := pipe.HMGet(ctx, l.pagesKey(id, ch), fields...)
	if _, err := pipe.Exec(ctx); err != nil {
		return Counts{}, away("count receipts", err)
	}
	if run, _ := first(ready.Val()).(string); run == "" || run != l.server.RunID() {
		return Counts{}, ErrNotReady
	}
	return readCounts(values.Val()), nil
}

func readCounts(v []any) Counts {
	var c Counts
	for s := range alerting.StateCount {
		c.States[s] = intOf(v[s])
	}
	c.States[alerting.None] = 0
	for b := range bucketCount {
		n := intOf(v[alerting.StateCount+b])
		c.Latencies.buckets[b] = n
		c.Latencies.total += n
	}
	c.Latencies.First = time.Duration(intOf(v[alerting.StateCount+bucketCount])) * time.Millisecond
	return c
}

// Used reports whether the ledger holds deliveries of an alert, ready or not.
func (l *Ledger) Used(ctx context.Context, id alerting.AlertID) (bool, error) {
	var fields []string
	for s := range alerting.StateCount {
		fields = append(fields, "n"+strconv.Itoa(s))
	}
	pipe := l.rdb.Pipeline()
	for _, ch := range alerting.Channels() {
		pipe.HMGet(ctx, l.pagesKey(id, ch), fields...)
	}
	answers, err := pipe.Exec(ctx)
	if err != nil {
		return false, away("ask whether anything was delivered", err)
	}
	for _, answer := range answers {
		values, _ := answer.(*redis.SliceCmd)
		if slices.ContainsFunc(values.Val(), func(v any) bool { return intOf(v) > 0 }) {
			return true, nil
		}
	}
	return false, nil
}

// People counts the people of an alert over all their channels.
type People struct {
	Targeted     int64 `json:"targeted"`
	Told         int64 `json:"told"`
	Delivered    int64 `json:"delivered"`
	Acknowledged int64 `json:"acknowledged"`
	// Unreachable people have no channel left that could still reach them, and none that did or may have.
	Unreachable int64 `json:"unreachable"`
	// Uncertain people were handed over on some channel, but no gateway ever confirmed it.
	Uncertain int64 `json:"uncertain"`
}

// pageChunk is how many pages one round trip reads: 4 channels × 512 pages × 128 bytes = 256 KB.
const pageChunk = 512

// Reach reads all pages of an alert. Pages is how many there are, isSirens says which of them hold sirens (they are
// not people). Claims of the channels are counted on the way.
func (l *Ledger) Reach(ctx context.Context, id alerting.AlertID, pages uint32, isSirens func(page uint32) bool) (People, map[alerting.Channel]int64, error) {
	var people People
	claimed := make(map[alerting.Channel]int64)
	for from := uint32(0); from < pages; from += pageChunk {
		chunk, err := l.readPages(ctx, id, from, min(from+pageChunk, pages))
		if err != nil {
			return People{}, nil, err
		}
		for i := range chunk {
			chunk[i].countClaims(claimed)
			if !isSirens(from + uint32(i)) {
				people.add(&chunk[i])
			}
		}
	}
	return people, claimed, nil
}

// page is one page over all channels, as read.
type page struct {
	states [4][]byte
	claims [4][]byte
}

func (l *Ledger) readPages(ctx context.Context, id alerting.AlertID, from, to uint32) ([]page, error) {
	fields := make([]string, 0, 2*(to-from))
	for n := from; n < to; n++ {
		fields = append(fields, strconv.FormatUint(uint64(n), 10), "k"+strconv.FormatUint(uint64(n), 10))
	}
	pipe := l.rdb.Pipeline()
	var replies [4]interface{ Val() []any }
	for c, ch := range alerting.Channels() {
		replies[c] = pipe.HMGet(ctx, l.pagesKey(id, ch), fields...)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, away("read pages", err)
	}
	out := make([]page, to-from)
	for c := range replies {
		for i, v := range replies[c].Val() {
			if i%2 == 0 {
				out[i/2].states[c] = bytesOf(v)
			} else {
				out[i/2].claims[c] = bytesOf(v)
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

func (p *People) add(pg *page) {
	for place := range alerting.PageSize {
		var states [4]alerting.State
		for c := range states {
			states[c] = stateAt(pg.states[c], place)
		}
		p.addPerson(states)
	}
}

// addPerson counts one person by the states of all channels.
func (p *People) addPerson(states [4]alerting.State) {
	var targeted, told, delivered, acknowledged, uncertain, open bool
	for _, s := range states {
		targeted = targeted || s != alerting.None
		told = told || s == alerting.Sent || s >= alerting.Delivered
		delivered = delivered || s >= alerting.Delivered
		acknowledged = acknowledged || s == alerting.Acknowledged
		uncertain = uncertain || s == alerting.Uncertain
		open = open || s == alerting.Queued
	}
	count := func(n *int64, yes bool) {
		if yes {
			*n++
		}
	}
	count(&p.Targeted, targeted)
	count(&p.Told, told)
	count(&p.Delivered, delivered)
	count(&p.Acknowledged, acknowledged)
	count(&p.Uncertain, uncertain && !told)
	count(&p.Unreachable, targeted && !told && !uncertain && !open)
}
