package channeltest

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// HTTP is a gateway that speaks HTTP: how it says yes, no, slow down and not now. The other behaviours are the same for
// all of them.
type HTTP struct {
	Accept, Reject, Busy, Transient http.HandlerFunc
	// Garbage answers nonsense; nil means bytes that are not HTTP.
	Garbage http.HandlerFunc
	// Status is the first line's code in Drip and Huge answers; 0 means 201.
	Status int
}

// HTTPServer is a running scripted server.
type HTTPServer struct {
	URL      string
	arrived  atomic.Int64
	followed atomic.Int64
	release  chan struct{}
}

// Arrived counts the requests that came with their whole body, at the right address or where a redirect pointed to.
func (s *HTTPServer) Arrived() int { return int(s.arrived.Load() + s.followed.Load()) }

// Serve starts the server; it ends with the test.
func (h HTTP) Serve(t testing.TB, b Behaviour) *HTTPServer {
	t.Helper()
	s := &HTTPServer{release: make(chan struct{})}
	act := s.handler(h, b)
	mux := http.NewServeMux()
	mux.HandleFunc("/elsewhere", func(w http.ResponseWriter, r *http.Request) {
		s.followed.Add(1)
		h.Accept(w, r)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		s.arrived.Add(1)
		act(w, r)
	})
	if b == Refuse {
		s.URL = "http://" + Nobody(t)
		return s
	}
	server := httptest.NewServer(mux)
	s.URL = server.URL
	t.Cleanup(func() {
		close(s.release)
		server.Close()
	})
	return s
}

// handler is what the server does with a request once it has come in whole.
func (s *HTTPServer) handler(h HTTP, b Behaviour) http.HandlerFunc {
	status := h.Status
	if status == 0 {
		status = http.StatusCreated
	}
	switch b {
	case Reject:
		return h.Reject
	case Busy:
		return h.Busy
	case Transient:
		return h.Transient
	case Silence:
		return func(_ http.ResponseWriter, r *http.Request) { s.hold(r) }
	case Reset:
		return func(w http.ResponseWriter, _ *http.Request) { reset(w) }
	case Garbage:
		if h.Garbage != nil {
			return h.Garbage
		}
		return func(w http.ResponseWriter, _ *http.Request) { hijack(w, []byte("220 this is not HTTP\r\n\r\n")) }
	case Drip:
		return func(w http.ResponseWriter, _ *http.Request) { s.drip(w, status) }
	case Huge:
		return func(w http.ResponseWriter, _ *http.Request) { huge(w, status) }
	case Redirect:
		return func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}
	}
	return h.Accept
}

// hold keeps the request open until the caller or the test ends.
func (s *HTTPServer) hold(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-s.release:
	}
}

// drip writes a good answer one byte at a time, so slowly that it never ends in time.
func (s *HTTPServer) drip(w http.ResponseWriter, status int) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for _, c := range fmt.Appendf(nil, "HTTP/1.1 %d OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n%100000s", status, "") {
		select {
		case <-s.release:
			return
		case <-tick.C:
		}
		if _, err := conn.Write([]byte{c}); err != nil {
			return
		}
	}
}

// huge writes HugeSize blanks, which a JSON reader would read to the end.
func huge(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	chunk := bytes.Repeat([]byte(" "), 1<<15)
	for range HugeSize / len(chunk) {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

// reset ends the connection with a RST instead of an answer.
func reset(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// hijack answers raw bytes and ends the connection.
func hijack(w http.ResponseWriter, raw []byte) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	_, _ = conn.Write(raw)
	_ = conn.Close()
}
