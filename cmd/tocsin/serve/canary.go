package serve

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/seal"
)

// canary is a row of the table canaries.
type canary struct {
	bun.BaseModel `bun:"table:canaries"`

	Fingerprint string `bun:"fingerprint,pk"`
	Name        string `bun:"name"`
	Sealed      []byte `bun:"sealed"`
	MadeMS      int64  `bun:"made_ms"`
}

// canaryText is what is sealed; its associated data keep it apart from addresses.
const canaryText = "canary"

// checkKeyring makes sure that the keyring is the office's: it opens one sealed row for every key with which any process
// of the office ever sealed, and adds one for the key that this process seals with. A process with a foreign keyring, or
// without the newest key, would hold or lose what the others seal; it must not start.
func (h *house) checkKeyring(ctx context.Context) error {
	return h.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE counters SET value = value + 1 WHERE name = 'canaries'"); err != nil {
			return fmt.Errorf("check the keyring: %w", err)
		}
		var known []canary
		if err := tx.NewSelect().Model(&known).Order("made_ms").Scan(ctx); err != nil {
			return fmt.Errorf("check the keyring: %w", err)
		}
		added, err := canaryOf(h.keys, h.cfg.Keyring.Dir, known, h.now())
		if err != nil || added == nil {
			return err
		}
		if _, err := tx.NewInsert().Model(added).Exec(ctx); err != nil {
			return fmt.Errorf("check the keyring: %w", err)
		}
		h.log.Info("the first process of this office to seal with a key", "key", added.Name, "fingerprint", added.Fingerprint)
		return nil
	})
}

// canaryOf opens what is known and gives the row that is to be added; nil when there is one for the current key.
func canaryOf(keys *seal.Keyring, dir string, known []canary, now time.Time) (*canary, error) {
	current := keys.CurrentKey(seal.Addresses)
	own := &canary{Fingerprint: keys.Fingerprints()[current], Name: current, MadeMS: now.UnixMilli(),
		Sealed: keys.Seal(seal.Addresses, []byte(canaryText), []byte(canaryText))}
	there := false
	for _, c := range known {
		text, err := keys.Open(seal.Addresses, c.Sealed, []byte(canaryText))
		var missing *seal.UnknownKey
		switch {
		case errors.As(err, &missing):
			return nil, fmt.Errorf("keyring.dir: %w. This office seals with it since %s, as %s.key; in %s are %s. Every process "+
				"needs the same keys: copy the missing file from a process that has it, readable by this one, and start again",
				missing, time.UnixMilli(c.MadeMS).UTC().Format(time.RFC3339), c.Name, dir, listed(keys))
		case err != nil || string(text) != canaryText:
			return nil, fmt.Errorf("keyring.dir: the row of key %s (%s.key) in the table canaries cannot be read: %w",
				c.Fingerprint, c.Name, errors.Join(alerting.ErrInvalid, err))
		}
		there = there || c.Fingerprint == own.Fingerprint
	}
	if there {
		return nil, nil
	}
	return own, nil
}

// listed names the keys of a keyring, with their fingerprints.
func listed(keys *seal.Keyring) string {
	prints := keys.Fingerprints()
	var all []string
	for _, name := range slices.Sorted(maps.Keys(prints)) {
		all = append(all, name+".key ("+prints[name]+")")
	}
	return strings.Join(all, ", ")
}
