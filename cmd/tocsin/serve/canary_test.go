package serve

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting/seal"
	"tocsin/alerting/store"
	"tocsin/alerting/store/storetest"
	"tocsin/cmd/tocsin/config"
)

// keyed is a process with a folder of keys, as far as the check of its keyring needs one.
func keyed(t *testing.T, db *store.DB, dir string) *house {
	t.Helper()
	keys, err := seal.OpenFolder(dir, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return &house{cfg: &config.Config{Keyring: config.Keyring{Dir: dir}}, log: slog.New(slog.DiscardHandler), now: time.Now,
		keys: keys, db: db}
}

// keyFolder makes a folder of keys with these files.
func keyFolder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, line := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(line), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAProcessNeedsTheKeysOfTheOffice(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		first, second := seal.Generate(), seal.Generate()
		old := keyFolder(t, map[string]string{"001.key": first})
		both := keyFolder(t, map[string]string{"001.key": first, "002.key": second})
		foreign := keyFolder(t, map[string]string{"001.key": seal.Generate()})
		check := func(name, dir string, want ...string) {
			t.Helper()
			err := keyed(t, db, dir).checkKeyring(t.Context())
			if len(want) == 0 && err != nil {
				t.Errorf("%s: %v", name, err)
			}
			for _, part := range want {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Errorf("%s: %v does not name %q", name, err, part)
				}
			}
		}
		prints := keyed(t, db, both).keys.Fingerprints()
		check("the first process", old)
		check("another", old)
		check("with foreign keys", foreign, prints["001"], "001.key", foreign, "copy the missing file")
		check("with the next key", both)
		check("without the key that is in use by now", old, prints["002"], "002.key", old)
		check("after the change", both)
		alter := func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.ExecContext(ctx, "UPDATE canaries SET sealed = (SELECT sealed FROM canaries WHERE name = '001') || ? WHERE name = '002'", []byte{1})
			return err
		}
		if err := db.Write(t.Context(), alter); err != nil {
			t.Fatal(err)
		}
		check("with an altered row", both, "canaries", prints["002"])
	})
}

// TestTwoFirstProcesses: of two that start at once with different keys, one may be the office's.
func TestTwoFirstProcesses(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var both sync.WaitGroup
		failed := make([]error, 2)
		for i := range failed {
			h := keyed(t, db, keyFolder(t, map[string]string{"001.key": seal.Generate()}))
			both.Go(func() { failed[i] = h.checkKeyring(t.Context()) })
		}
		both.Wait()
		if (failed[0] == nil) == (failed[1] == nil) {
			t.Errorf("got %v and %v, want one refusal", failed[0], failed[1])
		}
	})
}
