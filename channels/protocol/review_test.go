package protocol_test

import (
	"tocsin/alerting/ledger"
	"tocsin/channels"
	"tocsin/channels/protocol"
)

// record brings outcomes into the ledger, or into the journal while the ledger is away.
func (m *model) record(s *state, i uint8, emit emit) {
	t := *s
	if m.answers(s, &s.workers[i-1]) {
		_, t = m.call(s, i, stepIn{})
	} else if t.workers[i-1].unwritten {
		t.append(i, t.workers[i-1].news)
		t.workers[i-1].unwritten = false
	}
	w := &t.workers[i-1]
	last := s.workers[i-1].unsettled[0]
	if o := s.workers[i-1].unsettled[1]; o.kind != 0 {
		last = o
	}
	w.at, w.paused, w.alone, w.blind, w.since, w.attempt, w.landed = review, false, false, false, 0, 0, false
	if last.kind == ledger.PutOff && !w.putOff {
		w.at = todo
	}
	emit(act{records, i}, t)
}

func (m *model) review(s *state, i uint8, emit emit) {
	w := &s.workers[i-1]
	if !w.believes[w.carrier] {
		m.wind(s, i, emit)
		return
	}
	over := m.over(s, w) != 0
	if !m.answers(s, w) {
		m.reviewAlone(s, i, over, emit)
		return
	}
	a, t := m.call(s, i, stepIn{report: true})
	left, others := m.holding([]ledger.Held{a.held}, news(w.news), ended(over || s.expired))
	m.goOn(t, i, a.held, protocol.Left{Places: len(left), Others: others, Over: over}, emit)
}

// goOn does what the review found.
func (m *model) goOn(t state, i uint8, held ledger.Held, left protocol.Left, emit emit) {
	w := &t.workers[i-1]
	if left.Places > 0 && (!w.putOff || left.Over || t.expired) {
		left.Willing = left.Places
	}
	left.Patient = true
	m.follow(t, i, held, left, emit)
	lapsed := t.mem.claim.left == 0
	if left.Others && !left.Over && !t.expired && (lapsed || t.spent.straggle < m.most.straggle) {
		// What others hold has been waited for long enough.
		if !lapsed {
			t.spent.straggle++
		}
		left.Patient = false
		m.follow(t, i, held, left, emit)
	}
}

func (m *model) follow(t state, i uint8, held ledger.Held, left protocol.Left, emit emit) {
	w := &t.workers[i-1]
	w.paused = false
	switch protocol.NextOf(left) {
	case protocol.Commit:
		w.at, w.held = accounting, held
	case protocol.PutBack:
		t.open[retry] = min(t.open[retry]+1, mostRetries)
		t.putOff = units(channels.RetryDelays()[0])
		w.at, w.held, w.forwarded = accounting, held, true
	case protocol.Again, protocol.Wait:
		w.at = todo
		if left.Willing == 0 {
			w.at = review
		}
	}
	emit(act{reviews, i}, t)
}

// mostRetries is how many records of the place a retry topic holds here at the most; a further one is as good as these.
const mostRetries = 2

// reviewAlone ends a run without the ledger, when journal and run leave nothing open.
func (m *model) reviewAlone(s *state, i uint8, over bool, emit emit) {
	t := *s
	if over || !m.view(&t, i) {
		return
	}
	w := &t.workers[i-1]
	held := ledger.Held{Place: place, Mark: w.view.Merge(w.news)}
	left, _ := m.holding([]ledger.Held{held}, news(w.news), ended(over || s.expired))
	m.goOn(t, i, held, protocol.Left{Places: len(left)}, emit)
}

// commit ends the run; the offset moves only if the partition is still this worker's.
func (m *model) commit(s *state, i uint8, emit emit) {
	t := *s
	w := &t.workers[i-1]
	if c := w.carrier; s.owner[c] == i && w.believes[c] && t.open[c] > 0 {
		t.open[c]--
		m.watchCommit(&t, i)
	} else {
		// A refused commit says so.
		w.believes[c] = false
	}
	t.end(i)
	emit(act{commits, i}, t)
}
