package channels

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/ledger"
	"tocsin/alerting/seal"
	"tocsin/channels/protocol"
)

// flight is the deliveries of one claim: they share a context, which the last of them ends.
type flight struct {
	context.Context
	end  context.CancelFunc
	left atomic.Int32
}

func newFlight(n int, longest time.Duration) *flight {
	f := new(flight)
	f.Context, f.end = context.WithTimeout(context.Background(), longest)
	f.left.Store(int32(n))
	return f
}

func (f *flight) landed() {
	if f.left.Add(-1) == 0 {
		f.end()
	}
}

// launch starts a delivery for every grant, at its slot. No send starts after until.
func (r *run) launch(grants []ledger.Grant, permits grant, until time.Time) {
	if len(grants) == 0 {
		return
	}
	last := permits.Start.Add(time.Duration(len(grants)-1) * permits.Interval)
	f := newFlight(len(grants), max(last.Sub(r.w.Now()), 0)+SendTimeout)
	r.flying += len(grants)
	for i, g := range grants {
		at := permits.Start.Add(time.Duration(i) * permits.Interval)
		go func() {
			defer f.landed()
			r.results <- r.send(f, permits.gw, g, at, until)
		}()
	}
}

// send hands one delivery over, if nothing has come up that forbids it.
func (r *run) send(ctx context.Context, gw *Gateway, g ledger.Grant, at, until time.Time) result {
	res := result{gw: gw, outcome: ledger.Outcome{Place: g.Place, Attempt: g.Attempt}}
	if d := at.Sub(r.w.Now()); d > 0 {
		time.Sleep(d)
	}
	if res.outcome.Kind = r.mayStart(g.Place, until); res.outcome.Kind != 0 {
		return res
	}
	d, err := r.delivery(gw, g)
	if err != nil {
		return r.unopened(res, err)
	}
	if f := Barred(gw.Live, r.w.Leaves, &d, r.w.Now()); f != nil {
		res.outcome.At, res.outcome.Kind, res.outcome.Reason = r.w.Now(), ledger.Refused, f.Reason
		return res
	}
	report, ok := gw.Pacer.Allow()
	if !ok {
		res.outcome.Kind = ledger.PutOff
		res.failure = &Failure{Class: Busy, Reason: "breaker open", RetryAfter: time.Millisecond}
		return res
	}
	start := r.w.Now()
	handed, err := gw.Adapter.Send(ctx, d)
	end := r.w.Now()
	res.outcome.At = end
	res.took = end.Sub(r.issued.Envelope.Issued)
	if err == nil {
		report(nil)
		res.outcome.Kind, res.outcome.Reference = ledger.HandedOver, handed.Reference
		if handed.Delivered {
			res.outcome.Kind = ledger.Arrived
		}
		r.w.Metrics.attempt(r.b, gw, "sent", end.Sub(start))
		return res
	}
	res.failure = FailureOf(err)
	report(breaks(res.failure))
	res.outcome.Kind, res.outcome.Reason = kindOf(res.failure.Class), res.failure.Reason
	r.w.Metrics.attempt(r.b, gw, res.failure.Class.String(), end.Sub(start))
	return res
}

// unopened is the result for an address that cannot be opened: refused for good when it was altered, put off when its key
// is not here, for that may be on its way. The others of the batch need not wait for it.
func (r *run) unopened(res result, err error) result {
	r.w.Log.Error("an address cannot be opened", "batch", r.b.String(), "place", res.outcome.Place, "error", err)
	res.outcome.At = r.w.Now()
	var missing *seal.UnknownKey
	if errors.As(err, &missing) {
		res.outcome.Kind = ledger.PutOff
		res.failure = &Failure{Class: Transient, Alone: true, Reason: "address sealed with an unknown key"}
		return res
	}
	res.outcome.Kind, res.outcome.Reason = ledger.Refused, "address cannot be opened"
	return res
}

