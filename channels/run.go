package channels

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/ledger"
	"tocsin/channels/pace"
	"tocsin/channels/protocol"
)

// run is the work on one batch. Only its own goroutine touches it, but for what send reads.
//
//	todo ──claim──> flying ──result──> unsettled ──step──> settled
//	  ^                |                                      |
//	  └── gateway busy ┘              review: open places ────┴──> again, or to a retry topic
type run struct {
	w      *Worker
	b      *alerting.Batch
	own    Ownership
	issued *alerting.Issued
	// gw is who carries the batch at present: its own gateway, or a stand-in.
	gw     *Gateway
	token  ledger.Token
	opened time.Time
	// target finds a place in b.To.
	target [alerting.PageSize]int16

	// todo are the places to be claimed next.
	todo []uint8
	// flying counts the deliveries whose result has not come back; slots are those of deliveries whose result has, and
	// is not recorded yet, by the gateway they belong to. A slot is free again only when the outcome is recorded: so what
	// a crash may double is never more than the slots.
	flying  int
	slots   map[*Gateway]int
	results chan result
	// asking is set while a request for permits is out.
	asking  bool
	granted chan grant
	// halt makes deliveries that have not started give up.
	halt atomic.Bool

	unsettled []ledger.Outcome
	took      []time.Duration
	// news is what this run found out, by place; the journal gets it.
	news map[uint8]alerting.PlaceMark
	// unwritten are the places whose news the journal has not been given.
	unwritten map[uint8]struct{}
	// appending is set while news are on their way to the journal beside the loop; beside waits for them.
	appending atomic.Bool
	beside    sync.WaitGroup
	// putOff are places the gateway would not take now; RetryAfter is its longest wish.
	putOff     map[uint8]bool
	retryAfter time.Duration
	// endings are when the words of each target end, in the order of b.To; sooner for what could only be tried again after
	// that. They change only while nothing is under way.
	endings []time.Time
	// known are marks from the journal that the ledger may lack; the next step brings them in.
	known []alerting.PlaceMark

	askedOptOuts bool
	caughtUp     bool
	// ownerless is set once something was sent without claims, by ownership of the partition.
	ownerless atomic.Bool
	// ended says why nothing more may be sent; 0 while something may.
	ended ledger.Kind
	// down is since when the ledger gave no answer.
	down time.Time
}

// result is how one delivery through a gateway went.
type result struct {
	gw      *Gateway
	outcome ledger.Outcome
	failure *Failure
	took    time.Duration
}

func newRun(w *Worker, b *alerting.Batch, own Ownership, issued *alerting.Issued) *run {
	r := &run{
		w: w, b: b, own: own, issued: issued, gw: w.Gateways[b.Gateway], token: w.Token(), opened: w.Now(),
		results: make(chan result, alerting.PageSize), granted: make(chan grant, 1), slots: make(map[*Gateway]int),
		news: make(map[uint8]alerting.PlaceMark), unwritten: make(map[uint8]struct{}), putOff: make(map[uint8]bool),
	}
	for i := range b.To {
		r.endings = append(r.endings, b.ExpiryOf(&b.To[i]))
		r.target[b.To[i].Place] = int16(i)
		r.todo = append(r.todo, b.To[i].Place)
	}
	return r
}

// work goes through rounds until nothing of the batch is open.
func (r *run) work(ctx context.Context) error {
	asks, stopAsking := context.WithCancel(ctx)
	defer func() { stopAsking(); r.giveBackPermits(); r.freeSlots(); r.beside.Wait() }()
	for {
		err := r.round(ctx, asks)
		if err == nil {
			err = r.review(ctx)
		}
		switch {
		case errors.Is(err, errDone):
			return nil
		case err != nil:
			r.wind()
			return err
		}
	}
}

// round claims, sends and records until no place is waiting or under way.
func (r *run) round(ctx, asks context.Context) error {
	tick := time.NewTicker(recordWithin)
	defer tick.Stop()
	var due <-chan time.Time
	for len(r.todo) > 0 || r.flying > 0 {
		if len(r.todo) > 0 && r.over() != 0 {
			if err := r.giveUp(ctx); err != nil {
				return err
			}
			continue
		}
		r.ask(asks)
		select {
		case res := <-r.results:
			r.takeAll(res)
			if due == nil {
				due = time.After(slotWithin)
			}
			if r.slots[r.gw] < r.gw.Pacer.Chunk() && r.flying > 0 {
				continue
			}
			due = nil
			if err := r.turn(ctx); err != nil {
				return err
			}
		case <-due:
			due = nil
			if err := r.turn(ctx); err != nil {
				return err
			}
		case g := <-r.granted:
			r.asking, r.gw = false, g.gw
			g.N += r.renew(g.N)
			if err := r.claim(ctx, g); err != nil {
				return err
			}
		case <-tick.C:
			if due == nil {
				r.settle()
			}
			r.journalSoon()
		case <-ctx.Done():
			return ctx.Err()
		case <-r.own.Lost():
			return errLost
		}
	}
	return nil
}

// ask lets one request for permits run beside the loop.
func (r *run) ask(ctx context.Context) {
	if r.asking || len(r.todo) == 0 {
		return
	}
	r.asking = true
	want, cost := len(r.todo), r.cost()
	own, lane := r.w.Gateways[r.b.Gateway], r.b.Lane
	go func() {
		for {
			// Its breaker may open while it is asked: who carries is looked at each time.
			gw := own.carrier()
			permits, err := gw.Pacer.Acquire(ctx, lane, want, cost)
			if errors.Is(err, pace.ErrOpen) {
				continue
			}
			if err != nil {
				permits.N = 0
			}
			r.granted <- grant{permits, gw}
			return
		}
	}()
}

