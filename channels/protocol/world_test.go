package protocol_test

import (
	"tocsin/alerting"
	"tocsin/alerting/fanout"
	"tocsin/alerting/ledger"
)

// act is what happens, and to which worker or thing.
type act struct {
	what action
	who  uint8
}

type emit func(act, state)

// next gives everything that may happen in a state.
func (m *model) next(s *state, emit emit) {
	if s.harm != none {
		return
	}
	for i := uint8(1); i <= 2; i++ {
		m.worker(s, i, emit)
		m.trouble(s, i, emit)
	}
	for n := range s.requests {
		if s.requests[n].owner != 0 {
			t := *s
			t.land(n)
			emit(act{lands, uint8(n + 1)}, t)
		}
	}
	m.tick(s, emit)
	m.loss(s, emit)
	m.ledgerRole(s, emit)
	m.stopping(s, emit)
	if m.expire && !s.expired {
		t := *s
		t.expired = true
		emit(act{what: expires}, t)
	}
}

// trouble is what may befall a worker.
func (m *model) trouble(s *state, i uint8, emit emit) {
	w := &s.workers[i-1]
	if !w.dead && s.spent.crash < m.most.crash {
		t := *s
		t.spent.crash++
		t.excused++
		t.leave(i)
		t.workers[i-1] = worker{dead: true, away: w.away}
		emit(act{crashes, i}, t)
	}
	if !w.dead && !w.away && s.spent.away < m.most.away {
		t := *s
		t.spent.away++
		t.excused++
		t.workers[i-1].away = true
		emit(act{losesLedger, i}, t)
	}
	if w.away {
		t := *s
		t.workers[i-1].away = false
		emit(act{findsLedger, i}, t)
	}
	for c := range carriers {
		to := &s.workers[2-i]
		free := w.dead
		if s.owner[c] != i || to.dead || to.believes[c] || (!free && s.spent.rebalance >= m.most.rebalance) {
			continue
		}
		t := *s
		t.owner[c] = 3 - i
		v := &t.workers[2-i]
		v.believes[c], v.gained[c], v.proof[c] = true, 0, 0
		if v.carrier == uint8(c) {
			v.viewed, v.caughtUp, v.view, v.early = false, false, alerting.Mark{}, false
		}
		if !free {
			t.spent.rebalance++
		}
		emit(act{goesTo, 3 - i}, t)
	}
}

// urgent: the worker does this before the clock moves on, or else it pauses.
func (m *model) urgent(s *state, i int) bool {
	w := &s.workers[i]
	if w.dead || w.paused {
		return false
	}
	for c := range carriers {
		if w.believes[c] && int(s.owner[c]) != i+1 && w.proof[c] >= units(m.session) {
			return true
		}
	}
	switch w.at {
	case claimed:
		return w.since >= units(longestWindow)
	case sending:
		for _, r := range s.requests {
			if int(r.owner) == i+1 {
				return r.age+1 >= units(longestSend)
			}
		}
		return true
	case answered, accounting:
		return true
	}
	return w.unwritten
}

func (m *model) tick(s *state, emit emit) {
	if m.prompt && s.mem.ready == here && s.journal != s.taken {
		return
	}
	t := *s
	for i := range s.workers {
		if !m.urgent(s, i) {
			continue
		}
		if s.spent.pause >= m.most.pause || t.spent.pause >= m.most.pause {
			return
		}
		t.spent.pause++
		t.excused++
		t.workers[i].paused = true
	}
	for i := range t.workers {
		w := &t.workers[i]
		if w.at == claimed {
			w.since = min(w.since+1, longAgo)
		}
		for c := range carriers {
			w.gained[c] = min(w.gained[c]+1, longAgo)
			switch {
			case !w.believes[c] || int(s.owner[c]) == i+1:
				w.proof[c] = 0
			default:
				w.proof[c] = min(w.proof[c]+1, longAgo)
			}
		}
	}
	for n := range t.requests {
		if r := &t.requests[n]; r.owner != 0 {
			if r.age++; r.age >= units(longestSend+queueing) {
				*r = request{}
			}
		}
	}
	for _, mem := range []*memory{&t.mem, &t.older} {
		mem.claim.left = max(mem.claim.left, 1) - 1
	}
	if t.stop.cancelled {
		t.stop.age = min(t.stop.age+1, longAgo)
	}
	t.stop.wait = max(t.stop.wait, 1) - 1
	t.putOff = max(t.putOff, 1) - 1
	emit(act{what: ticks}, t)
}

