package protocol_test

import (
	"tocsin/alerting"
	"tocsin/alerting/ledger"
	"tocsin/channels/protocol"
)

// worker lets worker i do one of the things it may do next.
func (m *model) worker(s *state, i uint8, emit emit) {
	w := &s.workers[i-1]
	if w.dead {
		t := *s
		t.workers[i-1] = worker{hears: s.stop.cancelled, away: w.away}
		for c := range carriers {
			if s.owner[c] == i {
				t.workers[i-1].believes[c] = true
			} else {
				t.workers[i-1].gained[c] = longAgo
			}
		}
		emit(act{restart, i}, t)
		return
	}
	if s.stop.cancelled && !w.hears {
		t := *s
		t.workers[i-1].hears = true
		emit(act{hear, i}, t)
	}
	for c := range carriers {
		if w.believes[c] && s.owner[c] != i {
			t := *s
			t.workers[i-1].believes[c] = false
			emit(act{loses, i}, t)
		}
	}
	if w.unwritten {
		t := *s
		t.append(i, t.workers[i-1].news)
		t.workers[i-1].unwritten = false
		emit(act{tellsJournal, i}, t)
	}
	switch w.at {
	case idle:
		m.take(s, i, emit)
	case todo:
		m.todo(s, i, emit)
	case reading:
		m.reads(s, i, emit)
	case claimed:
		m.start(s, i, emit)
	case sending:
		m.answer(s, i, emit)
	case answered:
		m.record(s, i, emit)
	case review:
		m.review(s, i, emit)
	case accounting:
		t := *s
		v := &t.workers[i-1]
		t.append(i, only(m.account([]ledger.Held{v.held}, news(v.news))))
		v.at, v.unwritten, v.paused = appended, false, false
		emit(act{accounts, i}, t)
	case appended:
		m.commit(s, i, emit)
	}
}

// append adds to the journal, and to the views that keep up with it.
func (s *state) append(i uint8, mark alerting.Mark) {
	w := &s.workers[i-1]
	if mark == (alerting.Mark{}) {
		return
	}
	s.journal = journal{s.journal.mark.Merge(mark), s.journal.ownership || w.ownerless}
	if w.viewed {
		w.view = w.view.Merge(mark)
	}
}

func (m *model) take(s *state, i uint8, emit emit) {
	w := &s.workers[i-1]
	for c := range uint8(carriers) {
		if !w.believes[c] || s.open[c] == 0 || (c == retry && s.open[c] == 1 && s.putOff > 0) {
			continue
		}
		t := *s
		v := &t.workers[i-1]
		v.at, v.carrier, v.paused = todo, c, false
		emit(act{takes, i}, t)
	}
}

// end ends a run: its token is nobody's from now on.
func (s *state) end(i uint8) {
	w := &s.workers[i-1]
	s.leave(i)
	*w = worker{away: w.away, hears: w.hears, believes: w.believes, gained: w.gained, proof: w.proof}
}

// leave turns what a run leaves behind into nobody's.
func (s *state) leave(i uint8) {
	for _, m := range []*memory{&s.mem, &s.older} {
		if m.claim.holder == i {
			m.claim.holder = gone
		}
	}
	for n := range s.requests {
		if s.requests[n].owner == i {
			s.requests[n].owner = gone
		}
	}
}

// over says why the whole batch may not be sent any more.
func (m *model) over(s *state, w *worker) ledger.Kind {
	switch {
	case w.ended, s.stop.cancelled && w.hears:
		return ledger.StoppedBefore
	case s.expired && !m.words:
		return ledger.ExpiredBefore
	}
	return 0
}

// call makes a call to the ledger; only an answer clears what was unsettled. It returns what came back, and t as it is then.
func (m *model) call(s *state, i uint8, in stepIn) (stepAnswer, state) {
	t := *s
	w := &t.workers[i-1]
	in.settled, in.known, in.ownership = w.unsettled, w.known, w.ownerless
	a := m.slate.step(s.mem, i, in)
	if a.notReady {
		return a, t
	}
	m.watchStep(&t, s.mem, i, in, a)
	t.remember(a.m)
	w.unsettled, w.known, w.paused = [2]outcome{}, alerting.Mark{}, false
	return a, t
}

