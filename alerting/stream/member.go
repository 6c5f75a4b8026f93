package stream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"tocsin/alerting"
)

// job is what a consumer group's member does with the records of its partitions.
type job struct {
	group  string
	topics []topic
	// window is how many handlers run at once for one line of a partition, bundle how many records one of them gets at most.
	window, bundle int
	maxBytes       int64
	grace          time.Duration
	// decode fills in a record's content, or why there is none.
	decode func(topic, *record)
	// line names the line in which a readable record waits for a handler; nil: all wait in one.
	line func(*record) string
	// ready says when a record of a retry topic may be handed out.
	ready func(*record) time.Time
	// board vouches for records whose key is missing; see keyless.go.
	board Board
	// handle does the work; nil settles the records.
	handle func(ctx context.Context, from origin, recs []*record, own Ownership) error
	// lost hears that records are gone that nobody had read; may be nil.
	lost func(ctx context.Context, w alerting.World) error
}

// origin is where records came from.
type origin struct {
	topic     topic
	partition int
}

const (
	rebalanceTimeout   = 10 * time.Second
	coordinatorTimeout = 3 * time.Second
	commitEvery        = 250 * time.Millisecond
	proveEvery         = time.Second
	defaultGrace       = 10 * time.Second
	// cutShort is how long handlers get after their context ended.
	cutShort = 2 * time.Second
	// leaveTimeout bounds leaving the group; without an answer the partitions are free after the session time-out.
	leaveTimeout = 5 * time.Second
)

// member is this process's part in one consumer group.
//
//	joined ──assigned──▶ tends its partitions: fetch, hand out, settle, commit
//	  ▲                      │ generation ends
//	  └──────────────────────┘ partitions that are assigned again at once stay owned without a break
type member struct {
	s *Stream
	job
	// work is the handlers' context.
	work     context.Context
	draining chan struct{}
	tasks    sync.WaitGroup
	loops    sync.WaitGroup

	mu    sync.Mutex
	parts map[origin]*partition
	// generation and id are those of the last assignment.
	generation int32
	id         string
	owned      int
	total      int
	proven     time.Time

	// An outage is one line of log now and then, not one per attempt and partition.
	joins, commits, fetches hush
}

// hush lets one complaint through every ten seconds.
type hush struct {
	mu   sync.Mutex
	last time.Time
}

func (h *hush) due() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	if now.Sub(h.last) < 10*time.Second {
		return false
	}
	h.last = now
	return true
}

// consume works as a member of the group until ctx ends, then drains: no new work, the running handlers get the grace
// time, what they settle is committed, and the group is left so that others take over at once.
func (s *Stream) consume(ctx context.Context, j job) error {
	names := make([]string, 0, len(j.topics))
	for _, t := range j.topics {
		names = append(names, t.name)
	}
	group, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID: s.cfg.Prefix + j.group, Brokers: s.cfg.Brokers, Dialer: s.dialer, Topics: names,
		GroupBalancers: []kafka.GroupBalancer{evenly{}}, HeartbeatInterval: s.cfg.SessionTimeout / 6,
		SessionTimeout: s.cfg.SessionTimeout, RebalanceTimeout: rebalanceTimeout,
		JoinGroupBackoff: 200 * time.Millisecond, StartOffset: kafka.FirstOffset, Timeout: coordinatorTimeout,
	})
	if err != nil {
		return fmt.Errorf("join group %s: %w", j.group, err)
	}
	j.grace = orElse(j.grace, defaultGrace)
	work, endWork := context.WithCancel(context.WithoutCancel(ctx))
	defer endWork()
	m := &member{s: s, job: j, work: work, draining: make(chan struct{}), parts: map[origin]*partition{}}
	s.metrics.backlog.enter(m)
	s.metrics.commits.WithLabelValues(m.group)
	defer s.metrics.backlog.leave(m)

	// Membership outlives ctx: what is settled while draining is still committed.
	life, endLife := context.WithCancel(context.WithoutCancel(ctx))
	defer endLife()
	attended := make(chan struct{})
	go func() {
		defer close(attended)
		m.attend(life, group)
	}()
	<-ctx.Done()
	m.drain(endWork)
	endLife()
	<-attended
	m.leave(group)
	return nil
}

// drain stops fetching and waits for the handlers.
func (m *member) drain(endWork context.CancelFunc) {
	m.mu.Lock()
	close(m.draining)
	for _, p := range m.parts {
		p.stop()
	}
	m.mu.Unlock()
	m.loops.Wait()
	idle := make(chan struct{})
	go func() {
		m.tasks.Wait()
		close(idle)
	}()
	for _, patience := range []time.Duration{m.grace, cutShort} {
		timer := time.NewTimer(patience)
		select {
		case <-idle:
			timer.Stop()
			return
		case <-timer.C:
			endWork()
		}
	}
	m.s.log.Warn("handlers did not end in time; their records stay for the next owner", "group", m.group)
}

// leave ends the membership. The library may hang in a join; then the session time-out frees the partitions.
func (m *member) leave(group *kafka.ConsumerGroup) {
	m.mu.Lock()
	for _, p := range m.parts {
		p.lose()
	}
	m.mu.Unlock()
	left := make(chan error, 1)
	go func() { left <- group.Close() }()
	timer := time.NewTimer(leaveTimeout)
	defer timer.Stop()
	select {
	case err := <-left:
		if err != nil {
			m.s.log.Warn("leaving a kafka group failed", "group", m.group, "error", err)
		}
	case <-timer.C:
		m.s.log.Warn("leaving a kafka group took too long", "group", m.group)
	}
}

