package stream

import (
	"time"

	"tocsin/alerting"
)

// Tier is a class of delay of the retry topics: records of one tier wait about equally long, so none holds up another.
type Tier string

// The tiers, shortest first.
const (
	Tier10  Tier = "10s"
	Tier60  Tier = "60s"
	Tier300 Tier = "300s"
)

// Tiers lists all tiers, shortest first.
func Tiers() []Tier { return []Tier{Tier10, Tier60, Tier300} }

// TierOf says which tier fits a delay: the shortest that is not shorter, else the longest.
func TierOf(delay time.Duration) Tier {
	for _, t := range Tiers() {
		if delay <= t.longest() {
			return t
		}
	}
	return Tier300
}

// longest is how long a reader of the tier waits at most for one record.
func (t Tier) longest() time.Duration {
	switch t {
	case Tier10:
		return 10 * time.Second
	case Tier60:
		return time.Minute
	}
	return 5 * time.Minute
}

// kind is what the records of a topic are; metrics name it.
type kind string

const (
	issuedKind   kind = "issued"
	dispatchKind kind = "dispatch"
	retryKind    kind = "retry"
	receiptsKind kind = "receipts"
	lettersKind  kind = "deadletters"
)

// topic is a topic and what its name says.
type topic struct {
	name    string
	world   alerting.World
	kind    kind
	channel alerting.Channel
	lane    alerting.Lane
	tier    Tier
}

func (c Config) issued(w alerting.World) topic {
	return topic{name: c.Prefix + string(w) + ".alerts.issued", world: w, kind: issuedKind}
}

func (c Config) receipts(w alerting.World) topic {
	return topic{name: c.Prefix + string(w) + ".receipts", world: w, kind: receiptsKind}
}

func (c Config) letters(w alerting.World) topic {
	return topic{name: c.Prefix + string(w) + ".deadletters", world: w, kind: lettersKind}
}

func (c Config) dispatch(w alerting.World, ch alerting.Channel, l alerting.Lane) topic {
	return topic{name: c.Prefix + string(w) + ".dispatch." + string(ch) + "." + string(l), world: w,
		kind: dispatchKind, channel: ch, lane: l}
}

func (c Config) retry(w alerting.World, ch alerting.Channel, l alerting.Lane, t Tier) topic {
	return topic{name: c.Prefix + string(w) + ".retry." + string(ch) + "." + string(l) + "." + string(t), world: w,
		kind: retryKind, channel: ch, lane: l, tier: t}
}

// batchTopics are the topics that carry the batches of one channel.
func (c Config) batchTopics(w alerting.World, ch alerting.Channel) []topic {
	var out []topic
	for _, l := range alerting.Lanes() {
		out = append(out, c.dispatch(w, ch, l))
		for _, t := range Tiers() {
			out = append(out, c.retry(w, ch, l, t))
		}
	}
	return out
}

// topics are all topics of the configured worlds and channels.
func (c Config) topics() []topic {
	var out []topic
	for _, w := range c.Worlds {
		out = append(out, c.issued(w), c.receipts(w), c.letters(w))
		for _, ch := range c.Channels {
			out = append(out, c.batchTopics(w, ch)...)
		}
	}
	return out
}

// partitions says how many partitions a topic is made with.
func (c Config) partitions(t topic) int {
	switch t.kind {
	case dispatchKind, receiptsKind:
		return c.Partitions
	case retryKind:
		return c.RetryPartitions
	}
	return 1
}
