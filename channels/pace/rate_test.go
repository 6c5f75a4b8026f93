package pace

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/embedded"
	"tocsin/alerting/embedded/servertest"
)

// fleet is five processes that send through one gateway as fast as they may, on one clock.
type fleet struct {
	t       *testing.T
	server  *embedded.Redis
	now     time.Time
	all     []*Limiter
	granted []time.Time
}

func newFleet(t *testing.T, rate float64) *fleet {
	f := &fleet{t: t, server: servertest.RedisServer(t, embedded.RedisConfig{Still: true}), now: time.Unix(1000, 0)}
	for range 5 {
		f.all = append(f.all, NewLimiter(client(t, f.server.Addr()), "fleet", rate, func() float64 { return .2 }, func() time.Time { return f.now }))
	}
	return f
}

// run lets everybody ask every 10 ms.
func (f *fleet) run(d time.Duration) {
	for end := f.now.Add(d); f.now.Before(end); {
		for _, l := range f.all {
			p, _ := l.Reserve(f.t.Context(), alerting.Flash, 10, 1)
			for i := range p.N {
				f.granted = append(f.granted, p.Start.Add(time.Duration(i)*p.Interval))
			}
		}
		f.now = f.now.Add(10 * time.Millisecond)
		f.server.Advance(10 * time.Millisecond)
	}
}

// most is the greatest number of hand-overs in any second that begins at from or later.
func (f *fleet) most(from time.Time) (n int) {
	times := slices.DeleteFunc(slices.Clone(f.granted), func(at time.Time) bool { return at.Before(from) })
	slices.SortFunc(times, time.Time.Compare)
	first := 0
	for last := range times {
		for times[last].Sub(times[first]) >= time.Second {
			first++
		}
		n = max(n, last-first+1)
	}
	return n
}

func (f *fleet) wantMost(from time.Time, rate float64, when string) {
	f.t.Helper()
	if n, most := f.most(from), int(rate*1.05); n > most {
		f.t.Errorf("%s: %d hand-overs in a second at %v/s over five processes, want at most %d", when, n, rate, most)
	}
	if n, least := f.most(from), int(rate*.9); n < least {
		f.t.Errorf("%s: at most %d hand-overs in a second at %v/s: the rate is not used", when, n, rate)
	}
}

// TestALowerRateHoldsInAllProcessesAtOnce: the others have not been told yet, and hear of it in Redis.
func TestALowerRateHoldsInAllProcessesAtOnce(t *testing.T) {
	f := newFleet(t, 200)
	f.run(1500 * time.Millisecond)
	f.wantMost(time.Unix(1000, 0), 200, "as configured")
	changed := f.now
	f.all[0].Tell(t.Context(), Rate{PerSecond: 40, Version: 1})
	f.run(1500 * time.Millisecond)
	f.wantMost(changed, 40, "told to one of five")
	for _, l := range f.all[1:] {
		l.Tell(t.Context(), Rate{PerSecond: 40, Version: 1})
	}
	f.run(time.Second)
	f.wantMost(changed, 40, "told to all")
}

// TestARaiseIsToldToEach: whoever was not told keeps to what he knows; altogether it is never more than the new rate.
func TestARaiseIsToldToEach(t *testing.T) {
	f := newFleet(t, 200)
	for _, l := range f.all {
		l.Tell(t.Context(), Rate{PerSecond: 40, Version: 1})
	}
	f.run(time.Second)
	raised := f.now
	for i, l := range f.all {
		l.Tell(t.Context(), Rate{PerSecond: 100, Version: 2})
		if got := l.inForce(); got != (Rate{100, 2}) {
			t.Errorf("process %d keeps to %+v", i, got)
		}
		if late := f.all[4].inForce(); i < 4 && late.PerSecond != 40 {
			t.Errorf("the last was not told, and keeps to %+v", late)
		}
		f.run(200 * time.Millisecond)
	}
	f.run(1200 * time.Millisecond)
	f.wantMost(raised, 100, "raised")
}

// TestALowerRateOutlivesRedis: a process that only heard of it keeps to its part of it when Redis is away, and afterwards.
func TestALowerRateOutlivesRedis(t *testing.T) {
	f := newFleet(t, 200)
	f.run(200 * time.Millisecond)
	changed := f.now
	f.all[0].Tell(t.Context(), Rate{PerSecond: 40, Version: 1})
	f.run(500 * time.Millisecond)
	for _, l := range f.all {
		l.noteAway()
	}
	f.run(3500 * time.Millisecond)
	f.wantMost(changed, 40, "with Redis away and back")
	// It comes back empty: whoever asks first brings the rate along.
	if err := f.all[0].rdb.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	emptied := f.now
	f.run(1200 * time.Millisecond)
	f.wantMost(emptied, 40, "with Redis emptied")
}

// TestToldWhileRedisIsAway: each keeps to his part, and Redis learns of it when it is back.
func TestToldWhileRedisIsAway(t *testing.T) {
	f := newFleet(t, 200)
	f.run(200 * time.Millisecond)
	for _, l := range f.all {
		l.noteAway()
	}
	f.run(500 * time.Millisecond)
	changed := f.now
	for _, l := range f.all {
		l.Tell(t.Context(), Rate{PerSecond: 40, Version: 7})
	}
	f.run(3500 * time.Millisecond)
	f.wantMost(changed, 40, "told while Redis was away")
	if v, err := f.all[0].rdb.HGet(t.Context(), "pace:{fleet}", "version").Int64(); err != nil || v != 7 {
		t.Errorf("Redis knows the version %d (%v), want 7", v, err)
	}
}

func TestAPausedGatewayRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(Options{Gateway: "p", Slots: 4}, nil, time.Now)
		p.Pause(time.Now().Add(3 * time.Second))
		if !p.Paused() || !p.Rests() || p.Renew(alerting.Flash, 1) != 0 {
			t.Error("a paused gateway does not rest, or slots go on to the next delivery")
		}
		before := time.Now()
		_, err := p.Acquire(t.Context(), alerting.Stop, 1, 1)
		if !errors.Is(err, ErrOpen) || time.Since(before) > openWait {
			t.Errorf("%v after %v: want to be told soon", err, time.Since(before))
		}
		for errors.Is(err, ErrOpen) {
			_, err = p.Acquire(t.Context(), alerting.Stop, 1, 1)
		}
		if d := time.Since(before); err != nil || d < 3*time.Second || d > 3*time.Second+openWait {
			t.Errorf("%v after %v, want a slot when the pause ends", err, d)
		}
		p.Release(1)
		p.Pause(time.Now().Add(time.Hour))
		p.Pause(time.Time{})
		if p.Paused() || p.Rests() {
			t.Error("the pause was ended, and goes on")
		}
	})
}

// TestAPauseHoldsWhoWaitsForASlot: he is not served when one comes free.
func TestAPauseHoldsWhoWaitsForASlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(Options{Gateway: "p", Slots: 1}, nil, time.Now)
		if _, err := p.Acquire(t.Context(), alerting.Flash, 1, 1); err != nil {
			t.Fatal(err)
		}
		told := make(chan error)
		go func() {
			_, err := p.Acquire(t.Context(), alerting.Flash, 1, 1)
			told <- err
		}()
		synctest.Wait()
		p.Pause(time.Now().Add(time.Hour))
		p.Release(1)
		if err := <-told; !errors.Is(err, ErrOpen) || p.gate.Free() != 1 {
			t.Errorf("%v, %d slots free: want to be told of the pause, and the slot free", err, p.gate.Free())
		}
	})
}