// mayStart is the check right before the hand-over: 0 means go.
func (r *run) mayStart(place uint8, until time.Time) ledger.Kind {
	now := r.w.Now()
	s, ok := r.w.Board.Standing(r.b.Alert)
	return protocol.MayStart(protocol.Door{Now: now, Until: until, Expires: r.endings[r.target[place]],
		Stopped: !ok || s.Stopped, Fresh: r.w.Board.Fresh(now), Halted: r.halt.Load()})
}

func (r *run) delivery(gw *Gateway, g ledger.Grant) (Delivery, error) {
	to := &r.b.To[r.target[g.Place]]
	address, err := r.w.People.Open(r.b.Channel, to.Address)
	if err != nil {
		return Delivery{}, err
	}
	return Delivery{
		World: r.b.World, Alert: r.b.Alert, Epoch: r.b.Epoch, Channel: r.b.Channel, Lane: r.b.Lane, Gateway: gw.Name,
		Page: r.b.Page, Place: g.Place, Attempt: g.Attempt, Address: address, Message: &r.b.Texts[to.Text],
		Document: r.issued.Envelope.Document, Issued: r.issued, Expires: r.b.ExpiryOf(to),
	}, nil
}

// breaks is the error that counts against the gateway as a whole: a refused recipient does not.
func breaks(f *Failure) error {
	switch f.Class {
	case Busy:
		return f
	case Lost, Transient:
		if !f.Alone {
			return f
		}
	}
	return nil
}

func kindOf(c Class) ledger.Kind {
	switch c {
	case Rejected, Gone:
		return ledger.Refused
	case Busy, Transient:
		return ledger.PutOff
	case Expired:
		return ledger.ExpiredBefore
	case OptedOut:
		return ledger.OptedOutBefore
	}
	return ledger.AnswerLost
}

// defaultHold is how long a gateway rests when it says "busy" without saying for how long.
const defaultHold = time.Second

// takeAll takes a result and whatever else has come back meanwhile.
func (r *run) takeAll(res result) {
	for {
		r.flying--
		r.slots[res.gw]++
		r.note(res)
		r.respond(res)
		select {
		case res = <-r.results:
		default:
			return
		}
	}
}

// note keeps an outcome for the ledger and, unless it needs a grant to count, for the journal.
func (r *run) note(res result) {
	o := res.outcome
	if o.At.IsZero() {
		o.At = r.w.Now()
	}
	r.unsettled = append(r.unsettled, o)
	if o.Kind == ledger.HandedOver || o.Kind == ledger.Arrived {
		r.took = append(r.took, res.took)
		r.w.Metrics.handedOver(r.b, res.took)
	}
	mark := o.MarkOf()
	if mark.Handed == 0 && mark.Failure == 0 {
		return
	}
	old := r.news[o.Place]
	r.news[o.Place] = alerting.PlaceMark{Place: o.Place, Mark: old.Mark.Merge(mark), Reason: o.Reason,
		Reference: o.Reference, At: o.At.UnixMilli()}
	r.unwritten[o.Place] = struct{}{}
}

// respond does what a result asks for besides recording it.
func (r *run) respond(res result) {
	place := res.outcome.Place
	f := res.failure
	if f == nil {
		// Not started: the window closed or the board went stale. The place waits for its next claim; a round that
		// drains or a batch that is over never comes to it.
		if res.outcome.Kind == ledger.PutOff {
			r.todo = append(r.todo, place)
		}
		return
	}
	r.retryAfter = max(r.retryAfter, f.RetryAfter)
	switch f.Class {
	case Busy:
		hold := f.RetryAfter
		if hold == 0 {
			hold = defaultHold
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		res.gw.Pacer.Hold(ctx, hold)
		cancel()
		r.retryAfter = 0
		r.todo = append(r.todo, place)
	case Transient:
		if res.gw.Pacer.Tripped() {
			r.todo = append(r.todo, place)
		} else {
			r.putOff[place] = true
		}
	case Lost:
		r.putOff[place] = true
	case OptedOut, Gone:
		if r.w.People.Left != nil {
			ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
			r.w.People.Left(ctx, r.b.Alert, r.b.Channel, r.b.Page, place, f.Class)
			cancel()
		}
	}
}
