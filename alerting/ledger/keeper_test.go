package ledger

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"tocsin/alerting"
	"tocsin/alerting/embedded"
	"tocsin/alerting/embedded/servertest"
)

// keeper is one process of the role on the world's Redis, with a fold that takes a while; folds counts them.
func (w *world) keeper(folds *atomic.Int32, slow time.Duration) *Keeper {
	b := books([]uint8{0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
	b.Journal = func(ctx context.Context, _ alerting.World, _ time.Time, _ func(alerting.Receipt) error) error {
		folds.Add(1)
		select {
		case <-time.After(slow):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	live := Live{ID: w.id, Issued: time.Now(), Expires: time.Now().Add(time.Hour)}
	return &Keeper{Ledger: w.ledger, Books: b, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Live:    func(context.Context) ([]Live, error) { return []Live{live}, nil },
		CatchUp: func(context.Context) error { return nil },
		Stopped: func(alerting.AlertID) bool { return false },
	}
}

// until repeats what the stream hands out again.
func until(ctx context.Context, k *Keeper, receipts []alerting.Receipt) error {
	for {
		err := k.Handle(ctx, receipts)
		if !errors.Is(err, ErrNotReady) {
			return err
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func TestALostLedgerIsFoldedOnceHoweverManyAskForIt(t *testing.T) {
	server := servertest.RedisServer(t, embedded.RedisConfig{})
	w := open(t, server.Addr())
	w.rdb.FlushAll(t.Context())
	var folds atomic.Int32
	processes := []*Keeper{w.keeper(&folds, 200*time.Millisecond), w.keeper(&folds, 200*time.Millisecond)}
	all, ctx := errgroup.WithContext(t.Context())
	for place := range uint8(10) {
		k := processes[place%2]
		// None of these stands in the journal that is folded: they came after its end was asked for.
		receipts := []alerting.Receipt{w.receipt(place, alerting.Mark{Best: alerting.Sent, Handed: 1})}
		all.Go(func() error { return until(ctx, k, receipts) })
		all.Go(func() error { return k.Sweep(ctx) })
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	if n := folds.Load(); n != 1 {
		t.Errorf("the ledger was folded %d times, want once", n)
	}
	if c := w.counts(); c.States[alerting.Sent] != 10 {
		t.Errorf("states %v, want 10 sent: what was read while somebody else rebuilt must not be lost", c.States)
	}
}

func TestATurnLapsesWithItsProcess(t *testing.T) {
	server := servertest.RedisServer(t, embedded.RedisConfig{Still: true})
	w := open(t, server.Addr())
	w.rdb.FlushAll(t.Context())
	dying, kill := context.WithCancel(t.Context())
	if _, mine, err := w.ledger.takeTurn(dying, w.id); err != nil || !mine {
		t.Fatal(mine, err)
	}
	kill()
	var folds atomic.Int32
	k := w.keeper(&folds, 0)
	if err := k.Sweep(t.Context()); err != nil || folds.Load() != 0 {
		t.Errorf("folded %d times (%v) while another process has the turn", folds.Load(), err)
	}
	server.Advance(turnFor + time.Millisecond)
	if err := k.Sweep(t.Context()); err != nil || folds.Load() != 1 {
		t.Errorf("folded %d times (%v) after the other process was gone, want once", folds.Load(), err)
	}
	if ready, _, _ := w.ledger.Ready(t.Context(), w.id); !ready {
		t.Error("not ready after the fold")
	}
}
