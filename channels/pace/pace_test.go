package pace

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"tocsin/alerting"
	"tocsin/alerting/embedded"
	"tocsin/alerting/embedded/servertest"
)

func client(t testing.TB, addr string) redis.UniversalClient {
	rdb := redis.NewUniversalClient(&redis.UniversalOptions{Addrs: []string{addr}, MaxRetries: -1})
	t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

func whole() float64 { return 1 }

func TestTheRateIsNeverExceeded(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		interval := time.Duration(rapid.IntRange(1, 200).Draw(rt, "ms")) * time.Millisecond
		now := time.Unix(1000, 0)
		var tat time.Time
		var slots []time.Time
		for range 200 {
			now = now.Add(time.Duration(rapid.IntRange(0, 100).Draw(rt, "pause")) * time.Millisecond)
			n, start, next, wait := reserve(tat, now, interval, rapid.IntRange(1, 20).Draw(rt, "want"))
			if n == 0 && wait <= 0 {
				rt.Fatal("nothing granted and nothing to wait for")
			}
			for i := range n {
				slots = append(slots, start.Add(time.Duration(i)*interval))
			}
			tat = next
		}
		for i := 1; i < len(slots); i++ {
			if d := slots[i].Sub(slots[i-1]); d < interval {
				rt.Fatalf("slots %v apart, want %v", d, interval)
			}
		}
	})
}

// TestTheRateIsUsed: whoever asks again after the wait that it was told uses all of the rate, however slow the gateway, and
// is granted a decent part of the window each time.
func TestTheRateIsUsed(t *testing.T) {
	for _, rate := range []int{1, 5, 30, 100, 1000, 5000} {
		interval := time.Second / time.Duration(rate)
		least := min(16, max(1, int(Ahead/interval/2)))
		now := time.Unix(1000, 0)
		end := now.Add(20 * time.Second)
		var tat time.Time
		units := 0
		for now.Before(end) {
			n, _, next, wait := reserve(tat, now, interval, 16)
			if n > 0 && n < least {
				t.Errorf("%d/s: %d granted, want at least %d", rate, n, least)
			}
			units, tat, now = units+n, next, now.Add(wait)
		}
		if want := rate * 20; units < want*99/100 || units > want+int(Ahead/interval)+1 {
			t.Errorf("%d/s: %d of %d units used in 20 s", rate, units, want)
		}
	}
}

func TestLuaAndGoReserveAlike(t *testing.T) {
	server := servertest.RedisServer(t, embedded.RedisConfig{Still: true})
	rdb := client(t, server.Addr())
	l := NewLimiter(rdb, "alike", 100, whole, time.Now)
	now := time.Unix(0, 0)
	var tat time.Time
	for i, move := range []time.Duration{0, 0, 0, 7, 60, 0, 0, 13, 1000, 0} {
		server.Advance(move * time.Millisecond)
		now = now.Add(move * time.Millisecond)
		n, start, next, wait := reserve(tat, now, 10*time.Millisecond, 3)
		gotN, gotD, _, err := l.ask(t.Context(), alerting.Routine, 3, 1)
		if err != nil {
			t.Fatal(err)
		}
		want := wait
		if n > 0 {
			want = start.Sub(now)
		}
		if gotN != n || gotD != want {
			t.Errorf("call %d: Redis grants %d in %v, Go %d in %v", i, gotN, gotD, n, want)
		}
		tat = next
	}
}

func TestFlashMarksAndRoutineWaits(t *testing.T) {
	server := servertest.RedisServer(t, embedded.RedisConfig{Still: true})
	rdb := client(t, server.Addr())
	a := NewLimiter(rdb, "lanes", 1000, whole, time.Now)
	other := NewLimiter(rdb, "lanes", 1000, whole, time.Now)
	if p, _ := a.Reserve(t.Context(), alerting.Flash, 1, 1); p.N != 1 {
		t.Fatal("flash got nothing")
	}
	p, wait := other.Reserve(t.Context(), alerting.Routine, 1, 1)
	if p.N != 0 || wait <= 0 || wait > markFor {
		t.Errorf("routine got %d, wait %v: another process' flash must hold it back", p.N, wait)
	}
	server.Advance(markFor + time.Millisecond)
	if p, _ := other.Reserve(t.Context(), alerting.Routine, 1, 1); p.N != 1 {
		t.Error("routine got nothing after the mark")
	}
}

func TestAHoldHoldsAllProcesses(t *testing.T) {
	server := servertest.RedisServer(t, embedded.RedisConfig{Still: true})
	rdb := client(t, server.Addr())
	a := NewLimiter(rdb, "hold", 1000, whole, time.Now)
	other := NewLimiter(rdb, "hold", 1000, whole, time.Now)
	a.Hold(t.Context(), 3*time.Second)
	if p, wait := other.Reserve(t.Context(), alerting.Flash, 1, 1); p.N != 0 || wait != 3*time.Second {
		t.Errorf("granted %d, wait %v", p.N, wait)
	}
	server.Advance(3 * time.Second)
	if p, _ := other.Reserve(t.Context(), alerting.Flash, 1, 1); p.N != 1 {
		t.Error("still held")
	}
}

