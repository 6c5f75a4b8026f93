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

// ErrOpen: the breaker is open. Ask again, or ask another gateway.
var ErrOpen = errors.New("the gateway as a whole is failing")

// Acquire waits until at least one delivery of cost permits may be handed over, and takes up to want. Each of them must
// be given back with Release. While the breaker is open it waits only a moment, and gives ErrOpen: who asked just before it
// opened may have another way by now.
func (p *Pacer) Acquire(ctx context.Context, lane alerting.Lane, want, cost int) (Permits, error) {
	for {
		if d := time.Unix(0, p.held.Load()).Sub(p.now()); d > 0 {
			if err := sleep(ctx, min(d, time.Second)); err != nil {
				return Permits{}, err
			}
			continue
		}
		switch p.breaker.State() {
		case gobreaker.StateOpen:
			if err := sleep(ctx, openWait); err != nil {
				return Permits{}, err
			}
			return Permits{}, ErrOpen
		case gobreaker.StateHalfOpen:
			want = 1
		}
		n, err := p.gate.Acquire(ctx, lane, want)
		if err != nil {
			return Permits{}, err
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
	if p.limiter != nil || p.held.Load() > p.now().UnixNano() || p.Tripped() || !p.gate.Keep(lane, n) {
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

// Rests reports whether the breaker lets nothing through now: it is open, or its one trial is under way.
func (p *Pacer) Rests() bool {
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
