package process

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tocsin/alerting/ledger"
	"tocsin/cmd/tocsin/client"
)

// servicesVariable names a folder with the commands crash NAME (kill -9) and up NAME (start again with its data), for the
// servers kafka and redis that TOCSIN_TEST_* name. Faults that end servers need it.
const servicesVariable = "TOCSIN_TEST_SERVICES"

// service runs one of these commands and gives what it said.
func service(t *testing.T, command, name string) {
	t.Helper()
	dir := os.Getenv(servicesVariable)
	if dir == "" {
		t.Fatalf("%s is not set: it names the folder of the commands that crash and start servers", servicesVariable)
	}
	out, err := exec.Command(filepath.Join(dir, command), name).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v: %s", command, name, err, out)
	}
	t.Logf("%s %s: %s", command, name, out)
}

// outage ends a server in the middle of a run and starts it again after a while.
func (o *office) outage(t *testing.T, r run, name string, share float64, away time.Duration, meanwhile func()) time.Time {
	t.Helper()
	before := o.sim.await(t, r.id.String(), int(share*float64(r.people)))
	struck := time.Now()
	service(t, "crash", name)
	t.Cleanup(func() { service(t, "up", name) })
	t.Logf("%s gone at %d of %d messages", name, before, r.people)
	back := time.NewTimer(away)
	defer back.Stop()
	if meanwhile != nil {
		meanwhile()
	}
	<-back.C
	service(t, "up", name)
	t.Logf("%s back %.1f s after it was gone", name, time.Since(struck).Seconds())
	return struck
}

// brokerKilled kills Kafka with -9 and starts it at once. What was accepted before is delivered.
func brokerKilled(t *testing.T, o *office) {
	o.sim.silence(t)
	r := o.begin(t)
	struck := o.outage(t, r, "kafka", .3, 0, nil)
	o.conclude(t, r, struck, 2*slots)
	o.recount(t, r)
}

// brokerRestarted takes Kafka away for 30 s. Meanwhile the API says clearly that it cannot issue.
func brokerRestarted(t *testing.T, o *office) {
	o.sim.silence(t)
	r := o.begin(t)
	struck := o.outage(t, r, "kafka", .3, 30*time.Second, func() {
		_, err := o.api.Issue(t.Context(), warning(o.identifier(t)), onlySMS())
		t.Logf("issue without Kafka: %v", err)
		if err == nil {
			t.Error("the API accepted an alert while Kafka was away")
		}
	})
	o.conclude(t, r, struck, 2*slots)
	o.recount(t, r)
}

// redisRestarted takes Redis away for 20 s. Its append-only file brings the receipts back, or the ledger is folded again.
func redisRestarted(t *testing.T, o *office) {
	o.sim.silence(t)
	r := o.begin(t)
	struck := o.outage(t, r, "redis", .3, 20*time.Second, nil)
	o.conclude(t, r, struck, 3*2*slots)
}

// redisFull makes Redis refuse writes for some seconds.
func redisFull(t *testing.T, o *office) {
	o.sim.silence(t)
	rdb := redis.NewClient(&redis.Options{Addr: o.redis})
	defer func() { _ = rdb.Close() }()
	r := o.begin(t)
	o.sim.await(t, r.id.String(), insiders*3/10)
	struck := time.Now()
	if err := rdb.ConfigSet(t.Context(), "maxmemory", "1mb").Err(); err != nil {
		t.Fatal(err)
	}
	undo := func() {
		if err := rdb.ConfigSet(t.Context(), "maxmemory", "0").Err(); err != nil {
			t.Errorf("give Redis its memory back: %v", err)
		}
	}
	refused := rdb.Set(t.Context(), o.prefix+"probe", "x", time.Minute).Err()
	t.Logf("maxmemory 1mb: a write is answered %v", refused)
	if refused == nil {
		t.Error("Redis takes writes: the fault did not happen")
	}
	<-time.After(5 * time.Second)
	undo()
	o.conclude(t, r, struck, 3*2*slots)
}

// limiterLost takes Redis away while a limit of 200 segments a second is in force: each process then keeps to its share of the
// partitions, also of those that went to another while it worked on their batches.
func limiterLost(t *testing.T, o *office) {
	const limit, some = 200, 4000
	o.refit(t, o.limitedTo(limit), "sms1", "sms2")
	defer o.refit(t, o.usual(), "sms1", "sms2")
	late := o.crew["sms2"]
	late.drain(t, 30*time.Second)
	r := run{from: o.sim.place(t)}
	r.id, r.began = o.issue(t, client.Order{Channels: []string{"sms"}, People: o.refs(some)})
	o.sim.await(t, r.id.String(), limit)
	late.start(t)
	eventually(t, 30*time.Second, "sms2 has its share of the partitions", func() bool {
		_, n := late.assignment("worker.sms")
		return n > 0
	})
	// Who has just gained a partition waits a lease before he goes on without Redis.
	<-time.After(ledger.Lease)
	service(t, "crash", "redis")
	<-time.After(8 * time.Second)
	service(t, "up", "redis")
	s := o.finish(t, r.id, 90*time.Second)
	got := o.sim.read(t, r.from, "sms", r.id.String())
	most := busiest(got)
	lost := some - len(uniq(got))
	o.verdict.add(lost, len(got)-len(uniq(got)), 3*2*slots)
	t.Logf("limit %d a second, Redis away for 8 s: at most %d in one second, %d messages to %d people", limit, most, len(got), len(uniq(got)))
	if most > limit*105/100 || lost > 0 || !s.Consistent {
		t.Errorf("busiest second %d of %d, lost %d, consistent %t", most, limit, lost, s.Consistent)
	}
}

// busiest is the most arrivals in any window of one second.
func busiest(all []arrival) int {
	most, from := 0, 0
	for i := range all {
		for all[i].at.Sub(all[from].at) >= time.Second {
			from++
		}
		most = max(most, i-from+1)
	}
	return most
}
