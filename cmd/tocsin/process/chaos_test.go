package process

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// verdict is one line of `make chaos`.
type verdict struct {
	Name string `json:"name"`
	Runs int    `json:"runs"`
	// Lost are people who were never told, and Duplicates messages beyond the first to one person, by the raw log.
	Lost       int `json:"lost"`
	Duplicates int `json:"duplicates"`
	// InFlight is how many duplicates the fault may cost: what was under way when it struck.
	InFlight int `json:"in_flight"`
	// Resumed is the longest time for which nothing arrived at the gateway after the fault struck, in seconds, of all runs.
	Resumed float64 `json:"resumed_s"`
	Held    bool    `json:"held"`
	// Skipped says what it lacked to be tried at all.
	Skipped string `json:"skipped,omitempty"`
}

func (v *verdict) add(lost, doubled, allowed int) {
	v.Lost += lost
	v.Duplicates += doubled
	v.InFlight += allowed
}

// fault is one thing that may happen to the engine, with its number in the catalogue of faults.
type fault struct {
	number int
	name   string
	// runs is how often it happens; 0 means once.
	runs int
	// quick: it belongs to the set that runs in CI, where it happens once.
	quick bool
	run   func(t *testing.T, o *office)
}

// TestChaos is `make chaos`: faults against the true binaries and real servers. Each leaves the crew complete. It fails
// when a line is not held.
func TestChaos(t *testing.T) {
	all := slices.DeleteFunc(faults(), func(f fault) bool { return !chosen(f.name) || *quick && !f.quick })
	if len(all) == 0 {
		t.Fatalf("there is no fault of the name %q", *only)
	}
	o := open(t, smallOffice())
	var lines []verdict
	for _, f := range all {
		t.Run(f.name, func(t *testing.T) { lines = append(lines, f.strike(t, o)) })
	}
	conclude(t, "tests", lines)
}

// strike lets a fault happen as often as it shall, and prints its line.
func (f fault) strike(t *testing.T, o *office) verdict {
	runs := max(f.runs, 1)
	if *quick {
		runs = 1
	}
	o.verdict = verdict{Name: f.name, Runs: runs}
	for i := range runs {
		t.Run(fmt.Sprint(i+1), func(t *testing.T) {
			began := time.Now()
			o.complete(t)
			f.run(t, o)
			t.Logf("took %v", time.Since(began).Round(time.Millisecond))
		})
	}
	o.verdict.Held = !t.Failed() && o.verdict.Skipped == ""
	v := o.verdict
	if !*asJSON {
		held := "held"
		switch {
		case v.Skipped != "":
			held = "skipped: " + v.Skipped
		case !v.Held:
			held = "NOT HELD"
		}
		_, _ = fmt.Fprintf(results, "%2d %-28s runs %d  lost %d  duplicates %d  allowed in flight %d  resumed %4.1f s  %s\n",
			f.number, v.Name, v.Runs, v.Lost, v.Duplicates, v.InFlight, v.Resumed, held)
	}
	return v
}

// faults is the catalogue, by number. What is not here belongs to other parts of the engine or is still to come.
func faults() []fault {
	return []fault{
		{1, "worker-kill9", 3, true, oneWorkerKilled},
		{1, "kafka-cluster", 1, false, brokerOfThreeKilled},
		{2, "all-workers-kill9", 2, true, everyProcessKilled},
		{3, "sigterm-drain", 1, false, workerDrained},
		{4, "rebalance-storm", 1, true, rebalanceStorm},
		{5, "broker-restart", 1, false, brokerRestarted},
		{6, "broker-kill9", 1, true, brokerKilled},
		{7, "producer-ack-lost", 1, true, acksLost},
		{8, "poison-record", 1, true, poisoned},
		{9, "redis-flush", 2, true, ledgerFlushed},
		{10, "redis-restart", 1, false, redisRestarted},
		{11, "redis-oom", 1, false, redisFull},
		{12, "redis-slow", 1, false, redisSlow},
		{13, "provider-429", 1, true, gatewayBusy},
		{14, "provider-5xx-outage", 1, false, gatewayOut},
		{15, "provider-timeout-after-accept", 1, true, gatewayHangs},
		{16, "provider-slowloris", 1, false, gatewayDrips},
		{17, "provider-nonsense", 1, false, gatewayNonsense},
		{18, "provider-failover", 1, true, gatewayDies},
		{19, "rate-limit-truth", 1, true, rateTruth},
		{20, "limiter-store-loss", 1, false, limiterLost},
		{22, "expired-alert", 1, true, expiredInQueue},
		{23, "cancel-overtakes", 1, true, cancelled},
		{23, "cancel-in-queue", 1, false, cancelledInQueue},
		{23, "false-alert-corrected", 1, false, falseAlertCorrected},
		{24, "update-order", 1, false, updateRaces},
		{25, "priority", 1, true, redPassesRoutine},
		{27, "network-cut", 1, false, networkCut},
		{28, "duplicate-publish", 1, false, publishedTwice},
		{30, "receipt-before-submit", 1, false, callbackFirst},
		{41, "overload", 1, false, overloaded},
		{42, "log-pii", 1, false, nothingLeaks},
		{44, "offsets-lost", 1, false, offsetsLost},
		{45, "sql-restored", 1, false, databaseRestored},
		{46, "key-gone", 1, false, keyGone},
	}
}

// oneWorkerKilled kills one of the two SMS workers; which one and when is left to the seed.
func oneWorkerKilled(t *testing.T, o *office) {
	workerKilled(*seed+uint64(o.serial))(t, o)
}
