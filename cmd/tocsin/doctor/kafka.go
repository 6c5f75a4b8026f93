package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tocsin/alerting/stream"
	"tocsin/cmd/tocsin/serve"
)

const kafkaTopics = "kafka-topics.sh --bootstrap-server %s "

// kafka looks at what would lose an alert: too few copies, writes that count too early, records or offsets that are forgotten
// too soon, and a clock that is wrong.
func (d *Doctor) kafka(ctx context.Context) []Finding {
	if in, _ := d.Config.InProcess(); in {
		return []Finding{{"kafka", Skipped, "it runs inside the process", ""}}
	}
	cfg, err := serve.StreamConfig(d.Config)
	if err != nil {
		return []Finding{{"kafka", Skipped, err.Error(), "see the check files"}}
	}
	seen, err := stream.Inspect(ctx, cfg, d.Now())
	if err != nil {
		return []Finding{{"kafka", Wrong, err.Error(), "check kafka.brokers, kafka.tls and kafka.sasl, and that the brokers run"}}
	}
	return (&kafka{seen: seen, server: cfg.Brokers[0], wanted: cfg.Replication}).findings()
}

// kafka judges what was seen.
type kafka struct {
	seen   *stream.Inspection
	server string
	wanted int
}

func (k *kafka) findings() []Finding {
	out := []Finding{k.topics(), k.offsets()}
	if slices.ContainsFunc(k.seen.Topics, func(t stream.TopicState) bool { return !t.Missing }) {
		out = append(out, k.leaders(), k.copies(), k.inSync(), k.unclean(), k.retention(), k.clock())
	}
	return out
}

// bad are the topics with a fault; says names the first of them.
func (k *kafka) bad(fault func(t *stream.TopicState) bool) (says, first string) {
	n := 0
	for i := range k.seen.Topics {
		if t := &k.seen.Topics[i]; !t.Missing && fault(t) {
			if n++; n == 1 {
				first = t.Name
			}
		}
	}
	switch n {
	case 0:
		return "", ""
	case 1:
		return "topic " + first, first
	}
	return fmt.Sprintf("%d topics, such as %s", n, first), first
}

func (k *kafka) configure(setting, topic string) string {
	return fmt.Sprintf("kafka-configs.sh --bootstrap-server %s --alter --entity-type topics --entity-name %s --add-config %s", k.server, topic, setting)
}

func (k *kafka) topics() Finding {
	var missing []string
	for _, t := range k.seen.Topics {
		if t.Missing {
			missing = append(missing, t.Name)
		}
	}
	if len(missing) > 0 {
		return Finding{"kafka: topics", Wrong, fmt.Sprintf("%d of %d topics are missing, such as %s", len(missing), len(k.seen.Topics), missing[0]),
			"start any role once, such as `tocsin serve ledger`: it makes them"}
	}
	return Finding{"kafka: topics", OK, fmt.Sprintf("all %d topics are there, on %d broker(s)", len(k.seen.Topics), k.seen.Brokers), ""}
}

func (k *kafka) leaders() Finding {
	if says, first := k.bad(func(t *stream.TopicState) bool { return t.Leaderless || t.InSync < t.Copies }); says != "" {
		return Finding{"kafka: leaders", Wrong, says + ": a partition has no leader, or a copy is behind", "start the broker that is down; then " +
			fmt.Sprintf(kafkaTopics, k.server) + "--describe --topic " + first}
	}
	return Finding{"kafka: leaders", OK, "every partition has a leader, and every copy is up to date", ""}
}

