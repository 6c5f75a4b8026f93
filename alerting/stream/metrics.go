package stream

import (
	"errors"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tocsin/alerting"
)

// metrics counts what goes wrong and tells how far behind the consumers are. No label names an alert or a person.
type metrics struct {
	registry   prometheus.Registerer
	poison     *prometheus.CounterVec
	ignored    *prometheus.CounterVec
	skipped    *prometheus.CounterVec
	conflicts  prometheus.Counter
	rebalances *prometheus.CounterVec
	commits    *prometheus.CounterVec
	handlers   *prometheus.CounterVec
	fetches    *prometheus.CounterVec
	held       *prometheus.GaugeVec
	backlog    *backlog
}

func newMetrics(p Parts) (*metrics, error) {
	vec := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "tocsin", Subsystem: "stream", Name: name,
			Help: help}, labels)
	}
	m := &metrics{
		registry: p.Metrics,
		poison:   vec("poison_records_total", "Records that could not be used and were set aside, by kind of topic.", "kind"),
		// Apart, because the same record is passed over again by every process and at every reading.
		ignored: vec("ignored_records_total", "Unusable records that a reader without a group passed over.", "kind"),
		skipped: vec("skipped_records_total", "Records that retention deleted before they were read.", "kind"),
		conflicts: prometheus.NewCounter(prometheus.CounterOpts{Namespace: "tocsin", Subsystem: "stream",
			Name: "conflicting_alerts_total", Help: "Alerts that were ignored because their id is taken by other bytes."}),
		rebalances: vec("rebalances_total", "New assignments of partitions to this process.", "group"),
		commits:    vec("commit_errors_total", "Offset commits that failed.", "group"),
		handlers:   vec("handler_errors_total", "Records that are handed out again because their handler failed.", "kind"),
		fetches:    vec("fetch_errors_total", "Fetches that failed.", "kind"),
		held: prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "tocsin", Subsystem: "stream", Name: "held_records",
			Help: "Records that wait because this process lacks the key they are sealed with."}, []string{"kind"}),
		backlog: &backlog{now: p.Now, members: map[*member]struct{}{}},
	}
	// A counter that appears only with its first event shows Prometheus no increase, and no rule would see that event.
	for _, k := range []kind{issuedKind, dispatchKind, retryKind, receiptsKind} {
		for _, v := range []*prometheus.CounterVec{m.poison, m.ignored, m.skipped, m.handlers, m.fetches} {
			v.WithLabelValues(string(k))
		}
	}
	for i, c := range m.all() {
		if err := p.Metrics.Register(c); err != nil {
			for _, done := range m.all()[:i] {
				p.Metrics.Unregister(done)
			}
			return nil, errors.Join(errors.New("register"), err)
		}
	}
	return m, nil
}

func (m *metrics) all() []prometheus.Collector {
	return []prometheus.Collector{m.poison, m.ignored, m.skipped, m.conflicts, m.rebalances, m.commits, m.handlers, m.fetches,
		m.held, m.backlog}
}

func (m *metrics) unregister() {
	for _, c := range m.all() {
		m.registry.Unregister(c)
	}
}

// backlog reports, whenever it is asked, how many records wait and for how long the oldest of them has.
type backlog struct {
	now     func() time.Time
	mu      sync.Mutex
	members map[*member]struct{}
}

type backlogKey struct {
	kind    kind
	channel alerting.Channel
	lane    alerting.Lane
}

type backlogSum struct {
	lag int64
	age time.Duration
}

func backlogDesc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("tocsin_stream_"+name, help, []string{"kind", "channel", "lane"}, nil)
}

func lagDesc() *prometheus.Desc {
	return backlogDesc("lag_records", "Records of this process's partitions that are not settled.")
}

func ageDesc() *prometheus.Desc {
	return backlogDesc("queue_age_seconds", "Age of the oldest unsettled record of this process's partitions.")
}

// Describe is that of prometheus.Collector.
func (b *backlog) Describe(ch chan<- *prometheus.Desc) {
	ch <- lagDesc()
	ch <- ageDesc()
}

// Collect is that of prometheus.Collector.
func (b *backlog) Collect(ch chan<- prometheus.Metric) {
	b.mu.Lock()
	sums := map[backlogKey]backlogSum{}
	for m := range b.members {
		m.backlog(b.now(), sums)
	}
	b.mu.Unlock()
	lag, age := lagDesc(), ageDesc()
	for k, sum := range sums {
		labels := []string{string(k.kind), string(k.channel), string(k.lane)}
		ch <- prometheus.MustNewConstMetric(lag, prometheus.GaugeValue, float64(sum.lag), labels...)
		ch <- prometheus.MustNewConstMetric(age, prometheus.GaugeValue, sum.age.Seconds(), labels...)
	}
}

func (b *backlog) enter(m *member) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.members[m] = struct{}{}
}

func (b *backlog) leave(m *member) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.members, m)
}
