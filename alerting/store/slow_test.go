package store

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestBareStatements(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		`SELECT "a1", t2.x FROM "people 7" AS t2 WHERE ref = 'it''s +15005550006' AND n IN (1, 23.5, -4)`: `SELECT "a1", t2.x FROM "people 7" AS t2 WHERE ref = ? AND n IN (?, ?, -?)`,
		"INSERT INTO x VALUES (X'0aff',\n\t'\\x0aff', NULL)":                                              `INSERT INTO x VALUES (X?,  ?, NULL)`,
		"SELECT 'never closed": "SELECT ?",
		"":                     "",
	} {
		if got := bare(query); got != want {
			t.Errorf("%q became %q, want %q", query, got, want)
		}
	}
	if got := bare("SELECT " + strings.Repeat("x,", 5000)); len(got) > maxStatement {
		t.Errorf("%d bytes", len(got))
	}
}

// TestSlowStatementsAreLogged: those that take as long as the bound, on both pools, and nothing without one.
func TestSlowStatementsAreLogged(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		most time.Duration
		want bool
	}{{time.Nanosecond, true}, {time.Hour, false}, {0, false}} {
		var log strings.Builder
		db, err := Open(t.Context(), Config{URL: "sqlite:" + filepath.Join(t.TempDir(), "slow.db"), Slow: row.most, Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		var n int
		if err = db.Read().NewRaw("SELECT ?", "+15005550006").Scan(context.Background(), &n); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(log.String(), `statement="SELECT ?"`); got != row.want || strings.Contains(log.String(), "5005550006") {
			t.Errorf("%v: %s", row.most, log.String())
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}
