package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/alerting/desk"
	"tocsin/cmd/tocsin/client"
	"tocsin/cmd/tocsin/serve"
)

func windowSubmitVerb(t *terminal) *cobra.Command {
	return &cobra.Command{Use: "submit FILE", Short: "Hand a proposal in that waits at the office until two have signed it", Args: cobra.ExactArgs(1),
		Long: "Hand a proposal in. Signatures that it has count; the others are put on it at the office, with `tocsin window agree` or at the pages.",
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := t.readWindow(args[0])
			if err != nil {
				return err
			}
			api, err := t.client()
			if err != nil {
				return err
			}
			return t.windowOr(api.ProposeWindow(cmd.Context(), w))
		}}
}

func windowShowVerb(t *terminal) *cobra.Command {
	return &cobra.Command{Use: "show WINDOW", Short: "A public test or a proposal, and who has signed it", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			return t.windowOr(api.WindowAt(cmd.Context(), args[0]))
		}}
}

func (t *terminal) windowOr(w desk.Window, err error) error {
	if err != nil {
		return t.refused(err)
	}
	if t.format == "json" {
		return t.json(w)
	}
	t.printf("window %s is %s: from %s to %s\n", w.ID, w.State, w.From.Format(time.RFC3339), w.Until.Format(time.RFC3339))
	if len(w.By) > 0 {
		var who []string
		for _, a := range w.By {
			who = append(who, a.By)
		}
		t.printf("signed by: %s\n", strings.Join(who, ", "))
	}
	if w.Missing != "" {
		t.printf("it lacks %s\n", w.Missing)
	}
	if w.Reason != "" {
		t.printf("it counts for nothing: %s\n", w.Reason)
	}
	return nil
}

func windowAgreeVerb(t *terminal) *cobra.Command {
	var s signing
	c := &cobra.Command{Use: "agree WINDOW", Short: "Put your signature on a proposal at the office; with the second it is open", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			w, err := api.WindowAt(cmd.Context(), args[0])
			if err != nil {
				return t.refused(err)
			}
			return t.agree(cmd, api, w, s)
		}}
	windowKeyFlags(c, &s)
	c.Flags().BoolVar(&s.yes, "yes", false, "do not ask")
	return c
}

// windowKeyFlags are those of whoever signs at the office, with a key of his own or with one that it keeps.
func windowKeyFlags(c *cobra.Command, s *signing) {
	s.keyOrPassword(c)
	c.MarkFlagsOneRequired("key", "password", "password-file")
	_ = c.MarkFlagRequired("as")
}

// agree shows a proposal, asks, and signs exactly what it showed.
func (t *terminal) agree(cmd *cobra.Command, api *client.Client, w desk.Window, s signing) error {
	digest, err := approval.WindowDigest(w.TestWindow)
	if err != nil {
		return &exit{exitRefused, err}
	}
	t.describeWindow(w.TestWindow)
	lines := t.lineReader()
	if !s.yes {
		t.prompt("Type %s to let tests reach the public: ", w.ID)
		if line, err := lines.ReadString('\n'); strings.TrimSpace(line) != w.ID {
			return &exit{exitRefused, errors.Join(errors.New("nothing was signed"), err)}
		}
	}
	if s.withPassword() {
		password, err := t.readPassword(lines, s.passwordFile, "Password of "+s.as)
		if err != nil {
			return err
		}
		return t.windowOr(api.SignWindowWithPassword(cmd.Context(), w.ID, digest, s.as, password))
	}
	key, err := serve.OperatorKey(s.key)
	if err != nil {
		return &exit{exitRefused, fmt.Errorf("--key: %w", err)}
	}
	a, err := approval.SignWindow(key, w.TestWindow, s.as, time.Now().UTC().Truncate(time.Second))
	if err != nil {
		return &exit{exitRefused, err}
	}
	return t.windowOr(api.SignWindow(cmd.Context(), w.ID, a))
}

func windowCloseVerb(t *terminal) *cobra.Command {
	var s signing
	c := &cobra.Command{Use: "close WINDOW", Short: "End a public test before its time, or a proposal; takes one operator", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			if err := t.closeWindow(cmd, api, args[0], s); err != nil {
				return err
			}
			t.printf("window %s is closed\n", args[0])
			return nil
		}}
	windowKeyFlags(c, &s)
	return c
}

func (t *terminal) closeWindow(cmd *cobra.Command, api *client.Client, id string, s signing) error {
	if s.withPassword() {
		password, err := t.readPassword(t.lineReader(), s.passwordFile, "Password of "+s.as)
		if err != nil {
			return err
		}
		return t.refusedOr(api.CloseWindowWithPassword(cmd.Context(), id, s.as, password))
	}
	key, err := serve.OperatorKey(s.key)
	if err != nil {
		return &exit{exitRefused, fmt.Errorf("--key: %w", err)}
	}
	now := time.Now().UTC().Truncate(time.Second)
	closing := alerting.WindowClosing{Window: id, At: now}
	a, err := approval.SignClosing(key, closing, s.as, now)
	if err != nil {
		return &exit{exitRefused, err}
	}
	closing.By = []alerting.Approval{a}
	return t.refusedOr(api.CloseWindow(cmd.Context(), closing))
}
