package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"tocsin/alerting"
)

// BatchGroup is a consumer of one channel's batches: all lanes, first tries and retries.
type BatchGroup struct {
	// Name is the group's, without the prefix: one for each channel.
	Name    string
	Worlds  []alerting.World
	Channel alerting.Channel
	// Window is how many batches of one partition and gateway are open at once: 4.
	Window int
	// Grace is how long handlers may take to finish at shutdown: 10 s.
	Grace time.Duration
	// Board knows the issued alerts. A batch whose key is missing is held only while its alert lives; without a board, as
	// long as the batch itself says, though not longer than an alert may live.
	Board Board
	// Handle works on one batch. It is called from many goroutines; nil settles the record. After an error the record
	// stays uncommitted and is handed out again after a second, unless the partition was lost meanwhile or the
	// process shuts down. An error made by Poison puts it among the dead letters.
	//
	// A lost partition does not end the context: work under way is finished and recorded. At shutdown
	// own.Draining() is closed at once, and the context ends when the grace time is over.
	//
	// A batch from a dispatch topic is handed out at once, whatever its NotBefore; one from a retry topic when its
	// NotBefore has come, or after the tier's longest wait.
	Handle func(ctx context.Context, b *alerting.Batch, own Ownership) error
	// Lost hears that batches of a world are gone that nobody had read, before the partition goes on behind them; after an
	// error it is asked again. It hears of many partitions at once, and of a world at most once a minute: what is written
	// anew cannot be lost again so soon. May be nil.
	Lost func(ctx context.Context, w alerting.World) error
}

const (
	defaultWindow = 4
	batchBytes    = 512 << 10
	receiptBytes  = readBytes
	receiptBundle = 500
	// lostEvery is how often BatchGroup.Lost hears of a world at the most.
	lostEvery = time.Minute
)

// ConsumeBatches works until ctx ends and the running handlers are done. It returns an error only for a group that
// cannot be joined at all (alerting.ErrInvalid); troubles with Kafka are logged, counted and outlasted. Batches sealed with
// a key that is not here are held, and tried again each second: see MissingKeys.
func (s *Stream) ConsumeBatches(ctx context.Context, g BatchGroup) error {
	if g.Name == "" || g.Handle == nil || g.Window < 0 || !slices.Contains(s.cfg.Channels, g.Channel) {
		return fmt.Errorf("consume batches of channel %q as %q: %w", g.Channel, g.Name, alerting.ErrInvalid)
	}
	j := job{group: g.Name, window: orElse(g.Window, defaultWindow), bundle: 1, maxBytes: batchBytes, grace: g.Grace,
		board: g.Board}
	worlds, err := s.worlds(g.Worlds)
	if err != nil {
		return fmt.Errorf("consume batches: %w", err)
	}
	for _, w := range worlds {
		j.topics = append(j.topics, s.cfg.batchTopics(w, g.Channel)...)
	}
	j.decode = func(t topic, r *record) { r.keep(decodeBatch(s.parts.Keys, t, r.value)) }
	j.line = func(r *record) string { return r.content.(*alerting.Batch).Gateway }
	j.ready = func(r *record) time.Time {
		if r.bad != nil {
			return time.Time{}
		}
		return r.content.(*alerting.Batch).NotBefore
	}
	j.handle = func(ctx context.Context, from origin, recs []*record, own Ownership) error {
		return s.each(ctx, from, recs, func(content any) error { return g.Handle(ctx, content.(*alerting.Batch), own) })
	}
	if g.Lost != nil {
		j.lost = s.nowAndThen(g.Lost)
	}
	return s.consume(ctx, j)
}

// nowAndThen lets one call for a world run at a time, and none soon after one that succeeded.
func (s *Stream) nowAndThen(fn func(context.Context, alerting.World) error) func(context.Context, alerting.World) error {
	var mu sync.Mutex
	last := make(map[alerting.World]time.Time)
	return func(ctx context.Context, w alerting.World) error {
		mu.Lock()
		defer mu.Unlock()
		now := s.parts.Now()
		if at, ok := last[w]; ok && now.Sub(at) < lostEvery {
			return nil
		}
		err := fn(ctx, w)
		if err == nil {
			last[w] = now
		}
		return err
	}
}

