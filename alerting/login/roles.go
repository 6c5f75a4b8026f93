package login

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

// RolesOrder puts roles in the place of those that an account has.
type RolesOrder struct {
	Account string  `json:"account"`
	Roles   []Grant `json:"roles"`
}

// RolesPlan is what an order of roles would come to.
type RolesPlan struct {
	// Gains and Loses are what would be added and taken away.
	Gains, Loses []Grant
	// Base is a digest of what the account has now.
	Base string
}

// Summary says it in words.
func (p RolesPlan) Summary(name string) alerting.Several {
	var out alerting.Several
	if len(p.Gains) > 0 {
		out = append(out, alerting.Refuse(nil, "roles.gains", "%s gains %s", name, grantsSaid(p.Gains)))
	}
	if len(p.Loses) > 0 {
		out = append(out, alerting.Refuse(nil, "roles.loses", "%s loses %s", name, grantsSaid(p.Loses)))
	}
	if len(out) == 0 {
		out = append(out, alerting.Refuse(nil, "roles.same", "%s keeps what he has", name))
	}
	return out
}

// grantsSaid are grants in words: "approver, auditor@UNIT".
type grantsSaid []Grant

func (g grantsSaid) String() string {
	return g.said(", ", func(r Role) string { return string(r) })
}

// Chinese makes it a value of a Chinese sentence.
func (g grantsSaid) Chinese() string {
	return g.said("、", func(r Role) string { return alerting.Term("role " + r).Chinese() })
}

func (g grantsSaid) said(by string, name func(Role) string) string {
	var out []string
	for _, one := range g {
		text := name(one.Role)
		if one.Unit != "" {
			text += "@" + one.Unit
		}
		out = append(out, text)
	}
	slices.Sort(out)
	return strings.Join(out, by)
}

// PlanRoles says what an order would come to. ErrNotFound when there is no such account.
func (g *Gate) PlanRoles(ctx context.Context, db bun.IDB, o RolesOrder) (RolesPlan, error) {
	if err := checkGrants(o.Roles); err != nil {
		return RolesPlan{}, fmt.Errorf("change roles: %w", err)
	}
	r, err := must(ctx, db, o.Account)
	if err != nil {
		return RolesPlan{}, fmt.Errorf("change roles: %w", err)
	}
	a, err := r.account(ctx, db)
	if err != nil {
		return RolesPlan{}, fmt.Errorf("change roles: %w", err)
	}
	without := func(all, some []Grant) []Grant {
		return slices.DeleteFunc(slices.Clone(all), func(one Grant) bool { return slices.Contains(some, one) })
	}
	have, err := json.Marshal(a.Roles)
	if err != nil {
		return RolesPlan{}, fmt.Errorf("change roles: %w", err)
	}
	sum := sha256.Sum256(append([]byte(r.Key+"\x00"), have...))
	return RolesPlan{Gains: without(o.Roles, a.Roles), Loses: without(a.Roles, o.Roles), Base: hex.EncodeToString(sum[:])}, nil
}

// PutRoles carries an order out, in a transaction of its caller's. It acts at the next request of every session.
func (g *Gate) PutRoles(ctx context.Context, tx bun.Tx, by alerting.Actor, o RolesOrder) error {
	if err := checkGrants(o.Roles); err != nil {
		return fmt.Errorf("change roles: %w", err)
	}
	r, err := must(ctx, tx, o.Account)
	if err != nil {
		return fmt.Errorf("change roles: %w", err)
	}
	before, err := r.account(ctx, tx)
	if err != nil {
		return fmt.Errorf("change roles: %w", err)
	}
	if err := putGrants(ctx, tx, r.Key, o.Roles); err != nil {
		return fmt.Errorf("change roles: %w", err)
	}
	if err := oneIsLeft(ctx, tx, before); err != nil {
		return fmt.Errorf("change roles: %w", err)
	}
	return g.note(ctx, tx, by, verbRoles, r.Name, map[string]any{"before": before.Roles, "roles": o.Roles})
}

// SetRoles is PutRoles in a transaction of its own.
func (g *Gate) SetRoles(ctx context.Context, by alerting.Actor, name string, grants []Grant) error {
	return g.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		return g.PutRoles(ctx, tx, by, RolesOrder{Account: name, Roles: grants})
	})
}
