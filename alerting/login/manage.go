package login

import (
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

// Create makes an account that nobody can use before its link was. ErrConflict when the name is taken, in whatever case.
func (g *Gate) Create(ctx context.Context, by alerting.Actor, name string, grants []Grant) (Link, error) {
	if err := g.checkName(name); err != nil {
		return Link{}, fmt.Errorf("make an account: %w", err)
	}
	if err := checkGrants(grants); err != nil {
		return Link{}, fmt.Errorf("make an account: %w", err)
	}
	r := accountRow{Key: keyOf(name), Name: name, State: Invited, TOTP: []byte{}, Pending: []byte{}, CreatedMS: g.Now().UnixMilli()}
	var l Link
	err := g.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if have, taken, err := row(ctx, tx, r.Key); err != nil || taken {
			if err == nil {
				err = alerting.Refuse(alerting.ErrConflict, "account.taken", "there is an account %q already", have.Name)
			}
			return err
		}
		one := r
		if _, err := tx.NewInsert().Model(&one).Exec(ctx); err != nil {
			return err
		}
		if err := putGrants(ctx, tx, r.Key, grants); err != nil {
			return err
		}
		var err error
		if l, err = g.putLink(ctx, tx, r.Key, LinkLife); err != nil {
			return err
		}
		return g.note(ctx, tx, by, verbCreated, name, map[string]any{"roles": grants})
	})
	if err != nil {
		return Link{}, fmt.Errorf("make an account: %w", err)
	}
	return l, nil
}

// SetDisabled closes an account, which ends its sessions at once, or opens it again.
func (g *Gate) SetDisabled(ctx context.Context, by alerting.Actor, name string, disabled bool) error {
	return g.onAccount(ctx, "close or open an account", name, func(ctx context.Context, tx bun.Tx, r *accountRow) error {
		state := Disabled
		if !disabled {
			state = Active
			if r.Password == "" && r.Subject == "" {
				state = Invited
			}
		}
		if r.State == state || !disabled && r.State != Disabled {
			return nil
		}
		before, err := r.account(ctx, tx)
		if err != nil {
			return err
		}
		r.State = state
		r.Epoch++
		if err := change(ctx, tx, r, r.Epoch-1); err != nil {
			return err
		}
		if disabled {
			if _, err := tx.NewDelete().Model((*linkRow)(nil)).Where("name_key = ?", r.Key).Exec(ctx); err != nil {
				return err
			}
			if err := oneIsLeft(ctx, tx, before); err != nil {
				return err
			}
		}
		return g.note(ctx, tx, by, verbState, r.Name, map[string]any{"state": state})
	})
}

// NewLink makes a one-time link with which somebody sets his account up again, who has lost his password or authenticator. What he has
// counts until the link is used; the link then ends all of it.
func (g *Gate) NewLink(ctx context.Context, by alerting.Actor, name string) (l Link, err error) {
	err = g.onAccount(ctx, "make a link", name, func(ctx context.Context, tx bun.Tx, r *accountRow) error {
		if r.State == Disabled || r.Subject != "" {
			return alerting.Refuse(alerting.ErrState, "account.no-link", "the account is closed, or its people log in with %q", r.Issuer)
		}
		if l, err = g.putLink(ctx, tx, r.Key, LinkLife); err != nil {
			return err
		}
		return g.note(ctx, tx, by, verbLink, r.Name, nil)
	})
	return l, err
}

// onAccount does something to an account that must be there, in one transaction.
func (g *Gate) onAccount(ctx context.Context, what, name string, do func(ctx context.Context, tx bun.Tx, r *accountRow) error) error {
	err := g.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		r, err := must(ctx, tx, name)
		if err != nil {
			return err
		}
		return do(ctx, tx, &r)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// oneIsLeft refuses a change after which nobody could administer the office any more. Only the loss of one who could is looked at.
func oneIsLeft(ctx context.Context, tx bun.Tx, before Account) error {
	if before.State != Active || !administers(before.Roles) {
		return nil
	}
	n, err := tx.NewSelect().TableExpr("accounts AS a").Join("JOIN account_roles AS r ON r.name_key = a.name_key").
		Where("a.state = ?", Active).Where("r.role = ?", Administrator).Where("r.unit = ''").Count(ctx)
	if err != nil {
		return err
	}
	if n == 0 {
		return alerting.Refuse(alerting.ErrState, "account.last-admin", "nobody would be left who administers the whole office; make another administrator first")
	}
	return nil
}

func administers(grants []Grant) bool { return slices.Contains(grants, Grant{Role: Administrator}) }
