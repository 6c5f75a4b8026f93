package main

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"tocsin/alerting"
	"tocsin/alerting/journal"
	"tocsin/alerting/store"
	"tocsin/cmd/tocsin/client"
	"tocsin/cmd/tocsin/serve"
)

func auditVerb(t *terminal) *cobra.Command {
	c := &cobra.Command{
		Use:   "audit",
		Short: "The record of who did what: list it, export it, verify it",
		Long: "The journal records who did what. Each entry holds the hash of the one before, and the role api signs the last hash every few " +
			"minutes (journal.key_file) and adds it to a file (journal.heads_file), which should lie on another machine. These commands read the " +
			"database that the configuration names, or an exported file, and ask no running process.",
	}
	c.AddCommand(listAuditVerb(t), exportAuditVerb(t), verifyAuditVerb(t))
	return c
}

// withJournal opens the database that the configuration names, for reading, and calls a function with it.
func (t *terminal) withJournal(ctx context.Context, read func(db *store.DB) error) error {
	cfg, err := t.config()
	if err != nil {
		return err
	}
	address, err := serve.DatabaseURL(cfg)
	if err != nil {
		return &exit{exitRefused, err}
	}
	if file, lite := strings.CutPrefix(address, "sqlite:"); lite {
		if _, err := os.Stat(file); err != nil {
			return &exit{exitRefused, fmt.Errorf("sql.url: there is no database to read: %w", err)}
		}
	}
	db, err := store.Open(ctx, store.Config{URL: address, MaxConns: 1})
	if err != nil {
		return err
	}
	return errors.Join(read(db), db.Close())
}

func listAuditVerb(t *terminal) *cobra.Command {
	q := journal.Query{Latest: true}
	var remote bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List the latest entries",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if remote {
				return t.remoteJournal(cmd.Context(), q)
			}
			return t.withJournal(cmd.Context(), func(db *store.DB) error {
				entries := []journal.Entry{}
				for e, err := range journal.Read(cmd.Context(), db.Read(), q) {
					if err != nil {
						return err
					}
					entries = append(entries, e)
				}
				return t.showEntries(entries)
			})
		},
	}
	c.Flags().StringVar(&q.Subject, "subject", "", "only what was done to this, such as alert/ID")
	c.Flags().StringVar(&q.Actor, "actor", "", "only what this one did")
	c.Flags().StringVar(&q.Verb, "verb", "", "only acts of this kind, such as alert.issued")
	c.Flags().IntVar(&q.Limit, "limit", 50, "how many; 0 means all")
	c.Flags().BoolVar(&remote, "remote", false, "ask the admin API, and not the database")
	return c
}

// remoteJournal asks the API for entries.
func (t *terminal) remoteJournal(ctx context.Context, q journal.Query) error {
	api, err := t.client()
	if err != nil {
		return err
	}
	entries, err := api.Journal(ctx, q.Subject, q.Actor, q.Verb, client.Paging{Limit: q.Limit, All: q.Limit == 0})
	if err != nil {
		return t.refused(err)
	}
	return t.showEntries(entries)
}

func (t *terminal) showEntries(entries []journal.Entry) error {
	l := listing{header: []string{"number", "at", "actor", "verb", "subject", "detail"}, value: entries}
	for _, e := range entries {
		l.rows = append(l.rows, []string{strconv.FormatInt(e.Number, 10), e.At.Format("2006-01-02 15:04:05.000Z"),
			e.Actor.Kind + " " + e.Actor.Name, e.Verb, e.Subject, string(e.Detail)})
	}
	return t.show(l)
}

func exportAuditVerb(t *terminal) *cobra.Command {
	var after int64
	c := &cobra.Command{
		Use:   "export",
		Short: "Write the whole journal, one JSON object a line, for keeping and for `audit verify FILE`",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return t.withJournal(cmd.Context(), func(db *store.DB) error {
				return journal.WriteLines(t.out, journal.Read(cmd.Context(), db.Read(), journal.Query{After: after}))
			})
		},
	}
	c.Flags().Int64Var(&after, "after", 0, "begin behind the entry with this number")
	return c
}