func (m *model) todo(s *state, i uint8, emit emit) {
	w := &s.workers[i-1]
	if !w.believes[w.carrier] {
		m.wind(s, i, emit)
		return
	}
	over := m.over(s, w)
	switch {
	case !m.answers(s, w) && over == 0 && !s.stale(w):
		m.alone(s, i, emit)
	case !m.answers(s, w):
	case over != 0:
		_, t := m.call(s, i, stepIn{wish: over})
		t.workers[i-1].at = review
		emit(act{wishes, i}, t)
	case !s.stale(w):
		m.claim(s, i, emit)
	}
}

// wind ends a run whose partition was lost, with a last call for what is unsettled.
func (m *model) wind(s *state, i uint8, emit emit) {
	t := *s
	if w := &s.workers[i-1]; m.answers(s, w) && w.unsettled != [2]outcome{} {
		_, t = m.call(s, i, stepIn{})
	}
	if v := &t.workers[i-1]; v.unwritten {
		t.append(i, v.news)
	}
	t.end(i)
	emit(act{winds, i}, t)
}

func (m *model) claim(s *state, i uint8, emit emit) {
	a, t := m.call(s, i, stepIn{claim: true})
	w := &t.workers[i-1]
	w.since, w.alone, w.landed = 0, false, false
	switch {
	case a.closed:
		w.ended = true
	case m.mustRead(ledger.Stepped{Rebuilt: a.rebuilt}, w.caughtUp):
		if a.attempt > 0 {
			w.add(outcome{a.attempt, ledger.PutOff})
		}
		w.at = reading
	case a.attempt == 0:
		w.at = review
	default:
		w.at, w.attempt, t.claimed = claimed, a.attempt, true
		w.blind = a.rebuilt && (!w.caughtUp || w.early)
	}
	emit(act{claims, i}, t)
	if s.spent.away < m.most.away {
		// Redis did it, and its answer never came.
		u := *s
		u.mem, u.older, u.broken = t.mem, t.older, t.broken
		u.spent.away++
		u.excused++
		u.workers[i-1].away = true
		emit(act{claimUnheard, i}, u)
	}
}

// add keeps an outcome for the next call.
func (w *worker) add(o outcome) {
	switch {
	case w.unsettled[0].kind == 0:
		w.unsettled[0] = o
	case w.unsettled[1].kind == 0:
		w.unsettled[1] = o
	default:
		w.unsettled = [2]outcome{w.unsettled[1], o}
	}
}

// view reads the journal if the rules let it; false means that the worker waits.
func (m *model) view(s *state, i uint8) bool {
	w := &s.workers[i-1]
	if w.viewed {
		return true
	}
	if now.Before(m.readableFrom(ago(w.gained[w.carrier]), ledger.Lease)) {
		return false
	}
	w.viewed, w.view = true, s.journal.mark
	if !m.readJournal {
		w.view = alerting.Mark{}
	}
	w.early = w.gained[w.carrier] < units(ledger.Lease) || !m.readJournal
	return true
}

// reads catches up with the journal after a rebuild.
func (m *model) reads(s *state, i uint8, emit emit) {
	if w := &s.workers[i-1]; !w.believes[w.carrier] {
		m.wind(s, i, emit)
		return
	}
	t := *s
	w := &t.workers[i-1]
	if !m.view(&t, i) {
		return
	}
	w.known = w.known.Merge(only(protocol.Known([]uint8{place}, news(w.view))))
	w.caughtUp, w.at, w.paused = true, todo, false
	emit(act{catchesUp, i}, t)
}

