package inbox

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// What becomes of a document, as it is counted.
const (
	outcomeSubmitted   = "submitted"
	outcomeQuarantined = "quarantined"
	outcomeConflict    = "conflict"
	outcomeRepeated    = "repeated"
	outcomeOwn         = "own"
	outcomeUnfetched   = "unfetched"
)

// Metrics counts what comes, by the names of the configured sources and nothing that comes from outside.
type Metrics struct {
	documents *prometheus.CounterVec
	failures  *prometheus.CounterVec
	success   *prometheus.GaugeVec
}

// NewMetrics registers the metrics of the inbox.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		documents: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tocsin_inbox_documents_total",
			Help: "Documents of partners, by what became of them; unfetched are entries of feeds whose document could not be had."}, []string{"source", "outcome"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tocsin_inbox_poll_failures_total",
			Help: "Rounds over a partner's feed that failed."}, []string{"source"}),
		success: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "tocsin_inbox_poll_success_timestamp_seconds",
			Help: "When a partner's feed was last read to its end by this process; 0 when it never was, or another process reads it."}, []string{"source"}),
	}
	reg.MustRegister(m.documents, m.failures, m.success)
	return m
}

// know makes the counters of a source appear before their first event, which no rule would see otherwise.
func (m *Metrics) know(source string, polled bool) {
	for _, o := range []string{outcomeSubmitted, outcomeQuarantined, outcomeConflict, outcomeRepeated, outcomeOwn} {
		m.documents.WithLabelValues(source, o)
	}
	if polled {
		m.documents.WithLabelValues(source, outcomeUnfetched)
		m.failures.WithLabelValues(source)
		m.success.WithLabelValues(source)
	}
}

func (m *Metrics) succeeded(source string, at time.Time) {
	m.success.WithLabelValues(source).Set(float64(at.UnixMilli()) / 1000)
}
