package sim

import (
	"context"
	"encoding/binary"
	"math/bits"
	"sync"
	"time"
)

// chore is something to do for one message later: let it land, or tell its status.
type chore struct {
	due  time.Time
	kind choreKind
	// attempt counts the tries of a callback that were made.
	attempt uint8
	flags   choreFlags
	code    uint16 // the error code of a failed message
	seq     uint64 // number of the message in the outbox
	// final is when the final callback is due.
	final time.Time

	channel, gateway, recipient, alert, url string
}

// first is when the first callback of the message is due.
func (c *chore) first() time.Time {
	if c.flags&flagNoSent != 0 {
		return c.final
	}
	return c.due
}

type choreKind uint8

const (
	choreLand choreKind = iota
	choreSent
	choreFinal
)

// choreFlags say how the story of a message goes.
type choreFlags uint8

const (
	flagUndelivered choreFlags = 1 << iota
	flagFailed
	flagTwice
	flagSwap
	flagDrop
	flagNoSent  // only the final callback is told
	flagService // sent through a messaging service
	flagOnly    // nothing follows this callback
)

// appendChore encodes a chore behind its length.
func appendChore(b []byte, c *chore) []byte {
	start := len(b)
	b = append(b, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, uint64(c.due.UnixMicro()))
	b = binary.LittleEndian.AppendUint64(b, uint64(c.final.UnixMicro()))
	b = binary.LittleEndian.AppendUint64(b, c.seq)
	b = append(b, byte(c.kind), c.attempt, byte(c.flags))
	b = binary.LittleEndian.AppendUint16(b, c.code)
	for _, s := range [...]string{c.channel, c.gateway, c.recipient, c.alert, c.url} {
		b = binary.LittleEndian.AppendUint16(b, uint16(len(s)))
		b = append(b, s...)
	}
	binary.LittleEndian.PutUint32(b[start:], uint32(len(b)-start))
	return b
}

// choreDue peeks at when the first chore of b is due.
func choreDue(b []byte) time.Time {
	return time.UnixMicro(int64(binary.LittleEndian.Uint64(b[4:])))
}

// takeChore decodes the first chore of b and says how long it was.
func takeChore(b []byte) (chore, int) {
	n := int(binary.LittleEndian.Uint32(b))
	c := chore{due: choreDue(b), final: time.UnixMicro(int64(binary.LittleEndian.Uint64(b[12:]))),
		seq: binary.LittleEndian.Uint64(b[20:]), kind: choreKind(b[28]), attempt: b[29], flags: choreFlags(b[30]),
		code: binary.LittleEndian.Uint16(b[31:])}
	text := string(b[33:n]) // one allocation for all five
	for _, s := range [...]*string{&c.channel, &c.gateway, &c.recipient, &c.alert, &c.url} {
		l := int(text[0]) | int(text[1])<<8
		*s, text = text[2:2+l], text[2+l:]
	}
	return c, n
}

// later keeps chores until they are due, each lane in order. All chores of a lane wait equally long, so the first of a
// lane is always its next, and a million of them cost a queue and no heap. Beyond memoryPages the middle of the queues
// goes to disk.
type later struct {
	now    func() time.Time
	handle func(context.Context, chore)

	mu      sync.Mutex
	lanes   map[laneKey]*lane
	pending int
	disk    spill
	until   time.Time // when run means to wake up; zero while it is awake
	wake    chan struct{}
}

// laneKey is a waiting time, or the queue of one gateway.
type laneKey struct {
	wait time.Duration
	name string
}

func newLater(now func() time.Time, handle func(context.Context, chore)) *later {
	return &later{now: now, handle: handle, lanes: map[laneKey]*lane{}, wake: make(chan struct{}, 1)}
}

// grid rounds a wait up to one of 16 steps per power of two milliseconds, so that there are few lanes.
func grid(d time.Duration) time.Duration {
	ms := uint64(max(0, d+time.Millisecond-1) / time.Millisecond)
	if drop := bits.Len64(ms) - 5; drop > 0 {
		ms = (ms + 1<<drop - 1) >> drop << drop
	}
	return time.Duration(ms) * time.Millisecond
}

// after files a chore that is due in d, rounded up by at most 6 %.
func (l *later) after(d time.Duration, c chore) error {
	d = grid(d)
	return l.push(laneKey{wait: d}, d, c)
}

// queue files a chore in the queue of a gateway; c.due must not be before that of the one filed last.
func (l *later) queue(gateway string, c chore) error {
	return l.push(laneKey{name: gateway}, 0, c)
}

func (l *later) push(key laneKey, wait time.Duration, c chore) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if key.name == "" {
		c.due = l.now().Add(wait) // under the lock, so that the lane stays in order
	}
	ln := l.lanes[key]
	if ln == nil {
		ln = &lane{}
		l.lanes[key] = ln
	}
	if err := ln.push(&c, &l.disk); err != nil {
		return err
	}
	l.pending++
	if c.due.Before(l.until) {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
	return nil
}

// length is the number of chores that wait, and how much of them is on disk.
func (l *later) length() (pending int, onDisk int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pending, l.disk.used
}

// drop forgets all chores.
func (l *later) drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.lanes)
	l.pending = 0
	l.disk.forget()
}

// batchSize is how many chores are taken out under one lock.
const batchSize = 256

// run hands out chores as they become due, until ctx ends. What still waits is lost then, as with a gateway that is
// switched off.
func (l *later) run(ctx context.Context) error {
	batch := make([]chore, 0, batchSize)
	for {
		var wait time.Duration
		var err error
		batch, wait, err = l.take(batch[:0])
		if err != nil {
			return err
		}
		for i := range batch {
			l.handle(ctx, batch[i])
		}
		if len(batch) > 0 {
			if ctx.Err() != nil {
				return nil
			}
			continue
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return nil
		case <-l.wake:
		case <-t.C:
		}
		t.Stop()
	}
}

// idle is how long run sleeps when nothing waits; filing wakes it.
const idle = time.Minute

// take moves what is due into batch, or says how long to wait.
func (l *later) take(batch []chore) ([]chore, time.Duration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	wait := idle
	for key, ln := range l.lanes {
		for len(batch) < cap(batch) {
			b, err := ln.front(&l.disk)
			if err != nil {
				return nil, 0, err
			}
			if b == nil {
				delete(l.lanes, key)
				break
			}
			if due := choreDue(b); due.After(now) {
				wait = min(wait, due.Sub(now))
				break
			}
			c, n := takeChore(b)
			ln.read += n
			l.pending--
			batch = append(batch, c)
		}
	}
	l.until = time.Time{}
	if len(batch) == 0 {
		l.until = now.Add(wait)
	}
	return batch, wait, nil
}

func (l *later) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.disk.close()
}
