package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"tocsin/alerting"
)

// Stream is a connection to Kafka: it publishes, dispatches, journals and consumes. It is safe for use by many
// goroutines.
type Stream struct {
	cfg       Config
	parts     Parts
	log       *slog.Logger
	dialer    *kafka.Dialer
	transport *kafka.Transport
	client    *kafka.Client
	batches   *kafka.Writer
	marks     *kafka.Writer
	presses   map[alerting.World]*press
	swift     *journal
	packed    *journal
	metrics   *metrics
	lacking   shortages
	close     sync.Once
}

const (
	// writeTimeout bounds one attempt of a write; half of it is what the broker is given.
	writeTimeout = 5 * time.Second
	// swiftLinger and packedLinger are how long the journal waits for company, for workers and for callbacks.
	swiftLinger  = 3 * time.Millisecond
	packedLinger = 10 * time.Millisecond
)

// Open connects, makes the missing topics of the configured worlds and channels, and checks those that exist: an
// alerts.issued with more than one partition is alerting.ErrInvalid, because alerts would overtake each other. While
// no broker can be reached it goes on trying until ctx ends, which gives alerting.ErrUnavailable.
func Open(ctx context.Context, cfg Config, parts Parts) (*Stream, error) {
	s, err := prepare(cfg, parts)
	if err != nil {
		return nil, err
	}
	if err := s.makeTopics(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// prepare builds the stream without touching the network.
func prepare(cfg Config, parts Parts) (*Stream, error) {
	cfg, err := cfg.filled()
	if err != nil {
		return nil, err
	}
	if parts, err = parts.filled(); err != nil {
		return nil, err
	}
	s := &Stream{cfg: cfg, parts: parts, log: parts.Log, presses: map[alerting.World]*press{}}
	if s.dialer, err = cfg.dialer(); err != nil {
		return nil, err
	}
	if s.transport, err = cfg.transport(); err != nil {
		return nil, err
	}
	if cfg.SASL.Mechanism != "" && !cfg.TLS.Enabled {
		s.log.Warn("the connection to Kafka is not encrypted, so a login can be overheard")
	}
	s.client = &kafka.Client{Addr: cfg.addr(), Transport: s.transport}
	s.batches = s.writer(2 * time.Millisecond)
	// The journal has gathered its records before it writes.
	s.marks = s.writer(time.Millisecond)
	for _, w := range cfg.Worlds {
		s.presses[w] = newPress(s.dialer, cfg.Brokers, cfg.issued(w).name)
	}
	s.swift = newJournal(s, swiftLinger)
	s.packed = newJournal(s, packedLinger)
	if s.metrics, err = newMetrics(parts); err != nil {
		return nil, fmt.Errorf("stream metrics: %w", err)
	}
	return s, nil
}

// Close ends the connections. Consumers and followers end with their own contexts, before.
func (s *Stream) Close() error {
	var err error
	s.close.Do(func() {
		for _, p := range s.presses {
			p.close()
		}
		err = errors.Join(s.batches.Close(), s.marks.Close())
		s.transport.CloseIdleConnections()
		s.metrics.unregister()
	})
	return err
}

// Ping asks the brokers for the log's end of one topic: nil means that Kafka answers.
func (s *Stream) Ping(ctx context.Context) error {
	_, _, err := s.bounds(ctx, s.cfg.receipts(s.cfg.Worlds[0]).name, 0)
	return err
}

// LongestValidity is how long after its issue an alert may expire.
func (s *Stream) LongestValidity() time.Duration { return s.cfg.LongestValidity }

// writer makes a writer whose acknowledgement means that the record is safe. Nothing is compressed: most of it is
// ciphertext.
func (s *Stream) writer(linger time.Duration) *kafka.Writer {
	return &kafka.Writer{
		Addr: s.cfg.addr(), Transport: s.transport, Balancer: &kafka.Hash{}, RequiredAcks: kafka.RequireAll,
		BatchTimeout: linger, BatchSize: 64, BatchBytes: maxRecord + 64<<10,
		MaxAttempts: 4, WriteBackoffMin: 50 * time.Millisecond, WriteBackoffMax: 500 * time.Millisecond,
		WriteTimeout: writeTimeout, ReadTimeout: writeTimeout,
	}
}

// wait pauses for d, or until the context or stop ends; it says whether the time went by.
func (s *Stream) wait(ctx context.Context, stop <-chan struct{}, d time.Duration) bool {
	select {
	case <-s.parts.After(d):
		return true
	case <-ctx.Done():
	case <-stop:
	}
	return false
}
