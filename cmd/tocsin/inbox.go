package main

import (
	"strings"
	"time"
	"tocsin/cmd/tocsin/client"

	"github.com/spf13/cobra"

	"tocsin/alerting/inbox"
)

func inboxVerb(t *terminal) *cobra.Command {
	c := &cobra.Command{Use: "inbox", Short: "What partners sent: list, show, put, release or drop",
		Long: "What partners sent, by POST and through their feeds. What is signed by a source of the configuration, and breaks no rule, is a submitted draft " +
			"already; everything else waits in quarantine until somebody releases or drops it. Nothing is sent by itself."}
	c.AddCommand(inboxListVerb(t), inboxShowVerb(t), inboxPutVerb(t),
		inboxTurnVerb(t, "release", "Take a letter out of quarantine, as a draft of yours to be edited, submitted and approved"),
		inboxTurnVerb(t, "drop", "End a letter that is in quarantine"))
	return c
}

func inboxListVerb(t *terminal) *cobra.Command {
	var states []string
	var paging client.Paging
	c := &cobra.Command{Use: "list", Short: "List what came, the latest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			all, err := api.Inbox(cmd.Context(), states, paging)
			if err != nil {
				return t.refused(err)
			}
			l := listing{header: []string{"letter", "source", "state", "received", "draft", "title", "reason"}, value: all}
			for _, one := range all {
				reason, _, _ := strings.Cut(one.Reason, "\n")
				l.rows = append(l.rows, []string{one.ID, one.Source, string(one.State), one.Received.Format(time.RFC3339), one.Draft, one.Title, reason})
			}
			return t.show(l)
		}}
	pagingFlags(c, &paging)
	c.Flags().StringSliceVar(&states, "state", nil, "only these: submitted, quarantined, released, dropped")
	return c
}

func inboxShowVerb(t *terminal) *cobra.Command {
	var document bool
	c := &cobra.Command{Use: "show LETTER", Short: "Show a letter, or its document byte for byte", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			l, err := api.InboxLetter(cmd.Context(), args[0])
			if err == nil && document {
				_, err = t.out.Write(l.Document)
				return err
			}
			return t.letterOr(l, err)
		}}
	c.Flags().BoolVar(&document, "document", false, "print the document as it came")
	return c
}

func inboxPutVerb(t *terminal) *cobra.Command {
	var source string
	c := &cobra.Command{Use: "put FILE", Short: "Take in a partner's CAP document (- reads standard input)", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			document, api, err := t.documentAndClient(args[0])
			if err != nil {
				return err
			}
			return t.letterOr(api.PutInbox(cmd.Context(), source, document))
		}}
	c.Flags().StringVar(&source, "source", "", "whose it is, by the name in inbox.sources")
	_ = c.MarkFlagRequired("source")
	return c
}

func inboxTurnVerb(t *terminal, verb, short string) *cobra.Command {
	var reason string
	c := &cobra.Command{Use: verb + " LETTER", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			return t.letterOr(api.TurnInbox(cmd.Context(), args[0], verb, reason))
		}}
	c.Flags().StringVar(&reason, "reason", "", "why")
	_ = c.MarkFlagRequired("reason")
	return c
}

// letterOr says how a letter stands.
func (t *terminal) letterOr(l inbox.Letter, err error) error {
	if err != nil {
		return t.refused(err)
	}
	if t.format == "json" {
		return t.json(l)
	}
	t.printf("letter %s of %s: %s\n", l.ID, l.Source, l.State)
	if l.Repeated {
		t.printf("it had come before; nothing was changed\n")
	}
	if l.Title != "" {
		t.printf("title: %s\n", l.Title)
	}
	if l.Draft != "" {
		t.printf("draft %s\n", l.Draft)
	}
	if l.Reason != "" {
		t.printf("reason: %s\n", l.Reason)
	}
	return nil
}
