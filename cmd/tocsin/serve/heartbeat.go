package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// heartbeatTimeout bounds one heartbeat; a slow listener must not delay the next.
const heartbeatTimeout = 10 * time.Second

// heart tells somebody outside that this office is alive. A heartbeat leaves only while the process can do its work, so
// that whoever listens hears a dead machine, a cut network and a lost Kafka alike: as silence.
type heart struct {
	url   string
	every time.Duration
	ready func(context.Context) error
	now   func() time.Time
	log   *slog.Logger

	client *http.Client
	last   prometheus.Gauge
	failed prometheus.Counter
	// quiet is true since a beat failed, so that a long silence is one line of the log.
	quiet bool
}

// newHeart makes the heart of the role ledger; nil when the configuration names no listener.
func (h *house) newHeart() *heart {
	c := h.cfg.Heartbeat
	if c.URL == "" {
		return nil
	}
	t := newHeart(c.URL, c.Every, h.unready, h.now)
	t.log = h.log
	h.reg.MustRegister(t.last, t.failed)
	return t
}

func newHeart(address string, every time.Duration, ready func(context.Context) error, now func() time.Time) *heart {
	return &heart{url: address, every: every, ready: ready, now: now, log: slog.New(slog.DiscardHandler),
		client: &http.Client{Timeout: min(heartbeatTimeout, every),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		last: prometheus.NewGauge(prometheus.GaugeOpts{Name: "tocsin_heartbeat_last_success_timestamp_seconds",
			Help: "When a heartbeat was last taken by its listener, in seconds since 1970; 0 when never."}),
		failed: prometheus.NewCounter(prometheus.CounterOpts{Name: "tocsin_heartbeat_failures_total",
			Help: "Heartbeats that did not leave, because the process was not ready or the listener did not take them."})}
}

// run beats until ctx ends.
func (t *heart) run(ctx context.Context) error {
	return every(ctx, t.every, func() {
		err := t.beat(ctx)
		switch {
		case err == nil:
			t.quiet = false
			t.last.Set(float64(t.now().UnixMilli()) / 1000)
		case ctx.Err() == nil:
			t.failed.Inc()
			if !t.quiet {
				t.log.Warn("no heartbeat left", "error", err)
			}
			t.quiet = true
		}
	})
}

func (t *heart) beat(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, t.client.Timeout)
	defer cancel()
	if err := t.ready(ctx); err != nil {
		return fmt.Errorf("this process is not ready: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.url, nil)
	if err != nil {
		return errors.New("heartbeat.url is no address")
	}
	req.Header.Set("User-Agent", "tocsin")
	resp, err := t.client.Do(req)
	if err != nil {
		// The address may hold the secret by which the listener knows us.
		var hidden *url.Error
		if errors.As(err, &hidden) {
			err = hidden.Err
		}
		return err
	}
	_ = resp.Body.Close()
	if resp.StatusCode >= 300 {
		return fmt.Errorf("the listener answered %d", resp.StatusCode)
	}
	return nil
}
