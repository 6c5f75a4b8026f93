package channels

import (
	"context"
	"fmt"
	"time"

	"tocsin/alerting"
)

// Leaves says whether an alert may leave through a live gateway of a channel at a time; the error says why not. Nil lets
// nothing but actual alerts pass.
type Leaves func(in *alerting.Issued, ch alerting.Channel, now time.Time) error

// Barred is the failure of a delivery that may not be handed to a gateway; nil when it may. A live gateway takes actual
// alerts, and tests in a public test that holds at this moment.
func Barred(live bool, leaves Leaves, d *Delivery, now time.Time) *Failure {
	if !live || d.World == alerting.Actual {
		return nil
	}
	reason := fmt.Sprintf("world %s never leaves through a live gateway", d.World)
	if d.World == alerting.Test && leaves != nil && d.Issued != nil && d.Issued.ID == d.Alert && d.Issued.Envelope.World == d.World {
		err := leaves(d.Issued, d.Channel, now)
		if err == nil {
			return nil
		}
		reason = err.Error()
	}
	return &Failure{Class: Rejected, Reason: reason}
}

// Guard is the last door before a gateway: whatever came this far by whatever mistake, a live gateway is handed
// nothing but actual alerts, and tests that leaves lets out. A nil clock is time.Now.
func Guard(a Adapter, live bool, leaves Leaves, now func() time.Time) Adapter {
	if now == nil {
		now = time.Now
	}
	return guarded{a, live, leaves, now}
}

type guarded struct {
	Adapter
	live   bool
	leaves Leaves
	now    func() time.Time
}

// Send refuses what does not belong, else hands over.
func (g guarded) Send(ctx context.Context, d Delivery) (Handed, error) {
	if f := Barred(g.live, g.leaves, &d, g.now()); f != nil {
		return Handed{}, f
	}
	return g.Adapter.Send(ctx, d)
}

// Unwrap gives the adapter, for its further abilities.
func (g guarded) Unwrap() Adapter { return g.Adapter }

// Ability finds a further ability of an adapter, behind any guard.
func Ability[T any](a Adapter) (T, bool) {
	for {
		if t, ok := a.(T); ok {
			return t, true
		}
		inner, ok := a.(interface{ Unwrap() Adapter })
		if !ok {
			var none T
			return none, false
		}
		a = inner.Unwrap()
	}
}
