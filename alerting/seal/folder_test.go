package seal

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
)

// keyFolder is a folder of keys and the clock of those who read it.
type keyFolder struct {
	t   *testing.T
	dir string
	now time.Time
}

func newKeyFolder(t *testing.T) *keyFolder {
	return &keyFolder{t: t, dir: t.TempDir(), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
}

func (f *keyFolder) put(name, line string) {
	f.t.Helper()
	if err := os.WriteFile(filepath.Join(f.dir, name+".key"), []byte(line), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

func (f *keyFolder) open() *Keyring {
	f.t.Helper()
	k, err := OpenFolder(f.dir, func() time.Time { return f.now })
	if err != nil {
		f.t.Fatal(err)
	}
	return k
}

func TestFolderTeachesNewKeys(t *testing.T) {
	f := newKeyFolder(t)
	f.put("001", Generate())
	running := f.open()
	f.put("002", Generate())
	rotated := f.open()
	if id := rotated.CurrentKey(Batches); id != "002" {
		t.Fatalf("the current key is %q, want the last by name", id)
	}
	sealed := rotated.Seal(Batches, []byte("x"), nil)
	if got, err := running.Open(Batches, sealed, nil); err != nil || string(got) != "x" {
		t.Errorf("a key that was added to the folder: %q, %v", got, err)
	}
	ticket := rotated.SignTicket(Callback, Ticket{World: alerting.Actual, Channel: alerting.SMS})
	if _, err := running.VerifyTicket(Callback, ticket); err != nil {
		t.Errorf("a ticket of the new key: %v", err)
	}
	if id := running.CurrentKey(Batches); id != "001" {
		t.Errorf("the running keyring now seals with %q", id)
	}
	if err := os.Remove(filepath.Join(f.dir, "001.key")); err != nil {
		t.Fatal(err)
	}
	f.put("003", Generate())
	f.now = f.now.Add(rereadEvery)
	if n := len(running.Hashes("sms", "+15550100")); n != 3 {
		t.Errorf("%d hashes, want those of the three keys that ever were there", n)
	}
}

func TestFolderIsNotReadTooOften(t *testing.T) {
	f := newKeyFolder(t)
	f.put("001", Generate())
	running := f.open()
	elsewhere := newKeyFolder(t)
	line := Generate()
	elsewhere.put("002", line)
	sealed := elsewhere.open().Seal(Batches, []byte("x"), nil)

	_, err := running.Open(Batches, sealed, nil)
	var unknown *UnknownKey
	if !errors.As(err, &unknown) || !errors.Is(err, alerting.ErrInvalid) {
		t.Fatalf("got %v, want an UnknownKey", err)
	}
	for _, part := range []string{elsewhere.open().Fingerprints()["002"], f.dir} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not name %q", err, part)
		}
	}
	f.put("002", line[:10])
	if _, err := running.Open(Batches, sealed, nil); !errors.As(err, &unknown) || unknown.Failed != nil {
		t.Errorf("the folder was read again at once: %v", err)
	}
	f.now = f.now.Add(rereadEvery)
	_, err = running.Open(Batches, sealed, nil)
	if !errors.As(err, &unknown) || unknown.Failed == nil || !strings.Contains(err.Error(), "002.key") {
		t.Errorf("a half-written file: %v", err)
	}
	if strings.Contains(err.Error(), line[:10]) {
		t.Errorf("%q shows what the file holds", err)
	}
	f.put("002", line)
	f.now = f.now.Add(rereadEvery)
	if got, err := running.Open(Batches, sealed, nil); err != nil || string(got) != "x" {
		t.Errorf("once the file is whole: %q, %v", got, err)
	}
}

func TestOpenFolderRefuses(t *testing.T) {
	f := newKeyFolder(t)
	if _, err := OpenFolder(f.dir, time.Now); !errors.Is(err, alerting.ErrInvalid) {
		t.Errorf("an empty folder: %v", err)
	}
	f.put("001", "c2hvcnQ=")
	if _, err := OpenFolder(f.dir, time.Now); !errors.Is(err, alerting.ErrInvalid) || !strings.Contains(err.Error(), "001.key") {
		t.Errorf("a short key: %v", err)
	}
}
