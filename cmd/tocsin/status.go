package main

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
	"tocsin/cmd/tocsin/client"

	"github.com/spf13/cobra"

	"tocsin/alerting"
	"tocsin/alerting/report"
)

func statusVerb(t *terminal) *cobra.Command {
	var paging client.Paging
	picks := make(map[string]*string)
	c := &cobra.Command{
		Use:   "status [ALERT]",
		Short: "Show how an alert stands, or list the latest alerts, or those that are searched for",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			if len(args) == 0 {
				query := url.Values{}
				for name, value := range picks {
					if *value != "" {
						query.Set(name, *value)
					}
				}
				all, err := api.Search(cmd.Context(), query, paging)
				if err != nil {
					return t.refused(err)
				}
				return t.showList(all)
			}
			id, err := alerting.ParseAlertID(args[0])
			if err != nil {
				return &exit{exitRefused, err}
			}
			s, err := api.Status(cmd.Context(), id)
			if err != nil {
				return t.refused(err)
			}
			return t.showStatus(s)
		},
	}
	pagingFlags(c, &paging)
	for _, flag := range []struct{ name, query, about string }{
		{"find", "q", "only alerts with this text in headline, event, area, sender or identifier"},
		{"from", "from", "only alerts issued at this time (RFC 3339) or later"}, {"to", "to", "only alerts issued before this time (RFC 3339)"},
		{"is", "status", "only alerts that are live, stopped or over"}, {"severity", "severity", "only alerts whose highest severity is this"},
		{"sender", "sender", "only alerts of this CAP sender"}, {"category", "category", "only alerts of this CAP category"},
	} {
		picks[flag.query] = c.Flags().String(flag.name, "", flag.about)
	}
	return c
}

func (t *terminal) showList(all []report.Listing) error {
	l := listing{header: []string{"alert", "world", "type", "lane", "state", "people", "issued", "expires", "headline"}, value: all}
	for _, a := range all {
		l.rows = append(l.rows, []string{a.Alert.String(), string(a.World), a.MsgType, string(a.Lane), a.State,
			strconv.FormatInt(a.People, 10), a.Issued.Format(time.RFC3339), a.Expires.Format(time.RFC3339), titleOf(&a)})
	}
	return t.show(l)
}

// titleOf is what an alert is called in its first language; empty when this office did not issue it.
func titleOf(a *report.Listing) string {
	if len(a.Titles) == 0 {
		return ""
	}
	return a.Titles[0].Headline
}

func (t *terminal) showStatus(s report.Status) error {
	l := listing{value: s, header: []string{"channel", "targeted", "queued", "claimed", "sent", "delivered", "acknowledged", "failed",
		"expired", "cancelled", "opted_out", "uncertain", "first_s", "p95_s"}}
	for _, c := range s.Channels {
		row := []string{string(c.Channel)}
		x := c.States
		for _, n := range []int64{c.Targeted, x.Queued, x.Claimed, x.Sent, x.Delivered, x.Acknowledged, x.Failed, x.Expired,
			x.Cancelled, x.OptedOut, x.Uncertain} {
			row = append(row, strconv.FormatInt(n, 10))
		}
		l.rows = append(l.rows, append(row, secondsText(c.First), secondsText(c.P95)))
	}
	if t.format != "table" {
		return t.show(l)
	}
	t.printf("alert %s: %s, world %s, lane %s\n", s.Alert, s.Status, s.World, s.Lane)
	if s.StoppedBy != "" {
		t.printf("stopped by alert %s\n", s.StoppedBy)
	}
	if !s.Ready {
		t.printf("the receipts are being rebuilt; ask again in a moment\n")
		return nil
	}
	if err := t.show(l); err != nil {
		return err
	}
	p := s.People
	t.printf("people: %d targeted, %d told, %d delivered, %d acknowledged, %d unreachable", p.Targeted, p.Told, p.Delivered,
		p.Acknowledged, p.Unreachable)
	if p.Uncertain > 0 {
		t.printf(", %d uncertain", p.Uncertain)
	}
	t.printf("\n")
	if g := s.Groups; g != nil {
		t.printf("of them: %d still inside, %d newly inside, %d told before and inside no longer\n", g.Still, g.New, g.Gone)
	}
	if s.Consistent {
		t.printf("books: targeted = sum of states\n")
	} else {
		t.printf("books: NOT EQUAL YET: targeted and the sum of states differ\n")
	}
	for _, n := range s.Notes {
		t.printf("note: %s\n", n)
	}
	return nil
}

func secondsText(s *float64) string {
	if s == nil {
		return "-"
	}
	return strconv.FormatFloat(*s, 'f', 3, 64)
}

func explainVerb(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "explain ALERT PERSON|SIREN",
		Short: "Tell what became of one person or siren",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, api, err := t.alertAndClient(args[0])
			if err != nil {
				return err
			}
			x, err := api.Explain(cmd.Context(), id, args[1])
			if err != nil {
				return t.refused(err)
			}
			return t.showExplanation(x)
		},
	}
}

func (t *terminal) showExplanation(x report.Explanation) error {
	l := listing{value: x, header: []string{"channel", "state", "attempts", "inside", "page", "place", "history"}}
	for _, s := range x.Spots {
		for _, d := range s.Deliveries {
			var history []string
			for _, n := range d.History {
				history = append(history, fmt.Sprintf("%s attempt %d %s: %s", time.UnixMilli(n.At).UTC().Format(time.RFC3339), n.Attempt, n.What, n.Reason))
			}
			l.rows = append(l.rows, []string{string(d.Channel), d.State, strconv.Itoa(int(d.Attempts)), strconv.FormatBool(s.Inside),
				strconv.FormatUint(uint64(s.Page), 10), strconv.Itoa(int(s.Place)), strings.Join(history, "; ")})
		}
	}
	if t.format == "table" && !x.Targeted {
		t.printf("%s %s: the alert was not for %s\n", x.Kind, x.Who, map[string]string{"person": "this person", "siren": "this siren"}[x.Kind])
		if x.Why != "" {
			t.printf("why: %s\n", x.Why)
		}
		for _, n := range x.Notes {
			t.printf("note: %s\n", n)
		}
		return nil
	}
	return t.show(l)
}
