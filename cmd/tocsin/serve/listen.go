package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/pprof"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"tocsin/alerting/console"
	"tocsin/channels"
	"tocsin/cmd/tocsin/config"
)

// sweepEvery is how often the roles look whether something is left to do.
const sweepEvery = time.Second

// every calls fn at once and then each d until ctx ends.
func every(ctx context.Context, d time.Duration, fn func()) error {
	tick := time.NewTicker(d)
	defer tick.Stop()
	for {
		fn()
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// door is an open listener and what answers on it.
type door struct {
	net.Listener
	server *http.Server
}

// openDoor opens a listener, with TLS when the configuration names a certificate.
func openDoor(l config.Listener, handler http.Handler) (*door, error) {
	settings, err := serverTLS(l)
	if err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", l.Listen)
	if err != nil {
		return nil, err
	}
	if settings != nil {
		ln = tls.NewListener(ln, settings)
	}
	return &door{ln, console.Server(handler)}, nil
}

// serverTLS builds the TLS settings of a listener; nil when it has no certificate.
func serverTLS(l config.Listener) (*tls.Config, error) {
	if l.CertFile == "" {
		return nil, nil
	}
	cert, err := tls.LoadX509KeyPair(l.CertFile, l.KeyFile)
	if err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}, nil
}

// serve answers until ctx ends, then lets requests under way finish.
func (d *door) serve(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = d.server.Shutdown(grace)
	})
	defer stop()
	if err := d.server.Serve(d.Listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", d.Addr(), err)
	}
	return nil
}

// health answers /healthz (the process lives), /readyz (it can do its work, and if not, why) and /metrics.
func (h *house) health(roles []string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := h.unready(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintln(w, "ready:", roles)
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(h.reg, promhttp.HandlerOpts{Timeout: 10 * time.Second}))
	if h.cfg.Metrics.Profile {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	}
	return mux
}

// unready says what keeps the process from doing its work; nil when nothing does.
func (h *house) unready(ctx context.Context) error {
	var errs []error
	if !h.follower.IsReady() || !h.follower.Fresh(h.now()) {
		errs = append(errs, errors.New("the issued alerts are not known up to now"))
	}
	answers := h.pingStores(ctx)
	for _, name := range slices.Sorted(maps.Keys(answers)) {
		if err := answers[name]; err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	if err := h.stream.MissingKeys(); err != nil {
		errs = append(errs, fmt.Errorf("keyring: %w", err))
	}
	return errors.Join(errs...)
}

// channelMetrics are shared by all workers of the process.
func (h *house) channelMetrics() *channels.Metrics {
	h.metricsOnce.Do(func() { h.metrics = channels.NewMetrics(h.reg) })
	return h.metrics
}

func (h *house) counter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	h.reg.MustRegister(c)
	return c
}
