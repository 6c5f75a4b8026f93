package stream

import (
	"context"
	"sync"
)

// The records of a partition stand in lines, each with a window of its own: batches of one gateway make a line. A line that
// does not move holds up no other, until so much stands in it that nothing more is read.

// longestLine is how many records of one line may wait for a place in its window while those of other lines pass them.
const longestLine = 64

// lines are those of one fetch loop.
type lines struct {
	p       *partition
	waiting map[string]chan []*record
	served  sync.WaitGroup
}

// add puts records at the end of their line; false means that the loop ends.
func (l *lines) add(ctx context.Context, batch []*record) bool {
	name := l.p.m.lineOf(batch[0])
	line := l.waiting[name]
	if line == nil {
		line = make(chan []*record, l.p.m.lineLength())
		l.waiting[name] = line
		l.served.Go(func() { l.p.serve(ctx, line, l.p.window(name)) })
	}
	select {
	case line <- batch:
		return true
	case <-ctx.Done():
		return false
	}
}

// serve hands out a line in order, to as many handlers as its window allows, until the loop ends.
func (p *partition) serve(ctx context.Context, line <-chan []*record, window chan struct{}) {
	for {
		select {
		case batch := <-line:
			select {
			case window <- struct{}{}:
			case <-ctx.Done():
				return
			}
			place := &seat{window: window}
			if !p.begin(batch) {
				place.free()
				return
			}
			go p.work(batch, place)
		case <-ctx.Done():
			return
		}
	}
}

// window is that of a line. It is the same in every tenure, because handlers outlast theirs.
func (p *partition) window(line string) chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.windows[line]
	if w == nil {
		w = make(chan struct{}, p.m.job.window)
		p.windows[line] = w
	}
	return w
}

// lineOf names the line of a record; a job that does not tell records apart has one.
func (j *job) lineOf(r *record) string {
	if j.line == nil || r.bad != nil {
		return ""
	}
	return j.line(r)
}

// lineLength is how many records may wait in a line: none where there is but one, for they would only take memory.
func (j *job) lineLength() int {
	if j.line == nil {
		return 0
	}
	return longestLine
}
