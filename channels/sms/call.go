package sms

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"

	"github.com/twilio/twilio-go/client"

	"tocsin/channels"
)

// maxAnswer is the most bytes that are read of an answer; Twilio's are about 1 KiB.
const maxAnswer = 64 << 10

// newTransport makes the connections of a gateway. HTTP/1.1 on purpose: a dead HTTP/2 connection would take all the
// deliveries with it that share it.
func newTransport(c Config, settings *tls.Config) *http.Transport {
	dialer := &net.Dialer{Timeout: c.DialTimeout, KeepAlive: 15 * time.Second}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        settings,
		TLSHandshakeTimeout:    c.DialTimeout,
		ResponseHeaderTimeout:  channels.SendTimeout,
		MaxIdleConns:           c.Concurrency,
		MaxIdleConnsPerHost:    c.Concurrency,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 16 << 10,
		DisableCompression:     true,
		Proxy:                  nil,
	}
}

// call is one request's client.BaseClient: it carries the context that twilio-go has no room for, and keeps what the
// library drops of the answer.
type call struct {
	gateway *Gateway
	ctx     context.Context //nolint:containedctx // one call lives as long as its request.
	buffer  *[]byte
	// connected is true once the request was given to a connection: from there on nobody can say that it did not leave.
	connected bool
	// What the answer said: HTTP status, Twilio's error code, and how long to wait.
	status     int
	code       int
	retryAfter time.Duration
}

// errAnswered stands for an answer that refuses; status and code of the call tell which.
var errAnswered = errors.New("refused by the gateway")

// SendRequest is what twilio-go calls to do the request. It follows no redirect and reads at most maxAnswer bytes.
func (c *call) SendRequest(method, rawURL string, data url.Values, _ map[string]any, _ ...byte) (*http.Response, error) {
	target, err := c.gateway.target(rawURL)
	if err != nil {
		return nil, err
	}
	request := &http.Request{Method: method, URL: target, Host: target.Host, Header: c.gateway.header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	if method == http.MethodPost {
		// A body of the standard library's own kind goes out in one piece with the header.
		form := data.Encode()
		request.ContentLength = int64(len(form))
		request.Body = io.NopCloser(strings.NewReader(form))
		request.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(form)), nil }
	}
	response, err := c.gateway.transport.RoundTrip(request.WithContext(c.traced()))
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	c.status = response.StatusCode
	c.retryAfter = channels.RetryAfter(response.Header.Get("Retry-After"), c.gateway.now())
	c.buffer = c.gateway.bodies.Get().(*[]byte)
	body, err := readAll((*c.buffer)[:0], response.Body)
	*c.buffer = body
	if c.status < 200 || c.status > 299 || !bytes.Contains(body, []byte(`"sid"`)) {
		c.readError(body)
	}
	if c.status < 200 || c.status > 299 {
		return nil, errAnswered
	}
	if err != nil {
		return nil, err
	}
	if method == http.MethodPost {
		body = brief(body)
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}

// traced is the call's context with an eye on the connection. The transport asks for a connection again only when it is
// sure that nothing was written to the first.
func (c *call) traced() context.Context {
	return httptrace.WithClientTrace(c.ctx, &httptrace.ClientTrace{
		GetConn: func(string) { c.connected = false },
		GotConn: func(httptrace.GotConnInfo) { c.connected = true },
	})
}

// readError looks for Twilio's error code in an answer. Its text is not used: it repeats the phone number.
func (c *call) readError(body []byte) {
	var answer client.TwilioRestError
	if json.Unmarshal(body, &answer) == nil && answer.Code > 0 {
		c.code = answer.Code
	}
}

// release gives the buffer back once twilio-go has read the answer.
func (c *call) release() {
	if c.buffer != nil {
		c.gateway.bodies.Put(c.buffer)
		c.buffer = nil
	}
}

// AccountSid, SetTimeout, SetOauth and OAuth complete client.BaseClient.
func (c *call) AccountSid() string { return c.gateway.config.AccountSID }

// SetTimeout does nothing: the context bounds the request.
func (c *call) SetTimeout(time.Duration) {}

// SetOauth does nothing: the gateway's own credentials are used.
func (c *call) SetOauth(client.OAuth) {}

// OAuth is always nil.
func (c *call) OAuth() client.OAuth { return nil }

// target moves the address that twilio-go built onto the configured base. That of new messages is always the same and
// was prepared by New.
func (g *Gateway) target(rawURL string) (*url.URL, error) {
	if rawURL == g.createURL {
		return g.create, nil
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, err
	}
	if g.base != nil {
		u.Scheme, u.Host, u.Path = g.base.Scheme, g.base.Host, g.base.Path+u.Path
	}
	return u, nil
}

// readAll appends what r holds to b; maxAnswer bytes or more are an error.
func readAll(b []byte, r io.Reader) ([]byte, error) {
	for {
		if len(b) >= maxAnswer {
			return b, fmt.Errorf("an answer of %d bytes or more", maxAnswer)
		}
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Read(b[len(b):min(cap(b), maxAnswer)])
		b = b[:len(b)+n]
		if errors.Is(err, io.EOF) {
			return b, nil
		}
		if err != nil {
			return b, err
		}
	}
}
