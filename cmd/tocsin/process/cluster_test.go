package process

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/embedded/servertest"
)

// brokerOfThreeKilled kills one of three brokers with -9 in the middle of 100,000 deliveries. It stays away until all have
// arrived: the other two are enough.
func brokerOfThreeKilled(t *testing.T, o *office) {
	const alerts = 5
	if len(o.brokers) < 3 {
		o.verdict.Skipped = servertest.KafkaVariable + " names fewer than three brokers"
		return
	}
	o.sim.silence(t)
	random := rand.New(rand.NewPCG(*seed, 1))
	var runs []run
	for range alerts {
		r := run{people: insiders, from: o.sim.place(t)}
		r.id, r.began = o.issue(t, onlySMS())
		runs = append(runs, r)
	}
	arrived := func() int {
		n := 0
		for _, r := range runs {
			n += o.sim.arrivals(t, r.id.String())
		}
		return n
	}
	middle := int((.3 + .3*random.Float64()) * alerts * insiders)
	eventually(t, time.Minute, fmt.Sprintf("%d messages arrive", middle), func() bool { return arrived() >= middle })
	victim := random.IntN(3)
	service(t, "crash", fmt.Sprintf("kafka%d", victim+1))
	t.Cleanup(func() { service(t, "up", "kafka-cluster") })
	struck := time.Now()
	t.Logf("broker %s killed at %d of %d messages", o.brokers[victim], arrived(), alerts*insiders)
	left := 2 * slots
	for _, r := range runs {
		s := o.finish(t, r.id, 2*time.Minute)
		c := o.count(t, r.from, "sms", r.id.String())
		o.judge(t, c, alerting.SMS, s, max(left, 0))
		left -= c.doubled
	}
	o.verdict.InFlight = 2 * slots
	pause, until := longestPause(o.sim.read(t, runs[0].from, "sms", ""), struck)
	o.verdict.Resumed = pause.Seconds()
	_, err := net.DialTimeout("tcp", o.brokers[victim], time.Second)
	t.Logf("longest pause at the gateway after it: %.2f s, ended %.1f s after it; the broker still answers a call with: %v", pause.Seconds(),
		until.Sub(struck).Seconds(), err)
	if err == nil {
		t.Error("the broker came back before the end: the fault did not last")
	}
}
