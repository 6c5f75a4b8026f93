package channels

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"tocsin/alerting"
	"tocsin/alerting/ledger"
)

// watched counts the deliveries that were handed over and whose outcome the ledger does not know yet: what a kill at this
// moment could double.
type watched struct {
	Ledger
	open, most atomic.Int64
}

func (w *watched) Step(ctx context.Context, s ledger.Step) (ledger.Stepped, error) {
	answer, err := w.Ledger.Step(ctx, s)
	if err == nil {
		w.open.Add(-int64(len(s.Outcomes)))
	}
	return answer, err
}

func (w *watched) handedOver(Delivery) {
	n := w.open.Add(1)
	for most := w.most.Load(); n > most && !w.most.CompareAndSwap(most, n); most = w.most.Load() {
	}
}

func TestNoMoreIsUnrecordedThanTheSlots(t *testing.T) {
	b := newBench(t)
	w := &watched{Ledger: b.ledger}
	b.worker.Ledger = w
	b.onSend = w.handedOver
	var all errgroup.Group
	for page := range uint32(6) {
		batch := b.batch(200)
		batch.Page = page
		all.Go(func() error { return b.worker.Handle(t.Context(), batch, b.own) })
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	if most := w.most.Load(); most > 16 || most == 0 {
		t.Errorf("%d deliveries were handed over and not recorded at one moment; there are 16 slots", most)
	}
	b.wantSent(200, 6)
	wantAllSlots(b, "gw")
}

// wantAllSlots: nobody holds a slot of the gateway.
func wantAllSlots(b *bench, gateway string) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 5*time.Second)
	defer cancel()
	for free := 0; free < 16; {
		permits, err := b.worker.Gateways[gateway].Pacer.Acquire(ctx, alerting.Flash, 100, 1)
		if err != nil {
			b.Fatalf("%d slots are free, want 16: %v", free, err)
		}
		free += permits.N
	}
}

func TestSlotsComeBackWhenNothingCanBeRecorded(t *testing.T) {
	b := newBench(t)
	var n atomic.Int32
	down := make(chan struct{})
	b.onSend = func(Delivery) {
		if n.Add(1) == 20 {
			b.redis.Close()
			close(down)
		}
	}
	b.worker.Records.Journal = func(context.Context, []alerting.Receipt) error { return errors.New("kafka is away too") }
	done := make(chan error, 1)
	go func() { done <- b.worker.Handle(t.Context(), b.batch(200), b.own) }()
	<-down
	close(b.own.lost)
	if err := <-done; err == nil {
		t.Error("a batch whose outcomes are nowhere recorded was called done")
	}
	wantAllSlots(b, "gw")
}
