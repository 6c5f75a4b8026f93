package process

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/embedded/servertest"
	"tocsin/cmd/tocsin/client"
)

// join starts further SMS workers; they leave with the test.
func (o *office) join(t *testing.T, f fit, names ...string) {
	t.Helper()
	usual := o.plan.roles
	for _, name := range names {
		w := &worker{name: name, role: "sms", binary: o.tocsin, metrics: servertest.FreePort(t), config: filepath.Join(o.dir, name+".yaml"),
			log: filepath.Join(o.dir, name+".log")}
		o.crew[name] = w
		o.configure(t, w, f)
		o.plan.roles = append(slices.Clip(o.plan.roles), post{name, "sms"})
	}
	o.complete(t)
	t.Cleanup(func() {
		o.plan.roles = usual
		for _, name := range names {
			o.crew[name].drain(t, 30*time.Second)
			delete(o.crew, name)
		}
	})
}

// rateTruth: a limit of 100 a second over five processes, for forty seconds, or twenty in the quick set: all are named in one request. No window of
// one second sees more than 105 messages, and 95 % of the limit is used.
func rateTruth(t *testing.T, o *office) {
	const limit = 100
	lasts := 40
	if *quick {
		lasts = 20
	}
	f := o.limitedTo(limit)
	o.refit(t, f, "sms1", "sms2")
	defer o.refit(t, fit{slots: slots, sms: f.sms}, "sms1", "sms2")
	o.join(t, f, "sms3", "sms4", "sms5")
	r := run{from: o.sim.place(t)}
	r.id, r.began = o.issue(t, client.Order{Channels: []string{"sms"}, People: o.refs(lasts * limit)})
	o.finish(t, r.id, 2*time.Minute)
	got := o.sim.read(t, r.from, "sms", r.id.String())
	if len(got) < 2 {
		t.Fatalf("%d messages", len(got))
	}
	span := got[len(got)-1].at.Sub(got[0].at).Seconds()
	most, used := busiest(got), float64(len(got)-1)/span/limit
	lost := lasts*limit - len(uniq(got))
	o.verdict.add(lost, len(got)-len(uniq(got)), 0)
	t.Logf("%d messages by five processes in %.2f s: busiest second %d, %.1f %% of the limit used", len(got), span, most, 100*used)
	if most > limit*105/100 || used < .95 || lost > 0 {
		t.Errorf("busiest second %d (at most 105), used %.3f (at least 0.95), lost %d", most, used, lost)
	}
}

// redPassesRoutine issues a red alert while a routine one for everybody waits at a limited gateway.
func redPassesRoutine(t *testing.T, o *office) {
	// Long enough that five per cent are more than one slow moment of a disk.
	const limit, some = 1000, insiders
	at := o.wire.Addr().String()
	o.refit(t, fit{slots: defaultSlots, sms: at, rate: limit}, "sms1", "sms2")
	defer o.refit(t, o.usual(), "sms1", "sms2")
	from := o.sim.place(t)
	routine, _ := o.issueText(t, warningOf(o.identifier(t), "Minor", "Future"), onlySMS())
	o.waiting(t, []alerting.AlertID{routine})
	id, accepted := o.issueText(t, warningOf(o.identifier(t), "Extreme", "Immediate"), onlySMS())
	o.finish(t, id, 2*time.Minute)
	got := o.sim.read(t, from, "sms", id.String())
	behind := insiders - o.sim.arrivals(t, routine.String())
	if len(got) != some || behind <= 0 {
		t.Fatalf("%d red messages of %d; %d routine ones still waiting", len(got), some, behind)
	}
	first, last := got[0].at.Sub(accepted), got[some-1].at.Sub(accepted)
	t.Logf("first %.0f ms, last %.2f s after accepted; the limit alone takes %.2f s; %d routine deliveries still wait", millis(first),
		last.Seconds(), float64(some)/limit, behind)
	o.verdict.add(some-len(uniq(got)), len(got)-len(uniq(got)), 0)
	if ideal := some * time.Second / limit; first > time.Second || last > ideal*105/100+first {
		t.Errorf("the red alert waited: first %v, last %v", first, last)
	}
	o.stopAll(t, []alerting.AlertID{routine})
}

// rebalanceStorm lets a second worker come and go every two seconds, politely or with -9.
func rebalanceStorm(t *testing.T, o *office) {
	o.sim.silence(t)
	rounds := 15
	if *quick {
		rounds = 5
	}
	random := rand.New(rand.NewPCG(*seed, 4))
	r := o.begin(t)
	o.wire.set(t, 150*time.Millisecond)
	w := o.crew["sms2"]
	struck, killed := time.Now(), 0
	for range rounds {
		<-time.After(2 * time.Second)
		if random.IntN(3) == 0 {
			killed++
			w.kill(t)
			t.Logf("kill -9 %d", w.pid())
		} else {
			t.Logf("SIGTERM %d: ended after %v", w.pid(), w.drain(t, 30*time.Second).Round(time.Millisecond))
		}
		w.start(t)
		w.ready(t)
	}
	arrived := o.sim.arrivals(t, r.id.String())
	t.Logf("%d times gone and back, %d of them killed; %d of %d messages by then", rounds, killed, arrived, insiders)
	o.wire.delay.Store(int64(away))
	o.conclude(t, r, struck, killed*slots)
}
