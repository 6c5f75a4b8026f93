package push

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"

	"tocsin/channels"
)

// call is one request: the HTTPClient that webpush-go sends through. It is the bare transport, so that no redirect is
// ever followed.
type call struct {
	gateway *Gateway
	origin  *origin
	// sent is true once the library had a request to send: what fails before is the subscription's fault.
	sent bool
	// connected is true once the request was given to a connection: from there on nobody can say that it did not leave.
	connected bool
}

// Do sends the library's request.
func (c *call) Do(r *http.Request) (*http.Response, error) {
	c.sent = true
	return c.gateway.transport.RoundTrip(r)
}

// traced is a context with an eye on the connection. The transport asks for a connection again only when it is sure
// that nothing was written to the first.
func (c *call) traced(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { c.connected = false },
		GotConn: func(httptrace.GotConnInfo) { c.connected = true },
	})
}

// failed turns an error without an answer into a Failure.
func (c *call) failed(err error) *channels.Failure {
	if !c.sent {
		return &channels.Failure{Class: channels.Rejected, Reason: "push: " + errKeys.Error(), Err: err}
	}
	if !errors.Is(err, context.Canceled) {
		c.origin.failed(c.gateway.now())
	}
	if !c.connected {
		return &channels.Failure{Class: channels.Transient, Reason: "push: " + trouble(err, "connection failed"), Err: err}
	}
	return &channels.Failure{Class: channels.Lost, Reason: "push: " + trouble(err, "connection lost"), Err: err}
}

// maxAnswer is the most bytes that are read of an answer's body, only to keep its connection in use. What it says does
// not matter.
const maxAnswer = 4 << 10

// answered reads the status of an answer (RFC 8030 §5, §7, §8).
func (c *call) answered(r *http.Response, endpoint string) (channels.Handed, error) {
	_, _ = io.CopyN(io.Discard, r.Body, maxAnswer)
	_ = r.Body.Close()
	now := c.gateway.now()
	f := &channels.Failure{Class: channels.Rejected, Reason: fmt.Sprintf("push: HTTP status %d", r.StatusCode),
		RetryAfter: channels.RetryAfter(r.Header.Get("Retry-After"), now)}
	switch s := r.StatusCode; {
	case s == http.StatusOK, s == http.StatusCreated, s == http.StatusAccepted, s == http.StatusNoContent:
		c.origin.took(now)
		return channels.Handed{Reference: reference(r.Header.Get("Location"), endpoint)}, nil
	case s == http.StatusNotFound, s == http.StatusGone:
		f.Class = channels.Gone
		f.Reason += ": the subscription no longer exists"
	case s == http.StatusTooManyRequests, s == http.StatusNotAcceptable:
		// 406 is how Windows' service says 429.
		c.origin.pause(now, f.RetryAfter)
		f.Class = c.gateway.origins.waiting(c.origin, now)
		f.Reason += ": too many requests"
	case s == http.StatusUnauthorized, s == http.StatusForbidden:
		f.Class = c.origin.refusedKey()
		f.Reason += ": our key is refused"
	case s == http.StatusRequestEntityTooLarge:
		f.Reason += ": payload too long"
	case s >= 500, s == http.StatusRequestTimeout, s == http.StatusProxyAuthRequired:
		f.Class = channels.Transient
	case s < 400:
		f.Class = channels.Transient
		f.Reason += ": redirects are not followed"
	}
	return channels.Handed{}, f
}

// reference is the push service's name for the message: the last part of Location (RFC 8030 §5.3), unless it is long or
// tells the endpoint.
func reference(location, endpoint string) string {
	name := location[strings.LastIndexByte(location, '/')+1:]
	if len(name) > 64 || strings.Contains(endpoint, name) {
		return ""
	}
	for _, c := range []byte(name) {
		if c <= ' ' || c > '~' {
			return ""
		}
	}
	return name
}

// trouble is channels.Trouble, with the refusals of our own doors.
func trouble(err error, otherwise string) string {
	if errors.Is(err, errPrivate) && !errors.Is(err, context.Canceled) {
		return errPrivate.Error()
	}
	return channels.Trouble(err, otherwise)
}
