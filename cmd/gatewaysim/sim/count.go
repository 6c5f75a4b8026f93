package sim

import (
	"math/bits"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// maxAlerts bounds how many (channel, alert) pairs are counted one by one; what comes beyond is counted as otherAlert.
const (
	maxAlerts  = 4096
	otherAlert = "(other)"
)

// slotWidth is the resolution of the histograms of arrivals.
const slotWidth = 100 * time.Millisecond

// tallies counts events. What it counts can be counted again from the raw log.
type tallies struct {
	mu       sync.RWMutex
	alerts   map[tallyKey]*alertTally
	gateways map[string]*gatewayTally
	faults   sync.Map // "gateway/detail" → *atomic.Uint64
	mark     atomic.Int64
}

type tallyKey struct{ channel, alert string }

// alertTally is what one channel did for one alert.
type alertTally struct {
	arrivals  atomic.Uint64
	landed    atomic.Uint64
	refused   atomic.Uint64
	callbacks atomic.Uint64
	rejected  atomic.Uint64
	retried   atomic.Uint64
	gaveUp    atomic.Uint64
	first     atomic.Int64 // unix microseconds, as are last and since
	last      atomic.Int64
	since     int64 // the mark in force when the alert was first seen; 0: none
	people    hashSet
	latency   latencies
}

// gatewayTally is what one listener took over time.
type gatewayTally struct {
	channel  string
	arrivals atomic.Uint64
	units    atomic.Uint64
	refused  atomic.Uint64
	faults   atomic.Uint64

	mu    sync.Mutex
	begin int64 // number of the first slot
	slots []slot
}

type slot struct{ arrivals, units uint32 }

func newTallies() *tallies {
	return &tallies{alerts: map[tallyKey]*alertTally{}, gateways: map[string]*gatewayTally{}}
}

// add counts one event.
func (t *tallies) add(e *Event) {
	switch e.Kind {
	case Arrive:
		t.arrive(e)
	case Land:
		t.alert(e).landed.Add(1)
	case Refused:
		t.gateway(e).refused.Add(1)
		if e.Alert != "" {
			t.alert(e).refused.Add(1)
		}
	case Fault:
		t.gateway(e).faults.Add(1)
		name := e.Gateway + "/" + e.Detail
		n, ok := t.faults.Load(name)
		if !ok {
			n, _ = t.faults.LoadOrStore(name, new(atomic.Uint64))
		}
		n.(*atomic.Uint64).Add(1)
	case Callback:
		t.alert(e).callbacks.Add(1)
	case CallbackRefused:
		t.alert(e).rejected.Add(1)
	case CallbackRetry:
		t.alert(e).retried.Add(1)
	case CallbackFailed:
		t.alert(e).gaveUp.Add(1)
	}
}

func (t *tallies) arrive(e *Event) {
	micros := e.Time.UnixMicro()
	a := t.alert(e)
	a.arrivals.Add(1)
	a.first.CompareAndSwap(0, micros)
	for first := a.first.Load(); micros < first && !a.first.CompareAndSwap(first, micros); first = a.first.Load() {
	}
	for last := a.last.Load(); micros > last && !a.last.CompareAndSwap(last, micros); last = a.last.Load() {
	}
	a.people.add(hashString(e.Recipient))
	switch {
	case !e.Sent.IsZero():
		a.latency.add(micros - e.Sent.UnixMicro())
	case a.since != 0:
		a.latency.add(micros - a.since)
	default:
		a.latency.add(micros - a.first.Load())
	}
	g := t.gateway(e)
	units := max(1, e.Units)
	g.arrivals.Add(1)
	g.units.Add(uint64(units))
	g.at(e.Time, units)
}

func (t *tallies) alert(e *Event) *alertTally {
	key := tallyKey{e.Channel, e.Alert}
	t.mu.RLock()
	a := t.alerts[key]
	t.mu.RUnlock()
	if a != nil {
		return a
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if a = t.alerts[key]; a != nil {
		return a
	}
	if len(t.alerts) >= maxAlerts {
		key.alert = otherAlert
		if a = t.alerts[key]; a != nil {
			return a
		}
	}
	key = tallyKey{strings.Clone(key.channel), strings.Clone(key.alert)}
	a = &alertTally{since: t.mark.Load()}
	t.alerts[key] = a
	return a
}

func (t *tallies) gateway(e *Event) *gatewayTally {
	t.mu.RLock()
	g := t.gateways[e.Gateway]
	t.mu.RUnlock()
	if g != nil {
		return g
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if g = t.gateways[e.Gateway]; g == nil {
		g = &gatewayTally{channel: e.Channel}
		t.gateways[e.Gateway] = g
	}
	return g
}

// seen is the tally of a listener, nil before its first event.
func (t *tallies) seen(name string) *gatewayTally {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.gateways[name]
}

// faultCounts lists the faults served by "listener/detail".
func (t *tallies) faultCounts() map[string]uint64 {
	out := map[string]uint64{}
	t.faults.Range(func(name, n any) bool {
		out[name.(string)] = n.(*atomic.Uint64).Load()
		return true
	})
	return out
}

// stats is the tally as the control API shows it.
func (a *alertTally) stats(k tallyKey) AlertStats {
	q := a.latency.quantiles(0.5, 0.95, 0.99, 1)
	st := AlertStats{Channel: k.channel, Alert: k.alert, Arrivals: a.arrivals.Load(), Unique: a.people.len(),
		Landed: a.landed.Load(), Refused: a.refused.Load(), First: a.first.Load(), Last: a.last.Load(),
		Latency:       LatencyStats{P50: q[0].Microseconds(), P95: q[1].Microseconds(), P99: q[2].Microseconds(), Max: q[3].Microseconds()},
		CallbacksSent: a.callbacks.Load(), CallbacksRefused: a.rejected.Load(), CallbacksRetried: a.retried.Load(),
		CallbacksFailed: a.gaveUp.Load()}
	st.Duplicates = st.Arrivals - min(st.Arrivals, uint64(st.Unique))
	if span := st.Last - st.First; span > 0 {
		st.ArrivalsPerSecond = float64(st.Arrivals) / (float64(span) / 1e6)
	}
	return st
}

// clear forgets all counts.
func (t *tallies) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.alerts)
	clear(t.gateways)
	t.faults.Clear()
	t.mark.Store(0)
}

// keys lists what was counted, sorted by channel and alert; empty strings stand for all.
func (t *tallies) keys(channel, alert string) []tallyKey {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var out []tallyKey
	for k := range t.alerts {
		if (channel == "" || k.channel == channel) && (alert == "" || k.alert == alert) {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, func(a, b tallyKey) int {
		if c := strings.Compare(a.channel, b.channel); c != 0 {
			return c
		}
		return strings.Compare(a.alert, b.alert)
	})
	return out
}

func (t *tallies) get(k tallyKey) *alertTally {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.alerts[k]
}

// maxSlots is a day of slots; a gateway that runs longer begins anew.
const maxSlots = int(24 * time.Hour / slotWidth)

func (g *gatewayTally) at(when time.Time, units int) {
	n := when.UnixNano() / int64(slotWidth)
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.slots) == 0 || n-g.begin >= int64(maxSlots) {
		g.begin, g.slots = n, g.slots[:0]
	}
	i := max(0, n-g.begin)
	for int64(len(g.slots)) <= i {
		g.slots = append(g.slots, slot{})
	}
	g.slots[i].arrivals++
	g.slots[i].units += uint32(units)
}

// history is a copy of the slots and the time at which the first begins.
func (g *gatewayTally) history() (time.Time, []slot) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return time.Unix(0, g.begin*int64(slotWidth)), slices.Clone(g.slots)
}

