package siren

import (
	"sync"
	"time"
)

// instanceBits is the part of a counter that tells processes apart.
const instanceBits = 8

// counterTime is the time that a counter stands for.
func counterTime(counter uint64) time.Time {
	return time.UnixMicro(int64(counter &^ (1<<instanceBits - 1)))
}

// Counter issues strictly increasing counters: the microseconds since 1970, the lowest eight bits replaced by the
// number of the process. See the package comment for why no store is needed.
type Counter struct {
	now      func() time.Time
	instance uint64
	mu       sync.Mutex
	last     uint64
}

// NewCounter starts a counter. Processes that share a key should have different instances; when two are equal, the
// price is a refusal that the gateway repairs.
func NewCounter(instance uint8, now func() time.Time) *Counter {
	return &Counter{now: now, instance: uint64(instance)}
}

// Next is the next counter: never the same, never lower, even when the clock is set back.
func (c *Counter) Next() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	step := uint64(1) << instanceBits
	slot := uint64(max(c.now().UnixMicro(), 0)) &^ (step - 1)
	if floor := c.last &^ (step - 1); slot <= floor && c.last != 0 {
		slot = floor + step
	}
	c.last = slot | c.instance
	return c.last
}

// Above is Next, or the lowest counter of this process above floor where that is higher. Other sirens' counters are not
// moved by it.
func (c *Counter) Above(floor uint64) uint64 {
	n := c.Next()
	if n > floor {
		return n
	}
	step := uint64(1) << instanceBits
	return floor&^(step-1) + step | c.instance
}

// Plausible reports whether a device can have seen this counter: one that lies more than lead ahead of the clock is a
// forgery or an error, and following it would put the siren out of reach.
func (c *Counter) Plausible(seen uint64, lead time.Duration) bool {
	return seen > 0 && seen < 1<<53 && !counterTime(seen).After(c.now().Add(lead))
}
