package store

import (
	"context"
	"fmt"
	"time"

	"github.com/pressly/goose/v3"
)

// Inspection is what a database says of itself.
type Inspection struct {
	// Migration is the latest that was applied, Wanted the latest that this program knows.
	Migration, Wanted int64
	// Drift is how far the server's clock is ahead of ours; 0 on SQLite, which has ours.
	Drift time.Duration
}

// Inspect asks the database for its state and changes nothing. Now is the clock of this machine.
func (db *DB) Inspect(ctx context.Context, now func() time.Time) (Inspection, error) {
	var out Inspection
	if err := db.Ping(ctx); err != nil {
		return out, fmt.Errorf("inspect the database: %w", err)
	}
	files, err := db.migrationsFor()
	if err != nil {
		return out, fmt.Errorf("inspect the database: %w", err)
	}
	dialect := goose.DialectPostgres
	if db.sqlite {
		dialect = goose.DialectSQLite3
	}
	provider, err := goose.NewProvider(dialect, db.read.DB, files, goose.WithDisableGlobalRegistry(true), goose.WithVerbose(false))
	if err != nil {
		return out, fmt.Errorf("inspect the database: %w", err)
	}
	for _, s := range provider.ListSources() {
		out.Wanted = max(out.Wanted, s.Version)
	}
	// Not the provider's own question: it would make the table of versions where there is none. No table means version 0.
	_ = db.read.NewRaw("SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version WHERE is_applied").Scan(ctx, &out.Migration)
	if db.sqlite {
		return out, nil
	}
	var there time.Time
	asked := now()
	if err := db.read.NewRaw("SELECT CURRENT_TIMESTAMP").Scan(ctx, &there); err != nil {
		return out, kinded(fmt.Errorf("ask the database for its time: %w", err))
	}
	// The server answered somewhere between question and answer.
	out.Drift = there.Sub(asked.Add(now().Sub(asked) / 2))
	return out, nil
}
