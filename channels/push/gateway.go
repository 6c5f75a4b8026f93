// Package push hands encrypted messages to the push services of browsers (RFC 8030, RFC 8291, RFC 8292).
//
// It stands apart because it is the only package that knows webpush-go, and because its addresses are dangerous: a
// subscription is a URL that a stranger chose and that we call. What always holds: only push services of the list are
// called, over https on port 443, never through a redirect, and never at an address inside our own networks, which is
// checked when the connection is made (OWASP ASVS 5.0, 1.3.6); one call of Send makes one request, never two; no
// endpoint and no key stands in an error; and only 404 and 410 mean that a subscription is gone.
//
// One gateway speaks to several push services. What one of them does (429, an outage) closes that service for a while
// and not the others; see origin.
//
// Why not HTTP/2: a dead connection would take all the deliveries with it that share it.
package push

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	webpush "github.com/SherClockHolmes/webpush-go"

	"tocsin/channels"
)

// Config is one web push gateway.
type Config struct {
	// Live is true when messages reach real browsers: then only the world Actual is carried, and neither AllowPrivate
	// nor InsecureOrigins may be set.
	Live bool
	// VAPIDPublicKey and VAPIDPrivateKey are the application server's pair in unpadded base64url: 65 and 32 bytes.
	VAPIDPublicKey  string
	VAPIDPrivateKey string
	// Subscriber is whom a push service may turn to: an e-mail address or an https URL (RFC 8292 §2.1).
	Subscriber string
	// Services are the hosts that may be called: exact, or beginning with a dot for all hosts below. Empty means
	// DefaultServices.
	Services []string
	// AllowPrivate are hosts of Services that may lie in private networks, for tests and demonstrations.
	AllowPrivate []string
	// InsecureOrigins ("http://127.0.0.1:8090") are allowed as they stand, besides Services, for a simulator.
	InsecureOrigins []string
	// Lean encrypts each message with the standard library and lets webpush-go sign one VAPID token for each push service
	// and hour. Otherwise webpush-go does both for every message, which takes twice the processor time.
	Lean bool
	// Concurrency is the number of connections kept open to each push service; 0 means 64.
	Concurrency int
	// DialTimeout bounds connecting and the TLS handshake, each; 0 means 3 s.
	DialTimeout time.Duration
}

// DefaultServices are the push services of Chrome and its kin, Firefox, Edge, and Safari.
func DefaultServices() []string {
	return []string{"fcm.googleapis.com", ".push.services.mozilla.com", ".notify.windows.com", ".push.apple.com"}
}

// Deps is what a gateway needs from outside.
type Deps struct {
	// Now is the clock; nil means time.Now. (webpush-go dates its VAPID tokens by time.Now.)
	Now func() time.Time
	// Leaves says which tests may pass a live gateway; nil: none.
	Leaves channels.Leaves
	// TLS replaces the default settings, for a private certificate authority.
	TLS *tls.Config
	// Resolver replaces the system's.
	Resolver *net.Resolver
}

// Gateway sends to push services. It is safe for concurrent use.
type Gateway struct {
	config    Config
	leaves    channels.Leaves
	now       func() time.Time
	services  services
	transport *http.Transport
	origins   origins
}

var (
	_ channels.Adapter = (*Gateway)(nil)
	_ channels.Prober  = (*Gateway)(nil)
)

// New checks the configuration (alerting.ErrInvalid, naming the field) and prepares the connections; it sends nothing.
func New(c Config, d Deps) (*Gateway, error) {
	if err := c.checkKeys(); err != nil {
		return nil, fmt.Errorf("push gateway: %w", err)
	}
	list, err := newServices(c)
	if err != nil {
		return nil, fmt.Errorf("push gateway: %w", err)
	}
	if c.Concurrency <= 0 {
		c.Concurrency = 64
	}
	if c.DialTimeout <= 0 {
		c.DialTimeout = 3 * time.Second
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	g := &Gateway{config: c, now: d.Now, leaves: d.Leaves, services: list}
	g.origins.known = make(map[string]*origin)
	g.transport = &http.Transport{
		DialContext:            list.dialer(c.DialTimeout, d.Resolver),
		TLSClientConfig:        d.TLS,
		TLSHandshakeTimeout:    c.DialTimeout,
		ResponseHeaderTimeout:  channels.SendTimeout,
		MaxIdleConnsPerHost:    c.Concurrency,
		MaxConnsPerHost:        c.Concurrency,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 16 << 10,
		DisableCompression:     true,
	}
	return g, nil
}

// Send hands one message over. Failures are of type *channels.Failure.
func (g *Gateway) Send(ctx context.Context, d channels.Delivery) (channels.Handed, error) {
	handed, err := g.send(ctx, d)
	var f *channels.Failure
	if errors.As(err, &f) {
		// One push service of several fails; the others go on.
		f.Alone = true
	}
	return handed, err
}

func (g *Gateway) send(ctx context.Context, d channels.Delivery) (channels.Handed, error) {
	ttl, refused := g.refuse(d)
	if refused != nil {
		return channels.Handed{}, refused
	}
	to, err := g.services.subscription(d.Address)
	if err != nil {
		return channels.Handed{}, &channels.Failure{Class: channels.Rejected, Reason: "push: " + err.Error()}
	}
	from := g.origins.of(to.origin)
	if wait := from.closed(g.now()); wait > 0 {
		return channels.Handed{}, &channels.Failure{Class: g.origins.waiting(from, g.now()),
			Reason: "push: the service asked to wait or does not answer", RetryAfter: wait}
	}
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, channels.SendTimeout)
		defer cancel()
	}
	c := &call{gateway: g, origin: from}
	response, err := g.post(c.traced(ctx), c, notification{payload: d.Message.Body, to: to, origin: from, ttl: ttl,
		topic: topic(d.Message.Tag), urgency: webpush.Urgency(d.Message.Urgency)})
	if err != nil {
		return channels.Handed{}, c.failed(err)
	}
	return c.answered(response, to.Endpoint)
}

