// Package mail hands e-mail to a relay over SMTP (RFC 5321): one recipient to a message, over connections that are kept.
//
// It stands apart because it is the only package that knows SMTP, MIME and DKIM. What always holds: a message is put
// together once for all who get the same words, and only four header lines differ; nothing that came from outside can
// add a header line or a recipient, because addresses are parsed and texts are encoded; nothing is sent to a live
// gateway for a world other than Actual; no address and no word of the relay stands in an error, since relays repeat
// addresses; and a message counts as lost exactly when its last byte went out and no answer came back.
//
// Why net/smtp, and not go-mail or go-smtp: go-mail gives up a message for one bad recipient and asks NOOP and RSET around
// each; and only net/smtp lets its text connection be used, by which a relay that pipelines (RFC 2920) is told a whole
// envelope at once: two round trips for a message instead of four.
package mail

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	netmail "net/mail"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"tocsin/alerting"
	"tocsin/channels"
)

// Security is how a connection is protected.
type Security string

// The kinds of protection.
const (
	// StartTLS begins in the clear and must go on with TLS (RFC 3207); it is the default.
	StartTLS Security = "starttls"
	// ImplicitTLS is TLS from the first byte (RFC 8314).
	ImplicitTLS Security = "tls"
	// Plain is no protection, for a relay on the same machine or in the same rack.
	Plain Security = "none"
)

// Config is one mail relay.
type Config struct {
	// Live is true when messages reach real mailboxes: then only the world Actual is carried.
	Live bool
	// Address is host:port of the relay.
	Address  string
	Security Security
	// Username and Password are for AUTH PLAIN; empty means no AUTH. They are never sent in the clear, except to loopback.
	Username string
	Password string
	// Hello is the name to introduce ourselves with; empty means the domain of From.
	Hello string
	// From is the sender as shown ("Warning Centre <warn@example.org>").
	From string
	// EnvelopeFrom gets the bounces; empty means the address of From.
	EnvelopeFrom string
	// DKIM signs every message; nil means that the relay does it, or nobody.
	DKIM *DKIM
	// Concurrency is the most connections at a time; 0 means 32.
	Concurrency int
	// MaxUses is how many messages a connection carries, MaxAge how long it lives, and MaxIdle how long it may wait to be
	// used again; 0 means 1000, 5 min and 30 s.
	MaxUses int
	MaxAge  time.Duration
	MaxIdle time.Duration
	// DialTimeout bounds connecting; 0 means 3 s.
	DialTimeout time.Duration
}

// DKIM is the key of the sender's domain (RFC 6376, RFC 8463).
type DKIM struct {
	Domain   string
	Selector string
	// Key is an RSA (at least 2048 bits) or Ed25519 private key in PEM, PKCS #8 or PKCS #1.
	Key []byte
}

// Deps is what a gateway needs from outside.
type Deps struct {
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Leaves says which tests may pass a live gateway; nil: none.
	Leaves channels.Leaves
	// Unsubscribe gives the https URL with which this recipient unsubscribes in one click (RFC 8058), with a signed ticket
	// in it; nil or an empty URL means none.
	Unsubscribe func(channels.Delivery) string
	// TLS replaces the default settings, for a private certificate authority.
	TLS *tls.Config
}

// Gateway sends through one relay. It is safe for concurrent use.
type Gateway struct {
	config      Config
	leaves      channels.Leaves
	now         func() time.Time
	unsubscribe func(channels.Delivery) string
	from        *netmail.Address
	domain      string // of From
	signer      *signer
	pool        *pool
	composed    atomic.Pointer[[]*composed]
}

var (
	_ channels.Adapter = (*Gateway)(nil)
	_ channels.Prober  = (*Gateway)(nil)
)

// New checks the configuration (alerting.ErrInvalid, naming the field) and connects to nobody yet.
func New(c Config, d Deps) (*Gateway, error) {
	from, err := c.check()
	if err != nil {
		return nil, fmt.Errorf("mail gateway: %w", err)
	}
	c.fill(from)
	if d.Now == nil {
		d.Now = time.Now
	}
	g := &Gateway{config: c, now: d.Now, leaves: d.Leaves, unsubscribe: d.Unsubscribe, from: from, domain: domainOf(from.Address)}
	if c.DKIM != nil {
		if g.signer, err = newSigner(*c.DKIM); err != nil {
			return nil, fmt.Errorf("mail gateway: %w", err)
		}
	}
	g.composed.Store(new([]*composed))
	g.pool = newPool(c, d)
	return g, nil
}

