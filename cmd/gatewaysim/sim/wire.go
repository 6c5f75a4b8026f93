package sim

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Why not net/http: a keep-alive request costs its server 20 µs of CPU on the machines this was measured on, and this
// loop 8 µs. The simulator shares its cores with the system under test, and most faults need the naked connection.

// The bounds of one request.
const (
	maxHead = 64 << 10
	maxBody = 1 << 20
)

// manner is how an answer goes out.
type manner uint8

const (
	plain manner = iota
	silent
	dripping
	resetting
)

// exchange is one HTTP/1.1 request and its answer. The byte slices live in the connection's buffer: they end with the
// handler.
type exchange struct {
	method, path, query []byte
	fields              []field
	body                []byte

	status int
	// kind is the content type of out.
	kind   string
	extra  []byte // further header lines, each with CRLF
	out    []byte
	manner manner
	drip   time.Duration

	scratch []byte // for the handler's own use
}

type field struct{ name, value []byte }

// header is the value of the first header field of that name, nil when there is none.
func (x *exchange) header(name string) []byte {
	for i := range x.fields {
		if equalFold(x.fields[i].name, name) {
			return x.fields[i].value
		}
	}
	return nil
}

// equalFold compares ASCII letters without case.
func equalFold(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i := range b {
		x, y := b[i], s[i]
		if x != y && (x|0x20 != y|0x20 || x|0x20 < 'a' || x|0x20 > 'z') {
			return false
		}
	}
	return true
}

// addHeader adds a line to the answer.
func (x *exchange) addHeader(name, value string) {
	x.extra = append(append(append(append(x.extra, name...), ": "...), value...), "\r\n"...)
}

// serveWire answers the requests of every connection with handle until the listener is closed.
func serveWire(ctx context.Context, ln net.Listener, secure *tls.Config, handle func(context.Context, *exchange)) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		c, err := ln.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return nil
			}
			return fmt.Errorf("accept: %w", err)
		}
		if secure != nil {
			c = tls.Server(c, secure)
		}
		wg.Go(func() { (&wire{conn: c, buf: make([]byte, 4096)}).serve(ctx, handle) })
	}
}

// wire is one connection.
type wire struct {
	conn net.Conn
	buf  []byte
	r, w int // buf[r:w] is read but not used
	x    exchange
	resp []byte
}

var (
	errTooLarge  = errors.New("request too large")
	errMalformed = errors.New("malformed request")
)

func (c *wire) serve(ctx context.Context, handle func(context.Context, *exchange)) {
	defer func() { _ = c.conn.Close() }() // the peer may have closed it before
	for {
		keep, err := c.read()
		if err != nil {
			c.complain(err)
			return
		}
		handle(ctx, &c.x)
		if !c.answer(ctx, keep) || !keep {
			return
		}
	}
}

// complain tells the peer why its request was not understood.
func (c *wire) complain(err error) {
	c.x.extra, c.x.manner, c.x.kind = c.x.extra[:0], plain, "text/plain"
	switch {
	case errors.Is(err, errTooLarge):
		c.x.status = http.StatusRequestEntityTooLarge
	case errors.Is(err, errMalformed):
		c.x.status = http.StatusBadRequest
	default:
		return // the connection ended
	}
	c.x.out = append(c.x.out[:0], err.Error()...)
	c.answer(context.Background(), false)
}

// read takes the next request into x and reports whether the connection is to be kept.
func (c *wire) read() (bool, error) {
	c.shift()
	head, err := c.readHead()
	if err != nil {
		return false, err
	}
	if err := c.parseHead(head); err != nil {
		return false, err
	}
	keep := !equalFold(c.x.header("Connection"), "close")
	if equalFold(c.x.header("Expect"), "100-continue") {
		if _, err := io.WriteString(c.conn, "HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
			return false, err
		}
	}
	if equalFold(c.x.header("Transfer-Encoding"), "chunked") {
		return keep, c.readChunks()
	}
	length := c.x.header("Content-Length")
	if length == nil {
		c.x.body = nil
		return keep, nil
	}
	n, err := strconv.Atoi(string(length))
	if err != nil || n < 0 {
		return false, errMalformed
	}
	if n > maxBody {
		return false, errTooLarge
	}
	c.x.body, err = c.take(n)
	return keep, err
}

// shift moves what is unread to the front of the buffer. Nothing of an earlier request is in use any more.
func (c *wire) shift() {
	if c.r > 0 {
		c.w = copy(c.buf, c.buf[c.r:c.w])
		c.r = 0
	}
}

// readHead returns the bytes up to and without the empty line.
func (c *wire) readHead() ([]byte, error) {
	seen := 0
	for {
		if i := bytes.Index(c.buf[seen:c.w], []byte("\r\n\r\n")); i >= 0 {
			c.r = seen + i + 4
			return c.buf[:seen+i+2], nil
		}
		seen = max(0, c.w-3)
		if c.w > maxHead {
			return nil, errTooLarge
		}
		if err := c.fill(); err != nil {
			return nil, err
		}
	}
}

