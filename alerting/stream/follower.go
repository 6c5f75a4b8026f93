package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"tocsin/alerting"
)

const (
	// followWait is how long one fetch of a follower may wait for news.
	followWait = 300 * time.Millisecond
	// FreshFor is how old the latest proof of completeness may be before a worker must pause.
	FreshFor = 1500 * time.Millisecond
	// forgetEvery is how often expired alerts lose their bytes.
	forgetEvery = time.Second
)

// Follower knows every issued alert of some worlds, and which of them were cancelled or superseded. It reads
// alerts.issued by itself, from the start, without a group, so a stop needs nothing but Kafka to reach a worker.
//
// The first record of an id counts. The same id with other bytes is a conflict: ignored, counted and logged. An Update
// or Cancel stops every alert that it references (CAP 1.2 §3.2.1), seen or not: one that comes later is stopped from
// its first moment; an Update that was issued ahead does so when it takes effect (see ahead). Expired alerts lose their
// bytes and keep id and stop for as long as Kafka keeps their records.
type Follower struct {
	s      *Stream
	worlds []alerting.World
	ready  chan struct{}

	mu    sync.RWMutex
	known map[knownKey]*entry
	live  map[knownKey]*entry
	trail map[alerting.World]*trail
	// ahead are the updates that were issued and have not taken effect.
	ahead map[knownKey]ahead
	// news is held while subscribers are told something.
	news        sync.Mutex
	subscribers map[int]func(alerting.Standing)
	serial      int
}

// knownKey keeps the worlds apart: a drill must never take the id of a real alert.
type knownKey struct {
	world alerting.World
	id    alerting.AlertID
}

// entry is what is known under one id. Standing values that were handed out are never changed.
type entry struct {
	standing alerting.Standing
	digest   [32]byte
	// offset is that of the alert's own record, stop that of the record which stopped it; -1 for none.
	offset, stop int64
}

// trail is how far one world has been followed.
type trail struct {
	// proven is when the latest fetch was asked that showed nothing beyond what is known; until the first, when following
	// was to begin.
	proven time.Time
	caught bool
}

// NewFollower makes a follower of some worlds (none: all configured ones); Run makes it follow.
func (s *Stream) NewFollower(worlds ...alerting.World) (*Follower, error) {
	worlds, err := s.worlds(worlds)
	if err != nil {
		return nil, fmt.Errorf("follow issued alerts: %w", err)
	}
	f := &Follower{s: s, worlds: worlds, ready: make(chan struct{}), known: map[knownKey]*entry{},
		live: map[knownKey]*entry{}, trail: map[alerting.World]*trail{}, ahead: map[knownKey]ahead{},
		subscribers: map[int]func(alerting.Standing){}}
	for _, w := range worlds {
		f.trail[w] = &trail{proven: s.parts.Now()}
	}
	return f, nil
}

// Run follows until ctx ends, whatever happens to Kafka.
func (f *Follower) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, w := range f.worlds {
		all.Go(func() { f.follow(ctx, w) })
	}
	all.Wait()
}

// Ready is closed once everything that was on Kafka at the start is known.
func (f *Follower) Ready() <-chan struct{} { return f.ready }

// IsReady says whether Ready is closed.
func (f *Follower) IsReady() bool {
	select {
	case <-f.ready:
		return true
	default:
		return false
	}
}

// Fresh says whether everything issued up to 1.5 s before now is known, in all worlds. Without that nothing may be
// sent: a stop may have been missed.
func (f *Follower) Fresh(now time.Time) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	for _, t := range f.trail {
		if !t.caught || now.Sub(t.proven) > FreshFor {
			return false
		}
	}
	return true
}

// Behind is for how long it has not been proven that everything that was issued is known, in the world where that is
// longest; less than half a second when all is well.
func (f *Follower) Behind(now time.Time) time.Duration {
	f.mu.RLock()
	defer f.mu.RUnlock()
	var longest time.Duration
	for _, t := range f.trail {
		longest = max(longest, now.Sub(t.proven))
	}
	return longest
}

// Standing gives what is known of an alert. Issued is nil for one that was stopped before it was ever seen; for an
// expired one it lacks the parsed alert and the document. Should a drill carry the id of a real alert, the real one is
// given.
func (f *Follower) Standing(id alerting.AlertID) (alerting.Standing, bool) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	var stopped *entry
	for _, w := range alerting.Worlds() {
		switch e := f.known[knownKey{w, id}]; {
		case e == nil:
		case e.standing.Issued != nil:
			return e.standing, true
		case stopped == nil:
			stopped = e
		}
	}
	if stopped == nil {
		return alerting.Standing{}, false
	}
	return stopped.standing, true
}

// All gives every alert that is not expired, also the stopped ones, in the order of issue.
func (f *Follower) All() []alerting.Standing {
	now := f.s.parts.Now()
	f.mu.RLock()
	entries := make([]*entry, 0, len(f.live))
	for _, e := range f.live {
		if now.Before(e.standing.Issued.Expires) {
			entries = append(entries, e)
		}
	}
	slices.SortFunc(entries, func(a, b *entry) int { return a.before(b) })
	out := make([]alerting.Standing, 0, len(entries))
	for _, e := range entries {
		out = append(out, e.standing)
	}
	f.mu.RUnlock()
	return out
}

