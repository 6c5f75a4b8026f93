package push

import (
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	webpush "github.com/SherClockHolmes/webpush-go"

	"tocsin/alerting"
	"tocsin/channels"
	"tocsin/channels/channeltest"
)

// browser is a subscriber who can read what he gets.
type browser struct {
	key  *ecdh.PrivateKey
	auth []byte
}

func newBrowser(t testing.TB) browser {
	t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	auth := make([]byte, 16)
	_, _ = rand.Read(auth)
	return browser{key, auth}
}

// subscription is what the browser gives us for an endpoint.
func (b browser) subscription(endpoint string) string {
	return fmt.Sprintf(`{"endpoint":%q,"expirationTime":null,"keys":{"p256dh":%q,"auth":%q}}`, endpoint,
		base64.RawURLEncoding.EncodeToString(b.key.PublicKey().Bytes()), base64.RawURLEncoding.EncodeToString(b.auth))
}

func config(t testing.TB, origin string) Config {
	t.Helper()
	private, public, err := webpush.GenerateVAPIDKeys()
	if err != nil {
		t.Fatal(err)
	}
	c := Config{VAPIDPublicKey: public, VAPIDPrivateKey: private, Subscriber: "mailto:duty@example.org"}
	if origin != "" {
		c.InsecureOrigins = []string{origin}
	}
	return c
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

func delivery(address string) channels.Delivery {
	return channels.Delivery{World: alerting.Test, Channel: alerting.Push, Lane: alerting.Flash, Attempt: 1, Address: address,
		Message: &alerting.Message{Language: "en", Subject: "Flood", Body: `{"title":"Flood","body":"Leave now"}`,
			Tag: "flood-1", Urgency: "high", Cost: 1},
		Document: []byte("<alert/>"), Expires: time.Now().Add(time.Hour)}
}

func status(code int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
	}
}

func TestConformance(t *testing.T) {
	for name, lean := range both() {
		t.Run(name, func(t *testing.T) { conformance(t, lean) })
	}
}

func conformance(t *testing.T, lean bool) {
	script := channeltest.HTTP{
		Accept:    status(201, "Location", "https://push.example.org/m/42"),
		Reject:    status(413),
		Busy:      status(429, "Retry-After", "7"),
		Transient: status(503),
	}
	b := newBrowser(t)
	var origin string
	c := config(t, "")
	c.Lean = lean
	address := func(n int) string { return b.subscription(fmt.Sprintf("%s/send/subscriber%06d", origin, n)) }
	channeltest.Run(t, channeltest.Suite{
		Start: func(t *testing.T, s channeltest.Script) channeltest.Subject {
			server := script.Serve(t, s.Behaviour)
			origin = server.URL
			own := c
			own.Live = s.Live
			if !s.Live {
				own.InsecureOrigins = []string{origin}
			}
			g := newGateway(t, own, Deps{})
			return channeltest.Subject{Adapter: g, Close: g.Close, Arrived: server.Arrived}
		},
		Delivery: func(n int) channels.Delivery { return delivery(address(n)) },
		Hostile: []string{`{}`, `[]`, `"https://fcm.googleapis.com/x"`, `{"endpoint":"https://fcm.googleapis.com/x"}`,
			b.subscription("https://attacker.example.net/x"), b.subscription("http://fcm.googleapis.com/x"),
			`{"endpoint":"https://fcm.googleapis.com/x","keys":{"p256dh":"BAAA","auth":"AAAA"}}`},
		Secrets: []string{c.VAPIDPrivateKey, "subscriber0000"},
		Want: map[channeltest.Behaviour]channeltest.Outcome{
			// The status says it all: the body of a 201 is not read (RFC 8030 §5).
			channeltest.Huge: {Accepted: true},
		},
	})
}

