package desk

import (
	"context"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/cap"
)

// Jurisdiction: whoever acts for an administrative unit warns inside its territory, and changes or ends what that unit, or one
// below it, has issued. Only a Cancel and an all-clear are never asked where they are for: they warn nobody new, and a stop must not
// fail for an outline.

// jurisdictionClause is what the findings of a territory refer to.
const jurisdictionClause = "CAP 1.2 §3.2.4, and the territory of the author"

// outside finds what of an alert does not lie in the territory of a unit; nil where nothing limits it.
func (d *Desk) outside(ctx context.Context, a *cap.Alert, unit string) (cap.Findings, error) {
	if d.Territory == nil || a.MsgType == cap.MsgCancel || isAllClear(a) {
		return nil, nil
	}
	t, err := d.Territory(ctx, unit)
	switch {
	case errors.Is(err, alerting.ErrNotFound):
		return cap.Findings{{ID: "territory.unit", Clause: jurisdictionClause, Path: "alert", Level: cap.LevelError,
			Message: fmt.Sprintf("its author acts for the unit %.60s, which nobody has imported, so that nothing lies in its territory: import it (tocsin units import)", unit)}}, nil
	case err != nil:
		return nil, fmt.Errorf("compare the areas with the territory of %.60s: %w", unit, err)
	case t == nil:
		return nil, nil
	}
	return t.Outside(a), nil
}

// Outside finds what of an alert lies outside the territory of the unit that its author acts for: with it issuing would be refused.
// Nothing of what was issued before: that is answered as it was then.
func (d *Desk) Outside(ctx context.Context, in *alerting.Issued) (cap.Findings, error) {
	found, err := d.outside(ctx, in.Alert, in.Envelope.Actor.Unit)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	if _, err := find(ctx, d.DB.Read(), in.ID); err == nil {
		return nil, nil
	}
	return found, nil
}

// mustLieInside refuses an alert of which something lies outside the territory of the unit that its author acts for. What was
// issued before is answered as it was then.
func (d *Desk) mustLieInside(ctx context.Context, in *alerting.Issued) error {
	found, err := d.Outside(ctx, in)
	if err != nil || len(found) == 0 {
		return err
	}
	return d.refuse(in.Envelope.Document, found...)
}

// mayStop refuses to change or end an alert of another unit: whoever acts for one does so for it and for all below it.
func (d *Desk) mayStop(ctx context.Context, by alerting.Actor, row *issueRow) error {
	if by.Unit == "" || by.Unit == row.Unit {
		return nil
	}
	if row.Unit != "" && d.Under != nil {
		under, err := d.Under(ctx, row.Unit, by.Unit)
		if err != nil || under {
			return err
		}
	}
	if row.Unit == "" {
		return alerting.Refuse(alerting.ErrForbidden, "alert.of-office", "alert %s is of the whole office, and %s acts for the unit %s: ask somebody there", row.Alert, by.Name, by.Unit)
	}
	return alerting.Refuse(alerting.ErrForbidden, "alert.of-unit", "alert %s is of the unit %s, and %s acts for the unit %s: ask somebody there", row.Alert, row.Unit, by.Name, by.Unit)
}

// unitOf is the unit that an alert is entered under: that of its author. What the whole office writes to change or end the alert
// of a unit (the first that it names) stays that unit's, so that it finds there what became of its own.
func (d *Desk) unitOf(ctx context.Context, db bun.IDB, in *alerting.Issued) (string, error) {
	if in.Envelope.Actor.Unit != "" || len(in.References) == 0 {
		return in.Envelope.Actor.Unit, nil
	}
	for _, ref := range in.References {
		row, err := find(ctx, db, ref)
		if errors.Is(err, alerting.ErrNotFound) {
			continue
		}
		return row.Unit, err
	}
	return "", nil
}

// UnitOfDraft is the code of the unit whose draft it is; empty for the whole office. ErrNotFound when there is no such draft.
func (d *Desk) UnitOfDraft(ctx context.Context, id string) (string, error) {
	row, err := findDraft(ctx, d.DB.Read(), id)
	return row.Unit, err
}

// UnitOf is the code of the unit whose alert it is; empty for the whole office. ErrNotFound when this desk issued no such alert.
func (d *Desk) UnitOf(ctx context.Context, id alerting.AlertID) (string, error) {
	row, err := find(ctx, d.DB.Read(), id)
	return row.Unit, err
}
