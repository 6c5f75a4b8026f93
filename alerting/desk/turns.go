package desk

import (
	"sync"

	"tocsin/alerting"
)

// turns lets one caller at a time work on an alert. Other alerts are not held up: a stop must not queue behind a warning.
type turns struct {
	mu   *sync.Mutex
	busy map[alerting.AlertID]*turn
}

type turn struct {
	sync.Mutex
	waiting int
}

func newTurns() turns { return turns{new(sync.Mutex), make(map[alerting.AlertID]*turn)} }

// take waits for the alert's turn; done gives it back.
func (t turns) take(id alerting.AlertID) (done func()) {
	t.mu.Lock()
	one := t.busy[id]
	if one == nil {
		one = new(turn)
		t.busy[id] = one
	}
	one.waiting++
	t.mu.Unlock()
	one.Lock()
	return func() {
		one.Unlock()
		t.mu.Lock()
		defer t.mu.Unlock()
		if one.waiting--; one.waiting == 0 {
			delete(t.busy, id)
		}
	}
}
