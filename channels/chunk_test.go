package channels

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"tocsin/alerting/ledger"
)

// stepped counts the calls of the ledger.
type stepped struct {
	Ledger
	calls atomic.Int64
}

func (s *stepped) Step(ctx context.Context, step ledger.Step) (ledger.Stepped, error) {
	s.calls.Add(1)
	return s.Ledger.Step(ctx, step)
}

// The gateway's answers come at odd times; a call of the ledger must serve several deliveries all the same.
func TestACallOfTheLedgerServesManyDeliveries(t *testing.T) {
	b := newBench(t)
	w := &stepped{Ledger: b.ledger}
	b.worker.Ledger = w
	b.onSend = func(Delivery) { time.Sleep(time.Duration(1000+rand.IntN(4000)) * time.Microsecond) }
	var all errgroup.Group
	for page := range uint32(6) {
		batch := b.batch(200)
		batch.Page = page
		all.Go(func() error { return b.worker.Handle(t.Context(), batch, b.own) })
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	b.wantSent(200, 6)
	t.Logf("%d calls for %d deliveries", w.calls.Load(), 1200)
	if most := int64(1200 / 3); w.calls.Load() > most {
		t.Errorf("%d calls of the ledger for 1200 deliveries, want at most %d", w.calls.Load(), most)
	}
}
