package siren

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// turnstile lets one caller through at a time, the urgent ones first.
type turnstile struct {
	mu     sync.Mutex
	busy   bool
	urgent []chan struct{}
	normal []chan struct{}
}

// enter waits for the turn or for the end of ctx.
func (t *turnstile) enter(ctx context.Context, urgent bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t.mu.Lock()
	if !t.busy {
		t.busy = true
		t.mu.Unlock()
		return nil
	}
	turn := make(chan struct{}, 1)
	if urgent {
		t.urgent = append(t.urgent, turn)
	} else {
		t.normal = append(t.normal, turn)
	}
	t.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, queue := range []*[]chan struct{}{&t.urgent, &t.normal} {
		for i, waiting := range *queue {
			if waiting == turn {
				*queue = append((*queue)[:i:i], (*queue)[i+1:]...)
				return ctx.Err()
			}
		}
	}
	// The turn came at the same moment: pass it on.
	t.pass()
	return ctx.Err()
}

// leave ends the turn.
func (t *turnstile) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pass()
}

func (t *turnstile) pass() {
	for _, queue := range []*[]chan struct{}{&t.urgent, &t.normal} {
		if len(*queue) > 0 {
			next := (*queue)[0]
			*queue = (*queue)[1:]
			next <- struct{}{}
			return
		}
	}
	t.busy = false
}

// The ways in which a call fails besides an exception of the device and an answer that is none.
var (
	// errUnsent: nothing left this machine.
	errUnsent = errors.New("not sent")
	// errPublic: the address is not on a private network.
	errPublic = errors.New("not a private address")
)

// line is the connection to one Modbus host. Devices take few connections and answer one request after the other, so
// there is one per host; a stop goes before all others that wait for it.
type line struct {
	host    string
	public  bool
	timeout time.Duration
	turn    turnstile

	// Held by whoever has the turn.
	conn        net.Conn
	transaction uint16
}

// call sends a request and gives the values of its answer. Guard is asked when the turn has come and may call it off.
func (l *line) call(ctx context.Context, urgent bool, guard func() error, unit uint8, request []byte) ([]uint16, error) {
	if err := l.turn.enter(ctx, urgent); err != nil {
		return nil, fmt.Errorf("%w: %w", errUnsent, err)
	}
	defer l.turn.leave()
	if guard != nil {
		if err := guard(); err != nil {
			return nil, err
		}
	}
	reused := l.conn != nil
	values, err := l.exchange(ctx, unit, request)
	// A connection that the device closed while it was idle is no news. Only what reads may be sent twice.
	if reused && l.conn == nil && request[0] <= fnReadInputs && ctx.Err() == nil {
		values, err = l.exchange(ctx, unit, request)
	}
	return values, err
}

// exchange is one request and its answer; it drops the connection whenever the answer is not clean.
func (l *line) exchange(ctx context.Context, unit uint8, request []byte) ([]uint16, error) {
	if err := l.connect(ctx); err != nil {
		return nil, err
	}
	conn, clean := l.conn, false
	defer func() {
		if !clean {
			l.drop()
		}
	}()
	until := time.Now().Add(l.timeout)
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(until) {
		until = deadline
	}
	if err := conn.SetDeadline(until); err != nil {
		return nil, fmt.Errorf("%w: %w", errUnsent, err)
	}
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	l.transaction++
	f := frame{transaction: l.transaction, unit: unit, pdu: request}
	if n, err := conn.Write(f.append(nil)); err != nil {
		if n == 0 {
			err = fmt.Errorf("%w: %w", errUnsent, err)
		}
		return nil, fmt.Errorf("modbus write: %w", err)
	}
	answer, err := readFrame(conn)
	if err != nil {
		return nil, fmt.Errorf("modbus read: %w", err)
	}
	if answer.transaction != l.transaction || answer.unit != unit {
		return nil, fmt.Errorf("%w: transaction %d of unit %d, want %d of %d", errFrame, answer.transaction, answer.unit, l.transaction, unit)
	}
	values, err := parseAnswer(request, answer.pdu)
	clean = !errors.Is(err, errFrame)
	return values, err
}

// connect dials when there is no connection.
func (l *line) connect(ctx context.Context) error {
	if l.conn != nil {
		return nil
	}
	d := net.Dialer{Timeout: l.timeout, KeepAlive: 15 * time.Second}
	if !l.public {
		d.Control = func(_, address string, _ syscall.RawConn) error { return privateOnly(address) }
	}
	conn, err := d.DialContext(ctx, "tcp", l.host)
	if errors.Is(err, errPublic) {
		return errPublic
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errUnsent, err)
	}
	l.conn = conn
	return nil
}

func (l *line) drop() {
	if l.conn != nil {
		_ = l.conn.Close() // it is given up in any case
		l.conn = nil
	}
}

// close drops the connection once the call under way has ended.
func (l *line) close(ctx context.Context) error {
	if err := l.turn.enter(ctx, true); err != nil {
		return err
	}
	defer l.turn.leave()
	l.drop()
	return nil
}

// privateOnly refuses a resolved address that is not loopback, private (RFC 1918, RFC 4193) or link-local.
func privateOnly(address string) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return errPublic
	}
	if ip := ap.Addr().Unmap(); ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() {
		return nil
	}
	return errPublic
}
