package main

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/cmd/tocsin/serve"
)

func standingVerb(t *terminal) *cobra.Command {
	c := &cobra.Command{Use: "standing", Short: "What may go out before two people have signed it: list, show, propose, sign, add, withdraw",
		Long: "A standing authorisation lets alerts within its bounds go out before two people have signed them: released first by a named operator and " +
			"countersigned within minutes, or signed by a pinned partner and with nobody present. Two administrators sign it (propose, sign, sign, add); " +
			"one person ends it (withdraw)."}
	c.AddCommand(standingListVerb(t), standingShowVerb(t), standingProposeVerb(t), standingSignVerb(t), standingAddVerb(t), standingWithdrawVerb(t))
	return c
}

func standingListVerb(t *terminal) *cobra.Command {
	return &cobra.Command{Use: "list", Short: "Every standing authorisation, and whether it counts", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			all, err := api.Standings(cmd.Context())
			if err != nil {
				return t.refused(err)
			}
			l := listing{header: []string{"id", "name", "kind", "until", "uses", "useless"}, value: all}
			for _, s := range all {
				l.rows = append(l.rows, []string{s.ID, s.Name, s.Kind, s.Bounds.Until.Format(time.RFC3339), strconv.FormatInt(s.Uses, 10), s.Useless})
			}
			return t.show(l)
		}}
}

func standingShowVerb(t *terminal) *cobra.Command {
	return &cobra.Command{Use: "show ID", Short: "One standing authorisation with its bounds and signatures, as JSON", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			all, err := api.Standings(cmd.Context())
			if err != nil {
				return t.refused(err)
			}
			for _, s := range all {
				if s.ID == args[0] {
					return t.json(s)
				}
			}
			return &exit{exitRefused, fmt.Errorf("there is no standing authorisation %q", args[0])}
		}}
}

// maxStanding bounds the file of a standing authorisation, in bytes.
const maxStanding = 1 << 20

func (t *terminal) readStanding(name string) (alerting.StandingOrder, error) {
	var s alerting.StandingOrder
	text, err := t.readFile(name, maxStanding)
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err == nil {
		err = approval.CheckStanding(&s)
	}
	if err != nil {
		return s, &exit{exitRefused, fmt.Errorf("%s: %w", name, err)}
	}
	return s, nil
}

func writeStanding(name string, s alerting.StandingOrder) error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o600)
}

// proposal is what a standing authorisation is made of on the command line.
type proposal struct {
	alerting.StandingOrder
	channels, certificates, polygons []string
	from, until                      string
}

func standingProposeVerb(t *terminal) *cobra.Command {
	var p proposal
	c := &cobra.Command{Use: "propose FILE", Short: "Write a standing authorisation that administrators may sign", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := p.order()
			if err == nil {
				err = approval.CheckStanding(&s)
			}
			if err != nil {
				return &exit{exitRefused, err}
			}
			return writeStanding(args[0], s)
		}}
	f, b := c.Flags(), &p.Bounds
	f.StringVar(&p.Name, "name", "", "what people call it")
	f.StringVar(&p.Kind, "kind", "", "countersign (release first), or unattended (a pinned partner)")
	f.StringVar(&p.Reason, "reason", "", "why the office wants it")
	f.StringSliceVar(&p.Operators, "operator", nil, "countersign: who may release first")
	f.IntVar(&p.CountersignWithin, "within", 0, "countersign: in how many minutes a second person must sign")
	f.StringVar(&p.Source, "source", "", "unattended: the source of the inbox")
	f.StringVar(&p.Sender, "sender", "", "unattended: the CAP sender of its alerts")
	f.StringSliceVar(&p.certificates, "certificate", nil, "unattended: files with the pinned certificates (PEM)")
	f.StringSliceVar(&b.Categories, "category", nil, "CAP categories that are allowed")
	f.StringSliceVar(&b.Events, "event", nil, "CAP events, or values of eventCode, that are allowed")
	f.StringVar(&b.Severity, "severity", "", "the highest severity")
	f.StringSliceVar(&p.channels, "channel", nil, "channels that are allowed")
	f.StringSliceVar(&b.Codes, "code", nil, "geocodes, NAME=VALUE; a value that ends with * stands for all that begin so")
	f.Int64Var(&b.People, "people", 0, "the most people that one alert may reach")
	f.Int64Var(&b.Sirens, "sirens", 0, "the most sirens")
	f.IntVar(&b.PerHour, "per-hour", 1, "how many alerts may go out in any hour")
	f.IntVar(&b.Burst, "burst", 1, "how many of them in any minute")
	f.StringVar(&p.from, "from", "", "from when on it holds (RFC 3339); left out: from now on")
	f.StringVar(&p.until, "until", "", "until when (RFC 3339), at most a year")
	f.StringArrayVar(&p.polygons, "polygon", nil, "a polygon as CAP writes it: LAT,LON LAT,LON …, closed")
	return c
}

