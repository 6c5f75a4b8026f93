package process

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// distance is a stretch of wire in front of a gateway or a server: requests pass at once, answers take a while. So at any moment a
// gateway has taken messages whose sender does not know it yet, and a kill finds deliveries that are truly in flight.
type distance struct {
	net.Listener
	to    string
	delay atomic.Int64
	// whole is held by who cuts the wire: nothing passes, and what was under way waits, as it does in a network.
	whole *sync.RWMutex
	// passed is how many bytes the wire has carried.
	passed atomic.Int64
	// speak, if there is one, makes what is said at the two ends out of what is read at the other.
	speak func(near, far io.Reader) (requests, answers io.Reader)
	ends  sync.WaitGroup

	mu   sync.Mutex
	open map[net.Conn]bool
}

// newDistance listens in front of a server until the test ends.
func newDistance(t testing.TB, to string) *distance {
	t.Helper()
	return stretch(t, &distance{to: to, whole: new(sync.RWMutex)})
}

// stretch lets a wire listen until the test ends.
func stretch(t testing.TB, d *distance) *distance {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.Listener, d.open = ln, make(map[net.Conn]bool)
	d.ends.Go(d.accept)
	t.Cleanup(func() {
		_ = ln.Close()
		d.hangUp()
		d.ends.Wait()
	})
	return d
}

// set makes every answer that much later, until the test ends.
func (d *distance) set(t testing.TB, delay time.Duration) {
	t.Helper()
	d.delay.Store(int64(delay))
	t.Cleanup(func() { d.delay.Store(0) })
}

func (d *distance) accept() {
	for {
		near, err := d.Accept()
		if err != nil {
			return
		}
		d.ends.Go(func() { d.join(near) })
	}
}

// join copies until either end closes.
func (d *distance) join(near net.Conn) {
	if !d.whole.TryRLock() {
		// Who calls while the wire is cut is never heard.
		d.pass()
		_ = near.Close()
		return
	}
	d.whole.RUnlock()
	far, err := net.Dial("tcp", d.to)
	if err != nil {
		_ = near.Close()
		return
	}
	done := d.keep(near, far)
	defer done()
	requests, answers := io.Reader(near), io.Reader(far)
	if d.speak != nil {
		requests, answers = d.speak(near, far)
	}
	d.ends.Go(func() {
		defer done()
		d.carry(far, requests, func() time.Duration { return 0 })
	})
	// One exchange at a time stands on a connection (HTTP/1.1 without pipelining), so the wait is each answer's own.
	d.carry(near, answers, func() time.Duration { return time.Duration(d.delay.Load()) })
}

// carry copies until either end closes; what it has read waits while the wire is cut.
func (d *distance) carry(to io.Writer, from io.Reader, delay func() time.Duration) {
	said := make([]byte, 16<<10)
	for {
		n, err := from.Read(said)
		if n > 0 {
			time.Sleep(delay())
			d.pass()
			d.passed.Add(int64(n))
			if _, err := to.Write(said[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// pass returns when the wire is whole.
func (d *distance) pass() {
	d.whole.RLock()
	defer d.whole.RUnlock()
}

// keep remembers the ends of a connection until the function that it gives closes them.
func (d *distance) keep(near, far net.Conn) (done func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open[near], d.open[far] = true, true
	return sync.OnceFunc(func() {
		_ = errors.Join(near.Close(), far.Close())
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.open, near)
		delete(d.open, far)
	})
}

// hangUp closes all connections.
func (d *distance) hangUp() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for c := range d.open {
		_ = c.Close()
	}
}
