package main

import (
	"fmt"
	"net/url"
	"strconv"
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

func policyVerb(t *terminal) *cobra.Command {
	return &cobra.Command{Use: "policy", Short: "How many must approve what", Args: cobra.NoArgs,
		Long: "How many must approve what, and how, as the configuration says (approval.policy). All rules hold that fit an alert: each condition that a rule " +
			"names must be met. What no rule fits needs one approval.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			p, err := api.Policy(cmd.Context())
			if err != nil {
				return t.refused(err)
			}
			l := listing{header: []string{"rule", "severity", "channels", "areas", "worlds", "approvals", "signed_with", "place"}, value: p}
			for _, r := range p.Rules {
				place := "-"
				if r.PickPlace {
					place = "picked"
				}
				l.rows = append(l.rows, []string{r.ID, orAny(string(r.Severity)), orAny(strings.Join(names(r.Channels), " ")), orAny(strings.Join(r.Areas, " ")),
					orAny(strings.Join(names(r.Worlds), " ")), strconv.Itoa(r.Approvals), orAny(strings.Join(names(r.Kinds), " ")), place})
			}
			if t.format == "table" && !p.Approvals {
				t.printf("this office demands no approvals: whoever may issue does so alone\n")
				return nil
			}
			if t.format == "table" && len(p.Rules) == 0 {
				t.printf("there are no rules: every alert needs one approval\n")
				return nil
			}
			return t.show(l)
		}}
}

// orAny is a condition of a rule; one that is not named fits all.
func orAny(text string) string {
	if text == "" {
		return "any"
	}
	return text
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
