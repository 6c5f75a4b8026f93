package fanout

import (
	"github.com/prometheus/client_golang/prometheus"

	"tocsin/alerting"
)

// metrics are counted by world, lane and channel only: never by alert or person.
type metrics struct {
	accepted    *prometheus.CounterVec
	pages       *prometheus.CounterVec
	targeted    *prometheus.CounterVec
	conflicts   prometheus.Counter
	lost        prometheus.Counter
	enqueue     prometheus.Counter
	away        prometheus.Counter
	failures    *prometheus.CounterVec
	corrections prometheus.Counter
	held        prometheus.Counter
	working     *prometheus.GaugeVec
	first       *prometheus.HistogramVec
}

func newMetrics(reg prometheus.Registerer) (metrics, error) {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "tocsin", Subsystem: "fanout", Name: name, Help: help})
	}
	vec := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "tocsin", Subsystem: "fanout", Name: name, Help: help}, labels)
	}
	m := metrics{
		accepted:    vec("alerts_accepted_total", "Issued alerts that were entered.", "world", "lane"),
		pages:       vec("pages_written_total", "Manifest pages that were written.", "kind"),
		targeted:    vec("deliveries_dispatched_total", "Deliveries that were handed to the workers' topics.", "channel", "lane"),
		conflicts:   counter("id_conflicts_total", "Other documents that came under the id of a known alert."),
		lost:        counter("races_lost_total", "Expansions that another expander took over."),
		enqueue:     counter("ledger_enqueue_errors_total", "Pages whose receipts could not be prepared; claims do it again."),
		away:        counter("ledger_close_errors_total", "Pages that were taken as told because the ledger could not say."),
		failures:    vec("errors_total", "Steps of an expansion that failed and are tried again.", "lane"),
		corrections: counter("corrections_total", "Places told again because a send came to light late."),
		held:        counter("held_total", "Alerts that were held back because they would reach far more than was approved."),
		working: prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "tocsin", Subsystem: "fanout", Name: "expanding",
			Help: "Expansions being worked on."}, []string{"lane"}),
		first: prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "tocsin", Subsystem: "fanout",
			Name: "first_batch_seconds", Help: "Time from entering an alert to its first dispatched batch.",
			Buckets: []float64{.002, .005, .01, .02, .05, .1, .25, .5, 1, 2, 2.5, 3, 5, 10, 30, 60}}, []string{"lane"}),
	}
	// A counter that appears only with its first event shows Prometheus no increase.
	for _, l := range alerting.Lanes() {
		m.failures.WithLabelValues(string(l))
		m.working.WithLabelValues(string(l))
		m.first.WithLabelValues(string(l))
	}
	for _, c := range []prometheus.Collector{m.accepted, m.pages, m.targeted, m.conflicts, m.lost, m.enqueue, m.away,
		m.failures, m.corrections, m.held, m.working, m.first} {
		if err := reg.Register(c); err != nil {
			return m, err
		}
	}
	return m, nil
}
