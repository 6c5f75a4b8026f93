package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"tocsin/alerting"
	"tocsin/alerting/report"
	"tocsin/cmd/tocsin/client"
)

func reportVerb(t *terminal) *cobra.Command {
	var part, file string
	c := &cobra.Command{
		Use:   "report ALERT",
		Short: "Report what an alert came to: who was reached, who was not, and why",
		Long: "Report what an alert came to. The parts are summary (people and deliveries, how long they took), areas (the same by area of the alert and channel; whoever is in several areas counts in the first in the document, so " +
			"that they add up), failures (why deliveries did not " +
			"arrive, by cause) and unreached (everybody whom no channel reached, by reference; no address is shown). With --file the report goes " +
			"into a file, whose name ends in .xlsx, .csv or .json; a workbook (.xlsx) holds all parts unless one is named.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := alerting.ParseAlertID(args[0])
			if err != nil {
				return &exit{exitRefused, err}
			}
			format := t.format
			if file != "" {
				format = strings.TrimPrefix(filepath.Ext(file), ".")
			}
			if !slices.Contains([]string{"json", "csv", "xlsx"}, format) && (file != "" || format != "table") {
				return &exit{exitRefused, fmt.Errorf("--file %q: want a name that ends in .xlsx, .csv or .json", file)}
			}
			api, err := t.client()
			if err != nil {
				return err
			}
			if format == "table" {
				return t.showReport(cmd.Context(), api, id, part)
			}
			wanted, kind, err := report.ParseOrder(part, format)
			if err != nil {
				return &exit{exitRefused, err}
			}
			if file == "" {
				return t.refusedOr(api.Report(cmd.Context(), id, wanted, kind, t.out))
			}
			return t.saveReport(file, func(w io.Writer) error { return api.Report(cmd.Context(), id, wanted, kind, w) })
		},
	}
	c.Flags().StringVar(&part, "part", "", "summary (default), areas, failures or unreached")
	c.Flags().StringVar(&file, "file", "", "write to this file: .xlsx, .csv or .json")
	return c
}

// refusedOr is refused for an error, and nothing for none.
func (t *terminal) refusedOr(err error) error {
	if err == nil {
		return nil
	}
	return t.refused(err)
}

// saveReport writes a file that only its owner reads. It appears under its name once it is complete.
func (t *terminal) saveReport(file string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+".*")
	if err != nil {
		return &exit{exitFailed, err}
	}
	err = write(f)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return t.refused(err)
	}
	t.printf("written to %s\n", file)
	return nil
}

// showReport prints a part as tables.
func (t *terminal) showReport(ctx context.Context, api *client.Client, id alerting.AlertID, part string) error {
	wanted, _, err := report.ParseOrder(part, string(report.JSON))
	if err != nil {
		return &exit{exitRefused, err}
	}
	if wanted == report.UnreachedPart {
		return t.refusedOr(t.showUnreached(func(w io.Writer) error { return api.Report(ctx, id, wanted, report.JSON, w) }))
	}
	var text strings.Builder
	if err := api.Report(ctx, id, wanted, report.JSON, &text); err != nil {
		return t.refused(err)
	}
	if wanted == report.Areas {
		var areas []report.AreaReach
		if err := json.Unmarshal([]byte(text.String()), &areas); err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
		return t.showAreas(areas)
	}
	if wanted == report.Failures {
		var causes []report.Cause
		if err := json.Unmarshal([]byte(text.String()), &causes); err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
		return t.showCauses(causes)
	}
	var out report.Outcome
	if err := json.Unmarshal([]byte(text.String()), &out); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	return t.showOutcome(out)
}

func (t *terminal) showOutcome(o report.Outcome) error {
	t.printf("alert %s: %s, world %s\n", o.Alert, o.Status, o.World)
	if o.StoppedBy != "" {
		t.printf("stopped by alert %s\n", o.StoppedBy)
	}
	reach := listing{header: []string{"of", "targeted", "reached", "delivered", "acknowledged", "open", "uncertain", "unreached"}}
	add := func(of string, r report.Reach) {
		reach.rows = append(reach.rows, append([]string{of}, numbers(r.Targeted, r.Reached, r.Delivered, r.Acknowledged, r.Open, r.Uncertain, r.Unreached)...))
	}
	add("people", o.People)
	add("sirens", o.Sirens)
	for _, in := range o.Infos {
		add(strings.TrimSpace(fmt.Sprintf("info %d %s", in.Info, in.Language)), in.People)
	}
	for i := range o.Areas {
		add(strings.TrimSpace(areaName(&o.Areas[i])+" "+o.Areas[i].Description), o.Areas[i].People)
	}
	if err := t.show(reach); err != nil {
		return err
	}
	t.printf("\n")
	l := listing{header: []string{"channel", "targeted", "queued", "sent", "delivered", "acknowledged", "failed", "expired", "cancelled", "opted_out",
		"uncertain", "reached", "alone", "first_s", "p50_s", "p95_s", "p99_s"}}
	for _, c := range o.Channels {
		x := c.States
		row := append([]string{string(c.Channel)}, numbers(c.Targeted, x.Queued, x.Sent, x.Delivered, x.Acknowledged, x.Failed, x.Expired, x.Cancelled,
			x.OptedOut, x.Uncertain, c.Reached, c.Alone)...)
		l.rows = append(l.rows, append(row, secondsText(c.First), secondsText(c.Median), secondsText(c.P95), secondsText(c.P99)))
	}
	if err := t.show(l); err != nil {
		return err
	}
	if !o.Final {
		t.printf("not final: deliveries are under way\n")
	}
	if !o.Consistent {
		t.printf("books: NOT EQUAL YET: targeted and the sum of states differ\n")
	}
	for _, n := range o.Notes {
		t.printf("note: %s\n", n)
	}
	return nil
}

func numbers(all ...int64) []string {
	out := make([]string, len(all))
	for i, n := range all {
		out[i] = strconv.FormatInt(n, 10)
	}
	return out
}

func (t *terminal) showCauses(causes []report.Cause) error {
	l := listing{header: []string{"deliveries", "channel", "state", "reason"}}
	for _, c := range causes {
		l.rows = append(l.rows, []string{strconv.FormatInt(c.Deliveries, 10), string(c.Channel), c.State, orDash(c.Reason)})
	}
	return t.show(l)
}

// unreachedAtOnce is how many people are in memory, and have columns of one width.
const unreachedAtOnce = 500

// showUnreached prints the list while it comes in.
func (t *terminal) showUnreached(fetch func(io.Writer) error) error {
	from, to := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := fetch(to)
		done <- err
		_ = to.CloseWithError(err)
	}()
	err := t.printUnreached(json.NewDecoder(from))
	_ = from.CloseWithError(err)
	// What the API said comes before what could not be read because of it.
	if fetched := <-done; fetched != nil && !errors.Is(fetched, io.ErrClosedPipe) {
		return fetched
	}
	return err
}

func (t *terminal) printUnreached(list *json.Decoder) error {
	if _, err := list.Token(); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	l := listing{header: []string{"who", "kind", "channel", "state", "reason"}}
	people := 0
	for list.More() {
		var u report.Unreached
		if err := list.Decode(&u); err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
		for _, m := range u.Channels {
			l.rows = append(l.rows, []string{orDash(u.Who), u.Kind, string(m.Channel), m.State, orDash(m.Reason)})
		}
		if people++; people%unreachedAtOnce == 0 {
			if err := t.show(l); err != nil {
				return err
			}
			l.rows = nil
		}
	}
	if _, err := list.Token(); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if len(l.rows) > 0 || people == 0 {
		return t.show(l)
	}
	return nil
}
