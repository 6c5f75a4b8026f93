package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func sirensListVerb(t *terminal) *cobra.Command {
	var state string
	c := &cobra.Command{Use: "list", Short: "The sirens with their state, without how they are reached", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			all, err := api.Sirens(cmd.Context(), state)
			if err != nil {
				return t.refused(err)
			}
			l := listing{header: []string{"siren", "name", "state", "group", "gateway", "place"}, value: all}
			for i := range all {
				s := &all[i]
				l.rows = append(l.rows, []string{s.Ref, s.Name, s.State, s.Group, s.Gateway, fmt.Sprintf("%g,%g", s.Lat, s.Lon)})
			}
			return t.show(l)
		}}
	c.Flags().StringVar(&state, "state", "", "only those that are on, or off")
	return c
}

func tokensVerb(t *terminal) *cobra.Command {
	return &cobra.Command{Use: "tokens", Short: "The tokens of the configuration with what they may; never their secrets", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			all, err := api.Tokens(cmd.Context())
			if err != nil {
				return t.refused(err)
			}
			l := listing{header: []string{"token", "may", "unit"}, value: all}
			for _, one := range all {
				var may []string
				for _, r := range one.May {
					may = append(may, string(r))
				}
				l.rows = append(l.rows, []string{one.Name, strings.Join(may, ", "), one.Unit})
			}
			return t.show(l)
		}}
}
