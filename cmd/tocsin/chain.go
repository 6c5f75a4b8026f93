package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tocsin/cap"
)

func chainVerb(t *terminal) *cobra.Command {
	var at string
	var tolerant bool
	c := &cobra.Command{
		Use:   "chain FILE…|FOLDER…",
		Short: "Tell how alerts stand: active, updated, cancelled, expired, pending",
		Long: "Read CAP documents (of a folder: *.xml and *.cap) and tell how each stands among the others: active, pending (not yet " +
			"effective), updated or cancelled and by what, expired, or a notice that warns of nothing itself. References that lead nowhere, in " +
			"a circle, or two ways are listed. The order of the files does not matter.\n\n" +
			"Exit code 0: nothing is wrong; 1: a finding is an error; 2: a file cannot be read.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			now, err := momentOf(at)
			if err != nil {
				return &exit{exitRefused, err}
			}
			alerts, files, err := t.readAll(args, tolerant)
			if err != nil {
				return &exit{exitRefused, err}
			}
			return t.showChain(cap.Chain(alerts, now), files)
		},
	}
	c.Flags().StringVar(&at, "at", "", "as they stand at this moment, e.g. 2026-05-24T16:49:00-07:00 (default: now)")
	c.Flags().BoolVar(&tolerant, "read", false, "read tolerantly what authorities really send")
	return c
}

// momentOf reads a time of RFC 3339; empty is now.
func momentOf(text string) (time.Time, error) {
	if text == "" {
		return time.Now(), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fmt.Errorf("--at %q: write it as 2026-05-24T16:49:00-07:00", text)
	}
	return at, nil
}

// readAll reads documents; files says where each alert comes from.
func (t *terminal) readAll(names []string, tolerant bool) (alerts []*cap.Alert, files map[*cap.Alert]string, err error) {
	names, err = documentsIn(names)
	if err != nil {
		return nil, nil, err
	}
	files = map[*cap.Alert]string{}
	for _, name := range names {
		document, err := t.readFile(name, maxDocument)
		if err != nil {
			return nil, nil, err
		}
		alert, findings := readAlert(document, tolerant)
		if err := findings.Err(); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		alerts = append(alerts, alert)
		files[alert] = name
	}
	if len(alerts) == 0 {
		return nil, nil, fmt.Errorf("no documents (*.xml, *.cap) in %s", strings.Join(names, ", "))
	}
	return alerts, files, nil
}

// linkJSON is a message as chain writes it.
type linkJSON struct {
	File       string         `json:"file"`
	Sender     string         `json:"sender"`
	Identifier string         `json:"identifier"`
	Sent       time.Time      `json:"sent"`
	MsgType    cap.MsgType    `json:"msgType"`
	Status     cap.Status     `json:"status"`
	State      cap.State      `json:"state"`
	By         []referredJSON `json:"by,omitempty"`
	Findings   cap.Findings   `json:"findings,omitempty"`
}

type referredJSON struct {
	Sender     string    `json:"sender"`
	Identifier string    `json:"identifier"`
	Sent       time.Time `json:"sent"`
}

func (t *terminal) showChain(standings []cap.Standing, files map[*cap.Alert]string) error {
	l := listing{header: []string{"sent", "type", "identifier", "state", "by", "file"}}
	links, failed := []linkJSON{}, false
	for _, s := range standings {
		a := s.Alert
		one := linkJSON{File: files[a], Sender: a.Sender, Identifier: a.Identifier, Sent: a.Sent, MsgType: a.MsgType, Status: a.Status,
			State: s.State, Findings: s.Findings}
		var by []string
		for _, b := range s.By {
			one.By = append(one.By, referredJSON{b.Sender, b.Identifier, b.Sent})
			by = append(by, b.Identifier)
		}
		links = append(links, one)
		failed = failed || s.Findings.Err() != nil
		l.rows = append(l.rows, []string{a.Sent.Format(time.RFC3339), string(a.MsgType), a.Identifier, string(s.State),
			cmp.Or(strings.Join(by, " "), "-"), files[a]})
	}
	l.value = links
	if err := t.show(l); err != nil {
		return err
	}
	if t.format == "table" {
		for _, s := range standings {
			for _, f := range s.Findings {
				t.printf("%s: %s: %s: %s\n", files[s.Alert], f.Level, f.ID, f.Message)
			}
		}
	}
	if failed {
		return &exit{exitFailed, nil}
	}
	return nil
}
