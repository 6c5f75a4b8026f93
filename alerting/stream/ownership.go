package stream

import (
	"sync"
	"sync/atomic"
	"time"
)

// Ownership tells a handler whether the partition its record came from still belongs to this process. The zero value
// is of a partition that was never owned.
type Ownership struct {
	t    *tenure
	seat *seat
}

// seat is a handler's place in a window.
type seat struct {
	window <-chan struct{}
	once   sync.Once
}

func (s *seat) free() { s.once.Do(func() { <-s.window }) }

// Rest gives the handler's place in the window to the next record: the handler only waits for something that others
// must do. It goes on as before, and may rest again; how many records are open at once is still bounded. Without it, a
// window full of batches that a dead worker had begun would hold all that stand behind them for a lease.
func (o Ownership) Rest() {
	if o.seat != nil {
		o.seat.free()
	}
}

// tenure is one unbroken time of owning a partition. It outlives a rebalance that leaves the partition here.
type tenure struct {
	m      *member
	gained time.Time
	lost   chan struct{}
	proof  atomic.Pointer[time.Time]
}

// Owned says whether the partition is ours as far as we know. Another process may already have it when we were away
// for longer than the session time-out: see Proof.
func (o Ownership) Owned() bool {
	if o.t == nil {
		return false
	}
	select {
	case <-o.t.lost:
		return false
	default:
		return true
	}
}

// Lost is closed when the partition is lost. Work in hand is then finished and recorded, and nothing is committed.
func (o Ownership) Lost() <-chan struct{} {
	if o.t == nil {
		return nil
	}
	return o.t.lost
}

// GainedAt is when the partition became ours.
func (o Ownership) GainedAt() time.Time {
	if o.t == nil {
		return time.Time{}
	}
	return o.t.gained
}

// Proof is a moment at which the partition certainly was ours: when the last successful call to the group's
// coordinator began. It moves about every second. Zero means that there is no proof yet.
func (o Ownership) Proof() time.Time {
	if o.t == nil {
		return time.Time{}
	}
	if p := o.t.proof.Load(); p != nil {
		return *p
	}
	return time.Time{}
}

// Draining is closed when this process begins to shut down: start nothing new, finish what is under way, and return;
// an error leaves the record to its next owner. The handler's context ends only when the time for that is over.
func (o Ownership) Draining() <-chan struct{} {
	if o.t == nil {
		return nil
	}
	return o.t.m.draining
}

// Share is the part of the group's partitions that this process owns: 0 to 1. The shares of all processes add up to 1.
func (o Ownership) Share() float64 {
	if o.t == nil {
		return 0
	}
	return o.t.m.share()
}