func verifyAuditVerb(t *terminal) *cobra.Command {
	var headFiles, keyFiles []string
	c := &cobra.Command{
		Use:   "verify [FILE]",
		Short: "Find any entry that was edited, deleted, moved or cut off",
		Long: "Verify the journal of the database, or an exported one (- is standard input), against the signed heads. Without --heads and --key, " +
			"those of the configuration are used. Keep the public key (FILE.pub of `tocsin keys journal FILE`) and the heads where whoever may write to " +
			"the database cannot write. Exit code 0: sound; 2: the first entry that cannot be trusted is named.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := t.journalDefaults(&headFiles, &keyFiles, len(args) == 0); err != nil {
				return err
			}
			heads, keys, err := readHeads(headFiles, keyFiles)
			if err != nil {
				return &exit{exitRefused, err}
			}
			sound, err := t.verifyJournal(cmd.Context(), args, heads, keys)
			var broken *journal.Broken
			switch {
			case errors.As(err, &broken):
				if t.format == "json" {
					return errors.Join(t.json(broken), &exit{exitRefused, nil})
				}
				return &exit{exitRefused, err}
			case errors.Is(err, alerting.ErrInvalid): // a line that is no entry
				return &exit{exitRefused, err}
			case err != nil:
				return err
			case t.format == "json":
				return t.json(sound)
			}
			t.printf("sound: %d entries, the last hash is %s\n", sound.Entries, sound.Last)
			if sound.Heads == 0 {
				t.printf("note: no signed head was given: a cut end, an older copy or a journal written anew would not be noticed\n")
				return nil
			}
			t.printf("%d signed heads agree, the latest of %s with entry %d\n", sound.Heads, sound.Until.Format("2006-01-02 15:04:05Z"), sound.Covered)
			return nil
		},
	}
	c.Flags().StringArrayVar(&headFiles, "heads", nil, "file with signed heads (may be repeated; default: journal.heads_file)")
	c.Flags().StringArrayVar(&keyFiles, "key", nil, "file with a public key (may be repeated; default: that of journal.key_file)")
	return c
}

// journalDefaults takes from the configuration what was not said. A file that was exported needs no configuration.
func (t *terminal) journalDefaults(heads, keys *[]string, needed bool) error {
	if len(*heads) > 0 && len(*keys) > 0 {
		return nil
	}
	cfg, err := t.config()
	if err != nil {
		if needed {
			return err
		}
		return nil
	}
	if len(*heads) == 0 && cfg.Journal.HeadsFile != "" {
		if _, err := os.Stat(cfg.Journal.HeadsFile); err == nil || needed {
			*heads = []string{cfg.Journal.HeadsFile}
		}
	}
	if len(*keys) == 0 && cfg.Journal.KeyFile != "" && len(*heads) > 0 {
		*keys = []string{cfg.Journal.KeyFile}
	}
	return nil
}

func readHeads(headFiles, keyFiles []string) (heads []journal.Head, keys []ed25519.PublicKey, err error) {
	for _, name := range keyFiles {
		key, err := serve.JournalKey(name)
		if err != nil {
			return nil, nil, fmt.Errorf("key: %w", err)
		}
		keys = append(keys, key)
	}
	for _, name := range headFiles {
		f, err := os.Open(name)
		if err != nil {
			return nil, nil, fmt.Errorf("heads: %w", err)
		}
		some, err := journal.ReadHeads(bufio.NewReader(f))
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		heads = append(heads, some...)
	}
	return heads, keys, nil
}

func (t *terminal) verifyJournal(ctx context.Context, args []string, heads []journal.Head, keys []ed25519.PublicKey) (journal.Sound, error) {
	if len(args) == 0 {
		var sound journal.Sound
		err := t.withJournal(ctx, func(db *store.DB) (err error) {
			sound, err = journal.VerifyDatabase(ctx, db.Read(), heads, keys)
			return err
		})
		return sound, err
	}
	entries, done, err := t.exported(args[0])
	if err != nil {
		return journal.Sound{}, &exit{exitRefused, err}
	}
	defer done()
	return journal.Verify(entries, heads, keys)
}

// exported opens an exported journal.
func (t *terminal) exported(name string) (iter.Seq2[journal.Entry, error], func(), error) {
	var in io.Reader = t.in
	done := func() {}
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, nil, err
		}
		in, done = f, func() { _ = f.Close() }
	}
	return journal.ReadLines(in), done, nil
}