// alone goes on by ownership of the partition.
func (m *model) alone(s *state, i uint8, emit emit) {
	t := *s
	w := &t.workers[i-1]
	if !m.view(&t, i) || now.After(m.ownedUntil(ago(w.proof[w.carrier]))) {
		return
	}
	w.paused = false
	grants := protocol.Unsettled([]uint8{place}, news(w.view.Merge(w.news)), ended(s.expired))
	if len(grants) == 0 {
		w.at = review
		emit(act{goesAlone, i}, t)
		return
	}
	w.ownerless = true
	t.append(i, only(m.intents(grants)))
	w.at, w.attempt, w.alone, w.landed, t.claimed = claimed, grants[0].Attempt, true, false, true
	w.blind = w.early
	emit(act{goesAlone, i}, t)
}

func (m *model) start(s *state, i uint8, emit emit) {
	t := *s
	w := &t.workers[i-1]
	until := ago(w.since).Add(m.window)
	if w.alone {
		until = m.ownedUntil(ago(w.proof[w.carrier]))
	}
	expires := now.Add(unit)
	if s.expired {
		expires = now
	}
	kind := protocol.MayStart(protocol.Door{Now: now, Until: until, Expires: expires, Stopped: s.stop.cancelled && w.hears,
		Fresh: !s.stale(w), Halted: !w.believes[w.carrier]})
	w.paused = false
	if kind != 0 {
		w.add(outcome{w.attempt, kind})
		w.at = answered
		emit(act{holdsBack, i}, t)
		return
	}
	n := 0
	for ; n < len(t.requests) && t.requests[n].owner != 0; n++ {
	}
	if n == len(t.requests) {
		return
	}
	t.requests[n] = request{owner: i, attempt: w.attempt}
	w.at = sending
	m.watchStart(&t, i)
	emit(act{starts, i}, t)
}

// answer is the gateway's answer, or that none came.
func (m *model) answer(s *state, i uint8, emit emit) {
	w := &s.workers[i-1]
	mine := -1
	for n := range s.requests {
		if s.requests[n].owner == i {
			mine = n
		}
	}
	say := func(a action, kind ledger.Kind, spend func(*state)) {
		t := *s
		v := &t.workers[i-1]
		spend(&t)
		o := ledger.Outcome{Place: place, Attempt: w.attempt, Kind: kind}
		v.add(outcome{o.Attempt, o.Kind})
		if mark := o.MarkOf(); mark.Handed > 0 || mark.Failure > 0 {
			v.news, v.unwritten = v.news.Merge(mark), true
		}
		v.at, v.paused = answered, false
		emit(act{a, i}, t)
	}
	if mine >= 0 || w.landed {
		say(answersSent, ledger.HandedOver, func(t *state) {
			if mine >= 0 {
				t.land(mine)
			}
		})
	}
	if mine >= 0 && s.spent.temporary < m.most.temporary {
		say(answersTemporary, ledger.PutOff, func(t *state) {
			t.spent.temporary++
			t.requests[mine] = request{}
			t.workers[i-1].putOff = true
		})
	}
	if mine >= 0 && s.spent.rejected < m.most.rejected {
		say(answersRejected, ledger.Refused, func(t *state) {
			t.spent.rejected++
			t.requests[mine] = request{}
		})
	}
	if s.spent.lost < m.most.lost || (mine < 0 && !w.landed) {
		say(answersNothing, ledger.AnswerLost, func(t *state) {
			t.spent.lost++
			t.excused++
			t.workers[i-1].putOff = true
			if mine >= 0 {
				t.requests[mine].owner = gone
			}
		})
	}
}

// land is a message reaching the gateway.
func (s *state) land(n int) {
	r := s.requests[n]
	s.requests[n] = request{}
	s.landed++
	s.arrived |= 1 << min(r.attempt, 7)
	if r.owner != gone {
		s.workers[r.owner-1].landed = true
	}
	s.harmed(afterCorrection, s.stop.corrected)
	s.harmed(doubled, s.landed-1 > s.excused)
}
