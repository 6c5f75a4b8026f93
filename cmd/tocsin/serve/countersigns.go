package serve

import (
	"context"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"tocsin/alerting/desk"
)

// watchCountersigns tells Prometheus of alerts that went out first and were not countersigned in time. While SQL is away it
// tells what it knew.
func (h *house) watchCountersigns(d *desk.Desk) {
	var last atomic.Int64
	h.reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "tocsin_desk_countersignatures_overdue",
		Help: "Alerts that one person released first, and that nobody has countersigned in time."},
		func() float64 {
			ctx, cancel := context.WithTimeout(context.Background(), pingTimeout)
			defer cancel()
			if n, err := d.CountersignsOverdue(ctx); err == nil {
				last.Store(n)
			}
			return float64(last.Load())
		}))
}
