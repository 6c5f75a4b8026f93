package channels

import (
	"context"
	"errors"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/ledger"
	"tocsin/channels/protocol"
)

// withoutLedger decides what to do while the ledger gives no answer: routine waits; stop and flash wait a moment and
// then go on under ownership of the partition. It returns nil when the run should try again.
func (r *run) withoutLedger(ctx context.Context, cause error) error {
	if !errors.Is(cause, alerting.ErrUnavailable) {
		return cause
	}
	now := r.w.Now()
	if r.down.IsZero() {
		r.down = now
		r.w.Log.Warn("the ledger gives no answer", "batch", r.b.String(), "error", cause)
	}
	r.journalNews()
	if r.b.Lane == alerting.Routine || now.Sub(r.down) < rebuildWait || r.over() != 0 {
		return pause(ctx, r.own, 4*recordWithin)
	}
	return r.byOwnership(ctx)
}

// byOwnership sends what waits without claims. Nobody else may be sending the same: a newly gained partition waits one
// lease, so that the last owner's sends have landed, and reads in the journal what he did; every chunk is journalled
// as uncertain before it is sent, so that the next owner knows; and nothing starts later than the time for which the
// group's coordinator vouches for our ownership.
func (r *run) byOwnership(ctx context.Context) error {
	view, err := r.view(ctx)
	if err != nil {
		return err
	}
	for len(r.todo) > 0 && r.over() == 0 {
		r.ask(ctx)
		var permits grant
		select {
		case permits = <-r.granted:
			r.asking, r.gw = false, permits.gw
		case <-r.own.Lost():
			return errLost
		}
		if permits.N == 0 {
			return ctx.Err()
		}
		until := protocol.OwnedUntil(r.own.Proof())
		if now := r.w.Now(); !r.own.Owned() || now.After(until) || !r.w.Board.Fresh(now) {
			r.gw.Pacer.Release(permits.N)
			if err := pause(ctx, r.own, recordWithin); err != nil {
				return err
			}
			continue
		}
		n := min(permits.N, len(r.todo))
		grants := protocol.Unsettled(r.todo[:n], r.knownBy(view), r.lapsedBy(r.w.Now()))
		r.todo = r.todo[n:]
		r.gw.Pacer.Release(permits.N - len(grants))
		if err := r.journalIntents(grants); err != nil {
			r.gw.Pacer.Release(len(grants))
			return err
		}
		permits.N = len(grants)
		r.launch(grants, permits, until)
		for r.flying > 0 {
			r.takeAll(<-r.results)
		}
		// One look whether the ledger is back; if so, the normal way goes on from here.
		if _, err := r.step(ledger.Step{}); err == nil {
			return nil
		}
		r.journalNews()
	}
	return r.commitByOwnership(ctx, view)
}

// knownBy is what journal and run together know of a place.
func (r *run) knownBy(view *view) protocol.Marks {
	return func(place uint8) alerting.Mark { return view.mark(r.b, place).Merge(r.newsOf(place)) }
}

// journalIntents writes "uncertain, to be resent" for a chunk before it is sent.
func (r *run) journalIntents(grants []ledger.Grant) error {
	if len(grants) > 0 {
		r.ownerless.Store(true)
	}
	return r.append(protocol.Intents(grants))
}

// commitByOwnership ends a run without the ledger: when journal and run together leave nothing open, or what is open
// has been put off. Else it waits for the ledger.
func (r *run) commitByOwnership(ctx context.Context, view *view) error {
	report, known := make([]ledger.Held, 0, len(r.b.To)), r.knownBy(view)
	for _, p := range r.places() {
		report = append(report, ledger.Held{Place: p, Mark: known(p)})
	}
	left, _ := protocol.Holding(report, r.newsOf, r.endedBy(r.w.Now()))
	if len(left) == 0 {
		return r.finish(report)
	}
	if len(r.again(left)) == 0 && r.over() == 0 {
		return r.putBack(report, left)
	}
	r.todo = r.again(left)
	return pause(ctx, r.own, 4*recordWithin)
}

// catchUp runs once when the ledger turns out to have been rebuilt: the last owner of the partition may have sent by
// ownership after the rebuild had read the journal. What the journal says of the page goes into the next step.
func (r *run) catchUp(ctx context.Context) error {
	view, err := r.view(ctx)
	if err != nil {
		return err
	}
	journal := func(place uint8) alerting.Mark { return view.mark(r.b, place) }
	r.known = append(r.known, protocol.Known(r.places(), journal)...)
	r.caughtUp = true
	return nil
}

// view gives what the journal says of the alert, read no sooner than the last owner of the partition can have added to it.
func (r *run) view(ctx context.Context) (*view, error) {
	from := protocol.ReadableFrom(r.own.GainedAt(), r.w.Takeover)
	if err := waitUntil(ctx, r.own, from, r.w.Now); err != nil {
		return nil, err
	}
	v, err := r.w.views.get(ctx, r.w, r.b, r.issued, from)
	for err != nil {
		r.w.Log.Warn("the journal cannot be read", "batch", r.b.String(), "error", err)
		if err := pause(ctx, r.own, time.Second); err != nil {
			return nil, err
		}
		v, err = r.w.views.get(ctx, r.w, r.b, r.issued, from)
	}
	return v, nil
}
