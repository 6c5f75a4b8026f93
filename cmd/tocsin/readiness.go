package main

import (
	"github.com/spf13/cobra"

	"tocsin/alerting/console"
)

func readinessVerb(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "readiness",
		Short: "Ask the office whether it can warn now",
		Long: "Ask the office whether it can warn now, check by check: stores, gateways, certificates and sirens, as far as the process that answers knows. " +
			"It ends with 1 when something does not work. (tocsin doctor looks at the configuration of this machine.)",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			r, err := api.Readiness(cmd.Context())
			if err != nil {
				return t.refused(err)
			}
			l := listing{header: []string{"check", "state", "detail", "to do"}, value: r}
			for _, c := range r.Checks {
				l.rows = append(l.rows, []string{c.Name, c.State, c.Detail["en"], c.Do["en"]})
			}
			if err := t.show(l); err != nil || r.State != console.CheckBad {
				return err
			}
			return &exit{exitFailed, nil}
		},
	}
}
