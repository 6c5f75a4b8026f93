// Package sms hands SMS to a gateway that speaks Twilio's REST protocol, and understands what comes back: the answer,
// the status callbacks, and the state of a single message when asked.
//
// It stands apart because it is the only package that knows twilio-go and Twilio's error codes. What always holds: one
// call of Send makes one request, never two; nothing is sent to a live gateway for a world other than Actual; no phone
// number and no secret stands in an error; and a delivery counts as lost only when its request was given to a connection.
//
// Why not the HTTP client of twilio-go: CreateMessage takes no context, and the library's client parses the URL three
// times and checks the credentials with regular expressions for every message. client.BaseClient is the library's own
// seam for that: each call gets a small value that carries its context over one shared transport.
package sms

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/twilio/twilio-go/client"
	twilio "github.com/twilio/twilio-go/rest/api/v2010"

	"tocsin/alerting"
	"tocsin/channels"
)

// Config is one SMS gateway.
type Config struct {
	// Live is true when messages reach real phones: then only the world Actual is carried, and only over HTTPS.
	Live bool
	// AccountSID begins with AC. With it goes either AuthToken, or KeySID (begins with SK) and KeySecret.
	AccountSID string
	AuthToken  string
	KeySID     string
	KeySecret  string
	// MessagingService (begins with MG) or From (an E.164 number, a short code or a sender name) is who sends.
	MessagingService string
	From             string
	// BaseURL replaces https://api.twilio.com, for a compatible gateway or a simulator. Edge and Region choose one of
	// Twilio's own addresses and need BaseURL to be empty. The environment (TWILIO_EDGE, TWILIO_REGION) has no say.
	BaseURL string
	Edge    string
	Region  string
	// Concurrency is the number of connections kept open; 0 means 64.
	Concurrency int
	// DialTimeout bounds connecting and the TLS handshake, each; 0 means 3 s.
	DialTimeout time.Duration
}

// Deps is what a gateway needs from outside.
type Deps struct {
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Leaves says which tests may pass a live gateway; nil: none.
	Leaves channels.Leaves
	// Callback gives the URL that Twilio reports the delivery's fate to, with a signed ticket in it; nil or an empty
	// URL means that no reports are wanted.
	Callback func(channels.Delivery) string
	// TLS replaces the default settings, for a private certificate authority.
	TLS *tls.Config
}

// Gateway sends through one account. It is safe for concurrent use.
type Gateway struct {
	config    Config
	leaves    channels.Leaves
	now       func() time.Time
	callback  func(channels.Delivery) string
	transport *http.Transport
	base      *url.URL // nil: use the address that twilio-go gives
	createURL string   // the address of new messages as twilio-go gives it
	create    *url.URL // and where it really is
	header    http.Header
	bodies    sync.Pool // *[]byte
}

var (
	_ channels.Adapter = (*Gateway)(nil)
	_ channels.Prober  = (*Gateway)(nil)
)

// New checks the configuration (alerting.ErrInvalid, naming the field) and prepares the connections; it sends nothing.
func New(c Config, d Deps) (*Gateway, error) {
	base, err := c.check()
	if err != nil {
		return nil, fmt.Errorf("sms gateway: %w", err)
	}
	if c.Concurrency <= 0 {
		c.Concurrency = 64
	}
	if c.DialTimeout <= 0 {
		c.DialTimeout = 3 * time.Second
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	user, secret := c.AccountSID, c.AuthToken
	if c.KeySID != "" {
		user, secret = c.KeySID, c.KeySecret
	}
	g := &Gateway{config: c, now: d.Now, leaves: d.Leaves, callback: d.Callback, base: base}
	g.transport = newTransport(c, d.TLS)
	g.header = http.Header{
		"Accept":        {"application/json"},
		"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+secret))},
		"Content-Type":  {"application/x-www-form-urlencoded"},
		"User-Agent":    {"tocsin twilio-go/" + client.LibraryVersion},
	}
	g.bodies.New = func() any { b := make([]byte, 0, 4<<10); return &b }
	return g, g.prepare()
}

// prepare works out once where new messages go.
func (g *Gateway) prepare() error {
	raw, err := g.api(nil).RequestHandler().BuildUrl("https://api.twilio.com/2010-04-01/Accounts/" + g.config.AccountSID + "/Messages.json")
	if err != nil {
		return fmt.Errorf("sms gateway: address of twilio: %w", err)
	}
	if g.create, err = g.target(raw); err != nil {
		return fmt.Errorf("sms gateway: address of twilio: %w", err)
	}
	g.createURL = raw
	return nil
}

// check names the first field that cannot work.
func (c *Config) check() (*url.URL, error) {
	bad := func(field, why string) error { return fmt.Errorf("%w: %s: %s", alerting.ErrInvalid, field, why) }
	switch {
	case !sid(c.AccountSID, "AC"):
		return nil, bad("account SID", "want AC and 32 hexadecimal digits")
	case (c.KeySID == "") != (c.KeySecret == ""):
		return nil, bad("API key", "key SID and key secret belong together")
	case (c.AuthToken == "") == (c.KeySID == ""):
		return nil, bad("credentials", "want either an auth token or an API key")
	case c.KeySID != "" && !sid(c.KeySID, "SK"):
		return nil, bad("key SID", "want SK and 32 hexadecimal digits")
	case (c.MessagingService == "") == (c.From == ""):
		return nil, bad("sender", "want either a messaging service or a from number")
	case c.MessagingService != "" && !sid(c.MessagingService, "MG"):
		return nil, bad("messaging service", "want MG and 32 hexadecimal digits")
	case c.BaseURL != "" && (c.Edge != "" || c.Region != ""):
		return nil, bad("base URL", "edge and region are for Twilio's own address only")
	case c.BaseURL == "":
		return nil, nil
	}
	u, err := url.Parse(c.BaseURL)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		return nil, bad("base URL", "want https://host[:port][/path]")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, bad("base URL", "no user, query or fragment")
	case c.Live && u.Scheme != "https" && !loopback(u.Hostname()):
		return nil, bad("base URL", "a live gateway is reached over https only")
	}
	u.Path = strings.TrimSuffix(u.Path, "/")
	return u, nil
}

