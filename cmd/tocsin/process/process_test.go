package process

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/cmd/tocsin/client"
)

// test is one thing that may happen to the office.
type test struct {
	name string
	run  func(*testing.T, *office)
}

// TestRealServers runs all tests on one office, because building, topics and import take longer than any of them. The
// order does not matter: each issues alerts of its own and leaves the crew complete.
func TestRealServers(t *testing.T) {
	o := open(t, smallOffice())
	for _, test := range tests() {
		t.Run(test.name, func(t *testing.T) {
			began := time.Now()
			o.complete(t)
			test.run(t, o)
			t.Logf("took %v", time.Since(began).Round(time.Millisecond))
		})
	}
}

// tests lists what runs, in order.
func tests() []test {
	all := []test{{"every person exactly once", everyPersonOnce}}
	for _, seed := range []uint64{1, 2, 3} {
		all = append(all, test{fmt.Sprintf("worker killed %d", seed), workerKilled(seed)})
	}
	return slices.Concat(all, []test{
		{"fan-out killed", fanoutKilled},
		{"ledger killed", ledgerKilled},
		{"every process killed", everyProcessKilled},
		{"worker drained", workerDrained},
		{"cancelled", cancelled},
		{"ledger flushed", ledgerFlushed},
		{"all killed on acceptance", killedOnAcceptance},
		{"comings and goings", comings},
		{"flushed and killed", flushedAndKilled},
		{"cancelled and bereft", cancelledAndKilled},
		{"throughput", throughput},
		{"idle latency", idleLatency},
	})
}

// onlySMS limits an alert to the channel whose deliveries are counted.
func onlySMS() client.Order { return client.Order{Channels: []string{"sms"}} }

func everyPersonOnce(t *testing.T, o *office) {
	from := o.sim.place(t)
	id, _ := o.issue(t, client.Order{})
	s := o.finish(t, id, time.Minute)
	for _, ch := range alerting.Channels() {
		o.judge(t, o.count(t, from, string(ch), ""), ch, s, 0)
	}
	if s.People.Targeted != insiders || s.People.Told != insiders {
		t.Errorf("people: %+v, want %d targeted and told", s.People, insiders)
	}
}
