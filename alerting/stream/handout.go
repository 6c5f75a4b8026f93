package stream

import (
	"context"
	"time"
)

// handlerPause is how long a failed record waits before it is handed out again.
const handlerPause = time.Second

// hand puts records into their lines, in order and in bundles.
func (p *partition) hand(ctx context.Context, records []record, to *lines) {
	for len(records) > 0 && ctx.Err() == nil {
		var batch []*record
		for len(records) > 0 && len(batch) < p.m.bundle {
			r := &records[0]
			records = records[1:]
			if p.idle(r.offset) {
				p.m.decode(p.topic, r)
				batch = append(batch, r)
			}
		}
		if len(batch) == 0 {
			continue
		}
		if p.topic.kind == retryKind && !p.hold(ctx, batch[0]) {
			return
		}
		if !to.add(ctx, batch) {
			return
		}
	}
}

// hold waits until a record that was put off may be handed out, but never longer than its tier.
func (p *partition) hold(ctx context.Context, r *record) bool {
	begin := p.m.s.parts.Now()
	until := p.m.ready(r)
	if latest := begin.Add(p.topic.tier.longest()); until.After(latest) {
		until = latest
	}
	for {
		left := until.Sub(p.m.s.parts.Now())
		if left <= 0 {
			return ctx.Err() == nil
		}
		// In short steps, because a clock that is set right moves the moment.
		if !p.m.s.wait(ctx, nil, min(left, time.Second)) {
			return false
		}
	}
}

// idle says whether a record is neither settled nor in a handler's hands.
func (p *partition) idle(offset int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, settled := p.settled[offset]
	_, running := p.running[offset]
	return !settled && !running
}

// begin marks records as running; false means that the partition is no longer ours.
func (p *partition) begin(batch []*record) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tenure == nil {
		return false
	}
	p.m.tasks.Add(1)
	for _, r := range batch {
		p.running[r.offset] = struct{}{}
	}
	return true
}

// work runs the handler until it succeeds, or until the partition is another's or the process drains. A handler that
// outlasts its tenure ends as it may: if it succeeds, its records are settled also in the next tenure.
func (p *partition) work(batch []*record, place *seat) {
	defer p.m.tasks.Done()
	s := p.m.s
	if missingKey(batch[0]) != nil {
		place.free()
		if place = p.keep(batch[0]); place == nil {
			p.end(batch, false)
			return
		}
	}
	defer place.free()
	for {
		own := p.ownership()
		if own.t == nil {
			p.end(batch, false)
			return
		}
		own.seat = place
		err := p.m.handle(p.m.work, p.origin, batch, own)
		if err == nil {
			p.end(batch, true)
			return
		}
		if p.stopped() {
			p.end(batch, false)
			return
		}
		s.metrics.handlers.WithLabelValues(string(p.topic.kind)).Inc()
		s.log.Warn("a record was not handled and comes again", "topic", p.topic.name, "partition", p.partition,
			"offset", batch[0].offset, "records", len(batch), "error", err)
		if !s.wait(p.m.work, p.m.draining, handlerPause) {
			p.end(batch, false)
			return
		}
	}
}

func (p *partition) stopped() bool {
	select {
	case <-p.m.draining:
		return true
	default:
		return p.m.work.Err() != nil
	}
}

// end notes that no handler has the records any more.
func (p *partition) end(batch []*record, settled bool) {
	p.mu.Lock()
	for _, r := range batch {
		delete(p.running, r.offset)
		if settled {
			p.settled[r.offset] = struct{}{}
		}
	}
	p.mu.Unlock()
	select {
	case p.moved <- struct{}{}:
	default:
	}
}
