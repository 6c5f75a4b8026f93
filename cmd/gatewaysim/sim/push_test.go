package sim_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	webpush "github.com/SherClockHolmes/webpush-go"

	"tocsin/cmd/gatewaysim/sim"
)

// subscribe gets subscriptions from the control API.
func subscribe(t testing.TB, s *sim.Sim, query string) []*webpush.Subscription {
	t.Helper()
	status, text := control(t, s, http.MethodGet, "/subscriptions?"+query, "", nil)
	if status != http.StatusOK {
		t.Fatalf("subscriptions: %d %s", status, text)
	}
	var out []*webpush.Subscription
	in := bufio.NewScanner(strings.NewReader(text))
	for in.Scan() {
		var sub webpush.Subscription
		if err := json.Unmarshal(in.Bytes(), &sub); err != nil {
			t.Fatal(err)
		}
		out = append(out, &sub)
	}
	return out
}

// vapid makes options with a fresh key.
func vapid(t testing.TB) *webpush.Options {
	t.Helper()
	private, public, err := webpush.GenerateVAPIDKeys()
	if err != nil {
		t.Fatal(err)
	}
	return &webpush.Options{Subscriber: "warnings@example.org", VAPIDPrivateKey: private, VAPIDPublicKey: public, TTL: 60,
		Urgency: webpush.UrgencyHigh, Topic: "flood", RecordSize: 512, HTTPClient: &http.Client{Timeout: 2 * time.Second}}
}

func TestPushThroughWebpushGo(t *testing.T) {
	s := start(t, nil)
	subs := subscribe(t, s, "n=300&seed=5")
	if len(subs) != 300 {
		t.Fatalf("%d subscriptions", len(subs))
	}
	again := subscribe(t, s, "n=1&from=299&seed=5")
	if *again[0] != *subs[299] || subs[0].Keys.Auth == subs[1].Keys.Auth {
		t.Error("subscriptions do not follow from seed and number")
	}
	opt := vapid(t)
	for _, i := range []int{0, 1, 2, 299, 299} {
		resp, err := webpush.SendNotificationWithContext(t.Context(), []byte(`{"title":"Flood","tag":"alert-1"}`), subs[i], opt)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusCreated || !strings.HasPrefix(resp.Header.Get("Location"), s.URL("push")+"/message/") || resp.Header.Get("TTL") != "60" {
			t.Fatalf("%d %s %v", resp.StatusCode, body, resp.Header)
		}
	}
	a := s.Stats(sim.Push, "alert-1").Alerts
	if len(a) != 1 || a[0].Arrivals != 5 || a[0].Unique != 4 || a[0].Duplicates != 1 {
		t.Errorf("stats %+v", a)
	}
	var list bytes.Buffer
	if err := s.Recipients(&list, sim.Push, "alert-1"); err != nil || list.String() != "5-0\t1\n5-1\t1\n5-2\t1\n5-299\t2\n" {
		t.Errorf("recipients %v: %s", err, &list)
	}
}

func TestPushAlertKeys(t *testing.T) {
	s := start(t, nil)
	subs, opt := subscribe(t, s, "n=1"), vapid(t)
	for _, row := range []struct{ name, payload, alert string }{
		{"tag", `{"tag":"t1","url":"https://e.org/1"}`, "t1"},
		{"url", `{"url":"https://e.org/1"}`, "https://e.org/1"},
		{"declarative", `{"web_push":8030,"notification":{"title":"x","navigate":"https://e.org/2"}}`, "https://e.org/2"},
		{"declarative with tag", `{"web_push":8030,"notification":{"tag":"t2","navigate":"https://e.org/2"}}`, "t2"},
		{"no JSON", "watermelon", "31a2d5282683edb3"},
	} {
		t.Run(row.name, func(t *testing.T) {
			resp, err := webpush.SendNotificationWithContext(t.Context(), []byte(row.payload), subs[0], opt)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			all := lines(t, s)
			if got := all[len(all)-1]; got[3] != row.alert || got[4] != sim.Arrive {
				t.Errorf("logged %v, want alert %s", got, row.alert)
			}
		})
	}
}

type pushRefusal struct {
	name   string
	change func(*http.Request)
	to     *webpush.Subscription
	opt    func(*webpush.Options)
	later  time.Duration
	status int
	reason string
}

