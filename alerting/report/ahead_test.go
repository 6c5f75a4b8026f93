package report

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// counting gives the numbers up to most, each after a second, and then an error unless it is nil.
func counting(most int, end error) func(context.Context) iter.Seq2[int, error] {
	return func(ctx context.Context) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for n := range most {
				select {
				case <-time.After(time.Second):
				case <-ctx.Done():
					yield(0, ctx.Err())
					return
				}
				if !yield(n, nil) {
					return
				}
			}
			if end != nil {
				yield(0, end)
			}
		}
	}
}

// TestAhead: values come whole and in order, the next is made meanwhile, and no end is taken for a good one.
func TestAhead(t *testing.T) {
	broken := errors.New("broken")
	for name, row := range map[string]struct {
		end, want error
		// after is when the context ends; 0: never. Leave is after how many values the taker has enough; 0: never.
		after time.Duration
		leave int
		got   []int
		took  time.Duration
	}{
		"to the end":     {got: []int{0, 1, 2, 3}, took: 5 * time.Second},
		"an error":       {end: broken, want: broken, got: []int{0, 1, 2, 3}, took: 5 * time.Second},
		"called off":     {after: 2500 * time.Millisecond, want: context.DeadlineExceeded, got: []int{0, 1}, took: 3 * time.Second},
		"the taker left": {leave: 2, got: []int{0, 1}, took: 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if row.after > 0 {
					var stop context.CancelFunc
					ctx, stop = context.WithTimeout(ctx, row.after)
					defer stop()
				}
				began := time.Now()
				var got []int
				var ended error
				for n, err := range ahead(ctx, counting(4, row.end)) {
					if ended = err; err != nil {
						continue
					}
					got = append(got, n)
					time.Sleep(time.Second) // as long as it takes to make one
					if len(got) == row.leave {
						break
					}
				}
				if took := time.Since(began); !slices.Equal(got, row.got) || !errors.Is(ended, row.want) || took != row.took {
					t.Errorf("%v, %v after %v; want %v, %v after %v", got, ended, took, row.got, row.want, row.took)
				}
			})
		})
	}
}
