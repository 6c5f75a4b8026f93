package siren

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"tocsin/alerting"
	"tocsin/channels"
)

// Modbus is the gateway to sirens that speak Modbus TCP. Their commands are not signed: see the package comment.
type Modbus struct {
	*core
	maps   map[string]RegisterMap
	recent atomic.Pointer[Endpoint]

	mu       sync.Mutex
	lines    map[string]*line
	watchers sync.WaitGroup
	closed   bool
}

// NewModbus makes the gateway. Close it: that silences what only this process would have silenced in time.
func NewModbus(cfg Config, now func() time.Time) (*Modbus, error) {
	c, err := newCore(cfg, now)
	if err != nil {
		return nil, err
	}
	maps, err := ShippedMaps()
	if err != nil {
		return nil, err
	}
	for name, m := range cfg.Maps {
		m.Name = name
		if err := m.Check(); err != nil {
			return nil, fmt.Errorf("siren gateway %s: %w", c.cfg.Name, err)
		}
		maps[name] = m
	}
	return &Modbus{core: c, maps: maps, lines: map[string]*line{}}, nil
}

// Send implements channels.Adapter.
func (g *Modbus) Send(ctx context.Context, d channels.Delivery) (channels.Handed, error) {
	o, err := g.order(&d, ProtocolModbus)
	if err != nil {
		return channels.Handed{}, err
	}
	t, failure := g.talk(o)
	if failure != nil {
		return channels.Handed{}, failure
	}
	g.recent.Store(&o.endpoint)
	var look watch
	var done bool
	switch o.action {
	case Halt:
		look, done, failure = g.stop(ctx, t)
	case SilentTest:
		look, done, failure = g.test(ctx, t)
	default:
		look, done, failure = g.start(ctx, t)
	}
	if failure != nil {
		return channels.Handed{}, failure
	}
	g.seen.mark(o.endpoint.ID)
	if done || look == nil {
		return handed("", done), nil
	}
	wait, cancel := g.readBackContext(ctx)
	defer cancel()
	done, failure = look(wait)
	if !done && failure == nil {
		g.follows.follow(d, "", look, func() {})
	}
	return handed("", done), asError(failure)
}

