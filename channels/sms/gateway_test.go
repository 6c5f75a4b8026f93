package sms

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/channels"
	"tocsin/channels/channeltest"
)

const (
	account = "AC00000000000000000000000000000001"
	token   = "token0123456789secret0123456789"
	service = "MG00000000000000000000000000000002"
	message = "SM00000000000000000000000000000003"
)

// created is what Twilio answers to an accepted message, shortened by nothing that matters to the decoder's work.
const created = `{"body":"Flood warning","num_segments":"1","direction":"outbound-api","from":null,"to":"+15005550006",
"date_updated":"Thu, 24 Aug 2023 05:01:45 +0000","price":null,"error_message":null,
"uri":"/2010-04-01/Accounts/` + account + `/Messages/` + message + `.json","account_sid":"` + account + `",
"num_media":"0","status":"accepted","messaging_service_sid":"` + service + `","sid":"` + message + `",
"date_sent":null,"date_created":"Thu, 24 Aug 2023 05:01:45 +0000","error_code":null,"price_unit":null,
"api_version":"2010-04-01","subresource_uris":{"media":"/2010-04-01/Accounts/` + account + `/Messages/x/Media.json"}}`

func reply(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func refused(status, code int) http.HandlerFunc {
	return reply(status, fmt.Sprintf(`{"code":%d,"message":"The 'To' number +15005550001 is bad","more_info":"https://x","status":%d}`, code, status))
}

func config(base string) Config {
	return Config{AccountSID: account, AuthToken: token, MessagingService: service, BaseURL: base, Concurrency: 64}
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
	return channels.Delivery{World: alerting.Test, Channel: alerting.SMS, Lane: alerting.Flash, Attempt: 1,
		Address: fmt.Sprintf("+1500555%04d", n), Message: &alerting.Message{Language: "en", Body: "Flood warning: leave now", Cost: 1},
		Document: []byte("<alert/>"), Expires: time.Now().Add(time.Hour)}
}

func TestConformance(t *testing.T) {
	script := channeltest.HTTP{
		Accept:    reply(201, created),
		Reject:    refused(400, 21211),
		Busy:      reply(429, `{"code":20429,"message":"Too Many Requests","status":429}`, "Retry-After", "7"),
		Transient: reply(503, `{"code":20503,"message":"Service Unavailable","status":503}`),
		Garbage:   reply(201, `<html>welcome to this hotel's network</html>`),
	}
	channeltest.Run(t, channeltest.Suite{
		Start: func(t *testing.T, s channeltest.Script) channeltest.Subject {
			server := script.Serve(t, s.Behaviour)
			c := config(server.URL)
			c.Live = s.Live
			g := newGateway(t, c, Deps{})
			return channeltest.Subject{Adapter: g, Close: g.Close, Arrived: server.Arrived}
		},
		Delivery: delivery,
		Hostile:  []string{"15005550006", "+05005550006", "+1 500 555 0006", "+15005550006\r\nBcc: x", "whatsapp:+15005550006", "+1500555000600000"},
		Secrets:  []string{token},
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
		{"opted out", refused(400, 21610), channels.OptedOut, "twilio 21610: the recipient opted out", 0},
		{"invalid number", refused(400, 21211), channels.Rejected, "twilio 21211: not a valid phone number", 0},
		{"landline", refused(400, 21614), channels.Rejected, "twilio 21614: landline or unreachable carrier", 0},
		{"region", refused(400, 21408), channels.Rejected, "twilio 21408: region not permitted", 0},
		{"not reachable", refused(400, 21612), channels.Rejected, "twilio 21612: phone not reachable", 0},
		{"unknown code", refused(400, 29999), channels.Rejected, "twilio 29999: refused", 0},
		{"400 without a code", reply(400, `oops`), channels.Rejected, "twilio: HTTP status 400", 0},
		{"wrong token", refused(401, 20003), channels.Busy, "twilio 20003: credentials refused", 0},
		{"403 without a code", reply(403, ``), channels.Busy, "twilio: HTTP status 403: credentials refused", 0},
		{"wrong account", refused(404, 20404), channels.Busy, "twilio 20404: account or address of the gateway not found", 0},
		{"sender's queue full", refused(400, 21611), channels.Busy, "twilio 21611: the gateway's queue is full", 0},
		{"429 with a date", reply(429, `{}`, "Retry-After", "Thu, 24 Aug 2023 05:02:15 GMT"), channels.Busy, "twilio: HTTP status 429", 30 * time.Second},
		{"429 with nonsense", reply(429, `{}`, "Retry-After", "soon"), channels.Busy, "twilio: HTTP status 429", 0},
		{"429 for a year", reply(429, `{}`, "Retry-After", "31536000"), channels.Busy, "twilio: HTTP status 429", time.Hour},
		{"429 with a code of another kind", refused(429, 21211), channels.Busy, "twilio 21211: not a valid phone number", 0},
		{"500", reply(500, ``), channels.Transient, "twilio: HTTP status 500", 0},
		{"503 with a wait", reply(503, ``, "Retry-After", "12"), channels.Transient, "twilio: HTTP status 503", 12 * time.Second},
		{"504 from a proxy", reply(504, ``), channels.Lost, "twilio: HTTP status 504", 0},
		{"redirect", reply(302, ``, "Location", "https://example.org/"), channels.Busy, "twilio: HTTP status 302: redirects are not followed", 0},
		{"200 with an error", refused(200, 21211), channels.Rejected, "twilio 21211: not a valid phone number", 0},
		{"200 with an unknown error", refused(200, 29999), channels.Lost, "twilio 29999: refused", 0},
		{"201 with an error inside the message", reply(201, `{"sid":"`+message+`","status":"failed","error_code":21610}`), channels.OptedOut, "twilio 21610: the recipient opted out", 0},
		{"201 without a message", reply(201, `{}`), channels.Lost, "twilio: an answer without a message", 0},
		{"201 with a list", reply(201, `[1,2]`), channels.Lost, "twilio: an answer that makes no sense", 0},
		{"201 with nothing", reply(201, ``), channels.Lost, "twilio: an answer that makes no sense", 0},
	}
	at := time.Date(2023, 8, 24, 5, 1, 45, 0, time.UTC)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			server := httptest.NewServer(row.serve)
			defer server.Close()
			g := newGateway(t, config(server.URL), Deps{Now: func() time.Time { return at }})
			_, err := g.Send(t.Context(), delivery(1))
			f := channels.FailureOf(err)
			if err == nil || f.Class != row.class || f.Reason != row.reason || f.RetryAfter != row.wait {
				t.Errorf("got %v, wait %s; want %s: %s, wait %s", err, f.RetryAfter, row.class, row.reason, row.wait)
			}
			if f.Err != nil && strings.Contains(f.Err.Error(), "+1500") {
				t.Errorf("the cause holds the number: %v", f.Err)
			}
		})
	}
}

