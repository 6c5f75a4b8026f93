package pace

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"tocsin/alerting"
)

// Options describe what a gateway bears. Its zero value is not usable: Slots must be at least 1.
type Options struct {
	// Gateway names it in Redis and in metrics.
	Gateway string
	// Slots is how many deliveries this process has under way at once.
	Slots int
	// Trip is how many failures in a row open the breaker; 0 means 10 + Slots.
	Trip uint32
	// Retry is how long an open breaker waits before it lets one delivery try; 0 means 2 s.
	Retry time.Duration
	// OnBreaker hears of every change of the breaker; may be nil.
	OnBreaker func(open bool)
}

// Pacer is the gate, the limit and the breaker of one gateway in one process.
type Pacer struct {
	gate    *Gate
	limiter *Limiter
	breaker *gobreaker.TwoStepCircuitBreaker[struct{}]
	now     func() time.Time
	// held is until when this process hands nothing over, in nanoseconds since 1970.
	held atomic.Int64
	// paused is until when people want nothing handed over, in nanoseconds since 1970; 0 for no pause.
	paused atomic.Int64
}

// New makes a pacer; limiter is nil for a gateway without a limit.
func New(o Options, limiter *Limiter, now func() time.Time) *Pacer {
	trip := o.Trip
	if trip == 0 {
		trip = uint32(10 + o.Slots)
	}
	retry := o.Retry
	if retry == 0 {
		retry = 2 * time.Second
	}
	settings := gobreaker.Settings{
		Name:        o.Gateway,
		MaxRequests: 1,
		Timeout:     retry,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= trip },
	}
	if o.OnBreaker != nil {
		settings.OnStateChange = func(_ string, _, to gobreaker.State) { o.OnBreaker(to != gobreaker.StateClosed) }
	}
	return &Pacer{gate: NewGate(o.Slots), limiter: limiter, now: now,
		breaker: gobreaker.NewTwoStepCircuitBreaker[struct{}](settings)}
}

// openWait is how long a request waits at an open breaker before it is told so.
const openWait = 100 * time.Millisecond

// ErrOpen: the breaker is open, or people have paused the gateway. Ask again, or ask another gateway.
var ErrOpen = errors.New("the gateway as a whole is failing, or is paused")

// Acquire waits until at least one delivery of cost permits may be handed over, and takes up to want. Each of them must
// be given back with Release. While the breaker is open or the gateway is paused it waits only a moment, and gives ErrOpen: who asked
// just before that may have another way by now.
func (p *Pacer) Acquire(ctx context.Context, lane alerting.Lane, want, cost int) (Permits, error) {
	for {
		if d := time.Unix(0, p.held.Load()).Sub(p.now()); d > 0 {
			if err := sleep(ctx, min(d, time.Second)); err != nil {
				return Permits{}, err
			}
			continue
		}
		state := p.breaker.State()
		if state == gobreaker.StateOpen || p.Paused() {
			if err := sleep(ctx, openWait); err != nil {
				return Permits{}, err
			}
			return Permits{}, ErrOpen
		}
		if state == gobreaker.StateHalfOpen {
			want = 1
		}
		n, err := p.gate.Acquire(ctx, lane, want)
		if err != nil {
			return Permits{}, err
		}
		if p.Paused() { // while we waited for a slot
			p.gate.Release(n)
			continue
		}
		if p.limiter == nil {
			return Permits{N: n, Start: p.now()}, nil
		}
		granted, wait := p.limiter.Reserve(ctx, lane, n, max(cost, 1))
		p.gate.Release(n - granted.N)
		if granted.N > 0 {
			return granted, nil
		}
		if err := sleep(ctx, min(max(wait, time.Millisecond), time.Second)); err != nil {
			return Permits{}, err
		}
	}
}

// Chunk is how many deliveries a batch best claims at a time: see Gate.
func (p *Pacer) Chunk() int { return p.gate.chunk }

// Renew says how many of n slots, whose deliveries have ended, the same batch may use again without waiting: none while
// the gateway rests or somebody waits who needs them more, and none where each delivery needs a permit of the limit.
func (p *Pacer) Renew(lane alerting.Lane, n int) int {
	if p.limiter != nil || p.held.Load() > p.now().UnixNano() || p.Paused() || p.Tripped() || !p.gate.Keep(lane, n) {
		return 0
	}
	return n
}

// Release gives back deliveries that are done, or were granted and not used.
func (p *Pacer) Release(n int) { p.gate.Release(n) }

// Allow asks the breaker for one hand-over; done tells it how that went. Not ok: hand nothing over.
func (p *Pacer) Allow() (done func(err error), ok bool) {
	done, err := p.breaker.Allow()
	return done, err == nil
}

// Tripped reports whether the breaker is not closed: the gateway as a whole is failing.
func (p *Pacer) Tripped() bool { return p.breaker.State() != gobreaker.StateClosed }

// Rests reports whether nothing goes through now: the gateway is paused, its breaker is open, or the one trial of it is under way.
func (p *Pacer) Rests() bool {
	if p.Paused() {
		return true
	}
	switch p.breaker.State() {
	case gobreaker.StateOpen:
		return true
	case gobreaker.StateHalfOpen:
		return p.breaker.Counts().Requests > 0
	}
	return false
}

// Hold pauses the gateway: in this process at once, and in all others when it has a limit.
func (p *Pacer) Hold(ctx context.Context, d time.Duration) {
	till := p.now().Add(d).UnixNano()
	for old := p.held.Load(); till > old; old = p.held.Load() {
		if p.held.CompareAndSwap(old, till) {
			break
		}
	}
	if p.limiter != nil {
		p.limiter.Hold(ctx, d)
	}
}

// Pause hands nothing over until then, in this process; the zero time ends a pause. What is under way is finished.
func (p *Pacer) Pause(until time.Time) {
	if until.IsZero() {
		p.paused.Store(0)
		return
	}
	p.paused.Store(until.UnixNano())
}

// Paused reports whether people have paused the gateway.
func (p *Pacer) Paused() bool {
	until := p.paused.Load()
	return until != 0 && p.now().UnixNano() < until
}

// Tell sets the rate of a gateway that has one.
func (p *Pacer) Tell(ctx context.Context, r Rate) {
	if p.limiter != nil {
		p.limiter.Tell(ctx, r)
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
