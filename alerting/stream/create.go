package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"

	"tocsin/alerting"
)

const createTimeout = 20 * time.Second

// makeTopics makes what is missing and checks what exists. Each attempt has connections of its own: a client that
// remembers a dead controller would ask it for ever.
func (s *Stream) makeTopics(ctx context.Context) error {
	for attempt := 0; ; attempt++ {
		err := s.tryTopics(ctx)
		if err == nil || errors.Is(err, alerting.ErrInvalid) {
			return err
		}
		if ctx.Err() == nil {
			s.log.Warn("kafka topics are not ready yet", "attempt", attempt+1, "error", err)
		}
		if !s.wait(ctx, nil, min(time.Duration(attempt+1)*200*time.Millisecond, 2*time.Second)) {
			return fmt.Errorf("make kafka topics: %w: %w", alerting.ErrUnavailable, err)
		}
	}
}

func (s *Stream) tryTopics(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, createTimeout)
	defer cancel()
	transport, err := s.cfg.transport()
	if err != nil {
		return err
	}
	defer transport.CloseIdleConnections()
	client := &kafka.Client{Addr: s.cfg.addr(), Transport: transport}
	meta, err := client.Metadata(ctx, &kafka.MetadataRequest{})
	if err != nil {
		return fmt.Errorf("ask for kafka topics: %w", err)
	}
	var missing, present []topic
	for _, t := range s.cfg.topics() {
		if slices.ContainsFunc(meta.Topics, func(m kafka.Topic) bool { return m.Name == t.name }) {
			present = append(present, t)
		} else {
			missing = append(missing, t)
		}
	}
	if err := s.checkTopics(ctx, client, present, meta.Topics); err != nil {
		return err
	}
	if err := s.createTopics(ctx, client, missing, len(meta.Brokers)); err != nil {
		return err
	}
	return s.awaitTopics(ctx)
}

func (s *Stream) createTopics(ctx context.Context, client *kafka.Client, missing []topic, brokers int) error {
	if len(missing) == 0 {
		return nil
	}
	copies := orElse(s.cfg.Replication, min(3, brokers))
	req := &kafka.CreateTopicsRequest{}
	for _, t := range missing {
		req.Topics = append(req.Topics, kafka.TopicConfig{Topic: t.name, NumPartitions: s.cfg.partitions(t),
			ReplicationFactor: copies, ConfigEntries: s.settings(t, copies)})
	}
	res, err := client.CreateTopics(ctx, req)
	if err != nil {
		return fmt.Errorf("make kafka topics: %w", err)
	}
	for name, err := range res.Errors {
		switch {
		case err == nil, errors.Is(err, kafka.TopicAlreadyExists):
		case errors.Is(err, kafka.InvalidReplicationFactor), errors.Is(err, kafka.InvalidConfiguration),
			errors.Is(err, kafka.PolicyViolation), errors.Is(err, kafka.TopicAuthorizationFailed),
			errors.Is(err, kafka.InvalidTopic):
			return fmt.Errorf("make kafka topic %s: %w: %w", name, alerting.ErrInvalid, err)
		default:
			return fmt.Errorf("make kafka topic %s: %w", name, err)
		}
	}
	return nil
}

// settings are a topic's own: nothing is left to a broker's defaults that could lose a record early.
func (s *Stream) settings(t topic, copies int) []kafka.ConfigEntry {
	out := []kafka.ConfigEntry{
		{ConfigName: "cleanup.policy", ConfigValue: "delete"},
		{ConfigName: "retention.ms", ConfigValue: millis(s.cfg.retention())},
		{ConfigName: "retention.bytes", ConfigValue: "-1"},
		{ConfigName: "max.message.bytes", ConfigValue: strconv.Itoa(maxRecord + 128<<10)},
		// Time is the broker's: one clock for retention and for reading back from a moment.
		{ConfigName: "message.timestamp.type", ConfigValue: "LogAppendTime"},
	}
	if copies >= 3 {
		out = append(out, kafka.ConfigEntry{ConfigName: "min.insync.replicas", ConfigValue: "2"})
	}
	if s.cfg.DispatchBytes > 0 && (t.kind == dispatchKind || t.kind == retryKind) {
		out[2].ConfigValue = strconv.FormatInt(s.cfg.DispatchBytes, 10)
	}
	return out
}

