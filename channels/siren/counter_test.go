package siren

import (
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestCountersRise: over any steps of the clock and any restarts by a clock that does not go back, a process' counters
// rise strictly and stay exact in a JSON number.
func TestCountersRise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clock := _start
		c := NewCounter(rapid.Uint8().Draw(t, "instance"), func() time.Time { return clock })
		var last uint64
		for range rapid.IntRange(2, 50).Draw(t, "commands") {
			clock = clock.Add(time.Duration(rapid.Int64Range(-5_000_000, 5_000_000).Draw(t, "step")))
			n := c.Next()
			if n <= last || n >= 1<<53 {
				t.Fatalf("counter %d after %d", n, last)
			}
			last = n
		}
		clock = counterTime(last).Add(time.Millisecond)
		if n := NewCounter(rapid.Uint8().Draw(t, "restarted"), func() time.Time { return clock }).Next(); n <= last {
			t.Fatalf("counter %d after a restart, want more than %d", n, last)
		}
	})
}

func TestCountersOfProcessesDiffer(t *testing.T) {
	now := func() time.Time { return _start }
	seen := map[uint64]bool{}
	var mu sync.Mutex
	var wait sync.WaitGroup
	for instance := range 4 {
		c := NewCounter(uint8(instance), now)
		for range 4 {
			wait.Go(func() {
				for range 100 {
					n := c.Next()
					mu.Lock()
					if seen[n] {
						t.Errorf("counter %d twice", n)
					}
					seen[n] = true
					mu.Unlock()
				}
			})
		}
	}
	wait.Wait()
}

func TestCounterAbove(t *testing.T) {
	tests := []struct {
		name      string
		ahead     time.Duration
		plausible bool
	}{
		{"behind us", -time.Hour, true},
		{"a little ahead", 20 * time.Second, true},
		{"out of reach", time.Hour, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := NewCounter(1, func() time.Time { return _start })
			seen := uint64(_start.Add(tt.ahead).UnixMicro())
			if got := c.Plausible(seen, 30*time.Second); got != tt.plausible {
				t.Errorf("plausible %t, want %t", got, tt.plausible)
			}
			if n := c.Above(seen); n <= seen || n > max(seen, uint64(_start.UnixMicro()))+2<<instanceBits || n&0xff != 1 {
				t.Errorf("%d above %d: want the next one of instance 1", n, seen)
			}
			if n := c.Next(); counterTime(n).After(_start.Add(time.Second)) {
				t.Errorf("the counters of other sirens moved to %s", counterTime(n))
			}
		})
	}
}
