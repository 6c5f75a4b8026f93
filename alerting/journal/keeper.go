package journal

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/uptrace/bun"
)

// Keeper signs the head of the chain again and again, and takes it out of the database's reach.
type Keeper struct {
	DB  bun.IDB
	Key ed25519.PrivateKey
	// File is where heads are added, one JSON object a line; it should lie on another machine. Empty: only the log.
	File string
	// Every is how often; 0 means 5 minutes.
	Every time.Duration
	Now   func() time.Time
	Log   *slog.Logger

	last Head
}

const defaultEvery = 5 * time.Minute

// Run exports a head at once and then every few minutes, until ctx ends; then once more, so that a process that ends in
// good order leaves nothing unproven. What fails is logged and tried again with the next one.
func (k *Keeper) Run(ctx context.Context) error {
	every := k.Every
	if every <= 0 {
		every = defaultEvery
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := k.Export(ctx); err != nil && ctx.Err() == nil {
			k.Log.ErrorContext(ctx, "the head of the journal could not be exported; trying again", "error", err)
		}
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
			defer cancel()
			if err := k.Export(last); err != nil {
				k.Log.ErrorContext(last, "the last head of the journal could not be exported", "error", err)
			}
			return nil
		case <-tick.C:
		}
	}
}

// Export signs the head as it stands and writes it out, unless it is the one that was exported last, or the chain is empty.
func (k *Keeper) Export(ctx context.Context) error {
	head, err := headOf(ctx, k.DB)
	if err != nil {
		return err
	}
	if head.Number == k.last.Number && head.Hash == k.last.Hash {
		return nil // nothing new, or an empty chain
	}
	head = head.Sign(k.Key, k.Now())
	line, err := json.Marshal(head)
	if err != nil {
		return fmt.Errorf("export the head of the journal: %w", err)
	}
	if k.File != "" {
		if err := addLine(k.File, line); err != nil {
			return fmt.Errorf("export the head of the journal: %w", err)
		}
	}
	k.Log.InfoContext(ctx, "journal head", "head", json.RawMessage(line))
	k.last = head
	return nil
}

// addLine adds a line to a file and waits until it is on the disk.
func addLine(name string, line []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o640)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	return errors.Join(err, f.Sync(), f.Close())
}
