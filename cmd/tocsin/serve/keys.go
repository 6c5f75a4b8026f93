package serve

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"tocsin/alerting/seal"
)

// openKeyring reads the keys of a folder; see seal.OpenFolder. With mayMake, an empty folder gets its first key.
func openKeyring(dir string, mayMake bool, now func() time.Time) (*seal.Keyring, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.key"))
	if err != nil {
		return nil, fmt.Errorf("keyring.dir: %w", err)
	}
	if len(names) == 0 {
		if !mayMake {
			return nil, fmt.Errorf("keyring.dir: %s holds no *.key file; make one with `tocsin keys keyring %s` and give the same folder to every process", dir, dir)
		}
		if _, err := MakeKeyring(dir); err != nil {
			return nil, err
		}
	}
	keys, err := seal.OpenFolder(dir, now)
	if err != nil {
		return nil, fmt.Errorf("keyring.dir: %w", err)
	}
	return keys, nil
}

// MakeKeyring writes a fresh key into a folder, under the next free number, and gives the file's name. A process
// seals with it from its next start on; the older keys stay, so that what they sealed can be opened.
func MakeKeyring(dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make a key: %w", err)
	}
	for n := 1; n < 1000; n++ {
		name := filepath.Join(dir, fmt.Sprintf("%03d.key", n))
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("make a key: %w", err)
		}
		_, err = f.WriteString(seal.Generate() + "\n")
		if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
			return "", fmt.Errorf("make a key: %w", err)
		}
		return name, nil
	}
	return "", fmt.Errorf("make a key: %s is full", dir)
}
