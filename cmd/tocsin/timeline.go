package main

import (
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"tocsin/alerting"
)

func timelineVerb(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "timeline ALERT",
		Short: "Show all that happened to an alert, in its order",
		Long: "Show all that happened to an alert, in its order: who wrote, submitted, signed and issued it, when each channel handed over first and last, and how it " +
			"ended. The time of the latest hand-over of a channel is not exact (~).",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := alerting.ParseAlertID(args[0])
			if err != nil {
				return &exit{exitRefused, err}
			}
			api, err := t.client()
			if err != nil {
				return err
			}
			all, err := api.Timeline(cmd.Context(), id)
			if err != nil {
				return t.refused(err)
			}
			l := listing{header: []string{"at", "act", "by", "channel", "deliveries", "version", "alert", "reason"}, value: all}
			for _, m := range all {
				at := m.At.Format(time.RFC3339)
				if m.About {
					at = "~" + at
				}
				l.rows = append(l.rows, []string{at, m.Act, m.By, string(m.Channel), countOrNone(m.Deliveries), countOrNone(m.Version), m.Alert, m.Reason})
			}
			return t.show(l)
		},
	}
}

// countOrNone is a number, or nothing for 0.
func countOrNone(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}
