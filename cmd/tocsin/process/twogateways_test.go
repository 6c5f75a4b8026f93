package process

import (
	"fmt"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/cmd/tocsin/client"
)

// atTwoGateways gives the office a second SMS gateway until the test ends.
func (o *office) atTwoGateways(t *testing.T, standby bool) {
	t.Helper()
	f := o.usual()
	f.sms, f.second, f.standby = o.sim.info.Listeners["sms"], o.sim.info.Listeners["sms-2"], standby
	those := []string{"fanout", "sms1", "sms2"}
	o.refit(t, f, those...)
	t.Cleanup(func() { o.refit(t, o.usual(), those...) })
}

// gatewayDies takes the first of two SMS gateways away for good; the second, which stood by, takes over.
func gatewayDies(t *testing.T, o *office) {
	const within = 15 * time.Second
	o.atTwoGateways(t, true)
	// So that something is under way when it dies.
	defer o.sim.fault(t, `{"on":"sms","kind":"latency","delay":"10ms"}`)()
	r := run{from: o.sim.place(t)}
	r.id, r.began = o.issue(t, onlySMS())
	before := o.sim.await(t, r.id.String(), insiders*3/10)
	struck := time.Now()
	o.sim.listener(t, "sms", "down")
	defer o.sim.listener(t, "sms", "up")
	t.Logf("the first gateway is gone at %d of %d messages", before, insiders)
	o.conclude(t, r, struck, 2*slots)
	waits := o.waits(t, r)
	first, second := waits["sms"], waits["sms-2"]
	if len(first) == 0 || len(second) == 0 {
		t.Fatalf("%d messages through the first gateway, %d through the second", len(first), len(second))
	}
	took := r.began.Add(second[0]).Sub(struck)
	t.Logf("%d messages through the first gateway, %d through the second, whose first came %.2f s after the first had gone", len(first),
		len(second), took.Seconds())
	if took < 0 || took > within {
		t.Errorf("the second gateway took over %v after the first had gone, want 0 to %v", took, within)
	}
}

// gatewayDrips lets the second of two SMS gateways answer most requests a byte a second, so that an alert for everybody piles up
// before it. Neither the first nor any other channel is slower for it: the same people are warned before and meanwhile, and
// the times compared.
func gatewayDrips(t *testing.T, o *office) {
	o.atTwoGateways(t, false)
	some := client.Order{People: o.refs(5000)[3000:]}
	before := run{from: o.sim.place(t)}
	before.id, before.began = o.issue(t, some)
	o.finish(t, before.id, time.Minute)
	calm := o.waits(t, before)
	undo := o.sim.fault(t, `{"on":"sms-2","kind":"drip","delay":"1s","once":true,"share":0.8}`)
	defer undo()
	pile := run{from: o.sim.place(t)}
	pile.id, pile.began = o.issue(t, onlySMS())
	half := insiders/2 - 2*alerting.PageSize
	o.through(t, pile, 30*time.Second, map[string]int{"sms": half})
	t.Logf("the first gateway has its half of an alert for everybody after %.1f s, the second %d messages", time.Since(pile.began).Seconds(),
		len(o.waits(t, pile)["sms-2"]))
	during := run{from: o.sim.place(t)}
	during.id, during.began = o.issue(t, some)
	want := make(map[string]int)
	for way, waits := range calm {
		if way != "sms-2" {
			want[way] = len(waits)
		}
	}
	slow := o.through(t, during, 30*time.Second, want)
	dripped := o.sim.times(t, "drip")
	undo()
	for way := range want {
		was, is := calm[way][len(calm[way])*99/100], slow[way][len(slow[way])*99/100]
		t.Logf("%-5s 99 %% of %d messages arrived within %.2f s before, %.2f s meanwhile", way, want[way], was.Seconds(), is.Seconds())
		if most := was*11/10 + slack; is > most {
			t.Errorf("%s was held up by the second gateway: %v, at most %v", way, is, most)
		}
	}
	t.Logf("%d answers dripped; sms-2 had %d of %d messages then", dripped, len(slow["sms-2"]), len(calm["sms-2"]))
	if dripped == 0 || len(slow["sms-2"]) == len(calm["sms-2"]) {
		t.Error("the second gateway was not slow: the fault did not happen")
	}
	o.finish(t, during.id, time.Minute)
	s := o.finish(t, pile.id, time.Minute)
	o.judge(t, o.count(t, pile.from, "sms", pile.id.String()), alerting.SMS, s, dripped)
}

// slack is what a busy machine may take besides.
const slack = time.Second

// through waits until an alert has so many arrivals on each channel and SMS gateway, and gives when they came.
func (o *office) through(t *testing.T, r run, within time.Duration, want map[string]int) map[string][]time.Duration {
	t.Helper()
	var have map[string][]time.Duration
	eventually(t, within, fmt.Sprintf("alert %s has %v arrivals", r.id, want), func() bool {
		<-time.After(100 * time.Millisecond)
		have = o.waits(t, r)
		for way, n := range want {
			if len(have[way]) < n {
				return false
			}
		}
		return true
	})
	return have
}

// waits are how long after an alert was accepted its messages arrived, in order, by channel and SMS gateway.
func (o *office) waits(t *testing.T, r run) map[string][]time.Duration {
	t.Helper()
	out := make(map[string][]time.Duration)
	for _, ch := range alerting.Channels() {
		for _, a := range o.sim.read(t, r.from, string(ch), r.id.String()) {
			way := string(ch)
			if ch == alerting.SMS {
				way = a.gateway
			}
			out[way] = append(out[way], a.at.Sub(r.began))
		}
	}
	return out
}