// TestRequest looks at what Twilio gets to see.
func TestRequest(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	rows := []struct {
		name    string
		change  func(*Config)
		expires time.Time
		user    string
		want    url.Values
	}{
		{"auth token and service", func(*Config) {}, at.Add(90*time.Second + 900*time.Millisecond), account,
			url.Values{"MessagingServiceSid": {service}, "ValidityPeriod": {"90"}}},
		{"API key and number", func(c *Config) {
			c.AuthToken, c.KeySID, c.KeySecret = "", "SK00000000000000000000000000000009", "keysecret"
			c.MessagingService, c.From = "", "+15005550000"
		}, at.Add(time.Second), "SK00000000000000000000000000000009", url.Values{"From": {"+15005550000"}, "ValidityPeriod": {"1"}}},
		{"long validity", func(*Config) {}, at.Add(240 * time.Hour), account,
			url.Values{"MessagingServiceSid": {service}, "ValidityPeriod": {"36000"}}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Setenv("TWILIO_EDGE", "sydney")
			t.Setenv("TWILIO_REGION", "au1")
			var got *http.Request
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_ = r.ParseForm()
				got = r
				reply(201, created)(w, r)
			}))
			defer server.Close()
			c := config(server.URL + "/prefix/")
			row.change(&c)
			g := newGateway(t, c, Deps{Now: func() time.Time { return at },
				Callback: func(d channels.Delivery) string { return CallbackURL("https://warn.example.org/cb", "abc") }})
			d := delivery(7)
			d.Expires = row.expires
			handed, err := g.Send(t.Context(), d)
			if err != nil || handed.Reference != message || handed.Delivered {
				t.Fatalf("handed %+v, error %v", handed, err)
			}
			row.want.Set("To", d.Address)
			row.want.Set("Body", d.Message.Body)
			row.want.Set("StatusCallback", "https://warn.example.org/cb?t=abc")
			if got.PostForm.Encode() != row.want.Encode() {
				t.Errorf("form %s\nwant %s", got.PostForm.Encode(), row.want.Encode())
			}
			if got.URL.Path != "/prefix/2010-04-01/Accounts/"+account+"/Messages.json" {
				t.Errorf("path %s", got.URL.Path)
			}
			if user, _, _ := got.BasicAuth(); user != row.user {
				t.Errorf("user %s, want %s", user, row.user)
			}
		})
	}
}

func TestTooLateByLessThanASecond(t *testing.T) {
	g := newGateway(t, config("http://127.0.0.1:1"), Deps{})
	d := delivery(1)
	d.Expires = time.Now().Add(900 * time.Millisecond)
	if _, err := g.Send(t.Context(), d); channels.FailureOf(err).Class != channels.Expired {
		t.Errorf("got %v, want expired: Twilio's shortest validity is a second", err)
	}
}

// TestNothingLeavesWhileDialling: a gateway that cannot be reached in time took nothing, so the send may be repeated.
func TestNothingLeavesWhileDialling(t *testing.T) {
	g := newGateway(t, config("http://127.0.0.1:1"), Deps{})
	g.transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := g.Send(ctx, delivery(1))
	if f := channels.FailureOf(err); f.Class != channels.Transient || f.Reason != "twilio: no answer in time" {
		t.Errorf("got %v, want transient", err)
	}
}

