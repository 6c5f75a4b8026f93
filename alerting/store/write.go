package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/uptrace/bun"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"tocsin/alerting"
)

// attempts is how often a transaction is tried that the database gave up in favour of another.
const attempts = 3

// inWrite marks the context of a running transaction.
type inWrite struct{}

// Write runs fn in one transaction: committed when fn returns nil, rolled back otherwise. fn must use tx and the context
// it is given, must not keep either, and may run again when the database gave the transaction up for another one
// (deadlock, serialization), so it must not change anything outside the database. A Write inside fn is refused with
// ErrState: on SQLite it would wait for itself.
//
// Errors of the database carry a kind: ErrConflict for a unique or foreign key, ErrUnavailable when nothing was written
// and trying again may help, ErrUnknown when the answer to the commit was lost.
func (db *DB) Write(ctx context.Context, fn func(ctx context.Context, tx bun.Tx) error) error {
	if ctx.Value(inWrite{}) != nil {
		return fmt.Errorf("%w: a transaction inside a transaction; hand the running one on", alerting.ErrState)
	}
	ctx = context.WithValue(ctx, inWrite{}, true)
	var err error
	for range attempts {
		if err = db.once(ctx, fn); !gaveUp(err) {
			break
		}
	}
	return kinded(err)
}

// once runs one attempt. A panic in fn rolls back and goes on.
func (db *DB) once(ctx context.Context, fn func(ctx context.Context, tx bun.Tx) error) error {
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	open := true
	defer func() {
		if open {
			// The error that brought us here matters; a failed rollback only ends the connection.
			_ = tx.Rollback()
		}
	}()
	if err := fn(ctx, tx); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	open = false
	if err := tx.Commit(); err != nil {
		_ = tx.Rollback()
		return commitError(err)
	}
	return nil
}

// commitError tells a commit that the database refused, which wrote nothing, from one whose answer was lost.
func commitError(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) || busy(err) {
		return fmt.Errorf("commit: %w", err)
	}
	return fmt.Errorf("commit: %w: %w", alerting.ErrUnknown, err)
}

// busy reports whether SQLite was kept waiting by another connection, and did nothing.
func busy(err error) bool {
	var lite *sqlite.Error
	return errors.As(err, &lite) && lite.Code()&0xff == sqlite3.SQLITE_BUSY
}

// gaveUp reports whether the database ended the transaction so that another could go on.
func gaveUp(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

// kinded adds a kind to an error of a driver that has none.
func kinded(err error) error {
	if err == nil {
		return nil
	}
	for _, kind := range []error{alerting.ErrInvalid, alerting.ErrNotFound, alerting.ErrForbidden, alerting.ErrConflict,
		alerting.ErrState, alerting.ErrUnavailable, alerting.ErrUnknown} {
		if errors.Is(err, kind) {
			return err
		}
	}
	if kind := kindOf(err); kind != nil {
		return fmt.Errorf("%w: %w", kind, err)
	}
	return err
}

// kindOf is the kind of a driver's error; nil when it has none.
func kindOf(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return postgresKind(pg.Code)
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return sqliteKind(lite.Code())
	}
	var network net.Error
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) ||
		errors.As(err, &network) && !errors.Is(err, context.DeadlineExceeded) {
		return alerting.ErrUnavailable
	}
	return nil
}

// postgresKind sorts SQLSTATE codes (PostgreSQL manual, appendix A).
func postgresKind(code string) error {
	switch {
	case code == "23505" || code == "23503":
		return alerting.ErrConflict
	case code == "40001", code == "40P01", code == "55P03", code == "57014", code == "25006":
		return alerting.ErrUnavailable
	case len(code) == 5 && (code[:2] == "08" || code[:2] == "53" || code[:2] == "57" || code[:2] == "58"):
		return alerting.ErrUnavailable
	}
	return nil
}

// sqliteKind sorts SQLite's result codes; the low byte is the primary code.
func sqliteKind(code int) error {
	switch code {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return alerting.ErrConflict
	}
	switch code & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN,
		sqlite3.SQLITE_READONLY:
		return alerting.ErrUnavailable
	}
	return nil
}
