package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"

	"tocsin/alerting"
)

// ReadReceipts gives fn every receipt of a world that was journalled since a moment (the zero time: all that is kept)
// and stood there when the call was made, from one goroutine, in order within each page and channel. Some that are a
// little older may come too. Records that are no receipts are counted and left out. An error of fn ends it.
func (s *Stream) ReadReceipts(ctx context.Context, world alerting.World, since time.Time,
	fn func(alerting.Receipt) error) error {
	t := s.cfg.receipts(world)
	return s.read(ctx, t, since, func(r *record) error {
		receipt, err := decodeReceipt(world, r.value)
		if err != nil {
			s.ignore(t, r, err)
			return nil
		}
		return fn(receipt)
	})
}

// ReadIssued is ReadReceipts for the issued alerts, in the order of issue.
func (s *Stream) ReadIssued(ctx context.Context, world alerting.World, since time.Time,
	fn func(*alerting.Issued) error) error {
	t := s.cfg.issued(world)
	return s.read(ctx, t, since, func(r *record) error {
		issued, err := s.decodeIssued(t, r.value)
		if err != nil {
			s.ignore(t, r, err)
			return nil
		}
		return fn(issued)
	})
}

// ReadDeadLetters is ReadReceipts for the dead letters, in the order in which they were put away.
func (s *Stream) ReadDeadLetters(ctx context.Context, world alerting.World, since time.Time,
	fn func(Letter) error) error {
	return s.readLetters(ctx, world, since, fn, func(note) {})
}

// readLetters is ReadDeadLetters with the notes of what was put back, each behind its letter.
func (s *Stream) readLetters(ctx context.Context, world alerting.World, since time.Time, fn func(Letter) error,
	redriven func(note)) error {
	t := s.cfg.letters(world)
	return s.read(ctx, t, since, func(r *record) error {
		if n, ok := decodeNote(r.value); ok {
			redriven(n)
			return nil
		}
		l, err := decodeLetter(world, r.value)
		if err != nil {
			s.ignore(t, r, err)
			return nil
		}
		return fn(l)
	})
}

// ignore counts a record that a reader without a group cannot use: its consumer puts it among the dead letters.
func (s *Stream) ignore(t topic, r *record, err error) {
	s.metrics.ignored.WithLabelValues(string(t.kind)).Inc()
	s.log.Warn("a record cannot be used", "topic", t.name, "offset", r.offset, "error", err)
}

const (
	// readBytes is small because kafka-go keeps each piece that was written at once in a page of 64 KiB, however small it is: 64 KiB of
	// callbacks' news are 14 MB of pages, which stay for two collections, and the collector lets the heap grow by five times that.
	readBytes = 16 << 10
	readWait  = 500 * time.Millisecond
	// readBefore is how much earlier than asked reading begins: clocks differ.
	readBefore = time.Minute
	// readAttempts is how often in a row a fetch may fail.
	readAttempts = 5
)

func (s *Stream) read(ctx context.Context, t topic, since time.Time, fn func(*record) error) error {
	worlds, err := s.worlds([]alerting.World{t.world})
	if err != nil {
		return fmt.Errorf("read %s of %v: %w", t.kind, worlds, err)
	}
	meta, err := s.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{t.name}})
	if err == nil {
		err = meta.Topics[0].Error
	}
	if err != nil {
		return fmt.Errorf("read %s: %w: %w", t.name, alerting.ErrUnavailable, err)
	}
	for _, p := range meta.Topics[0].Partitions {
		if err := s.readPartition(ctx, cursor{topic: t, partition: p.ID, maxBytes: readBytes, maxWait: readWait}, since,
			fn); err != nil {
			return fmt.Errorf("read %s: %w", t.name, err)
		}
	}
	return nil
}

// readPartition reads from the moment to the end as it stands at the beginning.
func (s *Stream) readPartition(ctx context.Context, at cursor, since time.Time, fn func(*record) error) error {
	first, end, err := s.bounds(ctx, at.topic.name, at.partition)
	if err != nil {
		return fmt.Errorf("%w: %w", alerting.ErrUnavailable, err)
	}
	at.next = first
	if !since.IsZero() {
		at.next, err = s.offsetAt(ctx, at.topic.name, kafka.TimeOffsetOf(at.partition, since.Add(-readBefore)))
		if err != nil {
			return fmt.Errorf("%w: %w", alerting.ErrUnavailable, err)
		}
		if at.next < 0 {
			return nil
		}
	}
	failures := 0
	for at.next < end {
		h, err := s.fetch(ctx, at)
		switch {
		case errors.Is(err, kafka.OffsetOutOfRange):
			if at.next, err = s.rescue(ctx, at); err == nil {
				continue
			}
		case err == nil && len(h.records) == 0 && h.start > at.next:
			at.next = h.start
			continue
		case err == nil && len(h.records) == 0:
			err = errors.New("a fetch brought nothing although records wait")
		}
		if err != nil {
			failures++
			if ctx.Err() != nil || failures >= readAttempts {
				return fmt.Errorf("%w: %w", alerting.ErrUnavailable, err)
			}
			s.wait(ctx, nil, time.Duration(failures)*200*time.Millisecond)
			continue
		}
		failures = 0
		for i := range h.records {
			r := &h.records[i]
			if r.offset >= end {
				return nil
			}
			if err := fn(r); err != nil {
				return err
			}
			at.next = r.offset + 1
		}
	}
	return nil
}