// notification is one message on its way to one browser.
type notification struct {
	payload string
	to      subscription
	origin  *origin
	ttl     int // seconds
	topic   string
	urgency webpush.Urgency
}

// post encrypts, signs and sends.
func (g *Gateway) post(ctx context.Context, c *call, n notification) (*http.Response, error) {
	if g.config.Lean {
		request, err := g.request(ctx, n)
		if err != nil {
			return nil, err
		}
		return c.Do(request)
	}
	body := []byte(n.payload)
	// The library pads in the caller's slice: its capacity must end where the text ends.
	return webpush.SendNotificationWithContext(ctx, slices.Clip(body), &n.to.Subscription, &webpush.Options{
		HTTPClient: c, RecordSize: recordSize(len(body)), Subscriber: g.config.Subscriber,
		Topic: n.topic, TTL: n.ttl, Urgency: n.urgency,
		VAPIDPublicKey: g.config.VAPIDPublicKey, VAPIDPrivateKey: g.config.VAPIDPrivateKey,
	})
}

// maxTTL is four weeks in seconds, the longest that all push services take.
const maxTTL = 4 * 7 * 24 * 3600

// refuse finds what must not be sent, and otherwise how many seconds a push service may keep the message.
func (g *Gateway) refuse(d channels.Delivery) (int, *channels.Failure) {
	ttl := maxTTL
	if !d.Expires.IsZero() {
		left := d.Expires.Sub(g.now())
		if left <= 0 {
			return 0, &channels.Failure{Class: channels.Expired, Reason: "expired before the hand-over"}
		}
		ttl = int(min(left/time.Second, maxTTL))
	}
	if barred := channels.Barred(g.config.Live, g.leaves, &d, g.now()); barred != nil {
		return 0, barred
	}
	switch {
	case d.Message == nil || d.Message.Body == "":
		return 0, &channels.Failure{Class: channels.Rejected, Reason: "push: no payload to send"}
	case len(d.Message.Body) > maxPayload:
		return 0, &channels.Failure{Class: channels.Rejected, Reason: fmt.Sprintf("push: payload of more than %d bytes", maxPayload)}
	}
	return ttl, nil
}

// Sizes of an encrypted message (RFC 8188 §2, RFC 8291 §4): header (salt 16, record size 4, key length 1, key 65),
// delimiter 1, authentication tag 16. Push services must take 4096 bytes in all (RFC 8030 §7.2).
const (
	overhead   = 16 + 4 + 1 + 65 + 1 + 16
	maxPayload = int(webpush.MaxRecordSize) - overhead
	bucket     = 512
)

// recordSize is the size on the wire. It grows in steps, so that it tells little about the text, and is not always the
// library's 4096, which costs time to send.
func recordSize(payload int) uint32 {
	return uint32((payload + overhead + bucket - 1) / bucket * bucket)
}

// Probe asks every push service that is known by its exact name for any HTTP answer at all, without sending anything to
// a recipient. One that answers is enough; with none known by name there is nothing to ask.
func (g *Gateway) Probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, channels.SendTimeout)
	defer cancel()
	var problems []error
	for _, origin := range g.services.exact() {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, origin+"/", nil)
		if err != nil {
			return fmt.Errorf("probe push service %s: %w", origin, err)
		}
		response, err := g.transport.RoundTrip(request)
		if err == nil {
			return response.Body.Close()
		}
		problems = append(problems, fmt.Errorf("probe push service %s: %w", origin, err))
	}
	return errors.Join(problems...)
}

// Close ends the idle connections; sends under way finish.
func (g *Gateway) Close() error {
	g.transport.CloseIdleConnections()
	return nil
}

// subscriber is the form that webpush-go wants: it puts "mailto:" before everything that is not an https URL.
func subscriber(s string) string { return strings.TrimPrefix(s, "mailto:") }
