package store

import (
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/uptrace/bun/dialect/sqlitedialect"
	"github.com/uptrace/bun/schema"
	"modernc.org/sqlite"

	"tocsin/alerting"
)

// dialSQLite prepares the file of "sqlite:PATH": readable by its owner only, one writer, several readers.
func dialSQLite(c Config) (dial, error) {
	path := strings.TrimPrefix(strings.TrimPrefix(c.URL, "sqlite:"), "//")
	if path == "" || strings.HasPrefix(path, ":memory:") {
		return dial{}, fmt.Errorf("%w: sqlite:%s: name a file; a database in memory is not shared between connections",
			alerting.ErrInvalid, path)
	}
	// Created here so that nobody else can read it; the -wal and -shm files inherit its mode.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return dial{}, fmt.Errorf("%w: open database file: %w", alerting.ErrUnavailable, err)
	}
	if err := f.Close(); err != nil {
		return dial{}, fmt.Errorf("%w: open database file: %w", alerting.ErrUnavailable, err)
	}
	write, err := sqlite.NewConnector(sqliteDSN(path, c, false))
	if err != nil {
		return dial{}, fmt.Errorf("%w: open database file: %w", alerting.ErrInvalid, err)
	}
	read, err := sqlite.NewConnector(sqliteDSN(path, c, true))
	if err != nil {
		return dial{}, fmt.Errorf("%w: open database file: %w", alerting.ErrInvalid, err)
	}
	return dial{
		write: write, read: read, writers: 1, readers: c.MaxConns, sqlite: true, lock: path + ".migrate",
		dialect: func() schema.Dialect { return sqlitedialect.New() },
	}, nil
}

// sqliteDSN is the driver's address of a file. busy_timeout comes first, since the switch to WAL may have to wait. The log
// is copied back every 16 MB instead of 4: an import of people then writes a page of an index once, not four times.
func sqliteDSN(path string, c Config, readOnly bool) string {
	q := url.Values{}
	pragmas := []string{
		fmt.Sprintf("busy_timeout(%d)", c.BusyTimeout.Milliseconds()),
		"journal_mode(WAL)",
		"synchronous(FULL)",
		"foreign_keys(1)",
		"temp_store(MEMORY)",
		"wal_autocheckpoint(4096)",
		"journal_size_limit(67108864)",
	}
	if readOnly {
		pragmas = append(pragmas, "query_only(1)", "cache_size(-16384)")
	} else {
		// The one writer touches indexes all over the file; readers mostly go along one.
		pragmas = append(pragmas, "cache_size(-65536)")
		q.Set("_txlock", "immediate")
	}
	q["_pragma"] = pragmas
	return sqliteFile(path) + "?" + q.Encode()
}

// sqliteFile is a path as SQLite's own URI form wants it: "?", "#" and "%" would otherwise end or change the name.
func sqliteFile(path string) string {
	return "file:" + strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
}
