package channels

import (
	"context"
	"fmt"

	"tocsin/alerting"
)

// Guard is the last door before a gateway: whatever came this far by whatever mistake, a live gateway is handed
// nothing but actual alerts.
func Guard(a Adapter, live bool) Adapter { return guarded{a, live} }

type guarded struct {
	Adapter
	live bool
}

// Send refuses what does not belong, else hands over.
func (g guarded) Send(ctx context.Context, d Delivery) (Handed, error) {
	if g.live && d.World != alerting.Actual {
		return Handed{}, &Failure{Class: Rejected, Reason: fmt.Sprintf("world %s never leaves through a live gateway", d.World)}
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
