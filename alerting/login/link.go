package login

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/approval"
)

// LinkLife is how long a one-time link is good, FirstLinkLife that of a first administrator.
const (
	LinkLife      = 48 * time.Hour
	FirstLinkLife = time.Hour
)

type linkRow struct {
	bun.BaseModel `bun:"table:account_links"`

	Key     string `bun:"name_key,pk"`
	Hash    string `bun:"hash"`
	UntilMS int64  `bun:"until_ms"`
	TOTP    []byte `bun:"totp"`
}

// Link is a one-time link, told once.
type Link struct {
	Token string    `json:"token"`
	Until time.Time `json:"until"`
}

// putLink makes a link for a key in the place of the one it had.
func (g *Gate) putLink(ctx context.Context, tx bun.Tx, key string, life time.Duration) (Link, error) {
	token, hash := newToken()
	until := g.Now().Add(life)
	if _, err := tx.NewDelete().Model((*linkRow)(nil)).Where("name_key = ?", key).Exec(ctx); err != nil {
		return Link{}, err
	}
	_, err := tx.NewInsert().Model(&linkRow{Key: key, Hash: hash, UntilMS: until.UnixMilli(), TOTP: []byte{}}).Exec(ctx)
	return Link{token, until}, err
}

// FirstLink makes the link of a first administrator where there is no account yet; needed is false when there is one.
func (g *Gate) FirstLink(ctx context.Context) (l Link, needed bool, err error) {
	err = g.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		n, err := tx.NewSelect().Model((*accountRow)(nil)).Count(ctx)
		if err != nil {
			return err
		}
		if needed = n == 0; !needed {
			return nil
		}
		l, err = g.putLink(ctx, tx, "", FirstLinkLife)
		return err
	})
	return l, needed, err
}

// AdministratorLink makes a link for one more administrator, whatever accounts there are. It is for whoever has the stores at hand, when
// no administrator can log in any more.
func (g *Gate) AdministratorLink(ctx context.Context) (l Link, err error) {
	err = g.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if l, err = g.putLink(ctx, tx, "", FirstLinkLife); err != nil {
			return err
		}
		return g.Note(ctx, tx, engine(), verbLink, "accounts", map[string]any{"for": Administrator, "until": l.Until.UTC().Format(time.RFC3339)})
	})
	return l, err
}

// errLink is the one answer to a link that there is not, was used or is over.
func errLink() error {
	return alerting.Refuse(alerting.ErrForbidden, "setup.link-dead", "this link was used already, is over, or was replaced by a newer one; ask an administrator for a new one")
}

// link finds the link of a token; key "" is that of a first administrator.
func (g *Gate) link(ctx context.Context, db bun.IDB, token string) (l linkRow, err error) {
	err = db.NewSelect().Model(&l).Where("hash = ?", hashOf(token)).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) || err == nil && g.Now().UnixMilli() >= l.UntilMS {
		return linkRow{}, errLink()
	}
	if err != nil {
		return linkRow{}, unavailable("look for a link", err)
	}
	return l, nil
}

// Secret is a new secret of an authenticator, which counts once its code was shown to be right.
type Secret struct {
	// Name is whose it is; empty where a first administrator may choose.
	Name   string `json:"name,omitempty"`
	Secret string `json:"secret"`
	// URI is what authenticators read, mostly as a QR code.
	URI string `json:"uri"`
}

// BeginSetup gives the secret for the authenticator of whoever has a link. Each call makes another, and only the latest counts.
func (g *Gate) BeginSetup(ctx context.Context, token, name string) (Secret, error) {
	secret := newSecret()
	err := g.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		l, err := g.link(ctx, tx, token)
		if err != nil {
			return err
		}
		if l.Key != "" {
			r, err := must(ctx, tx, l.Key)
			if err != nil {
				return err
			}
			name = r.Name
		} else if err := g.checkName(name); err != nil {
			return err
		}
		_, err = tx.NewUpdate().Model((*linkRow)(nil)).Set("totp = ?", g.sealSecret("link "+l.Hash, secret)).Where("hash = ?", l.Hash).Exec(ctx)
		return err
	})
	if err != nil {
		return Secret{}, fmt.Errorf("set up: %w", err)
	}
	return Secret{name, secret, g.uri(name, secret)}, nil
}

