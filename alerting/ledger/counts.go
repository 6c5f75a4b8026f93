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
