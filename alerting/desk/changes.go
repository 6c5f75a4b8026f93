package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/approval"
)

// An administrative act that could send or silence is a change: it is proposed, summed up by the engine, signed by two people, and
// then made, once. Where the office has no approvals it is made at once.

const (
	// changeLife is how long a change may be signed.
	changeLife = 24 * time.Hour
	// maxChangeBody bounds the body of a change, in bytes: some 40,000 sirens.
	maxChangeBody = 8 << 20
)

// The acts of a change that the journal knows.
const (
	verbProposed  = "change.proposed"
	verbAgreed    = "change.signed"
	verbApplied   = "change.applied"
	verbRetracted = "change.withdrawn"
	verbUnsigned  = "change.lapsed"
	verbOvertaken = "change.overtaken"
)

func subjectOfChange(id string) string { return "change/" + id }

// Propose works out what an act would change. It is made at once where nobody must approve, or where it takes one person; otherwise
// it is kept, and waits for two signatures. Errors: ErrInvalid for a body that the kind cannot take.
func (d *Desk) Propose(ctx context.Context, by alerting.Actor, kind string, body []byte, reason string) (Proposed, error) {
	p := Proposed{State: ChangeOpen, Proposer: by}
	k, err := d.kindOf(kind)
	if err != nil {
		return p, fmt.Errorf("propose: %w", err)
	}
	if len(body) == 0 || len(body) > maxChangeBody {
		return p, fmt.Errorf("propose %s: %w", kind, alerting.Refuse(alerting.ErrInvalid, "change.size", "the body has %d bytes: want 1 to %d; make several changes of a larger one", len(body), maxChangeBody))
	}
	if reason = strings.TrimSpace(reason); len(reason) > longestReason || strings.ContainsRune(reason, 0) {
		return p, fmt.Errorf("propose %s: %w", kind, alerting.Refuse(alerting.ErrInvalid, "change.reason-long", "the reason must be at most %d bytes", longestReason))
	}
	at, sum := d.Now().UTC().Truncate(time.Second), sha256.Sum256(body)
	p.Change = alerting.Change{ID: newChangeID(), Kind: kind, Digest: hex.EncodeToString(sum[:]), Body: body, Reason: reason, At: at, Expires: at.Add(changeLife)}
	err = d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error { return d.propose(ctx, tx, by, k, &p) })
	if err != nil {
		return p, fmt.Errorf("propose %s: %w", kind, err)
	}
	if p.State == ChangeApplied && k.After != nil {
		k.After(ctx)
	}
	return d.ChangeAt(ctx, p.ID, false)
}

func (d *Desk) propose(ctx context.Context, tx bun.Tx, by alerting.Actor, k ChangeKind, p *Proposed) error {
	if err := oneAfterAnother(ctx, tx); err != nil {
		return err
	}
	plan, err := k.Plan(ctx, tx, p.Body)
	if err != nil {
		return err
	}
	if len(plan.Summary) == 0 {
		return alerting.Refuse(alerting.ErrState, "change.nothing", "nothing would change")
	}
	p.Summary, p.Chinese, p.Base, p.State = plan.Summary.Lines(), plan.Summary.ChineseLines(), plan.Base, ChangeOpen
	atOnce := d.Office == nil || plan.Alone
	if atOnce {
		if err := k.Apply(ctx, tx, by, p.Body); err != nil {
			return err
		}
		p.State = ChangeApplied
	}
	row, err := d.rowOfChange(p)
	if err != nil {
		return err
	}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return err
	}
	verb, subject := verbProposed, subjectOfChange(p.ID)
	if atOnce {
		verb = verbApplied
	}
	return d.Note(ctx, tx, by, verb, subject, noteOfChange(p, plan.Subject, atOnce))
}

// noteOfChange is what the journal keeps; a long summary is cut.
func noteOfChange(p *Proposed, what string, alone bool) map[string]any {
	const most = 20
	summary := p.Summary
	if len(summary) > most {
		summary = append(slices.Clone(summary[:most]), fmt.Sprintf("and %d lines more", len(p.Summary)-most))
	}
	out := map[string]any{"kind": p.Kind, "sha256": p.Digest, "summary": summary, "what": what, "reason": p.Reason}
	if alone {
		out["people"] = 1
	} else if len(p.By) > 0 {
		out["signed_by"] = signersOf(p.By)
	}
	return out
}

