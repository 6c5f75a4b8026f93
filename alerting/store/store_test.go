package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/store"
	"tocsin/alerting/store/storetest"
)

func addUnit(code string) func(context.Context, bun.Tx) error {
	return func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO units (code, name) VALUES (?, ?)", code, "a unit")
		return err
	}
}

func countUnits(t *testing.T, db *store.DB) int {
	t.Helper()
	var n int
	if err := db.Read().QueryRowContext(t.Context(), "SELECT count(*) FROM units").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWriteCommitsOrRollsBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		if err := db.Write(ctx, addUnit("SAME=006109")); err != nil {
			t.Fatal(err)
		}
		if n := countUnits(t, db); n != 1 {
			t.Fatalf("%d units after a committed write, want 1", n)
		}
		stop := errors.New("stop here")
		err := db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
			if err := addUnit("SAME=000001")(ctx, tx); err != nil {
				return err
			}
			return stop
		})
		if !errors.Is(err, stop) {
			t.Errorf("got %v, want the error of the function", err)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic of the function was swallowed")
				}
			}()
			_ = db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
				if err := addUnit("SAME=000002")(ctx, tx); err != nil {
					return err
				}
				panic("in the middle")
			})
		}()
		ended, cancel := context.WithCancel(ctx)
		err = db.Write(ended, func(ctx context.Context, tx bun.Tx) error {
			err := addUnit("SAME=000003")(ctx, tx)
			cancel()
			return err
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("a cancelled write answered %v", err)
		}
		if n := countUnits(t, db); n != 1 {
			t.Errorf("%d units after writes that failed, want 1", n)
		}
		if err := db.Write(ctx, addUnit("SAME=000004")); err != nil {
			t.Errorf("the writer is not free again: %v", err)
		}
	})
}

func TestErrorKinds(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		if err := db.Write(ctx, addUnit("SAME=006109")); err != nil {
			t.Fatal(err)
		}
		if err := db.Write(ctx, addUnit("SAME=006109")); !errors.Is(err, alerting.ErrConflict) {
			t.Errorf("a second row of the same key: %v, want ErrConflict", err)
		}
		orphan := func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.ExecContext(ctx, "INSERT INTO places (cell, person) VALUES (1, 42)")
			return err
		}
		if err := db.Write(ctx, orphan); !errors.Is(err, alerting.ErrConflict) {
			t.Errorf("a place of nobody: %v, want ErrConflict", err)
		}
		nested := func(ctx context.Context, _ bun.Tx) error { return db.Write(ctx, addUnit("SAME=1")) }
		if err := db.Write(ctx, nested); !errors.Is(err, alerting.ErrState) {
			t.Errorf("a write inside a write: %v, want ErrState", err)
		}
		if err := db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.ExecContext(ctx, "SELECT nonsense")
			return err
		}); err == nil {
			t.Error("nonsense was accepted")
		}
	})
}

func TestReadPoolRefusesChanges(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for _, statement := range []string{
			"INSERT INTO units (code) VALUES ('SAME=1')",
			"DELETE FROM units",
			"CREATE TABLE extra (n BIGINT)",
		} {
			if _, err := db.Read().ExecContext(t.Context(), statement); err == nil {
				t.Errorf("%q went through the reading pool", statement)
			}
		}
		if n := countUnits(t, db); n != 0 {
			t.Errorf("%d units, want 0", n)
		}
	})
}

func TestBytesAndNumbersSurvive(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		// Bytes that read as a number, as text and as neither: BYTEA has numeric affinity on SQLite.
		for i, b := range [][]byte{[]byte("123"), []byte("1e5"), {0, 1, 255}, {}} {
			low := int64(-1 << 63)
			err := db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
				_, err := tx.ExecContext(ctx, `INSERT INTO issues (alert, world, digest, document, envelope, state, created_ms)
					VALUES (?, 'test', ?, ?, ?, 'issuing', ?)`, string(rune('a'+i)), b, b, b, low)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			var got []byte
			var n int64
			row := db.Read().QueryRowContext(ctx, "SELECT document, created_ms FROM issues WHERE alert = ?", string(rune('a'+i)))
			if err := row.Scan(&got, &n); err != nil {
				t.Fatal(err)
			}
			if string(got) != string(b) || n != low {
				t.Errorf("wrote %q and %d, read %q and %d", b, low, got, n)
			}
		}
	})
}

