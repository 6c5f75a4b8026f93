package sim_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twilio/twilio-go/client"
	api "github.com/twilio/twilio-go/rest/api/v2010"

	"tocsin/cmd/gatewaysim/sim"
)

// divert sends what the Twilio library means for api.twilio.com to the simulator, and bounds the wait.
type divert struct {
	base string
	last http.Header
}

func (d *divert) RoundTrip(req *http.Request) (*http.Response, error) {
	to, err := url.Parse(d.base)
	if err != nil {
		return nil, err
	}
	req = req.Clone(req.Context())
	req.URL.Scheme, req.URL.Host, req.Host = to.Scheme, to.Host, to.Host
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err == nil {
		d.last = resp.Header
	}
	return resp, err
}

// twilio is the real client library with the account of the simulator.
func twilio(s *sim.Sim, token string) (*api.ApiService, *divert) {
	d := &divert{base: s.URL("sms")}
	c := &client.Client{Credentials: client.NewCredentials(sim.DefaultAccount, token),
		HTTPClient: &http.Client{Transport: d, Timeout: 2 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	c.SetAccountSid(sim.DefaultAccount)
	return api.NewApiService(client.NewRequestHandler(c)), d
}

func message(to, body, callback string) *api.CreateMessageParams {
	p := &api.CreateMessageParams{}
	p.SetTo(to)
	p.SetFrom("+15005550006")
	p.SetBody(body)
	if callback != "" {
		p.SetStatusCallback(callback)
	}
	return p
}

func TestSMSThroughTwilioLibrary(t *testing.T) {
	s := start(t, nil)
	svc, _ := twilio(s, sim.DefaultToken)
	text := "Flood: move to higher ground \"now\" – é, 🌊 & + %"
	m, err := svc.CreateMessage(message("+250788000001", text, ""))
	if err != nil {
		t.Fatal(err)
	}
	if *m.Status != "queued" || *m.Body != text || *m.To != "+250788000001" || *m.From != "+15005550006" || *m.NumSegments != "1" ||
		m.ErrorCode != nil || !strings.HasPrefix(*m.Sid, "SM") || len(*m.Sid) != 34 {
		t.Errorf("created: %+v", m)
	}
	if _, err := time.Parse(time.RFC1123Z, *m.DateCreated); err != nil {
		t.Errorf("date_created: %v", err)
	}
	got, err := svc.FetchMessage(*m.Sid, nil)
	if err != nil {
		t.Fatal(err)
	}
	if *got.Status != "delivered" || *got.Body != text || *got.To != "+250788000001" || *got.Sid != *m.Sid {
		t.Errorf("fetched: %+v", got)
	}
	st := s.Stats(sim.SMS, "")
	if len(st.Alerts) != 1 || st.Alerts[0].Arrivals != 1 || st.Alerts[0].Unique != 1 || len(st.Alerts[0].Alert) != 16 {
		t.Errorf("stats: %+v", st.Alerts)
	}
}

func TestSMSMessagingService(t *testing.T) {
	s := start(t, nil)
	svc, _ := twilio(s, sim.DefaultToken)
	p := &api.CreateMessageParams{}
	p.SetTo("+250788000001")
	p.SetMessagingServiceSid("MG00000000000000000000000000000009")
	p.SetBody("test")
	m, err := svc.CreateMessage(p)
	if err != nil {
		t.Fatal(err)
	}
	if *m.Status != "accepted" || m.From != nil || *m.MessagingServiceSid != "MG00000000000000000000000000000009" || *m.NumSegments != "0" {
		t.Errorf("created: %+v", m)
	}
}

func TestSMSRefusals(t *testing.T) {
	s := start(t, nil)
	change := func(f func(*api.CreateMessageParams)) *api.CreateMessageParams {
		p := message("+250788000001", "x", "")
		f(p)
		return p
	}
	for _, row := range []struct {
		name   string
		token  string
		params *api.CreateMessageParams
		status int
		code   int
	}{
		{"wrong token", "wrong", message("+250788000001", "x", ""), 401, 20003},
		{"no recipient", "", change(func(p *api.CreateMessageParams) { p.To = nil }), 400, 21604},
		{"no sender", "", change(func(p *api.CreateMessageParams) { p.From = nil }), 400, 21603},
		{"no body", "", change(func(p *api.CreateMessageParams) { p.Body = nil }), 400, 21602},
		{"not E.164", "", message("0788000001", "x", ""), 400, 21211},
		{"letters in number", "", message("+25078800a001", "x", ""), 400, 21211},
		{"too long a number", "", message("+2507880000011111", "x", ""), 400, 21211},
		{"body over 1600", "", message("+250788000001", strings.Repeat("é", 1601), ""), 400, 21617},
		{"callback without scheme", "", message("+250788000001", "x", "example.org/cb"), 400, 21609},
		{"callback with user", "", message("+250788000001", "x", "http://u@example.org/cb"), 400, 21609},
		{"validity of 0", "", change(func(p *api.CreateMessageParams) { p.SetValidityPeriod(0) }), 400, 20001},
		{"other account", "", change(func(p *api.CreateMessageParams) { p.SetPathAccountSid("AC99") }), 404, 20404},
	} {
		t.Run(row.name, func(t *testing.T) {
			token := row.token
			if token == "" {
				token = sim.DefaultToken
			}
			svc, _ := twilio(s, token)
			_, err := svc.CreateMessage(row.params)
			var rest *client.TwilioRestError
			if !errors.As(err, &rest) {
				t.Fatalf("error is %v", err)
			}
			if rest.Status != row.status || rest.Code != row.code || !strings.HasSuffix(rest.MoreInfo, "/"+strings.TrimSpace(itoa(row.code))) {
				t.Errorf("got %d %d %q", rest.Status, rest.Code, rest.MoreInfo)
			}
		})
	}
	if n := countKind(t, s, sim.SMS, sim.Arrive); n != 0 {
		t.Errorf("%d arrivals of refused messages", n)
	}
	if n := countKind(t, s, sim.SMS, sim.Refused); n != 12 {
		t.Errorf("%d refusals logged, want 12", n)
	}
	svc, _ := twilio(s, sim.DefaultToken)
	if m, err := svc.CreateMessage(message("+250788000001", strings.Repeat("é", 1600), "")); err != nil || *m.NumSegments != "11" {
		t.Errorf("1600 characters of GSM-7: %v %v", m, err)
	}
	if _, err := svc.FetchMessage("SM00000000000000000000000000000000", nil); err == nil {
		t.Error("an unknown message was found")
	}
}

func itoa(n int) string {
	b, _ := json.Marshal(n)
	return string(b)
}

// outcome checks what the Twilio library made of an answer.
type outcome func(t *testing.T, m *api.ApiV2010Message, err error, h http.Header)

func restError(status, code int) outcome {
	return func(t *testing.T, _ *api.ApiV2010Message, err error, _ http.Header) {
		var rest *client.TwilioRestError
		if !errors.As(err, &rest) || rest.Status != status || rest.Code != code {
			t.Errorf("error is %v, want %d %d", err, status, code)
		}
	}
}

func success(t *testing.T, m *api.ApiV2010Message, err error, _ http.Header) {
	if err != nil || m.Sid == nil {
		t.Errorf("got %v, %v", m, err)
	}
}

func timedOut(t *testing.T, _ *api.ApiV2010Message, err error, _ http.Header) {
	var ne interface{ Timeout() bool }
	if !errors.As(err, &ne) || !ne.Timeout() {
		t.Errorf("error is %v, want a time-out", err)
	}
}

func wasReset(t *testing.T, _ *api.ApiV2010Message, err error, _ http.Header) {
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("error is %v, want a reset", err)
	}
}

type smsFault struct {
	name, rule string
	arrivals   int
	check      outcome
}

func smsFaults() []smsFault {
	return []smsFault{
		{"outage", `{"kind":"status"}`, 0, restError(503, 20503)},
		{"429 with Retry-After", `{"on":"sms","kind":"status","status":429,"retry_after":"1500ms"}`, 0,
			func(t *testing.T, m *api.ApiV2010Message, err error, h http.Header) {
				restError(429, 20429)(t, m, err, h)
				if h.Get("Retry-After") != "2" {
					t.Errorf("Retry-After %q, want 2", h.Get("Retry-After"))
				}
			}},
		{"invalid number", `{"kind":"refuse","match":"0001","code":21211}`, 0, restError(400, 21211)},
		{"opted out", `{"kind":"refuse","match":"+250*01","code":21610}`, 0, restError(400, 21610)},
		{"refused, another", `{"kind":"refuse","match":"0002","code":21610}`, 1, success},
		{"hang", `{"kind":"hang"}`, 1, timedOut},
		{"stall", `{"kind":"stall"}`, 0, timedOut},
		{"drip", `{"kind":"drip","delay":"100ms"}`, 1, timedOut},
		{"slow drip that ends", `{"kind":"drip","delay":"10us"}`, 1, success},
		{"reset before", `{"kind":"reset_before"}`, 0, wasReset},
		{"reset after", `{"kind":"reset_after"}`, 1, wasReset},
		{"bad JSON", `{"kind":"bad_json"}`, 1, func(t *testing.T, _ *api.ApiV2010Message, err error, _ http.Header) {
			var rest *client.TwilioRestError
			if err == nil || errors.As(err, &rest) {
				t.Errorf("error is %v, want one of decoding", err)
			}
		}},
		{"200 with an error", `{"kind":"error_200","code":20500}`, 0, func(t *testing.T, m *api.ApiV2010Message, err error, _ http.Header) {
			var rest *client.TwilioRestError
			if err == nil && m.Sid != nil || errors.As(err, &rest) {
				t.Errorf("got %v %v, want neither a SID nor a REST error", m, err)
			}
		}},
		{"big body", `{"kind":"big_body"}`, 1, success},
		{"redirect", `{"kind":"redirect"}`, 0, func(t *testing.T, _ *api.ApiV2010Message, _ error, h http.Header) {
			if h.Get("Location") != "/elsewhere" {
				t.Errorf("Location %q", h.Get("Location"))
			}
		}},
		{"latency", `[{"kind":"latency","delay":"30ms","jitter":"5ms"},{"on":"push","kind":"status"}]`, 1, success},
		{"on another channel", `{"on":"mail","kind":"status"}`, 1, success},
	}
}

// TestSMSFaults serves every fault to the real library and looks at both sides.
func TestSMSFaults(t *testing.T) {
	for _, row := range smsFaults() {
		t.Run(row.name, func(t *testing.T) {
			s := start(t, nil)
			setFault(t, s, row.rule)
			svc, d := twilio(s, sim.DefaultToken)
			if strings.HasPrefix(row.name, "hang") || strings.HasPrefix(row.name, "stall") || row.name == "drip" {
				c := &client.Client{Credentials: client.NewCredentials(sim.DefaultAccount, sim.DefaultToken),
					HTTPClient: &http.Client{Transport: d, Timeout: 500 * time.Millisecond}}
				c.SetAccountSid(sim.DefaultAccount)
				svc = api.NewApiService(client.NewRequestHandler(c))
			}
			begun := time.Now()
			m, err := svc.CreateMessage(message("+250788000001", "x", ""))
			row.check(t, m, err, d.last)
			if n := countKind(t, s, sim.SMS, sim.Arrive); n != row.arrivals {
				t.Errorf("%d arrivals, want %d", n, row.arrivals)
			}
			if row.name == "latency" && time.Since(begun) < 25*time.Millisecond {
				t.Errorf("answered in %v", time.Since(begun))
			}
			want := uint64(1)
			if row.name == "latency" {
				want = 0 // a delay alone is no fault event, but its rule counts it
			}
			if strings.Contains(row.name, "another") {
				want = 0
			}
			if got := s.Stats("", "").Gateways[0].Faults; got != want {
				t.Errorf("%d faults in stats, want %d", got, want)
			}
			var served []sim.Served
			control(t, s, http.MethodGet, "/faults", "", &served)
			if hit := served[0].Served == 1; hit == strings.Contains(row.name, "another") {
				t.Errorf("rule served %d times", served[0].Served)
			}
		})
	}
}

func TestRedirectFollowedIsLogged(t *testing.T) {
	s := start(t, nil)
	setFault(t, s, `{"kind":"redirect"}`)
	resp, err := http.PostForm(s.URL("sms")+"/2010-04-01/Accounts/"+sim.DefaultAccount+"/Messages.json", url.Values{"To": {"+250788000001"}})
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if n := s.Stats("", "").Faults["sms/redirect followed"]; n != 1 {
		t.Errorf("followed %d times", n)
	}
}

func TestEveryTimesAndShare(t *testing.T) {
	for _, row := range []struct {
		name, rule string
		requests   int
		failed     func(int) bool
	}{
		{"every third", `{"kind":"status","every":3}`, 9, func(n int) bool { return n == 3 }},
		{"twice", `{"kind":"status","times":2}`, 9, func(n int) bool { return n == 2 }},
		{"none", `{"kind":"status","match":"nobody"}`, 9, func(n int) bool { return n == 0 }},
		{"share", `{"kind":"status","share":0.2}`, 1000, func(n int) bool { return n > 150 && n < 250 }},
		{"over", `{"kind":"status","for":"1ns"}`, 9, func(n int) bool { return n == 0 }},
		{"once a recipient", `{"kind":"status","once":true}`, 9, func(n int) bool { return n == 1 }},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := start(t, nil)
			setFault(t, s, row.rule)
			svc, _ := twilio(s, sim.DefaultToken)
			failed := 0
			for range row.requests {
				if _, err := svc.CreateMessage(message("+250788000001", "x", "")); err != nil {
					failed++
				}
			}
			if !row.failed(failed) {
				t.Errorf("%d of %d failed", failed, row.requests)
			}
			if n := countKind(t, s, sim.SMS, sim.Arrive); n != row.requests-failed {
				t.Errorf("%d arrivals, want %d", n, row.requests-failed)
			}
			if got := s.Faults().List()[0].Served; got != uint64(failed) {
				t.Errorf("rule says %d served, %d failed", got, failed)
			}
		})
	}
}

func TestProbeAndUnknownPaths(t *testing.T) {
	s := start(t, nil)
	for _, row := range []struct {
		name, method, path string
		auth               bool
		status             int
	}{
		{"account", "GET", "/2010-04-01/Accounts/" + sim.DefaultAccount + ".json", true, 200},
		{"account without token", "GET", "/2010-04-01/Accounts/" + sim.DefaultAccount + ".json", false, 401},
		{"unknown", "GET", "/nothing", true, 404},
		{"unknown resource", "GET", "/2010-04-01/Accounts/" + sim.DefaultAccount + "/Calls.json", true, 404},
		{"list of messages", "DELETE", "/2010-04-01/Accounts/" + sim.DefaultAccount + "/Messages.json", true, 405},
	} {
		t.Run(row.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), row.method, s.URL("sms")+row.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if row.auth {
				req.SetBasicAuth(sim.DefaultAccount, sim.DefaultToken)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			if _, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != row.status {
				t.Errorf("%d %v, want %d", resp.StatusCode, err, row.status)
			}
		})
	}
}
