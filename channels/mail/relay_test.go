package mail

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tocsin/channels/channeltest"
)

// relay is a scripted SMTP server: what it answers to each verb, and what it does at the end of a message.
type relay struct {
	address string
	// answers replaces the good answer to a verb ("MAIL", "RCPT", "DATA", "EHLO", "AUTH", "greeting", "end").
	// The answer hangUp ends the connection without a word.
	answers map[string]string
	// end replaces the answer to the final dot; it may do anything to the connection.
	end func(net.Conn)
	// offers are the lines of the EHLO answer.
	offers []string
	// careless lets a message begin for nobody.
	careless bool

	recipients atomic.Int64 // RCPT commands
	sessions   atomic.Int64
	ahead      atomic.Int64 // MAIL commands behind which the next came without waiting
	mu         sync.Mutex
	commands   []string
	messages   [][]byte // as they came over the wire, final dot left out
	stop       chan struct{}
	conns      map[net.Conn]bool
}

const hangUp = "hang up"

// serve starts the relay; it ends with the test.
func (r *relay) serve(t testing.TB) *relay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.address, r.stop, r.conns = listener.Addr().String(), make(chan struct{}), make(map[net.Conn]bool)
	var sessions sync.WaitGroup
	sessions.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			r.mu.Lock()
			r.conns[conn] = true
			r.mu.Unlock()
			sessions.Go(func() { r.session(conn) })
		}
	})
	t.Cleanup(func() {
		close(r.stop)
		_ = listener.Close()
		r.hangUp()
		sessions.Wait()
	})
	return r
}

// hangUp ends all connections, as a relay does with idle ones.
func (r *relay) hangUp() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for conn := range r.conns {
		_ = conn.Close()
		delete(r.conns, conn)
	}
}

// say writes the scripted answer, or the usual one; false means that the session is over.
func (r *relay) say(conn net.Conn, verb, usual string) bool {
	r.mu.Lock()
	if a, ok := r.answers[verb]; ok {
		usual = a
	}
	r.mu.Unlock()
	if usual == hangUp {
		return false
	}
	_, err := io.WriteString(conn, usual+"\r\n")
	return err == nil && !strings.HasPrefix(usual, "421") && !strings.HasPrefix(usual, "221")
}

// answer is the scripted answer to a verb, if there is one.
func (r *relay) answer(verb string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.answers[verb]
}

// say550 refuses every recipient from now on, or none.
func (r *relay) say550(all bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.answers, "RCPT")
	if all {
		r.answers["RCPT"] = "550 5.1.1 unknown"
	}
}

func good(answer string) bool { return answer == "" || strings.HasPrefix(answer, "2") }

func (r *relay) session(conn net.Conn) {
	defer conn.Close()
	r.sessions.Add(1)
	in := bufio.NewReader(conn)
	if !r.say(conn, "greeting", "220 relay.test ESMTP") {
		return
	}
	taken := true // what the transaction was told so far
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		verb, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(line)), " ")
		r.mu.Lock()
		r.commands = append(r.commands, strings.TrimSpace(line))
		refused := r.answers["DATA"] != ""
		r.mu.Unlock()
		usual := "250 2.0.0 ok"
		switch verb {
		case "MAIL":
			taken = good(r.answer("MAIL"))
			if in.Buffered() > 0 {
				r.ahead.Add(1)
			}
		case "EHLO":
			usual = "250-relay.test\r\n250-" + strings.Join(append(r.offers, "SIZE 10000000"), "\r\n250-") + "\r\n250 8BITMIME"
		case "RCPT":
			r.recipients.Add(1)
			taken = taken && good(r.answer("RCPT"))
		case "AUTH":
			usual = "235 2.7.0 welcome"
		case "QUIT":
			usual = "221 2.0.0 bye"
		case "DATA":
			if usual = "354 go ahead"; !taken && !r.careless {
				usual, refused = "503 5.5.1 nobody to send to", true
			}
		}
		if !r.say(conn, verb, usual) || (verb == "DATA" && !refused && !r.take(conn, in)) {
			return
		}
	}
}

// take reads a message and ends it; false ends the session too.
func (r *relay) take(conn net.Conn, in *bufio.Reader) bool {
	var message []byte
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return false
		}
		if string(line) == ".\r\n" {
			break
		}
		message = append(message, line...)
	}
	r.mu.Lock()
	r.messages = append(r.messages, message)
	r.mu.Unlock()
	if r.end != nil {
		r.end(conn)
		return false
	}
	return r.say(conn, "end", "250 2.0.0 Ok: queued as 4XyZ")
}

// arrived counts the recipients: every script that lets a delivery come in comes at least so far.
func (r *relay) arrived() int { return int(r.recipients.Load()) }

// whole counts the messages that came in to their last byte.
func (r *relay) whole() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.messages)
}

// verbs are the commands since the start, without what follows them.
func (r *relay) verbs() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var verbs []string
	for _, c := range r.commands {
		verb, _, _ := strings.Cut(c, " ")
		verbs = append(verbs, verb)
	}
	return strings.Join(verbs, " ")
}

// last is the last message, with dot-stuffing undone.
func (r *relay) last(t *testing.T) string {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.messages) == 0 {
		t.Fatal("no message arrived")
	}
	raw := r.messages[len(r.messages)-1]
	text, err := io.ReadAll(textproto.NewReader(bufio.NewReader(strings.NewReader(string(raw) + ".\r\n"))).DotReader())
	if err != nil {
		t.Fatal(err)
	}
	if strings.ReplaceAll(string(raw), "\r\n", "\n") != string(text) {
		t.Error("the message needed dot-stuffing")
	}
	return string(raw)
}

// scripted is the relay for a behaviour of the conformance suite.
func scripted(t *testing.T, b channeltest.Behaviour) *relay {
	r := &relay{answers: map[string]string{}}
	switch b {
	case channeltest.Reject:
		r.answers["RCPT"] = "550 5.7.1 <someone@example.org> not here"
	case channeltest.Busy:
		r.answers["RCPT"] = "421 4.7.0 slow down"
	case channeltest.Transient:
		r.answers["RCPT"] = "451 4.7.1 greylisted, try again"
	case channeltest.Silence:
		r.end = func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }
	case channeltest.Reset:
		r.end = func(conn net.Conn) { _ = conn.(*net.TCPConn).SetLinger(0) }
	case channeltest.Garbage:
		r.end = func(conn net.Conn) {
			_, _ = io.WriteString(conn, "<html>what do you want?</html>\r\n")
			_, _ = io.Copy(io.Discard, conn)
		}
	case channeltest.Drip:
		r.end = r.drip
	case channeltest.Huge:
		r.end = func(conn net.Conn) {
			line := "250-" + strings.Repeat("x", 996) + "\r\n"
			for range channeltest.HugeSize / len(line) {
				if _, err := io.WriteString(conn, line); err != nil {
					return
				}
			}
		}
	}
	r.serve(t)
	if b == channeltest.Refuse {
		r.address = channeltest.Nobody(t)
	}
	return r
}

// drip answers one byte at a time, too slowly to finish.
func (r *relay) drip(conn net.Conn) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for _, c := range []byte(fmt.Sprintf("250 2.0.0 %01000d\r\n", 1)) {
		select {
		case <-r.stop:
			return
		case <-tick.C:
		}
		if _, err := conn.Write([]byte{c}); err != nil {
			return
		}
	}
}
