package ledger

import (
	"context"
	"sync"
	"time"

	"tocsin/alerting"
)

// turnFor is how long a rebuild keeps others of its alert away after its process was last heard of.
const turnFor = 3 * time.Second

// turns lets one rebuild of an alert run at a time. In a process it is a lock; between processes it is a key in Redis, which
// only spares them work: nonces alone keep rebuilds out of each other's way. Without it each of several processes, or
// handlers of one, finds the alert not ready while another rebuilds it, begins anew, and takes the ready mark away that the
// other was about to set, for as long as reports come in. Its zero value is ready for use.
type turns struct {
	mu   sync.Mutex
	busy map[alerting.AlertID]chan struct{}
}

// take waits for the turn in this process; give ends it.
func (t *turns) take(ctx context.Context, id alerting.AlertID) (give func(), err error) {
	for {
		t.mu.Lock()
		wait, taken := t.busy[id]
		if !taken {
			if t.busy == nil {
				t.busy = make(map[alerting.AlertID]chan struct{})
			}
			done := make(chan struct{})
			t.busy[id] = done
			t.mu.Unlock()
			return func() {
				t.mu.Lock()
				delete(t.busy, id)
				t.mu.Unlock()
				close(done)
			}, nil
		}
		t.mu.Unlock()
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (l *Ledger) turnKey(id alerting.AlertID) string { return l.prefix + "{" + id.String() + "}:turn" }

// takeTurn claims the rebuild of an alert among processes; ok is false when another one has it. give ends it.
func (l *Ledger) takeTurn(ctx context.Context, id alerting.AlertID) (give func(), ok bool, err error) {
	key := l.turnKey(id)
	ok, err = l.rdb.SetNX(ctx, key, 1, turnFor).Result()
	if err != nil {
		return nil, false, away("take the turn to rebuild", err)
	}
	if !ok {
		return nil, false, nil
	}
	life, end := context.WithCancel(ctx)
	var beside sync.WaitGroup
	beside.Go(func() {
		tick := time.NewTicker(turnFor / 3)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				// A failure lets the turn lapse; then a second rebuild may begin, and the nonces sort it out.
				_ = l.rdb.PExpire(life, key, turnFor).Err()
			case <-life.Done():
				return
			}
		}
	})
	return func() {
		end()
		beside.Wait()
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = l.rdb.Unlink(last, key).Err()
	}, true, nil
}
