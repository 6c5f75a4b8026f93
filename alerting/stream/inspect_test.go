package stream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"tocsin/alerting"
	"tocsin/alerting/embedded/servertest"
)

// TestInspect: what the brokers say of our topics is what we made, and a setting that somebody changed shows.
func TestInspect(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	cfg := testConfig(t, servertest.Kafka(t))
	before, err := Inspect(ctx, cfg, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if before.Brokers < 1 || len(before.Topics) < 10 || !before.Topics[0].Missing {
		t.Errorf("before anything was made: %d brokers, %+v", before.Brokers, before.Topics[0])
	}
	s := openStream(t, cfg, testParts(t))
	publish(t, s, testAlert("now", nil))
	name := s.cfg.receipts(alerting.Test).name
	res, err := s.client.IncrementalAlterConfigs(ctx, &kafka.IncrementalAlterConfigsRequest{
		Resources: []kafka.IncrementalAlterConfigsRequestResource{{ResourceType: kafka.ResourceTypeTopic, ResourceName: name,
			Configs: []kafka.IncrementalAlterConfigsRequestConfig{
				{Name: "retention.ms", Value: "3600000", ConfigOperation: kafka.ConfigOperationSet},
				{Name: "min.insync.replicas", Value: "1", ConfigOperation: kafka.ConfigOperationSet},
				{Name: "unclean.leader.election.enable", Value: "true", ConfigOperation: kafka.ConfigOperationSet}}}}})
	if err != nil || res.Resources[0].Error != nil {
		t.Fatalf("change a setting: %v %+v", err, res)
	}
	var after *Inspection
	eventually(t, "the changed setting shows", func() bool {
		if after, err = Inspect(ctx, cfg, time.Now()); err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(after.Topics, func(x TopicState) bool { return x.Unclean })
	})
	if after.Retention != s.cfg.retention() || after.Ahead {
		t.Errorf("%+v", after)
	}
	for _, x := range after.Topics {
		retention, unclean := s.cfg.retention(), false
		if x.Name == name {
			retention, unclean = time.Hour, true
		}
		if x.Missing || x.Leaderless || x.Copies < 1 || x.InSync < 1 || x.Retention != retention || x.Unclean != unclean {
			t.Errorf("%+v, want it to be kept for %v, unclean %v", x, retention, unclean)
		}
	}
	if late, err := Inspect(ctx, cfg, time.Now().Add(-time.Minute)); err != nil || !late.Ahead {
		t.Errorf("on a machine whose clock is slow: %+v %v", late, err)
	}
	cfg.Brokers = []string{"127.0.0.1:1"}
	if _, err := Inspect(ctx, cfg, time.Now()); !errors.Is(err, alerting.ErrUnavailable) {
		t.Errorf("nobody there: %v", err)
	}
}

// TestInspectOutlastsAChangeOfLeaders: a topic that was just made has a leader that does not know it yet.
func TestInspectOutlastsAChangeOfLeaders(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	rows := []struct {
		name    string
		ctx     context.Context
		answers []error
		want    error
	}{
		{"at once", t.Context(), []error{nil}, nil},
		{"after two", t.Context(), []error{kafka.NotLeaderForPartition, fmt.Errorf("asked: %w", kafka.LeaderNotAvailable), nil}, nil},
		{"for good", t.Context(), []error{kafka.TopicAuthorizationFailed}, kafka.TopicAuthorizationFailed},
		{"no error of Kafka", t.Context(), []error{net.ErrClosed}, net.ErrClosed},
		{"no time left", ended, []error{kafka.NotLeaderForPartition}, kafka.NotLeaderForPartition},
	}
	for _, row := range rows {
		asked := 0
		err := new(inspector).outlast(row.ctx, func() error { asked++; return row.answers[asked-1] })
		if !errors.Is(err, row.want) || asked != len(row.answers) {
			t.Errorf("%s: asked %d times of %d: %v, want %v", row.name, asked, len(row.answers), err, row.want)
		}
	}
}