func standingSignVerb(t *terminal) *cobra.Command {
	var s signing
	c := &cobra.Command{Use: "sign FILE", Short: "Put your signature on a standing authorisation, as an administrator", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			order, err := t.readStanding(args[0])
			if err != nil {
				return err
			}
			key, err := serve.OperatorKey(s.key)
			if err != nil {
				return &exit{exitRefused, fmt.Errorf("--key: %w", err)}
			}
			a, err := approval.SignStanding(key, order, s.as, time.Now())
			if err != nil {
				return &exit{exitRefused, err}
			}
			order.By = append(order.By, a)
			return writeStanding(args[0], order)
		}}
	keyFlags(c, &s)
	return c
}

func standingAddVerb(t *terminal) *cobra.Command {
	return &cobra.Command{Use: "add FILE", Short: "Hand a standing authorisation in that two administrators have signed", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := t.readStanding(args[0])
			if err != nil {
				return err
			}
			api, err := t.client()
			if err != nil {
				return err
			}
			id, err := api.Authorise(cmd.Context(), s)
			if err != nil {
				return t.refused(err)
			}
			t.printf("authorised: %s\n", id)
			return nil
		}}
}

func standingWithdrawVerb(t *terminal) *cobra.Command {
	var s signing
	var w alerting.Withdrawal
	c := &cobra.Command{Use: "withdraw ID", Short: "End a standing authorisation, at once and for ever; takes one person", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := serve.OperatorKey(s.key)
			if err != nil {
				return &exit{exitRefused, fmt.Errorf("--key: %w", err)}
			}
			w.Standing, w.At = args[0], time.Now().UTC().Truncate(time.Second)
			a, err := approval.SignWithdrawal(key, w, s.as, time.Now())
			if err != nil {
				return &exit{exitRefused, err}
			}
			w.By = []alerting.Approval{a}
			api, err := t.client()
			if err != nil {
				return err
			}
			if err := api.WithdrawStanding(cmd.Context(), w); err != nil {
				return t.refused(err)
			}
			t.printf("withdrawn: %s\n", w.Standing)
			return nil
		}}
	keyFlags(c, &s)
	c.Flags().StringVar(&w.Reason, "reason", "", "why")
	_ = c.MarkFlagRequired("reason")
	return c
}

// order is the standing authorisation that the flags name.
func (p *proposal) order() (alerting.StandingOrder, error) {
	s := p.StandingOrder
	s.At = time.Now().UTC().Truncate(time.Second)
	s.Bounds.From = s.At
	var err error
	if p.from != "" {
		if s.Bounds.From, err = moment("--from", p.from); err != nil {
			return s, err
		}
	}
	if p.until == "" {
		return s, errors.New("--until is missing: until when it holds")
	}
	if s.Bounds.Until, err = moment("--until", p.until); err != nil {
		return s, err
	}
	for _, c := range p.channels {
		s.Bounds.Channels = append(s.Bounds.Channels, alerting.Channel(c))
	}
	for _, text := range p.polygons {
		points, err := pointsOf(text)
		if err != nil {
			return s, err
		}
		s.Bounds.Polygons = append(s.Bounds.Polygons, points)
	}
	for _, file := range p.certificates {
		text, err := os.ReadFile(file)
		if err != nil {
			return s, err
		}
		block, _ := pem.Decode(text)
		if block == nil || block.Type != "CERTIFICATE" {
			return s, fmt.Errorf("%s: want a certificate in PEM", file)
		}
		s.Certificates = append(s.Certificates, block.Bytes)
	}
	return s, nil
}