func pushRefusals(other, moved *webpush.Subscription) []pushRefusal {
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Del(name)
			if value != "" {
				r.Header.Set(name, value)
			}
		}
	}
	return []pushRefusal{
		{name: "good", status: 201},
		{name: "keys of another subscription", to: other, status: 400, reason: "authentication failed"},
		{name: "token for another origin", to: moved, status: 403, reason: "aud"},
		{name: "no token", change: header("Authorization", ""), status: 401, reason: "missing"},
		{name: "other scheme", change: header("Authorization", "Bearer x"), status: 401, reason: "scheme"},
		{name: "no JWT", change: header("Authorization", "vapid t=a.b.c, k=d"), status: 401, reason: "JWT"},
		{name: "altered token", change: func(r *http.Request) {
			v := []byte(r.Header.Get("Authorization"))
			i := bytes.LastIndexByte(v, ',') - 10
			v[i] ^= 1
			r.Header.Set("Authorization", string(v))
		}, status: 403, reason: "signature"},
		{name: "expired token", later: 13 * time.Hour, status: 403, reason: "expired"},
		{name: "token of tomorrow", later: -13 * time.Hour, status: 403, reason: "24 hours"},
		{name: "mailto twice", opt: func(o *webpush.Options) { o.Subscriber = "mailto:a@example.org" }, status: 403, reason: "twice"},
		{name: "no TTL", change: header("TTL", ""), status: 400, reason: "TTL"},
		{name: "TTL no number", change: header("TTL", "-5"), status: 400, reason: "TTL"},
		{name: "unknown urgency", change: header("Urgency", "extreme"), status: 400, reason: "Urgency"},
		{name: "topic too long", opt: func(o *webpush.Options) { o.Topic = strings.Repeat("a", 33) }, status: 400, reason: "Topic"},
		{name: "topic with a dot", opt: func(o *webpush.Options) { o.Topic = "a.b" }, status: 400, reason: "Topic"},
		{name: "encoding", change: header("Content-Encoding", "aesgcm"), status: 400, reason: "Content-Encoding"},
		{name: "too large", change: func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(make([]byte, 4097))), 4097
		}, status: 413, reason: "4096"},
		{name: "altered message", change: func(r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			b[len(b)-1] ^= 1
			r.Body = io.NopCloser(bytes.NewReader(b))
		}, status: 400, reason: "authentication"},
		{name: "GET", change: func(r *http.Request) { r.Method = "GET" }, status: 405, reason: "POST"},
		{name: "unknown path", change: func(r *http.Request) { r.URL.Path = "/x" }, status: 404, reason: "no such"},
	}
}

func TestPushRefusals(t *testing.T) {
	var offset atomic.Int64
	s := start(t, func(c *sim.Config) {
		c.Now = func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }
	})
	sub := subscribe(t, s, "n=2")
	send := func(t *testing.T, change func(*http.Request), to *webpush.Subscription, opt *webpush.Options) (int, string) {
		t.Helper()
		opt.HTTPClient = doer(func(req *http.Request) (*http.Response, error) {
			if change != nil {
				change(req)
			}
			return http.DefaultClient.Do(req)
		})
		resp, err := webpush.SendNotificationWithContext(t.Context(), []byte(`{"tag":"x"}`), to, opt)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		b, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(b)
	}
	other := *sub[0]
	other.Keys = sub[1].Keys
	moved := *sub[0]
	moved.Endpoint = strings.Replace(sub[0].Endpoint, "127.0.0.1", "localhost", 1)
	for _, row := range pushRefusals(&other, &moved) {
		t.Run(row.name, func(t *testing.T) {
			offset.Store(int64(row.later))
			opt, to := vapid(t), sub[0]
			if row.opt != nil {
				row.opt(opt)
			}
			if row.to != nil {
				to = row.to
			}
			status, body := send(t, row.change, to, opt)
			if status != row.status || !strings.Contains(body, row.reason) {
				t.Errorf("got %d %q, want %d %q", status, body, row.status, row.reason)
			}
		})
	}
	if n := countKind(t, s, sim.Push, sim.Arrive); n != 1 {
		t.Errorf("%d arrivals, want 1", n)
	}
}

type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

func TestPushKeyRestriction(t *testing.T) {
	opt := vapid(t)
	s := start(t, func(c *sim.Config) { c.WebPush.Key = opt.VAPIDPublicKey })
	sub := subscribe(t, s, "n=1")[0]
	for name, o := range map[string]*webpush.Options{"own": opt, "foreign": vapid(t)} {
		resp, err := webpush.SendNotificationWithContext(t.Context(), []byte("x"), sub, o)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if want := map[string]int{"own": 201, "foreign": 403}[name]; resp.StatusCode != want {
			t.Errorf("%s key: %d, want %d", name, resp.StatusCode, want)
		}
	}
}

