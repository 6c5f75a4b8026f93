package sim

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"hash"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// caller is one worker's way to post: buffers and the connections that it keeps, one per host.
type caller struct {
	conf   *CallbackConfig
	mac    hash.Hash
	params []param
	body   []byte
	req    []byte

	mu     sync.Mutex
	conns  map[string]*call
	closed bool
}

// call is a kept connection.
type call struct {
	net.Conn
	in wire
}

func newCaller(conf *CallbackConfig, token string) *caller {
	return &caller{conf: conf, mac: hmac.New(sha1.New, []byte(token)), conns: map[string]*call{}}
}

// hangUp closes all connections for good; a call under way fails.
func (k *caller) hangUp() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed = true
	for host, c := range k.conns {
		_ = c.Close() // nothing is lost with it
		delete(k.conns, host)
	}
}

// sign is X-Twilio-Signature: base64 of HMAC-SHA1 over the URL and all fields, sorted by name, name and value run together.
func (k *caller) sign(url string, form []param) string {
	k.mac.Reset()
	k.body = append(k.body[:0], url...)
	for _, p := range form {
		k.body = append(append(k.body, p.name...), p.value...)
	}
	k.mac.Write(k.body)
	return base64.StdEncoding.EncodeToString(k.mac.Sum(nil))
}

// call posts a form and returns the status. A kept connection that proves closed is replaced once.
func (k *caller) call(ctx context.Context, form []param, url string) (int, error) {
	t, ok := parseTarget(url)
	if !ok {
		return 0, fmt.Errorf("callback: unusable URL")
	}
	signature := k.sign(url, form)
	k.body = k.body[:0]
	for i, p := range form {
		if i > 0 {
			k.body = append(k.body, '&')
		}
		k.body = appendEscaped(append(append(k.body, p.name...), '='), p.value)
	}
	b := append(append(k.req[:0], "POST "...), t.path...)
	b = append(append(b, " HTTP/1.1\r\nHost: "...), t.header...)
	b = append(b, "\r\nUser-Agent: TwilioProxy/1.1\r\nAccept: */*\r\nContent-Type: application/x-www-form-urlencoded\r\nX-Twilio-Signature: "...)
	b = append(append(b, signature...), "\r\nContent-Length: "...)
	b = append(strconv.AppendInt(b, int64(len(k.body)), 10), "\r\n\r\n"...)
	k.req = append(b, k.body...)
	for {
		c, kept, err := k.dial(ctx, &t)
		if err != nil {
			return 0, err
		}
		code, begun, err := k.exchange(c, t)
		if err == nil {
			return code, nil
		}
		k.forget(t, c)
		if !kept || begun {
			return 0, err
		}
	}
}

// dial finds or opens the connection to a host.
func (k *caller) dial(ctx context.Context, t *target) (c *call, kept bool, err error) {
	key := t.key()
	k.mu.Lock()
	c = k.conns[key]
	k.mu.Unlock()
	if c != nil {
		return c, true, nil
	}
	ctx, cancel := context.WithTimeout(ctx, k.conf.Timeout)
	defer cancel()
	dialer := &net.Dialer{}
	var conn net.Conn
	if t.secure {
		conn, err = (&tls.Dialer{NetDialer: dialer, Config: k.conf.TLS}).DialContext(ctx, "tcp", t.host)
	} else {
		conn, err = dialer.DialContext(ctx, "tcp", t.host)
	}
	if err != nil {
		return nil, false, fmt.Errorf("callback: %w", err)
	}
	c = &call{Conn: conn, in: wire{conn: conn, buf: make([]byte, 2048)}}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		_ = conn.Close() // we are closing down
		return nil, false, net.ErrClosed
	}
	k.conns[key] = c
	return c, false, nil
}

func (t *target) key() string {
	if t.secure {
		return "tls " + t.host
	}
	return t.host
}

func (k *caller) forget(t target, c *call) {
	_ = c.Close() // it failed already
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.conns[t.key()] == c {
		delete(k.conns, t.key())
	}
}

// exchange writes the request and reads the answer; begun says that some of the answer came.
func (k *caller) exchange(c *call, t target) (code int, begun bool, err error) {
	if err := c.SetDeadline(time.Now().Add(k.conf.Timeout)); err != nil {
		return 0, false, err
	}
	if _, err := c.Write(k.req); err != nil {
		return 0, false, err
	}
	code, keep, err := c.in.readResponse()
	if err != nil {
		return 0, c.in.w > 0, err
	}
	if !keep {
		k.forget(t, c)
	}
	return code, true, nil
}

// appendEscaped form-encodes a value.
func appendEscaped(b []byte, s string) []byte {
	const digits = "0123456789ABCDEF"
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.', c == '*':
			b = append(b, c)
		case c == ' ':
			b = append(b, '+')
		default:
			b = append(b, '%', digits[c>>4], digits[c&15])
		}
	}
	return b
}

// readResponse reads one answer and drops its body; keep says whether the connection can be used again.
func (c *wire) readResponse() (code int, keep bool, err error) {
	c.shift()
	head, err := c.readHead()
	if err != nil {
		return 0, false, err
	}
	x := &c.x
	code, err = parseResponseHead(head, x)
	if err != nil {
		return 0, false, err
	}
	keep = !equalFold(x.header("Connection"), "close")
	switch length := x.header("Content-Length"); {
	case code == http.StatusNoContent || code == http.StatusNotModified:
	case equalFold(x.header("Transfer-Encoding"), "chunked"):
		err = c.readChunks()
	case length == nil:
		keep = false // the body ends with the connection
	default:
		n, convErr := strconv.Atoi(string(length))
		if convErr != nil || n < 0 || n > maxBody {
			return 0, false, errMalformed
		}
		_, err = c.take(n)
	}
	return code, keep, err
}

// parseResponseHead reads status line and fields of an answer (RFC 9112 §4).
func parseResponseHead(head []byte, x *exchange) (int, error) {
	line, rest, _ := bytes.Cut(head, []byte("\r\n"))
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.")) {
		return 0, errMalformed
	}
	code, err := strconv.Atoi(string(line[9:12]))
	if err != nil {
		return 0, errMalformed
	}
	return code, x.parseFields(rest)
}
