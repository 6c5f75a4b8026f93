package report

import (
	"context"
	"sync"
	"time"

	"tocsin/alerting"
)

// readingLimit bounds a reading that nobody may be waiting for any more.
const readingLimit = time.Minute

// together lets those who ask the same about an alert share the answer: a question is answered by the first reading that begins after
// it was asked. So one reading of an alert runs at a time, however many look on, and nobody gets what is older than his question. An
// answer is shared: whoever gets it changes nothing in it. The zero value is ready.
type together[T any] struct {
	mu     sync.Mutex
	alerts map[alerting.AlertID]*readings[T]
}

// readings are those of an alert: the one that runs, and the one that comes after it, if anybody waits for it.
type readings[T any] struct{ running, next *reading[T] }

// reading is one; its answer stands once done is closed.
type reading[T any] struct {
	done   chan struct{}
	answer T
	err    error
}

// ask gives what read answers about an alert. Read must not depend on who asks.
func (t *together[T]) ask(ctx context.Context, id alerting.AlertID, read func(context.Context) (T, error)) (T, error) {
	mine := t.join(context.WithoutCancel(ctx), id, read)
	select {
	case <-mine.done:
		return mine.answer, mine.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// join is the reading that a question of now waits for.
func (t *together[T]) join(ctx context.Context, id alerting.AlertID, read func(context.Context) (T, error)) *reading[T] {
	t.mu.Lock()
	defer t.mu.Unlock()
	of := t.alerts[id]
	switch {
	case of == nil:
		if t.alerts == nil {
			t.alerts = make(map[alerting.AlertID]*readings[T])
		}
		of = &readings[T]{running: newReading[T]()}
		t.alerts[id] = of
		go t.run(ctx, id, of.running, read)
		return of.running
	case of.next == nil:
		of.next = newReading[T]()
	}
	return of.next
}

func newReading[T any]() *reading[T] { return &reading[T]{done: make(chan struct{})} }

// run reads, and then once more if somebody asked meanwhile.
func (t *together[T]) run(ctx context.Context, id alerting.AlertID, r *reading[T], read func(context.Context) (T, error)) {
	for r != nil {
		within, cancel := context.WithTimeout(ctx, readingLimit)
		r.answer, r.err = read(within)
		cancel()
		close(r.done)
		r = t.follow(id)
	}
}

// follow is the reading that comes next; nil when nobody waits for one.
func (t *together[T]) follow(id alerting.AlertID) *reading[T] {
	t.mu.Lock()
	defer t.mu.Unlock()
	of := t.alerts[id]
	if of.running, of.next = of.next, nil; of.running == nil {
		delete(t.alerts, id)
	}
	return of.running
}
