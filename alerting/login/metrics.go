package login

import "github.com/prometheus/client_golang/prometheus"

// Metrics counts logins by what became of them; no name is among the labels.
type Metrics struct{ logins *prometheus.CounterVec }

// NewMetrics registers the metrics of the login.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tocsin_logins_total",
		Help: "Attempts to log in, by what became of them: password, passkey, link and oidc opened a session; wrong, locked and unavailable did not."},
		[]string{"outcome"})}
	reg.MustRegister(m.logins)
	for _, outcome := range []string{string(byPassword), string(byPasskey), string(byLink), string(byOIDC), "wrong", "locked", "unavailable"} {
		m.logins.WithLabelValues(outcome)
	}
	return m
}
