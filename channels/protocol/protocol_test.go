package protocol_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"tocsin/alerting/fanout"
	"tocsin/alerting/ledger"
	"tocsin/alerting/stream"
	"tocsin/channels"
	"tocsin/channels/protocol"
)

// ruleNames are the thirteen rules in a few words; the package comment has them in full.
func ruleNames() [13]string {
	return [13]string{
		"the journal has the account before a commit", "no commit while anything is open",
		"a lapsed claim leaves uncertain", "only lost answers count against a resend",
		"only what was never claimed is given up, and not told", "close when all know, correct what may be under way later",
		"a ledger that cannot say told everybody", "a rebuild closes what is stopped", "who is lifted is told",
		"a rebuild checks its nonce", "the ready mark names the server", "intents before sends without the ledger",
		"a new owner waits and reads, an old one ends",
	}
}

// scenes are what is gone through to the end: every order of what may happen in each.
func scenes() []scene {
	return []scene{
		{name: "calm", most: budget{rebalance: 1, temporary: 1, rejected: 1, report: 1}},
		{name: "stragglers", most: budget{rebalance: 1, temporary: 1, straggle: 1}},
		{name: "lost answers", most: budget{lost: 2, temporary: 1}},
		{name: "crashes", most: budget{crash: 2}},
		{name: "crash and rebalance", most: budget{crash: 1, rebalance: 1}},
		{name: "cancel", most: budget{rebalance: 1}, cancel: true},
		{name: "cancel and crash", most: budget{crash: 1, temporary: 1, rejected: 1}, cancel: true},
		{name: "expiry and crash", most: budget{crash: 1, temporary: 1}, expire: true},
		{name: "words that end and a crash", most: budget{crash: 1, temporary: 1}, expire: true, words: true},
		{name: "away and words that end", most: budget{away: 1}, expire: true, words: true},
		{name: "flush", most: budget{flush: 1, rebalance: 1}},
		{name: "flushes", most: budget{flush: 2}},
		{name: "flush and cancel", most: budget{flush: 1}, cancel: true},
		{name: "failover", most: budget{failover: 1, rebalance: 1}},
		{name: "failover and cancel", most: budget{failover: 1}, cancel: true},
		{name: "away", most: budget{away: 1, rebalance: 1}},
		{name: "away and cancel", most: budget{away: 1}, cancel: true},
		{name: "away, crash and cancel", most: budget{away: 1, crash: 1}, cancel: true, prompt: true},
		{name: "away, flush and cancel", most: budget{away: 1, flush: 1}, cancel: true},
		{name: "away, pause and rebalance", most: budget{away: 1, pause: 1, rebalance: 1}},
		{name: "pause", most: budget{pause: 1, rebalance: 1}},
		{name: "pause and cancel", most: budget{pause: 1}, cancel: true},
	}
}

// TestTheRulesHold: with the rules as they are, none is broken, no harm is done, and from everywhere a good end can be
// reached without further faults.
func TestTheRulesHold(t *testing.T) {
	for _, sc := range scenes() {
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			s := newSlate(t)
			m := &model{realRules(s), sc}
			x, found := explore(m, m.first(), false)
			if found != nil || !x.whole {
				t.Error(found)
			}
			t.Logf("%d states, %d different calls of the ledger", len(x.states), len(s.steps)+len(s.closes)+len(s.rebuilds))
		})
	}
}

// TestTheRulesHoldInTheDeep walks at random, with all faults together, and then looks for a good end without any more.
func TestTheRulesHoldInTheDeep(t *testing.T) {
	most := budget{crash: 3, flush: 2, failover: 1, lost: 2, pause: 2, away: 2, rebalance: 4, temporary: 2, rejected: 1, report: 2, straggle: 2}
	for seed, sc := range []scene{
		{name: "alert", most: most}, {name: "cancel", most: most, cancel: true, prompt: true}, {name: "expiry", most: most, expire: true},
		{name: "words that end", most: most, expire: true, words: true},
	} {
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			m := &model{realRules(newSlate(t)), sc}
			dice := rand.New(rand.NewPCG(13, uint64(seed)))
			ends := 0
			for range walks {
				if m.walk(t, dice) {
					ends++
				}
			}
			t.Logf("%d of %d walks could be followed to all their ends", ends, walks)
		})
	}
}

const (
	walks = 120
	// walkSteps is how long a walk is at the most; faultsIn100 how many of its steps are faults.
	walkSteps   = 120
	faultsIn100 = 12
	// endsWithin is how many states are gone through to find the good ends of a walk.
	endsWithin = 20000
)

// walk takes one walk, and then goes through all that can follow without further faults; whole says that this was not too
// much.
func (m *model) walk(t *testing.T, dice *rand.Rand) (whole bool) {
	s := m.first()
	var trace []string
	for range 20 + dice.IntN(walkSteps-20) {
		var calm, faults []act
		next := map[act][]state{}
		m.next(&s, func(a act, t state) {
			if next[a] = append(next[a], t); len(next[a]) > 1 {
				return
			}
			if a.what < crashes {
				calm = append(calm, a)
			} else {
				faults = append(faults, a)
			}
		})
		from := calm
		if len(calm) == 0 || (len(faults) > 0 && dice.IntN(100) < faultsIn100) {
			from = faults
		}
		if len(from) == 0 {
			break
		}
		a := from[dice.IntN(len(from))]
		s = next[a][dice.IntN(len(next[a]))]
		trace = append(trace, a.String())
		if s.harm != none || s.broken != 0 {
			t.Fatal(finding{s.broken, s.harm.String(), trace})
		}
	}
	calm := *m
	calm.most, calm.atMost, calm.cancel, calm.expire = s.spent, endsWithin, s.stop.cancelled, s.expired
	x, found := explore(&calm, s, false)
	if found != nil {
		t.Fatalf("after a walk\n  %s\n%s", strings.Join(trace, "\n  "), found)
	}
	return x.whole
}

// TestUnitsKeepTheOrderOfTheRealWaits: what the rules build one wait on another for holds of the real ones, and of the
// units that the model counts in.
func TestUnitsKeepTheOrderOfTheRealWaits(t *testing.T) {
	retryAfter := channels.RetryDelays()[0]
	for _, row := range []struct {
		name        string
		real, units bool
	}{
		{"a lease is the window and the send time-out", ledger.Lease == protocol.Window+protocol.SendTimeout,
			units(ledger.Lease) == units(protocol.Window)+units(protocol.SendTimeout)},
		{"a correction waits until nothing can land", fanout.DefaultLanding >= protocol.SendTimeout+queueing,
			units(fanout.DefaultLanding) >= units(protocol.SendTimeout)+units(queueing)},
		{"a page is closed when all know", fanout.DefaultGrace > stream.FreshFor, units(fanout.DefaultGrace) >= units(stream.FreshFor)},
		{"an old owner is out before a new one reads", stream.DefaultSession < ledger.Lease,
			units(stream.DefaultSession) < units(ledger.Lease)},
		{"a retry comes after what its batch left behind", retryAfter >= ledger.Lease, units(retryAfter) >= units(ledger.Lease)},
	} {
		if !row.real || !row.units {
			t.Errorf("%s: really %v, in units %v", row.name, row.real, row.units)
		}
	}
	if got := fmt.Sprint(units(unit), units(ledger.Lease), longAgo); got != "1 4 5" {
		t.Errorf("a unit, a lease and long ago are %s units, want 1 4 5", got)
	}
}
