package login

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"golang.org/x/text/unicode/norm"

	"tocsin/alerting"
	"tocsin/alerting/approval"
)

// Role is what somebody is in a unit.
type Role string

// The roles.
const (
	Author        Role = "author"
	Approver      Role = "approver"
	DutyOfficer   Role = "duty-officer"
	Administrator Role = "administrator"
	Auditor       Role = "auditor"
	Viewer        Role = "viewer"
)

// Roles lists all roles.
func Roles() []Role { return []Role{Author, Approver, DutyOfficer, Administrator, Auditor, Viewer} }

// Grant is a role in an administrative unit; the unit "" is the whole office.
type Grant struct {
	Unit string `json:"unit"`
	Role Role   `json:"role"`
}

// State is what becomes of an account.
type State string

// The states. An account is invited until its link is used.
const (
	Invited  State = "invited"
	Active   State = "active"
	Disabled State = "disabled"
)

// Account is somebody who may log in.
type Account struct {
	Name    string    `json:"name"`
	State   State     `json:"state"`
	Roles   []Grant   `json:"roles"`
	Created time.Time `json:"created"`
	// Outside is the issuer of OpenID Connect that the account comes from; empty for a local one.
	Outside  string    `json:"outside,omitempty"`
	Passkeys []Passkey `json:"passkeys,omitempty"`
}

// Passkey is one of the passkeys of an account.
type Passkey struct {
	ID    string `json:"id"`
	Label string `json:"label"`
	// Key is its public key as approval.ParseKey reads it: enrolled as an operator's key it signs, too.
	Key     string    `json:"key"`
	Created time.Time `json:"created"`
}

type accountRow struct {
	bun.BaseModel `bun:"table:accounts"`

	Key       string `bun:"name_key,pk"`
	Name      string `bun:"name"`
	State     State  `bun:"state"`
	Password  string `bun:"password"`
	TOTP      []byte `bun:"totp"`
	Pending   []byte `bun:"pending_totp"`
	Step      int64  `bun:"totp_step"`
	Epoch     int64  `bun:"epoch"`
	Issuer    string `bun:"issuer"`
	Subject   string `bun:"subject"`
	CreatedMS int64  `bun:"created_ms"`
}

type roleRow struct {
	bun.BaseModel `bun:"table:account_roles"`

	Key  string `bun:"name_key,pk"`
	Unit string `bun:"unit,pk"`
	Role Role   `bun:"role,pk"`
}

type passkeyRow struct {
	bun.BaseModel `bun:"table:account_passkeys"`

	ID        string `bun:"id,pk"`
	Key       string `bun:"name_key"`
	Label     string `bun:"label"`
	Public    []byte `bun:"public"`
	CreatedMS int64  `bun:"created_ms"`
}

// keyOf is what a name is found by: two names that differ in case only are one.
func keyOf(name string) string { return strings.ToLower(norm.NFC.String(name)) }

// actor is how the journal and the desk call somebody. Drafts compare the name with that of the operator who signs.
func (a Account) actor() alerting.Actor { return alerting.Actor{Name: a.Name, Kind: "person"} }

func subjectOf(name string) string { return "account/" + name }

// row reads an account; ok is false when there is none.
func row(ctx context.Context, db bun.IDB, key string) (r accountRow, ok bool, err error) {
	err = db.NewSelect().Model(&r).Where("name_key = ?", key).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return accountRow{}, false, nil
	}
	if err != nil {
		return accountRow{}, false, unavailable("read an account", err)
	}
	return r, true, nil
}

// must reads an account that must be there.
func must(ctx context.Context, db bun.IDB, name string) (accountRow, error) {
	r, ok, err := row(ctx, db, keyOf(name))
	if err == nil && !ok {
		err = alerting.Refuse(alerting.ErrNotFound, "account.unknown", "there is no account %.70q", name)
	}
	return r, err
}

