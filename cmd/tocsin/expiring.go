package main

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"tocsin/alerting"
)

func expiringVerb(t *terminal) *cobra.Command {
	return &cobra.Command{Use: "expiring", Short: "Alerts that end soon, and for which nobody has answered", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			all, err := api.Expiring(cmd.Context())
			if err != nil {
				return t.refused(err)
			}
			l := listing{header: []string{"alert", "world", "expires", "title"}, value: all}
			for _, a := range all {
				l.rows = append(l.rows, []string{a.Alert.String(), string(a.World), a.Expires.Format(time.RFC3339), a.Title})
			}
			return t.show(l)
		}}
}

func extendVerb(t *terminal) *cobra.Command {
	var by time.Duration
	var until string
	c := &cobra.Command{Use: "extend ALERT", Short: "Issue an alert again, with the same words, to end later",
		Long: "Issue an alert again as its own update that ends later: --for a time from now, or --until a time. Where the office demands approvals it is submitted. " +
			"Exit codes as for issue.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := alerting.ParseAlertID(args[0])
			if err != nil {
				return &exit{exitRefused, err}
			}
			end := time.Now().Add(by)
			switch {
			case (by > 0) == (until != ""):
				return &exit{exitRefused, errors.New("say either --for 2h or --until 2026-11-30T18:00:00+01:00")}
			case until != "":
				if end, err = moment("--until", until); err != nil {
					return err
				}
			}
			api, err := t.client()
			if err != nil {
				return err
			}
			a, err := api.Extend(cmd.Context(), id, end)
			if err != nil {
				return t.refused(err)
			}
			return t.showAccepted(a)
		}}
	c.Flags().DurationVar(&by, "for", 0, "how long it shall go on from now")
	c.Flags().StringVar(&until, "until", "", "when it shall end (RFC 3339)")
	return c
}

func lapseVerb(t *terminal) *cobra.Command {
	return &cobra.Command{Use: "lapse ALERT", Short: "Answer that an alert may end as it says", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, api, err := t.alertAndClient(args[0])
			if err != nil {
				return err
			}
			if err := api.Lapse(cmd.Context(), id); err != nil {
				return t.refused(err)
			}
			t.printf("it may lapse\n")
			return nil
		}}
}