// fill reads once more; a full buffer is doubled, and slices of the old one stay valid.
func (c *wire) fill() error {
	if c.w == len(c.buf) {
		bigger := make([]byte, 2*len(c.buf))
		copy(bigger, c.buf)
		c.buf = bigger
	}
	n, err := c.conn.Read(c.buf[c.w:])
	c.w += n
	if n > 0 {
		return nil
	}
	return err
}

// take returns the next n bytes.
func (c *wire) take(n int) ([]byte, error) {
	for c.w-c.r < n {
		if err := c.fill(); err != nil {
			return nil, err
		}
	}
	b := c.buf[c.r : c.r+n]
	c.r += n
	return b, nil
}

// takeLine returns the next line without CRLF.
func (c *wire) takeLine() ([]byte, error) {
	for {
		if i := bytes.IndexByte(c.buf[c.r:c.w], '\n'); i >= 0 {
			line := bytes.TrimSuffix(c.buf[c.r:c.r+i], []byte("\r"))
			c.r += i + 1
			return line, nil
		}
		if c.w-c.r > maxHead {
			return nil, errTooLarge
		}
		if err := c.fill(); err != nil {
			return nil, err
		}
	}
}

// readChunks joins a chunked body (RFC 9112 §7.1); trailers are dropped.
func (c *wire) readChunks() error {
	var body []byte
	for {
		line, err := c.takeLine()
		if err != nil {
			return err
		}
		size, _, _ := bytes.Cut(line, []byte(";"))
		n, err := strconv.ParseUint(string(bytes.TrimSpace(size)), 16, 31)
		if err != nil {
			return errMalformed
		}
		if n == 0 {
			break
		}
		if len(body)+int(n) > maxBody {
			return errTooLarge
		}
		chunk, err := c.take(int(n))
		if err != nil {
			return err
		}
		body = append(body, chunk...)
		if line, err := c.takeLine(); err != nil || len(line) > 0 {
			return errors.Join(errMalformed, err)
		}
	}
	c.x.body = body
	for {
		if line, err := c.takeLine(); err != nil || len(line) == 0 {
			return err
		}
	}
}

// parseHead splits request line and header fields (RFC 9112 §3 and §5).
func (c *wire) parseHead(head []byte) error {
	line, rest, _ := bytes.Cut(head, []byte("\r\n"))
	method, line, ok := bytes.Cut(line, []byte(" "))
	target, version, ok2 := bytes.Cut(line, []byte(" "))
	if !ok || !ok2 || !bytes.HasPrefix(version, []byte("HTTP/1.")) || len(target) == 0 || target[0] != '/' {
		return errMalformed
	}
	x := &c.x
	x.method = method
	x.path, x.query, _ = bytes.Cut(target, []byte("?"))
	if err := x.parseFields(rest); err != nil {
		return err
	}
	x.status, x.kind, x.manner, x.drip = http.StatusOK, "application/json", plain, 0
	x.extra, x.out, x.body = x.extra[:0], x.out[:0], nil
	return nil
}

// parseFields splits header lines.
func (x *exchange) parseFields(lines []byte) error {
	x.fields = x.fields[:0]
	for len(lines) > 0 {
		var line []byte
		line, lines, _ = bytes.Cut(lines, []byte("\r\n"))
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || len(name) == 0 {
			return errMalformed
		}
		x.fields = append(x.fields, field{name, bytes.Trim(value, " \t")})
	}
	return nil
}

// answer writes the answer in its manner and reports whether the connection can go on.
func (c *wire) answer(ctx context.Context, keep bool) bool {
	x := &c.x
	switch x.manner {
	case silent:
		c.waitForEnd()
		return false
	case resetting:
		reset(c.conn)
		return false
	}
	b := append(c.resp[:0], "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(x.status), 10)
	b = append(append(b, ' '), http.StatusText(x.status)...)
	b = append(append(b, "\r\nContent-Type: "...), x.kind...)
	b = append(b, "\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(x.out)), 10)
	b = append(b, "\r\n"...)
	b = append(b, x.extra...)
	if !keep {
		b = append(b, "Connection: close\r\n"...)
	}
	b = append(b, "\r\n"...)
	if len(x.out) > maxBody { // a big body is not kept in the buffer
		c.resp = b
		if _, err := c.conn.Write(b); err != nil {
			return false
		}
		_, err := c.conn.Write(x.out)
		x.out = nil
		return err == nil
	}
	b = append(b, x.out...)
	c.resp = b
	if x.manner == dripping {
		return c.dripOut(ctx, b, x.drip)
	}
	_, err := c.conn.Write(b)
	return err == nil
}

// waitForEnd reads until the peer or Close ends the connection.
func (c *wire) waitForEnd() {
	for {
		if _, err := c.conn.Read(c.buf); err != nil {
			return
		}
	}
}

// dripOut writes one byte per step.
func (c *wire) dripOut(ctx context.Context, b []byte, step time.Duration) bool {
	for i := range b {
		if _, err := c.conn.Write(b[i : i+1]); err != nil {
			return false
		}
		if !pause(ctx, step) {
			return false
		}
	}
	return true
}

// pause waits and reports false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
