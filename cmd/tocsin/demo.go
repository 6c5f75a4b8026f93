package main

import (
	"fmt"
	"time"

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
	c.AddCommand(demoCodeVerb(t))
	return c
}

// demoCodeVerb plays the authenticators of the demonstration.
func demoCodeVerb(t *terminal) *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:   "code NAME",
		Short: "Say the code that somebody of a demonstration needs to log in now",
		Long: "Say the code that the authenticator of somebody of a demonstration shows now, and for how long. A code counts once: after a login wait " +
			"for the next one. The demonstration has told its folder and its names when it was whole.",
		Example: "  tocsin demo code --dir /tmp/tocsin-demo demo-approver",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			code, left, err := demo.Code(dir, args[0], time.Now())
			if err != nil {
				return err
			}
			t.printf("%s\n", code)
			_, err = fmt.Fprintf(t.err, "good for %.0f s more; a code counts once\n", left.Seconds())
			return err
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "the folder of the demonstration")
	_ = c.MarkFlagRequired("dir")
	return c
}
