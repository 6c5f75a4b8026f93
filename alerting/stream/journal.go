package stream

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"tocsin/alerting"
)

// Journal appends receipts to the journal and returns when Kafka has them: for workers. What callers bring within 3 ms
// is packed into one record per page and one write. After alerting.ErrUnknown they may have been written; journalling
// them again changes nothing, because marks merge. alerting.ErrInvalid means that nothing was written.
func (s *Stream) Journal(ctx context.Context, receipts []alerting.Receipt) error {
	return s.swift.add(ctx, receipts)
}

// JournalPacked is Journal for what comes in single marks, such as callbacks: it gathers a little longer. Callers wait for
// the answer, so the longer it gathered, the fewer callbacks a gateway with few connections could bring.
func (s *Stream) JournalPacked(ctx context.Context, receipts []alerting.Receipt) error {
	return s.packed.add(ctx, receipts)
}

// journal packs what concurrent callers bring. One bundle is written at a time, and while it is on its way the next one
// gathers: the slower Kafka is, the larger the bundles become.
type journal struct {
	s       *Stream
	linger  time.Duration
	writing chan struct{}
	mu      sync.Mutex
	open    *bundle
}

// bundle is what goes to Kafka in one write. Its fields are guarded by the journal's lock until it is taken.
type bundle struct {
	pages map[pageKey]*alerting.Receipt
	order []pageKey
	marks int
	full  chan struct{}
	// err is set before done is closed.
	done chan struct{}
	err  error
}

type pageKey struct {
	world   alerting.World
	alert   alerting.AlertID
	epoch   uint32
	channel alerting.Channel
	page    uint32
}

// maxBundle bounds a bundle's marks: about a megabyte.
const maxBundle = 20_000

func newJournal(s *Stream, linger time.Duration) *journal {
	return &journal{s: s, linger: linger, writing: make(chan struct{}, 1)}
}

func (j *journal) add(ctx context.Context, receipts []alerting.Receipt) error {
	for i := range receipts {
		if err := j.check(&receipts[i]); err != nil {
			return fmt.Errorf("journal: %w", err)
		}
	}
	if len(receipts) == 0 {
		return nil
	}
	j.mu.Lock()
	b := j.open
	if b == nil {
		b = &bundle{pages: map[pageKey]*alerting.Receipt{}, full: make(chan struct{}), done: make(chan struct{})}
		j.open = b
		go j.flush(b)
	}
	for i := range receipts {
		b.add(&receipts[i])
	}
	if b.marks >= maxBundle {
		j.open = nil
		close(b.full)
	}
	j.mu.Unlock()
	select {
	case <-b.done:
		return b.err
	case <-ctx.Done():
		return fmt.Errorf("journal: %w: %w", alerting.ErrUnknown, ctx.Err())
	}
}

// check refuses what could not be read back, before it can spoil the bundle of others.
func (j *journal) check(r *alerting.Receipt) error {
	if !slices.Contains(j.s.cfg.Worlds, r.World) {
		return fmt.Errorf("%w: world %q is not served here", alerting.ErrInvalid, r.World)
	}
	return checkReceipt(r)
}

func (b *bundle) add(r *alerting.Receipt) {
	key := pageKey{r.World, r.Alert, r.Epoch, r.Channel, r.Page}
	page := b.pages[key]
	if page == nil {
		page = &alerting.Receipt{World: r.World, Alert: r.Alert, Epoch: r.Epoch, Channel: r.Channel, Page: r.Page}
		b.pages[key] = page
		b.order = append(b.order, key)
	}
	page.Marks = append(page.Marks, r.Marks...)
	page.ByOwnership = page.ByOwnership || r.ByOwnership
	b.marks += len(r.Marks)
}

// flush waits for company, takes the bundle off the table and writes it. It is not bound to any one caller's context.
func (j *journal) flush(b *bundle) {
	select {
	case <-j.s.parts.After(j.linger):
	case <-b.full:
	}
	j.writing <- struct{}{}
	defer func() { <-j.writing }()
	j.mu.Lock()
	if j.open == b {
		j.open = nil
	}
	j.mu.Unlock()
	b.err = j.s.write(context.Background(), j.s.marks, j.messages(b), "journal")
	close(b.done)
}

func (j *journal) messages(b *bundle) []kafka.Message {
	msgs := make([]kafka.Message, 0, len(b.order))
	for _, key := range b.order {
		page := b.pages[key]
		for part := range slices.Chunk(page.Marks, maxMarks) {
			piece := *page
			piece.Marks = part
			msgs = append(msgs, kafka.Message{Topic: j.s.cfg.receipts(key.world).name, Key: receiptKey(key),
				Value: encodeReceipt(&piece)})
		}
	}
	return msgs
}

// receiptKey keeps the news of one page and channel in one partition, in order.
func receiptKey(k pageKey) []byte {
	out := slices.Concat(k.alert[:], []byte(k.channel))
	return binary.BigEndian.AppendUint32(out, k.page)
}