// ConsumeIssued hands out issued alerts one after the other, in the order of issue. Records that do not hold a valid
// alert go to the dead letters. An alert may come more than once, and another document may come under the same id: the
// first one counts. See ConsumeBatches for errors and shutdown.
func (s *Stream) ConsumeIssued(ctx context.Context, group string, worlds []alerting.World,
	handle func(ctx context.Context, a *alerting.Issued, own Ownership) error) error {
	worlds, err := s.worlds(worlds)
	if err != nil || group == "" || handle == nil {
		return fmt.Errorf("consume issued alerts as %q: %w", group, errors.Join(alerting.ErrInvalid, err))
	}
	j := job{group: group, window: 1, bundle: 1, maxBytes: receiptBytes}
	for _, w := range worlds {
		j.topics = append(j.topics, s.cfg.issued(w))
	}
	j.decode = func(t topic, r *record) { r.keep(s.decodeIssued(t, r.value)) }
	j.handle = func(ctx context.Context, from origin, recs []*record, own Ownership) error {
		return s.each(ctx, from, recs, func(content any) error { return handle(ctx, content.(*alerting.Issued), own) })
	}
	return s.consume(ctx, j)
}

// ConsumeReceipts hands out the journal in bundles of what is there, at most 500 receipts at a time, in order within
// each page and channel. See ConsumeBatches for errors and shutdown.
func (s *Stream) ConsumeReceipts(ctx context.Context, group string, worlds []alerting.World,
	handle func(ctx context.Context, receipts []alerting.Receipt, own Ownership) error) error {
	worlds, err := s.worlds(worlds)
	if err != nil || group == "" || handle == nil {
		return fmt.Errorf("consume receipts as %q: %w", group, errors.Join(alerting.ErrInvalid, err))
	}
	j := job{group: group, window: 1, bundle: receiptBundle, maxBytes: receiptBytes}
	for _, w := range worlds {
		j.topics = append(j.topics, s.cfg.receipts(w))
	}
	j.decode = func(t topic, r *record) { r.keep(decodeReceipt(t.world, r.value)) }
	j.handle = func(ctx context.Context, from origin, recs []*record, own Ownership) error {
		good := make([]alerting.Receipt, 0, len(recs))
		for _, r := range recs {
			if r.bad != nil {
				if err := s.putAway(ctx, from, r, r.bad); err != nil {
					return err
				}
				continue
			}
			good = append(good, r.content.(alerting.Receipt))
		}
		if len(good) == 0 {
			return nil
		}
		return handle(ctx, good, own)
	}
	return s.consume(ctx, j)
}

// worlds gives the worlds asked for, all configured ones by default.
func (s *Stream) worlds(asked []alerting.World) ([]alerting.World, error) {
	if len(asked) == 0 {
		return s.cfg.Worlds, nil
	}
	for _, w := range asked {
		if !slices.Contains(s.cfg.Worlds, w) {
			return nil, fmt.Errorf("%w: world %q is not served here", alerting.ErrInvalid, w)
		}
	}
	return asked, nil
}

// each handles records one by one; poison is put away.
func (s *Stream) each(ctx context.Context, from origin, recs []*record, handle func(content any) error) error {
	for _, r := range recs {
		err := r.bad
		if err == nil {
			err = handle(r.content)
			var p *poison
			if err == nil {
				continue
			}
			if !errors.As(err, &p) {
				return err
			}
		}
		if err := s.putAway(ctx, from, r, err); err != nil {
			return err
		}
	}
	return nil
}

// poison marks a record that no handler will ever be able to use.
type poison struct{ err error }

// Error is that of the cause.
func (p *poison) Error() string { return p.err.Error() }

// Unwrap gives the cause.
func (p *poison) Unwrap() error { return p.err }

// Poison wraps the error of a handler whose record can never be handled: the record is put among the dead letters,
// with the error's text as the reason, and its partition goes on.
func Poison(err error) error { return &poison{err} }

// putAway writes a record to the dead letters, once.
func (s *Stream) putAway(ctx context.Context, from origin, r *record, why error) error {
	if r.lettered {
		return nil
	}
	l := Letter{World: from.topic.world, Topic: from.topic.name, Partition: from.partition, Offset: r.offset,
		Reason: reasonOf(why), Key: r.key, Raw: r.value, Size: len(r.value)}
	if err := s.DeadLetter(ctx, l); err != nil {
		return err
	}
	r.lettered = true
	s.metrics.poison.WithLabelValues(string(from.topic.kind)).Inc()
	return nil
}

// decodeIssued reads a record of alerts.issued.
func (s *Stream) decodeIssued(t topic, value []byte) (*alerting.Issued, error) {
	e, err := decodeEnvelope(value)
	if err != nil {
		return nil, err
	}
	if e.World != t.world {
		return nil, fmt.Errorf("envelope: %w: of world %q on topic %s", alerting.ErrInvalid, e.World, t.name)
	}
	return s.understand(e)
}
