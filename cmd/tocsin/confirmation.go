package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"tocsin/alerting"
	"tocsin/alerting/desk"
	"tocsin/cap"
	"tocsin/cmd/tocsin/client"
)

func confirmationVerb(t *terminal) *cobra.Command {
	var lang, as string
	c := &cobra.Command{Use: "confirmation DRAFT", Short: "What is confirmed with a draft by whoever signs it: kind, place, audience, channels, end",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			c, err := api.Confirmation(cmd.Context(), args[0], languageOr(lang), as)
			if err != nil {
				return t.refused(err)
			}
			if t.format == "json" {
				return t.json(c)
			}
			t.printf("%s", c.Text)
			return nil
		}}
	c.Flags().StringVar(&lang, "lang", "", "en or zh; left out: as the environment says (LC_ALL, LC_MESSAGES, LANG)")
	c.Flags().StringVar(&as, "as", "", "who will sign: with -o json the question for the place is his")
	return c
}

func worldsVerb(t *terminal) *cobra.Command {
	return &cobra.Command{Use: "worlds", Short: "The kinds of messages, with the words, colours and signs that tell them apart", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			all, err := api.Kinds(cmd.Context())
			if err != nil {
				return t.refused(err)
			}
			l := listing{header: []string{"kind", "world", "public", "sign", "colour", "name"}, value: all}
			for _, k := range all {
				l.rows = append(l.rows, []string{k.ID, string(k.World), strconv.FormatBool(k.Public), k.Symbol, k.Colour, k.Names[languageOr("")]})
			}
			return t.show(l)
		}}
}

// languageOr is the language that a flag names, or else the environment: zh, or en for all others.
func languageOr(lang string) string {
	if lang != "" {
		return lang
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			lang = v
			break
		}
	}
	if strings.HasPrefix(lang, "zh") {
		return "zh"
	}
	return "en"
}

// shows asks the office what is confirmed with a draft, and shows it. The words must be of the very document that will be signed here,
// and of its world.
func (t *terminal) shows(cmd *cobra.Command, api *client.Client, d desk.Draft, world alerting.World, s signing) (desk.Confirmation, error) {
	c, err := api.Confirmation(cmd.Context(), d.ID, languageOr(s.lang), s.as)
	if err != nil {
		return c, t.refused(err)
	}
	sum := sha256.Sum256(d.Document)
	if c.Version != d.Version || c.SHA256 != hex.EncodeToString(sum[:]) || c.Kind.World != world {
		return c, &exit{exitRefused, fmt.Errorf("what is to be confirmed is not of version %d of draft %s as it was read: somebody changed it; look at it again", d.Version, d.ID)}
	}
	t.prompt("%s", c.Text)
	return c, nil
}

// pick asks for the place, where the office wants it picked; --place answers for a script.
func (t *terminal) pick(lines *bufio.Reader, c *desk.Challenge, place string) (desk.Pick, error) {
	if c == nil {
		return desk.Pick{}, nil
	}
	if place != "" {
		return desk.Pick{Place: place, Challenge: c.Challenge}, nil
	}
	t.prompt("%s\n", c.Question)
	for i, p := range c.Places {
		t.prompt("  %d  %s\n", i+1, p)
	}
	t.prompt("> ")
	line, err := lines.ReadString('\n')
	line = strings.TrimSpace(line)
	if line == "" {
		return desk.Pick{}, &exit{exitRefused, errors.Join(errors.New("no place was picked, and nothing was signed"), err)}
	}
	if n, err := strconv.Atoi(line); err == nil && n >= 1 && n <= len(c.Places) {
		line = c.Places[n-1]
	}
	return desk.Pick{Place: line, Challenge: c.Challenge}, nil
}

// readWhatIsSigned reads the document of a draft, and gives what signatures are over. The world is what the document says, and not
// what the answer says.
func readWhatIsSigned(d desk.Draft) (*cap.Alert, *alerting.Envelope, error) {
	a, findings := cap.Read(d.Document, cap.Options{MaxBytes: maxDocument})
	if a == nil {
		return nil, nil, &exit{exitRefused, fmt.Errorf("the document of %s cannot be read: %w", d.ID, findings)}
	}
	world, err := alerting.WorldOf(a.Status)
	if err != nil {
		return nil, nil, &exit{exitRefused, err}
	}
	return a, &alerting.Envelope{World: world, Document: d.Document, Channels: d.Channels, Audience: d.Audience, Author: d.Author.Name,
		Counted: d.Counted, Window: d.Window}, nil
}
