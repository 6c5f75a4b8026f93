package sim_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twilio/twilio-go/client"

	"tocsin/cmd/gatewaysim/sim"
)

// receiver takes status callbacks, checks their signature with Twilio's own validator, and remembers them.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []map[string]string
	forged int
	// answer chooses the status for the n-th callback, counted from 1.
	answer func(n int) int
}

func receive(t *testing.T, secure bool, answer func(n int) int) *receiver {
	t.Helper()
	r := &receiver{answer: answer}
	handler := http.HandlerFunc(r.take)
	if secure {
		r.Server = httptest.NewTLSServer(handler)
	} else {
		r.Server = httptest.NewServer(handler)
	}
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) take(w http.ResponseWriter, req *http.Request) {
	validator := client.NewRequestValidator(sim.DefaultToken)
	body, err := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil || !validator.ValidateBody(r.URL+req.URL.RequestURI(), body, req.Header.Get("X-Twilio-Signature")) {
		r.forged++
		w.WriteHeader(http.StatusForbidden)
		return
	}
	req.Body = io.NopCloser(strings.NewReader(string(body)))
	_ = req.ParseForm() // the validator has parsed it before
	form := map[string]string{}
	for k := range req.PostForm {
		form[k] = req.PostForm.Get(k)
	}
	r.got = append(r.got, form)
	status := http.StatusNoContent
	if r.answer != nil {
		status = r.answer(len(r.got))
	}
	w.WriteHeader(status)
}

// statuses are the MessageStatus fields in order of arrival.
func (r *receiver) statuses() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for _, f := range r.got {
		out = append(out, f["MessageStatus"])
	}
	return out
}

func TestCallbackFields(t *testing.T) {
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("tls=%v", secure), func(t *testing.T) {
			r := receive(t, secure, nil)
			s := start(t, func(c *sim.Config) {
				if secure {
					pool := x509.NewCertPool()
					pool.AddCert(r.Certificate())
					c.Callbacks.TLS = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
				}
			})
			svc, _ := twilio(s, sim.DefaultToken)
			m, err := svc.CreateMessage(message("+250788000001", "x", r.URL+"/cb/sms?alert=abc&page=3&sig=a%2Bb%3D"))
			if err != nil {
				t.Fatal(err)
			}
			eventually(t, "two callbacks", func() bool { return len(r.statuses()) == 2 })
			if got := r.statuses(); !slices.Equal(got, []string{"sent", "delivered"}) || r.forged != 0 {
				t.Errorf("callbacks %v, forged %d", got, r.forged)
			}
			want := map[string]string{"AccountSid": sim.DefaultAccount, "ApiVersion": "2010-04-01", "From": "+15005550006", "MessageSid": *m.Sid,
				"MessageStatus": "delivered", "SmsSid": *m.Sid, "SmsStatus": "delivered", "To": "+250788000001"}
			for k, v := range want {
				if r.got[1][k] != v {
					t.Errorf("%s is %q, want %q", k, r.got[1][k], v)
				}
			}
			if len(r.got[1]) != len(want) {
				t.Errorf("fields %v", r.got[1])
			}
			eventually(t, "callbacks counted", func() bool {
				a := s.Stats(sim.SMS, "abc").Alerts
				return len(a) == 1 && a[0].CallbacksSent == 2
			})
		})
	}
}

type story struct {
	name, rule string
	answer     func(int) int
	change     func(*sim.Config)
	want       []string
	code       string
	stats      [4]uint64 // sent, refused, retried, failed
}

func stories() []story {
	bad := func(upTo, status int) func(int) int {
		return func(n int) int {
			if n <= upTo {
				return status
			}
			return http.StatusOK
		}
	}
	return []story{
		{name: "undelivered", rule: `{"kind":"callback_fail","code":30005}`, want: []string{"sent", "undelivered"}, code: "30005", stats: [4]uint64{2, 0, 0, 0}},
		{name: "failed", rule: `{"kind":"callback_fail","status":500}`, want: []string{"sent", "failed"}, code: "30008", stats: [4]uint64{2, 0, 0, 0}},
		{name: "others fail", rule: `{"kind":"callback_fail","match":"77"}`, want: []string{"sent", "delivered"}, stats: [4]uint64{2, 0, 0, 0}},
		{name: "twice", rule: `{"kind":"callback_twice"}`, want: []string{"sent", "delivered", "delivered"}, stats: [4]uint64{3, 0, 0, 0}},
		{name: "swapped", rule: `{"kind":"callback_swap"}`, want: []string{"delivered", "sent"}, stats: [4]uint64{2, 0, 0, 0}},
		{name: "dropped", rule: `{"kind":"callback_drop"}`, want: []string{"sent"}, stats: [4]uint64{1, 0, 0, 0}},
		{name: "delayed", rule: `{"kind":"callback_delay","delay":"30ms","jitter":"5ms"}`, want: []string{"sent", "delivered"}, stats: [4]uint64{2, 0, 0, 0}},
		{name: "final only", want: []string{"delivered"}, change: func(c *sim.Config) { c.Callbacks.NoSent = true }, stats: [4]uint64{1, 0, 0, 0}},
		{name: "5xx is tried again", answer: bad(2, 503), want: []string{"sent", "delivered", "sent", "delivered"}, stats: [4]uint64{2, 0, 2, 0}},
		{name: "5xx for ever", answer: bad(99, 500), change: func(c *sim.Config) { c.Callbacks.NoSent = true },
			want: []string{"delivered", "delivered", "delivered"}, stats: [4]uint64{0, 0, 2, 1}},
		{name: "4xx is final", answer: bad(99, 404), want: []string{"sent", "delivered"}, stats: [4]uint64{0, 2, 0, 0}},
		{name: "no retries", answer: bad(99, 500), change: func(c *sim.Config) { c.Callbacks.Retries = -1 }, want: []string{"sent", "delivered"},
			stats: [4]uint64{0, 0, 0, 2}},
		{name: "through a queue", rule: `{"kind":"queue","rate":100}`, want: []string{"sent", "delivered"}, stats: [4]uint64{2, 0, 0, 0}},
	}
}

