package pace

import (
	"context"
	"sync"

	"tocsin/alerting"
)

// Gate holds the slots of one gateway in this process: how many deliveries may be under way at once. Waiters are served
// by lane, and first come first served within a lane, so that one batch is finished before the next is begun. Nobody gets
// more than a chunk, a quarter of the slots, at a time: large enough that a call of the ledger serves many deliveries,
// small enough that other batches send while one waits for its call.
type Gate struct {
	mu      sync.Mutex
	slots   int
	chunk   int
	free    int
	waiting [3][]*waiter
}

type waiter struct {
	want  int
	ready chan int
}

// NewGate makes a gate of so many slots, at least one.
func NewGate(slots int) *Gate {
	slots = max(slots, 1)
	return &Gate{slots: slots, chunk: max(slots/4, 1), free: slots}
}

// Acquire waits for at least one slot and takes up to want of them, at most a chunk. All but a stop wait until most of
// a chunk is there for them, so that a busy gateway is not fed one delivery per round trip to the ledger.
func (g *Gate) Acquire(ctx context.Context, lane alerting.Lane, want int) (int, error) {
	w := &waiter{want: want, ready: make(chan int, 1)}
	rank := lane.Rank()
	g.mu.Lock()
	g.waiting[rank] = append(g.waiting[rank], w)
	g.serve()
	g.mu.Unlock()
	select {
	case n := <-w.ready:
		return n, nil
	case <-ctx.Done():
		g.leave(rank, w)
		return 0, ctx.Err()
	}
}

// leave takes a waiter out of the line; what it was given meanwhile goes back.
func (g *Gate) leave(rank int, w *waiter) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, o := range g.waiting[rank] {
		if o == w {
			g.waiting[rank] = append(g.waiting[rank][:i], g.waiting[rank][i+1:]...)
			g.serve()
			return
		}
	}
	g.free += <-w.ready
	g.serve()
}

// least is the least that a waiter is given: three quarters of a chunk. So at most that many slots wait for company.
func (g *Gate) least() int { return max(g.chunk*3/4, 1) }

// Keep says whether n slots may go from one delivery to the next of the same batch: not while somebody of a higher lane
// waits, and no splinter while somebody of the same lane does, who can use it with others.
func (g *Gate) Keep(lane alerting.Lane, n int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for rank, line := range g.waiting {
		if len(line) > 0 && (rank < lane.Rank() || rank == lane.Rank() && n < g.least()) {
			return false
		}
	}
	return n > 0
}

// Release gives slots back.
func (g *Gate) Release(n int) {
	if n == 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.free += n
	g.serve()
}

// Free is the number of slots that nobody holds.
func (g *Gate) Free() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.free
}

// serve gives free slots to whoever is first; the lock is held.
func (g *Gate) serve() {
	stop, routine := alerting.Stop.Rank(), alerting.Routine.Rank()
	for rank := range g.waiting {
		for len(g.waiting[rank]) > 0 {
			w := g.waiting[rank][0]
			room := g.free
			if rank == routine {
				room -= g.slots / 4
			}
			if room < 1 || (rank != stop && room < min(w.want, g.least())) {
				return
			}
			n := min(room, w.want, g.chunk)
			g.free -= n
			g.waiting[rank] = g.waiting[rank][1:]
			w.ready <- n
		}
	}
}