func TestUntrustedCertificate(t *testing.T) {
	var hits atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	g := newGateway(t, config(server.URL), Deps{})
	_, err := g.Send(t.Context(), delivery(1))
	if f := channels.FailureOf(err); f.Class != channels.Transient || f.Reason != "twilio: certificate not trusted" || hits.Load() != 0 {
		t.Errorf("got %v after %d requests, want transient and none", err, hits.Load())
	}
}

func TestConfig(t *testing.T) {
	rows := []struct {
		name   string
		change func(*Config)
		want   string // empty: good
	}{
		{"good", func(*Config) {}, ""},
		{"account", func(c *Config) { c.AccountSID = "AC1" }, "account SID"},
		{"no credentials", func(c *Config) { c.AuthToken = "" }, "credentials"},
		{"both credentials", func(c *Config) { c.KeySID, c.KeySecret = "SK00000000000000000000000000000009", "x" }, "credentials"},
		{"half a key", func(c *Config) { c.AuthToken, c.KeySID = "", "SK00000000000000000000000000000009" }, "API key"},
		{"no sender", func(c *Config) { c.MessagingService = "" }, "sender"},
		{"two senders", func(c *Config) { c.From = "+15005550000" }, "sender"},
		{"base without scheme", func(c *Config) { c.BaseURL = "api.example.org" }, "base URL"},
		{"base with password", func(c *Config) { c.BaseURL = "https://a:b@api.example.org" }, "base URL"},
		{"live over http", func(c *Config) { c.Live, c.BaseURL = true, "http://sms.example.org" }, "base URL"},
		{"edge and base", func(c *Config) { c.Edge, c.BaseURL = "dublin", "https://sms.example.org" }, "base URL"},
		{"edge", func(c *Config) { c.Edge, c.BaseURL = "dublin", "" }, ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			c := config("https://sms.example.org")
			row.change(&c)
			g, err := New(c, Deps{})
			if row.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if g != nil || !errors.Is(err, alerting.ErrInvalid) || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want invalid naming %q", err, row.want)
			}
			if strings.Contains(fmt.Sprint(err), token) {
				t.Error("the error holds the token")
			}
		})
	}
}

func TestTwilioAddress(t *testing.T) {
	g := newGateway(t, Config{AccountSID: account, AuthToken: token, From: "Tocsin", Edge: "dublin", Region: "ie1"}, Deps{})
	var host string
	g.transport.DialTLSContext = func(_ context.Context, _, addr string) (net.Conn, error) {
		host = addr
		return nil, errors.New("not today")
	}
	if _, err := g.Send(t.Context(), delivery(1)); channels.FailureOf(err).Class != channels.Transient {
		t.Errorf("got %v", err)
	}
	if host != "api.dublin.ie1.twilio.com:443" {
		t.Errorf("dialled %q", host)
	}
}

func TestProbeAndAsk(t *testing.T) {
	found := func(status, code string) http.HandlerFunc {
		return reply(200, `{"sid":"`+message+`","status":"`+status+`","error_code":`+code+`}`)
	}
	rows := []struct {
		name  string
		serve http.HandlerFunc
		probe bool // the gateway is well
		state alerting.State
		kind  error
	}{
		{"unknown message", refused(404, 20404), true, 0, alerting.ErrNotFound},
		{"delivered", found("delivered", "null"), true, alerting.Delivered, nil},
		{"undelivered", found("undelivered", "30003"), true, alerting.Failed, nil},
		{"opted out", found("undelivered", "21610"), true, alerting.Failed, nil},
		{"queued", found("queued", "null"), true, alerting.Sent, nil},
		{"of tomorrow", found("teleported", "null"), true, 0, alerting.ErrState},
		{"wrong token", refused(401, 20003), false, 0, &channels.Failure{}},
		{"some web page", reply(404, "not here"), false, 0, &channels.Failure{}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			server := httptest.NewServer(row.serve)
			defer server.Close()
			g := newGateway(t, config(server.URL), Deps{})
			if err := g.Probe(t.Context()); (err == nil) != row.probe {
				t.Errorf("probe: %v", err)
			}
			mark, err := g.Ask(t.Context(), message, 2)
			var failure *channels.Failure
			if errors.As(row.kind, &failure) {
				if !errors.As(err, &failure) {
					t.Errorf("ask: %v, want a failure", err)
				}
			} else if !errors.Is(err, row.kind) {
				t.Errorf("ask: %v, want %v", err, row.kind)
			}
			if row.kind == nil && (mark.Mark.State() != row.state || mark.Mark.Handed != 2 ||
				mark.OptedOut != (row.name == "opted out") || mark.Reference != message || mark.At == 0) {
				t.Errorf("ask: %+v, want %s", mark, row.state)
			}
		})
	}
	g := newGateway(t, config("http://127.0.0.1:1"), Deps{})
	if _, err := g.Ask(t.Context(), "../Accounts", 1); !errors.Is(err, alerting.ErrInvalid) {
		t.Errorf("ask with a path: %v", err)
	}
}