func (e *entry) before(o *entry) int {
	if c := e.standing.Issued.Envelope.Issued.Compare(o.standing.Issued.Envelope.Issued); c != 0 {
		return c
	}
	return int(e.offset - o.offset)
}

// Subscribe calls fn for every alert that is not expired, and from then on for each new one and each that is stopped,
// one after the other. fn must be quick: the follower waits for it, and is not fresh meanwhile; it must not subscribe.
// The function that is returned ends the subscription.
func (f *Follower) Subscribe(fn func(alerting.Standing)) (cancel func()) {
	f.news.Lock()
	defer f.news.Unlock()
	for _, st := range f.All() {
		fn(st)
	}
	f.serial++
	number := f.serial
	f.subscribers[number] = fn
	return func() {
		f.news.Lock()
		defer f.news.Unlock()
		delete(f.subscribers, number)
	}
}

// follow reads one world's alerts, one fetch after another.
func (f *Follower) follow(ctx context.Context, w alerting.World) {
	at := cursor{topic: f.s.cfg.issued(w), next: -1, maxBytes: receiptBytes, maxWait: followWait}
	failures := 0
	var forgot time.Time
	for ctx.Err() == nil {
		h, err := f.advance(ctx, &at)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			failures++
			f.s.metrics.fetches.WithLabelValues(string(issuedKind)).Inc()
			if failures%100 == 1 {
				f.s.log.Warn("following issued alerts failed", "world", w, "error", err)
			}
			f.s.wait(ctx, nil, min(time.Duration(failures)*50*time.Millisecond, 500*time.Millisecond))
			continue
		}
		failures = 0
		f.learn(w, at.topic, h)
		if at.next >= h.high {
			// Only who knows all that was issued may say that an update took effect: it may have been stopped before.
			f.tell(func() []alerting.Standing { return f.takeEffect(w, f.s.parts.Now()) })
			f.caughtUp(w, h.asked)
		}
		if now := f.s.parts.Now(); now.Sub(forgot) >= forgetEvery {
			forgot = now
			f.forget(w, now, h.start)
		}
	}
}

// advance fetches once and moves the cursor.
func (f *Follower) advance(ctx context.Context, at *cursor) (haul, error) {
	if at.next < 0 {
		first, _, err := f.s.bounds(ctx, at.topic.name, 0)
		if err != nil {
			return haul{}, err
		}
		at.next = first
	}
	h, err := f.s.fetch(ctx, *at)
	if errors.Is(err, kafka.OffsetOutOfRange) {
		next, lost := f.s.rescue(ctx, *at)
		if lost == nil {
			at.next = next
		}
	}
	if err != nil {
		return h, err
	}
	if n := len(h.records); n > 0 {
		at.next = h.records[n-1].offset + 1
	}
	return h, nil
}

// caughtUp notes that at the given moment nothing was on Kafka that is not known.
func (f *Follower) caughtUp(w alerting.World, asked time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.trail[w]
	t.proven = asked
	if t.caught {
		return
	}
	t.caught = true
	for _, t := range f.trail {
		if !t.caught {
			return
		}
	}
	close(f.ready)
}

// learn takes in what a fetch brought, and tells the subscribers.
func (f *Follower) learn(w alerting.World, t topic, h haul) {
	for i := range h.records {
		r := &h.records[i]
		issued, err := f.s.decodeIssued(t, r.value)
		if err != nil {
			f.s.ignore(t, r, err)
			continue
		}
		f.tell(func() []alerting.Standing { return f.fold(w, issued, r.offset) })
	}
}

// tell brings the standings that a step changed to the subscribers.
func (f *Follower) tell(step func() []alerting.Standing) {
	f.news.Lock()
	defer f.news.Unlock()
	for _, st := range step() {
		for _, fn := range f.subscribers {
			fn(st)
		}
	}
}

// fold takes in one alert and gives the standings that it changed.
func (f *Follower) fold(w alerting.World, a *alerting.Issued, offset int64) []alerting.Standing {
	early := f.takeEffect(w, a.Envelope.Issued)
	f.mu.Lock()
	defer f.mu.Unlock()
	key := knownKey{w, a.ID}
	e := f.known[key]
	if e != nil && e.standing.Issued != nil {
		if e.digest != a.Envelope.Digest {
			f.s.metrics.conflicts.Inc()
			f.s.log.Error("an alert was ignored: its id is taken by another document", "alert", a.ID, "world", w,
				"offset", offset)
		}
		return early
	}
	if e == nil {
		e = &entry{stop: -1}
		f.known[key] = e
	}
	e.standing.Issued, e.digest, e.offset = a, a.Envelope.Digest, offset
	f.live[key] = e
	changed := append(early, e.standing)
	if !stops(a) || f.lieAhead(key, e, offset) {
		return changed
	}
	return append(changed, f.stopAll(w, a.References, stop{a.ID, a.Envelope.Issued, offset})...)
}

// forget takes the bytes of what has expired, and drops what Kafka no longer holds.
func (f *Follower) forget(w alerting.World, now time.Time, start int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for key, e := range f.live {
		if key.world != w || now.Before(e.standing.Issued.Expires) {
			continue
		}
		bare := *e.standing.Issued
		bare.Alert, bare.Envelope.Document = nil, nil
		e.standing.Issued = &bare
		delete(f.live, key)
	}
	for key, e := range f.known {
		if key.world == w && e.offset < start && e.stop < start && f.live[key] == nil {
			delete(f.known, key)
		}
	}
}
