package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"tocsin/alerting"
)

// Config says which database to open.
type Config struct {
	// URL is "sqlite:PATH" or "postgres://user:password@host:port/name?sslmode=verify-full&sslrootcert=FILE".
	URL string
	// MaxConns bounds each of the two pools; 0 means 8. SQLite always has one writer.
	MaxConns int
	// StatementTimeout ends a statement on PostgreSQL; 0 means 30 s.
	StatementTimeout time.Duration
	// BusyTimeout is how long SQLite waits for the lock of another process; 0 means 10 s.
	BusyTimeout time.Duration
	// Slow is from when on a statement is logged in Log, without its values; 0: none is.
	Slow time.Duration
	Log  *slog.Logger
}

// DB is an open database: one pool that writes and one that cannot.
type DB struct {
	write, read *bun.DB
	sqlite      bool
	// lock is where the SQLite file of the migration lock lives; empty on PostgreSQL.
	lock string
}

// dial is what a dialect needs to be opened.
type dial struct {
	write, read driver.Connector
	dialect     func() schema.Dialect
	writers     int
	readers     int
	sqlite      bool
	lock        string
}

// Open connects to the database and pings it. It does not touch the schema: call Migrate. Errors are ErrInvalid for an
// address that makes no sense and ErrUnavailable for a database that does not answer.
func Open(ctx context.Context, c Config) (*DB, error) {
	c = c.filled()
	var d dial
	var err error
	switch {
	case strings.HasPrefix(c.URL, "sqlite:"):
		d, err = dialSQLite(c)
	case strings.HasPrefix(c.URL, "postgres://"), strings.HasPrefix(c.URL, "postgresql://"):
		d, err = dialPostgres(c)
	default:
		// The address may hold a password: only its scheme is repeated.
		scheme, _, _ := strings.Cut(c.URL, ":")
		err = fmt.Errorf("%w: database address begins with %q; want sqlite:PATH or postgres://…", alerting.ErrInvalid, scheme)
	}
	if err != nil {
		return nil, err
	}
	db := &DB{
		write:  bun.NewDB(pool(connector{d.write, c.BusyTimeout}, d.writers), d.dialect()),
		sqlite: d.sqlite,
		lock:   d.lock,
	}
	// The writer first: it creates the file that the readers then open.
	if err := db.write.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", err), db.write.Close())
	}
	db.read = bun.NewDB(pool(connector{d.read, c.BusyTimeout}, d.readers), d.dialect())
	if err := db.read.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open database for reading: %w", err), db.Close())
	}
	if c.Slow > 0 {
		db.write = db.write.WithQueryHook(slow{c.Slow, c.Log})
		db.read = db.read.WithQueryHook(slow{c.Slow, c.Log})
	}
	return db, nil
}

func (c Config) filled() Config {
	if c.MaxConns <= 0 {
		c.MaxConns = 8
	}
	if c.StatementTimeout <= 0 {
		c.StatementTimeout = 30 * time.Second
	}
	if c.BusyTimeout <= 0 {
		c.BusyTimeout = 10 * time.Second
	}
	return c
}

// pool keeps its connections open: opening one costs more than any query here.
func pool(c connector, size int) *sql.DB {
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db
}

// connector marks a failure to connect as ErrUnavailable, so that readers, too, can tell it from other errors. A file of
// SQLite may be busy while another process opens it: switching to WAL then fails at once, without regard for the busy
// time-out of the connection, since two that switch would wait for each other. So it is opened again, for up to patience.
type connector struct {
	driver.Connector
	patience time.Duration
}

// busyPoll is how often a busy file is tried again. It is a wait between processes, so it cannot be told by a channel.
const busyPoll = 50 * time.Millisecond

// Connect opens one connection.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	until := time.Now().Add(c.patience)
	for {
		conn, err := c.Connector.Connect(ctx)
		switch {
		case err == nil || ctx.Err() != nil:
			return conn, err
		case !busy(err) || time.Now().After(until):
			return nil, fmt.Errorf("%w: %w", alerting.ErrUnavailable, err)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(busyPoll):
		}
	}
}

// Close closes both pools.
func (db *DB) Close() error {
	var err error
	if db.read != nil {
		err = db.read.Close()
	}
	return errors.Join(err, db.write.Close())
}

// Ping asks both pools for an answer.
func (db *DB) Ping(ctx context.Context) error {
	return errors.Join(db.write.PingContext(ctx), db.read.PingContext(ctx))
}

// Read is the pool for queries. Whatever tries to change something through it fails. It does not see what a running
// Write has not yet committed.
func (db *DB) Read() *bun.DB { return db.read }
