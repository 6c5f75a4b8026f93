package fanout

import (
	"context"
	"sync"

	"tocsin/alerting"
)

// gate lets routine expansions pause, between two pages, while anything more urgent is being expanded.
type gate struct {
	mu     sync.Mutex
	urgent int
	// free is closed when the last urgent expansion leaves.
	free chan struct{}
}

func newGate() *gate { return &gate{} }

// enter counts an expansion as being worked on, until leave.
func (g *gate) enter(lane alerting.Lane) (leave func()) {
	if lane == alerting.Routine {
		return func() {}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.urgent == 0 {
		g.free = make(chan struct{})
	}
	g.urgent++
	return sync.OnceFunc(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.urgent--; g.urgent == 0 {
			close(g.free)
		}
	})
}

// wait returns when an expansion of this lane may go on.
func (g *gate) wait(ctx context.Context, lane alerting.Lane) error {
	for lane == alerting.Routine {
		g.mu.Lock()
		urgent, free := g.urgent, g.free
		g.mu.Unlock()
		if urgent == 0 {
			break
		}
		select {
		case <-free:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return ctx.Err()
}
