package main

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"tocsin/alerting/desk"
	"tocsin/cmd/tocsin/client"
)

func gatewaysVerb(t *terminal) *cobra.Command {
	list := gatewayListVerb(t)
	c := &cobra.Command{Use: "gateways", Short: "Gateways with their rates and pauses: list, rate, pause, resume", Args: cobra.NoArgs, RunE: list.RunE,
		Long: "A gateway is handed no more than its rate, over all processes together; while it is paused it is handed nothing, and its deliveries wait or go " +
			"through another. Both hold within four seconds. Where the office has approvals, a pause, a raise, and a rate below a tenth of the configured " +
			"one are changes that two people sign (tocsin changes)."}
	c.Flags().AddFlagSet(list.Flags())
	c.AddCommand(list, gatewayRateVerb(t), gatewayPauseVerb(t), gatewayResumeVerb(t))
	return c
}

func gatewayListVerb(t *terminal) *cobra.Command {
	var paging client.Paging
	c := &cobra.Command{Use: "list", Short: "The gateways of the configuration, with the rates in force", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			all, err := api.Gateways(cmd.Context(), paging)
			if err != nil {
				return t.refused(err)
			}
			l := listing{header: []string{"gateway", "channel", "live", "configured", "in force", "paused until", "reason"}, value: all}
			for _, g := range all {
				until := ""
				if !g.PausedUntil.IsZero() {
					until = g.PausedUntil.Format(time.RFC3339)
				}
				l.rows = append(l.rows, []string{g.Name, string(g.Channel), strconv.FormatBool(g.Live), rateText(g.Configured), rateText(g.InForce), until, g.Reason})
			}
			return t.show(l)
		}}
	pagingFlags(c, &paging)
	return c
}

// rateText is a rate in permits a second.
func rateText(rate float64) string {
	if rate == 0 {
		return "no limit"
	}
	return strconv.FormatFloat(rate, 'f', -1, 64) + "/s"
}

func gatewayRateVerb(t *terminal) *cobra.Command {
	var s signing
	var reason string
	c := &cobra.Command{Use: "rate GATEWAY RATE", Short: "Change the rate of a gateway, in permits a second; default or off: that of the configuration",
		Long: "Hand a gateway at most so many permits a second (SMS: segments), over all processes together. One person may lower a rate to a tenth of the " +
			"configured one; less, or more than is in force, takes two. It is never more than rate × rate_ceiling of the configuration.",
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			rate, err := rateOf(args[1])
			if err != nil {
				return &exit{exitRefused, err}
			}
			return t.order(cmd, s, func(api *client.Client) (desk.Proposed, error) {
				return api.SetRate(cmd.Context(), args[0], rate, reason)
			})
		}}
	s.changeFlags(c)
	c.Flags().StringVar(&reason, "reason", "", "why")
	return c
}

// rateOf reads a rate; 0 is that of the configuration.
func rateOf(text string) (float64, error) {
	if text == "default" || text == "off" {
		return 0, nil
	}
	rate, err := strconv.ParseFloat(text, 64)
	if err != nil || !(rate > 0) || rate > 1e9 {
		return 0, fmt.Errorf("rate %q: want permits a second, more than 0, or default; to hand nothing over, pause the gateway", text)
	}
	return rate, nil
}

func gatewayPauseVerb(t *terminal) *cobra.Command {
	var s signing
	var until, reason string
	var lasting time.Duration
	c := &cobra.Command{Use: "pause GATEWAY", Short: "Hand a gateway nothing until some time, at most a day away",
		Long: "Hand a gateway nothing for a while. Its deliveries wait, and are not lost unless their alert ends before; another gateway of the channel that is as " +
			"live carries them if there is one. What stops an alert on this gateway waits, too.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			end, err := endOf(until, lasting)
			if err != nil {
				return &exit{exitRefused, err}
			}
			return t.order(cmd, s, func(api *client.Client) (desk.Proposed, error) { return api.Pause(cmd.Context(), args[0], end, reason) })
		}}
	s.changeFlags(c)
	f := c.Flags()
	f.StringVar(&until, "until", "", "when it ends, as 2026-05-04T18:00:00Z")
	f.DurationVar(&lasting, "for", 0, "how long it lasts, as 30m")
	f.StringVar(&reason, "reason", "", "why")
	c.MarkFlagsMutuallyExclusive("until", "for")
	c.MarkFlagsOneRequired("until", "for")
	_ = c.MarkFlagRequired("reason")
	return c
}

// endOf is the end of a pause, in whole seconds.
func endOf(until string, lasting time.Duration) (time.Time, error) {
	if until != "" {
		end, err := time.Parse(time.RFC3339, until)
		if err != nil {
			return end, fmt.Errorf("--until %q: want a time like 2026-05-04T18:00:00Z", until)
		}
		return end, nil
	}
	if lasting < time.Second {
		return time.Time{}, errors.New("--for: want at least 1s")
	}
	return time.Now().Add(lasting).UTC().Truncate(time.Second), nil
}

func gatewayResumeVerb(t *terminal) *cobra.Command {
	var s signing
	c := &cobra.Command{Use: "resume GATEWAY", Short: "End the pause of a gateway", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return t.order(cmd, s, func(api *client.Client) (desk.Proposed, error) { return api.Resume(cmd.Context(), args[0]) })
		}}
	s.changeFlags(c)
	return c
}

// order proposes a change of a gateway, and signs it if there is something to sign.
func (t *terminal) order(cmd *cobra.Command, s signing, propose func(*client.Client) (desk.Proposed, error)) error {
	api, err := t.client()
	if err != nil {
		return err
	}
	p, err := propose(api)
	if err != nil {
		return t.refused(err)
	}
	return t.signOrShow(cmd, api, p, s)
}
