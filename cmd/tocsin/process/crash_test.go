package process

import (
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"tocsin/alerting"
)

// away is how long an answer of the SMS gateway takes in the tests that kill: 32 slots then take some 2,000 messages a
// second, and nearly all of them are taken before their sender knows it.
const away = 10 * time.Millisecond

// run is an alert on its way to everybody's phone, how many people that are, and where its part of the raw log begins.
type run struct {
	id     alerting.AlertID
	people int
	from   int64
	began  time.Time
}

func (o *office) begin(t *testing.T) run {
	t.Helper()
	o.wire.set(t, away)
	r := run{people: insiders, from: o.sim.place(t)}
	r.id, r.began = o.issue(t, onlySMS())
	return r
}

// strike ends processes with kill -9, all at once, when the gateway has taken a share of the messages. It says what it did, fails
// the test unless that was in the middle, and gives the moment.
func (o *office) strike(t *testing.T, r run, share float64, names ...string) time.Time {
	t.Helper()
	before := o.sim.await(t, r.id.String(), int(share*float64(r.people)))
	at := time.Now()
	for _, name := range names {
		if err := o.crew[name].cmd.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatalf("kill %s: %v", name, err)
		}
	}
	for _, name := range names {
		<-o.crew[name].ended
	}
	after := o.sim.arrivals(t, r.id.String())
	for _, name := range names {
		t.Logf("kill -9 %d (%s) at %d to %d of %d messages", o.crew[name].pid(), name, before, after, r.people)
	}
	if after < r.people*3/10 || after > r.people*7/10 {
		t.Fatalf("killed at %d of %d: that is not the middle", after, r.people)
	}
	return at
}

// restart starts processes again and logs how long after the strike each was at work: a worker once it has partitions.
func (o *office) restart(t *testing.T, struck time.Time, names ...string) {
	t.Helper()
	for _, name := range names {
		o.crew[name].start(t)
	}
	for _, name := range names {
		w := o.crew[name]
		w.ready(t)
		said := "ready"
		if w.role == "sms" {
			said = "has its share of the partitions"
			eventually(t, 30*time.Second, name+" has partitions again", func() bool {
				_, n := w.assignment("worker.sms")
				return n > 0
			})
		}
		t.Logf("started %s again, pid %d: %s %.1f s after the strike", name, w.pid(), said, time.Since(struck).Seconds())
	}
}

// conclude waits for the end, and judges. A recovery is measured at the gateway: how long nothing arrived after the strike.
func (o *office) conclude(t *testing.T, r run, struck time.Time, mayDouble int) {
	t.Helper()
	s := o.finish(t, r.id, 90*time.Second)
	c := o.count(t, r.from, "sms", r.id.String())
	if len(c.arrivals) > 0 {
		pause, until := longestPause(c.arrivals, struck)
		last := c.arrivals[len(c.arrivals)-1].at
		o.verdict.Resumed = max(o.verdict.Resumed, pause.Seconds())
		t.Logf("longest pause at the gateway after it: %.2f s, ended %.1f s after it; last message %.1f s after it",
			pause.Seconds(), until.Sub(struck).Seconds(), last.Sub(struck).Seconds())
	}
	o.judge(t, c, alerting.SMS, s, mayDouble)
}

// workerKilled kills one of the two SMS workers somewhere between 30 and 70 % and starts it again.
func workerKilled(seed uint64) func(*testing.T, *office) {
	return func(t *testing.T, o *office) {
		o.sim.silence(t)
		r := rand.New(rand.NewPCG(seed, 20))
		victim := []string{"sms1", "sms2"}[r.IntN(2)]
		running := o.begin(t)
		struck := o.strike(t, running, .33+.3*r.Float64(), victim)
		o.restart(t, struck, victim)
		o.conclude(t, running, struck, slots)
	}
}

// everyProcessKilled kills the whole engine at half.
func everyProcessKilled(t *testing.T, o *office) {
	o.sim.silence(t)
	running := o.begin(t)
	names := o.names()
	struck := o.strike(t, running, .48, names...)
	o.restart(t, struck, names...)
	o.conclude(t, running, struck, 2*slots)
}

func (o *office) names() []string {
	var names []string
	for _, r := range o.plan.roles {
		names = append(names, r.name)
	}
	return names
}

// ledgerKilled kills the role that folds the journal into Redis; nobody else needs it to deliver.
func ledgerKilled(t *testing.T, o *office) {
	running := o.begin(t)
	struck := o.strike(t, running, .4, "ledger")
	o.restart(t, struck, "ledger")
	o.conclude(t, running, struck, 0)
}

// fanoutKilled kills fan-out between two pages. Expanding takes a moment only, so it may take several alerts to hit it.
func fanoutKilled(t *testing.T, o *office) {
	o.wire.set(t, away)
	const tries = 8
	for range tries {
		r := run{from: o.sim.place(t)}
		r.id, r.began = o.issue(t, onlySMS())
		pages, state := 0, ""
		eventually(t, 10*time.Second, "fan-out begins", func() bool {
			pages, state = o.expansion(t, r.id)
			return pages >= 7
		})
		fanout := o.crew["fanout"]
		fanout.kill(t)
		struck := time.Now()
		pages, state = o.expansion(t, r.id)
		if state != "scanning" {
			t.Logf("fan-out had written all %d pages before it could be killed: again", pages)
			o.restart(t, struck, "fanout")
			o.conclude(t, r, struck, 0)
			continue
		}
		t.Logf("kill -9 %d (fanout) with %d pages written, state %s", fanout.pid(), pages, state)
		if all := (insiders + alerting.PageSize - 1) / alerting.PageSize; pages >= all {
			t.Fatalf("%d of %d pages were written: that is not the middle", pages, all)
		}
		o.restart(t, struck, "fanout")
		o.conclude(t, r, struck, 0)
		return
	}
	t.Errorf("fan-out was never caught in the middle of %d expansions", tries)
}

// expansion is how far fan-out has written the manifest, by its own table.
func (o *office) expansion(t *testing.T, id alerting.AlertID) (pages int, state string) {
	t.Helper()
	var rows []struct {
		Page  int
		State string
	}
	err := o.db.Read().NewRaw("SELECT page, state FROM expansions WHERE alert = ?", id.String()).Scan(t.Context(), &rows)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) == 0 {
		return 0, ""
	}
	return rows[0].Page, rows[0].State
}

// workerDrained ends one SMS worker with SIGTERM in the middle: nobody is lost, nobody is told twice.
func workerDrained(t *testing.T, o *office) {
	o.sim.silence(t)
	running := o.begin(t)
	before := o.sim.await(t, running.id.String(), insiders*4/10)
	w := o.crew["sms1"]
	struck := time.Now()
	took := w.drain(t, 30*time.Second)
	t.Logf("SIGTERM %d (sms1) at %d of %d messages: it ended after %.2f s", w.pid(), before, insiders, took.Seconds())
	o.restart(t, struck, "sms1")
	o.conclude(t, running, struck, 0)
}
