package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tocsin/alerting/report"
	"tocsin/cmd/tocsin/client"
)

func deadLettersVerb(t *terminal) *cobra.Command {
	c := &cobra.Command{
		Use:   "deadletters",
		Short: "Records that were set aside: list them, look at one, put them back",
		Long: "A record that its consumer can never use (poison, a batch for a gateway that is not configured) is set aside among the dead " +
			"letters, and its topic goes on. The places of a batch that lies there stay open until it is put back or its alert is over.",
	}
	c.AddCommand(listLettersVerb(t), showLetterVerb(t), redriveVerb(t))
	return c
}

func listLettersVerb(t *terminal) *cobra.Command {
	var all bool
	var alert string
	c := &cobra.Command{
		Use:   "list",
		Short: "List the records that were set aside",
		Long: "List the records that were set aside and not put back, oldest first. State: open (may be put back), redriven, or why it " +
			"cannot be put back.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			letters, err := api.Letters(cmd.Context(), alert, all)
			if err != nil {
				return t.refused(err)
			}
			return t.showLetters(letters)
		},
	}
	c.Flags().BoolVar(&all, "all", false, "also those that were put back")
	c.Flags().StringVar(&alert, "alert", "", "only those of this alert")
	return c
}

func showLetterVerb(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "show LETTER",
		Short: "Show one record that was set aside: where it came from, why, and what it holds",
		Long: "Show one record that was set aside, by its name TOPIC/PARTITION/OFFSET: where it came from, why it was set aside, and what it " +
			"holds. Addresses stay sealed and are not shown.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			l, err := api.Letter(cmd.Context(), args[0])
			if err != nil {
				return t.refused(err)
			}
			return t.showLetter(l)
		},
	}
}

func redriveVerb(t *terminal) *cobra.Command {
	var alert string
	c := &cobra.Command{
		Use:   "redrive LETTER…",
		Short: "Put records that were set aside back on their topics",
		Long: "Put records back on their topics, by their names TOPIC/PARTITION/OFFSET or with --alert all open ones of an alert. Take away the " +
			"cause first, or they come back. Doing it twice is harmless: who was told is not told again. Exit code 0: all were put back; 2: " +
			"some were refused, such as those of an alert that is over; 3: unknown, an answer was lost and the same command again is safe.",
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			names, err := t.lettersToRedrive(cmd.Context(), api, args, alert)
			if err != nil {
				return err
			}
			return t.redrive(cmd.Context(), api, names)
		},
	}
	c.Flags().StringVar(&alert, "alert", "", "all open letters of this alert")
	return c
}

// lettersToRedrive are those named, or the open ones of an alert.
func (t *terminal) lettersToRedrive(ctx context.Context, api *client.Client, args []string, alert string) ([]string, error) {
	if (len(args) > 0) == (alert != "") {
		return nil, &exit{exitRefused, errors.New("name the letters, or give --alert")}
	}
	if alert != "" {
		letters, err := api.Letters(ctx, alert, false)
		if err != nil {
			return nil, t.refused(err)
		}
		for _, l := range letters {
			if l.State == "open" {
				args = append(args, l.Name)
			}
		}
	}
	return args, nil
}

// redriven is what became of one letter that was to be put back.
type redriven struct {
	Name    string `json:"name"`
	Outcome string `json:"outcome"`
	Problem string `json:"problem,omitempty"`
}

// redrive puts letters back one by one; one that is refused does not keep the others.
func (t *terminal) redrive(ctx context.Context, api *client.Client, names []string) error {
	l := listing{header: []string{"letter", "outcome", "problem"}}
	all, code := []redriven{}, 0
	for _, name := range names {
		r := redriven{Name: name, Outcome: "redriven"}
		_, err := api.Redrive(ctx, name)
		var p *client.Problem
		switch {
		case errors.Is(err, client.ErrRedriveUnknown):
			r.Outcome, r.Problem, code = "unknown", err.Error(), exitUnknown
		case errors.As(err, &p):
			r.Outcome, r.Problem, code = "refused", p.Error(), max(code, exitRefused)
		case err != nil:
			return t.refused(err)
		}
		all = append(all, r)
		l.rows = append(l.rows, []string{r.Name, r.Outcome, r.Problem})
	}
	l.value = all
	if err := t.show(l); err != nil {
		return err
	}
	if code != 0 {
		return &exit{code, errors.New("not all letters were put back")}
	}
	return nil
}

func (t *terminal) showLetters(letters []report.Letter) error {
	l := listing{value: letters, header: []string{"letter", "at", "world", "channel", "lane", "alert", "page", "places", "readable", "state", "reason"}}
	for _, x := range letters {
		alert, page, places := "-", "-", "-"
		if c := x.Contents; c != nil {
			alert, page, places = c.Alert.String(), strconv.FormatUint(uint64(c.Page), 10), strconv.Itoa(c.Places)
		}
		l.rows = append(l.rows, []string{x.Name, x.At.Format(time.RFC3339), string(x.World), orDash(string(x.Channel)), orDash(string(x.Lane)),
			alert, page, places, strconv.FormatBool(x.Readable), x.State, x.Reason})
	}
	return t.show(l)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func (t *terminal) showLetter(x report.Letter) error {
	l := listing{value: x, header: []string{"what", "value"}}
	add := func(what, value string) { l.rows = append(l.rows, []string{what, orDash(value)}) }
	add("letter", x.Name)
	add("set aside", x.At.Format(time.RFC3339))
	add("reason", x.Reason)
	add("state", x.State)
	add("readable", strconv.FormatBool(x.Readable))
	if x.Problem != "" {
		add("problem", x.Problem)
	}
	if x.Redriven != nil {
		add("redriven", x.Redriven.Format(time.RFC3339))
	}
	add("world", string(x.World))
	add("kind", x.Kind)
	add("channel", string(x.Channel))
	add("lane", string(x.Lane))
	add("bytes", strconv.Itoa(x.Bytes))
	if c := x.Contents; c != nil {
		add("alert", c.Alert.String())
		add("page", strconv.FormatUint(uint64(c.Page), 10))
		add("places", strconv.Itoa(c.Places))
		add("gateway", c.Gateway)
		add("tries", strconv.Itoa(int(c.Tries)))
		if c.Expires != nil {
			add("expires", c.Expires.Format(time.RFC3339))
		}
		for _, text := range c.Texts {
			add("text "+text.Language, strings.TrimSpace(fmt.Sprintf("%s %s", text.Subject, strings.Join(strings.Fields(text.Body), " "))))
		}
	}
	return t.show(l)
}
