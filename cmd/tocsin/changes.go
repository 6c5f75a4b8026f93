package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tocsin/alerting/approval"
	"tocsin/alerting/audience"
	"tocsin/alerting/desk"
	"tocsin/cmd/tocsin/client"
	"tocsin/cmd/tocsin/serve"
)

func changesVerb(t *terminal) *cobra.Command {
	c := &cobra.Command{Use: "changes", Short: "Administrative acts that two people sign: list, show, sign, withdraw, propose",
		Long: "What could send or silence (sirens, rates) takes two people where the office has approvals: one proposes it, and it is made when another, " +
			"who may administer, signs the same. Nobody signs anything but what the office's engine says would change. A change lapses after 24 hours."}
	c.AddCommand(changeListVerb(t), changeShowVerb(t), changeSignVerb(t), changeWithdrawVerb(t), changeProposeVerb(t))
	return c
}

// changeFlags are those of whoever signs a change.
func (s *signing) changeFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&s.key, "key", "", "where two people must agree: the file with your key, with which you propose it")
	f.StringVar(&s.as, "as", "", "your name, as you are enrolled")
	f.BoolVar(&s.password, "password", false, "sign with the key that the office keeps under your password, which is asked for")
	f.StringVar(&s.passwordFile, "password-file", "", "the same, with the password in a file")
	f.BoolVar(&s.yes, "yes", false, "do not ask")
	c.MarkFlagsMutuallyExclusive("key", "password")
	c.MarkFlagsMutuallyExclusive("key", "password-file")
}

// pagingFlags are those of every list.
func pagingFlags(c *cobra.Command, p *client.Paging) {
	c.Flags().IntVar(&p.Limit, "limit", 0, "how many; left out: the latest 50")
	c.Flags().BoolVar(&p.All, "all", false, "all of them")
	c.MarkFlagsMutuallyExclusive("limit", "all")
}

func changeListVerb(t *terminal) *cobra.Command {
	var states []string
	var paging client.Paging
	c := &cobra.Command{Use: "list", Short: "Changes, the latest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			all, err := api.Changes(cmd.Context(), states, paging)
			if err != nil {
				return t.refused(err)
			}
			l := listing{header: []string{"change", "kind", "state", "proposed", "expires", "signed by", "summary"}, value: all}
			for _, p := range all {
				l.rows = append(l.rows, []string{p.ID, p.Kind, string(p.State), p.At.Format(time.RFC3339), p.Expires.Format(time.RFC3339),
					strings.Join(signedBy(p), ", "), strings.Join(p.Summary, "; ")})
			}
			return t.show(l)
		}}
	c.Flags().StringSliceVar(&states, "state", nil, "only these: open, applied, withdrawn, lapsed, overtaken")
	pagingFlags(c, &paging)
	return c
}

func signedBy(p desk.Proposed) []string {
	var out []string
	for _, a := range p.By {
		out = append(out, a.By)
	}
	return out
}

func changeShowVerb(t *terminal) *cobra.Command {
	var file string
	c := &cobra.Command{Use: "show CHANGE", Short: "What a change would change, and who has signed it", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			p, err := api.ChangeAt(cmd.Context(), args[0])
			if err == nil && file != "" {
				p.Body, err = api.ChangeBody(cmd.Context(), args[0])
			}
			if err != nil {
				return t.refused(err)
			}
			if file != "" {
				if err := os.WriteFile(file, p.Body, 0o600); err != nil {
					return err
				}
			}
			return t.showChange(p)
		}}
	c.Flags().StringVar(&file, "body", "", "write what it carries into this file")
	return c
}

// showChange prints a change.
func (t *terminal) showChange(p desk.Proposed) error {
	if t.format == "json" {
		return t.json(p)
	}
	t.printf("change %s: %s, %s\n", p.ID, p.Kind, p.State)
	for _, line := range p.Summary {
		t.printf("  %s\n", line)
	}
	if p.Reason != "" {
		t.printf("reason: %s\n", p.Reason)
	}
	if who := signedBy(p); len(who) > 0 {
		t.printf("signed by: %s\n", strings.Join(who, ", "))
	}
	if p.Note != "" {
		t.printf("note: %s\n", p.Note)
	}
	if p.State == desk.ChangeOpen {
		t.printf("until %s it lacks %s\n", p.Expires.Format(time.RFC3339), p.Missing)
	}
	return nil
}

// proposed shows an import that became a change, and signs it if a key was given.
func (t *terminal) proposed(cmd *cobra.Command, api *client.Client, p desk.Proposed, result audience.Result, s signing) error {
	for _, problem := range result.Problems {
		t.prompt("%s\n", problem)
	}
	return t.signOrShow(cmd, api, p, s)
}

// signOrShow signs a change when there is something to sign, and with what.
func (t *terminal) signOrShow(cmd *cobra.Command, api *client.Client, p desk.Proposed, s signing) error {
	if p.State != desk.ChangeOpen || !s.wanted() {
		return t.showChange(p)
	}
	return t.signChange(cmd, api, p.ID, s)
}

