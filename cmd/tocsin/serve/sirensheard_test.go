package serve

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tocsin/alerting"
	"tocsin/alerting/embedded"
)

// TestWhenSirensWereHeardIsRemembered: of two workers that hear a siren the later counts, however late the other notes it; a worker that
// heard nothing changes nothing; and what was never heard is missing rather than old.
func TestWhenSirensWereHeardIsRemembered(t *testing.T) {
	server, err := embedded.StartRedis(embedded.RedisConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	rdb := redis.NewUniversalClient(&redis.UniversalOptions{Addrs: []string{server.Addr()}})
	t.Cleanup(func() { _ = rdb.Close() })
	m := newSirenMemory(rdb, "t:")
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	if heard, since, err := m.read(t.Context(), []string{"s1"}); err != nil || len(heard) != 0 || !since.IsZero() {
		t.Fatalf("before any note: %v %v %v", heard, since, err)
	}
	many := map[string]time.Time{"s1": start.Add(time.Hour), "since": start.Add(3 * time.Hour)}
	var refs []string
	for i := range 2*heardLot + 3 {
		refs = append(refs, fmt.Sprint("lot-", i))
		many[refs[i]] = start.Add(time.Duration(i) * time.Second)
	}
	for i, heard := range []map[string]time.Time{{}, many, {"s1": start.Add(time.Minute), "s2": start.Add(2 * time.Hour)}, nil} {
		if err := m.note(t.Context(), heard, start.Add(time.Duration(i)*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	heard, since, err := m.read(t.Context(), append([]string{"s1", "s2", "never", "since"}, refs...))
	if err != nil || !since.Equal(start) {
		t.Fatalf("since %v, %v", since, err)
	}
	many["s2"] = start.Add(2 * time.Hour)
	if len(heard) != len(many) {
		t.Errorf("%d are remembered, and %d were heard", len(heard), len(many))
	}
	for ref, at := range many {
		if !heard[ref].Equal(at) {
			t.Errorf("%s was heard at %v, and %v is remembered", ref, at, heard[ref])
		}
	}
	if left := rdb.PTTL(t.Context(), m.key).Val(); left <= 0 || left > heardFor {
		t.Errorf("it is kept for %v", left)
	}
	server.Close()
	if _, _, err := m.read(t.Context(), refs); !errors.Is(err, alerting.ErrUnavailable) {
		t.Errorf("without a server: %v", err)
	}
}
