package channels

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tocsin/alerting"
)

// Metrics are what the workers of a process tell Prometheus. Labels never name an alert or a person.
type Metrics struct {
	attempts *prometheus.CounterVec
	sends    *prometheus.HistogramVec
	handover *prometheus.HistogramVec
	putOff   *prometheus.CounterVec
	dead     *prometheus.CounterVec
	batches  *prometheus.GaugeVec
	breakers *prometheus.GaugeVec
	rates    *prometheus.GaugeVec
	pauses   *prometheus.GaugeVec
}

// NewMetrics registers the metrics of the workers.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tocsin_delivery_attempts_total",
			Help: "Hand-overs to gateways, by outcome."}, []string{"channel", "gateway", "outcome"}),
		sends: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "tocsin_gateway_send_seconds",
			Help:    "How long a gateway took to answer one hand-over.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}}, []string{"channel", "gateway"}),
		handover: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "tocsin_handover_seconds",
			Help:    "Time from the issue of an alert to the hand-over of one of its deliveries.",
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600}},
			[]string{"channel", "lane"}),
		putOff: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tocsin_deliveries_put_off_total",
			Help: "Deliveries written to a retry topic."}, []string{"channel"}),
		dead: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tocsin_batches_refused_total",
			Help: "Batches set aside as dead letters because they can never be delivered."}, []string{"channel"}),
		batches: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "tocsin_batches_open",
			Help: "Batches that workers of this process are delivering."}, []string{"channel", "lane"}),
		breakers: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "tocsin_gateway_breaker_open",
			Help: "1 while the gateway as a whole is failing and is left alone."}, []string{"channel", "gateway"}),
		rates: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "tocsin_gateway_rate_in_force",
			Help: "Permits a second that the gateway may be handed by all processes together; 0 when it has no limit."}, []string{"channel", "gateway"}),
		pauses: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "tocsin_gateway_paused",
			Help: "1 while people have paused the gateway."}, []string{"channel", "gateway"}),
	}
	reg.MustRegister(m.attempts, m.sends, m.handover, m.putOff, m.dead, m.batches, m.breakers, m.rates, m.pauses)
	return m
}

// Breaker notes the state of a gateway's breaker; hand it to pace.Options.OnBreaker. From then on all counters of the
// gateway are there, because one that appears with its first event shows Prometheus no increase.
func (m *Metrics) Breaker(ch alerting.Channel, gateway string) func(open bool) {
	g := m.breakers.WithLabelValues(string(ch), gateway)
	g.Set(0)
	m.dead.WithLabelValues(string(ch))
	m.putOff.WithLabelValues(string(ch))
	m.attempts.WithLabelValues(string(ch), gateway, "sent")
	for c := Lost; c <= Gone; c++ {
		m.attempts.WithLabelValues(string(ch), gateway, c.String())
	}
	return func(open bool) {
		if open {
			g.Set(1)
		} else {
			g.Set(0)
		}
	}
}

// Paced notes at what rate a gateway is used, in permits a second, and whether it is paused.
func (m *Metrics) Paced(ch alerting.Channel, gateway string, rate float64, paused bool) {
	m.rates.WithLabelValues(string(ch), gateway).Set(rate)
	state := 0.
	if paused {
		state = 1
	}
	m.pauses.WithLabelValues(string(ch), gateway).Set(state)
}

func (m *Metrics) attempt(b *alerting.Batch, gw *Gateway, outcome string, took time.Duration) {
	m.attempts.WithLabelValues(string(b.Channel), gw.Name, outcome).Inc()
	m.sends.WithLabelValues(string(b.Channel), gw.Name).Observe(took.Seconds())
}

func (m *Metrics) handedOver(b *alerting.Batch, took time.Duration) {
	m.handover.WithLabelValues(string(b.Channel), string(b.Lane)).Observe(took.Seconds())
}

func (m *Metrics) retried(b *alerting.Batch, n int) {
	m.putOff.WithLabelValues(string(b.Channel)).Add(float64(n))
}

func (m *Metrics) refused(b *alerting.Batch) {
	m.dead.WithLabelValues(string(b.Channel)).Inc()
}

func (m *Metrics) begun(b *alerting.Batch) {
	m.batches.WithLabelValues(string(b.Channel), string(b.Lane)).Inc()
}

func (m *Metrics) ended(b *alerting.Batch) {
	m.batches.WithLabelValues(string(b.Channel), string(b.Lane)).Dec()
}
