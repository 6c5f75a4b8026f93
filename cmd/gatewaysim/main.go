// Command gatewaysim stands in for the gateways that Tocsin sends through: SMS, web push, mail and sirens, with every
// failure mode. See package sim for what it plays; this package only reads flags, prints the addresses of the listeners as
// one line of JSON, and runs until SIGINT or SIGTERM.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"tocsin/cmd/gatewaysim/sim"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// ready is the line that is printed when everything listens.
type ready struct {
	Control   string            `json:"control"`
	Listeners map[string]string `json:"listeners"`
	Log       string            `json:"log"`
	Account   string            `json:"account"`
	Seed      uint64            `json:"seed"`
	PID       int               `json:"pid"`
}

// run plays until ctx ends and returns the exit code: 0, 1 for a failure, 2 for wrong flags.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	cfg, err := parse(args, errOut)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		_, _ = fmt.Fprintln(errOut, "gatewaysim:", err) // there is nowhere else to say it
		return 2
	}
	if err := play(ctx, cfg, out); err != nil {
		_, _ = fmt.Fprintln(errOut, "gatewaysim:", err)
		return 1
	}
	return 0
}

func play(ctx context.Context, cfg sim.Config, out io.Writer) error {
	s, err := sim.Start(ctx, cfg)
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	account := cfg.Account.SID
	if account == "" {
		account = sim.DefaultAccount
	}
	line, err := json.Marshal(ready{Control: s.URL("control"), Listeners: s.Addrs(), Log: s.Log().Path(), Account: account,
		Seed: cfg.Seed, PID: os.Getpid()})
	if err == nil {
		_, err = fmt.Fprintf(out, "%s\n", line)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("print addresses: %w", err), s.Close())
	}
	<-ctx.Done()
	return s.Close()
}
