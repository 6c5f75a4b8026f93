package stream

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/segmentio/kafka-go"

	"tocsin/alerting"
	"tocsin/alerting/embedded/servertest"
	"tocsin/alerting/seal"
	"tocsin/cap"
)

// patience bounds every wait of the tests for something that must happen.
const patience = 20 * time.Second

func testKeys(t testing.TB) *seal.Keyring {
	t.Helper()
	k, err := seal.New([]seal.Key{{ID: "test", Secret: bytes.Repeat([]byte{5}, seal.KeySize)}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// parseJSON stands in for the CAP parser: the documents of these tests are alerts in JSON.
func parseJSON(b []byte) (*cap.Alert, error) {
	a := &cap.Alert{}
	if err := json.Unmarshal(b, a); err != nil {
		return nil, err
	}
	return a, nil
}

func testParts(t testing.TB) Parts {
	t.Helper()
	p := Parts{Keys: testKeys(t), Parse: parseJSON, Metrics: prometheus.NewRegistry()}
	if os.Getenv("TOCSIN_TEST_LOG") != "" {
		p.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	return p
}

// testConfig is for few topics: world test, channel sms.
func testConfig(t testing.TB, brokers []string) Config {
	t.Helper()
	return Config{Brokers: brokers, Prefix: servertest.Prefix(t), Worlds: []alerting.World{alerting.Test},
		Channels: []alerting.Channel{alerting.SMS}, Partitions: 2}
}

func testContext(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	t.Cleanup(cancel)
	return ctx
}

// openStream opens a stream that ends with the test, and its topics with it.
func openStream(t testing.TB, cfg Config, parts Parts) *Stream {
	t.Helper()
	s, err := Open(testContext(t), cfg, parts)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if servertest.RealKafka() {
			var names []string
			for _, topic := range s.cfg.topics() {
				names = append(names, topic.name)
			}
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			_, _ = s.client.DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: names})
		}
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func testStream(t testing.TB) *Stream {
	t.Helper()
	return openStream(t, testConfig(t, servertest.Kafka(t)), testParts(t))
}

var sentAt = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// testAlert is an alert of world test; change may alter it.
func testAlert(identifier string, change func(*cap.Alert)) *cap.Alert {
	a := &cap.Alert{Sender: "office@example.org", Identifier: identifier, Sent: sentAt, Status: cap.StatusTest,
		MsgType: cap.MsgAlert, Infos: []cap.Info{{Event: "Flood", Urgency: cap.Immediate, Severity: cap.Severe,
			Expires: time.Now().Add(time.Hour).UTC().Truncate(time.Second)}}}
	if change != nil {
		change(a)
	}
	return a
}

func refer(to *cap.Alert) cap.Reference {
	return cap.Reference{Sender: to.Sender, Identifier: to.Identifier, Sent: to.Sent}
}

func envelopeOf(t testing.TB, a *cap.Alert) alerting.Envelope {
	t.Helper()
	doc, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	world, err := alerting.WorldOf(a.Status)
	if err != nil {
		t.Fatal(err)
	}
	return alerting.Envelope{World: world, Document: doc, Digest: sha256.Sum256(doc),
		Actor: alerting.Actor{Name: "desk", Kind: "token"}, Issued: time.Now().UTC().Truncate(time.Millisecond)}
}

func publish(t testing.TB, s *Stream, a *cap.Alert) alerting.AlertID {
	t.Helper()
	if err := s.Publish(testContext(t), envelopeOf(t, a)); err != nil {
		t.Fatalf("publish %s: %v", a.Identifier, err)
	}
	return alerting.IDOf(a)
}

// testBatch is a batch of a page with some places.
func testBatch(page uint32, places int) alerting.Batch {
	b := alerting.Batch{World: alerting.Test, Alert: alerting.AlertID{1, 2, 3}, Digest: [32]byte{4}, Epoch: 3,
		Channel: alerting.SMS, Lane: alerting.Flash, Gateway: "gate", Page: page,
		Expires: time.Now().Add(time.Hour).UTC().Truncate(time.Millisecond), Tries: 1,
		Texts: []alerting.Message{{Language: "en", Body: "Flood. Leave now.", Cost: 1},
			{Language: "fr", Subject: "Crue", Body: "Partez.", HTML: "<p>Partez.</p>", Tag: "x", Urgency: "high", Cost: 2}}}
	for i := range places {
		b.To = append(b.To, alerting.Target{Place: uint8(i), Text: uint8(i % 2), Address: []byte(fmt.Sprint("sealed ", i))})
	}
	return b
}

// eventually waits until a condition holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("waited %s in vain: %s", patience, what)
		}
	}
}

// receive takes the next value from a channel.
func receive[T any](t testing.TB, what string, c <-chan T) T {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case v := <-c:
		return v
	case <-timer.C:
		t.Fatalf("waited %s in vain: %s", patience, what)
		panic("unreachable")
	}
}

// consuming runs a consumer until stop is called or the test ends.
func consuming(t testing.TB, run func(ctx context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := receive(t, "the consumer's end", done); err != nil {
			t.Errorf("consumer: %v", err)
		}
	}
	t.Cleanup(stop)
	return stop
}

func counted(t testing.TB, c *prometheus.CounterVec, labels ...string) float64 {
	t.Helper()
	return testutil.ToFloat64(c.WithLabelValues(labels...))
}

func envelopeDocument(t testing.TB, a *cap.Alert) []byte {
	t.Helper()
	doc, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}
