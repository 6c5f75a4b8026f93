package protocol_test

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strings"

	"tocsin/alerting"
)

// action is a kind of step.
type action uint8

const (
	restart action = iota
	hear
	loses
	takes
	claims
	claimUnheard
	catchesUp
	goesAlone
	starts
	holdsBack
	answersSent
	answersTemporary
	answersRejected
	answersNothing
	records
	tellsJournal
	wishes
	reviews
	accounts
	commits
	winds
	lands
	ticks
	rebuilds
	bringsIn
	passesOn
	closesPage
	corrects
	findsLedger
	// What comes now is not needed for a good end.
	crashes
	losesLedger
	goesTo
	flushes
	failsOver
	reports
	cancels
	closesAway
	expires
)

func (a act) String() string {
	names := [...]string{"worker %d starts anew", "worker %d hears of the stop", "worker %d learns that it lost a partition",
		"worker %d takes a batch", "worker %d claims", "worker %d claims and hears no answer",
		"worker %d reads the journal", "worker %d goes on without the ledger", "worker %d starts to send",
		"worker %d does not send", "worker %d is answered: taken", "worker %d is answered: not now",
		"worker %d is answered: never", "worker %d is not answered", "worker %d records", "worker %d tells the journal",
		"worker %d gives the place up", "worker %d reviews", "worker %d appends its account", "worker %d commits",
		"worker %d winds up", "message %d lands", "time passes", "a rebuild goes on from step %d",
		"the role ledger brings the journal in", "the role ledger passes on who was lifted", "the page is closed",
		"the correction goes out", "worker %d finds the ledger again", "worker %d crashes", "worker %d loses the ledger",
		"a partition goes to worker %d", "Redis is flushed", "Redis fails over", "the gateway reports on attempt %d",
		"the alert is cancelled", "the page cannot be closed", "the alert expires"}
	name := names[a.what]
	if strings.Contains(name, "%d") {
		name = fmt.Sprintf(name, a.who)
	}
	return name
}

// finding is what a search came upon: a harm, a breach, or a state from which no good end can be reached any more.
type finding struct {
	rule  uint8
	what  string
	trace []string
}

func (f finding) String() string {
	rule := "no rule was seen to be broken: the thirteen do not suffice"
	if f.rule > 0 {
		rule = fmt.Sprintf("rule %d was broken (%s)", f.rule, ruleNames()[f.rule-1])
	}
	return fmt.Sprintf("%s; %s, after:\n  %s", f.what, rule, strings.Join(f.trace, "\n  "))
}

// search is all states that were reached.
type search struct {
	m      *model
	states []state
	// at finds a state by its hash, or by one of the next when that is another's.
	at   map[uint64]int32
	seed maphash.Seed
	from []int32
	by   []act
	// whole: there was nothing more to reach. back are the steps without faults, backwards.
	whole bool
	back  [][]int32
	// sound and hurt wait to be gone on from: those in which all rules were kept, and the others, which come first.
	sound, hurt []int32
}

// explore goes through all states of a scene, breadth first, until a rule is broken or harm is done. With tolerant, a
// broken rule is not enough: what follows from it is gone through until it does harm.
func explore(m *model, from state, tolerant bool) (*search, *finding) {
	x := &search{m: m, at: map[uint64]int32{}, seed: maphash.MakeSeed()}
	m.plain(&from)
	x.reach(from, -1, act{})
	looked := 0
	for {
		if len(x.hurt) == 0 && len(x.states)-len(x.sound) > 2*looked {
			looked = len(x.states) - len(x.sound)
			if f := x.doomed(true); f != nil {
				return x, f
			}
		}
		n, more := x.pop()
		if !more {
			x.whole = true
			return x, x.doomed(false)
		}
		if m.atMost > 0 && len(x.states) > m.atMost {
			return x, nil
		}
		s := x.states[n]
		if s.harm != none || (s.broken != 0 && !tolerant) {
			return x, &finding{s.broken, s.harm.String(), x.trace(n)}
		}
		m.next(&s, func(a act, t state) {
			m.plain(&t)
			k := x.reach(t, n, a)
			if a.what < crashes && k != n {
				x.back[k] = append(x.back[k], n)
			}
		})
	}
}

// pop is the next state to go on from.
func (x *search) pop() (n int32, more bool) {
	from := &x.sound
	if len(x.hurt) > 0 {
		from = &x.hurt
	}
	if len(*from) == 0 {
		return 0, false
	}
	n, *from = (*from)[0], (*from)[1:]
	return n, true
}

func (x *search) reach(s state, from int32, by act) int32 {
	hash := maphash.Comparable(x.seed, s)
	for k, known := x.at[hash]; known; k, known = x.at[hash] {
		if x.states[k] == s {
			return k
		}
		hash++
	}
	k := int32(len(x.states))
	x.at[hash] = k
	x.states, x.from, x.by, x.back = append(x.states, s), append(x.from, from), append(x.by, by), append(x.back, nil)
	if s.broken != 0 || s.harm != none {
		x.hurt = append(x.hurt, k)
	} else {
		x.sound = append(x.sound, k)
	}
	return k
}

func (x *search) trace(n int32) []string {
	var steps []string
	for ; x.from[n] >= 0; n = x.from[n] {
		steps = append(steps, x.by[n].String())
	}
	slices.Reverse(steps)
	return steps
}

// doomed finds a state from which no good end can be reached without further faults. With hurt it looks only at states in
// which a rule was broken, all of whose ways were gone to the end.
func (x *search) doomed(hurt bool) *finding {
	saved := make([]bool, len(x.states))
	var queue []int32
	for n := range x.states {
		if x.m.good(&x.states[n]) {
			saved[n] = true
			queue = append(queue, int32(n))
		}
	}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		for _, k := range x.back[n] {
			if !saved[k] {
				saved[k] = true
				queue = append(queue, k)
			}
		}
	}
	for n, s := range saved {
		if s || (hurt && x.states[n].broken == 0) {
			continue
		}
		return &finding{x.states[n].broken, "no good end can be reached any more", x.trace(int32(n))}
	}
	return nil
}

// good: all carriers are committed, the ledger is ready, the place is settled; who was to be reached was reached, and
// who was told of what was then stopped was told of the stop.
func (m *model) good(s *state) bool {
	if s.open != [carriers]uint8{} || s.mem.ready != here || s.requests != [3]request{} || s.rebuild != (rebuild{}) {
		return false
	}
	for i := range s.workers {
		if s.workers[i].dead || s.workers[i].at != idle {
			return false
		}
	}
	over := s.stop.cancelled || s.expired
	held := m.slate.look(s.mem)
	if open(held.Mark, over) {
		return false
	}
	if s.stop.cancelled && (!s.stop.closed || (s.landed > 0 && !s.stop.corrected)) {
		return false
	}
	return s.landed > 0 || over || held.Mark.State() == alerting.Failed || s.spent.lost >= alerting.MaxLost
}