// checkTopics refuses an alerts.issued of several partitions, and lengthens retention that became too short.
func (s *Stream) checkTopics(ctx context.Context, c *kafka.Client, present []topic, known []kafka.Topic) error {
	if len(present) == 0 {
		return nil
	}
	req := &kafka.DescribeConfigsRequest{}
	for _, t := range present {
		i := slices.IndexFunc(known, func(m kafka.Topic) bool { return m.Name == t.name })
		if n := len(known[i].Partitions); t.kind == issuedKind && n > 1 {
			return fmt.Errorf("kafka topic %s: %w: it has %d partitions and must have 1, else alerts overtake each other",
				t.name, alerting.ErrInvalid, n)
		}
		req.Resources = append(req.Resources, kafka.DescribeConfigRequestResource{
			ResourceType: kafka.ResourceTypeTopic, ResourceName: t.name, ConfigNames: []string{"retention.ms"}})
	}
	res, err := c.DescribeConfigs(ctx, req)
	if err != nil {
		return fmt.Errorf("ask for the retention of kafka topics: %w", err)
	}
	alter := &kafka.IncrementalAlterConfigsRequest{}
	for _, r := range res.Resources {
		for _, e := range r.ConfigEntries {
			have, err := strconv.ParseInt(e.ConfigValue, 10, 64)
			if e.ConfigName != "retention.ms" || err != nil || have < 0 || have >= s.cfg.retention().Milliseconds() {
				continue
			}
			s.log.Info("kafka topic keeps its records for too short a time: lengthening it", "topic", r.ResourceName)
			alter.Resources = append(alter.Resources, kafka.IncrementalAlterConfigsRequestResource{
				ResourceType: kafka.ResourceTypeTopic, ResourceName: r.ResourceName,
				Configs: []kafka.IncrementalAlterConfigsRequestConfig{{Name: "retention.ms",
					Value: millis(s.cfg.retention()), ConfigOperation: kafka.ConfigOperationSet}}})
		}
	}
	return s.lengthen(ctx, c, alter)
}

func (s *Stream) lengthen(ctx context.Context, c *kafka.Client, alter *kafka.IncrementalAlterConfigsRequest) error {
	if len(alter.Resources) == 0 {
		return nil
	}
	res, err := c.IncrementalAlterConfigs(ctx, alter)
	if err != nil {
		return fmt.Errorf("lengthen the retention of kafka topics: %w", err)
	}
	for _, r := range res.Resources {
		if r.Error != nil {
			return fmt.Errorf("kafka topic %s must keep its records for %s, which could not be set: %w: %w",
				r.ResourceName, s.cfg.retention(), alerting.ErrInvalid, r.Error)
		}
	}
	return nil
}

// awaitTopics waits until the connections of the stream itself see every partition with a leader.
func (s *Stream) awaitTopics(ctx context.Context) error {
	names := make([]string, 0, 64)
	for _, t := range s.cfg.topics() {
		names = append(names, t.name)
	}
	for {
		meta, err := s.client.Metadata(ctx, &kafka.MetadataRequest{Topics: names})
		waiting := ""
		if err == nil {
			waiting = unready(meta.Topics)
			if waiting == "" {
				return nil
			}
		}
		if !s.wait(ctx, nil, 50*time.Millisecond) {
			return fmt.Errorf("wait for kafka topic %s: %w", waiting, errors.Join(err, ctx.Err()))
		}
	}
}

// unready names a topic that is unknown or has a partition without a leader.
func unready(topics []kafka.Topic) string {
	for _, t := range topics {
		if t.Error != nil || len(t.Partitions) == 0 {
			return t.Name
		}
		for _, p := range t.Partitions {
			if p.Error != nil || p.Leader.Host == "" {
				return t.Name
			}
		}
	}
	return ""
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