// loss is what may befall Redis.
func (m *model) loss(s *state, emit emit) {
	lost := *s
	if s.inFlight() {
		lost.excused++
	}
	if s.spent.flush < m.most.flush {
		t := lost
		t.spent.flush++
		t.mem = memory{}
		emit(act{what: flushes}, t)
	}
	if s.spent.failover < m.most.failover {
		t := lost
		t.spent.failover++
		t.mem = s.older
		if t.mem.ready == here {
			t.mem.ready = elsewhere
		}
		t.older = t.mem
		emit(act{what: failsOver}, t)
	}
}

// ledgerRole is what the role ledger does: rebuild, bring in the journal, pass on who was lifted.
func (m *model) ledgerRole(s *state, emit emit) {
	t := *s
	r := &t.rebuild
	call := rebuildCall{m: s.mem, journal: r.journal, stopped: r.stopped, told: s.stop.told != untold}
	switch s.rebuild.stage {
	case resting:
		if s.mem.ready == here {
			m.bringIn(s, emit)
			return
		}
		call.to = begun
		a := m.slate.rebuild(call)
		*r = rebuild{stage: begun, stopped: s.stop.cancelled && m.catchUp, due: s.stop.cancelled}
		t.mem = a.m
	case begun:
		r.stage, r.journal = folded, s.journal
	case folded:
		call.to = written
		a := m.slate.rebuild(call)
		r.stage = written
		if a.overtaken {
			*r = rebuild{}
		}
		t.mem = a.m
		t.breach(10, !a.overtaken && s.mem.nonce != here)
		m.watchLift(&t, s.mem)
	case written:
		a := m.slate.rebuild(rebuildCall{m: s.mem, to: declared})
		t.mem = a.m
		if a.m.ready == here {
			t.breach(10, s.mem.nonce != here)
			t.breach(8, r.due && !a.m.closed)
		}
		*r = rebuild{}
	}
	if t.rebuild.stage == resting && t.mem.nonce == here {
		t.mem.nonce = elsewhere
	}
	t.older = t.mem
	emit(act{rebuilds, uint8(s.rebuild.stage)}, t)
}

func (m *model) bringIn(s *state, emit emit) {
	if s.journal != s.taken {
		t := *s
		a := m.slate.merge(s.mem, s.journal)
		t.remember(a.m)
		t.taken = s.journal
		t.breach(6, s.journal.ownership && !a.m.ownership)
		m.watchLift(&t, s.mem)
		emit(act{what: bringsIn}, t)
	}
	if s.mem.lifted && s.stop.cancelled {
		t := *s
		a := m.slate.rebuild(rebuildCall{m: s.mem, to: resting, stopped: true})
		t.remember(a.m)
		if a.lifted && t.stop.told != later {
			t.stop.told, t.stop.wait, t.stop.corrected = later, units(m.landing), false
		}
		emit(act{what: passesOn}, t)
	}
	for attempt := uint8(1); attempt < 8; attempt++ {
		if s.arrived&(1<<attempt) == 0 || s.spent.report >= m.most.report {
			continue
		}
		for _, mark := range []alerting.Mark{{Best: alerting.Delivered, Handed: attempt}, {Best: alerting.Queued, Failure: attempt}} {
			t := *s
			t.spent.report++
			t.journal.mark = t.journal.mark.Merge(mark)
			emit(act{reports, attempt}, t)
		}
	}
}

// stopping is the way of a cancel: accepted, closed, corrected.
func (m *model) stopping(s *state, emit emit) {
	if !m.cancel {
		return
	}
	t := *s
	switch {
	case !s.stop.cancelled:
		t.stop.cancelled = true
		emit(act{what: cancels}, t)
	case !s.stop.closed:
		if m.grace > 0 && s.stop.age <= units(m.grace) {
			return
		}
		m.closePage(s, emit)
	case s.stop.told != untold && !s.stop.corrected && (s.stop.told == atOnce || s.stop.wait == 0):
		t.stop.corrected = true
		t.harmed(uncalledFor, s.spent.flush+s.spent.failover+s.spent.away == 0 && !s.claimed)
		emit(act{what: corrects}, t)
	}
}

func (m *model) closePage(s *state, emit emit) {
	var targets fanout.Bits
	targets.Set(place)
	closes := func(a closeAnswer, what action) {
		t := *s
		t.remember(a.m)
		on, delayed := m.toldOf(targets, fanout.Closed(a.closed), a.err)
		t.stop.closed = true
		switch {
		case delayed.Has(place):
			t.stop.told, t.stop.wait = later, units(m.landing)
		case on.Has(place):
			t.stop.told = atOnce
		}
		m.watchClose(&t, s, what == closesAway)
		emit(act{what: what}, t)
	}
	closes(m.slate.close(s.mem), closesPage)
	if s.spent.away < m.most.away {
		// Redis gives the fan-out no answer.
		u := *s
		u.spent.away++
		s = &u
		closes(closeAnswer{m: s.mem, err: ledger.ErrNotReady}, closesAway)
	}
}