// SetUp is what somebody with a link chooses.
type SetUp struct {
	Link string `json:"link"`
	// Name is that of a first administrator; of anybody else it is known.
	Name     string `json:"name,omitempty"`
	Password string `json:"password"`
	// Code is what the authenticator shows, which has the secret of BeginSetup.
	Code string `json:"code"`
}

// FinishSetup uses a link up: the account has the new password and authenticator, and neither passkeys nor sessions of before. It opens a
// session. ErrForbidden for a link that is over, ErrInvalid for a password or code that will not do; the link then stays.
func (g *Gate) FinishSetup(ctx context.Context, s SetUp) (Opened, error) {
	l, err := g.link(ctx, g.DB.Read(), s.Link)
	if err != nil {
		return Opened{}, fmt.Errorf("set up: %w", err)
	}
	r, err := g.newcomer(ctx, &l, s.Name)
	if err != nil {
		return Opened{}, fmt.Errorf("set up: %w", err)
	}
	if err := approval.CheckPassword(r.Name, s.Password); err != nil {
		return Opened{}, fmt.Errorf("set up: %w", err)
	}
	if len(l.TOTP) == 0 {
		return Opened{}, fmt.Errorf("set up: %w", alerting.Refuse(alerting.ErrState, "setup.no-secret", "ask for the secret of the authenticator first (POST /api/setup/begin)"))
	}
	secret, err := g.openSecret("link "+l.Hash, l.TOTP)
	if err != nil {
		return Opened{}, err
	}
	step, ok := codeFits(secret, s.Code, g.Now(), 0)
	if !ok {
		return Opened{}, fmt.Errorf("set up: %w", alerting.Refuse(alerting.ErrInvalid, "setup.code", "the code is not what the authenticator shows now; is its clock right?"))
	}
	leave, err := g.await(ctx)
	if err != nil {
		return Opened{}, err
	}
	r.Password = hashPassword(s.Password, g.Cost)
	leave()
	r.TOTP, r.Step, r.State, r.Pending, r.Epoch = g.sealSecret(r.Key, secret), step, Active, []byte{}, r.Epoch+1
	if err := g.settle(ctx, &l, r); err != nil {
		return Opened{}, fmt.Errorf("set up: %w", err)
	}
	return g.open(ctx, &r, byLink)
}

// newcomer is the account that a link is for: a new one for a first administrator.
func (g *Gate) newcomer(ctx context.Context, l *linkRow, name string) (accountRow, error) {
	if l.Key == "" {
		if err := g.checkName(name); err != nil {
			return accountRow{}, err
		}
		return accountRow{Key: keyOf(name), Name: name, CreatedMS: g.Now().UnixMilli()}, nil
	}
	r, err := must(ctx, g.DB.Read(), l.Key)
	if err == nil && r.State == Disabled {
		err = errLink()
	}
	return r, err
}

// settle writes the account of a link, and uses the link up: of two who come with it one gets the account.
func (g *Gate) settle(ctx context.Context, l *linkRow, r accountRow) error {
	return g.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewDelete().Model((*linkRow)(nil)).Where("hash = ?", l.Hash).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(errLink(), err)
		}
		one := r
		if l.Key == "" {
			if _, err := tx.NewInsert().Model(&one).Exec(ctx); err != nil {
				return err
			}
			if err := putGrants(ctx, tx, r.Key, []Grant{{Role: Administrator}}); err != nil {
				return err
			}
		} else if err := change(ctx, tx, &one, r.Epoch-1); err != nil {
			return err
		}
		if _, err := tx.NewDelete().Model((*passkeyRow)(nil)).Where("name_key = ?", r.Key).Exec(ctx); err != nil {
			return err
		}
		return g.note(ctx, tx, Account{Name: r.Name}.actor(), verbSetUp, r.Name, map[string]any{"first": l.Key == ""})
	})
}

// change writes a row over the one that had an epoch. ErrConflict when it was changed meanwhile.
func change(ctx context.Context, tx bun.Tx, r *accountRow, epoch int64) error {
	res, err := tx.NewUpdate().Model(r).WherePK().Where("epoch = ?", epoch).Exec(ctx)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(errClosed(), err)
	}
	return nil
}
