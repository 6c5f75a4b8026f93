package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/cmd/tocsin/client"
	"tocsin/cmd/tocsin/serve"
)

func windowVerb(t *terminal) *cobra.Command {
	c := &cobra.Command{Use: "window", Short: "Public tests: propose, sign, open, close, list",
		Long: "A message of status Test leaves through no live gateway, but for a public test: a window that two operators have signed, with its times, area " +
			"and channels. A proposal is a file. It goes from one to the other (propose, sign, sign) and then to the office (open); or it waits at the office " +
			"(propose, submit), and each signs it there (agree). `tocsin issue --window ID` issues a test in it; one operator closes it."}
	c.AddCommand(windowProposeVerb(t), windowSignVerb(t), windowOpenVerb(t), windowSubmitVerb(t), windowAgreeVerb(t), windowShowVerb(t), windowCloseVerb(t),
		windowListVerb(t))
	return c
}

func windowProposeVerb(_ *terminal) *cobra.Command {
	var w alerting.TestWindow
	var from, until string
	var channels, polygons []string
	c := &cobra.Command{Use: "propose FILE", Short: "Write a proposal", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var err error
			if w.From, err = moment("--from", from); err != nil {
				return err
			}
			if w.Until, err = moment("--until", until); err != nil {
				return err
			}
			w.From, w.Until = w.From.UTC().Truncate(time.Second), w.Until.UTC().Truncate(time.Second)
			for _, ch := range channels {
				w.Channels = append(w.Channels, alerting.Channel(ch))
			}
			for _, text := range polygons {
				ring, err := ringOf(text)
				if err != nil {
					return &exit{exitRefused, err}
				}
				w.Polygons = append(w.Polygons, ring)
			}
			if err := approval.CheckWindow(w); err != nil {
				return &exit{exitRefused, err}
			}
			return writeWindow(args[0], w)
		}}
	f := c.Flags()
	f.StringVar(&w.ID, "id", "", "its name, such as siren-day-2027")
	f.StringVar(&from, "from", "", "when it begins (RFC 3339)")
	f.StringVar(&until, "until", "", "when it ends, at most 24 h later")
	f.StringSliceVar(&channels, "channel", nil, "a channel that it opens: sms, push, mail, siren (may be repeated)")
	f.StringArrayVar(&w.Codes, "geocode", nil, "NAME=VALUE, where a value may end with * (may be repeated)")
	f.StringArrayVar(&polygons, "polygon", nil, "a closed ring as in CAP, \"lat,lon lat,lon …\" (may be repeated)")
	f.StringSliceVar(&w.Groups, "group", nil, "the only siren groups that it may sound (may be repeated)")
	f.StringVar(&w.Programme, "programme", "", "with the channel siren: test-silent, attention, all-clear or alarm")
	f.IntVar(&w.Seconds, "seconds", 0, "with the channel siren: how long it sounds at most")
	f.StringVar(&w.Note, "note", "", "what the test is for")
	for _, name := range []string{"id", "from", "until", "channel"} {
		_ = c.MarkFlagRequired(name)
	}
	return c
}

// ringOf reads a polygon as CAP writes it.
func ringOf(text string) ([][2]float64, error) {
	var ring [][2]float64
	for _, pair := range strings.Fields(text) {
		lat, lon, _ := strings.Cut(pair, ",")
		a, err := strconv.ParseFloat(lat, 64)
		o, more := strconv.ParseFloat(lon, 64)
		if err != nil || more != nil {
			return nil, fmt.Errorf("--polygon: %q: want lat,lon", pair)
		}
		ring = append(ring, [2]float64{a, o})
	}
	return ring, nil
}

func writeWindow(name string, w alerting.TestWindow) error {
	text, err := json.MarshalIndent(w, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o600)
}

