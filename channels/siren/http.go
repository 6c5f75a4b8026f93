package siren

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"tocsin/channels"
)

// HTTP is the gateway to sirens that speak HTTP. Every siren is its own server; what they share is the pool of
// connections.
type HTTP struct {
	*core
	client *http.Client
	// recent is the endpoint used last, for Probe.
	recent atomic.Pointer[Endpoint]
}

// NewHTTP makes the gateway; key signs its commands. Close it to end its watches.
func NewHTTP(cfg Config, key ed25519.PrivateKey, now func() time.Time) (*HTTP, error) {
	c, err := newSigner(cfg, key, now)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		// No proxy: sirens are on a network of ours.
		Proxy:                  nil,
		DialContext:            (&net.Dialer{Timeout: 2 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSClientConfig:        c.cfg.TLS.Clone(),
		TLSHandshakeTimeout:    3 * time.Second,
		MaxIdleConns:           1024,
		MaxIdleConnsPerHost:    64,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 16 << 10,
		DisableCompression:     true,
		ForceAttemptHTTP2:      true,
	}
	client := &http.Client{Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &HTTP{core: c, client: client}, nil
}

// Close ends what still watches sirens and drops the connections.
func (g *HTTP) Close() error {
	g.follows.close()
	g.client.CloseIdleConnections()
	return nil
}

// Send implements channels.Adapter.
func (g *HTTP) Send(ctx context.Context, d channels.Delivery) (channels.Handed, error) {
	o, err := g.order(&d, ProtocolHTTP)
	if err != nil {
		return channels.Handed{}, err
	}
	g.recent.Store(&o.endpoint)
	reply, nonce, err := g.instruct(ctx, o)
	if err != nil {
		return g.resolve(ctx, o, nonce, err)
	}
	done, failure := judge(o, reply)
	if done || failure != nil {
		return handed(nonce, done), asError(failure)
	}
	look := g.watch(o)
	wait, cancel := g.readBackContext(ctx)
	defer cancel()
	done, failure = look(wait)
	if !done && failure == nil {
		g.follows.follow(d, nonce, look, func() {})
	}
	return handed(nonce, done), asError(failure)
}

// instruct sends the command, and again where amend has made it better.
func (g *HTTP) instruct(ctx context.Context, o *order) (*Reply, string, error) {
	turn, failure := g.unit(o.endpoint.ID).attempt(ctx, o)
	if failure != nil {
		return nil, "", failure
	}
	defer turn.end()
	for {
		envelope, nonce, err := g.command(o)
		if err != nil {
			return nil, "", fail(channels.Transient, "could not sign", err)
		}
		reply, err := g.patient(ctx, o, envelope, nonce)
		if err != nil {
			return nil, nonce, err
		}
		g.seen.mark(o.endpoint.ID)
		if !g.amend(o, reply) {
			return reply, nonce, nil
		}
		if err := turn.called(); err != nil {
			return nil, nonce, fail(channels.Rejected, err.Error(), err)
		}
	}
}

// patient posts, but leaves a quarter of the time to ask for the status should no answer come.
func (g *HTTP) patient(ctx context.Context, o *order, envelope []byte, nonce string) (*Reply, error) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)*3/4)
		defer cancel()
	}
	return g.post(ctx, o, envelope, nonce)
}

// resolve asks the siren where it stands after an answer was lost: it may sound. Every other error stays as it is.
func (g *HTTP) resolve(ctx context.Context, o *order, nonce string, err error) (channels.Handed, error) {
	if channels.FailureOf(err).Class != channels.Lost {
		return channels.Handed{}, err
	}
	if reply, statusErr := g.status(ctx, &o.endpoint); statusErr == nil {
		if done, _ := judge(o, reply); done {
			return handed(nonce, true), nil
		}
	}
	return channels.Handed{}, asStop(o, err)
}

// watch looks at the status until it is judged.
func (g *HTTP) watch(o *order) watch {
	return func(ctx context.Context) (bool, *channels.Failure) {
		for pause(ctx, g.cfg.Poll) {
			reply, err := g.status(ctx, &o.endpoint)
			if err != nil {
				continue // It took the command; a lost look at it changes nothing.
			}
			// A status of another command's refusal says nothing about ours.
			if done, failure := judge(o, reply); done || (failure != nil && reply.State == Faulty && reply.Alert == o.alert) {
				return done, failure
			}
		}
		return false, nil
	}
}