func (k *kafka) copies() Finding {
	const reassign = "add brokers, then raise the copies with kafka-reassign-partitions.sh (the topics are there already)"
	if says, _ := k.bad(func(t *stream.TopicState) bool { return t.Copies < k.wanted }); says != "" {
		return Finding{"kafka: copies", Wrong, fmt.Sprintf("%s: fewer copies than kafka.replication (%d)", says, k.wanted), reassign}
	}
	if says, _ := k.bad(func(t *stream.TopicState) bool { return t.Copies < 3 }); says != "" {
		return Finding{"kafka: copies", Note, says + ": fewer than 3 copies, so losing a broker may stop or lose warnings",
			"with three brokers set kafka.replication: 3; for topics that are there, " + reassign}
	}
	return Finding{"kafka: copies", OK, "3 copies or more of every record", ""}
}

func (k *kafka) inSync() Finding {
	says, first := k.bad(func(t *stream.TopicState) bool { return t.Copies >= 3 && t.MinInSync > 0 && t.MinInSync < 2 })
	if says != "" {
		return Finding{"kafka: min.insync.replicas", Wrong, says + ": one copy is enough for \"accepted\", and may then be lost",
			k.configure("min.insync.replicas=2", first)}
	}
	if says, first := k.bad(func(t *stream.TopicState) bool { return t.MinInSync > 1 && t.MinInSync >= t.Copies }); says != "" {
		return Finding{"kafka: min.insync.replicas", Wrong, says + ": every copy must take a record, so no broker may be down",
			k.configure("min.insync.replicas=2", first) + " # with 3 copies"}
	}
	if says, _ := k.bad(func(t *stream.TopicState) bool { return t.Copies < 3 }); says != "" {
		return Finding{"kafka: min.insync.replicas", Skipped, "with fewer than 3 copies there is nothing to choose", ""}
	}
	return Finding{"kafka: min.insync.replicas", OK, "an accepted alert is on as many copies as there can be with one broker down", ""}
}

func (k *kafka) unclean() Finding {
	if says, first := k.bad(func(t *stream.TopicState) bool { return t.Unclean }); says != "" {
		return Finding{"kafka: unclean leaders", Wrong, says + ": a copy that lacks records may become the leader",
			k.configure("unclean.leader.election.enable=false", first)}
	}
	return Finding{"kafka: unclean leaders", OK, "only a copy with all records may lead", ""}
}

func (k *kafka) retention() Finding {
	says, first := k.bad(func(t *stream.TopicState) bool { return t.Retention > 0 && t.Retention < k.seen.Retention })
	if says != "" {
		return Finding{"kafka: retention", Wrong, fmt.Sprintf("%s: records are kept for less than %s (alerts.max_validity + 72h)", says, hours(k.seen.Retention)),
			k.configure(fmt.Sprintf("retention.ms=%d", k.seen.Retention.Milliseconds()), first)}
	}
	return Finding{"kafka: retention", OK, fmt.Sprintf("records are kept for %s or longer (alerts.max_validity + 72h)", hours(k.seen.Retention)), ""}
}

func (k *kafka) offsets() Finding {
	have, want := k.seen.OffsetsRetention, k.seen.Retention
	switch {
	case have == 0:
		return Finding{"kafka: offsets", Skipped, "the brokers do not say for how long they keep offsets (the right DescribeConfigs on the cluster)", ""}
	case have < want:
		return Finding{"kafka: offsets", Wrong, fmt.Sprintf("offsets of a group that is away are kept for %s, records for %s: a role that was off for longer would start anew",
			hours(have), hours(want)), fmt.Sprintf("in every broker's server.properties: offsets.retention.minutes=%d", int(want.Minutes()))}
	}
	return Finding{"kafka: offsets", OK, "offsets are kept for " + hours(have), ""}
}

func (k *kafka) clock() Finding {
	if k.seen.Ahead {
		return Finding{"kafka: clock", Wrong, "a record bears a time that has not come yet: the brokers' clock is fast, or this machine's is slow",
			"on both: timedatectl status; systemctl enable --now chrony"}
	}
	return Finding{"kafka: clock", OK, "no record bears a time of the future", ""}
}

func hours(d time.Duration) string { return strings.TrimSuffix(d.Round(time.Minute).String(), "0m0s") }