// check names the first field that cannot work, and parses the sender.
func (c *Config) check() (*netmail.Address, error) {
	bad := func(field, why string) error { return fmt.Errorf("%w: %s: %s", alerting.ErrInvalid, field, why) }
	host, port, err := net.SplitHostPort(c.Address)
	if number, portErr := strconv.Atoi(port); err != nil || host == "" || portErr != nil || number < 1 || number > 65535 {
		return nil, bad("address", "want host:port")
	}
	switch c.Security {
	case "", StartTLS, ImplicitTLS, Plain:
	default:
		return nil, bad("security", "want starttls, tls or none")
	}
	if (c.Username == "") != (c.Password == "") {
		return nil, bad("credentials", "username and password belong together")
	}
	if c.Username != "" && c.Security == Plain && !loopback(host) {
		return nil, bad("credentials", "a password is not sent without TLS")
	}
	if strings.ContainsAny(c.Hello, "\r\n \x00") {
		return nil, bad("hello", "want a host name")
	}
	from, err := netmail.ParseAddress(c.From)
	if err != nil || !ascii(from.Address) || mailbox(from.Address) != nil {
		return nil, bad("from", "want an address, with or without a name")
	}
	if c.EnvelopeFrom != "" && (!ascii(c.EnvelopeFrom) || mailbox(c.EnvelopeFrom) != nil) {
		return nil, bad("envelope from", "want a bare address")
	}
	return from, nil
}

// fill sets what was left to us.
func (c *Config) fill(from *netmail.Address) {
	if c.Security == "" {
		c.Security = StartTLS
	}
	if c.EnvelopeFrom == "" {
		c.EnvelopeFrom = from.Address
	}
	if c.Hello == "" {
		c.Hello = domainOf(from.Address)
	}
	if c.Concurrency <= 0 {
		c.Concurrency = 32
	}
	if c.MaxUses <= 0 {
		c.MaxUses = 1000
	}
	if c.MaxAge <= 0 {
		c.MaxAge = 5 * time.Minute
	}
	if c.MaxIdle <= 0 {
		c.MaxIdle = 30 * time.Second
	}
	if c.DialTimeout <= 0 {
		c.DialTimeout = 3 * time.Second
	}
}

// Send hands one message over. Failures are of type *channels.Failure.
func (g *Gateway) Send(ctx context.Context, d channels.Delivery) (channels.Handed, error) {
	if refused := g.refuse(d); refused != nil {
		return channels.Handed{}, refused
	}
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, channels.SendTimeout)
		defer cancel()
	}
	m, err := g.message(d)
	if err != nil {
		return channels.Handed{}, &channels.Failure{Class: channels.Rejected, Reason: "mail: the message cannot be signed", Err: err}
	}
	// A kept connection may have been closed by the relay in the meantime. As long as nothing was handed over, a fresh
	// one may be tried, once.
	for fresh := false; ; fresh = true {
		s, failure := g.pool.take(ctx, fresh)
		if failure != nil {
			return channels.Handed{}, failure
		}
		if !d.Expires.IsZero() && !d.Expires.After(g.now()) {
			g.pool.give(s)
			return channels.Handed{}, expired()
		}
		used := s.uses > 0
		reference, failure := s.deliver(ctx, m)
		stale := failure != nil && used && !fresh && s.stage == stageMail && s.broken && ctx.Err() == nil
		g.pool.give(s)
		switch {
		case failure == nil:
			return channels.Handed{Reference: reference}, nil
		case !stale:
			return channels.Handed{}, failure
		}
	}
}

func expired() *channels.Failure {
	return &channels.Failure{Class: channels.Expired, Reason: "expired before the hand-over"}
}

// refuse finds what must not be sent.
func (g *Gateway) refuse(d channels.Delivery) *channels.Failure {
	if barred := channels.Barred(g.config.Live, g.leaves, &d, g.now()); barred != nil {
		return barred
	}
	switch {
	case !d.Expires.IsZero() && !d.Expires.After(g.now()):
		return expired()
	case mailbox(d.Address) != nil:
		return &channels.Failure{Class: channels.Rejected, Reason: "mail: " + errAddress.Error()}
	case d.Message == nil || d.Message.Body == "":
		return &channels.Failure{Class: channels.Rejected, Reason: "mail: no text to send"}
	}
	return nil
}

// Probe opens a connection, or takes a kept one, and asks for nothing (NOOP).
func (g *Gateway) Probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, channels.SendTimeout)
	defer cancel()
	s, failure := g.pool.take(ctx, true)
	if failure != nil {
		return fmt.Errorf("probe mail gateway: %w", failure)
	}
	defer g.pool.give(s)
	if failure := s.noop(ctx); failure != nil {
		return fmt.Errorf("probe mail gateway: %w", failure)
	}
	return nil
}

// Close says goodbye on the connections that are idle; sends under way finish and close theirs.
func (g *Gateway) Close() error {
	g.pool.close()
	return nil
}

// loopback reports whether a configured host is this machine, by one of the names to which net/smtp gives a password.
func loopback(host string) bool { return host == "localhost" || host == "127.0.0.1" || host == "::1" }
