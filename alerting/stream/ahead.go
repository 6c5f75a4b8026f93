package stream

import (
	"slices"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
)

// ahead is an Update that was issued before it takes effect (CAP 1.2 §3.2.2 effective). Until then what it replaces stays
// in force. When it is itself stopped before that, what it would have replaced ends with it: a stop ends the whole chain,
// and fan-out tells everybody who was told of any part of it.
type ahead struct {
	from time.Time
	stop stop
	refs []alerting.AlertID
}

// stop says what stops an alert, since when, and in which record.
type stop struct {
	by     alerting.AlertID
	at     time.Time
	offset int64
}

// lieAhead keeps an update that does not stop anything yet; false for what stops at once. The lock is held.
func (f *Follower) lieAhead(key knownKey, e *entry, offset int64) bool {
	a := e.standing.Issued
	from := alerting.Effective(a.Alert)
	if a.Alert.MsgType != cap.MsgUpdate || e.standing.Stopped || !from.After(a.Envelope.Issued) {
		return false
	}
	// One that ends before it takes effect replaces nothing.
	if from.Before(a.Expires) {
		f.ahead[key] = ahead{from, stop{a.ID, from, offset}, a.References}
	}
	return true
}

// takeEffect lets the updates of a world stop what they replace that have taken effect by now, in the order in which they
// did, and gives the standings that changed. Whoever reads the log again comes to the same: each record is preceded by
// what took effect before its issue.
func (f *Follower) takeEffect(w alerting.World, now time.Time) []alerting.Standing {
	f.mu.Lock()
	defer f.mu.Unlock()
	var changed []alerting.Standing
	for {
		var first knownKey
		for key, a := range f.ahead {
			if key.world == w && !a.from.After(now) && (first.world == "" || a.from.Before(f.ahead[first].from)) {
				first = key
			}
		}
		if first.world == "" {
			return changed
		}
		a := f.ahead[first]
		delete(f.ahead, first)
		changed = append(changed, f.stopAll(w, a.refs, a.stop)...)
	}
}

// stopAll stops alerts, and what the updates among them lie ahead of. It gives the standings that changed. The first stop
// of an alert counts. The lock is held.
func (f *Follower) stopAll(w alerting.World, ids []alerting.AlertID, by stop) []alerting.Standing {
	var changed []alerting.Standing
	for todo := slices.Clone(ids); len(todo) > 0; todo = todo[1:] {
		key := knownKey{w, todo[0]}
		if key.id == by.by {
			continue
		}
		if a, ok := f.ahead[key]; ok {
			delete(f.ahead, key)
			todo = append(todo, a.refs...)
		}
		old := f.known[key]
		if old == nil {
			old = &entry{offset: -1}
			f.known[key] = old
		}
		if old.standing.Stopped {
			continue
		}
		old.standing.Stopped, old.standing.By, old.standing.At, old.stop = true, by.by, by.at, by.offset
		changed = append(changed, old.standing)
	}
	return changed
}
