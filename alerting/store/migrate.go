package store

import (
	"bytes"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"

	"tocsin/alerting"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrationsFor is the migration files as a dialect reads them; see the package comment.
func (db *DB) migrationsFor() (fs.FS, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil || !db.sqlite {
		return files, err
	}
	return uncommented{files}, nil
}

// uncommented turns the one dialect note of the files into SQL.
type uncommented struct{ fs.FS }

// Open reads a file and uncomments its notes.
func (u uncommented) Open(name string) (fs.File, error) {
	f, err := u.FS.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil || info.IsDir() {
		return f, err
	}
	text, err := io.ReadAll(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	text = bytes.ReplaceAll(text, []byte("/* sqlite: WITHOUT ROWID */"), []byte("WITHOUT ROWID"))
	return &edited{File: f, Reader: bytes.NewReader(text)}, nil
}

// edited is a file whose text was changed.
type edited struct {
	fs.File
	*bytes.Reader
}

// Read reads the changed text.
func (e *edited) Read(p []byte) (int, error) { return e.Reader.Read(p) }

// Migrate brings the schema up to date. It may be called by several processes at once and as often as one likes: they
// take turns (an advisory lock on PostgreSQL, a locked file beside the database on SQLite), and who comes late finds
// nothing to do.
func (db *DB) Migrate(ctx context.Context) (err error) {
	files, err := db.migrationsFor()
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	dialect := goose.DialectPostgres
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithVerbose(false)}
	if db.sqlite {
		dialect = goose.DialectSQLite3
		unlock, err := lockFile(ctx, db.lock)
		if err != nil {
			return fmt.Errorf("migrate: wait for the lock: %w", err)
		}
		defer unlock()
	} else {
		options = append(options, goose.WithSessionLocker(advisoryLock{}))
	}
	provider, err := goose.NewProvider(dialect, db.write.DB, files, options...)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	// The provider is not closed: it would close the pool, which is ours.
	if _, err := provider.Up(ctx); err != nil {
		return kinded(fmt.Errorf("migrate: %w", err))
	}
	return nil
}

// advisoryLock makes processes take turns on PostgreSQL, per schema. It waits in the server, up to the statement time-out,
// where the locker of the library asks again every few seconds.
type advisoryLock struct{}

// SessionLock waits for the lock.
func (advisoryLock) SessionLock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock(hashtext('tocsin ' || current_schema()))")
	return err
}

// SessionUnlock gives the lock back; the server also does so when the connection ends.
func (advisoryLock) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "SELECT pg_advisory_unlock(hashtext('tocsin ' || current_schema()))")
	return err
}

// lockFile takes an exclusive lock on a small SQLite file of its own. The system drops it with the process that held
// it, however that ended, and the database itself stays free for the migrations.
func lockFile(ctx context.Context, path string) (unlock func(), err error) {
	c, err := sqlite.NewConnector(sqliteFile(path) + "?_pragma=busy_timeout(0)")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", alerting.ErrInvalid, err)
	}
	file := sql.OpenDB(connector{c, 0})
	file.SetMaxOpenConns(1)
	for {
		_, err := file.ExecContext(ctx, "BEGIN EXCLUSIVE")
		if err == nil {
			return func() { _ = file.Close() }, nil
		}
		if !busy(err) {
			return nil, errors.Join(err, file.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), file.Close())
		case <-time.After(busyPoll):
		}
	}
}
