package desk

import (
	"context"
	"maps"
	"slices"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

// Plan is what a change would do, worked out from what is there now.
type Plan struct {
	// Summary says it in words, a line for each thing: a refusal of no kind, which has a Chinese form.
	Summary alerting.Several
	// Base is a digest of what it was worked out from. When it differs later, somebody has changed that meanwhile.
	Base string
	// Alone: it can neither send nor silence, and one person may do it.
	Alone bool
	// Subject names in the journal what is changed, such as "gateway/twilio".
	Subject string
}

// ChangeKind is a sort of administrative act. Plan reads, and refuses a body that it cannot take (ErrInvalid); Apply makes the
// change, in the transaction that marks it as made.
type ChangeKind struct {
	Plan  func(ctx context.Context, db bun.IDB, body []byte) (Plan, error)
	Apply func(ctx context.Context, tx bun.Tx, by alerting.Actor, body []byte) error
	// After does what is left to do once the change is made, and may fail without harm; may be nil.
	After func(ctx context.Context)
}

func (d *Desk) kindOf(name string) (ChangeKind, error) {
	kind, known := d.Kinds[name]
	if !known {
		return ChangeKind{}, alerting.Refuse(alerting.ErrInvalid, "change.kind", "kind %.40q: want one of %v", name, slices.Sorted(maps.Keys(d.Kinds)))
	}
	return kind, nil
}
