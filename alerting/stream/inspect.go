package stream

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"

	"tocsin/alerting"
)

// Inspection is how Kafka keeps what this program entrusts to it.
type Inspection struct {
	Brokers int
	Topics  []TopicState
	// Retention is how long records must be kept: the longest validity and the time to look into what went wrong.
	Retention time.Duration
	// OffsetsRetention is how long the offsets of a group that is away are kept; 0 when the broker does not say.
	OffsetsRetention time.Duration
	// Ahead says that a record bears a time that has not come yet: the brokers' clock is fast, or ours slow.
	Ahead bool
}

// TopicState is one topic as it stands.
type TopicState struct {
	Name    string
	Missing bool
	// Copies and InSync are the least of any partition; Leaderless says that one has no leader.
	Copies, InSync int
	Leaderless     bool
	// MinInSync is how many copies must take a record before it counts as written; 0 when the broker does not say.
	MinInSync int
	// Retention is how long records are kept; negative means for ever, 0 that the broker does not say.
	Retention time.Duration
	// Unclean says that a copy which lacks records may become the leader.
	Unclean bool
}

// clockSlack is how much clocks may differ before somebody should be told.
const clockSlack = 2 * time.Second

// Inspect asks the brokers how they keep the topics of a configuration. It makes and changes nothing. Now is the clock of
// this machine.
func Inspect(ctx context.Context, cfg Config, now time.Time) (*Inspection, error) {
	cfg, err := cfg.filled()
	if err != nil {
		return nil, err
	}
	transport, err := cfg.transport()
	if err != nil {
		return nil, err
	}
	defer transport.CloseIdleConnections()
	i := &inspector{cfg: cfg, client: &kafka.Client{Addr: cfg.addr(), Transport: transport},
		out: &Inspection{Retention: cfg.retention()}}
	if err := i.run(ctx, now); err != nil {
		return nil, fmt.Errorf("inspect Kafka: %w: %w", alerting.ErrUnavailable, err)
	}
	return i.out, nil
}

type inspector struct {
	cfg    Config
	client *kafka.Client
	out    *Inspection
}

func (i *inspector) run(ctx context.Context, now time.Time) error {
	meta, err := i.client.Metadata(ctx, &kafka.MetadataRequest{})
	if err != nil {
		return err
	}
	i.out.Brokers = len(meta.Brokers)
	known := make(map[string]kafka.Topic)
	for _, t := range meta.Topics {
		known[t.Name] = t
	}
	var present []string
	for _, t := range i.cfg.topics() {
		m, ok := known[t.name]
		i.out.Topics = append(i.out.Topics, stateOf(t.name, m, ok))
		if ok {
			present = append(present, t.name)
		}
	}
	if err := i.settings(ctx, present); err != nil {
		return err
	}
	i.offsets(ctx, meta.Brokers)
	return i.clock(ctx, known, now)
}

func stateOf(name string, m kafka.Topic, known bool) TopicState {
	s := TopicState{Name: name, Missing: !known}
	for n, p := range m.Partitions {
		if n == 0 {
			s.Copies, s.InSync = len(p.Replicas), len(p.Isr)
		}
		s.Copies, s.InSync = min(s.Copies, len(p.Replicas)), min(s.InSync, len(p.Isr))
		s.Leaderless = s.Leaderless || p.Leader.Host == ""
	}
	return s
}

// settings reads the settings of the topics.
func (i *inspector) settings(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return nil
	}
	req := &kafka.DescribeConfigsRequest{}
	for _, name := range names {
		req.Resources = append(req.Resources, kafka.DescribeConfigRequestResource{ResourceType: kafka.ResourceTypeTopic,
			ResourceName: name, ConfigNames: []string{"retention.ms", "min.insync.replicas", "unclean.leader.election.enable"}})
	}
	res, err := i.client.DescribeConfigs(ctx, req)
	if err != nil {
		return err
	}
	at := make(map[string]*TopicState)
	for n := range i.out.Topics {
		at[i.out.Topics[n].Name] = &i.out.Topics[n]
	}
	for _, r := range res.Resources {
		s := at[r.ResourceName]
		if s == nil || r.Error != nil {
			continue
		}
		for _, e := range r.ConfigEntries {
			switch number, err := strconv.ParseInt(e.ConfigValue, 10, 64); {
			case e.ConfigName == "unclean.leader.election.enable":
				s.Unclean = e.ConfigValue == "true"
			case err != nil:
			case e.ConfigName == "retention.ms":
				s.Retention = time.Duration(number) * time.Millisecond
			case e.ConfigName == "min.insync.replicas":
				s.MinInSync = int(number)
			}
		}
	}
	return nil
}

// offsets reads for how long groups are remembered. A broker that does not say (missing rights) leaves it unknown.
func (i *inspector) offsets(ctx context.Context, brokers []kafka.Broker) {
	for _, b := range brokers {
		res, err := i.client.DescribeConfigs(ctx, &kafka.DescribeConfigsRequest{Resources: []kafka.DescribeConfigRequestResource{{
			ResourceType: kafka.ResourceTypeBroker, ResourceName: strconv.Itoa(b.ID), ConfigNames: []string{"offsets.retention.minutes"}}}})
		if err != nil {
			continue
		}
		for _, r := range res.Resources {
			for _, e := range r.ConfigEntries {
				minutes, err := strconv.ParseInt(e.ConfigValue, 10, 64)
				if e.ConfigName != "offsets.retention.minutes" || err != nil || minutes <= 0 {
					continue
				}
				if d := time.Duration(minutes) * time.Minute; i.out.OffsetsRetention == 0 || d < i.out.OffsetsRetention {
					i.out.OffsetsRetention = d
				}
			}
		}
	}
}

// clock looks for a record of the future: the brokers stamp records when they append them.
func (i *inspector) clock(ctx context.Context, known map[string]kafka.Topic, now time.Time) error {
	ask := &kafka.ListOffsetsRequest{Topics: make(map[string][]kafka.OffsetRequest)}
	for _, w := range i.cfg.Worlds {
		for _, t := range []topic{i.cfg.issued(w), i.cfg.receipts(w)} {
			for _, p := range known[t.name].Partitions {
				ask.Topics[t.name] = append(ask.Topics[t.name], kafka.TimeOffsetOf(p.ID, now.Add(clockSlack)))
			}
		}
	}
	if len(ask.Topics) == 0 {
		return nil
	}
	return i.outlast(ctx, func() error { return i.askFuture(ctx, ask) })
}

// askFuture asks for the first record of the future in each partition.
func (i *inspector) askFuture(ctx context.Context, ask *kafka.ListOffsetsRequest) error {
	res, err := i.client.ListOffsets(ctx, ask)
	if err != nil {
		return err
	}
	for _, partitions := range res.Topics {
		for _, p := range partitions {
			if p.Error != nil && !errors.Is(p.Error, kafka.UnknownTopicOrPartition) {
				return p.Error
			}
			for offset := range p.Offsets {
				i.out.Ahead = i.out.Ahead || offset >= 0
			}
		}
	}
	return nil
}

// outlast asks again, for some seconds, while a broker says that it will know soon: as it does when a topic was just made
// and its leader has not heard so yet.
func (i *inspector) outlast(ctx context.Context, ask func() error) error {
	ctx, cancel := context.WithTimeout(ctx, fetchSlack)
	defer cancel()
	for {
		err := ask()
		var code kafka.Error
		if err == nil || !errors.As(err, &code) || !code.Temporary() {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}
