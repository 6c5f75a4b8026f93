// Package demo is `tocsin demo`: the whole engine on this machine, on in-process stores, against a gateway simulator,
// with an invented town and a flood.
//
// It stands apart because it is a user of the engine like any other: it imports and issues through the admin API, with a
// token. What always holds: its verdict is worked out from the town and from what the gateways took, never from the
// engine's own books alone.
package demo

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/audience"
	"tocsin/alerting/report"
	"tocsin/cmd/tocsin/client"
	"tocsin/cmd/tocsin/config"
	"tocsin/cmd/tocsin/serve"
)

//go:embed flood.xml
var floodXML string

// Options of a demonstration.
type Options struct {
	// Once ends it after the verdict, instead of staying up.
	Once bool
	// Limit is how long all of it may take with Once, from the moment when the engine runs; 0 means three minutes.
	Limit  time.Duration
	Seed   uint64
	People int
	// Simulator is the gatewaysim binary; empty looks beside this program and on the path.
	Simulator string
	// Templates is the folder of those that are shipped; empty looks for deploy/templates here and beside this program's folder.
	Templates string
	// Listen is where the pages and the API listen, on 127.0.0.1; empty takes 127.0.0.1:8080, or any port where that is taken.
	Listen string
	// Dir keeps everything; empty makes a temporary folder that is removed in the end.
	Dir string
	Out io.Writer
	Err io.Writer
	// Watch shows the progress of an alert, Show its standing.
	Watch func(ctx context.Context, api *client.Client, id alerting.AlertID) error
	Show  func(report.Status) error
}

// ErrDisagree: books, gateways and town do not tell the same story.
var ErrDisagree = errors.New("the ledger's figures are not what the gateways received")

// ErrLate: the demonstration did not come to its end in time.
var ErrLate = errors.New("not everything was delivered in time")

// onceLimit is many times what a demonstration takes on a small machine.
const onceLimit = 3 * time.Minute

// demo is a demonstration under way.
type demo struct {
	Options
	sim    *simulator
	cfg    *config.Config
	api    *client.Client
	people []person
	sirens []siren
	// accounts are the people of the office; none with Once.
	accounts []serve.Ready
	office   *office
	state    *state
}

// Run plays the demonstration; with Once it returns ErrDisagree unless everything agrees, and ErrLate when that takes
// too long.
func Run(ctx context.Context, o Options) (err error) {
	d := &demo{Options: o}
	if d.Dir == "" {
		if d.Dir, err = os.MkdirTemp("", "tocsin-demo-"); err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(d.Dir) }()
	}
	if err := d.prepare(ctx); err != nil {
		return err
	}
	defer func() { _ = d.sim.close() }()
	return d.serve(ctx, func(ctx context.Context) error {
		if d.Once {
			return d.once(ctx)
		}
		if err := d.open(ctx); err != nil {
			return err
		}
		<-ctx.Done()
		return nil
	})
}

// once warns and judges within the limit: whoever waits for the exit code gets one.
func (d *demo) once(ctx context.Context) error {
	limit := d.Limit
	if limit <= 0 {
		limit = onceLimit
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, ErrLate)
	defer cancel()
	id, err := d.warn(ctx)
	if err == nil {
		err = d.judge(ctx, id)
	}
	if err != nil && errors.Is(context.Cause(ctx), ErrLate) {
		return fmt.Errorf("%w: after %v: %w", ErrLate, limit, err)
	}
	return err
}

func (d *demo) say(format string, args ...any) { _, _ = fmt.Fprintf(d.Out, format+"\n", args...) }