func TestCallbackStories(t *testing.T) {
	for _, row := range stories() {
		t.Run(row.name, func(t *testing.T) {
			r := receive(t, false, row.answer)
			s := start(t, func(c *sim.Config) {
				c.Callbacks = sim.CallbackConfig{Retries: 2, RetryAfter: time.Millisecond}
				if row.change != nil {
					row.change(c)
				}
			})
			if row.rule != "" {
				setFault(t, s, row.rule)
			}
			svc, _ := twilio(s, sim.DefaultToken)
			m, err := svc.CreateMessage(message("+250788000001", "x", r.URL+"/cb?alert=a1"))
			if err != nil {
				t.Fatal(err)
			}
			eventually(t, "the story is told", func() bool {
				st := s.Stats(sim.SMS, "a1")
				a := st.Alerts[0]
				return [4]uint64{a.CallbacksSent, a.CallbacksRefused, a.CallbacksRetried, a.CallbacksFailed} == row.stats && st.CallbacksPending == 0
			})
			got, want := r.statuses(), slices.Clone(row.want)
			if row.stats[2] > 0 { // retries of different callbacks may cross
				slices.Sort(got)
				slices.Sort(want)
			}
			if !slices.Equal(got, want) {
				t.Errorf("callbacks %v, want %v", got, want)
			}
			if row.code != "" && r.got[1]["ErrorCode"] != row.code {
				t.Errorf("ErrorCode %q, want %q", r.got[1]["ErrorCode"], row.code)
			}
			if fetched, err := svc.FetchMessage(*m.Sid, nil); row.code != "" && (err != nil || *fetched.Status != row.want[1] || itoa(*fetched.ErrorCode) != row.code) {
				t.Errorf("fetched %+v %v", fetched, err)
			}
		})
	}
}

func TestCallbackBeforeAnswer(t *testing.T) {
	r := receive(t, false, nil)
	s := start(t, nil)
	setFault(t, s, `{"kind":"callback_early"}`)
	svc, _ := twilio(s, sim.DefaultToken)
	if _, err := svc.CreateMessage(message("+250788000001", "x", r.URL+"/cb")); err != nil {
		t.Fatal(err)
	}
	if got := r.statuses(); !slices.Equal(got, []string{"sent", "delivered"}) {
		t.Errorf("callbacks before the answer: %v", got)
	}
}

func TestQueueLandsLaterAndExpires(t *testing.T) {
	r := receive(t, false, nil)
	s := start(t, nil)
	setFault(t, s, `{"on":"sms","kind":"queue","rate":50}`)
	svc, _ := twilio(s, sim.DefaultToken)
	for range 5 {
		if _, err := svc.CreateMessage(message("+250788000001", "x", "")); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all have landed", func() bool { return s.Stats("", "").Alerts[0].Landed == 5 })
	var arrived, landed []string
	for _, f := range lines(t, s) {
		switch f[4] {
		case sim.Arrive:
			arrived = append(arrived, f[0])
		case sim.Land:
			landed = append(landed, f[0])
		}
	}
	if len(arrived) != 5 || len(landed) != 5 {
		t.Fatalf("%d arrived, %d landed", len(arrived), len(landed))
	}
	for i := range 4 {
		if gap := micros(t, landed[i+1]) - micros(t, landed[i]); gap < 20_000 {
			t.Errorf("at 50 a second, message %d landed %d µs after the one before", i+1, gap)
		}
	}
	// one message a minute and a validity of a second: what waits behind another fails
	s.Faults().Clear("", "")
	setFault(t, s, `{"on":"sms","kind":"queue","rate":0.01}`)
	p := message("+250788000009", "y", r.URL+"/cb?alert=late")
	p.SetValidityPeriod(1)
	if _, err := svc.CreateMessage(p); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the validity ends", func() bool { return len(r.statuses()) == 1 })
	if r.got[0]["MessageStatus"] != "failed" || r.got[0]["ErrorCode"] != "30036" {
		t.Errorf("callback %v", r.got[0])
	}
}

func micros(t *testing.T, s string) int64 {
	t.Helper()
	var n int64
	if _, err := fmt.Sscan(s, &n); err != nil {
		t.Fatal(err)
	}
	return n
}