// post sends one envelope. The reply carries the nonce, so an old one cannot be played back.
func (g *HTTP) post(ctx context.Context, o *order, envelope []byte, nonce string) (*Reply, error) {
	var wrote atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { wrote.Store(true) }})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, o.endpoint.URL+"/v1/command", bytes.NewReader(envelope))
	if err != nil {
		return nil, fail(channels.Rejected, "siren record: url", err)
	}
	// Without GetBody the transport never sends a command a second time by itself.
	req.GetBody = nil
	req.Header.Set("Content-Type", "application/json")
	res, err := g.client.Do(req)
	if err != nil {
		if wrote.Load() {
			return nil, fail(channels.Lost, "no answer from the siren", withoutURL(err))
		}
		return nil, fail(channels.Transient, "siren not reached", withoutURL(err))
	}
	defer drop(res.Body)
	reply, err := g.read(res, &o.endpoint)
	if failure := statusFailure(res, reply); failure != nil {
		if failure.Class == channels.Rejected && g.deviceKey(&o.endpoint) != nil {
			failure.Class = channels.Transient // a refusal that the siren did not sign may be anybody's
		}
		return nil, failure
	}
	// A device that could not verify the command does not know its nonce.
	if blind := err == nil && reply.State == Refused && reply.Nonce == ""; err == nil && reply.Nonce != nonce && !blind {
		err = fmt.Errorf("%w: it answers another command", errReply)
	}
	if err != nil {
		return nil, fail(channels.Lost, "the siren's answer was not understood", err)
	}
	return reply, nil
}

// status asks a siren where it stands.
func (g *HTTP) status(ctx context.Context, e *Endpoint) (*Reply, error) {
	challenge, err := g.nonce()
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, e.URL+"/v1/status?challenge="+url.QueryEscape(challenge), nil)
	if err != nil {
		return nil, err
	}
	res, err := g.client.Do(req)
	if err != nil {
		return nil, withoutURL(err)
	}
	defer drop(res.Body)
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: status %d", errReply, res.StatusCode)
	}
	reply, err := g.read(res, e)
	if err != nil {
		return nil, err
	}
	if reply.Challenge != challenge {
		return nil, fmt.Errorf("%w: an old status", errReply)
	}
	g.seen.mark(e.ID)
	return reply, nil
}

func (g *HTTP) read(res *http.Response, e *Endpoint) (*Reply, error) {
	data, err := io.ReadAll(io.LimitReader(res.Body, MaxEnvelope+1))
	if err != nil {
		return nil, err
	}
	r, err := readReply(data, e.ID, g.deviceKey(e))
	if err != nil {
		return nil, err
	}
	return &r, nil
}

// statusFailure is what an HTTP status means where the body is no reply of the siren itself; nil when it is one, or
// when the status is 2xx.
func statusFailure(res *http.Response, reply *Reply) *channels.Failure {
	code := res.StatusCode
	if reply != nil || code/100 == 2 {
		return nil
	}
	f := fail(channels.Rejected, fmt.Sprintf("siren answered http %d", code), nil)
	switch {
	case code == http.StatusTooManyRequests, code == http.StatusServiceUnavailable:
		f.Class, f.RetryAfter = channels.Transient, retryAfter(res.Header)
	case code/100 == 3:
		f.Class, f.Reason = channels.Transient, fmt.Sprintf("siren answered http %d; redirects are not followed", code)
	case code >= 500, code == http.StatusRequestTimeout, code == http.StatusTooEarly:
		f.Class = channels.Transient
	}
	return f
}

// retryAfter reads the header's seconds; the form with a date is not used by devices.
func retryAfter(h http.Header) time.Duration {
	n, err := strconv.ParseUint(h.Get("Retry-After"), 10, 16)
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Second
}

// Status asks one siren where it stands: a link test that makes no sound.
func (g *HTTP) Status(ctx context.Context, e Endpoint) (Reply, error) {
	r, err := g.status(ctx, &e)
	if err != nil {
		return Reply{}, fmt.Errorf("ask siren %s for its status: %w", e.ID, err)
	}
	return *r, nil
}

// Probe implements channels.Prober: Config.ProbeURL answers below 500, or the siren used last gives its status. A
// gateway that has neither has nothing to ask and reports no error.
func (g *HTTP) Probe(ctx context.Context) error {
	if g.cfg.ProbeURL == "" {
		if e := g.recent.Load(); e != nil {
			_, err := g.Status(ctx, *e)
			return err
		}
		return nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, g.cfg.ProbeURL, nil)
	if err != nil {
		return fmt.Errorf("probe siren gateway %s: %w", g.cfg.Name, err)
	}
	res, err := g.client.Do(req)
	if err != nil {
		return fmt.Errorf("probe siren gateway %s: %w", g.cfg.Name, withoutURL(err))
	}
	defer drop(res.Body)
	if res.StatusCode >= 500 {
		return fmt.Errorf("probe siren gateway %s: http %d", g.cfg.Name, res.StatusCode)
	}
	return nil
}

// withoutURL takes the address out of an error of the HTTP client.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// drop empties a body a little, so that its connection can be used again, and closes it.
func drop(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, MaxEnvelope)
	_ = body.Close()
}

func handed(reference string, delivered bool) channels.Handed {
	return channels.Handed{Reference: reference, Delivered: delivered}
}

// asError keeps a nil failure from becoming an error that is not nil.
func asError(f *channels.Failure) error {
	if f == nil {
		return nil
	}
	return f
}
