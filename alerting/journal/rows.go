package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

// entryRow is an entry in the database.
type entryRow struct {
	bun.BaseModel `bun:"table:journal"`

	Number   int64  `bun:"number,pk"`
	AtMS     int64  `bun:"at_ms"`
	Actor    string `bun:"actor"`
	Kind     string `bun:"kind"`
	Verb     string `bun:"verb"`
	Subject  string `bun:"subject"`
	Detail   string `bun:"detail"`
	Previous []byte `bun:"previous"`
	Hash     []byte `bun:"hash"`
}

func (e *Entry) row() *entryRow {
	return &entryRow{Number: e.Number, AtMS: e.At.UnixMilli(), Actor: e.Actor.Name, Kind: e.Actor.Kind, Verb: e.Verb,
		Subject: e.Subject, Detail: string(e.Detail), Previous: e.Previous[:], Hash: e.Hash[:]}
}

// entry is the row as it stands, whatever was done to it. A hash of another length becomes one that fits nothing.
func (r *entryRow) entry() Entry {
	e := Entry{Number: r.Number, Act: Act{At: time.UnixMilli(r.AtMS).UTC(), Actor: alerting.Actor{Name: r.Actor, Kind: r.Kind},
		Verb: r.Verb, Subject: r.Subject, Detail: []byte(r.Detail)}}
	if len(r.Previous) == len(e.Previous) && len(r.Hash) == len(e.Hash) {
		e.Previous, e.Hash = Digest(r.Previous), Digest(r.Hash)
	}
	return e
}

// headRow is the one row that says where the chain ends.
type headRow struct {
	bun.BaseModel `bun:"table:journal_head"`

	ID     int64  `bun:"id,pk"`
	Number int64  `bun:"number"`
	Hash   []byte `bun:"hash"`
}

const headID = 1

// Append adds an act to the chain in a running transaction, which must be one that may write. It waits for any other
// transaction that has appended and is not over yet, so call it last. Errors: alerting.ErrInvalid for an act that cannot
// be written down; those of the database.
func Append(ctx context.Context, tx bun.IDB, act Act) (Entry, error) {
	act, err := act.checked()
	if err != nil {
		return Entry{}, err
	}
	// Changing the row first takes its lock, so that what is read next cannot change before the end.
	if _, err := tx.NewUpdate().Model((*headRow)(nil)).Set("number = number + 1").Where("id = ?", headID).Exec(ctx); err != nil {
		return Entry{}, fmt.Errorf("journal %s: %w", act.Verb, err)
	}
	head, err := headOf(ctx, tx)
	if err != nil {
		return Entry{}, fmt.Errorf("journal %s: %w", act.Verb, err)
	}
	e := after(Entry{Number: head.Number - 1, Hash: head.Hash}, act)
	if _, err := tx.NewInsert().Model(e.row()).Exec(ctx); err != nil {
		return Entry{}, fmt.Errorf("journal %s: %w", act.Verb, err)
	}
	if _, err := tx.NewUpdate().Model((*headRow)(nil)).Set("hash = ?", e.Hash[:]).Where("id = ?", headID).Exec(ctx); err != nil {
		return Entry{}, fmt.Errorf("journal %s: %w", act.Verb, err)
	}
	return e, nil
}

// headOf reads where the chain ends. An empty chain has number 0 and the zero hash.
func headOf(ctx context.Context, db bun.IDB) (Head, error) {
	row := headRow{ID: headID}
	if err := db.NewSelect().Model(&row).WherePK().Scan(ctx); err != nil {
		return Head{}, fmt.Errorf("read the head of the journal: %w", err)
	}
	h := Head{Number: row.Number}
	switch len(row.Hash) {
	case 0:
	case len(h.Hash):
		h.Hash = Digest(row.Hash)
	default:
		return Head{}, fmt.Errorf("%w: the head of the journal has a hash of %d bytes", alerting.ErrInvalid, len(row.Hash))
	}
	return h, nil
}

// Query says which entries are wanted. Zero fields mean all.
type Query struct {
	// After is the number behind which to begin.
	After int64
	// Subject, Actor and Verb must be equal.
	Subject, Actor, Verb string
	// Latest begins with the newest entry and goes back.
	Latest bool
	// Limit is how many; 0 means all.
	Limit int
}

// pageRows is how many entries one query reads.
const pageRows = 500

// Read gives the entries as they stand in the database, unverified, in the order of their numbers. It reads them page by
// page; an error ends it.
func Read(ctx context.Context, db bun.IDB, q Query) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		at, left := q.After, q.Limit
		for first := true; ; first = false {
			rows, err := page(ctx, db, q, at, first)
			if err != nil {
				yield(Entry{}, fmt.Errorf("read the journal: %w", err))
				return
			}
			for i := range rows {
				if !yield(rows[i].entry(), nil) {
					return
				}
				at = rows[i].Number
				if left--; left == 0 {
					return
				}
			}
			if len(rows) < pageRows {
				return
			}
		}
	}
}

func page(ctx context.Context, db bun.IDB, q Query, at int64, first bool) ([]entryRow, error) {
	var rows []entryRow
	find := db.NewSelect().Model(&rows).Limit(pageRows)
	switch {
	case !q.Latest:
		find = find.Where("number > ?", at).Order("number")
	case first && q.After == 0:
		find = find.Order("number DESC")
	default:
		find = find.Where("number < ?", at).Order("number DESC")
	}
	for _, want := range []struct{ column, is string }{{"subject", q.Subject}, {"actor", q.Actor}, {"verb", q.Verb}} {
		if want.is != "" {
			find = find.Where("? = ?", bun.Ident(want.column), want.is)
		}
	}
	if err := find.Scan(ctx); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	return rows, nil
}