func TestMigrateTogetherAndAgain(t *testing.T) {
	together := func(t *testing.T, address string) {
		t.Helper()
		const processes = 4
		var done sync.WaitGroup
		failed := make([]error, processes)
		for i := range processes {
			done.Go(func() {
				db, err := store.Open(t.Context(), store.Config{URL: address, MaxConns: 2})
				if err != nil {
					failed[i] = err
					return
				}
				failed[i] = errors.Join(db.Migrate(t.Context()), db.Migrate(t.Context()),
					db.Write(t.Context(), addUnit("SAME="+string(rune('a'+i)))), db.Close())
			})
		}
		done.Wait()
		for i, err := range failed {
			if err != nil {
				t.Errorf("process %d: %v", i, err)
			}
		}
		db, err := store.Open(t.Context(), store.Config{URL: address})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if n := countUnits(t, db); n != processes {
			t.Errorf("%d units, want %d", n, processes)
		}
	}
	t.Run("sqlite", func(t *testing.T) { together(t, "sqlite:"+filepath.Join(t.TempDir(), "a?b#c%d.db")) })
	t.Run("postgres", func(t *testing.T) { together(t, storetest.PostgresURL(t)) })
}

func TestWritersQueue(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const writers, each = 8, 10
		var done sync.WaitGroup
		for range writers {
			done.Go(func() {
				for range each {
					err := db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
						var n int64
						return tx.QueryRowContext(ctx,
							"UPDATE counters SET value = value + 1 WHERE name = 'people' RETURNING value").Scan(&n)
					})
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		done.Wait()
		var n int
		if err := db.Read().QueryRowContext(t.Context(), "SELECT value FROM counters WHERE name = 'people'").Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n != writers*each {
			t.Errorf("counted %d, want %d", n, writers*each)
		}
	})
}

// TestGivenUpTransactionsRunAgain: two transactions take the same two rows in opposite order. PostgreSQL gives one of them
// up; SQLite lets the second wait from its beginning.
func TestGivenUpTransactionsRunAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var both, done sync.WaitGroup
		both.Add(2)
		for _, order := range [][]string{{"people", "sirens"}, {"sirens", "people"}} {
			done.Go(func() {
				var once sync.Once
				err := db.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
					for i, name := range order {
						if _, err := tx.ExecContext(ctx, "UPDATE counters SET value = value + 1 WHERE name = ?", name); err != nil {
							return err
						}
						if i == 0 {
							once.Do(func() { meet(&both) })
						}
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		done.Wait()
		var n int
		if err := db.Read().QueryRowContext(t.Context(), "SELECT sum(value) FROM counters").Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n != 4 {
			t.Errorf("counted %d, want 4", n)
		}
	})
}

// meet waits until the other transaction is as far, or for a while where it cannot come (SQLite has one writer).
func meet(both *sync.WaitGroup) {
	both.Done()
	met := make(chan struct{})
	go func() { both.Wait(); close(met) }()
	select {
	case <-met:
	case <-time.After(200 * time.Millisecond):
	}
}

func TestSQLiteSettings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tocsin.db")
	db, err := store.Open(t.Context(), store.Config{URL: "sqlite:" + path})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1",
		"busy_timeout": "10000"} {
		var got string
		if err := db.Read().QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s is %s, want %s", pragma, got, want)
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o600 {
		t.Errorf("the file's mode is %o, want 600", mode)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, row := range []struct {
		name, url string
		kind      error
	}{
		{"no scheme", "tocsin.db", alerting.ErrInvalid},
		{"another database", "mysql://root:hunter2@localhost/x", alerting.ErrInvalid},
		{"memory", "sqlite::memory:", alerting.ErrInvalid},
		{"no file", "sqlite:", alerting.ErrInvalid},
		{"no folder", "sqlite:" + filepath.Join(t.TempDir(), "missing", "x.db"), alerting.ErrUnavailable},
		{"bad port", "postgres://u:hunter2@localhost:notaport/x", alerting.ErrInvalid},
		{"bad TLS mode", "postgres://u:hunter2@localhost/x?sslmode=perhaps", alerting.ErrInvalid},
		{"nobody listens", "postgres://u:hunter2@127.0.0.1:1/x?sslmode=disable", alerting.ErrUnavailable},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := store.Open(t.Context(), store.Config{URL: row.url})
			if !errors.Is(err, row.kind) {
				t.Errorf("got %v, want %v", err, row.kind)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error tells the password: %v", err)
			}
		})
	}
}
