package audience

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/golang/geo/s2"
	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/seal"
	"tocsin/cap/event"
)

// Database is the part of package store that the audience uses.
type Database interface {
	// Read is a pool for queries.
	Read() *bun.DB
	// Write runs one transaction.
	Write(ctx context.Context, fn func(ctx context.Context, tx bun.Tx) error) error
}

// Config says what an Audience works with. DB and Keys are needed.
type Config struct {
	DB   Database
	Keys *seal.Keyring
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Cells bounds the covering of an area: more cells mean fewer rows read in vain, but more queries. 0 means 48.
	Cells int
}

// Audience answers questions about people and sirens. It is safe for use by many goroutines; a Scan is not.
type Audience struct {
	db    Database
	keys  *seal.Keyring
	now   func() time.Time
	cells int
	// events knows which hazards an alert speaks of.
	events *event.Tables
	// The two queries of the scan are prepared: on PostgreSQL they then travel in binary form.
	placesAfter, codesAfter *sql.Stmt
	territories             territories
	shapes                  unitShapes
	// reading counts the lots that scans are reading ahead.
	reading sync.WaitGroup
}

// columns are what a scan reads of a place, in the order of placeRow.scan.
const columns = "person, min_severity, language, wants, sms, push, mail"

// New prepares the queries; the schema must be there. Close the Audience before the database.
func New(ctx context.Context, c Config) (*Audience, error) {
	a := &Audience{db: c.DB, keys: c.Keys, now: c.Now, cells: c.Cells}
	if a.now == nil {
		a.now = time.Now
	}
	if a.cells <= 0 {
		a.cells = 48
	}
	var err error
	if a.events, err = event.Read(); err != nil {
		return nil, err
	}
	pool := a.db.Read().DB
	a.placesAfter, err = pool.PrepareContext(ctx, "SELECT cell, "+columns+
		" FROM places WHERE (cell, person) > ($1, $2) AND cell <= $3 ORDER BY cell, person LIMIT $4")
	if err != nil {
		return nil, reading("prepare the scan of places", err)
	}
	a.codesAfter, err = pool.PrepareContext(ctx, "SELECT "+columns+
		" FROM place_codes WHERE code = $1 AND person > $2 ORDER BY person LIMIT $3")
	if err != nil {
		return nil, errors.Join(reading("prepare the scan of codes", err), a.placesAfter.Close())
	}
	return a, nil
}

// Close waits for what scans are reading ahead, and gives the prepared queries back. No scan may be used afterwards.
func (a *Audience) Close() error {
	a.reading.Wait()
	return errors.Join(a.placesAfter.Close(), a.codesAfter.Close())
}

// AAD is the associated data with which the address of a channel is sealed for the purpose seal.Addresses.
func AAD(ch alerting.Channel) []byte { return []byte(ch) }

// Key is the number under which a cell stands in the tables: signed order is the order of the ids.
func Key(id s2.CellID) int64 { return int64(uint64(id) ^ 1<<63) } //nolint:gosec // the bits are meant, not the value

// Cell is the inverse of Key.
func Cell(key int64) s2.CellID { return s2.CellID(uint64(key) ^ 1<<63) } //nolint:gosec // see Key

// reading names what was read when a query failed. The queries are fixed, so a failure that is not the caller's own
// deadline means that the database cannot be reached, and trying again helps.
func reading(what string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s: %w", what, err)
	}
	return fmt.Errorf("%s: %w: %w", what, alerting.ErrUnavailable, err)
}

// each runs a query and hands every row to take.
func each(ctx context.Context, db bun.IDB, what, query string, args []any, take func(rows *sql.Rows) error) (err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return reading(what, err)
	}
	defer func() {
		if e := errors.Join(rows.Err(), rows.Close()); e != nil && err == nil {
			err = reading(what, e)
		}
	}()
	for rows.Next() {
		if err := take(rows); err != nil {
			return reading(what, err)
		}
	}
	return nil
}