func TestPushFaults(t *testing.T) {
	for _, row := range []struct {
		name, rule string
		status     int // 0: no answer
		arrivals   int
	}{
		{"gone", `{"on":"push","kind":"refuse","match":"-0","status":410}`, 410, 0},
		{"unknown", `{"on":"push","kind":"refuse","match":"-0","status":404}`, 404, 0},
		{"another is gone", `{"on":"push","kind":"refuse","match":"-1","status":410}`, 201, 1},
		{"429", `{"on":"push","kind":"status","status":429,"retry_after":3000}`, 429, 0},
		{"hang", `{"kind":"hang"}`, 0, 1},
		{"reset after", `{"kind":"reset_after"}`, 0, 1},
		{"reset before", `{"kind":"reset_before"}`, 0, 0},
		{"200 with an error", `{"kind":"error_200"}`, 200, 0},
		{"limit", `[{"kind":"limit","rate":0.001}]`, 201, 1},
		{"queue", `[{"kind":"queue","rate":1000}]`, 201, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := start(t, nil)
			setFault(t, s, row.rule)
			sub, opt := subscribe(t, s, "n=1")[0], vapid(t)
			ctx, cancel := context.WithTimeout(t.Context(), 800*time.Millisecond)
			defer cancel()
			resp, err := webpush.SendNotificationWithContext(ctx, []byte(`{"tag":"x"}`), sub, opt)
			status := 0
			if err == nil {
				status = resp.StatusCode
				_ = resp.Body.Close()
			}
			if status != row.status {
				t.Errorf("got %d %v, want %d", status, err, row.status)
			}
			if n := countKind(t, s, sim.Push, sim.Arrive); n != row.arrivals {
				t.Errorf("%d arrivals, want %d", n, row.arrivals)
			}
			if status == 429 && resp.Header.Get("Retry-After") != "3" {
				t.Errorf("Retry-After %q", resp.Header.Get("Retry-After"))
			}
			if row.name == "queue" {
				eventually(t, "it lands", func() bool { return s.Stats(sim.Push, "x").Alerts[0].Landed == 1 })
			}
		})
	}
}

func TestPushSampledDecryption(t *testing.T) {
	s := start(t, func(c *sim.Config) { c.WebPush.DecryptEvery = 4 })
	sub, opt := subscribe(t, s, "n=1")[0], vapid(t)
	for i := range 8 {
		resp, err := webpush.SendNotificationWithContext(t.Context(), fmt.Appendf(nil, `{"tag":"t%d"}`, i), sub, opt)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	var read, topic int
	for _, a := range s.Stats(sim.Push, "").Alerts {
		if a.Alert == "flood" {
			topic += int(a.Arrivals)
		} else {
			read += int(a.Arrivals)
		}
	}
	if read != 2 || topic != 6 {
		t.Errorf("%d read and %d by topic, want 2 and 6", read, topic)
	}
}

// BenchmarkPushAccept replays one encrypted message: what the simulator itself costs per push, with decryption.
func BenchmarkPushAccept(b *testing.B) {
	s := start(b, nil)
	sub, opt := subscribe(b, s, "n=1")[0], vapid(b)
	var raw bytes.Buffer
	opt.HTTPClient = doer(func(r *http.Request) (*http.Response, error) {
		err := r.Write(&raw)
		return &http.Response{StatusCode: http.StatusCreated, Body: http.NoBody}, err
	})
	resp, err := webpush.SendNotificationWithContext(b.Context(), []byte(`{"tag":"t1"}`), sub, opt)
	if err != nil {
		b.Fatal(err)
	}
	_ = resp.Body.Close()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		c, err := net.Dial("tcp", s.Addr("push"))
		if err != nil {
			b.Error(err)
			return
		}
		defer func() { _ = c.Close() }()
		buf := make([]byte, 4096)
		for pb.Next() {
			if _, err := c.Write(raw.Bytes()); err != nil {
				b.Error(err)
				return
			}
			if n, err := c.Read(buf); err != nil || !strings.HasPrefix(string(buf[:n]), "HTTP/1.1 201") {
				b.Errorf("%v %s", err, buf[:n])
				return
			}
		}
	})
}
