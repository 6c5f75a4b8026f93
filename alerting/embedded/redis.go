package embedded

import (
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// RedisConfig says how the in-process Redis runs. Its zero value takes a free port and the system's clock.
type RedisConfig struct {
	// Port on 127.0.0.1; 0 takes a free one.
	Port int
	// Still stops all time: TTLs and TIME move only by Advance. For tests.
	Still bool
	// Password that clients must give; empty means none.
	Password string
}

// Redis is a running in-process Redis server.
type Redis struct {
	server *miniredis.Miniredis
	addr   string
	stop   chan struct{}
	done   chan struct{}
	close  sync.Once

	mu    sync.Mutex
	still time.Time
}

// tick is how often TTLs are moved on: keys may live that much longer than they should, never shorter.
const tick = time.Second

// StartRedis starts the server. TIME, also inside scripts, is the system's clock, and TTLs run against it.
func StartRedis(cfg RedisConfig) (*Redis, error) {
	r := &Redis{server: miniredis.NewMiniRedis(), stop: make(chan struct{}), done: make(chan struct{})}
	if cfg.Password != "" {
		r.server.RequireAuth(cfg.Password)
	}
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(cfg.Port))
	if err := r.server.StartAddr(addr); err != nil {
		return nil, fmt.Errorf("start embedded Redis on %s: %w", addr, err)
	}
	r.addr = r.server.Addr()
	if cfg.Still {
		r.still = time.Now().UTC()
		r.server.SetTime(r.still)
		close(r.done)
		return r, nil
	}
	go r.run(time.Now())
	return r, nil
}

// Addr is the address of the server, host:port.
func (r *Redis) Addr() string { return r.addr }

// Advance moves the time of a server that stands still: TTLs shrink and TIME grows by d. On a server whose time runs
// it panics, because TIME and the TTLs would part.
func (r *Redis) Advance(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.still.IsZero() {
		panic("embedded: Advance on a Redis whose time runs by itself")
	}
	r.still = r.still.Add(d)
	r.server.SetTime(r.still)
	r.server.FastForward(d)
}

// Now is what TIME answers.
func (r *Redis) Now() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.still.IsZero() {
		return time.Now().UTC()
	}
	return r.still
}

// Flush forgets everything, as FLUSHALL does.
func (r *Redis) Flush() { r.server.FlushAll() }

// Close stops the server. It may be called more than once.
func (r *Redis) Close() {
	r.close.Do(func() {
		close(r.stop)
		<-r.done
		r.server.Close()
	})
}

// run moves the TTLs on by what the monotonic clock says has passed: the server itself never does.
func (r *Redis) run(last time.Time) {
	defer close(r.done)
	t := time.NewTicker(tick)
	defer t.Stop()
	for {
		select {
		case <-r.stop:
			return
		case now := <-t.C:
			r.server.FastForward(now.Sub(last))
			last = now
		}
	}
}
