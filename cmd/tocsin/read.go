package main

import (
	"github.com/spf13/cobra"
)

func readVerb(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "read FILE",
		Short: "Ask the office what a CAP document of somebody else is worth (- reads standard input)",
		Long: "Let the office read a document as tolerantly as a receiver should: every slip that was passed over, every rule of its profile that is " +
			"broken, and whether its anchors stand for the signatures. Nothing is issued. Exit code 0: valid; 1: it breaks rules; 2: it cannot be read.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			document, api, err := t.documentAndClient(args[0])
			if err != nil {
				return err
			}
			r, err := api.Read(cmd.Context(), document)
			if err != nil {
				return t.refused(err)
			}
			l := listing{header: []string{"line", "level", "rule", "path", "message"}, value: r}
			for _, row := range findingRows("", r.Findings) {
				l.rows = append(l.rows, row[1:])
			}
			if t.format == "table" {
				t.printf("%s\n", r.Verdict)
				if len(r.Signatures) == 0 {
					t.printf("it bears no signature\n")
				}
				for _, s := range r.Signatures {
					t.printf("signature: %s %s %s\n", s.Verdict, s.Subject, s.Reason)
				}
			}
			if t.format != "table" || len(l.rows) > 0 {
				if err := t.show(l); err != nil {
					return err
				}
			}
			switch r.Verdict {
			case verdictInvalid:
				return &exit{exitFailed, nil}
			case verdictUnreadable:
				return &exit{exitRefused, nil}
			}
			return nil
		},
	}
}
