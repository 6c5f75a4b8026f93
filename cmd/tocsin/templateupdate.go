package main

import (
	"github.com/spf13/cobra"
)

func templateUpdateVerb(t *terminal) *cobra.Command {
	var o fillOptions
	c := &cobra.Command{
		Use:   "update ALERT --set SLOT=VALUE…",
		Short: "Update an alert that came from a template, with the values that have changed",
		Long: "Issue the update of an alert that came from a template. The office fills what the template has prepared as `update`, else its ordinary texts; " +
			"values that are not named stay as they were, and so do channels and audience. It goes the way of any update, and waits for approval where the " +
			"policy demands it. The same command again is answered with the same update.\n\n" + valueHelp +
			"Times of day are of the office's zone (templates.zone).\n" +
			"Exit code 0: accepted, or submitted; 2: refused, nothing was issued; 3: unknown, the answer was lost and the same command again is safe.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			values, err := t.values(o)
			if err != nil {
				return &exit{exitRefused, err}
			}
			id, api, err := t.alertAndClient(args[0])
			if err != nil {
				return err
			}
			a, err := api.TemplateUpdate(cmd.Context(), id, values, o.note)
			if err != nil {
				return t.refused(err)
			}
			return t.showAccepted(a)
		},
	}
	f := c.Flags()
	f.StringArrayVar(&o.set, "set", nil, "SLOT=VALUE, SLOT.LANGUAGE=VALUE or SLOT=@FILE")
	f.StringVar(&o.values, "values", "", "file with the values that have changed as one JSON object")
	f.StringVar(&o.note, "note", "", "the CAP note of the update")
	return c
}
