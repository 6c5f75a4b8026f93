package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/smtp"
	"slices"
	"strings"
	"sync"
	"time"

	"tocsin/channels"
)

// pool keeps connections to the relay: at most as many as the configuration says, the one used last first, so that what
// is not needed grows old and is closed.
type pool struct {
	config Config
	now    func() time.Time
	tls    *tls.Config
	slots  chan struct{}
	mu     sync.Mutex
	idle   []*session // the oldest first
	closed bool
}

func newPool(c Config, d Deps) *pool {
	p := &pool{config: c, now: d.Now, slots: make(chan struct{}, c.Concurrency)}
	host, _, _ := net.SplitHostPort(c.Address)
	p.tls = &tls.Config{MinVersion: tls.VersionTLS12}
	if d.TLS != nil {
		p.tls = d.TLS.Clone()
	}
	if p.tls.ServerName == "" {
		p.tls.ServerName = host
	}
	return p
}

// take waits for a slot and gives a session, kept or fresh. Whoever takes one gives it back.
func (p *pool) take(ctx context.Context, fresh bool) (*session, *channels.Failure) {
	// select picks at random when both are ready: a context that has ended must win.
	if err := ctx.Err(); err != nil {
		return nil, untaken(err)
	}
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, untaken(ctx.Err())
	}
	if !fresh {
		if s := p.reuse(); s != nil {
			return s, nil
		}
	}
	s, failure := p.dial(ctx)
	if failure != nil {
		<-p.slots
		return nil, failure
	}
	return s, nil
}

// reuse takes the youngest idle session that is still good.
func (p *pool) reuse() *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	for len(p.idle) > 0 {
		s := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		if !p.worn(s, now) {
			return s
		}
		s.drop()
	}
	return nil
}

// worn reports whether a session has done enough, or waited too long to be trusted.
func (p *pool) worn(s *session, now time.Time) bool {
	return s.broken || s.uses >= p.config.MaxUses || now.Sub(s.born) >= p.config.MaxAge || now.Sub(s.last) >= p.config.MaxIdle
}

// give takes a session back: it is kept or closed.
func (p *pool) give(s *session) {
	defer func() { <-p.slots }()
	now := p.now()
	p.mu.Lock()
	// The oldest may have waited too long meanwhile; nobody else would close it.
	var old *session
	if len(p.idle) > 0 && p.worn(p.idle[0], now) {
		old, p.idle = p.idle[0], p.idle[1:]
	}
	s.last = now
	keep := !p.closed && !p.worn(s, now)
	if keep {
		p.idle = append(p.idle, s)
	}
	p.mu.Unlock()
	if old != nil {
		old.drop()
	}
	if !keep {
		s.drop()
	}
}

// farewell is how long close waits for the relay's goodbye, for all connections together.
const farewell = time.Second

func (p *pool) close() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	until := time.Now().Add(farewell)
	for _, s := range idle {
		s.wire.limit(until)
		if s.broken || s.client.Quit() != nil {
			s.drop()
		}
	}
}

var (
	errClosed   = errors.New("the gateway is closed")
	errNoTLS    = errors.New("the relay does not offer STARTTLS")
	errNoAuth   = errors.New("the relay does not offer AUTH PLAIN")
	errTooLong  = errors.New("an answer that does not end")
	errCapacity = errors.New("the relay does not take this address (SMTPUTF8)")
)

// dial opens a session: connection, TLS, greeting, authentication.
func (p *pool) dial(ctx context.Context) (*session, *channels.Failure) {
	p.mu.Lock()
	closed := p.closed
	p.mu.Unlock()
	if closed {
		return nil, untaken(errClosed)
	}
	dialer := net.Dialer{Timeout: p.config.DialTimeout, KeepAlive: 15 * time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", p.config.Address)
	if err != nil {
		return nil, untaken(err)
	}
	now := p.now()
	s := &session{config: &p.config, wire: &wire{Conn: conn}, born: now, last: now}
	done := s.begin(ctx)
	err = s.open(p.tls)
	done()
	if err != nil {
		s.drop()
		return nil, s.opening(err)
	}
	return s, nil
}

// open does what comes before the first message.
func (s *session) open(settings *tls.Config) error {
	var conn net.Conn = s.wire
	if s.config.Security == ImplicitTLS {
		conn = tls.Client(s.wire, settings)
	}
	host, _, err := net.SplitHostPort(s.config.Address)
	if err != nil {
		return err
	}
	if s.client, err = smtp.NewClient(conn, host); err != nil {
		return answered(err)
	}
	if err := s.client.Hello(s.config.Hello); err != nil {
		return answered(err)
	}
	if s.config.Security == StartTLS {
		if ok, _ := s.client.Extension("STARTTLS"); !ok {
			return errNoTLS
		}
		if err := s.client.StartTLS(settings); err != nil {
			return answered(err)
		}
	}
	s.pipelined, _ = s.client.Extension("PIPELINING")
	if s.config.Username == "" {
		return nil
	}
	if _, kinds := s.client.Extension("AUTH"); !slices.Contains(strings.Fields(kinds), "PLAIN") {
		return errNoAuth
	}
	return answered(s.client.Auth(smtp.PlainAuth("", s.config.Username, s.config.Password, host)))
}

// wire is the connection under a session: it limits what is read for one message, and remembers what failed first.
type wire struct {
	net.Conn
	budget int
	failed error // the first write that did not go out whole
	cut    error // the first read that failed
}

// maxAnswers is the most bytes that are read for one message; the answers have a few hundred.
const maxAnswers = 64 << 10

// limit sets the time by which everything must be done.
func (w *wire) limit(t time.Time) { _ = w.Conn.SetDeadline(t) }

// Read reads within the budget.
func (w *wire) Read(p []byte) (int, error) {
	if w.budget <= 0 {
		w.cut = errTooLong
		return 0, errTooLong
	}
	n, err := w.Conn.Read(p[:min(len(p), w.budget)])
	w.budget -= n
	if err != nil && w.cut == nil {
		w.cut = err
	}
	return n, err
}

// Write notes a failure.
func (w *wire) Write(p []byte) (int, error) {
	n, err := w.Conn.Write(p)
	if err != nil && w.failed == nil {
		w.failed = err
	}
	return n, err
}
