package protocol_test

import (
	"tocsin/alerting"
	"tocsin/alerting/ledger"
	"tocsin/alerting/stream"
	"tocsin/channels/protocol"
)

const (
	longestWindow = protocol.Window
	longestSend   = protocol.SendTimeout
	longestWait   = ledger.Lease
)

// The watch says of each transition whether it keeps the thirteen rules, in words of its own: it shares nothing with
// what it watches. See the package comment for the rules.

// watchStep looks at a call of worker i.
func (m *model) watchStep(t *state, before memory, i uint8, in stepIn, a stepAnswer) {
	was, is := m.slate.look(before), m.slate.look(a.m)
	held, lapsed := before.claim.attempt > 0, before.claim.attempt > 0 && before.claim.left == 0
	mine := held && before.claim.holder == i
	t.breach(11, before.ready != here)
	t.breach(6, in.ownership && !a.m.ownership)
	if lapsed && !mine && a.m.claim != before.claim {
		t.breach(3, is.Mark.Handed < before.claim.attempt || is.Mark.Best < alerting.Uncertain)
	}
	if in.claim && !before.closed && in.known == (alerting.Mark{}) && in.settled == [2]outcome{} && (!held || lapsed) {
		owed := was.Mark.Open() || was.Mark.State() == alerting.None
		t.breach(4, owed && a.attempt == 0)
	}
	// Each lost answer is counted once, whoever tells of it first.
	t.breach(4, is.Mark.Lost > max(was.Mark.Lost, t.spent.lost))
	if in.known == (alerting.Mark{}) && givenUp(is.Mark.Best) && !givenUp(was.Mark.Best) {
		t.breach(5, was.Mark.Handed > 0 || (held && !mine))
	}
	t.breach(8, before.closed && a.attempt > 0)
	m.watchLift(t, before)
	if a.m.closed {
		t.breach(9, is.Mark.Handed > 0 && !a.m.told)
	}
}

func givenUp(s alerting.State) bool { return s >= alerting.Cancelled && s <= alerting.OptedOut }

// watchLift looks at the memory that a merge left behind.
func (m *model) watchLift(t *state, before memory) {
	is := t.mem
	t.breach(9, is.closed && m.slate.look(is).Mark.Handed > 0 && (!is.told || (before.closed && !before.told && !is.lifted)))
}

// watchStart looks at a send that starts.
func (m *model) watchStart(t *state, i uint8) {
	w := &t.workers[i-1]
	t.breach(4, !w.alone && w.since > units(longestWindow))
	t.breach(12, w.alone && t.journal.mark.Handed < w.attempt)
	t.breach(13, w.blind || (w.alone && w.proof[w.carrier] > units(longestWindow)))
	t.harmed(late, t.expired || (t.stop.cancelled && t.stop.age > units(stream.FreshFor)))
}

// watchCommit looks at a commit that was just made.
func (m *model) watchCommit(t *state, i uint8) {
	w := &t.workers[i-1]
	known := w.held.Mark.Merge(w.news)
	t.breach(1, t.journal.mark.Merge(known) != t.journal.mark)
	over := t.stop.cancelled || t.expired
	t.breach(2, !w.forwarded && (w.held.Claimed || open(known, over)))
	t.harmed(unaccounted, t.open == [carriers]uint8{} && open(t.journal.mark, over))
}

// open: somebody must still do something about a place with this mark.
func open(m alerting.Mark, over bool) bool {
	switch m.State() {
	case alerting.None, alerting.Queued:
		return true
	case alerting.Uncertain:
		return m.Lost < alerting.MaxLost && !over
	}
	return false
}

// watchClose looks at a page that was just closed.
func (m *model) watchClose(t, s *state, away bool) {
	was := m.slate.look(s.mem)
	for i := range s.workers {
		t.breach(6, !s.workers[i].dead && !s.workers[i].hears && !s.stale(&s.workers[i]))
	}
	blind := away || s.mem.ready != here || s.mem.rebuilt
	t.breach(7, blind && t.stop.told != later)
	if blind {
		return
	}
	t.breach(5, t.stop.told != untold && was.Mark.Handed == 0 && !was.Claimed)
	plain := !was.Claimed && was.Mark.State() != alerting.Uncertain && max(was.Mark.Handed, was.Mark.Failure) == 1 && !s.mem.ownership
	t.breach(6, t.stop.told == atOnce && !plain)
	t.breach(6, t.stop.told == later && t.stop.wait < units(longestSend+queueing))
}
