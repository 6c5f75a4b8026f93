package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/segmentio/kafka-go"

	"tocsin/alerting"
)

// Dispatch writes batches to the dispatch topics of their channel and lane; nil means that Kafka has them all. After
// alerting.ErrUnknown any of them may have been written: dispatch them all again, the ledger sees to it that nobody
// is told twice. alerting.ErrInvalid means that a batch can never be written; then none was.
func (s *Stream) Dispatch(ctx context.Context, batches []alerting.Batch) error {
	msgs := make([]kafka.Message, 0, len(batches))
	for i := range batches {
		b := &batches[i]
		m, err := s.batchMessage(s.cfg.dispatch(b.World, b.Channel, b.Lane), b)
		if err != nil {
			return fmt.Errorf("dispatch: %w", err)
		}
		msgs = append(msgs, m)
	}
	return s.write(ctx, s.batches, msgs, "dispatch batches")
}

// Retry puts a batch off: it comes back not before b.NotBefore, through the retry topic of the tier (see TierOf).
// Tiers are read in order and a record is never held longer than its tier says, so a batch put off for longer comes
// back early, to be put off again. Errors are those of Dispatch.
func (s *Stream) Retry(ctx context.Context, tier Tier, b alerting.Batch) error {
	if !slices.Contains(Tiers(), tier) {
		return fmt.Errorf("retry %s: %w: there is no tier %q", &b, alerting.ErrInvalid, tier)
	}
	m, err := s.batchMessage(s.cfg.retry(b.World, b.Channel, b.Lane, tier), &b)
	if err != nil {
		return fmt.Errorf("retry: %w", err)
	}
	return s.write(ctx, s.batches, []kafka.Message{m}, "put a batch off")
}

func (s *Stream) batchMessage(t topic, b *alerting.Batch) (kafka.Message, error) {
	if !slices.Contains(s.cfg.Worlds, b.World) || !slices.Contains(s.cfg.Channels, b.Channel) {
		return kafka.Message{}, fmt.Errorf("%s: %w: world %s or its channel is not served here", b, alerting.ErrInvalid,
			b.World)
	}
	value, err := encodeBatch(s.parts.Keys, t.name, b)
	if err != nil {
		return kafka.Message{}, err
	}
	return kafka.Message{Topic: t.name, Key: batchKey(b.Alert, b.Page), Value: value,
		Headers: []kafka.Header{{Key: AlertHeader, Value: []byte(b.Alert.String())}}}, nil
}

// DeadLetter puts a record away that could not be used.
func (s *Stream) DeadLetter(ctx context.Context, l Letter) error {
	if !slices.Contains(s.cfg.Worlds, l.World) {
		return fmt.Errorf("dead letter: %w: world %q is not served here", alerting.ErrInvalid, l.World)
	}
	l.At = s.parts.Now()
	value := encodeLetter(l)
	err := s.write(ctx, s.batches, []kafka.Message{{Topic: s.cfg.letters(l.World).name, Value: value}}, "dead letter")
	if err != nil {
		return err
	}
	s.log.Error("a record was put among the dead letters", "topic", l.Topic, "partition", l.Partition,
		"offset", l.Offset, "reason", l.Reason)
	return nil
}

// Redrive writes a dead letter's record back to where it came from. A record that was cut is alerting.ErrInvalid, and
// so is one of a topic that is not this program's.
func (s *Stream) Redrive(ctx context.Context, l Letter) error {
	known := slices.ContainsFunc(s.cfg.topics(), func(t topic) bool { return t.name == l.Topic && t.kind != lettersKind })
	if !known || l.Size > len(l.Raw) {
		return fmt.Errorf("redrive offset %d of %s: %w: the topic is not ours or the record was cut", l.Offset, l.Topic,
			alerting.ErrInvalid)
	}
	return s.write(ctx, s.batches, []kafka.Message{{Topic: l.Topic, Key: l.Key, Value: l.Raw}}, "redrive a dead letter")
}

// noteRedriven remembers among the letters of a world that one was put back.
func (s *Stream) noteRedriven(ctx context.Context, world alerting.World, n note) error {
	return s.write(ctx, s.batches, []kafka.Message{{Topic: s.cfg.letters(world).name, Value: encodeNote(n)}}, "note what was put back")
}

// write hands messages to a writer and turns its answer into one of our kinds.
func (s *Stream) write(ctx context.Context, w *kafka.Writer, msgs []kafka.Message, what string) error {
	if len(msgs) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 4*writeTimeout)
	defer cancel()
	err := w.WriteMessages(ctx, msgs...)
	if err == nil {
		return nil
	}
	var many kafka.WriteErrors
	if errors.As(err, &many) {
		for _, e := range many {
			if e != nil {
				err = e
				break
			}
		}
	}
	var large kafka.MessageTooLargeError
	if errors.As(err, &large) || errors.Is(err, kafka.MessageSizeTooLarge) {
		return fmt.Errorf("%s: %w: %w", what, alerting.ErrInvalid, err)
	}
	return fmt.Errorf("%s: %w: %w", what, alerting.ErrUnknown, err)
}
