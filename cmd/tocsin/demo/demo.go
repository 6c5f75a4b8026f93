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
	"net"
	"os"
	"path/filepath"
	"text/template"
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
		id, err := d.warn(ctx)
		if err != nil {
			return err
		}
		verdict := d.judge(ctx, id)
		if verdict != nil {
			d.say("%v", verdict)
		}
		d.say("\nThe engine stays up; end it with Ctrl-C. In another terminal:\n"+
			"  bin/tocsin -c %[1]s status %[2]s\n  bin/tocsin -c %[1]s explain %[2]s P000001\n  bin/tocsin -c %[1]s cancel %[2]s\n"+
			"  curl http://%[3]s/metrics     (what Prometheus reads)\n  curl %[4]s/stats     (what the gateways took)\n"+
			"  curl %[5]s/feeds/atom.xml     (what hubs and other offices read; rss.xml and geojson are there, too)",
			filepath.Join(d.Dir, "tocsin.yaml"), id, d.cfg.Metrics.Listen, d.sim.info.Control, d.cfg.Feeds.PublicURL)
		d.sayAccounts()
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
	keys, err := makeKeys(d.Dir)
	if err != nil {
		return err
	}
	if d.sim, err = startSimulator(context.WithoutCancel(ctx), binary, d.Dir, d.Seed, d.Err); err != nil {
		return err
	}
	subscriptions, err := d.sim.subscriptions(ctx, d.People, d.Seed)
	if err == nil {
		d.people = town(d.Seed, d.People, subscriptions)
		d.sirens = sirenTown(d.Seed, d.sim.info.Listeners)
		d.cfg, err = d.configure(keys)
	}
	if err == nil && !d.Once {
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
	for _, file := range []struct {
		what string
		csv  *bytes.Buffer
	}{{"people", &people}, {"sirens", &sirens}} {
		r, err := d.api.Import(ctx, file.what, file.csv, func(audience.Progress) {})
		if err == nil && r.ProblemCount > 0 {
			err = fmt.Errorf("%d problems, the first: %+v", r.ProblemCount, r.Problems[0])
		}
		if err != nil {
			return alerting.AlertID{}, fmt.Errorf("import %s: %w", file.what, err)
		}
	}
	document, err := floodWarning(time.Now(), d.Seed)
	if err != nil {
		return alerting.AlertID{}, err
	}
	d.say("issuing a severe flood warning in two languages …")
	accepted, err := d.api.Issue(ctx, document, client.Order{})
	if err != nil {
		return alerting.AlertID{}, fmt.Errorf("issue: %w", err)
	}
	d.say("accepted: alert %s", accepted.Alert)
	return accepted.Alert, d.Watch(ctx, d.api, accepted.Alert)
}

func floodWarning(now time.Time, seed uint64) ([]byte, error) {
	var out bytes.Buffer
	t, err := template.New("flood").Parse(floodXML)
	if err != nil {
		return nil, err
	}
	const form = "2006-01-02T15:04:05-07:00"
	zone := time.FixedZone("", 8*3600)
	err = t.Execute(&out, map[string]string{"Identifier": fmt.Sprintf("demo-flood-%d", seed), "Sent": now.In(zone).Format(form),
		"Expires": now.Add(6 * time.Hour).In(zone).Format(form), "Ring": ringText()})
	return out.Bytes(), err
}

// judgeFor is how long the last status callbacks may take.
const judgeFor = 25 * time.Second

// judge compares books and gateways with what the town asks for, until they agree or time is up.
func (d *demo) judge(ctx context.Context, id alerting.AlertID) error {
	want := expect(d.people, d.sirens)
	deadline := time.Now().Add(judgeFor)
	for {
		status, faults, err := d.compare(ctx, id, want)
		if err != nil {
			return err
		}
		if len(faults) > 0 && time.Now().Before(deadline) {
			select {
			case <-time.After(250 * time.Millisecond):
				continue
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		d.say("")
		if err := d.Show(status); err != nil {
			return err
		}
		if len(faults) > 0 {
			for _, f := range faults {
				d.say("DISAGREE: %s", f)
			}
			return ErrDisagree
		}
		d.say("agreed: the gateways took exactly one message for each of the addresses inside, none for anybody outside, and the ledger says the same")
		return nil
	}
}

func (d *demo) compare(ctx context.Context, id alerting.AlertID, want []expectation) (report.Status, []string, error) {
	status, err := d.api.Status(ctx, id)
	if err != nil {
		return status, nil, fmt.Errorf("status: %w", err)
	}
	var faults []string
	if !status.Consistent {
		faults = append(faults, "books: targeted is not the sum of the states")
	}
	for i := range want {
		arrived, err := d.sim.recipients(ctx, string(want[i].channel))
		if err != nil {
			return status, nil, err
		}
		faults = append(faults, want[i].compare(arrived, status)...)
	}
	return status, faults, nil
}

// freePort gives the port if nobody listens on it, else any free one.
func freePort(preferred string) (string, error) {
	for _, address := range []string{preferred, "127.0.0.1:0"} {
		ln, err := net.Listen("tcp", address)
		if err == nil {
			return ln.Addr().String(), ln.Close()
		}
	}
	return "", errors.New("no free port on 127.0.0.1")
}
