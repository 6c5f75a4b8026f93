package channels

import (
	"context"
	"errors"
	"slices"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/ledger"
	"tocsin/channels/protocol"
)

// step runs a step of the ledger that also settles what is unsettled. Only an answer clears that: a step whose answer
// was lost is repeated, and repeating is harmless.
func (r *run) step(s ledger.Step) (ledger.Stepped, error) {
	s.Alert, s.Channel, s.Page, s.Token = r.b.Alert, r.b.Channel, r.b.Page, r.token
	s.Outcomes, s.Took, s.Marks, s.ByOwnership = r.unsettled, r.took, r.known, r.ownerless.Load()
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	answer, err := r.w.Ledger.Step(ctx, s)
	if err != nil {
		return answer, err
	}
	r.down = time.Time{}
	r.unsettled, r.took, r.known = r.unsettled[:0], r.took[:0], nil
	r.freeSlots()
	return answer, nil
}

// settle records outcomes that have waited for the next claim long enough. A ledger that is away gets them later.
func (r *run) settle() {
	if len(r.unsettled) == 0 {
		return
	}
	if _, err := r.step(ledger.Step{}); err != nil {
		r.journalNews()
	}
}

// review asks the ledger for all places of the batch and decides: done (errDone), another round (nil), or off to a retry topic.
func (r *run) review(ctx context.Context) error {
	answer, err := r.step(ledger.Step{Report: r.places()})
	if err != nil {
		return r.withoutLedger(ctx, err)
	}
	now := r.w.Now()
	left, others := protocol.Holding(answer.Report, r.newsOf, r.endedBy(now))
	switch protocol.NextOf(protocol.Left{Places: len(left), Willing: len(r.again(left)), Others: others, Over: r.over() != 0,
		Patient: now.Sub(r.opened) < straggleAfter || r.anyLapsed(left, now)}) {
	case protocol.Commit:
		return r.finish(answer.Report)
	case protocol.PutBack:
		return r.putBack(answer.Report, left)
	case protocol.Wait:
		if o, ok := r.own.(interface{ Rest() }); ok {
			o.Rest()
		}
		if err := pause(ctx, r.own, 250*time.Millisecond); err != nil {
			return err
		}
	case protocol.Again:
	}
	r.todo = r.again(left)
	return nil
}

// newsOf is what this run found out of a place.
func (r *run) newsOf(place uint8) alerting.Mark { return r.news[place].Mark }

func (r *run) places() []uint8 {
	all := make([]uint8, len(r.b.To))
	for i := range r.b.To {
		all[i] = r.b.To[i].Place
	}
	return all
}

func (r *run) anyLapsed(places []uint8, now time.Time) bool {
	return slices.ContainsFunc(places, r.lapsedBy(now))
}

// again is what of left may be tried here and now: all but what the gateway would not take. What is over is tried, so that
// the ledger calls it so.
func (r *run) again(left []uint8) []uint8 {
	if r.over() != 0 {
		return left
	}
	var out []uint8
	now := r.w.Now()
	for _, p := range left {
		if !r.putOff[p] || r.lapsed(p, now) {
			out = append(out, p)
		}
	}
	return out
}

// putBack writes the open places to a retry topic, and is done then (errDone). Those whose words would be over by then expire now, in
// another round.
func (r *run) putBack(report []ledger.Held, left []uint8) error {
	at := r.w.Now().Add(max(retryDelay(r.b.Tries), r.retryAfter))
	if !at.Before(r.b.Expires) {
		r.ended = ledger.ExpiredBefore
		r.todo = left
		return nil
	}
	if r.todo = r.endBefore(at, left); len(r.todo) > 0 {
		return nil
	}
	again := *r.b
	again.NotBefore, again.Tries = at, min(r.b.Tries+1, 255)
	again.To = make([]alerting.Target, 0, len(left))
	for _, p := range left {
		again.To = append(again.To, r.b.To[r.target[p]])
	}
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	if err := r.w.Records.Retry(ctx, &again); err != nil {
		return err
	}
	r.w.Metrics.retried(r.b, len(left))
	return r.finish(report)
}

