package audience

import (
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

// SirenOrder is what shall become of some sirens.
type SirenOrder struct {
	Refs []string `json:"refs"`
	// State is on, off or removed. One that is off is not sounded, and can still be silenced; one that is removed is forgotten.
	State string `json:"state"`
}

// mostOrdered bounds the sirens of one order.
const mostOrdered = 10_000

func (o *SirenOrder) check() error {
	switch {
	case !slices.Contains([]string{"on", "off", "removed"}, o.State):
		return alerting.Refuse(alerting.ErrInvalid, "sirens.order-state", "state %.20q: want on, off or removed", o.State)
	case len(o.Refs) == 0 || len(o.Refs) > mostOrdered:
		return alerting.Refuse(alerting.ErrInvalid, "sirens.order-many", "refs names %d sirens: want 1 to %d", len(o.Refs), mostOrdered)
	}
	return nil
}

// PlanSirenOrder says what an order would change. A siren that nobody knows is ErrNotFound.
func (a *Audience) PlanSirenOrder(ctx context.Context, db bun.IDB, o SirenOrder) (SirenPlan, error) {
	if err := o.check(); err != nil {
		return SirenPlan{}, err
	}
	have, base, err := readSirens(ctx, db)
	if err != nil {
		return SirenPlan{}, err
	}
	var d sirenDiff
	refs := slices.Clone(o.Refs)
	slices.Sort(refs)
	for _, ref := range slices.Compact(refs) {
		row, known := have[ref]
		switch {
		case !known:
			return SirenPlan{}, alerting.Refuse(alerting.ErrNotFound, "sirens.order-unknown", "no siren has the reference %.200q", ref)
		case o.State == "removed":
			d.add("removed", ref)
		case (row.Enabled != 0) != (o.State == "on"):
			d.add("switched "+o.State, ref)
		default:
			d.unchanged++
		}
	}
	return SirenPlan{Summary: d.lines(), Base: base}, nil
}

// OrderSirens carries an order out, in a running transaction.
func (a *Audience) OrderSirens(ctx context.Context, tx bun.Tx, o SirenOrder) error {
	if err := o.check(); err != nil {
		return err
	}
	for refs := range slices.Chunk(o.Refs, inList) {
		var err error
		if o.State == "removed" {
			_, err = tx.NewDelete().Model((*sirenRow)(nil)).Where("ref IN (?)", bun.List(refs)).Exec(ctx)
		} else {
			_, err = tx.NewUpdate().Model((*sirenRow)(nil)).Set("enabled = ?", flag(o.State == "on")).Set("updated_ms = ?", a.now().UnixMilli()).
				Where("ref IN (?)", bun.List(refs)).Exec(ctx)
		}
		if err != nil {
			return fmt.Errorf("sirens %s: %w", o.State, err)
		}
	}
	return nil
}
