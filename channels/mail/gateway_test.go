package mail

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/channels"
	"tocsin/channels/channeltest"
)

func config(address string) Config {
	return Config{Address: address, Security: Plain, From: "Warning Centre <warn@example.org>", Concurrency: 16}
}

func newGateway(t testing.TB, c Config, d Deps) *Gateway {
	t.Helper()
	g, err := New(c, d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	return g
}

func delivery(n int) channels.Delivery {
	return channels.Delivery{World: alerting.Test, Alert: alerting.AlertID{0xab, 1}, Epoch: 2, Page: 3, Place: uint8(n), Attempt: 1,
		Channel: alerting.Mail, Lane: alerting.Flash, Address: fmt.Sprintf("resident%04d@example.org", n), Message: words,
		Document: document, Expires: time.Now().Add(time.Hour)}
}

// words and document are shared by the deliveries of a test, as they are by those of a batch.
var (
	words = &alerting.Message{Language: "fr", Subject: "Crue: évacuez", Body: "Évacuez maintenant.\n.\nRestez au sec.",
		HTML: "<p>Évacuez <b>maintenant</b>.</p>", Cost: 1}
	document = []byte("<?xml version=\"1.0\"?>\n<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\">\n" + strings.Repeat("é", 999) + "</alert>\n")
)

func TestConformance(t *testing.T) {
	channeltest.Run(t, channeltest.Suite{
		Start: func(t *testing.T, s channeltest.Script) channeltest.Subject {
			r := scripted(t, s.Behaviour)
			c := config(r.address)
			c.Live = s.Live
			c.Username, c.Password = "warn", "correct-horse"
			r.offers = []string{"AUTH PLAIN LOGIN"}
			g := newGateway(t, c, Deps{})
			arrived := r.arrived
			if s.Behaviour == channeltest.Silence {
				// Only a message that came in whole can be lost; one that was cut off before was not taken.
				arrived = r.whole
			}
			return channeltest.Subject{Adapter: g, Close: g.Close, Arrived: arrived}
		},
		Delivery: delivery,
		Hostile: []string{"resident", "resident@", "@example.org", "a b@example.org", "a@example.org\r\nBcc: b@example.org",
			"a@example.org>\r\nRCPT TO:<b@example.org", "<a@example.org>", "Name <a@example.org>", "a@example.org,b@example.org",
			"(x)a@example.org", "\"a b\"@example.org", "\"a\\\r\n\"@example.org", "a@[127.0.0.1]", "a@example.org\x00",
			strings.Repeat("a", 65) + "@example.org", "a@" + strings.Repeat("b.", 130) + "org"},
		Secrets: []string{"correct-horse"},
		NotApplicable: map[channeltest.Behaviour]string{
			channeltest.Redirect: "SMTP knows no redirect that a client could follow: 551 is a refusal (RFC 5321 §3.4)",
		},
		Want: map[channeltest.Behaviour]channeltest.Outcome{
			// SMTP cannot say for how long.
			channeltest.Busy: {Classes: []channels.Class{channels.Busy}},
			channeltest.Huge: {Classes: []channels.Class{channels.Lost}},
		},
	})
}

func TestAnswers(t *testing.T) {
	rows := []struct {
		name, verb, answer string
		class              channels.Class
		reason             string
	}{
		{"unknown mailbox", "RCPT", "550 5.1.1 <resident0001@example.org> unknown", channels.Gone, "smtp 550 5.1.1: no such mailbox"},
		{"unknown, without an enhanced code", "RCPT", "550 no such user", channels.Rejected, "smtp 550: refused"},
		{"mailbox full for good", "RCPT", "552 5.2.2 full", channels.Rejected, "smtp 552 5.2.2: message too large"},
		{"policy", "RCPT", "554 5.7.1 relay access denied", channels.Rejected, "smtp 554 5.7.1: refused by a rule of the relay"},
		{"greylisted", "RCPT", "450 4.2.0 later", channels.Transient, "smtp 450 4.2.0: not now"},
		{"mailbox full for now", "RCPT", "452 4.2.2 full", channels.Transient, "smtp 452 4.2.2: mailbox full"},
		{"closing at RCPT", "RCPT", "421 4.3.2 going down", channels.Busy, "smtp 421 4.3.2: the relay closes the connection"},
		{"closing at MAIL", "MAIL", "421 too many connections", channels.Busy, "smtp 421: the relay closes the connection"},
		{"sender refused", "MAIL", "553 5.1.8 sender domain unknown", channels.Busy, "smtp 553 5.1.8: refused"},
		{"too large by announcement", "MAIL", "552 5.3.4 too big", channels.Rejected, "smtp 552 5.3.4: message too large"},
		{"login needed", "MAIL", "530 5.7.0 authenticate first", channels.Busy, "smtp 530 5.7.0: credentials refused"},
		{"relay's disk full", "MAIL", "452 4.3.1 no space", channels.Transient, "smtp 452 4.3.1: not now"},
		{"DATA refused", "DATA", "554 5.5.1 no valid recipients", channels.Rejected, "smtp 554 5.5.1: refused"},
		{"DATA not now", "DATA", "451 4.3.0 hiccup", channels.Transient, "smtp 451 4.3.0: not now"},
		{"content refused", "end", "554 5.6.0 looks like spam", channels.Rejected, "smtp 554 5.6.0: refused"},
		{"content later", "end", "451 4.7.0 scanning", channels.Transient, "smtp 451 4.7.0: refused by a rule of the relay"},
		{"closing at the end", "end", "421 4.3.2 shutting down", channels.Busy, "smtp 421 4.3.2: the relay closes the connection"},
		{"an odd code at the end", "end", "299 maybe", channels.Lost, "smtp 299: not now"},
		{"nonsense at MAIL", "MAIL", "what?", channels.Transient, "mail: an answer that makes no sense"},
		{"greeting refused", "greeting", "554 5.3.2 no mail today", channels.Busy, "smtp 554 5.3.2: refused before any message"},
		{"greeting busy", "greeting", "421 4.7.0 too many", channels.Busy, "smtp 421 4.7.0: the relay closes the connection before any message"},
		{"greeting of another protocol", "greeting", "HTTP/1.1 400 Bad Request", channels.Transient, "mail: an answer that makes no sense"},
	}
	for _, row := range rows {
		for _, r := range []*relay{{}, {offers: pipelining}, {offers: pipelining, careless: true}} {
			t.Run(fmt.Sprint(row.name, r.offers, r.careless), func(t *testing.T) {
				r.answers = map[string]string{row.verb: row.answer}
				r.serve(t)
				g := newGateway(t, config(r.address), Deps{})
				_, err := g.Send(t.Context(), delivery(1))
				f := channels.FailureOf(err)
				if err == nil || f.Class != row.class || f.Reason != row.reason {
					t.Errorf("got %v, want %s: %s", err, row.class, row.reason)
				}
				if f.Err != nil && strings.Contains(f.Err.Error(), "resident") {
					t.Errorf("the cause holds the address: %v", f.Err)
				}
			})
		}
	}
}

// pipelining is what a relay offers that hears several commands at once.
var pipelining = []string{"PIPELINING"}

// TestPipelining: a relay that offers it is told a whole envelope at once. A refused one costs no connection, unless the
// relay waits for a message for nobody; and none of that arrives.
func TestPipelining(t *testing.T) {
	for _, careless := range []bool{false, true} {
		t.Run(fmt.Sprint("careless ", careless), func(t *testing.T) {
			r := (&relay{answers: map[string]string{}, offers: pipelining, careless: careless}).serve(t)
			g := newGateway(t, config(r.address), Deps{})
			r.say550(true)
			if _, err := g.Send(t.Context(), delivery(1)); channels.FailureOf(err).Class != channels.Gone {
				t.Errorf("refused: %v", err)
			}
			r.say550(false)
			for n := range 2 {
				if _, err := g.Send(t.Context(), delivery(n)); err != nil {
					t.Errorf("after a refused one: %v", err)
				}
			}
			sessions, verbs := int64(1), "EHLO MAIL RCPT DATA RSET MAIL RCPT DATA MAIL RCPT DATA"
			if careless {
				sessions, verbs = 2, "EHLO MAIL RCPT DATA EHLO MAIL RCPT DATA MAIL RCPT DATA"
			}
			if got := r.verbs(); got != verbs || r.sessions.Load() != sessions {
				t.Errorf("%d sessions: %s\nwant %d: %s", r.sessions.Load(), got, sessions, verbs)
			}
			if r.ahead.Load() != 3 || r.whole() != 2 {
				t.Errorf("%d of 3 envelopes in one piece, %d messages, want 2", r.ahead.Load(), r.whole())
			}
		})
	}
}

// TestConnectionLost: until the last byte is out nothing was handed over; from there on nobody knows.
func TestConnectionLost(t *testing.T) {
	for verb, class := range map[string]channels.Class{"greeting": channels.Transient, "MAIL": channels.Transient,
		"RCPT": channels.Transient, "DATA": channels.Transient, "end": channels.Lost} {
		t.Run(verb, func(t *testing.T) {
			r := (&relay{answers: map[string]string{verb: hangUp}}).serve(t)
			g := newGateway(t, config(r.address), Deps{})
			_, err := g.Send(t.Context(), delivery(1))
			if f := channels.FailureOf(err); err == nil || f.Class != class || f.Reason != "mail: connection closed by the relay" {
				t.Errorf("got %v, want %s", err, class)
			}
		})
	}
}

// TestConnectionIsKept: one connection carries many messages, RSET only after a refused one, and one bad recipient
// harms nobody else.
func TestConnectionIsKept(t *testing.T) {
	r := (&relay{answers: map[string]string{}}).serve(t)
	g := newGateway(t, config(r.address), Deps{})
	for i := range 3 {
		handed, err := g.Send(t.Context(), delivery(i))
		if err != nil || handed.Reference != "4XyZ" {
			t.Fatalf("message %d: %+v, %v", i, handed, err)
		}
	}
	r.say550(true)
	if _, err := g.Send(t.Context(), delivery(4)); channels.FailureOf(err).Class != channels.Gone {
		t.Errorf("refused recipient: %v", err)
	}
	r.say550(false)
	if _, err := g.Send(t.Context(), delivery(5)); err != nil {
		t.Errorf("after a refused one: %v", err)
	}
	want := "EHLO MAIL RCPT DATA MAIL RCPT DATA MAIL RCPT DATA MAIL RCPT RSET MAIL RCPT DATA"
	if got := r.verbs(); got != want || r.sessions.Load() != 1 {
		t.Errorf("%d sessions: %s\nwant one: %s", r.sessions.Load(), got, want)
	}
}

// TestStaleConnection: a relay that closed an idle connection costs nothing, because nothing was handed over on it.
func TestStaleConnection(t *testing.T) {
	r := (&relay{}).serve(t)
	g := newGateway(t, config(r.address), Deps{})
	for i := range 3 {
		if _, err := g.Send(t.Context(), delivery(i)); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
		r.hangUp()
	}
	if len(r.messages) != 3 || r.sessions.Load() != 3 {
		t.Errorf("%d messages in %d sessions, want 3 in 3", len(r.messages), r.sessions.Load())
	}
}

func TestConnectionLimits(t *testing.T) {
	r := (&relay{}).serve(t)
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	c := config(r.address)
	c.MaxUses = 3
	g := newGateway(t, c, Deps{Now: func() time.Time { return now }})
	send := func(wantSessions int64) {
		t.Helper()
		d := delivery(1)
		d.Expires = now.Add(time.Hour)
		if _, err := g.Send(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if n := r.sessions.Load(); n != wantSessions {
			t.Errorf("%d sessions, want %d", n, wantSessions)
		}
	}
	send(1)
	send(1)
	send(1)
	send(2) // used three times
	now = now.Add(29 * time.Second)
	send(2)
	now = now.Add(30 * time.Second)
	send(3) // idle for 30 s
	for range 2 {
		now = now.Add(29 * time.Second)
		send(3)
	}
}

// TestPoolIsBounded: more senders than connections wait for one, and give up in time with nothing handed over.
func TestPoolIsBounded(t *testing.T) {
	hold := make(chan struct{})
	r := (&relay{end: func(net.Conn) { <-hold }}).serve(t)
	defer close(hold)
	c := config(r.address)
	c.Concurrency = 1
	g := newGateway(t, c, Deps{})
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() {
		_, err := g.Send(ctx, delivery(1))
		first <- err
	}()
	for r.recipients.Load() == 0 {
		select {
		case err := <-first:
			t.Fatal(err)
		case <-time.After(time.Millisecond):
		}
	}
	short, stop := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer stop()
	_, err := g.Send(short, delivery(2))
	if f := channels.FailureOf(err); f.Class != channels.Transient || r.sessions.Load() != 1 {
		t.Errorf("%v with %d sessions, want transient and 1", err, r.sessions.Load())
	}
	cancel()
	<-first
}

func TestAuthentication(t *testing.T) {
	rows := []struct {
		name   string
		relay  *relay
		class  channels.Class
		reason string // empty: accepted
	}{
		{"good", &relay{offers: []string{"AUTH PLAIN"}}, 0, ""},
		{"not offered", &relay{}, channels.Busy, "mail: the relay does not offer what the configuration asks for"},
		{"refused", &relay{offers: []string{"AUTH PLAIN"}, answers: map[string]string{"AUTH": "535 5.7.8 wrong password correct-horse"}},
			channels.Busy, "smtp 535 5.7.8: credentials refused before any message"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := row.relay.serve(t)
			c := config(r.address)
			c.Username, c.Password = "warn", "correct-horse"
			g := newGateway(t, c, Deps{})
			_, err := g.Send(t.Context(), delivery(1))
			if row.reason == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if f := channels.FailureOf(err); err == nil || f.Class != row.class || f.Reason != row.reason {
				t.Errorf("got %v, want %s: %s", err, row.class, row.reason)
			}
		})
	}
}

func TestStartTLSIsNotOptional(t *testing.T) {
	r := (&relay{}).serve(t)
	c := config(r.address)
	c.Security = StartTLS
	g := newGateway(t, c, Deps{})
	_, err := g.Send(t.Context(), delivery(1))
	if f := channels.FailureOf(err); f.Class != channels.Busy || r.recipients.Load() != 0 || strings.Contains(r.verbs(), "MAIL") {
		t.Errorf("%v after %q: want busy, and nothing said in the clear", err, r.verbs())
	}
}

// TestTLS sends over both kinds of protection, and to a relay whose certificate nobody vouches for.
func TestTLS(t *testing.T) {
	trusted, certificate := certificates(t)
	for _, kind := range []Security{StartTLS, ImplicitTLS} {
		t.Run(string(kind), func(t *testing.T) {
			var got []byte
			address := tlsRelay(t, kind, certificate, func(m []byte) { got = m })
			c := config(address)
			c.Security = kind
			c.Username, c.Password = "warn", "correct-horse"
			g := newGateway(t, c, Deps{TLS: &tls.Config{RootCAs: trusted}})
			for range 2 {
				if _, err := g.Send(t.Context(), delivery(1)); err != nil {
					t.Fatal(err)
				}
			}
			read(t, string(got))
			stranger := newGateway(t, c, Deps{})
			_, err := stranger.Send(t.Context(), delivery(1))
			if f := channels.FailureOf(err); f.Class != channels.Transient || f.Reason != "mail: certificate not trusted" {
				t.Errorf("got %v, want transient", err)
			}
		})
	}
}

func TestProbe(t *testing.T) {
	r := (&relay{}).serve(t)
	g := newGateway(t, config(r.address), Deps{})
	if err := g.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.verbs(); got != "EHLO NOOP" {
		t.Errorf("said %s", got)
	}
	refusing := (&relay{answers: map[string]string{"NOOP": "421 4.3.2 closing"}}).serve(t)
	if err := newGateway(t, config(refusing.address), Deps{}).Probe(t.Context()); err == nil {
		t.Error("content with a relay that closes")
	}
}

func TestClosed(t *testing.T) {
	r := (&relay{}).serve(t)
	g := newGateway(t, config(r.address), Deps{})
	if _, err := g.Send(t.Context(), delivery(1)); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	if got := r.verbs(); !strings.HasSuffix(got, " QUIT") {
		t.Errorf("said %s, want a goodbye", got)
	}
	if _, err := g.Send(t.Context(), delivery(1)); channels.FailureOf(err).Class != channels.Transient {
		t.Errorf("after close: %v, want transient", err)
	}
}
