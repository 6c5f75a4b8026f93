package main

import (
	"bufio"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tocsin/alerting/approval"
	"tocsin/alerting/desk"
	"tocsin/cap"
	"tocsin/cmd/tocsin/client"
	"tocsin/cmd/tocsin/serve"
)

// signing is who signs, with what.
type signing struct {
	key, as string
	yes     bool
	version int64
	// password: not with a key of his own, but with the one that the office keeps under his password, which stands in a file or is
	// typed.
	password     bool
	passwordFile string
	// place answers the question for the place; lang is in which language is asked.
	place, lang string
}

// wanted reports whether anything is to be signed.
func (s *signing) wanted() bool { return s.key != "" || s.withPassword() }

func (s *signing) withPassword() bool { return s.password || s.passwordFile != "" }

func (s *signing) flags(c *cobra.Command) {
	s.keyOrPassword(c)
	f := c.Flags()
	f.BoolVar(&s.yes, "yes", false, "do not ask")
	f.Int64Var(&s.version, "version", 0, "the version that you looked at; left out: the present one")
	f.StringVar(&s.lang, "lang", "", "show what is signed in this language: en or zh; left out: as the environment says")
}

// keyOrPassword are the flags of whoever signs with a key of his own, or with one that the office keeps.
func (s *signing) keyOrPassword(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&s.key, "key", "", "the file with your key (tocsin keys operator FILE)")
	f.StringVar(&s.as, "as", "", "your name, as you are enrolled")
	f.BoolVar(&s.password, "password", false, "sign with the key that the office keeps under your password, which is asked for")
	f.StringVar(&s.passwordFile, "password-file", "", "the same, with the password in a file")
	c.MarkFlagsMutuallyExclusive("key", "password")
	c.MarkFlagsMutuallyExclusive("key", "password-file")
}

// signer reads the key file, if there is one: with a password the office signs.
func (s *signing) signer() (key approval.Signer, err error) {
	if s.as == "" {
		return key, &exit{exitRefused, errors.New("--as is missing: your name, as you are enrolled")}
	}
	if s.withPassword() {
		return key, nil
	}
	if key, err = serve.OperatorKey(s.key); err != nil {
		return key, &exit{exitRefused, fmt.Errorf("--key: %w", err)}
	}
	return key, nil
}

func submitVerb(t *terminal) *cobra.Command {
	var s signing
	var release, standing string
	var nobody bool
	c := &cobra.Command{Use: "submit DRAFT", Short: "Ask for a draft to be approved; with --key or --password, as its author",
		Long: "Freeze a draft and count whom it reaches. With --key or --password its author signs it, and is then one of the two people that every warning needs; " +
			"without, two others must approve it.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var at time.Time
			if release != "" {
				var err error
				if at, err = moment("--at", release); err != nil {
					return err
				}
			}
			api, err := t.client()
			if err != nil {
				return err
			}
			version, err := t.versionOf(cmd, api, args[0], s.version)
			if err != nil {
				return err
			}
			d, err := api.Act(cmd.Context(), args[0], client.Act{Verb: "submit", Version: version, Release: at, Nobody: nobody})
			if err == nil && standing != "" {
				return t.releaseUnder(cmd, api, d, standing, s)
			}
			if err != nil || !s.wanted() {
				return t.draftOr(d, err)
			}
			return t.sign(cmd, api, d, approval.Author, s)
		}}
	s.flags(c)
	c.Flags().StringVar(&standing, "release-under", "", "send it now under this standing authorisation, with --key or --password, and --as; a second person countersigns later")
	nobodyFlag(c, &nobody)
	c.Flags().StringVar(&release, "at", "", "release it at this time (RFC 3339), once it is approved; left out: at once")
	return c
}

// nobodyFlag lets an alert be for nobody.
func nobodyFlag(c *cobra.Command, nobody *bool) {
	c.Flags().BoolVar(nobody, "nobody", false, "it may be for an area in which the office knows nobody, such as one for the feeds alone")
}

func approveVerb(t *terminal) *cobra.Command {
	var s signing
	c := &cobra.Command{Use: "approve DRAFT", Short: "Sign a submitted draft, so that it may be sent",
		Long: "Show what a submitted draft says and whom it reaches, ask, and sign exactly that with your own key. What is signed is computed here, from the " +
			"document that is shown; with --password by the office, with the key that it keeps for you. With the last signature that the policy demands, the warning goes out.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			d, err := api.DraftAt(cmd.Context(), args[0])
			if err != nil {
				return t.refused(err)
			}
			if s.version != 0 && s.version != d.Version {
				return &exit{exitRefused, fmt.Errorf("draft %s is at version %d by now: look at it first", d.ID, d.Version)}
			}
			return t.sign(cmd, api, d, approval.Approve, s)
		}}
	s.flags(c)
	c.Flags().StringVar(&s.place, "place", "", "the place that it is for, where a rule wants it picked; left out: you are asked")
	c.MarkFlagsOneRequired("key", "password", "password-file")
	_ = c.MarkFlagRequired("as")
	return c
}

// sign shows a draft, asks, signs what was shown, and sends the signature.
func (t *terminal) sign(cmd *cobra.Command, api *client.Client, d desk.Draft, act approval.Act, s signing) error {
	key, err := s.signer()
	if err != nil {
		return err
	}
	a, e, err := readWhatIsSigned(d)
	if err != nil {
		return err
	}
	c, err := t.shows(cmd, api, d, e.World, s)
	if err != nil {
		return err
	}
	lines := t.lineReader()
	if !s.yes {
		if err := t.confirm(lines, a); err != nil {
			return err
		}
	}
	var pick desk.Pick
	if act == approval.Approve {
		if pick, err = t.pick(lines, c.Challenge, s.place); err != nil {
			return err
		}
	}
	if s.withPassword() {
		password, err := t.readPassword(lines, s.passwordFile, "Password of "+s.as)
		if err != nil {
			return err
		}
		return t.draftOr(api.SignWithPassword(cmd.Context(), d.ID, client.PasswordAct{Version: d.Version, Operator: s.as, Password: password, Act: act, Pick: pick}))
	}
	statement, err := approval.Over(e, act, s.as, time.Now())
	if err != nil {
		return err
	}
	signature, err := key.Sign(statement)
	if err != nil {
		return err
	}
	return t.draftOr(api.Act(cmd.Context(), d.ID, client.Act{Verb: "sign", Version: d.Version, Approval: signature, Pick: pick}))
}

// confirm asks a person to type what cannot be typed without having read.
func (t *terminal) confirm(lines *bufio.Reader, a *cap.Alert) error {
	want := string(a.Status)
	t.prompt("Type %s to sign this: ", want)
	line, err := lines.ReadString('\n')
	if strings.TrimSpace(line) != want {
		return &exit{exitRefused, errors.Join(errors.New("nothing was signed"), err)}
	}
	return nil
}
