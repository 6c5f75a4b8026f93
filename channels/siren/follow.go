package siren

import (
	"context"
	"errors"
	"sync"
	"time"

	"tocsin/alerting"
	"tocsin/channels"
)

// A watch waits until a siren did what it was told: true once it did, a failure once it cannot, false when ctx ended
// before either was known.
type watch func(ctx context.Context) (done bool, failure *channels.Failure)

// maxFollows bounds how many slow sirens one gateway watches at once; those above it stay "sent".
const maxFollows = 512

// follower watches sirens after their send has returned: a motor siren needs longer to spin up than a send may take.
type follower struct {
	cfg    Config
	ctx    context.Context
	cancel context.CancelFunc
	mu     sync.Mutex
	closed bool
	count  int
	all    sync.WaitGroup
}

func (f *follower) start(cfg Config) {
	f.cfg = cfg
	f.ctx, f.cancel = context.WithCancel(context.Background())
}

// follow goes on with a watch and reports its end, whatever it is; then after is called.
func (f *follower) follow(d channels.Delivery, reference string, w watch, after func()) {
	f.mu.Lock()
	if f.closed || f.cfg.Receive == nil || f.count >= maxFollows {
		f.mu.Unlock()
		after()
		return
	}
	f.count++
	f.all.Add(1)
	f.mu.Unlock()
	go func() {
		defer func() {
			after()
			f.mu.Lock()
			f.count--
			f.mu.Unlock()
			f.all.Done()
		}()
		ctx, cancel := context.WithTimeout(f.ctx, f.cfg.Follow)
		defer cancel()
		done, failure := w(ctx)
		if !done && failure == nil {
			return
		}
		ctx, cancel = context.WithTimeout(f.ctx, channels.SendTimeout)
		defer cancel()
		if err := f.cfg.Receive(ctx, receipt(&d, reference, failure)); err != nil && f.ctx.Err() == nil {
			f.cfg.Log.Warn("siren feedback could not be recorded", "gateway", f.cfg.Name, "alert", d.Alert, "error", err)
		}
	}()
}

// close ends all watches and waits for them.
func (f *follower) close() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.cancel()
	f.all.Wait()
}

// receipt is the news of one delivery: failed with the failure's reason, else delivered.
func receipt(d *channels.Delivery, reference string, failure *channels.Failure) alerting.Receipt {
	m := alerting.PlaceMark{Place: d.Place, Reference: reference,
		Mark: alerting.Mark{Best: alerting.Delivered, Handed: d.Attempt}}
	if failure != nil {
		m.Mark.Best, m.Mark.Failure, m.Reason = alerting.Sent, d.Attempt, failure.Reason
	}
	return alerting.Receipt{World: d.World, Alert: d.Alert, Epoch: d.Epoch, Channel: alerting.Siren, Page: d.Page,
		Marks: []alerting.PlaceMark{m}}
}

// pause waits for d or until ctx ends; false when it ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// judge is what a reply means for an order: done, failed, or (neither) to be waited for.
func judge(o *order, r *Reply) (done bool, failure *channels.Failure) {
	switch r.State {
	case Refused:
		return false, refusal(r.Reason)
	case Faulty:
		return false, fail(channels.Transient, "siren failed: "+reasonText(r.Reason), nil)
	}
	if o.action == Halt {
		if r.State == Idle || r.State == Finished {
			return true, nil
		}
		// Sounding for another alert: what was to be ended has ended.
		return r.State == Sounding && !o.endsAlert(r.Alert), nil
	}
	ours := r.Alert == o.alert
	return ours && (r.State == Sounding || r.State == Finished), nil
}

// asStop makes a lost answer to a stop one that may be tried again and again: stopping twice does no harm.
func asStop(o *order, err error) error {
	f := (*channels.Failure)(nil)
	if o.action == Halt && errors.As(err, &f) && f.Class == channels.Lost {
		again := *f
		again.Class = channels.Transient
		return &again
	}
	return err
}

// refusal sorts a device's reasons: those that another try may overcome, and those that are final.
func refusal(r Reason) *channels.Failure {
	class := channels.Rejected
	switch r {
	case InUse, Starting, NotStored, Fault:
		class = channels.Transient
	}
	return fail(class, "siren refused: "+reasonText(r), nil)
}

// reasonText lets only reasons of the protocol through: a device's own words could hold anything.
func reasonText(r Reason) string {
	switch r {
	case Malformed, UnknownKey, BadSignature, WrongSiren, TooLong, NotYet, TooLate, Starting, Replayed, Ended, NotStored,
		UnknownProgramme, InUse, Fault:
		return string(r)
	case "":
		return "no reason given"
	}
	return "unknown reason"
}
