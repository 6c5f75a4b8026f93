package sim

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
)

// door is a listener that can be shut and opened again on the same address while its server goes on accepting: a gateway
// that refuses connections, as opposed to one that resets them. Shutting it also ends the connections that came through.
type door struct {
	addr string // as bound, so that opening again takes the same port

	mu     sync.Mutex
	wake   *sync.Cond
	inner  net.Listener // nil while shut
	closed bool
	conns  map[net.Conn]struct{}
	count  atomic.Int64
}

// openDoor listens on addr; without an address the door exists and leads nowhere.
func openDoor(addr string, public bool) (*door, error) {
	d := &door{conns: map[net.Conn]struct{}{}}
	d.wake = sync.NewCond(&d.mu)
	if addr == "" {
		return d, nil
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	if tcp, ok := ln.Addr().(*net.TCPAddr); !public && (!ok || !tcp.IP.IsLoopback()) {
		return nil, errors.Join(fmt.Errorf("listen on %s: not a loopback address, and public listening was not asked for", addr), ln.Close())
	}
	d.inner, d.addr = ln, ln.Addr().String()
	return d, nil
}

// listener is what to serve, nil for a door without an address.
func (d *door) listener() net.Listener {
	if d.addr == "" {
		return nil
	}
	return d
}

// Accept waits while the door is shut.
func (d *door) Accept() (net.Conn, error) {
	for {
		d.mu.Lock()
		for d.inner == nil && !d.closed {
			d.wake.Wait()
		}
		inner, closed := d.inner, d.closed
		d.mu.Unlock()
		if closed {
			return nil, net.ErrClosed
		}
		c, err := inner.Accept()
		if err != nil {
			d.mu.Lock()
			changed := d.inner != inner || d.closed
			d.mu.Unlock()
			if changed {
				continue
			}
			return nil, err
		}
		if c, ok := d.admit(inner, c); ok {
			return c, nil
		}
	}
}

// admit keeps the connection for shutting; one that came while the door was being shut is closed.
func (d *door) admit(inner net.Listener, c net.Conn) (net.Conn, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.inner != inner || d.closed {
		_ = c.Close() // the peer sees a shut door
		return nil, false
	}
	d.count.Add(1)
	guest := &guest{TCPConn: c.(*net.TCPConn), door: d}
	d.conns[guest] = struct{}{}
	return guest, true
}

// Shut refuses connections and ends those that are open.
func (d *door) Shut() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.shut()
}

func (d *door) shut() error {
	var err error
	if d.inner != nil {
		err = d.inner.Close()
		d.inner = nil
	}
	for c := range d.conns {
		_ = c.(*guest).TCPConn.Close() // an error means that it is closed already
		delete(d.conns, c)
	}
	return err
}

// Open accepts again on the old address.
func (d *door) Open() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.inner != nil || d.closed || d.addr == "" {
		return nil
	}
	ln, err := net.Listen("tcp", d.addr)
	if err != nil {
		return fmt.Errorf("listen again: %w", err)
	}
	d.inner = ln
	d.wake.Broadcast()
	return nil
}

// Close shuts the door for good.
func (d *door) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	d.wake.Broadcast()
	return d.shut()
}

// Addr is the address as bound.
func (d *door) Addr() net.Addr {
	addr, err := net.ResolveTCPAddr("tcp", d.addr)
	if err != nil {
		return &net.TCPAddr{}
	}
	return addr
}

// open is the number of connections now and ever.
func (d *door) traffic() (open int, ever int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.conns), d.count.Load()
}

// guest is a connection that tells its door when it ends.
type guest struct {
	*net.TCPConn
	door *door
}

// Close ends the connection.
func (g *guest) Close() error {
	g.door.mu.Lock()
	delete(g.door.conns, g)
	g.door.mu.Unlock()
	return g.TCPConn.Close()
}

// reset ends a connection with RST instead of FIN, so that the peer reads "connection reset".
func reset(c net.Conn) {
	for {
		switch t := c.(type) {
		case *guest:
			_ = t.SetLinger(0) // fails only on a connection that is closed already
			_ = t.Close()
			return
		case *net.TCPConn:
			_ = t.SetLinger(0)
			_ = t.Close()
			return
		case interface{ NetConn() net.Conn }:
			c = t.NetConn()
		default:
			_ = c.Close()
			return
		}
	}
}