// endBefore ends the words of the places that would be over at a time, and gives the places: a round then lets the ledger
// call them expired.
func (r *run) endBefore(at time.Time, places []uint8) []uint8 {
	var over []uint8
	for _, p := range places {
		if end := &r.endings[r.target[p]]; !at.Before(*end) {
			*end = time.Time{}
			over = append(over, p)
		}
	}
	return over
}

// RetryDelays are the tiers of the retry topics: the first, the second, and every further time.
func RetryDelays() []time.Duration {
	return []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute}
}

func retryDelay(tries uint8) time.Duration {
	tiers := RetryDelays()
	return tiers[min(int(tries), len(tiers)-1)]
}

// errDone says that the batch is finished and may be committed: its account stands in the journal.
var errDone = errors.New("done")

// finish is errDone only when the journal has the account of the batch. Committed without it, what was sent would be unknown to whoever
// folds the journal later, and nobody would carry it any more.
func (r *run) finish(report []ledger.Held) error {
	if err := r.journal(report); err != nil {
		return err
	}
	return errDone
}

// journal appends the account of the batch, with the gateway's words: the last thing before its commit.
func (r *run) journal(report []ledger.Held) error {
	marks := protocol.Account(report, r.newsOf)
	for i := range marks {
		m := r.news[marks[i].Place]
		m.Place, m.Mark = marks[i].Place, marks[i].Mark
		marks[i] = m
	}
	return r.append(marks)
}

func (r *run) append(marks []alerting.PlaceMark) error {
	if len(marks) == 0 {
		return nil
	}
	receipt := alerting.Receipt{World: r.b.World, Alert: r.b.Alert, Epoch: r.b.Epoch, Channel: r.b.Channel,
		Page: r.b.Page, ByOwnership: r.ownerless.Load(), Marks: marks}
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	if err := r.w.Records.Journal(ctx, []alerting.Receipt{receipt}); err != nil {
		return err
	}
	r.w.views.learn(receipt)
	return nil
}

// journalSoon appends what the run found out since the last time, beside the loop: a ledger that loses its memory then
// costs the deliveries of a moment, not of a whole batch. The journal at the batch's end repeats it all, so nothing hangs
// on this one.
func (r *run) journalSoon() {
	if len(r.unwritten) == 0 || r.appending.Load() {
		return
	}
	marks := r.unwrittenMarks(r.unsettled)
	if len(marks) == 0 {
		return
	}
	r.appending.Store(true)
	r.beside.Go(func() {
		defer r.appending.Store(false)
		if err := r.append(marks); err != nil {
			r.w.Log.Debug("outcomes are not in the journal yet", "batch", r.b.String(), "error", err)
		}
	})
}

// unwrittenMarks takes the news that the journal has not been given, but for that of some outcomes: the ledger hears of those from us
// first. From the journal it would hear that an answer was lost, and then count it once more when we settle it.
func (r *run) unwrittenMarks(but []ledger.Outcome) []alerting.PlaceMark {
	marks := make([]alerting.PlaceMark, 0, len(r.unwritten))
	for place := range r.unwritten {
		if slices.ContainsFunc(but, func(o ledger.Outcome) bool { return o.Place == place }) {
			continue
		}
		marks = append(marks, r.news[place])
		delete(r.unwritten, place)
	}
	return marks
}

// journalNews appends the run's own news once while the ledger is away, so that a crash loses none of it.
func (r *run) journalNews() {
	// With neither ledger nor journal nothing new can start, so the slots are not needed to hold anything back.
	defer r.freeSlots()
	if len(r.unwritten) == 0 {
		return
	}
	marks := r.unwrittenMarks(nil)
	if err := r.append(marks); err != nil {
		for _, m := range marks {
			r.unwritten[m.Place] = struct{}{}
		}
		r.w.Log.Warn("outcomes wait in memory: neither ledger nor journal answers", "batch", r.b.String(), "error", err)
	}
}

// wind brings a run to rest that will not finish: sends under way end, outcomes are recorded, claims are given back.
// Nothing is committed; whoever gets the batch next goes on from the ledger.
func (r *run) wind() {
	r.halt.Store(true)
	for r.flying > 0 {
		r.takeAll(<-r.results)
	}
	if len(r.unsettled) > 0 {
		if _, err := r.step(ledger.Step{}); err != nil {
			r.w.Log.Warn("outcomes are in the journal alone", "batch", r.b.String(), "error", err)
		}
	}
	r.journalNews()
}