// attend lives through the group's generations.
func (m *member) attend(life context.Context, group *kafka.ConsumerGroup) {
	for life.Err() == nil {
		asking, cancel := context.WithTimeout(life, 500*time.Millisecond)
		gen, err := group.Next(asking)
		waited := asking.Err() != nil
		cancel()
		switch {
		case err == nil:
			m.adopt(gen)
			m.tend(life, gen)
		case life.Err() != nil:
		case waited:
			m.expire()
		default:
			// The library goes on trying behind Next; only our own context ends this loop.
			m.expire()
			if !errors.Is(err, kafka.RebalanceInProgress) && m.joins.due() {
				m.s.log.Warn("kafka group is not ready", "group", m.group, "error", err)
			}
			m.s.wait(life, nil, 200*time.Millisecond)
		}
	}
}

// expire gives up the partitions when the coordinator has not been heard for a session: by then they may be another's.
func (m *member) expire() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.owned == 0 || m.s.parts.Now().Sub(m.proven) < m.s.cfg.SessionTimeout {
		return
	}
	m.s.log.Warn("kafka group was not heard for a session: giving up its partitions", "group", m.group)
	for _, p := range m.parts {
		p.lose()
	}
	m.owned = 0
}

// adopt takes over an assignment. Partitions that were ours in the generation just before stay ours without a break:
// nobody else can have had them in between. All others are lost, and what is new is gained.
func (m *member) adopt(gen *kafka.Generation) {
	total := m.count()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.total = orElse(total, orElse(m.total, m.planned()))
	m.s.metrics.rebalances.WithLabelValues(m.group).Inc()
	unbroken := gen.MemberID == m.id && gen.ID == m.generation+1
	m.generation, m.id = gen.ID, gen.MemberID
	assigned := map[origin]int64{}
	for _, t := range m.topics {
		for _, a := range gen.Assignments[t.name] {
			assigned[origin{t, a.ID}] = a.Offset
		}
	}
	for from, p := range m.parts {
		committed, ours := assigned[from]
		if !ours || !unbroken || committed > p.watermark() {
			p.lose()
		}
	}
	m.owned = len(assigned)
	m.proven = m.s.parts.Now()
	for from, committed := range assigned {
		p := m.parts[from]
		if p == nil {
			p = newPartition(m, from)
			m.parts[from] = p
		}
		p.gain(committed)
	}
	m.s.log.Info("kafka partitions assigned", "group", m.group, "generation", gen.ID, "partitions", m.owned)
}

// count asks how many partitions the group has in all; 0 when nobody answers. It is served from the transport's cache.
func (m *member) count() int {
	names := make([]string, 0, len(m.topics))
	for _, t := range m.topics {
		names = append(names, t.name)
	}
	ctx, cancel := context.WithTimeout(m.work, time.Second)
	defer cancel()
	meta, err := m.s.client.Metadata(ctx, &kafka.MetadataRequest{Topics: names})
	if err != nil {
		return 0
	}
	total := 0
	for _, t := range meta.Topics {
		total += len(t.Partitions)
	}
	return total
}

// planned is how many partitions the topics are made with.
func (m *member) planned() int {
	n := 0
	for _, t := range m.topics {
		n += m.s.cfg.partitions(t)
	}
	return n
}

func (m *member) share() float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.total == 0 {
		return 0
	}
	return min(1, float64(m.owned)/float64(m.total))
}

// tend commits while the generation lives.
func (m *member) tend(life context.Context, gen *kafka.Generation) {
	ended := make(chan struct{})
	gen.Start(func(ctx context.Context) {
		<-ctx.Done()
		close(ended)
	})
	tick := time.NewTicker(commitEvery)
	defer tick.Stop()
	var proved time.Time
	for {
		now := time.Now()
		if m.commit(gen, now.Sub(proved) >= proveEvery) {
			proved = now
		}
		select {
		case <-ended:
			return
		case <-life.Done():
			m.commit(gen, false)
			return
		case <-tick.C:
		}
	}
}

// commit writes the watermarks that moved; to prove the membership it repeats one that did not. It says whether the
// coordinator accepted anything.
func (m *member) commit(gen *kafka.Generation, prove bool) bool {
	offsets := map[string]map[int]int64{}
	var moved, all []*partition
	m.mu.Lock()
	for _, p := range m.parts {
		offset, changed, ok := p.committable()
		if !ok {
			continue
		}
		all = append(all, p)
		if !changed && (!prove || len(offsets) > 0) {
			continue
		}
		if offsets[p.topic.name] == nil {
			offsets[p.topic.name] = map[int]int64{}
		}
		offsets[p.topic.name][p.partition] = offset
		moved = append(moved, p)
	}
	m.mu.Unlock()
	if len(offsets) == 0 {
		return false
	}
	asked := m.s.parts.Now()
	if err := gen.CommitOffsets(offsets); err != nil {
		if !errors.Is(err, kafka.RebalanceInProgress) {
			m.s.metrics.commits.WithLabelValues(m.group).Inc()
			if m.commits.due() {
				m.s.log.Warn("kafka offsets could not be committed", "group", m.group, "generation", gen.ID, "error", err)
			}
		}
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.proven = asked
	for _, p := range moved {
		p.commitDone(offsets[p.topic.name][p.partition])
	}
	for _, p := range all {
		p.prove(asked)
	}
	return true
}

// backlog adds up what waits in the partitions that are owned.
func (m *member) backlog(now time.Time, sums map[backlogKey]backlogSum) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.parts {
		lag, age, ok := p.behind(now)
		if !ok {
			continue
		}
		key := backlogKey{p.topic.kind, p.topic.channel, p.topic.lane}
		sum := sums[key]
		sums[key] = backlogSum{sum.lag + lag, max(sum.age, age)}
	}
}
