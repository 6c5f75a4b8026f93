package stream

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
)

// partition is one partition of a member: its position, what runs, and what is settled. It stays when the partition is
// lost, so that work which still runs is not handed out a second time when the partition comes back.
type partition struct {
	m *member
	origin

	mu sync.Mutex
	// windows are how many handlers of each line run at once.
	windows map[string]chan struct{}
	tenure  *tenure
	cancel  context.CancelFunc
	// done is closed when the latest fetch loop has ended.
	done chan struct{}
	// order holds what was fetched in this tenure and is not committable yet.
	order   []position
	settled map[int64]struct{}
	running map[int64]struct{}
	// next is the offset after everything in order; -1 until it is known.
	next      int64
	high      int64
	committed int64
	// moved has room for one sign that something was settled.
	moved chan struct{}
}

type position struct {
	offset int64
	time   time.Time
}

const (
	fetchWait = time.Second
	// farAhead is how many records beyond a stuck one are worked on.
	farAhead = 512
	// stuckAfter is how long fetches may bring nothing although there is something.
	stuckAfter = 30 * time.Second
)

func newPartition(m *member, from origin) *partition {
	done := make(chan struct{})
	close(done)
	return &partition{m: m, origin: from, windows: map[string]chan struct{}{}, done: done, cancel: func() {},
		settled: map[int64]struct{}{}, running: map[int64]struct{}{}, next: -1, committed: -1,
		moved: make(chan struct{}, 1)}
}

// gain begins a tenure at the committed offset (negative: the log's start), unless one is running.
func (p *partition) gain(committed int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tenure != nil {
		return
	}
	p.tenure = &tenure{m: p.m, gained: p.m.s.parts.Now(), lost: make(chan struct{})}
	p.order, p.next, p.committed, p.high = nil, max(committed, -1), max(committed, -1), 0
	for offset := range p.settled {
		if offset < p.next {
			delete(p.settled, offset)
		}
	}
	select {
	case <-p.m.draining:
		return
	default:
	}
	ctx, cancel := context.WithCancel(p.m.work)
	before, done := p.done, make(chan struct{})
	p.cancel, p.done = cancel, done
	p.m.loops.Go(func() {
		defer close(done)
		<-before
		p.loop(ctx)
	})
}

// lose ends the tenure, if there is one.
func (p *partition) lose() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tenure != nil {
		close(p.tenure.lost)
		p.tenure = nil
		p.cancel()
	}
}

// stop ends fetching but not the tenure.
func (p *partition) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cancel()
}

// watermark is the offset up to which everything is settled; -1 while it is not known.
func (p *partition) watermark() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.head()
}

// head is watermark with the lock held.
func (p *partition) head() int64 {
	for len(p.order) > 0 {
		first := p.order[0].offset
		if _, ok := p.settled[first]; !ok {
			return first
		}
		delete(p.settled, first)
		p.order = p.order[1:]
	}
	return p.next
}

// committable gives the watermark and whether it moved since the last commit; ok is false without a tenure.
func (p *partition) committable() (offset int64, changed, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	offset = p.head()
	return offset, offset != p.committed, p.tenure != nil && offset >= 0
}

func (p *partition) commitDone(offset int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.committed = max(p.committed, offset)
}

func (p *partition) prove(at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tenure != nil {
		p.tenure.proof.Store(&at)
	}
}

func (p *partition) ownership() Ownership {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Ownership{t: p.tenure}
}

// behind says how many records are not settled and how old the oldest of them is; ok is false without a tenure.
func (p *partition) behind(now time.Time) (lag int64, age time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	head := p.head()
	if p.tenure == nil || head < 0 {
		return 0, 0, false
	}
	if len(p.order) > 0 {
		age = max(0, now.Sub(p.order[0].time))
	}
	return max(0, p.high-head), age, true
}

// loop fetches and hands out until the partition is lost or the process drains.
func (p *partition) loop(ctx context.Context) {
	s := p.m.s
	at := cursor{topic: p.topic, partition: p.partition, maxBytes: p.m.maxBytes, maxWait: fetchWait}
	to := &lines{p: p, waiting: map[string]chan []*record{}}
	defer to.served.Wait()
	fetched := time.Now()
	failures := 0
	for ctx.Err() == nil {
		err := p.locate(ctx, &at)
		var h haul
		if err == nil && p.room(ctx) {
			h, err = s.fetch(ctx, at)
		}
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, kafka.OffsetOutOfRange) {
			var next int64
			if next, err = s.rescue(ctx, at); err == nil && next != at.next {
				p.mourn(ctx)
				if err = ctx.Err(); err != nil {
					return
				}
			}
			if err == nil {
				p.jump(next)
				continue
			}
		}
		if err != nil {
			failures++
			p.complain(err)
			s.wait(ctx, nil, min(time.Duration(failures)*100*time.Millisecond, time.Second))
			continue
		}
		failures = 0
		if len(h.records) > 0 || h.high <= at.next {
			fetched = time.Now()
		} else if time.Since(fetched) > stuckAfter {
			fetched = time.Now()
			s.log.Error("fetches bring nothing although records wait: connecting anew", "topic", p.topic.name,
				"partition", p.partition, "offset", at.next, "end", h.high)
			s.transport.CloseIdleConnections()
		}
		p.take(h)
		p.hand(ctx, h.records, to)
	}
}

// mourn brings it about that records are made anew which are gone and were never read. Until then the partition stays where
// it is, so that whoever gets it next finds the same loss.
func (p *partition) mourn(ctx context.Context) {
	for p.m.lost != nil && ctx.Err() == nil {
		err := p.m.lost(ctx, p.topic.world)
		if err == nil {
			return
		}
		p.m.s.log.Error("lost records could not be asked for anew; trying again", "topic", p.topic.name,
			"partition", p.partition, "error", err)
		p.m.s.wait(ctx, nil, time.Second)
	}
}

// complain counts a failed fetch, and logs one of them now and then.
func (p *partition) complain(err error) {
	p.m.s.metrics.fetches.WithLabelValues(string(p.topic.kind)).Inc()
	if p.m.fetches.due() {
		p.m.s.log.Warn("kafka fetch failed", "group", p.m.group, "topic", p.topic.name, "partition", p.partition,
			"error", err)
	}
}

// locate sets the cursor to the partition's position, which is the log's start for a new group.
func (p *partition) locate(ctx context.Context, at *cursor) error {
	p.mu.Lock()
	at.next = p.next
	p.mu.Unlock()
	if at.next >= 0 {
		return nil
	}
	first, _, err := p.m.s.bounds(ctx, p.topic.name, p.partition)
	if err != nil {
		return err
	}
	p.jump(first)
	at.next = first
	return nil
}

func (p *partition) jump(next int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next = next
}

// room waits while too much is open beyond a record that is not settled.
func (p *partition) room(ctx context.Context) bool {
	for {
		p.mu.Lock()
		p.head()
		open := len(p.order)
		p.mu.Unlock()
		if open < farAhead {
			return true
		}
		select {
		case <-p.moved:
		case <-ctx.Done():
			return false
		}
	}
}

// take notes what was fetched.
func (p *partition) take(h haul) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.high = h.high
	for i := range h.records {
		r := &h.records[i]
		p.order = append(p.order, position{r.offset, r.time})
		p.next = r.offset + 1
	}
}