func changeSignVerb(t *terminal) *cobra.Command {
	var s signing
	c := &cobra.Command{Use: "sign CHANGE", Short: "Put your signature on a change; with the second it is made",
		Long: "Show what a change would change, ask, and sign exactly that. Its body is fetched and must be the one that the change names; look at it with " +
			"`tocsin changes show CHANGE --body FILE`.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			return t.signChange(cmd, api, args[0], s)
		}}
	s.changeFlags(c)
	c.MarkFlagsOneRequired("key", "password", "password-file")
	_ = c.MarkFlagRequired("as")
	return c
}

func (t *terminal) signChange(cmd *cobra.Command, api *client.Client, id string, s signing) error {
	if s.as == "" {
		return &exit{exitRefused, errors.New("--as is missing: your name, as you are enrolled")}
	}
	p, err := api.ChangeAt(cmd.Context(), id)
	if err == nil {
		p.Body, err = api.ChangeBody(cmd.Context(), id)
	}
	if err != nil {
		return t.refused(err)
	}
	if sum := sha256.Sum256(p.Body); hex.EncodeToString(sum[:]) != p.Digest {
		return &exit{exitRefused, fmt.Errorf("the body of change %s is not the one that it names: nothing was signed", id)}
	}
	lines := t.lineReader()
	if !s.yes {
		t.prompt("%s:\n  %s\nType yes to sign this: ", p.Kind, strings.Join(p.Summary, "\n  "))
		if line, err := lines.ReadString('\n'); strings.TrimSpace(line) != "yes" {
			return &exit{exitRefused, errors.Join(errors.New("nothing was signed"), err)}
		}
	}
	if s.withPassword() {
		password, err := t.readPassword(lines, s.passwordFile, "Password of "+s.as)
		if err != nil {
			return err
		}
		return t.changeOr(api.SignChangeWithPassword(cmd.Context(), id, p.Digest, s.as, password))
	}
	key, err := serve.OperatorKey(s.key)
	if err != nil {
		return &exit{exitRefused, fmt.Errorf("--key: %w", err)}
	}
	a, err := approval.SignChange(key, p.Change, s.as, time.Now().UTC().Truncate(time.Second))
	if err != nil {
		return &exit{exitRefused, err}
	}
	return t.changeOr(api.SignChange(cmd.Context(), id, a))
}

func (t *terminal) changeOr(p desk.Proposed, err error) error {
	if err != nil {
		return t.refused(err)
	}
	return t.showChange(p)
}

func changeWithdrawVerb(t *terminal) *cobra.Command {
	var reason string
	c := &cobra.Command{Use: "withdraw CHANGE", Short: "End a change that was not made", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			return t.changeOr(api.WithdrawChange(cmd.Context(), args[0], reason))
		}}
	c.Flags().StringVar(&reason, "reason", "", "why")
	_ = c.MarkFlagRequired("reason")
	return c
}

func changeProposeVerb(t *terminal) *cobra.Command {
	var s signing
	var reason string
	c := &cobra.Command{Use: "propose KIND FILE", Short: "Propose an act of some kind, with its body from a file (- reads standard input)", Args: cobra.ExactArgs(2),
		Long: "Propose an administrative act. The verbs `sirens import`, `sirens set` and `gateways` do it for you; this one takes any kind that the office knows.",
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := t.readFile(args[1], maxChange)
			if err != nil {
				return &exit{exitRefused, err}
			}
			return t.propose(cmd, args[0], body, reason, s)
		}}
	s.changeFlags(c)
	c.Flags().StringVar(&reason, "reason", "", "why")
	return c
}

// maxChange bounds the body of a change, in bytes.
const maxChange = 8 << 20

// propose proposes an act, and signs it if a key was given.
func (t *terminal) propose(cmd *cobra.Command, kind string, body []byte, reason string, s signing) error {
	api, err := t.client()
	if err != nil {
		return err
	}
	p, err := api.Propose(cmd.Context(), kind, body, reason)
	if err != nil {
		return t.refused(err)
	}
	return t.signOrShow(cmd, api, p, s)
}

func sirenOrderVerb(t *terminal) *cobra.Command {
	var s signing
	var reason string
	c := &cobra.Command{Use: "set on|off|removed SIREN…", Short: "Switch sirens on or off, or remove them",
		Long: "A siren that is off is not sounded, and can still be silenced; one that is removed is forgotten. Where the office has approvals this is a change " +
			"that two people sign (tocsin changes).",
		Args: cobra.MinimumNArgs(2), ValidArgs: []string{"on", "off", "removed"},
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := json.Marshal(audience.SirenOrder{State: args[0], Refs: args[1:]})
			if err != nil {
				return err
			}
			return t.propose(cmd, "sirens.state", body, reason, s)
		}}
	s.changeFlags(c)
	c.Flags().StringVar(&reason, "reason", "", "why")
	return c
}
