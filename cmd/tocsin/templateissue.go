package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"tocsin/alerting/console"
	"tocsin/cmd/tocsin/client"
)

func templateIssueVerb(t *terminal) *cobra.Command {
	var o fillOptions
	var dry, watch bool
	var save string
	c := &cobra.Command{
		Use:   "issue FILE --set SLOT=VALUE…",
		Short: "Fill a template and issue it at once, by the channels and siren groups that it names",
		Long: "Fill a template, keep the document in a file, and issue it. Should the answer be lost (exit code 3), issue that file again with " +
			"`tocsin issue`: filling the template again makes another alert.\n\n" +
			"An office that has the template too (templates.dir) remembers the values: `tocsin template update` then needs only those that change, and " +
			"`tocsin all-clear` and `tocsin cancel` say what the template has prepared.\n\n" + valueHelp +
			"Exit code 0: accepted; 2: refused, nothing was issued; 3: unknown, the answer was lost.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			filled, err := t.fillTemplate(args[0], o)
			if err != nil {
				return err
			}
			api, err := t.client()
			if err != nil {
				return err
			}
			order := client.Order{Groups: filled.Order.Groups, Filled: console.AnswerOf(filled).Filled}
			for _, ch := range filled.Order.Channels {
				order.Channels = append(order.Channels, string(ch))
			}
			if dry {
				run, err := api.DryRun(cmd.Context(), filled.Document, order, false)
				if err != nil {
					return t.refused(err)
				}
				return t.showDryRun(run, false)
			}
			if save == "" {
				save = strings.NewReplacer("/", "_", ":", "_").Replace(filled.Alert.Identifier) + ".xml"
			}
			if err := keep(save, filled.Document); err != nil {
				return &exit{exitRefused, fmt.Errorf("nothing was issued: keep the document: %w", err)}
			}
			_, _ = fmt.Fprintf(t.err, "the document is %s\n", save)
			accepted, err := api.Issue(cmd.Context(), filled.Document, order)
			if err != nil {
				return t.refused(err)
			}
			if !watch {
				return t.showAccepted(accepted)
			}
			return t.watch(cmd.Context(), api, accepted)
		},
	}
	o.flags(c)
	f := c.Flags()
	f.BoolVar(&dry, "dry-run", false, "issue nothing and keep nothing: show who would get what by which channel, and what it costs")
	f.BoolVar(&watch, "watch", false, "show progress until everything is settled; JSON lines when the output is no terminal")
	f.StringVar(&save, "save", "", "file to keep the document in; it must not be there (default: IDENTIFIER.xml in this folder)")
	return c
}

// keep writes a new file, and never over another: that may be what is to be issued again.
func keep(name string, content []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.Write(content); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
