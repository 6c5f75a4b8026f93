package report

import (
	"context"
	"iter"
	"sync"
)

// ahead makes the values of a sequence beside whoever takes them: the next is made while one is looked at. It ends after the first
// error, and with that of ctx when that ends; what makes the values has ended when it does.
func ahead[T any](ctx context.Context, of func(context.Context) iter.Seq2[T, error]) iter.Seq2[T, error] {
	type made struct {
		value T
		err   error
	}
	return func(yield func(T, error) bool) {
		within, stop := context.WithCancel(ctx)
		values := make(chan made)
		var maker sync.WaitGroup
		maker.Go(func() {
			defer close(values)
			for value, err := range of(within) {
				select {
				case values <- made{value, err}:
				case <-within.Done():
					return
				}
				if err != nil {
					return
				}
			}
		})
		defer maker.Wait()
		defer stop()
		for one := range values {
			if !yield(one.value, one.err) || one.err != nil {
				return
			}
		}
		// A maker that was called off says nothing.
		if err := ctx.Err(); err != nil {
			var none T
			yield(none, err)
		}
	}
}
