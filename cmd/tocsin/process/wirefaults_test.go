package process

import (
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tocsin/alerting"
	"tocsin/alerting/ledger"
)

// acksLost loses the answers to what is produced: that to the alert itself, and then each third to fifth, as the seed wants,
// whoever it is for. What was written is written again; it is one alert all the same, and one message to each.
func acksLost(t *testing.T, o *office) {
	f, at, answers := o.usual(), o.servers, new(losses)
	at.brokers = nil
	for _, d := range brokerWires(t, new(sync.RWMutex), o.brokers, answers) {
		at.brokers = append(at.brokers, d.Addr().String())
	}
	f.servers = &at
	o.refit(t, f, o.names()...)
	defer o.refit(t, o.usual(), o.names()...)
	k := o.kafka(t)
	issued, batches := o.prefix+"actual.alerts.issued", o.prefix+"actual.dispatch.sms.flash"
	alertsBefore, batchesBefore := o.ends(t, k, issued), o.ends(t, k, batches)
	answers.lose(3 + int64(*seed%3))
	defer answers.lose(0)
	r := o.begin(t)
	o.sim.await(t, r.id.String(), insiders*9/10)
	answers.lose(0)
	alerts, pages := o.ends(t, k, issued)-alertsBefore, (insiders+alerting.PageSize-1)/alerting.PageSize
	t.Logf("%d answers to produce requests lost: the alert stands on Kafka %d times, its %d pages %d times", answers.lost.Load(), alerts, pages,
		o.ends(t, k, batches)-batchesBefore)
	if alerts < 2 {
		t.Error("the alert was not written twice: the fault did not happen")
	}
	o.conclude(t, r, r.began, 0)
}

// redisSlow lets every answer of Redis take longer than a call may. The engine goes on without, slower, and nothing piles up.
func redisSlow(t *testing.T, o *office) {
	const late, lasts = 500 * time.Millisecond, 10 * time.Second
	o.sim.silence(t)
	slow := newDistance(t, o.redis)
	f, at := o.usual(), o.servers
	at.redis = slow.Addr().String()
	f.servers = &at
	o.refit(t, f, o.names()...)
	defer o.refit(t, o.usual(), o.names()...)
	// Who has just gained a partition waits a lease before he goes on without Redis.
	<-time.After(ledger.Lease)
	r := o.begin(t)
	before := o.sim.await(t, r.id.String(), insiders*3/10)
	calm := o.vitals(t)
	struck := time.Now()
	slow.set(t, late)
	o.slowness(t, at.redis, late)
	worst := o.vitals(t)
	for time.Since(struck) < lasts {
		worst = worst.worse(o.vitals(t))
		<-time.After(100 * time.Millisecond)
	}
	during := o.sim.arrivals(t, r.id.String())
	slow.delay.Store(0)
	t.Logf("%d messages in %.1f s before, %d in %v while Redis was slow", before, struck.Sub(r.began).Seconds(), during-before, lasts)
	for _, name := range o.names() {
		t.Logf("  %-6s goroutines %.0f, at most %.0f; memory %.0f MB, at most %.0f MB", name, calm[name].goroutines, worst[name].goroutines,
			calm[name].rss/1e6, worst[name].rss/1e6)
		if worst[name].goroutines > 2*calm[name].goroutines+100 || worst[name].rss > 2*calm[name].rss+64e6 {
			t.Errorf("%s piles up work while Redis is slow", name)
		}
	}
	o.conclude(t, r, struck, 3*2*slots)
	if o.verdict.Resumed > 5 {
		t.Errorf("nothing was sent for %.1f s", o.verdict.Resumed)
	}
}

// slowness proves that an answer of Redis takes as long as it should.
func (o *office) slowness(t *testing.T, at string, want time.Duration) {
	t.Helper()
	rdb := redis.NewClient(&redis.Options{Addr: at, Protocol: 2, DisableIdentity: true})
	defer func() { _ = rdb.Close() }()
	began := time.Now()
	err := rdb.Ping(t.Context()).Err()
	took := time.Since(began)
	t.Logf("a PING takes %v (%v)", took.Round(time.Millisecond), err)
	if took < want {
		t.Error("Redis is not slow: the fault did not happen")
	}
}

// crewVitals are those of the crew, by name.
type crewVitals map[string]vitals

func (o *office) vitals(t *testing.T) crewVitals {
	t.Helper()
	out := make(crewVitals)
	for name, w := range o.crew {
		v, err := w.vitals()
		if err != nil {
			t.Fatal(err)
		}
		out[name] = v
	}
	return out
}

// worse gives the larger figures of two.
func (v crewVitals) worse(other crewVitals) crewVitals {
	out := make(crewVitals)
	for name, a := range v {
		b := other[name]
		out[name] = vitals{goroutines: max(a.goroutines, b.goroutines), rss: max(a.rss, b.rss)}
	}
	return out
}
