package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/cap"
	"tocsin/cmd/tocsin/config"
)

// routed is the way that an alert would take.
type routed struct {
	World alerting.World `json:"world"`
	Lane  alerting.Lane  `json:"lane"`
	// Rules are those of the policy that it must keep, each with what it demands; empty where nobody must approve.
	Rules    []string    `json:"rules,omitempty"`
	Channels []routedVia `json:"channels"`
}

// routedVia is a channel and the gateways that may carry it.
type routedVia struct {
	Channel  alerting.Channel `json:"channel"`
	Gateways []string         `json:"gateways"`
}

func routeVerb(t *terminal) *cobra.Command {
	c := &cobra.Command{Use: "route", Short: "Which way an alert would take"}
	c.AddCommand(routeTestVerb(t))
	return c
}

func routeTestVerb(t *terminal) *cobra.Command {
	var severity, status string
	var channels, areas []string
	c := &cobra.Command{Use: "test [FILE]", Short: "Say which rules, lane, channels and gateways an alert would take; nothing is issued",
		Long: "Say which rules of the policy a CAP document would have to keep, in which lane it would travel, and which gateways could carry it, by the " +
			"configuration of this machine (-c). No office is asked; `issue --dry-run` says who would be reached. Without FILE an alert is made of the flags.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			cfg, err := t.config()
			if err != nil {
				return err
			}
			a := madeUp(severity, status, areas)
			if len(args) == 1 {
				document, err := t.readFile(args[0], maxDocument)
				if err != nil {
					return &exit{exitRefused, err}
				}
				found, findings := cap.Read(document, cap.Options{MaxBytes: maxDocument})
				if found == nil {
					return &exit{exitRefused, fmt.Errorf("%s cannot be read: %w", args[0], findings)}
				}
				a = found
			}
			r, err := routeOf(cfg, a, channels)
			if err != nil {
				return &exit{exitRefused, err}
			}
			return t.showRoute(r)
		}}
	f := c.Flags()
	f.StringVar(&severity, "severity", string(cap.Severe), "without FILE: Minor, Moderate, Severe, Extreme or Unknown")
	f.StringVar(&status, "status", string(cap.StatusActual), "without FILE: Actual, Exercise or Test")
	f.StringSliceVar(&areas, "area", nil, "without FILE: geocodes of its areas, NAME=VALUE")
	f.StringSliceVar(&channels, "channel", nil, "only these channels (sms, push, mail, siren)")
	return c
}

// madeUp is an alert of flags, immediate and observed.
func madeUp(severity, status string, areas []string) *cap.Alert {
	info := cap.Info{Severity: cap.Severity(severity), Urgency: cap.Immediate, Certainty: cap.Observed}
	for _, code := range areas {
		name, value, _ := strings.Cut(code, "=")
		info.Areas = append(info.Areas, cap.Area{Description: code, Geocodes: []cap.Value{{Name: name, Value: value}}})
	}
	return &cap.Alert{Status: cap.Status(status), MsgType: cap.MsgAlert, Sent: time.Now(), Infos: []cap.Info{info}}
}

// routeOf is the way of an alert by a configuration.
func routeOf(cfg *config.Config, a *cap.Alert, channels []string) (routed, error) {
	world, err := alerting.WorldOf(a.Status)
	if err != nil {
		return routed{}, err
	}
	r := routed{World: world, Lane: alerting.LaneOf(a)}
	e := &alerting.Envelope{World: world}
	for _, ch := range channels {
		if !slices.Contains(alerting.Channels(), alerting.Channel(ch)) {
			return r, fmt.Errorf("--channel %q: want some of %v", ch, alerting.Channels())
		}
		e.Channels = append(e.Channels, alerting.Channel(ch))
	}
	office, err := cfg.Approval.Office()
	if err != nil {
		return r, errors.Join(errors.New("approval"), err)
	}
	if office != nil {
		r.Rules = demandsOf(office.Policy, a, e)
	}
	for _, ch := range alerting.Channels() {
		if len(e.Channels) == 0 || slices.Contains(e.Channels, ch) {
			r.Channels = append(r.Channels, routedVia{ch, carriers(cfg, ch, world)})
		}
	}
	return r, nil
}

// demandsOf says what the rules that fit demand. Stopping takes one person, whatever they say.
func demandsOf(policy approval.Policy, a *cap.Alert, e *alerting.Envelope) []string {
	if a.MsgType == cap.MsgCancel {
		return []string{"a Cancel: one person who may stop"}
	}
	var out []string
	for _, rule := range policy.Demands(a, e) {
		text := fmt.Sprintf("%s: %d approvals besides the author", rule.ID, rule.Approvals)
		if rule.Approvals == 1 {
			text = rule.ID + ": 1 approval besides the author"
		}
		if len(rule.Kinds) > 0 {
			text += fmt.Sprintf(", by keys of %v", rule.Kinds)
		}
		out = append(out, text)
	}
	return out
}

// carriers are the gateways of a channel that may carry a world.
func carriers(cfg *config.Config, ch alerting.Channel, world alerting.World) []string {
	out := []string{}
	for _, g := range cfg.Gateways {
		if alerting.Channel(g.Channel) != ch || g.Live != nil && *g.Live && world != alerting.Actual {
			continue
		}
		name := g.Name
		if g.Standby {
			name += " (standby)"
		}
		out = append(out, name)
	}
	return out
}

func (t *terminal) showRoute(r routed) error {
	if t.format == "json" {
		return t.json(r)
	}
	l := listing{header: []string{"what", "which"}, rows: [][]string{{"world", string(r.World)}, {"lane", string(r.Lane)}}}
	for _, rule := range r.Rules {
		l.rows = append(l.rows, []string{"rule", rule})
	}
	for _, via := range r.Channels {
		which := strings.Join(via.Gateways, ", ")
		if which == "" {
			which = "no gateway may carry it"
		}
		l.rows = append(l.rows, []string{string(via.Channel), which})
	}
	return t.show(l)
}
