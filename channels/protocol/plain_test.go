package protocol_test

import (
	"cmp"
	"slices"

	"tocsin/alerting/stream"
)

// plain makes equal what differs in nothing that can matter any more, so that the search need not go through it twice.
func (m *model) plain(s *state) {
	if m.most.failover == s.spent.failover {
		s.older = memory{}
	}
	if s.open[retry] == 0 {
		s.putOff = 0
	}
	if s.rebuild.stage == resting {
		s.mem.nonce, s.older.nonce = nobodys, nobodys
	}
	if s.journal != s.taken && s.mem.ready == here && m.slate.merge(s.mem, s.journal).m == s.mem {
		s.taken = s.journal
	}
	for i := range s.workers {
		w := &s.workers[i]
		for c := range carriers {
			if !w.believes[c] || m.most.flush+m.most.failover+m.most.away == 0 {
				w.gained[c] = units(longestWait)
			}
			w.gained[c] = min(w.gained[c], units(longestWait))
			if !w.believes[c] || s.owner[c] == uint8(i)+1 {
				w.proof[c] = 0
			}
			w.proof[c] = min(w.proof[c], units(longestWindow)+1)
		}
		if w.at != claimed {
			w.since = 0
		}
		w.since = min(w.since, units(longestWindow)+1)
	}
	for n := range s.requests {
		if r := &s.requests[n]; r.owner == gone && m.most.report == 0 {
			r.attempt = 0
		}
	}
	slices.SortFunc(s.requests[:], func(a, b request) int {
		return cmp.Or(cmp.Compare(b.owner, a.owner), cmp.Compare(b.age, a.age), cmp.Compare(b.attempt, a.attempt))
	})
	if m.most.report == 0 {
		s.arrived = 0
	}
	if !m.cancel {
		s.claimed = false
	}
	s.stop.age = min(s.stop.age, units(m.grace)+1, units(stream.FreshFor)+1)
}
