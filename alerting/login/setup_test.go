package login

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/alerting/seal"
	"tocsin/alerting/store"
)

const (
	phrase  = "seven harbour lights"
	another = "nine church steeples"
	here    = "192.0.2.1"
)

var boss = alerting.Actor{Name: "boss", Kind: "person"}

// house is a gate with a clock that the test moves, and a journal that it reads.
type house struct {
	*Gate
	t     *testing.T
	redis *miniredis.Miniredis

	mu     sync.Mutex
	now    time.Time
	acts   []string
	secret map[string]string
}

func newHouse(t *testing.T, db *store.DB) *house {
	t.Helper()
	h := &house{t: t, redis: miniredis.RunT(t), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), secret: make(map[string]string)}
	keys, err := seal.New([]seal.Key{{ID: "1", Secret: make([]byte, seal.KeySize)}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	rdb := redis.NewClient(&redis.Options{Addr: h.redis.Addr()})
	t.Cleanup(func() { _ = rdb.Close() })
	h.Gate, err = New(Config{DB: db, Redis: rdb, Prefix: "t:", Keys: keys, Now: h.clock, Log: slog.New(slog.DiscardHandler),
		Metrics: NewMetrics(prometheus.NewRegistry()), Cost: approval.Cost{Memory: 64, Passes: 1, Threads: 1}, Reserved: []string{"weather"},
		Relying: approval.Relying{ID: "localhost", Origins: []string{"http://localhost:1"}},
		Note: func(_ context.Context, _ bun.IDB, by alerting.Actor, verb, subject string, detail any) error {
			text, err := json.Marshal(detail)
			h.mu.Lock()
			defer h.mu.Unlock()
			h.acts = append(h.acts, by.Name+" "+verb+" "+subject+" "+string(text))
			return err
		}})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

// pass moves the clocks of the gate and of Redis on.
func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	h.now = h.now.Add(d)
	h.mu.Unlock()
	h.redis.FastForward(d)
}

func (h *house) code(name string) string {
	h.t.Helper()
	code, err := Code(h.secret[name], h.clock())
	if err != nil {
		h.t.Fatal(err)
	}
	return code
}

// person makes an account, sets it up, and lets the code that this used be over.
func (h *house) person(name string, grants ...Grant) Opened {
	h.t.Helper()
	l, err := h.Create(h.t.Context(), boss, name, grants)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.setUp(l, name)
}

func (h *house) setUp(l Link, name string) Opened {
	h.t.Helper()
	s, err := h.BeginSetup(h.t.Context(), l.Token, name)
	if err != nil {
		h.t.Fatal(err)
	}
	h.secret[name] = s.Secret
	o, err := h.FinishSetup(h.t.Context(), SetUp{Link: l.Token, Name: name, Password: phrase, Code: h.code(name)})
	if err != nil {
		h.t.Fatal(err)
	}
	h.pass(stepSize)
	return o
}

func (h *house) alive(token string) bool {
	h.t.Helper()
	_, ok, err := h.Session(h.t.Context(), token)
	if err != nil {
		h.t.Fatal(err)
	}
	return ok
}

func (h *house) noted(what string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, a := range h.acts {
		if strings.Contains(a, what) {
			return true
		}
	}
	return false
}
