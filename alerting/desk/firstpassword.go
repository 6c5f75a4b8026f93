package desk

import (
	"context"
	"fmt"

	"tocsin/alerting"
	"tocsin/alerting/approval"
)

// ReleaseUnderWithPassword is ReleaseUnder with the key that the office keeps under the author's password. Errors as there, and
// ErrForbidden when the key is not opened. The act and the place of p are not looked at.
func (d *Desk) ReleaseUnderWithPassword(ctx context.Context, id string, version int64, by alerting.Actor, standing string, p PasswordSignature) (Draft, error) {
	if d.Office == nil {
		return Draft{}, errNoApproval()
	}
	fail := func(err error) (Draft, error) { return Draft{}, fmt.Errorf("release draft %s first: %w", id, err) }
	v, err := findVersion(ctx, d.DB.Read(), id, version)
	if err != nil {
		return fail(err)
	}
	in, err := d.checkVersion(&v)
	if err != nil {
		return fail(err)
	}
	v.onto(&in.Envelope, nil)
	if in.Envelope.Standing, err = d.standingOf(ctx, standing); err != nil {
		return fail(err)
	}
	signed, err := d.signWith(ctx, by, &in.Envelope, p, approval.Author, approval.Release)
	if err != nil {
		return fail(err)
	}
	return d.ReleaseUnder(ctx, id, version, by, standing, signed)
}

// CountersignWithPassword is CountersignPicked with the key that the office keeps under an operator's password.
func (d *Desk) CountersignWithPassword(ctx context.Context, id alerting.AlertID, by alerting.Actor, p PasswordSignature) error {
	if d.Office == nil {
		return errNoApproval()
	}
	row, err := d.useOf(ctx, d.DB.Read(), id)
	if err != nil {
		return fmt.Errorf("countersign alert %s: %w", id, err)
	}
	_, in, err := d.waiting(ctx, &row)
	if err != nil {
		return fmt.Errorf("countersign alert %s: %w", id, err)
	}
	signed, err := d.signWith(ctx, by, &in.Envelope, p, approval.Approve)
	if err != nil {
		return fmt.Errorf("countersign alert %s: %w", id, err)
	}
	return d.CountersignPicked(ctx, id, by, signed[0], p.Pick)
}

// signWith opens an operator's key once and signs some acts with it.
func (d *Desk) signWith(ctx context.Context, by alerting.Actor, e *alerting.Envelope, p PasswordSignature, acts ...approval.Act) ([]alerting.Approval, error) {
	signer, _, err := d.unlock(ctx, by, p.Operator, p.Password)
	if err != nil {
		return nil, err
	}
	defer clear(signer.Private)
	var out []alerting.Approval
	for _, act := range acts {
		statement, err := approval.Over(e, act, p.Operator, d.Now())
		if err != nil {
			return nil, err
		}
		a, err := signer.Sign(statement)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}
