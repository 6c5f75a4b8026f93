package main

import (
	"github.com/spf13/cobra"

	"tocsin/cmd/tocsin/demo"
)

func demoVerb(t *terminal) *cobra.Command {
	o := demo.Options{Out: t.out, Err: t.err}
	c := &cobra.Command{
		Use:   "demo",
		Short: "See it work: a flood warning for an invented town, through a gateway simulator on this machine",
		Long: "Run the whole engine on in-process stores, import an invented town, issue a flood warning in two languages, and " +
			"compare what the gateways took with the ledger. Exit code 0 only if they agree.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Watch, o.Show = t.watchOnly, t.showStatus
			return demo.Run(cmd.Context(), o)
		},
	}
	f := c.Flags()
	f.BoolVar(&o.Once, "once", false, "end after the verdict")
	f.Uint64Var(&o.Seed, "seed", 1, "what the town is made of")
	f.IntVar(&o.People, "people", 20_000, "how many people live in and around it")
	f.StringVar(&o.Simulator, "gatewaysim", "", "the gateway simulator (default: beside this program, or on the path)")
	f.StringVar(&o.Templates, "templates", "", "the folder of the shipped templates (default: deploy/templates, here or beside this program's folder)")
	f.StringVar(&o.Listen, "listen", "", "where the pages and the API listen, such as 127.0.0.1:0 for any free port (default: 127.0.0.1:8080, or any where that is taken)")
	f.StringVar(&o.Dir, "dir", "", "keep everything in this folder, and open the same office again in it (default: a temporary one)")
	return c
}
