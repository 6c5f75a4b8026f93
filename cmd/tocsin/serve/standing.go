package serve

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// pingTimeout bounds what one look at the stores takes.
const pingTimeout = 2 * time.Second

// storePings are the stores that a process cannot do without, and how to ask whether one answers.
func (h *house) storePings() map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"sql":   h.db.Ping,
		"redis": func(ctx context.Context) error { return h.rdb.Ping(ctx).Err() },
		"kafka": h.stream.Ping,
	}
}

// pingStores asks all stores at once; the answer of each is nil or why there was none.
func (h *house) pingStores(ctx context.Context) map[string]error {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	var mu sync.Mutex
	var all sync.WaitGroup
	out := make(map[string]error)
	for name, ping := range h.storePings() {
		all.Go(func() {
			err := ping(ctx)
			mu.Lock()
			defer mu.Unlock()
			out[name] = err
		})
	}
	all.Wait()
	return out
}

// standing tells Prometheus what /readyz tells a balancer. It looks whenever it is asked.
type standing struct {
	*house
	stores, behind *prometheus.Desc
}

func (h *house) watchStanding() {
	h.reg.MustRegister(&standing{house: h,
		stores: prometheus.NewDesc("tocsin_store_up", "1 while the store answers this process.", []string{"store"}, nil),
		behind: prometheus.NewDesc("tocsin_follower_behind_seconds",
			"For how long this process has not known all issued alerts for sure; beyond 1.5 it sends nothing.", nil, nil)})
}

// Describe names the metrics.
func (s *standing) Describe(ch chan<- *prometheus.Desc) {
	ch <- s.stores
	ch <- s.behind
}

// Collect looks at the stores and the follower.
func (s *standing) Collect(ch chan<- prometheus.Metric) {
	for name, err := range s.pingStores(context.Background()) {
		up := 1.0
		if err != nil {
			up = 0
		}
		ch <- prometheus.MustNewConstMetric(s.stores, prometheus.GaugeValue, up, name)
	}
	ch <- prometheus.MustNewConstMetric(s.behind, prometheus.GaugeValue, s.follower.Behind(s.now()).Seconds())
}

// countCallbacks counts what comes to the callbacks listener, by where it goes and what it was answered.
func (h *house) countCallbacks(next http.Handler) http.Handler {
	counted := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tocsin_callbacks_total",
		Help: "Requests to the callbacks listener, by whom they speak to and answer: taken, refused (4xx) or failed (5xx)."},
		[]string{"kind", "answer"})
	kinds := map[string]string{smsCallbackPath: "sms", unsubscribePath: "unsubscribe"}
	for _, kind := range []string{"sms", "unsubscribe", "other"} {
		for _, answer := range []string{"taken", "refused", "failed"} {
			counted.WithLabelValues(kind, answer)
		}
	}
	h.reg.MustRegister(counted)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := &answered{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(answer, r)
		kind, ok := kinds[r.URL.Path]
		if !ok {
			kind = "other"
		}
		counted.WithLabelValues(kind, answer.kind()).Inc()
	})
}

// answered remembers the status of an answer.
type answered struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status and passes it on.
func (a *answered) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the writer below.
func (a *answered) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answered) kind() string {
	switch {
	case a.status >= 500:
		return "failed"
	case a.status >= 400:
		return "refused"
	}
	return "taken"
}
