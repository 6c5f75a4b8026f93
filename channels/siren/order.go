package siren

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
	"tocsin/channels"
)

// order is what a delivery asks of a siren.
type order struct {
	endpoint  Endpoint
	action    Action
	programme string
	// named is false where the siren has no entry for the programme, so that programme is our own name for it.
	named bool
	// raised is true once the counter was moved above the siren's last.
	raised  bool
	seconds int
	alert   alerting.AlertID
	ends    []alerting.AlertID
	lane    alerting.Lane
	expires time.Time
}

// endsAlert reports whether a stop ends what sounds for the alert.
func (o *order) endsAlert(alert alerting.AlertID) bool { return (&Command{Ends: o.ends}).ends(alert) }

// order reads a delivery.
func (c *core) order(d *channels.Delivery, protocol string) (*order, error) {
	now := c.now()
	if barred := channels.Barred(c.cfg.Live, c.cfg.Leaves, d, now); barred != nil {
		return nil, fail(channels.Rejected, barred.Reason, alerting.ErrForbidden)
	}
	if !d.Expires.IsZero() && !now.Before(d.Expires) {
		return nil, fail(channels.Expired, "expired before it was sent", nil)
	}
	e, err := ParseEndpoint(d.Address)
	if err != nil {
		return nil, fail(channels.Rejected, err.Error(), alerting.ErrInvalid)
	}
	if e.Protocol != protocol {
		return nil, fail(channels.Rejected, fmt.Sprintf("siren record: protocol %s at a gateway for %s", e.Protocol, protocol), alerting.ErrInvalid)
	}
	if d.Message == nil {
		return nil, fail(channels.Rejected, "no siren programme", alerting.ErrInvalid)
	}
	var b body
	if err := json.Unmarshal([]byte(d.Message.Body), &b); err != nil {
		return nil, fail(channels.Rejected, "siren programme not understood", fmt.Errorf("%w: %w", alerting.ErrInvalid, err))
	}
	if !c.sanctioned(d, &b) {
		return nil, fail(channels.Rejected, "not the programme of the public test", alerting.ErrForbidden)
	}
	o := &order{endpoint: e, alert: d.Alert, lane: d.Lane, expires: d.Expires}
	if b.Stop {
		o.action = Halt
		o.ends, err = c.ends(d, &b)
		return o, err
	}
	o.action = Activate
	if c.silent(d.World, &b) {
		o.action = SilentTest
	}
	o.programme, o.named = e.code(b.Programme)
	if !o.named {
		o.programme = b.Programme
	}
	if o.action == SilentTest {
		return o, nil
	}
	if o.programme == "" {
		return nil, fail(channels.Rejected, "the siren programme has no name", alerting.ErrInvalid)
	}
	o.seconds = c.seconds(&b, &e, d.Expires.Sub(now), d.Expires.IsZero())
	return o, nil
}

// sanctioned reports whether a programme may run: of a test that leaves through a live gateway only the one that its
// window names, no longer than that says, and the end of it.
func (c *core) sanctioned(d *channels.Delivery, b *body) bool {
	if !c.cfg.Live || d.World != alerting.Test || b.Stop {
		return true
	}
	w := d.Issued.Envelope.Window // Barred has seen it
	return b.Programme == programmeSilent || b.Programme == w.Programme && b.Seconds > 0 && b.Seconds <= w.Seconds
}

// silent decides between a sound and the silent test. What is marked as a test sounds only in an exercise, and only where
// the gateway is set up for it; an exercise that says nothing is taken for marked.
func (c *core) silent(world alerting.World, b *body) bool {
	if b.Programme == programmeSilent {
		return true
	}
	if world == alerting.Actual {
		return b.Test != nil && *b.Test
	}
	return (b.Test == nil || *b.Test) && !(c.cfg.AudibleExercises && world == alerting.Exercise)
}

// seconds is the shortest of what the programme wants, what the siren and the gateway allow, and what is left of the
// alert; at least 1.
func (c *core) seconds(b *body, e *Endpoint, left time.Duration, endless bool) int {
	n := c.cfg.MaxSeconds
	if b.Seconds > 0 {
		n = min(n, b.Seconds)
	}
	if e.MaxSeconds > 0 {
		n = min(n, e.MaxSeconds)
	}
	if !endless {
		n = min(n, int(min(left/time.Second, 3600)))
	}
	return max(n, 1)
}

// ends are the alerts that a stop ends: as its body names them, else as its document refers to them. None means
// whatever sounds.
func (c *core) ends(d *channels.Delivery, b *body) ([]alerting.AlertID, error) {
	var ids []alerting.AlertID
	for _, s := range b.Ends {
		id, err := alerting.ParseAlertID(s)
		if err != nil {
			return nil, fail(channels.Rejected, "siren programme: an alert to end is not an alert id", err)
		}
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		ids = c.refs.of(d)
	}
	// The latest references stand last; a siren sounds for one of those.
	return ids[max(0, len(ids)-MaxEnds):], nil
}

// references remembers what the last documents refer to: the deliveries of one alert all carry the same one.
type references struct {
	mu   sync.Mutex
	of32 map[alerting.AlertID][]alerting.AlertID
}

func (r *references) of(d *channels.Delivery) []alerting.AlertID {
	if len(d.Document) == 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if ids, ok := r.of32[d.Alert]; ok {
		return ids
	}
	var ids []alerting.AlertID
	// The document was checked when it was issued. If it cannot be read all the same, the stop ends whatever sounds.
	if a, err := cap.Parse(d.Document, cap.Options{}); err == nil && a != nil {
		for _, ref := range a.References {
			ids = append(ids, alerting.IDOfReference(ref))
		}
	}
	if r.of32 == nil || len(r.of32) >= 32 {
		r.of32 = map[alerting.AlertID][]alerting.AlertID{}
	}
	r.of32[d.Alert] = ids
	return ids
}

// amend changes an order that the siren refused for something that can be mended, once each: a counter below its last
// (two processes with different clocks spoke to it), and a programme that it does not have where a wider one would do.
func (c *core) amend(o *order, r *Reply) bool {
	if r.State != Refused {
		return false
	}
	switch r.Reason {
	case Replayed:
		if o.raised || !c.counter.Plausible(r.Counter, c.cfg.Validity) {
			return false
		}
		o.raised = true
		c.unit(o.endpoint.ID).raise(r.Counter)
		return true
	case UnknownProgramme:
		if o.named || stem(o.programme) == "" {
			return false
		}
		o.programme = stem(o.programme)
		return true
	}
	return false
}
