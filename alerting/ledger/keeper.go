package ledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"tocsin/alerting"
)

// SealAfter is how long after its end an alert is still open for late reports.
const SealAfter = 24 * time.Hour

// Keeper is the role "ledger": it folds the journal into Redis, rebuilds what Redis lost, passes on lifted places, and
// seals what is over. Several may run; nonces and merges keep them out of each other's way.
type Keeper struct {
	Ledger *Ledger
	Books  Books
	// Live lists the alerts that are not sealed, oldest first.
	Live func(ctx context.Context) ([]Live, error)
	// CatchUp returns once the issued alerts have been read to their present end.
	CatchUp func(ctx context.Context) error
	// Stopped says, after CatchUp, whether an alert was cancelled or superseded.
	Stopped func(id alerting.AlertID) bool
	// Lifted takes over places that must be told of the stop after all.
	Lifted func(ctx context.Context, id alerting.AlertID, lift Lift) error
	// WriteSealed and Sealed store the final standing: that of a page, and the sum of all as ReadTotals reads it.
	WriteSealed func(ctx context.Context, id alerting.AlertID, page uint32, sealed []byte) error
	Sealed      func(ctx context.Context, id alerting.AlertID, totals []byte) error
	Now         func() time.Time
	Log         *slog.Logger
	// Rebuilds counts finished rebuilds, for the metrics; may be nil.
	Rebuilds func()

	turns turns
}

// Handle merges a bundle of the journal. An alert whose ledger is not ready is rebuilt first if it is live, and passed over
// if it is sealed.
func (k *Keeper) Handle(ctx context.Context, receipts []alerting.Receipt) error {
	merged, err := k.Ledger.Merge(ctx, receipts)
	if err != nil || len(merged.NotReady) == 0 {
		return err
	}
	live, err := k.Live(ctx)
	if err != nil {
		return fmt.Errorf("list live alerts: %w", err)
	}
	byID := make(map[alerting.AlertID]Live, len(live))
	for _, a := range live {
		byID[a.ID] = a
	}
	for _, id := range merged.NotReady {
		if a, ok := byID[id]; ok {
			if err := k.rebuild(ctx, a); err != nil {
				return err
			}
		}
	}
	return k.mergeAgain(ctx, receipts, func(id alerting.AlertID) bool {
		_, ok := byID[id]
		return ok && slices.Contains(merged.NotReady, id)
	})
}

// mergeAgain merges the receipts of alerts that were just rebuilt: it may have been another process that did so, and its
// fold may have read the journal before these receipts stood there.
func (k *Keeper) mergeAgain(ctx context.Context, receipts []alerting.Receipt, which func(alerting.AlertID) bool) error {
	again := slices.DeleteFunc(slices.Clone(receipts), func(r alerting.Receipt) bool { return !which(r.Alert) })
	merged, err := k.Ledger.Merge(ctx, again)
	if err == nil && len(merged.NotReady) > 0 {
		return fmt.Errorf("merge receipts of alert %s: %w", merged.NotReady[0], ErrNotReady)
	}
	return err
}

// Sweep looks once at every live alert, the latest first: after a loss of Redis it is the one that is being delivered, and
// its workers wait. Call it every second.
func (k *Keeper) Sweep(ctx context.Context) error {
	live, err := k.Live(ctx)
	if err != nil {
		return fmt.Errorf("list live alerts: %w", err)
	}
	var errs []error
	for _, a := range slices.Backward(live) {
		if err := k.sweepOne(ctx, a); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (k *Keeper) sweepOne(ctx context.Context, a Live) error {
	ready, _, err := k.Ledger.Ready(ctx, a.ID)
	if err != nil {
		return err
	}
	if !ready {
		if err := k.rebuild(ctx, a); err != nil {
			return err
		}
	}
	if k.Stopped(a.ID) || a.Stopped {
		if err := k.passOn(ctx, a.ID); err != nil {
			return err
		}
	}
	if k.Now().Before(a.Expires.Add(SealAfter)) {
		return nil
	}
	write := func(ctx context.Context, page uint32, sealed []byte) error {
		return k.WriteSealed(ctx, a.ID, page, sealed)
	}
	done := func(ctx context.Context, totals []byte) error { return k.Sealed(ctx, a.ID, totals) }
	if err := k.Ledger.Seal(ctx, a, k.Books, write, done); err != nil {
		return err
	}
	k.Log.Info("alert sealed", "alert", a.ID)
	return nil
}

// rebuild makes an alert ready, unless somebody else did so meanwhile or is at it.
func (k *Keeper) rebuild(ctx context.Context, a Live) error {
	give, err := k.turns.take(ctx, a.ID)
	if err != nil {
		return err
	}
	defer give()
	free, mine, err := k.Ledger.takeTurn(ctx, a.ID)
	if err != nil || !mine {
		return err
	}
	defer free()
	// Only who holds both turns may ask: before that, another's rebuild could end between the answer and the turn.
	if ready, _, err := k.Ledger.Ready(ctx, a.ID); err != nil || ready {
		return err
	}
	if err := k.CatchUp(ctx); err != nil {
		return fmt.Errorf("read issued alerts to the end: %w", err)
	}
	a.Stopped = a.Stopped || k.Stopped(a.ID)
	keep := a.Expires.Sub(k.Now()) + 2*SealAfter
	err = k.Ledger.Rebuild(ctx, a, k.Books, max(keep, time.Hour))
	if errors.Is(err, ErrOvertaken) {
		return nil
	}
	if err != nil {
		return err
	}
	if k.Rebuilds != nil {
		k.Rebuilds()
	}
	k.Log.Warn("receipts rebuilt from manifest and journal", "alert", a.ID, "stopped", a.Stopped)
	return nil
}

// passOn hands lifted places over, and forgets each only when it has been taken.
func (k *Keeper) passOn(ctx context.Context, id alerting.AlertID) error {
	lifts, err := k.Ledger.Lifted(ctx, id)
	if err != nil {
		return err
	}
	for _, lift := range lifts {
		if err := k.Lifted(ctx, id, lift); err != nil {
			return fmt.Errorf("pass on lifted places of alert %s: %w", id, err)
		}
		if err := k.Ledger.Forget(ctx, id, lift); err != nil {
			return err
		}
	}
	return nil
}
