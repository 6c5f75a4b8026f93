package main

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func sirensListVerb(t *terminal) *cobra.Command {
	picks := map[string]*string{}
	c := &cobra.Command{Use: "list", Short: "The sirens with their state, and when each was last heard from", Args: cobra.NoArgs,
		Long: "The sirens with their state, without how they are reached. link says when each was last heard from: heard (lately), silent (not for more than a " +
			"day), never (not since the office has noted it, and that is longer than a day), new (not yet), or unknown (it cannot be told now). Sirens over HTTP " +
			"and Modbus answer when they are sounded or tested; those over MQTT also report by themselves.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			query := url.Values{}
			for name, value := range picks {
				if *value != "" {
					query.Set(name, *value)
				}
			}
			all, err := api.Sirens(cmd.Context(), query)
			if err != nil {
				return t.refused(err)
			}
			l := listing{header: []string{"siren", "name", "state", "link", "heard", "group", "gateway", "place"}, value: all}
			for i := range all {
				s := &all[i]
				heard := "-"
				if !s.Heard.IsZero() {
					heard = s.Heard.Format(time.RFC3339)
				}
				l.rows = append(l.rows, []string{s.Ref, s.Name, s.State, string(s.Link), heard, s.Group, s.Gateway, fmt.Sprintf("%g,%g", s.Lat, s.Lon)})
			}
			return t.show(l)
		}}
	for name, about := range map[string]string{"state": "only those that are on, or off", "group": "only those of this group", "gateway": "only those that hang on this gateway"} {
		picks[name] = c.Flags().String(name, "", about)
	}
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
