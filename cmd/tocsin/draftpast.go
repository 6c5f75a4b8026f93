package main

import (
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"tocsin/cmd/tocsin/client"
)

// past is what is wanted of the past of a draft.
type past struct {
	versions, changes bool
	version, from     int64
}

func (p *past) flags(c *cobra.Command) {
	f := c.Flags()
	f.BoolVar(&p.versions, "versions", false, "list the versions of the draft, the newest first")
	f.Int64Var(&p.version, "version", 0, "print the document of this version")
	f.BoolVar(&p.changes, "changes", false, "say in what the present version differs from the one that was last submitted, or else the first")
	f.Int64Var(&p.from, "from", 0, "say in what the present version differs from this one")
	c.MarkFlagsMutuallyExclusive("versions", "version", "changes")
	c.MarkFlagsMutuallyExclusive("versions", "version", "from")
}

func (p *past) wanted() bool { return p.versions || p.changes || p.version != 0 || p.from != 0 }

// past shows what was before in a draft.
func (t *terminal) past(cmd *cobra.Command, api *client.Client, id string, p past, paging client.Paging) error {
	switch {
	case p.versions:
		return t.listVersions(cmd, api, id, paging)
	case p.version != 0:
		document, err := api.VersionDocument(cmd.Context(), id, p.version)
		if err != nil {
			return t.refused(err)
		}
		_, err = t.out.Write(document)
		return err
	}
	all, err := api.DraftChanges(cmd.Context(), id, p.from)
	if err != nil {
		return t.refused(err)
	}
	if len(all) == 0 && t.format == "table" {
		t.printf("nothing has changed\n")
		return nil
	}
	l := listing{header: []string{"element", "of", "before", "after"}, value: all}
	for _, c := range all {
		l.rows = append(l.rows, []string{c.Path, c.Label, t.cell(c.Before), t.cell(c.After)})
	}
	return t.show(l)
}

// cell is a text on one line of a table; other formats have it whole.
func (t *terminal) cell(text string) string {
	const longest = 60
	if t.format != "table" {
		return text
	}
	if r := []rune(strconv.Quote(text)); len(r) > longest {
		return string(r[:longest-1]) + "…"
	}
	return strconv.Quote(text)
}

func (t *terminal) listVersions(cmd *cobra.Command, api *client.Client, id string, paging client.Paging) error {
	all, err := api.Versions(cmd.Context(), id, paging)
	if err != nil {
		return t.refused(err)
	}
	l := listing{header: []string{"version", "author", "at", "bytes", "submitted", "sha256"}, value: all}
	for _, v := range all {
		l.rows = append(l.rows, []string{strconv.FormatInt(v.Number, 10), v.Author.Name, v.At.Format(time.RFC3339), strconv.Itoa(v.Bytes), strconv.FormatBool(v.Submitted), v.SHA256})
	}
	return t.show(l)
}
