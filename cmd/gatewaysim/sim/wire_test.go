package sim

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// echo answers with what it understood.
func echo(_ context.Context, x *exchange) {
	x.kind = "text/plain"
	x.out = fmt.Appendf(x.out, "%s %s %s [%s]", x.method, x.path, x.query, x.body)
}

// scripted is a connection that says what it was given and takes everything.
type scripted struct{ *bytes.Reader }

func (scripted) Write(b []byte) (int, error)        { return len(b), nil }
func (scripted) Close() error                       { return nil }
func (scripted) LocalAddr() net.Addr                { return nil }
func (scripted) RemoteAddr() net.Addr               { return nil }
func (scripted) SetDeadline(time.Time) error        { return nil }
func (scripted) SetReadDeadline(time.Time) error    { return nil }
func (scripted) SetWriteDeadline(t time.Time) error { return nil }

// talk writes raw bytes to an echo of our HTTP loop and returns all that comes back.
func talk(t testing.TB, in string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- serveWire(t.Context(), ln, (*tls.Config)(nil), echo) }()
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	go func() {
		_, _ = io.WriteString(c, in) // a refused request is not read to its end
		_ = c.(*net.TCPConn).CloseWrite()
	}()
	out, _ := io.ReadAll(c) // a reset ends it as well
	_ = c.Close()
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-served; err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestWire(t *testing.T) {
	ok := func(body string) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
	for _, row := range []struct{ name, in, want string }{
		{"plain", "GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n", ok("GET /a b []")},
		{"two in one packet", "POST /1 HTTP/1.1\r\nContent-Length: 2\r\n\r\nhiPOST /2 HTTP/1.1\r\ncontent-length:2\r\n\r\nyo", ok("POST /1  [hi]") + ok("POST /2  [yo]")},
		{"chunked", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\nGET /z HTTP/1.1\r\n\r\n",
			ok("POST /  [abcde]") + ok("GET /z  []")},
		{"continue", "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx", "HTTP/1.1 100 Continue\r\n\r\n" + ok("POST /  [x]")},
		{"close", "GET / HTTP/1.1\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\n\r\n",
			strings.Replace(ok("GET /  []"), "\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1)},
		{"long body", "POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 100_000), ok("POST /  [" + strings.Repeat("x", 100_000) + "]")},
		{"cut off", "POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := talk(t, row.in); got != row.want {
				t.Errorf("got %.300q\nwant %.300q", got, row.want)
			}
		})
	}
	for _, row := range []struct{ name, in, status string }{
		{"no HTTP", "EHLO x\r\n\r\n", "400"},
		{"absolute target", "GET http://x/ HTTP/1.1\r\n\r\n", "400"},
		{"header without colon", "GET / HTTP/1.1\r\nnonsense\r\n\r\n", "400"},
		{"negative length", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "400"},
		{"bad chunk", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400"},
		{"chunk without end", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", "400"},
		{"body too large", "POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", "413"},
		{"chunk too large", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n", "413"},
		{"head too large", "GET / HTTP/1.1\r\nX: " + strings.Repeat("x", 100_000), "413"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := talk(t, row.in); !strings.HasPrefix(got, "HTTP/1.1 "+row.status) && (row.status != "413" || got != "") {
				t.Errorf("got %.100q, want %s", got, row.status)
			}
		})
	}
}

func FuzzWire(f *testing.F) {
	f.Add([]byte("POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"))
	f.Add([]byte("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"))
	f.Fuzz(func(t *testing.T, in []byte) {
		for _, read := range []func(*wire) error{
			func(w *wire) error { _, err := w.read(); return err },
			func(w *wire) error { _, _, err := w.readResponse(); return err },
		} {
			w := &wire{conn: scripted{Reader: bytes.NewReader(in)}, buf: make([]byte, 16)}
			n := 0
			for ; read(w) == nil && n <= len(in); n++ {
				if len(w.x.body) > len(in) {
					t.Fatalf("a body of %d bytes out of %d", len(w.x.body), len(in))
				}
			}
			if n > len(in) {
				t.Fatalf("%d messages out of %d bytes", n, len(in))
			}
		}
	})
}

func FuzzForm(f *testing.F) {
	f.Add([]byte("To=%2B250788000001&From=x&Body=a+b%21&StatusCallback=http%3A%2F%2Fh%2F%3Falert%3D1&ValidityPeriod=5"))
	f.Add([]byte("Body=%&To=%zz&&="))
	f.Fuzz(func(t *testing.T, in []byte) {
		x := &exchange{body: in}
		form, ok := parseForm(x)
		if !ok {
			return
		}
		form.callbackUsable()
		form.validFor()
		alertOf(&form, in, newText(string(form.body)))
		if isE164(form.to) && len(form.to) > 16 {
			t.Fatal("a number of more than 15 digits")
		}
		again := appendEscaped(nil, string(form.body))
		back, ok := appendUnescaped(nil, again)
		if !ok || !bytes.Equal(back, form.body) {
			t.Fatalf("%q escapes to %q and back to %q", form.body, again, back)
		}
	})
}