func TestWithoutRedisEachProcessTakesItsShare(t *testing.T) {
	server := servertest.RedisServer(t, embedded.RedisConfig{})
	rdb := client(t, server.Addr())
	server.Close()
	now := time.Unix(1000, 0)
	granted := 0
	l := NewLimiter(rdb, "share", 100, func() float64 { return .25 }, func() time.Time { return now })
	for range 1000 {
		p, _ := l.Reserve(t.Context(), alerting.Flash, 10, 1)
		granted += p.N
		now = now.Add(10 * time.Millisecond)
	}
	if granted < 245 || granted > 255 {
		t.Errorf("%d permits in 10 s at a quarter of 100/s, want about 250", granted)
	}
}

// When Redis comes back, processes learn of it one after the other. Nobody may take more than his share before all know.
func TestTheLimitHoldsWhenRedisComesBack(t *testing.T) {
	server := servertest.RedisServer(t, embedded.RedisConfig{Still: true})
	rdb := client(t, server.Addr())
	now := time.Unix(1000, 0)
	clock := func() time.Time { return now }
	early := NewLimiter(rdb, "back", 100, func() float64 { return .5 }, clock)
	late := NewLimiter(rdb, "back", 100, func() float64 { return .5 }, clock)
	early.noteAway()
	now = now.Add(awayFor - time.Millisecond)
	late.noteAway()
	granted := 0
	for range 100 {
		for _, l := range []*Limiter{early, late} {
			p, _ := l.Reserve(t.Context(), alerting.Routine, 10, 1)
			granted += p.N
		}
		now = now.Add(10 * time.Millisecond)
		server.Advance(10 * time.Millisecond)
	}
	if granted < 95 || granted > 115 {
		t.Errorf("%d permits in the second in which Redis was back for one of two processes, want about 100", granted)
	}
}

func TestGateLanes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(16)
		for range 3 {
			if n, err := g.Acquire(t.Context(), alerting.Routine, 100); err != nil || n != 4 {
				t.Fatalf("routine got %d (%v), want a chunk of 4", n, err)
			}
		}
		late, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if n, err := g.Acquire(late, alerting.Routine, 100); err == nil {
			t.Fatalf("routine got %d more than 12: a quarter is never given to it", n)
		}
		if n, _ := g.Acquire(t.Context(), alerting.Flash, 3); n != 3 {
			t.Errorf("flash got %d, want 3", n)
		}
		var order []string
		var mu sync.Mutex
		ask := func(name string, lane alerting.Lane) {
			go func() {
				if _, err := g.Acquire(t.Context(), lane, 1); err != nil {
					return
				}
				mu.Lock()
				order = append(order, name)
				mu.Unlock()
			}()
			synctest.Wait()
		}
		if _, err := g.Acquire(t.Context(), alerting.Flash, 1); err != nil {
			t.Fatal(err)
		}
		ask("routine", alerting.Routine)
		ask("flash", alerting.Flash)
		ask("stop", alerting.Stop)
		for range 16 {
			g.Release(1)
			synctest.Wait()
		}
		mu.Lock()
		defer mu.Unlock()
		if len(order) != 3 || order[0] != "stop" || order[1] != "flash" || order[2] != "routine" {
			t.Errorf("served %v, want stop, flash, routine", order)
		}
	})
}

func TestAGateForgetsWhoLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(1)
		if _, err := g.Acquire(t.Context(), alerting.Flash, 1); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _, _ = g.Acquire(ctx, alerting.Flash, 1) }()
		synctest.Wait()
		cancel()
		synctest.Wait()
		g.Release(1)
		if g.Free() != 1 {
			t.Errorf("%d slots free, want 1", g.Free())
		}
	})
}

func TestTheBreakerRestsAndTriesOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var states []bool
		p := New(Options{Gateway: "b", Slots: 8, Trip: 3, Retry: time.Second, OnBreaker: func(open bool) { states = append(states, open) }}, nil, time.Now)
		fail := func(err error) {
			got, e := p.Acquire(t.Context(), alerting.Flash, 1, 1)
			if e != nil || got.N != 1 {
				t.Fatalf("acquire: %v, %v", got, e)
			}
			done, ok := p.Allow()
			if !ok {
				t.Fatal("the breaker refuses")
			}
			done(err)
			p.Release(1)
		}
		for range 3 {
			fail(errors.New("down"))
		}
		if !p.Tripped() || !p.Rests() {
			t.Fatal("not at rest after three failures")
		}
		before := time.Now()
		// Whoever asks meanwhile is told, and not kept: another gateway may carry it.
		got, err := p.Acquire(t.Context(), alerting.Flash, 8, 1)
		for asked := before; errors.Is(err, ErrOpen); got, err = p.Acquire(t.Context(), alerting.Flash, 8, 1) {
			if time.Since(asked) > openWait {
				t.Fatalf("kept for %v at an open breaker", time.Since(asked))
			}
			asked = time.Now()
		}
		if err != nil || got.N != 1 || time.Since(before) < 900*time.Millisecond {
			t.Errorf("after a rest of %v: %v, %v; want one delivery after a second", time.Since(before), got, err)
		}
		if p.Rests() {
			t.Error("nobody may try whether the gateway is back")
		}
		done, ok := p.Allow()
		if !ok || !p.Rests() {
			t.Fatal("the probe is refused, or a second is let through")
		}
		done(nil)
		p.Release(1)
		if p.Tripped() || len(states) != 3 {
			t.Errorf("tripped %v, changes %v; want open, half-open, closed", p.Tripped(), states)
		}
	})
}