// Send hands one SMS over. Failures are of type *channels.Failure.
func (g *Gateway) Send(ctx context.Context, d channels.Delivery) (channels.Handed, error) {
	validity, refused := g.refuse(d)
	if refused != nil {
		return channels.Handed{}, refused
	}
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, channels.SendTimeout)
		defer cancel()
	}
	params := &twilio.CreateMessageParams{To: &d.Address, Body: &d.Message.Body, ValidityPeriod: &validity}
	if g.config.MessagingService != "" {
		params.MessagingServiceSid = &g.config.MessagingService
	} else {
		params.From = &g.config.From
	}
	if g.callback != nil {
		if u := g.callback(d); u != "" {
			params.StatusCallback = &u
		}
	}
	c := &call{gateway: g, ctx: ctx}
	defer c.release()
	answer, err := g.api(c).CreateMessage(params)
	if err != nil {
		return channels.Handed{}, c.failure(err)
	}
	return c.handed(answer)
}

// maxValidity is Twilio's largest ValidityPeriod in seconds.
const maxValidity = 36000

// refuse finds what must not be sent, and otherwise how many seconds the message stays worth delivering.
func (g *Gateway) refuse(d channels.Delivery) (int, *channels.Failure) {
	left := maxValidity
	if !d.Expires.IsZero() {
		left = min(left, int(d.Expires.Sub(g.now())/time.Second))
	}
	if barred := channels.Barred(g.config.Live, g.leaves, &d, g.now()); barred != nil {
		return 0, barred
	}
	switch {
	case left < 1:
		return 0, &channels.Failure{Class: channels.Expired, Reason: "expired before the hand-over"}
	case !e164(d.Address):
		return 0, &channels.Failure{Class: channels.Rejected, Reason: "not a phone number in E.164 form"}
	case d.Message == nil || d.Message.Body == "":
		return 0, &channels.Failure{Class: channels.Rejected, Reason: "no text to send"}
	}
	return left, nil
}

// api is twilio-go's service over one call. Building it costs two small values.
func (g *Gateway) api(c *call) *twilio.ApiService {
	return twilio.NewApiService(&client.RequestHandler{Client: c, Edge: g.config.Edge, Region: g.config.Region})
}

// Probe asks for a message that cannot exist: only a gateway that knows the account answers "not found" (20404).
// It works for auth tokens and API keys alike and reads nobody's data.
func (g *Gateway) Probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, channels.SendTimeout)
	defer cancel()
	c := &call{gateway: g, ctx: ctx}
	defer c.release()
	_, err := g.api(c).FetchMessage("SM00000000000000000000000000000000", nil)
	if err == nil || c.code == codeNotFound {
		return nil
	}
	return fmt.Errorf("probe sms gateway: %w", c.failure(err))
}

// Close ends the idle connections; sends under way finish.
func (g *Gateway) Close() error {
	g.transport.CloseIdleConnections()
	return nil
}

// e164 reports whether s is a plus sign and 7 to 15 digits, the first not zero (ITU-T E.164).
func e164(s string) bool {
	if len(s) < 8 || len(s) > 16 || s[0] != '+' || s[1] == '0' {
		return false
	}
	for _, c := range []byte(s[1:]) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// sid reports whether s is one of Twilio's identifiers: two letters and 32 hexadecimal digits.
func sid(s, prefix string) bool {
	if len(s) != 34 || !strings.HasPrefix(s, prefix) {
		return false
	}
	for _, c := range []byte(s[2:]) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return true
}

// loopback reports whether a configured host can only be this machine.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// handed reads the message that the gateway says it took.
func (c *call) handed(m *twilio.ApiV2010Message) (channels.Handed, error) {
	switch {
	case m.Sid != nil && *m.Sid != "" && len(*m.Sid) <= 64 && (m.ErrorCode == nil || *m.ErrorCode == 0):
		return channels.Handed{Reference: *m.Sid}, nil
	case c.code != 0:
		return channels.Handed{}, c.verdict(errors.New("an error in a good answer"))
	case m.ErrorCode != nil && *m.ErrorCode != 0:
		c.code = *m.ErrorCode
		return channels.Handed{}, c.verdict(errors.New("an error in a good answer"))
	}
	return channels.Handed{}, &channels.Failure{Class: channels.Lost, Reason: "twilio: an answer without a message"}
}
