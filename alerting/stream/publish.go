package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"

	"tocsin/alerting"
)

const (
	// publishTimeout bounds Publish as a whole, connectTimeout its attempts to reach a broker.
	publishTimeout = 5 * time.Second
	connectTimeout = 3 * time.Second
	// probeAfter is how long a connection may have been idle without being tried out: a write into one that died
	// meanwhile would be ambiguous.
	probeAfter   = 5 * time.Millisecond
	probeTimeout = time.Second
)

// AlertHeader is the only Kafka header that records carry: the alert's id in hexadecimal.
const AlertHeader = "alert"

// Publish writes an issued alert; nil means that all replicas have it: it is issued. Other answers, within 5 s:
// alerting.ErrInvalid, it can never be published (its document does not match its digest or its world, does not
// parse, or is valid for longer than LongestValidity); alerting.ErrUnavailable, certainly nothing was written;
// alerting.ErrUnknown, it may or may not have been. Publishing the same envelope again is always safe: readers take
// the first record of an alert and ignore the rest.
func (s *Stream) Publish(ctx context.Context, e alerting.Envelope) error {
	issued, err := s.understand(&e)
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	if valid := issued.Expires.Sub(e.Issued); valid > s.cfg.LongestValidity {
		return fmt.Errorf("publish alert %s: %w: it is valid for %s, longer than the %s that deliveries are kept",
			issued.ID, alerting.ErrInvalid, valid.Round(time.Minute), s.cfg.LongestValidity)
	}
	value, err := encodeEnvelope(&e)
	if err != nil {
		return fmt.Errorf("publish alert %s: %w", issued.ID, err)
	}
	p := s.presses[e.World]
	if p == nil {
		return fmt.Errorf("publish alert %s: %w: world %s is not served here", issued.ID, alerting.ErrInvalid, e.World)
	}
	err = p.print(ctx, kafka.Message{Key: slices.Clone(issued.ID[:]), Value: value,
		Headers: []kafka.Header{{Key: AlertHeader, Value: []byte(issued.ID.String())}}})
	if err != nil {
		return fmt.Errorf("publish alert %s: %w", issued.ID, err)
	}
	return nil
}

// press writes the alerts of one world, one after the other, over a connection of its own to the partition's leader.
// Not the Writer: it gathers company before it writes, and its errors do not tell whether a request left.
type press struct {
	dialer  *kafka.Dialer
	brokers []string
	topic   string
	// turn holds one token: who has it may use conn and used.
	turn   chan struct{}
	conn   *kafka.Conn
	used   time.Time
	closed atomic.Bool
}

func newPress(d *kafka.Dialer, brokers []string, topicName string) *press {
	p := &press{dialer: d, brokers: brokers, topic: topicName, turn: make(chan struct{}, 1)}
	p.turn <- struct{}{}
	return p
}

// print writes one message. Deadlines are the connection's, hence the system's clock.
func (p *press) print(ctx context.Context, m kafka.Message) error {
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	select {
	case <-p.turn:
	case <-ctx.Done():
		return fmt.Errorf("wait for earlier alerts: %w: %w", alerting.ErrUnavailable, ctx.Err())
	}
	defer func() { p.turn <- struct{}{} }()
	if p.closed.Load() {
		return fmt.Errorf("%w: the stream is closed", alerting.ErrUnavailable)
	}
	patience := time.Now().Add(connectTimeout)
	var ambiguous error
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, 300*time.Millisecond) {
		sent, err := p.attempt(ctx, m)
		if err == nil {
			return nil
		}
		p.drop()
		if sent {
			ambiguous = errors.Join(ambiguous, err)
		}
		if final := refused(err); final != nil && ambiguous == nil {
			return final
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
		if ctx.Err() != nil || time.Now().After(patience) {
			if ambiguous != nil {
				return fmt.Errorf("%w: %w", alerting.ErrUnknown, ambiguous)
			}
			return fmt.Errorf("%w: %w", alerting.ErrUnavailable, err)
		}
	}
}

// attempt tries once. sent says that the record may have been written although err is not nil.
func (p *press) attempt(ctx context.Context, m kafka.Message) (sent bool, err error) {
	if p.conn != nil && time.Since(p.used) > probeAfter {
		p.probe()
	}
	if p.conn == nil {
		if p.conn, err = p.connect(ctx); err != nil {
			return false, err
		}
	}
	deadline, _ := ctx.Deadline()
	// The broker is told to answer in time, so that its own refusal is heard before ours.
	if err := p.conn.SetDeadline(deadline.Add(-100 * time.Millisecond)); err != nil {
		return false, fmt.Errorf("prepare connection: %w", err)
	}
	if _, err := p.conn.WriteMessages(m); err != nil {
		return !unwritten(err), fmt.Errorf("write: %w", err)
	}
	p.used = time.Now()
	return false, nil
}

// probe drops a connection that no longer answers.
func (p *press) probe() {
	err := p.conn.SetDeadline(time.Now().Add(probeTimeout))
	if err == nil {
		_, err = p.conn.ReadLastOffset()
	}
	if err != nil {
		p.drop()
	}
}

// connect finds the leader through any broker.
func (p *press) connect(ctx context.Context) (*kafka.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	var failed error
	for _, b := range p.brokers {
		conn, err := p.dialer.DialLeader(ctx, "tcp", b, p.topic, 0)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("connect through %s: %w", b, err))
			continue
		}
		if err := conn.SetRequiredAcks(int(kafka.RequireAll)); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		return conn, nil
	}
	return nil, failed
}

func (p *press) drop() {
	if p.conn != nil {
		_ = p.conn.Close()
		p.conn = nil
	}
}

func (p *press) close() {
	p.closed.Store(true)
	select {
	case <-p.turn:
		p.drop()
		p.turn <- struct{}{}
	case <-time.After(publishTimeout):
	}
}

// unwritten says whether a broker's answer means that the record was not appended: these are given before it is.
func unwritten(err error) bool {
	var code kafka.Error
	if !errors.As(err, &code) {
		return false
	}
	switch code {
	case kafka.NotEnoughReplicas, kafka.NotLeaderForPartition, kafka.LeaderNotAvailable,
		kafka.UnknownTopicOrPartition, kafka.BrokerNotAvailable, kafka.TopicAuthorizationFailed,
		kafka.ClusterAuthorizationFailed, kafka.MessageSizeTooLarge, kafka.RecordListTooLarge, kafka.InvalidTopic,
		kafka.InvalidRequiredAcks, kafka.InvalidTimestamp, kafka.UnsupportedVersion, kafka.InvalidMessage,
		kafka.InvalidMessageSize, kafka.InvalidRecord, kafka.PolicyViolation, kafka.ThrottlingQuotaExceeded:
		return true
	}
	return false
}

// refused gives the answer when trying again cannot help, else nil.
func refused(err error) error {
	var code kafka.Error
	if !errors.As(err, &code) {
		return nil
	}
	switch code {
	case kafka.MessageSizeTooLarge, kafka.RecordListTooLarge, kafka.InvalidRecord, kafka.InvalidMessageSize:
		return fmt.Errorf("%w: %w", alerting.ErrInvalid, err)
	case kafka.TopicAuthorizationFailed, kafka.ClusterAuthorizationFailed, kafka.SASLAuthenticationFailed:
		return fmt.Errorf("%w: %w", alerting.ErrUnavailable, err)
	}
	return nil
}
