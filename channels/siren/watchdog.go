package siren

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"tocsin/channels"
)

// The watchdog's patience with a siren that cannot be reached: it goes on trying for about ten minutes.
const (
	watchdogPause = 2 * time.Second
	watchdogTries = 300
)

// watchdog records a start that is about to be made and sets the alarm that ends it. It is set before the start is sent,
// so that a start whose answer is lost is ended too.
func (g *Modbus) watchdog(t *talk) *run {
	r := &run{order: t.order, m: t.m}
	r.disarm = g.cfg.Alarm(time.Duration(t.order.seconds)*time.Second, func() { g.expire(t, r) })
	t.unit.begin(r)
	return r
}

// expire ends a run whose time is over. A device with a run-time register has ended it by itself.
func (g *Modbus) expire(t *talk, r *run) {
	if t.unit.current() != r {
		return
	}
	if r.m.RunTime != nil {
		t.unit.end(r)
		return
	}
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		return // Close stops it
	}
	g.watchers.Add(1)
	g.mu.Unlock()
	defer g.watchers.Done()
	ctx, cancel := context.WithTimeout(context.Background(), channels.SendTimeout)
	defer cancel()
	err := g.silence(ctx, t)
	if err == nil {
		t.unit.end(r)
		return
	}
	r.tries++
	if r.tries == 1 || r.tries == watchdogTries {
		g.cfg.Log.Error("siren not stopped at the end of its time", "gateway", g.cfg.Name, "siren", t.order.endpoint.ID,
			"tries", r.tries, "error", err)
	}
	if r.tries < watchdogTries {
		t.unit.rearm(r, func() func() bool { return g.cfg.Alarm(watchdogPause, func() { g.expire(t, r) }) })
	}
}

// silence stops the device of a run, before all other requests to its host.
func (g *Modbus) silence(ctx context.Context, t *talk) error {
	stop := &talk{line: t.line, order: t.order, m: t.m, unit: t.unit, urgent: true}
	return stop.halt(ctx)
}

// rearm sets the alarm of a run anew, unless the run is over.
func (u *unit) rearm(r *run, alarm func() func() bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.run == r {
		r.disarm = alarm()
	}
}

func (g *Modbus) isClosed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closed
}

// Close silences every siren that would otherwise sound beyond its time, because nothing but this process bounds it,
// and drops the connections. The error names the sirens that could not be stopped.
func (g *Modbus) Close() error {
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		return nil
	}
	g.closed = true
	g.mu.Unlock()
	g.unitsMu.Lock()
	units := slices.Collect(maps.Values(g.units))
	g.unitsMu.Unlock()
	g.watchers.Wait()
	g.follows.close()
	ctx, cancel := context.WithTimeout(context.Background(), channels.SendTimeout)
	defer cancel()
	errs := make([]error, len(units))
	var all sync.WaitGroup
	for i, u := range units {
		if r := u.current(); r != nil {
			all.Go(func() { errs[i] = g.quit(ctx, u, r) })
		}
	}
	all.Wait()
	for _, l := range g.lines {
		errs = append(errs, l.close(ctx))
	}
	return errors.Join(errs...)
}

// quit ends a run for good.
func (g *Modbus) quit(ctx context.Context, u *unit, r *run) error {
	defer u.end(r)
	if r.m.RunTime != nil {
		return nil
	}
	g.mu.Lock()
	l := g.lines[r.order.endpoint.Host]
	g.mu.Unlock()
	if err := g.silence(ctx, &talk{line: l, order: r.order, m: r.m, unit: u}); err != nil {
		return fmt.Errorf("stop siren %s while closing: %w", r.order.endpoint.ID, err)
	}
	return nil
}

// Status reads whether one siren sounds: a link test that makes no sound. Maps without a status read the cell of their
// first programme.
func (g *Modbus) Status(ctx context.Context, e Endpoint) (State, error) {
	t, failure := g.talk(&order{endpoint: e})
	if failure != nil {
		return "", fmt.Errorf("ask siren %s for its status: %w", e.ID, failure)
	}
	state, err := g.state(ctx, t)
	if err != nil {
		return "", fmt.Errorf("ask siren %s for its status: %w", e.ID, err)
	}
	g.seen.mark(e.ID)
	return state, nil
}

func (g *Modbus) state(ctx context.Context, t *talk) (State, error) {
	if t.m.Sounding == nil {
		for _, s := range t.m.Select {
			_, err := t.read(ctx, s.Cell)
			if x := (*exception)(nil); errors.As(err, &x) && x.code <= 3 {
				err = nil // it is there, and does not let this be read
			}
			return Idle, err
		}
	}
	if faulty, err := t.sense(ctx, t.m.Fault); err != nil || faulty {
		return Faulty, err
	}
	loud, err := t.sense(ctx, t.m.Sounding)
	if loud {
		return Sounding, err
	}
	return Idle, err
}

// Probe implements channels.Prober: the siren used last answers. A gateway that has used none has nothing to ask and
// reports no error.
func (g *Modbus) Probe(ctx context.Context) error {
	e := g.recent.Load()
	if e == nil {
		return nil
	}
	_, err := g.Status(ctx, *e)
	return err
}