// giveBackPermits waits for the request that is still out; its context has ended, so it comes back at once.
func (r *run) giveBackPermits() {
	if r.asking {
		g := <-r.granted
		g.gw.Pacer.Release(g.N)
		r.asking = false
	}
}

// freeSlots lets others have the slots of deliveries whose outcome is recorded.
func (r *run) freeSlots() {
	for gw, n := range r.slots {
		gw.Pacer.Release(n)
	}
	clear(r.slots)
}

// cost is what one delivery of the batch takes at the most.
func (r *run) cost() int {
	cost := 1
	for i := range r.b.Texts {
		cost = max(cost, r.b.Texts[i].Cost)
	}
	return cost
}

// over says why nothing more of the batch may be sent: stopped, expired, or 0.
func (r *run) over() ledger.Kind {
	if r.ended == 0 {
		switch s, ok := r.w.Board.Standing(r.b.Alert); {
		case ok && s.Stopped:
			r.ended = ledger.StoppedBefore
		case !r.w.Now().Before(r.b.Expires):
			r.ended = ledger.ExpiredBefore
		}
	}
	return r.ended
}

// lapsed reports whether the words of a place are over, though the batch may not be.
func (r *run) lapsed(place uint8, now time.Time) bool {
	return !now.Before(r.endings[r.target[place]])
}

// lapsedBy tells the places whose words are over at a time.
func (r *run) lapsedBy(now time.Time) protocol.Over {
	return func(place uint8) bool { return r.lapsed(place, now) }
}

// endedBy tells the places that are not sent to again from a time on: their alert or their words are over.
func (r *run) endedBy(now time.Time) protocol.Over {
	if r.over() != 0 {
		return func(uint8) bool { return true }
	}
	return r.lapsedBy(now)
}

// giveUp asks the ledger to let the waiting places go as stopped or expired. What somebody else holds stays; review
// sees it.
func (r *run) giveUp(ctx context.Context) error {
	_, err := r.step(ledger.Step{Wish: r.over(), WishFor: r.todo})
	if err != nil {
		return r.withoutLedger(ctx, err)
	}
	r.todo = nil
	return nil
}

// turn records what has come back and, if the slots that it held may be used again, claims the next places in the same
// call: so a chunk of deliveries costs the ledger one call.
func (r *run) turn(ctx context.Context) error {
	n := r.renew(0)
	if n == 0 {
		r.settle()
		return nil
	}
	return r.claim(ctx, grant{pace.Permits{N: n, Start: r.w.Now()}, r.gw})
}

// renew takes slots of deliveries that are about to be recorded for the next ones, besides so many that are granted.
func (r *run) renew(granted int) int {
	n := min(r.slots[r.gw], len(r.todo)-granted)
	if n <= 0 || r.over() != 0 {
		return 0
	}
	n = r.gw.Pacer.Renew(r.b.Lane, n)
	r.slots[r.gw] -= n
	return n
}

// unused takes back permits that nothing was sent with. Slots of deliveries that are not recorded yet stay taken.
func (r *run) unused(n int) {
	if len(r.unsettled) > 0 {
		r.slots[r.gw] += n
		return
	}
	r.gw.Pacer.Release(n)
}

// claim takes the next places for the permits granted, and sends what was claimed.
func (r *run) claim(ctx context.Context, permits grant) error {
	n := min(permits.N, len(r.todo))
	if n == 0 || r.over() != 0 {
		r.unused(permits.N)
		return nil
	}
	if !r.w.Board.Fresh(r.w.Now()) {
		r.unused(permits.N)
		return pause(ctx, r.own, recordWithin)
	}
	if err := r.askOptOuts(); err != nil || len(r.todo) < n {
		r.unused(permits.N)
		return err
	}
	before := r.w.Now()
	answer, err := r.step(ledger.Step{Claim: r.todo[:n]})
	if err != nil {
		r.unused(permits.N)
		return r.withoutLedger(ctx, err)
	}
	r.gw.Pacer.Release(permits.N - len(answer.Granted))
	switch {
	case answer.Closed:
		r.ended = ledger.StoppedBefore
		return nil
	case protocol.MustRead(answer, r.caughtUp):
		for _, g := range answer.Granted {
			r.note(result{outcome: ledger.Outcome{Place: g.Place, Attempt: g.Attempt, Kind: ledger.PutOff}})
		}
		r.gw.Pacer.Release(len(answer.Granted))
		return r.catchUp(ctx)
	}
	r.todo = r.todo[n:]
	permits.N = len(answer.Granted)
	r.launch(answer.Granted, permits, before.Add(protocol.Window))
	return nil
}

// askOptOuts asks once per batch who opted out since it was made; without an answer everybody is sent to.
func (r *run) askOptOuts() error {
	if r.askedOptOuts || r.w.People.OptedOut == nil {
		return nil
	}
	r.askedOptOuts = true
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	out, err := r.w.People.OptedOut(ctx, r.b.Alert, r.b.Channel, r.b.Page)
	if err != nil {
		r.w.Log.Warn("opt-outs could not be read; sending to all", "batch", r.b.String(), "error", err)
		return nil
	}
	gone := make(map[uint8]bool, len(out))
	for _, p := range out {
		gone[p] = true
	}
	var keep, leave []uint8
	for _, p := range r.todo {
		if gone[p] {
			leave = append(leave, p)
		} else {
			keep = append(keep, p)
		}
	}
	if len(leave) == 0 {
		return nil
	}
	if _, err := r.step(ledger.Step{Wish: ledger.OptedOutBefore, WishFor: leave}); err != nil {
		r.askedOptOuts = false
		return nil
	}
	r.todo = keep
	return nil
}
