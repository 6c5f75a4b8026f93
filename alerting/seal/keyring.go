package seal

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"tocsin/alerting"
)

// Purpose is what a derived key is for.
type Purpose string

// The purposes. Their strings enter the derivation: never change them.
const (
	// Addresses: phone numbers, e-mail addresses, push subscriptions, siren endpoints at rest.
	Addresses Purpose = "addresses"
	// Batches: dispatch and retry records on Kafka.
	Batches Purpose = "batches"
	// Hashes: keyed hashes by which an address is found again.
	Hashes Purpose = "hashes"
	// Tickets: signed callback, receipt and unsubscribe addresses.
	Tickets Purpose = "tickets"
	// Logins: secrets of authenticators at rest.
	Logins Purpose = "logins"
)

// Purposes lists all purposes.
func Purposes() []Purpose { return []Purpose{Addresses, Batches, Hashes, Tickets, Logins} }

// KeySize is the length of a master key in bytes.
const KeySize = 32

const tagSize = 4

type tag [tagSize]byte

// Key is a master key and the name by which configuration and errors call it.
type Key struct {
	ID     string
	Secret []byte
}

// KeyFile names the file of a master key.
type KeyFile struct {
	ID   string
	File string
}

// Config says which keys there are. The first key is current for every purpose that Current does not name.
type Config struct {
	Keys    []KeyFile
	Current map[Purpose]string
}

// Keyring holds the derived keys. It is safe for use by many goroutines. Which keys are current never changes; one that
// was opened from a folder may come to know more keys.
type Keyring struct {
	family  atomic.Pointer[family]
	current map[Purpose]*derived
	// folder is where more keys may appear; nil for keys that were handed in.
	folder *folder
}

// family is all keys that are known at a time. It is never changed once it is in a keyring.
type family struct {
	keys  []*derived
	byTag map[tag]*derived
}

func (f *family) add(d *derived) {
	f.keys = append(f.keys, d)
	f.byTag[d.tag] = d
}

func (f *family) clone() *family { return &family{slices.Clone(f.keys), maps.Clone(f.byTag)} }

// derived is one master key's family.
type derived struct {
	id     string
	tag    tag
	seals  map[Purpose]*xaes
	hash   []byte
	ticket []byte
}

// Open reads the key files. Its errors name the key and the file that is missing, malformed, short or doubled
// (alerting.ErrInvalid), and never show what the file holds.
func Open(cfg Config) (*Keyring, error) {
	keys := make([]Key, 0, len(cfg.Keys))
	for _, f := range cfg.Keys {
		key, err := readKey(f)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return New(keys, cfg.Current)
}

func readKey(f KeyFile) (Key, error) {
	text, err := os.ReadFile(f.File)
	if err != nil {
		return Key{}, fmt.Errorf("read key %q: %w: %w", f.ID, alerting.ErrInvalid, err)
	}
	secret, err := decodeSecret(string(text))
	if err != nil {
		return Key{}, fmt.Errorf("key %q in file %s: %w", f.ID, f.File, err)
	}
	return Key{ID: f.ID, Secret: secret}, nil
}

// New builds a keyring from keys in memory. current may be nil; see Config.
func New(keys []Key, current map[Purpose]string) (*Keyring, error) {
	if len(keys) == 0 {
		return nil, fmt.Errorf("%w: no keys are configured", alerting.ErrInvalid)
	}
	k, all := &Keyring{current: map[Purpose]*derived{}}, &family{byTag: map[tag]*derived{}}
	names := map[string]*derived{}
	for _, key := range keys {
		d, err := derive(key)
		if err != nil {
			return nil, err
		}
		if names[d.id] != nil {
			return nil, fmt.Errorf("%w: two keys are named %q", alerting.ErrInvalid, d.id)
		}
		if twin := all.byTag[d.tag]; twin != nil {
			return nil, fmt.Errorf("%w: keys %q and %q hold the same secret", alerting.ErrInvalid, twin.id, d.id)
		}
		names[d.id] = d
		all.add(d)
	}
	k.family.Store(all)
	for _, p := range Purposes() {
		k.current[p] = all.keys[0]
	}
	for p, id := range current {
		if k.current[p] == nil {
			return nil, fmt.Errorf("%w: unknown purpose %q of key %q", alerting.ErrInvalid, p, id)
		}
		if names[id] == nil {
			return nil, fmt.Errorf("%w: key %q, current for %s, is not among the keys", alerting.ErrInvalid, id, p)
		}
		k.current[p] = names[id]
	}
	return k, nil
}

// Generate makes a new key and writes it as a key file's line, newline included.
func Generate() string {
	secret := make([]byte, KeySize)
	// rand.Read never fails: the program ends when the system has no randomness.
	_, _ = rand.Read(secret)
	return base64.StdEncoding.EncodeToString(secret) + "\n"
}

// Fingerprints gives the public fingerprint of each key by its name, in hexadecimal. Whoever keeps them can tell at
// the next start that a key file was swapped.
func (k *Keyring) Fingerprints() map[string]string {
	keys := k.family.Load().keys
	out := make(map[string]string, len(keys))
	for _, d := range keys {
		out[d.id] = hex.EncodeToString(d.tag[:])
	}
	return out
}

func decodeSecret(text string) ([]byte, error) {
	text = strings.TrimSpace(text)
	secret, err := hex.DecodeString(text)
	if err != nil {
		secret, err = base64.StdEncoding.Strict().DecodeString(text)
	}
	if err != nil || strings.ContainsAny(text, "\r\n") {
		// The decoder's own error would quote the offending byte.
		return nil, fmt.Errorf("%w: want %d bytes in base64 or hexadecimal, on one line", alerting.ErrInvalid, KeySize)
	}
	if len(secret) != KeySize {
		return nil, fmt.Errorf("%w: the key has %d bytes, want %d", alerting.ErrInvalid, len(secret), KeySize)
	}
	return secret, nil
}

func derive(key Key) (*derived, error) {
	if key.ID == "" {
		return nil, fmt.Errorf("%w: a key has no name", alerting.ErrInvalid)
	}
	if len(key.Secret) != KeySize {
		return nil, fmt.Errorf("%w: key %q has %d bytes, want %d", alerting.ErrInvalid, key.ID, len(key.Secret), KeySize)
	}
	var failed error
	expand := func(purpose string, size int) []byte {
		out, err := hkdf.Key(sha256.New, key.Secret, nil, "tocsin/1 "+purpose, size)
		failed = errors.Join(failed, err)
		return out
	}
	d := &derived{id: key.ID, seals: map[Purpose]*xaes{}}
	copy(d.tag[:], expand("tag", tagSize))
	for _, p := range []Purpose{Addresses, Batches, Logins} {
		x, err := newXAES(expand(string(p), KeySize))
		failed = errors.Join(failed, err)
		d.seals[p] = x
	}
	d.hash, d.ticket = expand(string(Hashes), KeySize), expand(string(Tickets), KeySize)
	if failed != nil {
		return nil, fmt.Errorf("derive from key %q: %w", key.ID, failed)
	}
	return d, nil
}

func mac(key []byte, parts ...string) []byte {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		h.Write([]byte(p))
	}
	return h.Sum(nil)
}
