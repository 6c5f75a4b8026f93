package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/approval"
)

type standingRow struct {
	bun.BaseModel `bun:"table:standings"`

	ID   string `bun:"id,pk"`
	AtMS int64  `bun:"at_ms"`
	Uses int64  `bun:"uses"`
	Body string `bun:"body"`
}

type withdrawalRow struct {
	bun.BaseModel `bun:"table:standing_withdrawals"`

	Standing string `bun:"standing,pk"`
	AtMS     int64  `bun:"at_ms"`
	Body     string `bun:"body"`
}

// StandingOrder is a standing authorisation, and how it stands.
type StandingOrder struct {
	ID string `json:"id"`
	alerting.StandingOrder
	// Fingerprints are those of its certificates: SHA-256 in hexadecimal.
	Fingerprints []string `json:"fingerprints,omitempty"`
	// Uses is how many alerts went out under it.
	Uses int64 `json:"uses"`
	// Useless says why it counts for nothing now; empty when it counts.
	Useless string `json:"useless,omitempty"`
}

// StandingWithdrawals reads all withdrawals, as they lie there: package approval says what they are worth.
func StandingWithdrawals(ctx context.Context, db bun.IDB) ([]alerting.Withdrawal, error) {
	var rows []withdrawalRow
	if err := db.NewSelect().Model(&rows).Order("at_ms", "standing").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read the withdrawals: %w: %w", alerting.ErrUnavailable, err)
	}
	out := make([]alerting.Withdrawal, len(rows))
	for i, row := range rows {
		if err := json.Unmarshal([]byte(row.Body), &out[i]); err != nil {
			return nil, fmt.Errorf("read the withdrawal of %s again: %w", row.Standing, err)
		}
	}
	return out, nil
}

// standingOrders are all standing authorisations that were handed in. What a row says counts for nothing until it was checked.
func (d *Desk) standingOrders(ctx context.Context, db bun.IDB) ([]StandingOrder, error) {
	withdrawn, err := StandingWithdrawals(ctx, db)
	if err != nil {
		return nil, err
	}
	d.Office.Withdrawals(withdrawn)
	var rows []standingRow
	if err := db.NewSelect().Model(&rows).Order("at_ms", "id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read the standing authorisations: %w: %w", alerting.ErrUnavailable, err)
	}
	out := make([]StandingOrder, 0, len(rows))
	for _, row := range rows {
		one := StandingOrder{Uses: row.Uses}
		if err := json.Unmarshal([]byte(row.Body), &one.StandingOrder); err != nil {
			return nil, fmt.Errorf("read standing authorisation %s again: %w", row.ID, err)
		}
		if one.ID, err = approval.StandingID(&one.StandingOrder); err != nil {
			return nil, err
		}
		for _, der := range one.Certificates {
			one.Fingerprints = append(one.Fingerprints, approval.Fingerprint(der))
		}
		out = append(out, one)
	}
	return out, nil
}

// Standings gives every standing authorisation, with what makes it useless.
func (d *Desk) Standings(ctx context.Context) ([]StandingOrder, error) {
	if d.Office == nil {
		return nil, errNoApproval()
	}
	roll, err := d.roll(ctx, d.DB.Read())
	if err != nil {
		return nil, err
	}
	all, err := d.standingOrders(ctx, d.DB.Read())
	for i := range all {
		if why := d.Office.Useless(roll, &all[i].StandingOrder, d.Now()); why != nil {
			all[i].Useless = why.Error()
		}
	}
	return all, err
}

// Authorise takes a standing authorisation in that two administrators have signed. The same again changes nothing.
func (d *Desk) Authorise(ctx context.Context, by alerting.Actor, s alerting.StandingOrder) (string, error) {
	if d.Office == nil {
		return "", errNoApproval()
	}
	id, err := approval.StandingID(&s)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("%w: standing authorisation: %w", alerting.ErrInvalid, err)
	}
	err = d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		roll, err := d.roll(ctx, tx)
		if err != nil {
			return err
		}
		if err := roll.Authorised(&s); err != nil {
			return err
		}
		row := standingRow{ID: id, AtMS: d.Now().UnixMilli(), Body: string(text)}
		res, err := tx.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return d.Note(ctx, tx, by, verbAuthorised, "standing/"+id, map[string]any{"name": s.Name, "kind": s.Kind, "reason": s.Reason,
			"signed_by": signersOf(s.By)})
	})
	return id, err
}

// WithdrawStanding ends a standing authorisation, at once: one signature of somebody who may stop or administer is enough. The same
// again changes nothing.
func (d *Desk) WithdrawStanding(ctx context.Context, by alerting.Actor, w alerting.Withdrawal) error {
	if d.Office == nil {
		return errNoApproval()
	}
	// What is out must stay approved: nobody ends an authorisation from long ago.
	if now := d.Now(); w.At.After(now.Add(signatureAhead)) || w.At.Before(now.Add(-signatureAhead)) {
		return alerting.Refuse(alerting.ErrForbidden, "standing.clock", "the withdrawal is of %s, and it is %s here: set the clock, and sign again", w.At.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		roll, err := d.roll(ctx, tx)
		if err != nil {
			return err
		}
		if err := roll.Withdrawn(w); err != nil {
			return err
		}
		w.Enrolments = roll.Needed(w.By)
		text, err := json.Marshal(w)
		if err != nil {
			return fmt.Errorf("%w: withdrawal: %w", alerting.ErrInvalid, err)
		}
		// The lock: whoever uses it at this moment is either before this, or sees it.
		locked, err := lockStanding(ctx, tx, w.Standing, 0)
		if err == nil && !locked {
			err = alerting.Refuse(alerting.ErrNotFound, "standing.unknown", "there is no standing authorisation %.40q", w.Standing)
		}
		if err != nil {
			return err
		}
		row := withdrawalRow{Standing: w.Standing, AtMS: d.Now().UnixMilli(), Body: string(text)}
		res, err := tx.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return d.Note(ctx, tx, by, verbStandingEnded, "standing/"+w.Standing, map[string]any{"reason": w.Reason, "signed_by": signersOf(w.By)})
	})
}

// lockStanding locks the row of a standing authorisation until the transaction ends, and counts uses; false when there is none.
func lockStanding(ctx context.Context, tx bun.IDB, id string, uses int) (bool, error) {
	res, err := tx.NewUpdate().Model((*standingRow)(nil)).Set("uses = uses + ?", uses).Where("id = ?", id).Exec(ctx)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// errBeyond: a standing authorisation does not let an alert go after all.
var errBeyond = errors.New("beyond the standing authorisation")

// beyondIt is errBeyond, and ErrForbidden, with its reason.
func beyondIt(code, format string, args ...any) error {
	return alerting.Refuse(fmt.Errorf("%w: %w", alerting.ErrForbidden, errBeyond), code, format, args...)
}

// standingIn is the id of an envelope's standing authorisation; empty when it has none.
func standingIn(e *alerting.Envelope) string {
	if e.Standing == nil {
		return ""
	}
	id, err := approval.StandingID(e.Standing)
	if err != nil {
		return ""
	}
	return id
}