func (t *terminal) readWindow(name string) (alerting.TestWindow, error) {
	var w alerting.TestWindow
	text, err := t.readFile(name, maxPaper)
	if err == nil {
		err = json.Unmarshal(text, &w)
	}
	if err == nil {
		err = approval.CheckWindow(w)
	}
	if err != nil {
		return w, &exit{exitRefused, fmt.Errorf("%s: %w", name, err)}
	}
	return w, nil
}

func windowSignVerb(t *terminal) *cobra.Command {
	var s signing
	c := &cobra.Command{Use: "sign FILE", Short: "Put your signature on a proposal", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			w, err := t.readWindow(args[0])
			if err != nil {
				return err
			}
			key, err := serve.OperatorKey(s.key)
			if err != nil {
				return &exit{exitRefused, fmt.Errorf("--key: %w", err)}
			}
			t.describeWindow(w)
			if !s.yes {
				t.prompt("Type %s to let tests reach the public: ", w.ID)
				line, err := t.lineReader().ReadString('\n')
				if strings.TrimSpace(line) != w.ID {
					return &exit{exitRefused, errors.Join(errors.New("nothing was signed"), err)}
				}
			}
			a, err := approval.SignWindow(key, w, s.as, time.Now())
			if err != nil {
				return &exit{exitRefused, err}
			}
			w.By = append(w.By, a)
			return writeWindow(args[0], w)
		}}
	keyFlags(c, &s)
	c.Flags().BoolVar(&s.yes, "yes", false, "do not ask")
	return c
}

// keyFlags are those of whoever signs a paper with a key of his own.
func keyFlags(c *cobra.Command, s *signing) {
	c.Flags().StringVar(&s.key, "key", "", "the file with your key")
	c.Flags().StringVar(&s.as, "as", "", "your name, as you are enrolled")
	_ = c.MarkFlagRequired("key")
	_ = c.MarkFlagRequired("as")
}

// describeWindow says what a signature would stand for.
func (t *terminal) describeWindow(w alerting.TestWindow) {
	t.prompt("PUBLIC TEST %s: messages of status Test REACH THE PUBLIC from %s to %s\n", w.ID, w.From.Format(time.RFC3339), w.Until.Format(time.RFC3339))
	t.prompt("by: %s\n", strings.Join(names(w.Channels), ", "))
	t.prompt("where: %s\n", strings.Join(append(w.Codes, fmt.Sprintf("%d polygons", len(w.Polygons))), ", "))
	if w.Programme != "" {
		t.prompt("sirens: %s for %d s, groups: %s\n", w.Programme, w.Seconds, strings.Join(w.Groups, ", "))
	}
	if w.Note != "" {
		t.prompt("note: %s\n", w.Note)
	}
}

func windowOpenVerb(t *terminal) *cobra.Command {
	return &cobra.Command{Use: "open FILE", Short: "Hand a proposal in that two have signed", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := t.readWindow(args[0])
			if err != nil {
				return err
			}
			api, err := t.client()
			if err != nil {
				return err
			}
			if err := api.OpenWindow(cmd.Context(), w); err != nil {
				return t.refused(err)
			}
			t.printf("window %s is open from %s to %s\n", w.ID, w.From.Format(time.RFC3339), w.Until.Format(time.RFC3339))
			return nil
		}}
}

func windowListVerb(t *terminal) *cobra.Command {
	var states []string
	var paging client.Paging
	c := &cobra.Command{Use: "list", Short: "Public tests and proposals, the latest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			all, err := api.Windows(cmd.Context(), states, paging)
			if err != nil {
				return t.refused(err)
			}
			l := listing{header: []string{"window", "state", "from", "until", "channels", "note"}, value: all}
			for _, w := range all {
				l.rows = append(l.rows, []string{w.ID, string(w.State), w.From.Format(time.RFC3339), w.Until.Format(time.RFC3339), strings.Join(names(w.Channels), " "), w.Note})
			}
			return t.show(l)
		}}
	c.Flags().StringSliceVar(&states, "state", nil, "only those that are proposed, ahead, open, over, closed, lapsed, withdrawn or void (may be repeated)")
	pagingFlags(c, &paging)
	return c
}
