package serve

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// TestHeartbeat: a beat leaves while the process is ready and no other time; what the listener does not take is counted,
// and its address is never told.
func TestHeartbeat(t *testing.T) {
	var status atomic.Int32
	beats := make(chan string, 100)
	listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		beats <- r.Method + " " + r.URL.Path
		if code := int(status.Load()); code != 0 {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(code)
		}
	}))
	defer listener.Close()
	var unready atomic.Bool
	ready := func(context.Context) error {
		if unready.Load() {
			return errors.New("redis: away")
		}
		return nil
	}
	h := newHeart(listener.URL+"/s3cret", time.Second, ready, time.Now)
	if err := h.beat(t.Context()); err != nil || <-beats != "GET /s3cret" {
		t.Fatalf("beat: %v", err)
	}
	for _, code := range []int{302, 404, 503} {
		status.Store(int32(code))
		if err := h.beat(t.Context()); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%d: %v", code, err)
		}
		if got := <-beats; got != "GET /s3cret" {
			t.Errorf("%d: %q", code, got)
		}
	}
	status.Store(0)
	unready.Store(true)
	if err := h.beat(t.Context()); err == nil || len(beats) != 0 {
		t.Errorf("a beat left a process that is not ready: %v", err)
	}
	unready.Store(false)
	listener.Close()
	if err := h.beat(t.Context()); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("nobody listens: %v", err)
	}
}

// TestSilenceIsCounted: a heart that cannot beat counts each time, says so once, and never claims a success.
func TestSilenceIsCounted(t *testing.T) {
	var log bytes.Buffer
	h := newHeart("http://127.0.0.1:1", time.Second, nil, time.Now)
	h.log = slog.New(slog.NewTextHandler(&log, nil))
	ctx, cancel := context.WithCancel(t.Context())
	asked := make(chan struct{})
	h.ready = func(ctx context.Context) error {
		select {
		case asked <- struct{}{}:
		case <-ctx.Done():
		}
		return errors.New("away")
	}
	done := make(chan error, 1)
	h.every = time.Millisecond
	go func() { done <- h.run(ctx) }()
	for range 3 {
		<-asked
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if n := strings.Count(log.String(), "no heartbeat left"); n != 1 || testutil.ToFloat64(h.failed) < 2 || testutil.ToFloat64(h.last) != 0 {
		t.Errorf("the log speaks of it %d times, failed %v, last success %v:\n%s", n, testutil.ToFloat64(h.failed), testutil.ToFloat64(h.last), log.String())
	}
}
