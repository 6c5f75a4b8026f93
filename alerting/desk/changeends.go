package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/approval"
)

// ChangeAt gives a change, with its body if that is wanted.
func (d *Desk) ChangeAt(ctx context.Context, id string, withBody bool) (Proposed, error) {
	row, err := findChange(ctx, d.DB.Read(), id)
	if err != nil {
		return Proposed{}, err
	}
	p, err := row.change()
	if err == nil && withBody {
		p.Body, err = d.bodyOf(&row)
	}
	return p, err
}

// ChangeQuery says which changes are wanted, the latest first.
type ChangeQuery struct {
	// States are those wanted; empty for all.
	States []ChangeState
	// After is the place behind which to begin.
	After alerting.Place
	Limit int
}

// Changes lists changes without their bodies, and says from where the next page goes on.
func (d *Desk) Changes(ctx context.Context, q ChangeQuery) (all []Proposed, last alerting.Place, err error) {
	var rows []changeRow
	find := d.DB.Read().NewSelect().Model(&rows).ExcludeColumn("body").Order("proposed_ms DESC", "id DESC").Limit(int64(q.Limit))
	for _, s := range q.States {
		if !slices.Contains(ChangeStates(), s) {
			return nil, last, alerting.Refuse(alerting.ErrInvalid, "change.state", "state %.40q: want one of %v", s, alerting.Terms(ChangeStates()))
		}
	}
	if len(q.States) > 0 {
		find = find.Where("state IN (?)", bun.List(q.States))
	}
	if q.After.ID != "" {
		find = find.Where("(proposed_ms, id) < (?, ?)", q.After.MS, q.After.ID)
	}
	if err := find.Scan(ctx); err != nil {
		return nil, last, fmt.Errorf("list changes: %w: %w", alerting.ErrUnavailable, err)
	}
	all = make([]Proposed, 0, len(rows))
	for i := range rows {
		p, err := rows[i].change()
		if err != nil {
			return nil, last, err
		}
		all, last = append(all, p), alerting.Place{MS: rows[i].ProposedMS, ID: rows[i].ID}
	}
	return all, last, nil
}

// WithdrawChange ends a change that was not made, for a reason.
func (d *Desk) WithdrawChange(ctx context.Context, by alerting.Actor, id, reason string) (Proposed, error) {
	reason = strings.TrimSpace(reason)
	if reason == "" || len(reason) > longestReason || strings.ContainsRune(reason, 0) {
		return Proposed{}, fmt.Errorf("withdraw change %s: %w", id, alerting.Refuse(alerting.ErrInvalid, "reason.missing", "say why, in at most %d bytes", longestReason))
	}
	err := d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		row, err := findChange(ctx, tx, id)
		if err != nil {
			return err
		}
		open, err := d.endChange(ctx, tx, id, ChangeWithdrawn, reason)
		if err == nil && !open {
			err = alerting.Refuse(alerting.ErrState, "change.ended", "it is %s", alerting.Term(row.State))
		}
		if err != nil {
			return err
		}
		return d.Note(ctx, tx, by, verbRetracted, subjectOfChange(id), map[string]any{"reason": reason})
	})
	if err != nil {
		return Proposed{}, fmt.Errorf("withdraw change %s: %w", id, err)
	}
	return d.ChangeAt(ctx, id, false)
}

// lapseChanges ends the changes that nobody signed in time.
func (d *Desk) lapseChanges(ctx context.Context) error {
	var ids []string
	err := d.DB.Read().NewSelect().Model((*changeRow)(nil)).Column("id").Where("state = ?", string(ChangeOpen)).
		Where("expires_ms <= ?", d.Now().UnixMilli()).Scan(ctx, &ids)
	if err != nil {
		return fmt.Errorf("look for changes that lapsed: %w: %w", alerting.ErrUnavailable, err)
	}
	for _, id := range ids {
		err := d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
			open, err := d.endChange(ctx, tx, id, ChangeLapsed, alerting.Say("change.unsigned", "nobody signed it in time"))
			if err != nil || !open {
				return err
			}
			return d.Note(ctx, tx, engine(), verbUnsigned, subjectOfChange(id), struct{}{})
		})
		if err != nil {
			return fmt.Errorf("let change %s lapse: %w", id, err)
		}
	}
	return nil
}

// SignChangeWithPassword is SignChange with a key that the office keeps under the operator's password. Digest is that of the body
// which he was shown.
func (d *Desk) SignChangeWithPassword(ctx context.Context, by alerting.Actor, id, digest, operator, password string) (Proposed, error) {
	if d.Office == nil {
		return Proposed{}, errNoApproval()
	}
	p, err := d.ChangeAt(ctx, id, false)
	if err == nil && p.Digest != digest {
		err = alerting.Refuse(alerting.ErrConflict, "change.other-body", "its body has not the SHA-256 %.64q: look at it again", digest)
	}
	if err != nil {
		return Proposed{}, fmt.Errorf("sign change %s: %w", id, err)
	}
	signer, _, err := d.unlock(ctx, by, operator, password)
	if err != nil {
		return Proposed{}, fmt.Errorf("sign change %s: %w", id, err)
	}
	a, err := approval.SignChange(signer, p.Change, operator, d.Now().UTC().Truncate(time.Second))
	clear(signer.Private)
	if err != nil {
		return Proposed{}, fmt.Errorf("sign change %s: %w", id, err)
	}
	return d.SignChange(ctx, by, id, a)
}
