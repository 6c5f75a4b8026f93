package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"tocsin/alerting"
	"tocsin/alerting/desk"
	"tocsin/cmd/tocsin/client"
)

// ordered adds the flags that say for whom a document is.
func ordered(c *cobra.Command, order *client.Order) {
	f := c.Flags()
	f.StringSliceVar(&order.Channels, "channel", nil, "only these channels (sms, push, mail, siren)")
	f.StringSliceVar(&order.People, "person", nil, "only these people, by reference; names the audience of a restricted alert")
	f.StringSliceVar(&order.Groups, "group", nil, "only these groups of sirens")
	f.StringVar(&order.Window, "window", "", "the public test that a message of status Test belongs to (tocsin window): it then reaches the public")
}

func draftVerb(t *terminal) *cobra.Command {
	var order client.Order
	var amend string
	var version int64
	c := &cobra.Command{Use: "draft FILE", Short: "Keep a CAP document that is being written (- reads standard input)",
		Long: "Keep a CAP document as it is, with all that is wrong with it, and show the findings. With --amend a new version takes the place of an " +
			"earlier one: name the version that you looked at, so that nobody's work is overwritten.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			document, api, err := t.documentAndClient(args[0])
			if err != nil {
				return err
			}
			var d desk.Draft
			if amend == "" {
				d, err = api.Draft(cmd.Context(), document, order)
			} else {
				d, err = api.Amend(cmd.Context(), amend, version, document, order)
			}
			return t.draftOr(d, err)
		}}
	c.Flags().StringVar(&amend, "amend", "", "the draft to put a new version into")
	c.Flags().Int64Var(&version, "version", 0, "with --amend: the version that it replaces")
	c.Flags().BoolVar(&order.Autosave, "autosave", false, "with --amend: a form saves by itself; the versions of one sitting take each other's place")
	ordered(c, &order)
	return c
}

func draftsVerb(t *terminal) *cobra.Command {
	var states []string
	var paging client.Paging
	var past past
	c := &cobra.Command{Use: "drafts [DRAFT]", Short: "List drafts, or show one with what it lacks", Args: cobra.MaximumNArgs(1),
		Long: "List drafts, or show one with what it lacks. Of one draft --versions lists the versions, --version N prints the document of one of them, and " +
			"--changes says in what the present version differs from the one that was last submitted, or from --from N.",
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			if len(args) == 0 && past.wanted() {
				return fmt.Errorf("%w: name the draft", alerting.ErrInvalid)
			}
			if past.wanted() {
				return t.past(cmd, api, args[0], past, paging)
			}
			if len(args) == 1 {
				return t.draftOr(api.DraftAt(cmd.Context(), args[0]))
			}
			all, err := api.Drafts(cmd.Context(), states, paging)
			if err != nil {
				return t.refused(err)
			}
			l := listing{header: []string{"draft", "version", "state", "author", "updated", "title", "reason"}, value: all}
			for _, d := range all {
				l.rows = append(l.rows, []string{d.ID, strconv.FormatInt(d.Version, 10), string(d.State), d.Author.Name, d.Updated.Format(time.RFC3339), d.Title, d.Reason})
			}
			return t.show(l)
		}}
	pagingFlags(c, &paging)
	past.flags(c)
	c.Flags().StringSliceVar(&states, "state", nil, "only these: draft, submitted, returned, approved, released, rejected, withdrawn, lapsed")
	return c
}

func (t *terminal) draftOr(d desk.Draft, err error) error {
	if err != nil {
		return t.refused(err)
	}
	return t.showDraft(d)
}

// showDraft says how a draft stands.
func (t *terminal) showDraft(d desk.Draft) error {
	if t.format == "json" {
		return t.json(d)
	}
	t.printf("draft %s version %d: %s\n", d.ID, d.Version, d.State)
	if d.State == desk.Released {
		t.printf("issued as alert %s\n", d.Alert)
	}
	if !d.Release.IsZero() {
		t.printf("to be released at %s\n", d.Release.Format(time.RFC3339))
	}
	if d.Reason != "" {
		t.printf("reason: %s\n", d.Reason)
	}
	for _, s := range d.Signatures {
		t.printf("signed: %s by %s at %s with key %s\n", s.Act, s.By, s.At.Format(time.RFC3339), s.KeyID)
	}
	for _, m := range d.Missing {
		t.printf("waits: %s\n", m)
	}
	for _, f := range d.Findings {
		t.printf("%s: line %d, %s: %s\n", f.Level, f.Line, f.Path, f.Message)
	}
	return nil
}

// actVerb is a verb that does something to a draft for a reason.
func actVerb(t *terminal, verb, short string) *cobra.Command {
	var reason string
	var version int64
	c := &cobra.Command{Use: verb + " DRAFT", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			at, err := t.versionOf(cmd, api, args[0], version)
			if err != nil {
				return err
			}
			return t.draftOr(api.Act(cmd.Context(), args[0], client.Act{Verb: verb, Version: at, Reason: reason}))
		}}
	c.Flags().StringVar(&reason, "reason", "", "why")
	c.Flags().Int64Var(&version, "version", 0, "the version that you looked at; left out: the present one")
	_ = c.MarkFlagRequired("reason")
	return c
}

// versionOf is the version that a command line names, or else the present one.
func (t *terminal) versionOf(cmd *cobra.Command, api *client.Client, id string, version int64) (int64, error) {
	if version != 0 {
		return version, nil
	}
	d, err := api.DraftAt(cmd.Context(), id)
	if err != nil {
		return 0, t.refused(err)
	}
	return d.Version, nil
}

// prompt speaks to the person at the terminal, beside the output.
func (t *terminal) prompt(format string, args ...any) { _, _ = fmt.Fprintf(t.err, format, args...) }

func names[T ~string](all []T) []string {
	out := make([]string, len(all))
	for i, one := range all {
		out[i] = string(one)
	}
	return out
}

func proceedVerb(t *terminal) *cobra.Command {
	return &cobra.Command{Use: "proceed ALERT", Short: "Let an alert go on that is held back",
		Long: "An alert that would reach far more than those who approved it were shown is held back before its first message (tocsin status says how many). " +
			"This lets it go on. To stop it instead, cancel it.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, api, err := t.alertAndClient(args[0])
			if err != nil {
				return err
			}
			if err := api.Proceed(cmd.Context(), id); err != nil {
				return t.refused(err)
			}
			t.printf("it goes on\n")
			return nil
		}}
}
