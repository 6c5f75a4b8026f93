package siren

import (
	"context"
	"errors"
	"sync"

	"tocsin/alerting"
	"tocsin/channels"
)

// run is a programme that this process started on a Modbus siren and that may still sound.
type run struct {
	order *order
	m     *RegisterMap
	// confirmed is true once the device took the start.
	confirmed bool
	// disarm cancels the alarm that ends the run.
	disarm func() bool
	tries  int
}

// unit is what this process knows of one siren. Two starts follow each other; a stop waits for nothing and calls off
// the starts under way that it ends.
type unit struct {
	starting turnstile

	mu       sync.Mutex
	attempts map[*attempt]struct{}
	// floor is the highest counter that the siren is known to have taken from our key.
	floor uint64
	// run is used for Modbus sirens only; the others bound themselves.
	run *run
}

// The reasons why a start is called off.
var (
	errStopped = errors.New("stopped by a later message")
	errClosed  = errors.New("the gateway is closing")
)

// attempt is a start that is under way. It begins with the turn of its siren, which it may leave before it ends.
type attempt struct {
	unit    *unit
	alert   alerting.AlertID
	inTurn  bool
	stopped bool
}

// attempt waits until no other start of the siren is in its turn, so that their counters arrive in order. The attempt of
// a stop waits for nobody, calls off what it ends, and is never called off itself.
func (u *unit) attempt(ctx context.Context, o *order) (*attempt, *channels.Failure) {
	a := &attempt{unit: u, alert: o.alert}
	u.mu.Lock()
	if o.action == Halt {
		defer u.mu.Unlock()
		for other := range u.attempts {
			other.stopped = other.stopped || o.endsAlert(other.alert)
		}
		return a, nil
	}
	if u.attempts == nil {
		u.attempts = map[*attempt]struct{}{}
	}
	u.attempts[a] = struct{}{}
	u.mu.Unlock()
	if err := u.starting.enter(ctx, false); err != nil {
		a.end()
		return nil, fail(channels.Transient, "another start was under way", err)
	}
	a.inTurn = true
	if err := a.called(); err != nil {
		a.end()
		return nil, fail(channels.Rejected, err.Error(), err)
	}
	return a, nil
}

// called is errStopped once a stop for the alert was ordered.
func (a *attempt) called() error {
	a.unit.mu.Lock()
	defer a.unit.mu.Unlock()
	if a.stopped {
		return errStopped
	}
	return nil
}

// leave lets the next start of the siren begin; only the goroutine of the attempt calls it.
func (a *attempt) leave() {
	if a.inTurn {
		a.inTurn = false
		a.unit.starting.leave()
	}
}

// end ends the attempt.
func (a *attempt) end() {
	a.leave()
	a.unit.mu.Lock()
	defer a.unit.mu.Unlock()
	delete(a.unit.attempts, a)
}

// next is a counter for the siren; guarded so that two commands to it never share one.
func (u *unit) next(c *Counter) uint64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.floor = c.Above(u.floor)
	return u.floor
}

// raise notes a counter that the siren says it has taken.
func (u *unit) raise(seen uint64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.floor = max(u.floor, seen)
}

// begin records a run and ends the watch over the one before.
func (u *unit) begin(r *run) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.run != nil {
		u.run.disarm()
	}
	u.run = r
}

// confirm notes that the device took the start.
func (u *unit) confirm(r *run) {
	u.mu.Lock()
	defer u.mu.Unlock()
	r.confirmed = true
}

// end forgets a run; nil forgets whatever runs. It reports whether there was one to forget.
func (u *unit) end(r *run) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.run == nil || (r != nil && u.run != r) {
		return false
	}
	u.run.disarm()
	u.run = nil
	return true
}

// current is the run; nil when nothing of ours sounds.
func (u *unit) current() *run {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.run
}

// holds reports whether the device took a start of ours for the alert and nothing ended it since.
func (u *unit) holds(alert alerting.AlertID) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.run != nil && u.run.confirmed && u.run.order.alert == alert
}

// talk is the conversation of one order with its device.
type talk struct {
	line   *line
	order  *order
	m      *RegisterMap
	unit   *unit
	urgent bool
	guard  func() error
}

// read is the value of one cell.
func (t *talk) read(ctx context.Context, c Cell) (uint16, error) {
	values, err := t.line.call(ctx, t.urgent, nil, t.order.endpoint.Unit, readRequest(c.Table, c.Address, 1))
	if err != nil {
		return 0, err
	}
	return values[0], nil
}

// sense reads a state; false where the map has none.
func (t *talk) sense(ctx context.Context, s *Sense) (bool, error) {
	if s == nil {
		return false, nil
	}
	v, err := t.read(ctx, s.Cell)
	return err == nil && s.holds(v), err
}

// write writes in order and ends at the first failure. A device that answers "acknowledge" has taken the request and
// needs time (V1.1b3 §7, code 5).
func (t *talk) write(ctx context.Context, list ...Write) error {
	for _, w := range list {
		if err := t.values(ctx, w.Cell, w.Value); err != nil {
			return err
		}
	}
	return nil
}

func (t *talk) values(ctx context.Context, c Cell, values ...uint16) error {
	_, err := t.line.call(ctx, t.urgent, t.guard, t.order.endpoint.Unit, writeRequest(c.Table, c.Address, values...))
	var x *exception
	if errors.As(err, &x) && x.code == 5 {
		return nil
	}
	return err
}

// tag is the alert as the two registers of RegisterMap.Tag hold it.
func tag(id alerting.AlertID) [2]uint16 {
	return [2]uint16{uint16(id[0])<<8 | uint16(id[1]), uint16(id[2])<<8 | uint16(id[3])}
}

// tagged reads for which alert the device sounds; false where the map does not say or nothing was written yet.
func (t *talk) tagged(ctx context.Context) ([2]uint16, bool) {
	if t.m.Tag == nil {
		return [2]uint16{}, false
	}
	v, err := t.line.call(ctx, t.urgent, nil, t.order.endpoint.Unit, readRequest(Register, t.m.Tag.Address, 2))
	if err != nil || (v[0] == 0 && v[1] == 0) {
		return [2]uint16{}, false
	}
	return [2]uint16{v[0], v[1]}, true
}

// stopWrites are what silences the device: the map's, else the siren's own programme for it.
func stopWrites(m *RegisterMap, e *Endpoint) ([]Write, error) {
	return writesOr(m, m.Stop, e, programmeStop)
}

func writesOr(m *RegisterMap, list []Write, e *Endpoint, programme string) ([]Write, error) {
	if len(list) > 0 {
		return list, nil
	}
	w, err := m.start(string(e.Programmes[programme]))
	if err != nil {
		return nil, err
	}
	return []Write{w}, nil
}

// halt writes everything that silences the device, whatever fails in between.
func (t *talk) halt(ctx context.Context) error {
	writes, err := stopWrites(t.m, &t.order.endpoint)
	if err != nil {
		return err
	}
	var errs []error
	for _, w := range writes {
		errs = append(errs, t.write(ctx, w))
	}
	return errors.Join(errs...)
}
