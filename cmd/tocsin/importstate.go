package main

import (
	"cmp"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"tocsin/alerting/console"
)

func importsVerb(t *terminal) *cobra.Command {
	return &cobra.Command{Use: "imports [IMPORT]", Short: "How imports go on and how they ended; the latest first", Args: cobra.MaximumNArgs(1),
		Long: "The imports that the process which answers has seen since it began, or one of them with what is wrong with its lines. An older one stands in the journal " +
			"(`tocsin audit list`).",
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := t.client()
			if err != nil {
				return err
			}
			if len(args) == 0 {
				all, err := api.Imports(cmd.Context())
				if err != nil {
					return t.refused(err)
				}
				return t.listImports(all)
			}
			one, err := api.ImportAt(cmd.Context(), args[0])
			switch {
			case err != nil:
				return t.refused(err)
			case one.Result != nil && t.format != "json":
				return t.showImport(*one.Result)
			}
			return t.listImports([]console.Importing{one})
		}}
}

// listImports prints a line for each import.
func (t *terminal) listImports(all []console.Importing) error {
	l := listing{header: []string{"import", "what", "by", "begun", "state", "lines", "written", "problems"}, value: all}
	for _, i := range all {
		state := "goes on"
		switch {
		case i.Problem != nil:
			state = "broke off"
		case i.Change != nil:
			state = fmt.Sprintf("waits for change %s", i.Change.ID)
		case !i.Ended.IsZero():
			state = "ended"
		}
		lines, done, problems := i.Progress.Lines, i.Progress.Done, i.Progress.Problems
		if r := i.Result; r != nil {
			lines, done, problems = cmp.Or(r.Lines, lines), r.New+r.Replaced, r.ProblemCount
		}
		l.rows = append(l.rows, []string{i.ID, i.What, i.By, i.Begun.Format(time.RFC3339), state, strconv.Itoa(lines), strconv.Itoa(done), strconv.Itoa(problems)})
	}
	return t.show(l)
}
