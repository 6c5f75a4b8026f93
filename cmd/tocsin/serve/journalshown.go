package serve

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"iter"
	"os"

	"tocsin/alerting/console"
	"tocsin/alerting/journal"
)

// journalShown is the journal as the API shows it.
func (h *house) journalShown() console.Journal {
	return console.Journal{
		Read: func(ctx context.Context, q journal.Query) iter.Seq2[journal.Entry, error] {
			return journal.Read(ctx, h.db.Read(), q)
		},
		Verify: func(ctx context.Context) (journal.Sound, error) {
			heads, keys, err := h.signedHeads()
			if err != nil {
				return journal.Sound{}, err
			}
			return journal.VerifyDatabase(ctx, h.db.Read(), heads, keys)
		},
	}
}

// signedHeads are the heads that this process has exported, with the key that made them; none where the configuration names none.
func (h *house) signedHeads() ([]journal.Head, []ed25519.PublicKey, error) {
	c := h.cfg.Journal
	if c.KeyFile == "" || c.HeadsFile == "" {
		return nil, nil, nil
	}
	key, err := JournalKey(c.KeyFile)
	if err != nil {
		return nil, nil, fmt.Errorf("journal.key_file: %w", err)
	}
	f, err := os.Open(c.HeadsFile)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, nil // none was exported yet
	}
	if err != nil {
		return nil, nil, fmt.Errorf("journal.heads_file: %w", err)
	}
	heads, err := journal.ReadHeads(bufio.NewReader(f))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, nil, fmt.Errorf("journal.heads_file: %w", err)
	}
	return heads, []ed25519.PublicKey{key}, nil
}
