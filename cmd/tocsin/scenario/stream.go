package scenario

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/seal"
	"tocsin/alerting/stream"
)

// keyring opens the office's own keys.
func (o *Office) keyring() *seal.Keyring {
	o.tb.Helper()
	names, err := filepath.Glob(filepath.Join(o.Dir, "keyring", "*.key"))
	if err != nil || len(names) != 1 {
		o.tb.Fatalf("the keyring: %v %v", names, err)
	}
	ring, err := seal.Open(seal.Config{Keys: []seal.KeyFile{{ID: strings.TrimSuffix(filepath.Base(names[0]), ".key"), File: names[0]}}})
	if err != nil {
		o.tb.Fatal(err)
	}
	return ring
}

// stream opens Kafka with the office's own keys.
func (o *Office) stream(ctx context.Context) *stream.Stream {
	o.tb.Helper()
	k := o.cfg.Kafka
	s, err := stream.Open(ctx, stream.Config{Brokers: k.Brokers, Prefix: k.Prefix, Partitions: k.Partitions, Replication: 1,
		LongestValidity: o.cfg.Alerts.MaxValidity}, stream.Parts{Keys: o.keyring()})
	if err != nil {
		o.tb.Fatalf("open the stream: %v", err)
	}
	return s
}

// Strand dispatches a batch of an alert that was never issued, through a gateway that nobody has, and waits until its
// worker has set it aside.
func (o *Office) Strand() {
	o.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	s := o.stream(ctx)
	defer func() { _ = s.Close() }()
	err := s.Dispatch(ctx, []alerting.Batch{{World: alerting.Exercise, Alert: alerting.AlertID{1, 2, 3}, Channel: alerting.Mail,
		Lane: alerting.Routine, Gateway: "nowhere", Expires: time.Now().Add(time.Hour),
		Texts: []alerting.Message{{Language: "en", Subject: "Flood", Body: "Leave the harbour.", Cost: 1}},
		To:    []alerting.Target{{Address: []byte("not even sealed")}}}})
	if err != nil {
		o.tb.Fatalf("dispatch a batch: %v", err)
	}
	Until(o.tb, patience, "the batch is set aside", func() error {
		letters, err := o.API.Letters(ctx, "", false)
		if err == nil && len(letters) == 0 {
			err = errors.New("there is no dead letter")
		}
		return err
	})
}
