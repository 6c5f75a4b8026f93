package process

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/cmd/tocsin/client"
)

// refit gives workers other gateways.
func (o *office) refit(t *testing.T, f fit, names ...string) {
	t.Helper()
	for _, name := range names {
		w := o.crew[name]
		w.drain(t, 30*time.Second)
		o.configure(t, w, f)
	}
	o.complete(t)
}

// throughput measures SMS with the default slots and a gateway that answers at once: deliveries a second by the raw log,
// and what each process spends on one. The figures are for the reader; the test demands only that all arrive once.
func throughput(t *testing.T, o *office) {
	o.refit(t, fit{slots: 64, sms: o.sim.info.Listeners["sms"]}, "sms1", "sms2")
	defer o.refit(t, o.usual(), "sms1", "sms2")
	before := o.spent()
	r := run{from: o.sim.place(t)}
	r.id, r.began = o.issue(t, onlySMS())
	s := o.finish(t, r.id, time.Minute)
	after := o.spent()
	c := o.count(t, r.from, "sms", r.id.String())
	o.judge(t, c, alerting.SMS, s, 0)
	n := len(c.arrivals)
	if n < 2 {
		t.Fatalf("%d arrivals", n)
	}
	span := c.arrivals[n-1].at.Sub(c.arrivals[0].at)
	t.Logf("%d messages in %.2f s: %.0f a second; the first %.0f ms after the API's answer", n, span.Seconds(),
		float64(n)/span.Seconds(), float64(c.arrivals[0].at.Sub(r.began).Microseconds())/1000)
	for _, name := range slices.Sorted(o.namesAndGateways()) {
		used := after[name] - before[name]
		t.Logf("  %-10s %6.2f s CPU, %5.1f µs a message", name, used.Seconds(), float64(used.Microseconds())/float64(n))
	}
}

// spent is the processor time of each process of the office so far.
func (o *office) spent() map[string]time.Duration {
	out := map[string]time.Duration{"gatewaysim": cpu(o.sim.info.PID)}
	for name, w := range o.crew {
		out[name] = cpu(w.pid())
	}
	return out
}

func (o *office) namesAndGateways() func(func(string) bool) {
	return slices.Values(append(o.names(), "gatewaysim"))
}

// idleLatency issues alerts for one person each to an engine that has nothing else to do.
func idleLatency(t *testing.T, o *office) {
	const times = 20
	waits := o.singles(t, times)
	ms := func(d time.Duration) string { return fmt.Sprintf("%.1f ms", millis(d)) }
	t.Logf("accepted to the gateway, %d times one person: median %s, max %s; all: %v", times, ms(waits[times/2]), ms(waits[times-1]), waits)
	if waits[times/2] > time.Second {
		t.Errorf("half of the messages took more than a second to reach the gateway of an idle engine")
	}
}

// singles issues alerts for one person each, one after the other, and gives the waits from accepted to the gateway, the
// shortest first.
func (o *office) singles(t *testing.T, times int) []time.Duration {
	t.Helper()
	var inside []*resident
	for i := range o.people {
		if o.people[i].inside {
			inside = append(inside, &o.people[i])
		}
	}
	from := o.sim.place(t)
	answers := make(map[string]time.Time, times)
	for i := range times {
		person := inside[i*7%len(inside)]
		id, answered := o.issue(t, client.Order{Channels: []string{"sms"}, People: []string{person.ref}})
		o.sim.await(t, id.String(), 1)
		answers[id.String()] = answered
	}
	var waits []time.Duration
	for id, answered := range answers {
		got := o.sim.read(t, from, "sms", id)
		if len(got) != 1 {
			t.Fatalf("alert %s for one person: %d messages", id, len(got))
		}
		waits = append(waits, got[0].at.Sub(answered))
	}
	slices.Sort(waits)
	return waits
}
