package store_test

import (
	"path/filepath"
	"testing"
	"time"

	"tocsin/alerting/store"
	"tocsin/alerting/store/storetest"
)

func TestInspect(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		x, err := db.Inspect(t.Context(), time.Now)
		if err != nil || x.Wanted < 1 || x.Migration != x.Wanted || x.Drift.Abs() > 5*time.Second {
			t.Errorf("%+v %v, want it migrated, with our time", x, err)
		}
	})
}

// TestInspectChangesNothing: a database that was never migrated says so, twice.
func TestInspectChangesNothing(t *testing.T) {
	db, err := store.Open(t.Context(), store.Config{URL: "sqlite:" + filepath.Join(t.TempDir(), "new.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for range 2 {
		if x, err := db.Inspect(t.Context(), time.Now); err != nil || x.Migration != 0 || x.Wanted < 1 {
			t.Errorf("%+v %v", x, err)
		}
	}
	var n int
	if err := db.Read().NewRaw("SELECT count(*) FROM sqlite_master").Scan(t.Context(), &n); err != nil || n != 0 {
		t.Errorf("%d tables, %v", n, err)
	}
}
