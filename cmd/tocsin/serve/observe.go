package serve

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tocsin/alerting"
	"tocsin/alerting/fanout"
	"tocsin/alerting/ledger"
)

// observeEvery is how often the figures of the latest alert are read.
const observeEvery = 5 * time.Second

// observer tells Prometheus how the latest alert of each world fared: alerts are no labels, so only one can be told of.
type observer struct {
	*house
	// counts are those of the ledger.
	counts   func(ctx context.Context, id alerting.AlertID, ch alerting.Channel) (ledger.Counts, error)
	handover *prometheus.GaugeVec
	people   *prometheus.GaugeVec
	unready  prometheus.Gauge
	// shown is the alert that the figures of each world are of.
	shown map[alerting.World]alerting.AlertID
}

func (h *house) newObserver() *observer {
	o := &observer{house: h, counts: h.ledger.Counts, shown: make(map[alerting.World]alerting.AlertID),
		handover: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "tocsin_latest_alert_handover_seconds",
			Help: "Time from the issue of the latest alert until the first and until 50, 95 and 99 % of what was handed over."},
			[]string{"world", "channel", "share"}),
		people: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "tocsin_latest_alert_deliveries",
			Help: "Deliveries of the latest alert by state."}, []string{"world", "channel", "state"}),
		unready: prometheus.NewGauge(prometheus.GaugeOpts{Name: "tocsin_ledger_unready_alerts",
			Help: "Live alerts whose receipts the ledger cannot vouch for now; they are being rebuilt, or should be."}),
	}
	h.reg.MustRegister(o.handover, o.people, o.unready)
	return o
}

// observe is a loop of the role ledger.
func (o *observer) observe(ctx context.Context) error {
	return every(ctx, observeEvery, func() {
		if err := o.look(ctx); err != nil && ctx.Err() == nil {
			o.log.Debug("the latest alert could not be observed", "error", err)
		}
	})
}

func (o *observer) look(ctx context.Context) error {
	open, err := fanout.Unsealed(ctx, o.db.Read())
	if err != nil {
		return err
	}
	o.countUnready(ctx, open)
	latest := make(map[alerting.World]fanout.Progress)
	for _, p := range open {
		latest[p.World] = p
	}
	for _, p := range latest {
		if err := o.tell(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// countUnready counts the alerts that the ledger cannot speak of, be it that it must be rebuilt or that it is away.
func (o *observer) countUnready(ctx context.Context, open []fanout.Progress) {
	n := 0
	for _, p := range open {
		if ready, _, err := o.ledger.Ready(ctx, p.Alert); err != nil || !ready {
			n++
		}
	}
	o.unready.Set(float64(n))
}

// tell sets the figures of a world to those of its latest alert. What an earlier alert left goes first: a channel that the
// latest does not use has no figures, rather than those of another alert.
func (o *observer) tell(ctx context.Context, p fanout.Progress) error {
	if o.shown[p.World] != p.Alert {
		o.handover.DeletePartialMatch(prometheus.Labels{"world": string(p.World)})
		o.people.DeletePartialMatch(prometheus.Labels{"world": string(p.World)})
		o.shown[p.World] = p.Alert
	}
	for _, ch := range alerting.Channels() {
		if p.Targeted[ch] == 0 {
			continue
		}
		c, err := o.counts(ctx, p.Alert, ch)
		if err != nil {
			return err
		}
		o.set(p.World, ch, c)
	}
	return nil
}

func (o *observer) set(world alerting.World, ch alerting.Channel, c ledger.Counts) {
	for state, n := range c.States {
		if s := alerting.State(state); s != alerting.None {
			o.people.WithLabelValues(string(world), string(ch), s.String()).Set(float64(n))
		}
	}
	if c.Latencies.Quantile(1) == 0 {
		return
	}
	for share, d := range map[string]time.Duration{"first": c.Latencies.First, "0.5": c.Latencies.Quantile(.5),
		"0.95": c.Latencies.Quantile(.95), "0.99": c.Latencies.Quantile(.99)} {
		o.handover.WithLabelValues(string(world), string(ch), share).Set(d.Seconds())
	}
}