// prepare makes keys, starts the simulator, invents the town and writes the configuration.
func (d *demo) prepare(ctx context.Context) error {
	binary := d.Simulator
	var err error
	if binary == "" {
		if binary, err = findSimulator(); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(d.Dir, 0o700); err != nil {
		return err
	}
	if d.state, err = loadState(d.Dir); err == nil && d.state == nil {
		d.state, err = makeKeys(d.Dir)
	}
	if err != nil {
		return err
	}
	d.accounts = d.state.Accounts
	if d.sim, err = startSimulator(context.WithoutCancel(ctx), binary, d.Dir, d.Seed, d.state, d.Err); err != nil {
		return err
	}
	subscriptions, err := d.sim.subscriptions(ctx, d.People, d.Seed)
	if err == nil {
		d.people = town(d.Seed, d.People, subscriptions)
		d.sirens = sirenTown(d.Seed, d.sim.info.Listeners)
		d.state.Listeners = d.sim.info.Listeners
		if err = d.state.save(d.Dir); err == nil {
			d.cfg, err = d.configure()
		}
	}
	if err == nil && !d.Once && len(d.accounts) == 0 {
		err = d.makeAccounts(ctx)
	}
	if err != nil {
		return errors.Join(err, d.sim.close())
	}
	return nil
}

// The engine's start, and its end: deliveries under way get their time to finish.
const (
	startLimit = time.Minute
	endLimit   = time.Minute
)

// serve runs the whole engine in this process while fn uses it.
func (d *demo) serve(ctx context.Context, fn func(context.Context) error) error {
	log := slog.New(slog.NewTextHandler(d.Err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- serve.Run(ctx, d.cfg, []string{"all"}, log, func(serve.Addresses) { close(ready) })
	}()
	select {
	case <-ready:
	case err := <-ended:
		return err
	case <-time.After(startLimit):
		return fmt.Errorf("the engine did not start within %v", startLimit)
	}
	err := fn(ctx)
	stop()
	select {
	case ending := <-ended:
		return errors.Join(err, ending)
	case <-time.After(endLimit):
		return errors.Join(err, fmt.Errorf("the engine did not end within %v", endLimit))
	}
}

// warn imports the town and issues the flood warning.
func (d *demo) warn(ctx context.Context) (alerting.AlertID, error) {
	outside := 0
	for i := range d.people {
		if !d.people[i].inside {
			outside++
		}
	}
	d.say("importing %d people, of whom %d live outside the floodplain, and %d sirens …", len(d.people), outside, len(d.sirens))
	var people, sirens bytes.Buffer
	if err := errors.Join(writePeople(&people, d.people), writeSirens(&sirens, d.sirens)); err != nil {
		return alerting.AlertID{}, err
	}
	if err := d.importFile(ctx, "people", &people); err != nil {
		return alerting.AlertID{}, err
	}
	if d.office == nil {
		if err := d.importFile(ctx, "sirens", &sirens); err != nil {
			return alerting.AlertID{}, err
		}
	} else if err := d.importOffice(ctx, &sirens); err != nil {
		return alerting.AlertID{}, err
	}
	document, err := floodWarning(time.Now(), d.Seed)
	if err != nil {
		return alerting.AlertID{}, err
	}
	d.say("issuing a severe flood warning in two languages …")
	id, err := d.issue(ctx, document)
	if err != nil {
		return alerting.AlertID{}, fmt.Errorf("issue: %w", err)
	}
	d.say("accepted: alert %s", id)
	return id, d.Watch(ctx, d.api, id)
}

// issue sends a document out: through two people, where there is an office.
func (d *demo) issue(ctx context.Context, document []byte) (alerting.AlertID, error) {
	if d.office != nil {
		return d.office.send(ctx, document, client.Order{})
	}
	accepted, err := d.api.Issue(ctx, document, client.Order{})
	return accepted.Alert, err
}

func (d *demo) importFile(ctx context.Context, what string, csv *bytes.Buffer) error {
	r, err := d.api.Import(ctx, what, csv, func(audience.Progress) {})
	if err == nil && r.ProblemCount > 0 {
		err = fmt.Errorf("%d problems, the first: %+v", r.ProblemCount, r.Problems[0])
	}
	if err != nil {
		return fmt.Errorf("import %s: %w", what, err)
	}
	return nil
}
