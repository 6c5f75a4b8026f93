package process

import (
	"syscall"
	"testing"
	"time"

	"tocsin/alerting"
)

// killedOnAcceptance kills everything the moment the API has said "accepted": what was accepted is never lost.
func killedOnAcceptance(t *testing.T, o *office) {
	o.sim.silence(t)
	r := o.begin(t)
	names := o.names()
	for _, name := range names {
		_ = o.crew[name].cmd.Process.Signal(syscall.SIGKILL)
	}
	struck := time.Now()
	for _, name := range names {
		<-o.crew[name].ended
	}
	t.Logf("kill -9 of all %d processes %.1f ms after the alert was accepted, at %d of %d messages", len(names),
		float64(struck.Sub(r.began).Microseconds())/1000, o.sim.arrivals(t, r.id.String()), insiders)
	o.restart(t, struck, names...)
	o.conclude(t, r, struck, 2*slots)
}

// comings lets one worker come and go in the middle of a run, politely: each time the partitions are shared out anew, and
// nobody is lost or doubled.
func comings(t *testing.T, o *office) {
	o.sim.silence(t)
	r := o.begin(t)
	w := o.crew["sms2"]
	struck := time.Now()
	for share := 1; share <= 4; share++ {
		o.sim.await(t, r.id.String(), share*insiders/10)
		t.Logf("SIGTERM %d: ended after %v", w.pid(), w.drain(t, 30*time.Second).Round(time.Millisecond))
		w.start(t)
		w.ready(t)
	}
	o.conclude(t, r, struck, 0)
}

// unjournalled bounds what one worker has sent and not yet journalled: outcomes go to the journal every 50 ms, and it
// sends some thousand a second here. Twice that, because the machine may be busy.
const unjournalled = 100

// flushedAndKilled loses the ledger and a worker at the same moment: only the journal knows what that worker sent.
func flushedAndKilled(t *testing.T, o *office) {
	o.sim.silence(t)
	r := o.begin(t)
	o.sim.await(t, r.id.String(), insiders*4/10)
	w := o.crew["sms1"]
	w.kill(t)
	keys := o.forget(t)
	struck := time.Now()
	t.Logf("kill -9 %d (sms1) and %d keys unlinked at %d of %d messages", w.pid(), keys, o.sim.arrivals(t, r.id.String()), insiders)
	o.restart(t, struck, "sms1")
	o.conclude(t, r, struck, 2*slots+unjournalled)
}

// cancelledAndKilled kills fan-out and a worker in the middle of a cancel.
func cancelledAndKilled(t *testing.T, o *office) {
	o.wire.set(t, 20*time.Millisecond)
	r := run{from: o.sim.place(t)}
	r.id, r.began = o.issue(t, onlySMS())
	o.sim.await(t, r.id.String(), insiders/4)
	answer, err := o.api.Cancel(t.Context(), r.id, "")
	accepted := time.Now()
	if err != nil {
		t.Fatalf("cancel: %v", err)
	}
	o.crew["sms1"].kill(t)
	told := o.sim.await(t, answer.Alert.String(), 200)
	o.crew["fanout"].kill(t)
	t.Logf("cancelled %s by %s; sms1 killed at once, fanout after %d corrections", r.id, answer.Alert, told)
	o.restart(t, accepted, "sms1", "fanout")
	o.finish(t, answer.Alert, 90*time.Second)
	s := o.finish(t, r.id, 30*time.Second)
	originals := o.sim.read(t, r.from, "sms", r.id.String())
	corrections := o.sim.read(t, r.from, "sms", answer.Alert.String())
	t.Logf("last original %.3f s after the cancel", originals[len(originals)-1].at.Sub(accepted).Seconds())
	o.judgeCorrections(t, originals, corrections)
	for _, c := range s.Channels {
		told := int64(len(uniq(originals)))
		// The dead worker's claims that never landed stay uncertain; all else is told or cancelled.
		if c.Channel == alerting.SMS && (!s.Consistent || c.States.Uncertain > slots || c.States.Delivered > told ||
			c.States.Delivered+c.States.Uncertain < told || c.States.Sum() != insiders) {
			t.Errorf("the books do not say what the gateway took from %d people: %+v", told, c.States)
		}
	}
}
