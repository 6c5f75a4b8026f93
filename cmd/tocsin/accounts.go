package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tocsin/alerting/console"
	"tocsin/alerting/desk"
	"tocsin/alerting/login"
)

func accountsVerb(t *terminal) *cobra.Command {
	c := &cobra.Command{Use: "accounts", Short: "Who may log in: list, add, roles, disable, enable, link",
		Long: "Who may log in, and what as. A role is ROLE for the whole office, or ROLE@UNIT for an administrative unit and all below it, such as author@SAME=006109; " +
			"the roles are author, approver, duty-officer, administrator, auditor and viewer."}
	c.AddCommand(listAccountsVerb(t), addAccountVerb(t), rolesVerb(t), stateVerb(t, "disable", "Close an account; its sessions end at once", true),
		stateVerb(t, "enable", "Open an account again that was closed", false), accountLinkVerb(t))
	return c
}

// parseGrants reads roles as they are typed.
func parseGrants(all []string) []login.Grant {
	out := []login.Grant{}
	for _, text := range all {
		role, unit, _ := strings.Cut(text, "@")
		out = append(out, login.Grant{Unit: unit, Role: login.Role(role)})
	}
	return out
}

func grantText(all []login.Grant) string {
	var out []string
	for _, g := range all {
		if g.Unit == "" {
			out = append(out, string(g.Role))
		} else {
			out = append(out, fmt.Sprintf("%s@%s", g.Role, g.Unit))
		}
	}
	return cmp.Or(strings.Join(out, " "), "none")
}

func (t *terminal) showAccounts(all []login.Account, value any) error {
	l := listing{header: []string{"name", "state", "roles", "logs in with"}, value: value}
	for _, a := range all {
		l.rows = append(l.rows, []string{a.Name, string(a.State), grantText(a.Roles), cmp.Or(a.Outside, "password")})
	}
	return t.show(l)
}

func listAccountsVerb(t *terminal) *cobra.Command {
	return &cobra.Command{Use: "list", Short: "Every account with its roles", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			all, err := api.Accounts(cmd.Context())
			if err != nil {
				return t.refused(err)
			}
			return t.showAccounts(all, all)
		}}
}

// showLink prints a link by itself, so that a program can take it.
func (t *terminal) showLink(name string, l console.Link) error {
	if t.format == "json" {
		return t.json(l)
	}
	t.printf("%s\n", l.URL)
	t.prompt("for %s, valid until %s, once: hand it over by a way that only he reads (`tocsin setup LINK` takes it)\n", name, l.Until.Local().Format(time.RFC3339))
	return nil
}

func addAccountVerb(t *terminal) *cobra.Command {
	var roles []string
	c := &cobra.Command{Use: "add NAME", Short: "Make an account, and print the one-time link for its owner", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			l, err := api.AddAccount(cmd.Context(), args[0], parseGrants(roles))
			if err != nil {
				return t.refused(err)
			}
			t.tellChange(l.Change)
			return t.showLink(args[0], l)
		}}
	c.Flags().StringSliceVar(&roles, "role", nil, "what he is: ROLE, or ROLE@UNIT")
	return c
}

func rolesVerb(t *terminal) *cobra.Command {
	return &cobra.Command{Use: "roles NAME [ROLE…]", Short: "Put roles in the place of those that somebody has; none takes all away", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			a, err := api.SetRoles(cmd.Context(), args[0], parseGrants(args[1:]))
			if err != nil {
				return t.refused(err)
			}
			t.tellChange(a.Change)
			return t.showAccounts([]login.Account{a.Account}, a)
		}}
}

// tellChange says that roles wait for two signatures.
func (t *terminal) tellChange(p *desk.Proposed) {
	if p != nil {
		t.prompt("%s: two people must sign this: `tocsin changes sign %s`\n", strings.Join(p.Summary, "; "), p.ID)
	}
}

func stateVerb(t *terminal, use, short string, disabled bool) *cobra.Command {
	return &cobra.Command{Use: use + " NAME", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			a, err := api.SetDisabled(cmd.Context(), args[0], disabled)
			if err != nil {
				return t.refused(err)
			}
			return t.showAccounts([]login.Account{a}, a)
		}}
}

func accountLinkVerb(t *terminal) *cobra.Command {
	return &cobra.Command{Use: "link NAME", Short: "A new one-time link for somebody who lost his password or authenticator", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			l, err := api.NewLink(cmd.Context(), args[0])
			if err != nil {
				return t.refused(err)
			}
			return t.showLink(args[0], l)
		}}
}
