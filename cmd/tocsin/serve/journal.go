package serve

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"iter"
	"os"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/journal"
	"tocsin/cmd/tocsin/config"
)

// errKey: the file is no Ed25519 key.
var errKey = errors.New("want an Ed25519 key in PEM, the private one as PKCS #8, as `tocsin keys siren` and `tocsin keys journal` make it")

// privateKey reads an Ed25519 key of ours.
func privateKey(file string) (ed25519.PrivateKey, error) {
	parsed, err := readPEM(file)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s: %w", file, errKey)
	}
	return key, nil
}

// JournalKey reads the key that heads of the journal are verified with: the public one, or the private one that has it.
func JournalKey(file string) (ed25519.PublicKey, error) {
	parsed, err := readPEM(file)
	if err != nil {
		return nil, err
	}
	switch key := parsed.(type) {
	case ed25519.PublicKey:
		return key, nil
	case ed25519.PrivateKey:
		public, ok := key.Public().(ed25519.PublicKey)
		if ok {
			return public, nil
		}
	}
	return nil, fmt.Errorf("%s: %w", file, errKey)
}

// readPEM reads the one key of a file.
func readPEM(file string) (any, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s: %w", file, errKey)
	}
	var key any
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	default:
		err = errKey
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, errKey)
	}
	return key, nil
}

// keeper exports signed heads of the journal; nil when the configuration names no key. With in-process stores the key is
// made at the first start.
func (h *house) keeper() (*journal.Keeper, error) {
	c := h.cfg.Journal
	if c.KeyFile == "" {
		h.log.Warn("the journal's heads are not signed (journal.key_file): whoever may write to the database could change the record unnoticed")
		return nil, nil
	}
	if kafkaIn, _ := h.cfg.InProcess(); kafkaIn {
		if _, err := os.Stat(c.KeyFile); errors.Is(err, os.ErrNotExist) {
			if _, err := MakeJournalKey(c.KeyFile); err != nil {
				return nil, fmt.Errorf("journal.key_file: %w", err)
			}
		}
	}
	key, err := privateKey(c.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("journal.key_file: %w", err)
	}
	return &journal.Keeper{DB: h.db.Read(), Key: key, File: c.HeadsFile, Every: c.Every, Now: h.now, Log: h.log}, nil
}

// keepJournal runs the keeper, if there is one.
func keepJournal(ctx context.Context, k *journal.Keeper) error {
	if k == nil {
		return nil
	}
	return k.Run(ctx)
}

// checkJournal reads the key, unless the process would make it.
func checkJournal(cfg *config.Config) error {
	c := cfg.Journal
	if c.KeyFile == "" {
		return nil
	}
	_, err := privateKey(c.KeyFile)
	if kafkaIn, _ := cfg.InProcess(); kafkaIn && errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// readJournal gives entries of the journal, as they stand in the database.
func (h *house) readJournal(ctx context.Context, q journal.Query) iter.Seq2[journal.Entry, error] {
	return journal.Read(ctx, h.db.Read(), q)
}

// note records an act in the journal, inside a running transaction.
func (h *house) note(ctx context.Context, tx bun.IDB, by alerting.Actor, verb, subject string, detail any) error {
	text, err := json.Marshal(detail)
	if err != nil {
		return fmt.Errorf("journal %s: %w", verb, err)
	}
	_, err = journal.Append(ctx, tx, journal.Act{At: h.now(), Actor: by, Verb: verb, Subject: subject, Detail: text})
	return err
}

// noteAct records an act in a transaction of its own.
func (h *house) noteAct(ctx context.Context, by alerting.Actor, verb, subject string, detail any) error {
	return h.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error { return h.note(ctx, tx, by, verb, subject, detail) })
}
