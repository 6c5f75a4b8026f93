package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"tocsin/alerting"
	"tocsin/alerting/report"
	"tocsin/cap"
	"tocsin/cmd/tocsin/client"
)

// maxDocument bounds what the client reads; the API has its own, configured limit.
const maxDocument = 16 << 20

func findingRows(name string, findings cap.Findings) [][]string {
	var rows [][]string
	for _, f := range findings {
		rows = append(rows, []string{name, strconv.Itoa(f.Line), f.Level.String(), f.ID, f.Path, f.Message})
	}
	return rows
}

func issueVerb(t *terminal) *cobra.Command {
	var order client.Order
	var s signing
	var standing string
	var dry, list, watch bool
	c := &cobra.Command{
		Use:   "issue FILE",
		Short: "Issue a CAP alert, update or cancel (- reads standard input)",
		Long: "Issue a CAP document. Where the office demands approvals it is submitted, and goes out once others have approved it (tocsin approve). " +
			"Exit code 0: accepted, or submitted; 2: refused, nothing was issued; 3: unknown, the answer was lost and " +
			"the same command again is safe.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			document, api, err := t.documentAndClient(args[0])
			if err != nil {
				return err
			}
			if dry {
				run, err := api.DryRun(cmd.Context(), document, order, list)
				if err != nil {
					return t.refused(err)
				}
				return t.showDryRun(run, list)
			}
			accepted, err := api.Issue(cmd.Context(), document, order)
			if err != nil {
				return t.refused(err)
			}
			if standing != "" && accepted.Draft != "" {
				d, err := api.DraftAt(cmd.Context(), accepted.Draft)
				if err != nil {
					return t.refused(err)
				}
				return t.releaseUnder(cmd, api, d, standing, s)
			}
			if !watch || accepted.Draft != "" {
				return t.showAccepted(accepted)
			}
			return t.watch(cmd.Context(), api, accepted)
		},
	}
	f := c.Flags()
	f.BoolVar(&dry, "dry-run", false, "issue nothing: show who would get what by which channel, and what it costs")
	f.BoolVar(&list, "list", false, "with --dry-run: name every recipient")
	nobodyFlag(c, &order.Nobody)
	f.StringVar(&standing, "standing", "", "send it now under this standing authorisation; a second person countersigns later")
	s.keyOrPassword(c)
	f.BoolVar(&s.yes, "yes", false, "with --standing: do not ask")
	f.BoolVar(&watch, "watch", false, "show progress until everything is settled; JSON lines when the output is no terminal")
	ordered(c, &order)
	return c
}

// refused turns an answer into an exit code, and prints every finding.
func (t *terminal) refused(err error) error {
	if errors.Is(err, client.ErrUnknown) {
		return &exit{exitUnknown, err}
	}
	var p *client.Problem
	if !errors.As(err, &p) {
		return &exit{exitFailed, err}
	}
	if len(p.Findings) > 0 {
		l := listing{header: []string{"line", "level", "rule", "path", "message"}, value: p}
		for _, row := range findingRows("", p.Findings) {
			l.rows = append(l.rows, row[1:])
		}
		if err := t.show(l); err != nil {
			return err
		}
	}
	return &exit{exitRefused, p}
}

func (t *terminal) showAccepted(a client.Accepted) error {
	if t.format == "json" {
		return t.json(a)
	}
	t.tellAccepted(a, t.printf)
	return nil
}

// tellAccepted says in words that an order was accepted.
func (t *terminal) tellAccepted(a client.Accepted, say func(format string, args ...any)) {
	again := ""
	if a.Repeated {
		again = " (it had been issued before; nothing was issued twice)"
	}
	if a.Draft != "" {
		say("submitted: draft %s, to be issued as alert %s\n", a.Draft, a.Alert)
		for _, m := range a.Missing {
			say("waits: %s\n", m)
		}
	} else {
		say("accepted: alert %s%s\n", a.Alert, again)
	}
	for _, f := range a.Findings {
		say("%s: line %d: %s\n", f.Level, f.Line, f.Message)
	}
}

func updateVerb(t *terminal) *cobra.Command {
	var order client.Order
	c := &cobra.Command{
		Use:   "update ALERT FILE",
		Short: "Issue a CAP document as the update of an alert (- reads standard input)",
		Long: "Issue a document in the place of an alert. Its type and references are written by the office, and its identifier and sent where they are those of " +
			"an earlier message: change the text of the file that you issued, and send it again. Exit codes as for issue.",
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := alerting.ParseAlertID(args[0])
			if err != nil {
				return &exit{exitRefused, err}
			}
			document, api, err := t.documentAndClient(args[1])
			if err != nil {
				return err
			}
			a, err := api.Update(cmd.Context(), id, document, order)
			if err != nil {
				return t.refused(err)
			}
			return t.showAccepted(a)
		},
	}
	ordered(c, &order)
	return c
}

func (t *terminal) showDryRun(run report.DryRun, list bool) error {
	if t.format == "json" {
		return t.json(run)
	}
	if list && t.format == "csv" {
		return t.show(listOf(run))
	}
	l := dryChannels(run, t.format == "csv")
	if t.format == "csv" {
		return t.show(l)
	}
	t.printf("alert %s, world %s, lane %s: %s, %s\n\n", run.Alert, run.World, run.Lane,
		strings.Replace(number(run.People, "person"), "persons", "people", 1), number(run.Sirens, "siren"))
	if err := t.show(l); err != nil {
		return err
	}
	t.printf("%s\n", dryTotal(run))
	for _, s := range run.Samples {
		t.printf("\n%s, %s, %s:\n", s.Channel, s.Language, sizeOf(s))
		if s.Subject != "" {
			t.printf("  %s\n", s.Subject)
		}
		t.printf("  %s\n", strings.ReplaceAll(strings.TrimSpace(s.Body), "\n", "\n  "))
		for _, a := range s.Advice {
			t.printf("  advice: %s\n", a)
		}
	}
	for _, f := range run.Findings {
		t.printf("%s: line %d: %s\n", f.Level, f.Line, f.Message)
	}
	for _, n := range run.Notes {
		t.printf("note: %s\n", n)
	}
	if !list {
		return nil
	}
	t.printf("\n")
	return t.show(listOf(run))
}

// sizeOf says how many would read a sample, and what one message of it costs where that is more than a message.
func sizeOf(s report.Sample) string {
	what := "recipient"
	if s.Channel == alerting.Siren {
		what = "siren"
	}
	text := number(s.Recipients, what)
	if s.Channel == alerting.SMS {
		text += ", " + number(int64(s.Parts), "part")
	}
	return text
}

// number is "1 recipient" or "2 recipients".
func number(n int64, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.FormatInt(n, 10) + " " + what
}

func listOf(run report.DryRun) listing {
	l := listing{header: []string{"who", "kind", "language", "channels"}}
	for _, x := range run.List {
		l.rows = append(l.rows, []string{x.Who, x.Kind, x.Language, strings.Trim(fmt.Sprint(x.Channels), "[]")})
	}
	return l
}
