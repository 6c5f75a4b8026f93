package login

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/approval"
)

// ChangePassword gives somebody who is logged in another password. All his sessions end, and one begins. The old password is asked
// for, and counts as an attempt like any other.
func (g *Gate) ChangePassword(ctx context.Context, address, name, old, next string) (Opened, error) {
	if err := approval.CheckPassword(name, next); err != nil {
		return Opened{}, fmt.Errorf("change a password: %w", err)
	}
	r, err := g.again(ctx, address, name, old)
	if err != nil {
		return Opened{}, err
	}
	leave, err := g.await(ctx)
	if err != nil {
		return Opened{}, err
	}
	r.Password = hashPassword(next, g.Cost)
	leave()
	return g.renew(ctx, r, verbPassword)
}

// again asks somebody who is logged in for his password: a session that somebody found open must not change how its owner logs in.
func (g *Gate) again(ctx context.Context, address, name, password string) (accountRow, error) {
	r, _, err := g.prove(ctx, address, name, password, nil)
	if err != nil {
		return r, err
	}
	return r, g.forgive(ctx, address, name)
}

// renew writes how somebody logs in, ends all his sessions, and begins one.
func (g *Gate) renew(ctx context.Context, r accountRow, verb string) (Opened, error) {
	r.Epoch++
	err := g.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		one := r
		if err := change(ctx, tx, &one, r.Epoch-1); err != nil {
			return err
		}
		return g.note(ctx, tx, Account{Name: r.Name}.actor(), verb, r.Name, nil)
	})
	if err != nil {
		return Opened{}, err
	}
	return g.open(ctx, &r, byPassword)
}

// BeginTOTP gives the secret for another authenticator. The old one counts until ConfirmTOTP.
func (g *Gate) BeginTOTP(ctx context.Context, address, name, password string) (Secret, error) {
	r, err := g.again(ctx, address, name, password)
	if err != nil {
		return Secret{}, err
	}
	secret := newSecret()
	err = g.onAccount(ctx, "change an authenticator", name, func(ctx context.Context, tx bun.Tx, r *accountRow) error {
		r.Pending = g.sealSecret(r.Key, secret)
		return change(ctx, tx, r, r.Epoch)
	})
	return Secret{r.Name, secret, g.uri(r.Name, secret)}, err
}

// ConfirmTOTP makes the new authenticator count, whose code is shown, and the old one no more. All sessions end, and one begins.
func (g *Gate) ConfirmTOTP(ctx context.Context, name, code string) (Opened, error) {
	r, err := must(ctx, g.DB.Read(), name)
	if err != nil {
		return Opened{}, err
	}
	if len(r.Pending) == 0 {
		return Opened{}, fmt.Errorf("change an authenticator: %w", alerting.Refuse(alerting.ErrState, "account.no-secret", "ask for its secret first (POST /api/me/totp)"))
	}
	secret, err := g.openSecret(r.Key, r.Pending)
	if err != nil {
		return Opened{}, err
	}
	step, ok := codeFits(secret, code, g.Now(), 0)
	if !ok {
		return Opened{}, fmt.Errorf("change an authenticator: %w", alerting.Refuse(alerting.ErrInvalid, "account.code", "the code is not what the new one shows now; is its clock right?"))
	}
	r.TOTP, r.Step, r.Pending = r.Pending, step, []byte{}
	return g.renew(ctx, r, verbTOTP)
}