// account adds to a row what stands in other tables.
func (r *accountRow) account(ctx context.Context, db bun.IDB) (Account, error) {
	a := Account{Name: r.Name, State: r.State, Created: time.UnixMilli(r.CreatedMS).UTC(), Outside: r.Issuer, Roles: []Grant{}}
	var roles []roleRow
	if err := db.NewSelect().Model(&roles).Where("name_key = ?", r.Key).Order("unit", "role").Scan(ctx); err != nil {
		return a, unavailable("read the roles", err)
	}
	for _, role := range roles {
		a.Roles = append(a.Roles, Grant{role.Unit, role.Role})
	}
	return a, nil
}

// Account reads one account, with its passkeys. ErrNotFound when there is none.
func (g *Gate) Account(ctx context.Context, name string) (Account, error) {
	r, err := must(ctx, g.DB.Read(), name)
	if err != nil {
		return Account{}, err
	}
	a, err := r.account(ctx, g.DB.Read())
	if err != nil {
		return a, err
	}
	var keys []passkeyRow
	if err := g.DB.Read().NewSelect().Model(&keys).Where("name_key = ?", r.Key).Order("created_ms", "id").Scan(ctx); err != nil {
		return a, unavailable("read the passkeys", err)
	}
	for _, k := range keys {
		a.Passkeys = append(a.Passkeys, Passkey{k.ID, k.Label, approval.Key{Kind: approval.Passkey, Public: k.Public}.String(), time.UnixMilli(k.CreatedMS).UTC()})
	}
	return a, nil
}

// Accounts lists all accounts by name.
func (g *Gate) Accounts(ctx context.Context) ([]Account, error) {
	var rows []accountRow
	if err := g.DB.Read().NewSelect().Model(&rows).Order("name_key").Scan(ctx); err != nil {
		return nil, unavailable("read the accounts", err)
	}
	var roles []roleRow
	if err := g.DB.Read().NewSelect().Model(&roles).Order("name_key", "unit", "role").Scan(ctx); err != nil {
		return nil, unavailable("read the roles", err)
	}
	by := make(map[string][]Grant)
	for _, r := range roles {
		by[r.Key] = append(by[r.Key], Grant{r.Unit, r.Role})
	}
	out := make([]Account, 0, len(rows))
	for _, r := range rows {
		out = append(out, Account{Name: r.Name, State: r.State, Created: time.UnixMilli(r.CreatedMS).UTC(), Outside: r.Issuer,
			Roles: append([]Grant{}, by[r.Key]...)})
	}
	return out, nil
}

// checkName says what is wrong with a new name.
func (g *Gate) checkName(name string) error {
	if err := approval.CheckName(name); err != nil {
		return err
	}
	key := keyOf(name)
	if slices.ContainsFunc(append([]string{approval.DeskName}, g.Reserved...), func(r string) bool { return keyOf(r) == key }) {
		return alerting.Refuse(alerting.ErrInvalid, "account.reserved", "the name %q belongs to the desk or to a partner: a person must not be mistaken for one", name)
	}
	return nil
}

// mostGrants bounds the roles of one account.
const mostGrants = 100

// checkGrants says what is wrong with roles.
func checkGrants(grants []Grant) error {
	if len(grants) > mostGrants {
		return alerting.Refuse(alerting.ErrInvalid, "account.roles-many", "%d roles: want at most %d", len(grants), mostGrants)
	}
	for _, g := range grants {
		if !slices.Contains(Roles(), g.Role) {
			return alerting.Refuse(alerting.ErrInvalid, "account.role", "role %.40q: want one of %v", g.Role, alerting.Terms(Roles()))
		}
		if len(g.Unit) > 64 || strings.ContainsFunc(g.Unit, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
			return alerting.Refuse(alerting.ErrInvalid, "account.unit", "unit %.70q: want the code of an administrative unit, of at most 64 bytes and without spaces", g.Unit)
		}
	}
	return nil
}

// putGrants writes the roles of an account in the place of those it had.
func putGrants(ctx context.Context, tx bun.Tx, key string, grants []Grant) error {
	if _, err := tx.NewDelete().Model((*roleRow)(nil)).Where("name_key = ?", key).Exec(ctx); err != nil {
		return err
	}
	seen := make(map[Grant]bool)
	for _, g := range grants {
		if seen[g] {
			continue
		}
		seen[g] = true
		if _, err := tx.NewInsert().Model(&roleRow{Key: key, Unit: g.Unit, Role: g.Role}).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}
