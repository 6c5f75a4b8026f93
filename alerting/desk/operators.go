package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/approval"
)

type enrolmentRow struct {
	bun.BaseModel `bun:"table:enrolments"`

	KeyID string `bun:"key_id,pk"`
	AtMS  int64  `bun:"at_ms"`
	Body  string `bun:"body"`
}

type revocationRow struct {
	bun.BaseModel `bun:"table:revocations"`

	KeyID string `bun:"key_id,pk"`
	AtMS  int64  `bun:"at_ms"`
	Body  string `bun:"body"`
}

// roll is who may sign by now. A row that nobody signed counts for nothing, and is logged.
func (d *Desk) roll(ctx context.Context, db bun.IDB) (*approval.Roll, error) {
	var rows []enrolmentRow
	if err := db.NewSelect().Model(&rows).Order("at_ms", "key_id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read the operators: %w: %w", alerting.ErrUnavailable, err)
	}
	enrolments := make([]alerting.Enrolment, len(rows))
	for i, row := range rows {
		if err := json.Unmarshal([]byte(row.Body), &enrolments[i]); err != nil {
			return nil, fmt.Errorf("read the enrolment of key %s again: %w", row.KeyID, err)
		}
	}
	revocations, err := Revocations(ctx, db)
	if err != nil {
		return nil, err
	}
	d.Office.Revoke(revocations)
	roll, problems := d.Office.Roll(enrolments)
	for _, p := range problems {
		d.Log.ErrorContext(ctx, "a row of the operators counts for nothing", "error", p)
	}
	return roll.Strict(), nil
}

// Revocations reads all revocations, as they lie there: package approval says what they are worth.
func Revocations(ctx context.Context, db bun.IDB) ([]alerting.Revocation, error) {
	var rows []revocationRow
	if err := db.NewSelect().Model(&rows).Order("at_ms", "key_id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read the revocations: %w: %w", alerting.ErrUnavailable, err)
	}
	out := make([]alerting.Revocation, len(rows))
	for i, row := range rows {
		if err := json.Unmarshal([]byte(row.Body), &out[i]); err != nil {
			return nil, fmt.Errorf("read the revocation of key %s again: %w", row.KeyID, err)
		}
	}
	return out, nil
}

// errNoApproval: without founders there is nobody who could sign.
func errNoApproval() error {
	return alerting.Refuse(alerting.ErrState, "operators.none", "the configuration names no approval.founders, so there are no operators")
}

// Operators gives every key that counts.
func (d *Desk) Operators(ctx context.Context) ([]approval.Enrolled, error) {
	if d.Office == nil {
		return nil, errNoApproval()
	}
	roll, err := d.roll(ctx, d.DB.Read())
	if err != nil {
		return nil, err
	}
	return roll.All(), nil
}

// Enrol makes a key known that two administrators have signed. The same again changes nothing.
func (d *Desk) Enrol(ctx context.Context, by alerting.Actor, e alerting.Enrolment) error {
	if d.Office == nil {
		return errNoApproval()
	}
	key, err := approval.ParseKey(e.Key)
	if err != nil {
		return err
	}
	text, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("%w: enrolment: %w", alerting.ErrInvalid, err)
	}
	return d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		roll, err := d.roll(ctx, tx)
		if err != nil {
			return err
		}
		var have enrolmentRow
		err = tx.NewSelect().Model(&have).Where("key_id = ?", key.ID()).Scan(ctx)
		if err == nil && have.Body == string(text) {
			return nil
		}
		if e.Operator == approval.DeskName {
			return alerting.Refuse(alerting.ErrInvalid, "operators.desk-name", "the name %q is the desk's own", e.Operator)
		}
		if _, problems := roll.With([]alerting.Enrolment{e}); len(problems) > 0 {
			return errors.Join(problems...)
		}
		row := enrolmentRow{KeyID: key.ID(), AtMS: d.Now().UnixMilli(), Body: string(text)}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		return d.Note(ctx, tx, by, verbEnrolled, "operator/"+e.Operator, map[string]any{"key": key.ID(), "kind": key.Kind, "rights": e.Rights,
			"signed_by": signersOf(e.By)})
	})
}

// Revoke makes a key unknown that two administrators, or its owner, have signed away. The same again changes nothing.
func (d *Desk) Revoke(ctx context.Context, by alerting.Actor, v alerting.Revocation) error {
	if d.Office == nil {
		return errNoApproval()
	}
	v.Enrolments = nil
	return d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		roll, err := d.roll(ctx, tx)
		if err != nil {
			return err
		}
		if _, known := roll.Find(v.KeyID); !known {
			gone, err := tx.NewSelect().Model((*revocationRow)(nil)).Where("key_id = ?", v.KeyID).Exists(ctx)
			if err != nil || gone {
				return err
			}
			return alerting.Refuse(alerting.ErrNotFound, "key.no-such", "there is no key %.40q", v.KeyID)
		}
		without, problems := roll.Without([]alerting.Revocation{v})
		if len(problems) > 0 {
			return errors.Join(problems...)
		}
		if n := administrators(without); n < 2 {
			return alerting.Refuse(alerting.ErrState, "operators.last", "only %d administrators would be left, and nobody could ever be enrolled again: enrol another first", n)
		}
		v.Enrolments = roll.Needed(v.By)
		text, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("%w: revocation: %w", alerting.ErrInvalid, err)
		}
		row := revocationRow{KeyID: v.KeyID, AtMS: d.Now().UnixMilli(), Body: string(text)}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		return d.Note(ctx, tx, by, verbRevoked, "key/"+v.KeyID, map[string]any{"reason": v.Reason, "signed_by": signersOf(v.By)})
	})
}

// administrators counts the people who may enrol.
func administrators(r *approval.Roll) int {
	names := make(map[string]bool)
	for _, e := range r.All() {
		if slices.Contains(e.Rights, approval.MayAdminister) {
			names[e.Operator] = true
		}
	}
	return len(names)
}

func signersOf(all []alerting.Approval) []string {
	var out []string
	for _, a := range all {
		out = append(out, a.By)
	}
	return out
}
