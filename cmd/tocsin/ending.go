package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"tocsin/alerting"
	"tocsin/cmd/tocsin/client"
)

func cancelVerb(t *terminal) *cobra.Command {
	return t.endVerb(&cobra.Command{
		Use:   "cancel ALERT",
		Short: "Stop an alert, and tell everybody who was told of it",
		Long: "Stop an alert that should not have gone out. It takes one person, and everybody who was told hears of it: in the words of --words, else in those " +
			"that its template had prepared when it was issued, where it came from one and no --note is given, else that it is cancelled. Where nobody sends alone the note goes into the journal and is told to nobody, and --words are refused: one person stops an alert, and says nothing of his own. Exit codes as for issue.",
	}, "why, for the note of the Cancel; what a template had prepared is not said then", false, (*client.Client).Cancel)
}

func allClearVerb(t *terminal) *cobra.Command {
	return t.endVerb(&cobra.Command{
		Use:   "all-clear ALERT",
		Short: "Say that the danger of an alert is over, to everybody who was told of it",
		Long: "End an alert whose danger is over. The office writes an update in each language of the alert, in the words of --words, else in those that its template " +
			"had prepared where it came from one; it goes out the way of any update, and waits for " +
			"approval where the policy demands it. A false alarm is cancelled instead (tocsin cancel), which takes one person. Exit codes as for issue.",
	}, "a remark, for the note of the update", true, (*client.Client).AllClear)
}

// endVerb is a verb that ends an alert.
func (t *terminal) endVerb(c *cobra.Command, noteHelp string, clear bool,
	end func(*client.Client, context.Context, alerting.AlertID, string, ...alerting.Words) (client.Accepted, error)) *cobra.Command {
	var note, file string
	var show bool
	c.Args = cobra.ExactArgs(1)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		id, api, err := t.alertAndClient(args[0])
		if err != nil {
			return err
		}
		if show {
			return t.showEnding(cmd.Context(), api, id, clear)
		}
		var words []alerting.Words
		if file != "" {
			if words, err = readWords(file); err != nil {
				return &exit{exitRefused, err}
			}
		}
		a, err := end(api, cmd.Context(), id, note, words...)
		if err != nil {
			return t.refused(err)
		}
		return t.showAccepted(a)
	}
	c.Flags().StringVar(&note, "note", "", noteHelp)
	c.Flags().StringVar(&file, "words", "", `a file with what to say, as --show -o json prints it: [{"language": "en", "headline": "…", "description": "…", "instruction": "…"}]`)
	c.Flags().BoolVar(&show, "show", false, "only show what would be said; nothing is issued")
	return c
}

// showEnding shows what a message would say that ends an alert.
func (t *terminal) showEnding(ctx context.Context, api *client.Client, id alerting.AlertID, clear bool) error {
	e, err := api.Endings(ctx, id)
	if err != nil {
		return t.refused(err)
	}
	words := e.Cancel
	if clear {
		words = e.AllClear
	}
	l := listing{header: []string{"language", "headline", "description", "instruction"}, value: words}
	for _, w := range words {
		l.rows = append(l.rows, []string{w.Language, w.Headline, w.Description, w.Instruction})
	}
	return t.show(l)
}

func readWords(file string) ([]alerting.Words, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var words []alerting.Words
	if err := json.Unmarshal(text, &words); err != nil {
		return nil, fmt.Errorf("%s: want a list of words as --show -o json prints it: %w", file, err)
	}
	return words, nil
}
