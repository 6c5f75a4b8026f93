package report

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/alerting"
)

// TestTogether: readings of one alert never overlap, those who ask meanwhile share the next one, and every answer was read after its
// question.
func TestTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shared together[time.Time]
		var running, read atomic.Int64
		begin := func(context.Context) (time.Time, error) {
			if running.Add(1) > 1 {
				t.Error("two readings of one alert at once")
			}
			defer running.Add(-1)
			read.Add(1)
			at := time.Now()
			time.Sleep(time.Second)
			return at, nil
		}
		id := alerting.AlertID{1}
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() {
				time.Sleep(time.Duration(i) * 10 * time.Millisecond)
				asked := time.Now()
				if at, err := shared.ask(t.Context(), id, begin); err != nil || at.Before(asked) {
					t.Errorf("asked at %v, read at %v (%v)", asked, at, err)
				}
			})
		}
		all.Wait()
		if n := read.Load(); n != 2 {
			t.Errorf("%d readings for a hundred questions within one of them, want 2", n)
		}
		synctest.Wait() // the last reading is put away after its answer
		if len(shared.alerts) != 0 {
			t.Errorf("%d alerts are kept although nobody asks", len(shared.alerts))
		}
	})
}

// TestTogetherLeaves: whoever leaves gets his own error, and the others their answer; alerts do not wait for each other.
func TestTogetherLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shared together[int]
		slow := func(ctx context.Context) (int, error) {
			time.Sleep(time.Second)
			return 1, ctx.Err()
		}
		ctx, leave := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := shared.ask(ctx, alerting.AlertID{1}, slow); !errors.Is(err, context.Canceled) {
				t.Errorf("who left got %v", err)
			}
		})
		synctest.Wait()
		leave()
		all.Go(func() {
			if n, err := shared.ask(t.Context(), alerting.AlertID{1}, slow); n != 1 || err != nil {
				t.Errorf("who stayed got %d %v", n, err)
			}
		})
		began := time.Now()
		if n, err := shared.ask(t.Context(), alerting.AlertID{2}, slow); n != 1 || err != nil || time.Since(began) != time.Second {
			t.Errorf("another alert got %d %v after %v", n, err, time.Since(began))
		}
		all.Wait()
	})
}
