package seal

import (
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"tocsin/alerting"
)

// rereadEvery is how often a folder is read again at the most: whoever sends forged tickets must not keep the disk busy.
const rereadEvery = time.Second

// folder is where a keyring looks for keys that it does not know.
type folder struct {
	dir string
	now func() time.Time

	mu   sync.Mutex
	read time.Time
	// failed is what the latest reading could not use, such as a file that is not readable or only half written.
	failed error
}

// UnknownKey says that bytes were made with a key that is not among the keys. It is alerting.ErrInvalid, but not for
// ever: the key may be on its way.
type UnknownKey struct {
	// Fingerprint is that of the missing key, as in Keyring.Fingerprints.
	Fingerprint string
	// Folder is where the key was looked for; empty for a keyring in memory.
	Folder string
	// Failed is a key file of the folder that could not be used, if there is one: the missing key may be in it.
	Failed error
}

// Error names the key, and where it is not.
func (u *UnknownKey) Error() string {
	text := "key " + u.Fingerprint + " is not among the keys"
	if u.Folder != "" {
		text += " in " + u.Folder
	}
	if u.Failed != nil {
		text += " (" + u.Failed.Error() + ")"
	}
	return text
}

// Unwrap gives the kind.
func (u *UnknownKey) Unwrap() error { return alerting.ErrInvalid }

// OpenFolder reads the keys of a folder: every file NAME.key is the key NAME, and the last by name is current, for as
// long as the keyring lives. A key that is added later is found when something comes that was made with it: then, and
// when hashes are asked for, the folder is read again, at most once a second by now. See Open for the errors.
func OpenFolder(dir string, now func() time.Time) (*Keyring, error) {
	f := &folder{dir: dir, now: now}
	names, err := f.names()
	if err != nil {
		return nil, err
	}
	var cfg Config
	for _, name := range slices.Backward(names) {
		cfg.Keys = append(cfg.Keys, f.file(name))
	}
	k, err := Open(cfg)
	if err != nil {
		return nil, err
	}
	k.folder = f
	return k, nil
}

func (f *folder) names() ([]string, error) {
	names, err := filepath.Glob(filepath.Join(f.dir, "*.key"))
	if err != nil {
		return nil, fmt.Errorf("read the keys in %s: %w: %w", f.dir, alerting.ErrInvalid, err)
	}
	slices.Sort(names)
	return names, nil
}

func (f *folder) file(name string) KeyFile {
	return KeyFile{ID: strings.TrimSuffix(filepath.Base(name), ".key"), File: name}
}

// find gives the key of a tag, from the folder if need be; its error is an *UnknownKey.
func (k *Keyring) find(t tag) (*derived, error) {
	if d := k.family.Load().byTag[t]; d != nil {
		return d, nil
	}
	k.learn()
	if d := k.family.Load().byTag[t]; d != nil {
		return d, nil
	}
	unknown := &UnknownKey{Fingerprint: hex.EncodeToString(t[:])}
	if f := k.folder; f != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		unknown.Folder, unknown.Failed = f.dir, f.failed
	}
	return nil, unknown
}

// learn takes in what was added to the folder since it was read. All files are read again, not only those with new
// names: a wrong file may have been replaced by the right one. What is known stays known, whatever becomes of its file.
func (k *Keyring) learn() {
	f := k.folder
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	if since := now.Sub(f.read); !f.read.IsZero() && since >= 0 && since < rereadEvery {
		return
	}
	f.read = now
	names, err := f.names()
	f.failed = err
	grown := k.family.Load().clone()
	for _, name := range names {
		d, err := f.derive(name)
		switch {
		case err != nil:
			f.failed = err
		case grown.byTag[d.tag] == nil:
			grown.add(d)
		}
	}
	k.family.Store(grown)
}

func (f *folder) derive(name string) (*derived, error) {
	key, err := readKey(f.file(name))
	if err != nil {
		return nil, err
	}
	return derive(key)
}
