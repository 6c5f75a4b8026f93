package login

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/alerting/seal"
)

// Note records an act in the office's journal, inside the transaction that makes it true.
type Note func(ctx context.Context, tx bun.IDB, by alerting.Actor, verb, subject string, detail any) error

// DB is the database: Write runs one transaction, Read is for queries.
type DB interface {
	Write(ctx context.Context, fn func(ctx context.Context, tx bun.Tx) error) error
	Read() *bun.DB
}

// Config is what a Gate is made of. DB, Redis, Keys, Note, Now, Log and Metrics must be set; the zero value of the others is good.
type Config struct {
	DB    DB
	Redis redis.UniversalClient
	// Prefix begins every key in Redis.
	Prefix  string
	Keys    *seal.Keyring
	Note    Note
	Now     func() time.Time
	Log     *slog.Logger
	Metrics *Metrics
	// Office is what authenticators show beside the name; default "Tocsin".
	Office string
	// Idle ends a session that nobody uses (default 30 minutes), Longest every session (default 12 hours).
	Idle, Longest time.Duration
	Lockout       Lockout
	// Relying is whose passkeys count; its zero value accepts none.
	Relying approval.Relying
	// Reserved are names that no account may have: those of partners.
	Reserved []string
	// Cost is what trying a password costs.
	Cost approval.Cost
	// Provider is where people log in with OpenID Connect; nil where they do not.
	Provider *Provider
}

// Gate lets people in. It is safe for concurrent use, and several may work on the same stores.
type Gate struct {
	Config
	// trying is one place for each password that is tried at once.
	trying chan struct{}
	failed failures
}

const (
	// tries is how many passwords are tried at once: each takes 64 MiB. Others wait so long.
	tries          = 2
	tryPatience    = 20 * time.Second
	defaultIdle    = 30 * time.Minute
	defaultLongest = 12 * time.Hour
)

// New checks the configuration.
func New(c Config) (*Gate, error) {
	if c.DB == nil || c.Redis == nil || c.Keys == nil || c.Note == nil || c.Now == nil || c.Log == nil || c.Metrics == nil {
		return nil, fmt.Errorf("%w: the login lacks a part", alerting.ErrInvalid)
	}
	c.Idle, c.Longest, c.Office = cmp.Or(c.Idle, defaultIdle), cmp.Or(c.Longest, defaultLongest), cmp.Or(c.Office, "Tocsin")
	c.Lockout, c.Cost = c.Lockout.orUsual(), cmp.Or(c.Cost, approval.Cost{Memory: 64 << 10, Passes: 3, Threads: 1})
	return &Gate{Config: c, trying: make(chan struct{}, tries)}, nil
}

// await waits for a turn to try a password; leave ends it.
func (g *Gate) await(ctx context.Context) (leave func(), err error) {
	patience := time.NewTimer(tryPatience)
	defer patience.Stop()
	select {
	case g.trying <- struct{}{}:
		return func() { <-g.trying }, nil
	case <-patience.C:
		return nil, alerting.Refuse(alerting.ErrUnavailable, "login.queue", "too many log in at once; nothing was done")
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: wait to log in: %w", alerting.ErrUnavailable, ctx.Err())
	}
}

// unavailable gives a failure of a store its kind.
func unavailable(what string, err error) error {
	return fmt.Errorf("%s: %w: %w", what, alerting.ErrUnavailable, err)
}