func TestAnswers(t *testing.T) {
	rows := []struct {
		name   string
		serve  http.HandlerFunc
		class  channels.Class
		reason string
		wait   time.Duration
	}{
		{"not found", status(404), channels.Gone, "push: HTTP status 404: the subscription no longer exists", 0},
		{"gone", status(410), channels.Gone, "push: HTTP status 410: the subscription no longer exists", 0},
		{"bad request", status(400), channels.Rejected, "push: HTTP status 400", 0},
		{"too long", status(413), channels.Rejected, "push: HTTP status 413: payload too long", 0},
		{"slow down", status(429, "Retry-After", "30"), channels.Busy, "push: HTTP status 429: too many requests", 30 * time.Second},
		{"slow down, by date", status(429, "Retry-After", "Thu, 24 Aug 2023 05:02:15 GMT"), channels.Busy, "push: HTTP status 429: too many requests", 30 * time.Second},
		{"slow down, no time", status(429), channels.Busy, "push: HTTP status 429: too many requests", 0},
		{"throttled by Windows", status(406), channels.Busy, "push: HTTP status 406: too many requests", 0},
		{"key refused by all", status(403), channels.Transient, "push: HTTP status 403: our key is refused", 0},
		{"outage", status(503, "Retry-After", "12"), channels.Transient, "push: HTTP status 503", 12 * time.Second},
		{"error", status(500), channels.Transient, "push: HTTP status 500", 0},
		{"redirect", status(308, "Location", "/elsewhere"), channels.Transient, "push: HTTP status 308: redirects are not followed", 0},
	}
	at := time.Date(2023, 8, 24, 5, 1, 45, 0, time.UTC)
	b := newBrowser(t)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			server := httptest.NewServer(row.serve)
			defer server.Close()
			g := newGateway(t, config(t, server.URL), Deps{Now: func() time.Time { return at }})
			_, err := g.Send(t.Context(), delivery(b.subscription(server.URL+"/s/1")))
			f := channels.FailureOf(err)
			if err == nil || f.Class != row.class || f.Reason != row.reason || f.RetryAfter != row.wait {
				t.Errorf("got %v, wait %s; want %s: %s, wait %s", err, f.RetryAfter, row.class, row.reason, row.wait)
			}
		})
	}
}

func TestMessage(t *testing.T) {
	for name, lean := range both() {
		t.Run(name, func(t *testing.T) { readMessage(t, lean) })
	}
}

// readMessage reads messages as a browser and its push service do.
func readMessage(t *testing.T, lean bool) {
	var request *http.Request
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request = r
		body, _ = io.ReadAll(r.Body)
		status(201, "Location", "/m/abc123")(w, r)
	}))
	defer server.Close()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	c := config(t, server.URL)
	c.Lean = lean
	g := newGateway(t, c, Deps{Now: func() time.Time { return at }})
	b := newBrowser(t)
	for _, size := range []int{1, 36, 409, 410, 3000, maxPayload} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			d := delivery(b.subscription(server.URL + "/send/1?x=y"))
			d.Message.Body = strings.Repeat("a", size)
			d.Message.Tag = "a tag with blanks, and far too long for a topic"
			d.Expires = at.Add(90*time.Second + 500*time.Millisecond)
			handed, err := g.Send(t.Context(), d)
			if err != nil || handed.Reference != "abc123" || handed.Delivered {
				t.Fatalf("handed %+v, error %v", handed, err)
			}
			if text, err := decrypt(b.key, b.auth, body); err != nil || string(text) != d.Message.Body {
				t.Errorf("the browser reads %.40q, %v", text, err)
			}
			if len(body)%bucket != 0 || len(body) > 4096 || len(body)-size > overhead+bucket {
				t.Errorf("%d bytes for %d", len(body), size)
			}
		})
	}
	for name, want := range map[string]string{"TTL": "90", "Urgency": "high", "Content-Encoding": "aes128gcm"} {
		if got := request.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := request.Header.Get("Topic"); len(got) != 32 || strings.ContainsAny(got, " ,=+/") {
		t.Errorf("topic %q", got)
	}
	if request.URL.String() != "/send/1?x=y" {
		t.Errorf("called %s", request.URL)
	}
	checkToken(t, request.Header.Get("Authorization"), c.VAPIDPublicKey, server.URL, "mailto:duty@example.org")
}

// TestTokenIsUsedAgain: in the lean way a token is signed once for each push service and hour, and anew after a refusal.
func TestTokenIsUsedAgain(t *testing.T) {
	var tokens []string
	code := 201
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tokens = append(tokens, r.Header.Get("Authorization"))
		status(code)(w, r)
	}))
	defer server.Close()
	now := time.Now()
	c := config(t, server.URL)
	c.Lean = true
	g := newGateway(t, c, Deps{Now: func() time.Time { return now }})
	b := newBrowser(t)
	send := func() {
		d := delivery(b.subscription(server.URL + "/s/1"))
		d.Expires = now.Add(time.Hour)
		_, _ = g.Send(t.Context(), d)
	}
	send()
	now = now.Add(tokenUse - time.Second)
	send()
	if tokens[0] != tokens[1] {
		t.Error("signed twice within the hour")
	}
	now = now.Add(2 * time.Second)
	send()
	if tokens[2] == tokens[1] {
		t.Error("used for longer than an hour")
	}
	code = 403
	send()
	code = 201
	send()
	if tokens[4] == tokens[3] {
		t.Error("used again after a refusal")
	}
	for _, token := range tokens {
		checkToken(t, token, c.VAPIDPublicKey, server.URL, "mailto:duty@example.org")
	}
}