// talk opens the conversation; nothing is sent yet.
func (g *Modbus) talk(o *order) (*talk, *channels.Failure) {
	e := &o.endpoint
	m, ok := g.maps[e.RegisterMap]
	if !ok {
		return nil, fail(channels.Rejected, "siren record: unknown register map", alerting.ErrInvalid)
	}
	if _, err := stopWrites(&m, e); err != nil {
		return nil, fail(channels.Rejected, "siren record: nothing says how to stop it, so it is not started", err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, fail(channels.Transient, errClosed.Error(), errClosed)
	}
	l := g.lines[e.Host]
	if l == nil {
		l = &line{host: e.Host, public: g.cfg.AllowPublic, timeout: g.cfg.CallTimeout}
		g.lines[e.Host] = l
	}
	u := g.unit(e.Host + "/" + strconv.Itoa(int(e.Unit)))
	return &talk{line: l, order: o, m: &m, unit: u, urgent: o.action == Halt}, nil
}

// start arms and sounds. It returns as soon as the device took the start; what is left is to look at it.
func (g *Modbus) start(ctx context.Context, t *talk) (watch, bool, *channels.Failure) {
	w, err := t.m.start(t.order.programme)
	if err != nil || !t.order.named {
		return nil, false, fail(channels.Rejected, "the siren has no such programme", err)
	}
	turn, failure := t.unit.attempt(ctx, t.order)
	if failure != nil {
		return nil, false, failure
	}
	defer turn.end()
	t.guard = func() error {
		if g.isClosed() {
			return errClosed
		}
		return turn.called()
	}
	stands, failure := g.prepare(ctx, t, &w)
	if failure != nil || stands != ready {
		return nil, stands == sounds, failure
	}
	r := g.watchdog(t)
	if err := t.write(ctx, w); err != nil {
		done, failure := g.unsure(ctx, t, r, err)
		return nil, done, failure
	}
	t.unit.confirm(r)
	return g.sounding(t), false, nil
}

// standing is how a device was found before a start.
type standing uint8

const (
	// ready: armed and waiting for the start.
	ready standing = iota
	// taken: started by us for this alert before; nothing can be read back.
	taken
	// sounds: reads back as sounding for this alert.
	sounds
)

// prepare does everything up to the start itself: look, silence what sounds, limit, mark, arm. Nothing of it makes a
// sound, so every failure may be tried again.
func (g *Modbus) prepare(ctx context.Context, t *talk, w *Write) (standing, *channels.Failure) {
	stands, err := g.look(ctx, t, w)
	if err != nil {
		return 0, modbusFailure(err, false)
	}
	if stands != ready {
		return stands, nil
	}
	if faulty, err := t.sense(ctx, t.m.Fault); err != nil {
		return 0, modbusFailure(err, false)
	} else if faulty {
		return 0, fail(channels.Transient, "siren reports a fault", nil)
	}
	if c := t.m.RunTime; c != nil {
		err = t.values(ctx, *c, uint16(t.order.seconds))
	}
	if c := t.m.Tag; c != nil && err == nil {
		mark := tag(t.order.alert)
		err = t.values(ctx, *c, mark[:]...)
	}
	if err == nil {
		err = t.write(ctx, t.m.Arm...)
	}
	if err != nil {
		return 0, modbusFailure(err, false)
	}
	return ready, nil
}

// look finds out whether the device sounds, and silences it when that is for another alert.
func (g *Modbus) look(ctx context.Context, t *talk, w *Write) (standing, error) {
	if t.m.Sounding == nil {
		if t.unit.holds(t.order.alert) {
			return taken, nil
		}
		// Read what will be written, so that a dead connection shows before it matters.
		_, err := t.read(ctx, w.Cell)
		if x := (*exception)(nil); errors.As(err, &x) {
			err = nil
		}
		return ready, err
	}
	loud, err := t.sense(ctx, t.m.Sounding)
	if err != nil || !loud {
		return ready, err
	}
	on, known := t.tagged(ctx)
	if t.unit.holds(t.order.alert) || (known && on == tag(t.order.alert)) {
		if t.unit.current() == nil {
			t.unit.confirm(g.watchdog(t)) // another process started it, and may be gone
		}
		return sounds, nil
	}
	return ready, t.halt(ctx)
}

// unsure sorts the failure of the start itself. After a refusal the device is disarmed. After a lost answer it may
// sound: then the watchdog stays, and the device is asked; true means that it sounds.
func (g *Modbus) unsure(ctx context.Context, t *talk, r *run, err error) (bool, *channels.Failure) {
	f := modbusFailure(err, true)
	if f.Class != channels.Lost {
		t.unit.end(r)
		t.guard = nil
		if haltErr := t.halt(ctx); haltErr != nil {
			g.cfg.Log.Warn("siren not disarmed after a start that failed", "gateway", g.cfg.Name, "siren", t.order.endpoint.ID, "error", haltErr)
		}
		return false, f
	}
	if look := g.sounding(t); look != nil {
		wait, cancel := g.readBackContext(ctx)
		defer cancel()
		if done, _ := look(wait); done {
			t.unit.confirm(r)
			return true, nil
		}
	}
	return false, f
}

// stop silences. It asks nobody for leave, except that a siren known to sound for another alert goes on.
func (g *Modbus) stop(ctx context.Context, t *talk) (watch, bool, *channels.Failure) {
	if _, failure := t.unit.attempt(ctx, t.order); failure != nil {
		return nil, false, failure
	}
	if g.soundsForOther(ctx, t) {
		return nil, true, nil
	}
	if err := t.halt(ctx); err != nil {
		f := modbusFailure(err, false)
		if f.Class == channels.Lost {
			f.Class = channels.Transient // a stop may be repeated as often as it takes
		}
		return nil, false, f
	}
	t.unit.end(nil)
	if t.m.Sounding == nil {
		return nil, false, nil
	}
	return func(ctx context.Context) (bool, *channels.Failure) {
		for {
			if loud, err := t.sense(ctx, t.m.Sounding); err == nil && !loud {
				return true, nil
			}
			if !pause(ctx, g.cfg.Poll) {
				return false, nil
			}
		}
	}, false, nil
}

// soundsForOther is true only when it is known that what sounds is none of what the stop ends.
func (g *Modbus) soundsForOther(ctx context.Context, t *talk) bool {
	if len(t.order.ends) == 0 {
		return false
	}
	if r := t.unit.current(); r != nil {
		return !t.order.endsAlert(r.order.alert)
	}
	if t.m.Tag == nil || t.m.Sounding == nil {
		return false
	}
	if loud, err := t.sense(ctx, t.m.Sounding); err != nil || !loud {
		return false
	}
	on, known := t.tagged(ctx)
	for _, id := range t.order.ends {
		known = known && on != tag(id)
	}
	return known
}

// test runs the silent test, unless the siren sounds.
func (g *Modbus) test(ctx context.Context, t *talk) (watch, bool, *channels.Failure) {
	writes, err := writesOr(t.m, t.m.Test, &t.order.endpoint, programmeSilent)
	if err != nil {
		return nil, false, fail(channels.Rejected, "the siren has no silent test", err)
	}
	if loud, err := t.sense(ctx, t.m.Sounding); err != nil {
		return nil, false, modbusFailure(err, false)
	} else if loud {
		return nil, false, fail(channels.Transient, "siren is sounding", nil)
	}
	if err := t.write(ctx, writes...); err != nil {
		return nil, false, modbusFailure(err, true)
	}
	if t.m.Tested == nil {
		return nil, false, nil
	}
	return g.until(t, t.m.Tested), false, nil
}

// sounding looks until the device sounds; nil where nothing can be read back.
func (g *Modbus) sounding(t *talk) watch {
	if t.m.Sounding == nil {
		return nil
	}
	return g.until(t, t.m.Sounding)
}

// until polls a state; a fault ends it, a lost look does not.
func (g *Modbus) until(t *talk, s *Sense) watch {
	return func(ctx context.Context) (bool, *channels.Failure) {
		for {
			if faulty, err := t.sense(ctx, t.m.Fault); err == nil && faulty {
				return false, fail(channels.Transient, "siren reports a fault", nil)
			}
			if holds, err := t.sense(ctx, s); err == nil && holds {
				g.seen.mark(t.order.endpoint.ID)
				return true, nil
			}
			if !pause(ctx, g.cfg.Poll) {
				return false, nil
			}
		}
	}
}

// modbusFailure sorts an error. Started says that the request was the start itself, so a lost answer leaves it open.
func modbusFailure(err error, started bool) *channels.Failure {
	var x *exception
	switch {
	case errors.As(err, &x):
		class := channels.Transient
		if x.code <= 3 {
			class = channels.Rejected
		}
		return fail(class, x.Error(), err)
	case errors.Is(err, errStopped):
		return fail(channels.Rejected, errStopped.Error(), err)
	case errors.Is(err, errClosed):
		return fail(channels.Transient, errClosed.Error(), err)
	case errors.Is(err, errPublic):
		return fail(channels.Rejected, "unsigned modbus commands do not go to public addresses", err)
	case errors.Is(err, alerting.ErrInvalid):
		return fail(channels.Rejected, "siren record: programme", err)
	case errors.Is(err, errUnsent):
		return fail(channels.Transient, "siren not reached", err)
	case started:
		return fail(channels.Lost, "no clear answer from the siren", err)
	}
	return fail(channels.Transient, "no clear answer from the siren", err)
}
