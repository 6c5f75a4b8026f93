package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tocsin/cmd/tocsin/config"
	"tocsin/cmd/tocsin/serve"
)

func serveVerb(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:       "serve all|ROLE…",
		Short:     "Play one or more roles: " + strings.Join(serve.Roles(), ", "),
		Args:      cobra.MinimumNArgs(1),
		ValidArgs: append([]string{"all"}, serve.Roles()...),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := t.config()
			if err != nil {
				return err
			}
			log, err := logger(cfg.Log, t.err)
			if err != nil {
				return err
			}
			spareTheCollector()
			return serve.Run(cmd.Context(), cfg, args, log, func(a serve.Addresses) {
				log.Info("listening", "metrics", a.Metrics, "api", a.API, "callbacks", a.Callbacks, "feeds", a.Feeds)
			})
		},
	}
}

// logger builds the log that the configuration asks for.
func logger(c config.Log, w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		return nil, &exit{exitRefused, fmt.Errorf("log.level: %w", err)}
	}
	o := &slog.HandlerOptions{Level: level}
	switch c.Format {
	case "json":
		return slog.New(slog.NewJSONHandler(w, o)), nil
	case "text":
		return slog.New(slog.NewTextHandler(w, o)), nil
	}
	return nil, &exit{exitRefused, fmt.Errorf("log.format %q: want text or json", c.Format)}
}

func checkConfigVerb(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "check-config [FILE]",
		Short: "Check a configuration file, the files that it names, and that every gateway can be built of it",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				t.configFile = args[0]
			}
			cfg, err := t.config()
			if err != nil {
				return err
			}
			_, err = logger(cfg.Log, io.Discard)
			if err := errors.Join(err, serve.CheckFiles(cfg)); err != nil {
				return &exit{exitRefused, err}
			}
			for _, n := range serve.Notes(cfg) {
				t.printf("note: %s\n", n)
			}
			t.printf("ok\n")
			return nil
		},
	}
}

func keysVerb(t *terminal) *cobra.Command {
	keys := &cobra.Command{Use: "keys", Short: "Make keys"}
	add := func(use, short string, make func(path string) (string, error)) {
		keys.AddCommand(&cobra.Command{Use: use, Short: short, Args: cobra.ExactArgs(1),
			RunE: func(_ *cobra.Command, args []string) error {
				said, err := make(args[0])
				if err != nil {
					return err
				}
				t.printf("%s\n", said)
				return nil
			}})
	}
	add("keyring DIR", "a key that seals addresses and batches", serve.MakeKeyring)
	add("vapid FILE", "the key pair of a web push gateway; prints the public key", serve.MakeVAPID)
	add("siren FILE", "the key that signs siren commands; prints the public key", serve.MakeSirenKey)
	add("journal FILE", "the key that signs the journal's heads; prints the name of the file with the public key", serve.MakeJournalKey)
	add("operator FILE", "an operator's key, which signs approvals; prints the public key", serve.MakeOperatorKey)
	keys.AddCommand(signingKeyVerb(t))
	add("token FILE", "a token for the admin API", serve.MakeToken)
	return keys
}

func signingKeyVerb(t *terminal) *cobra.Command {
	office := "Warning office"
	c := &cobra.Command{Use: "signing DIR", Short: "the key that signs alerts, and its certificate; prints the name of the certificate",
		Long: "Make an ECDSA P-256 key (DIR/signing.pem) and a certificate that it signs itself (DIR/signing.crt), valid for three years. Publish the " +
			"certificate: whoever reads your alerts pins it. For a certificate of an authority, send it a request made with the same key.",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			said, err := serve.MakeSigningKey(args[0], office, time.Now())
			if err != nil {
				return err
			}
			t.printf("%s\n", said)
			return nil
		}}
	c.Flags().StringVar(&office, "office", office, "the office's name, which the certificate states")
	return c
}
