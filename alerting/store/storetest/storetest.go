// Package storetest opens databases for tests: always SQLite in a temporary folder, and PostgreSQL in a schema of its own
// where TOCSIN_TEST_POSTGRES names a server. It stands apart so that no test code is linked into the program. What always
// holds: a database from here is migrated, empty, and gone when the test ends.
package storetest

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting/store"
)

// Variable names the PostgreSQL server of the tests, e.g. postgres://tocsin@127.0.0.1:5432/tocsin?sslmode=disable.
const Variable = "TOCSIN_TEST_POSTGRES"

// Open is a fresh, migrated SQLite database.
func Open(t testing.TB) *store.DB {
	t.Helper()
	return opened(t, "sqlite:"+filepath.Join(t.TempDir(), "tocsin.db"))
}

// OpenPostgres is a fresh, migrated schema on the server that TOCSIN_TEST_POSTGRES names; it skips the test when there
// is none.
func OpenPostgres(t testing.TB) *store.DB {
	t.Helper()
	return opened(t, PostgresURL(t))
}

// PostgresURL is the address of a fresh, empty schema, dropped when the test ends; it skips the test when there is no
// server.
func PostgresURL(t testing.TB) string {
	t.Helper()
	server := os.Getenv(Variable)
	if server == "" {
		t.Skipf("set %s to run this test on PostgreSQL", Variable)
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("%s is no address: %v", Variable, err)
	}
	schema := "test_" + strings.ToLower(rand.Text())
	admin := dialled(t, server)
	run(t, admin, "CREATE SCHEMA "+schema)
	t.Cleanup(func() { run(t, admin, "DROP SCHEMA "+schema+" CASCADE") })
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

// Each runs a test on SQLite and, where there is a server, on PostgreSQL.
func Each(t *testing.T, test func(t *testing.T, db *store.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, Open(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, OpenPostgres(t)) })
}

func opened(t testing.TB, address string) *store.DB {
	t.Helper()
	db := dialled(t, address)
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

func dialled(t testing.TB, address string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{URL: address})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close the test database: %v", err)
		}
	})
	return db
}

// run changes something on the server outside the test's own context, which is over when clean-ups run.
func run(t testing.TB, db *store.DB, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err := db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.ExecContext(ctx, statement)
		return err
	})
	if err != nil {
		t.Errorf("%s: %v", statement, err)
	}
}