func TestRefusedBeforeSending(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	g := newGateway(t, config(t, ""), Deps{Now: func() time.Time { return at }})
	b := newBrowser(t)
	rows := []struct {
		name   string
		change func(*channels.Delivery)
		class  channels.Class
	}{
		{"payload one byte too long", func(d *channels.Delivery) { d.Message.Body = strings.Repeat("a", maxPayload+1) }, channels.Rejected},
		{"no payload", func(d *channels.Delivery) { d.Message.Body = "" }, channels.Rejected},
		{"no message", func(d *channels.Delivery) { d.Message = nil }, channels.Rejected},
		{"expired this instant", func(d *channels.Delivery) { d.Expires = at }, channels.Expired},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			d := delivery(b.subscription("https://fcm.googleapis.com/fcm/send/x"))
			row.change(&d)
			if _, err := g.Send(t.Context(), d); channels.FailureOf(err).Class != row.class {
				t.Errorf("got %v, want %s", err, row.class)
			}
		})
	}
}

func TestProbe(t *testing.T) {
	server := httptest.NewServer(status(404))
	c := config(t, server.URL)
	c.Services = []string{".push.services.mozilla.com"}
	g := newGateway(t, c, Deps{})
	if err := g.Probe(t.Context()); err != nil {
		t.Errorf("any answer will do: %v", err)
	}
	server.Close()
	if err := g.Probe(t.Context()); err == nil {
		t.Error("nobody answers, and the probe is content")
	}
}

func TestConfig(t *testing.T) {
	other := config(t, "")
	rows := []struct {
		name   string
		change func(*Config)
		want   string // empty: good
	}{
		{"good", func(*Config) {}, ""},
		{"padded keys", func(c *Config) { c.VAPIDPrivateKey += "="; c.VAPIDPublicKey += "=" }, ""},
		{"subscriber is a page", func(c *Config) { c.Subscriber = "https://warn.example.org/contact" }, ""},
		{"no private key", func(c *Config) { c.VAPIDPrivateKey = "" }, "VAPID private key: want 32 bytes in base64url, got 0"},
		{"no public key", func(c *Config) { c.VAPIDPublicKey = "" }, "VAPID public key: want 65 bytes in base64url, got 0"},
		{"keys swapped", func(c *Config) { c.VAPIDPrivateKey, c.VAPIDPublicKey = c.VAPIDPublicKey, c.VAPIDPrivateKey }, "VAPID private key: want 32 bytes in base64url, got 65"},
		{"another's public key", func(c *Config) { c.VAPIDPublicKey = other.VAPIDPublicKey }, "VAPID public key: does not belong"},
		{"zero private key", func(c *Config) { c.VAPIDPrivateKey = base64.RawURLEncoding.EncodeToString(make([]byte, 32)) }, "VAPID private key: not a number"},
		{"no subscriber", func(c *Config) { c.Subscriber = "" }, "subscriber"},
		{"service with a path", func(c *Config) { c.Services = []string{"fcm.googleapis.com/x"} }, "services"},
		{"service that is everything", func(c *Config) { c.Services = []string{"."} }, "services"},
		{"service that is a whole domain", func(c *Config) { c.Services = []string{".com"} }, "services"},
		{"insecure origin with a path", func(c *Config) { c.InsecureOrigins = []string{"http://127.0.0.1/x"} }, "insecure origins"},
		{"live and insecure", func(c *Config) { c.Live, c.InsecureOrigins = true, []string{"http://127.0.0.1:80"} }, "live"},
		{"live and private", func(c *Config) { c.Live, c.AllowPrivate = true, []string{"push.lan"} }, "live"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			c := config(t, "")
			row.change(&c)
			secret := c.VAPIDPrivateKey
			_, err := New(c, Deps{})
			if row.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if !errors.Is(err, alerting.ErrInvalid) || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want invalid: %q", err, row.want)
			}
			if secret != "" && err != nil && strings.Contains(err.Error(), secret) {
				t.Error("the error holds the key")
			}
		})
	}
}

func BenchmarkSend(b *testing.B) {
	for name, lean := range both() {
		b.Run(name, func(b *testing.B) {
			origin := "http://" + channeltest.Elsewhere(b)
			c := config(b, origin)
			c.Lean = lean
			g := newGateway(b, c, Deps{})
			d := delivery(newBrowser(b).subscription(origin + "/send/abc"))
			d.Message.Body = strings.Repeat("a", 350)
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			channeltest.Measure(b, 32, func() error {
				_, err := g.Send(ctx, d)
				return err
			})
		})
	}
}

// both are the two ways to encrypt and sign.
func both() map[string]bool { return map[string]bool{"library": false, "lean": true} }