// latencies is a histogram of microseconds in 16 steps per power of two (an error of 6 % at most).
type latencies struct {
	buckets [64 * 16]atomic.Uint32
}

func bucketOf(micros int64) int {
	v := uint64(max(0, micros))
	if v < 16 {
		return int(v)
	}
	exp := bits.Len64(v) - 5
	return (exp+1)*16 + int(v>>exp)&15
}

// bucketTop is the largest value of a bucket.
func bucketTop(i int) int64 {
	if i < 16 {
		return int64(i)
	}
	exp := i/16 - 1
	return int64(i&15+16+1)<<exp - 1
}

func (l *latencies) add(micros int64) { l.buckets[bucketOf(micros)].Add(1) }

// quantiles gives the values below which the parts q (ascending) of all lie.
func (l *latencies) quantiles(q ...float64) []time.Duration {
	var total uint64
	for i := range l.buckets {
		total += uint64(l.buckets[i].Load())
	}
	out := make([]time.Duration, len(q))
	var sum uint64
	k := 0
	for i := range l.buckets {
		sum += uint64(l.buckets[i].Load())
		for k < len(q) && total > 0 && float64(sum) >= q[k]*float64(total) {
			out[k] = time.Duration(bucketTop(i)) * time.Microsecond
			k++
		}
	}
	return out
}