// SignChange puts an operator's signature on a change, and makes it with the second. Errors: ErrForbidden when the signature is not
// worth anything here, ErrState when the change is over, ErrConflict when the operator has signed, or what it would change was
// changed by somebody meanwhile: then it is over.
func (d *Desk) SignChange(ctx context.Context, by alerting.Actor, id string, a alerting.Approval) (Proposed, error) {
	if d.Office == nil {
		return Proposed{}, errNoApproval()
	}
	var made func(context.Context)
	var overtaken error
	err := d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		made, overtaken = nil, nil
		if err := oneAfterAnother(ctx, tx); err != nil {
			return err
		}
		row, err := findChange(ctx, tx, id)
		if err != nil {
			return err
		}
		p, err := row.change()
		if err != nil {
			return err
		}
		if err := d.signable(&p); err != nil {
			return err
		}
		agreed, err := d.takeSignature(ctx, tx, by, &p, a)
		if err != nil || !agreed {
			return err
		}
		made, overtaken, err = d.make(ctx, tx, by, &row, &p)
		return err
	})
	if err == nil {
		err = overtaken
	}
	if err != nil {
		return Proposed{}, fmt.Errorf("sign change %s: %w", id, err)
	}
	if made != nil {
		made(ctx)
	}
	return d.ChangeAt(ctx, id, false)
}

// signable says why a change can no longer be signed.
func (d *Desk) signable(p *Proposed) error {
	switch {
	case p.State != ChangeOpen:
		return alerting.Refuse(alerting.ErrState, "change.ended", "it is %s", alerting.Term(p.State))
	case !d.Now().Before(p.Expires):
		return alerting.Refuse(alerting.ErrState, "change.lapsed", "it lapsed at %s: propose it again", p.Expires.Format(time.RFC3339))
	}
	return nil
}

// takeSignature keeps a signature that is worth something; agreed when no more are needed.
func (d *Desk) takeSignature(ctx context.Context, tx bun.Tx, by alerting.Actor, p *Proposed, a alerting.Approval) (agreed bool, err error) {
	if err := fresh(a, d.Now()); err != nil {
		return false, err
	}
	roll, err := d.roll(ctx, tx)
	if err != nil {
		return false, err
	}
	right := approval.MayAdminister
	if len(p.By) == 0 {
		right = ""
	}
	if err := roll.VerifyChange(p.Change, a, right); err != nil {
		return false, err
	}
	if slices.ContainsFunc(p.By, func(have alerting.Approval) bool { return have.By == a.By }) {
		return false, alerting.Refuse(alerting.ErrConflict, "change.signed", "%s has signed it already; somebody else must", a.By)
	}
	p.By = append(p.By, a)
	text, err := json.Marshal(p.By)
	if err != nil {
		return false, fmt.Errorf("%w: signature: %w", alerting.ErrInvalid, err)
	}
	if _, err := tx.NewUpdate().Model((*changeRow)(nil)).Set("signed = ?", string(text)).Where("id = ?", p.ID).Exec(ctx); err != nil {
		return false, err
	}
	err = d.Note(ctx, tx, by, verbAgreed, subjectOfChange(p.ID), map[string]any{"operator": a.By, "key": a.KeyID})
	return roll.Agreed(p.Change), err
}

// make makes a change that was agreed. overtaken is why it was not, and could never be again: the transaction stands all the same.
func (d *Desk) make(ctx context.Context, tx bun.Tx, by alerting.Actor, row *changeRow, p *Proposed) (after func(context.Context), overtaken, err error) {
	k, err := d.kindOf(p.Kind)
	if err != nil {
		return nil, nil, err
	}
	body, err := d.bodyOf(row)
	if err != nil {
		return nil, nil, err
	}
	// Nobody signed anything but this body, whatever stands in the database.
	if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != p.Digest {
		return nil, nil, alerting.Refuse(alerting.ErrForbidden, "change.tampered", "its body is not the one that was signed")
	}
	plan, err := k.Plan(ctx, tx, body)
	if err != nil && !errors.Is(err, alerting.ErrState) {
		return nil, nil, err
	}
	if err != nil || plan.Base != p.Base || !slices.Equal(plan.Summary.Lines(), p.Summary) {
		overtaken = alerting.Refuse(alerting.ErrConflict, "change.overtaken", "what it would change was changed by somebody since it was proposed, so it was not made: propose it again, and look at what it says then")
		if _, err := d.endChange(ctx, tx, p.ID, ChangeOvertaken, alerting.Say("change.overtaken-note", "what it would change was changed by somebody since it was proposed")); err != nil {
			return nil, nil, err
		}
		return nil, overtaken, d.Note(ctx, tx, by, verbOvertaken, subjectOfChange(p.ID), map[string]any{"kind": p.Kind})
	}
	open, err := d.endChange(ctx, tx, p.ID, ChangeApplied, "")
	if err == nil && !open {
		err = alerting.Refuse(alerting.ErrState, "change.ended-meanwhile", "somebody else has ended it")
	}
	if err == nil {
		err = k.Apply(ctx, tx, by, body)
	}
	if err != nil {
		return nil, nil, err
	}
	return k.After, nil, d.Note(ctx, tx, by, verbApplied, subjectOfChange(p.ID), noteOfChange(p, plan.Subject, false))
}
