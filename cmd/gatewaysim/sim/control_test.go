package sim_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"tocsin/cmd/gatewaysim/sim"
)

// TestStatsCanBeCountedAgain sends from many goroutines and compares three ways of counting: stats, /recipients, raw log.
func TestStatsCanBeCountedAgain(t *testing.T) {
	s := start(t, nil)
	const workers, each = 8, 200
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			svc, _ := twilio(s, sim.DefaultToken)
			for i := range each {
				to := fmt.Sprintf("+25078%07d", (w*each+i)%(workers*each*3/4)) // a quarter are doubles
				if _, err := svc.CreateMessage(message(to, "body", "")); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	var st sim.Stats
	control(t, s, http.MethodGet, "/stats?channel=sms", "", &st)
	counts := map[string]int{}
	for _, f := range lines(t, s) {
		if f[4] == sim.Arrive {
			counts[f[2]]++
		}
	}
	a := st.Alerts[0]
	if a.Arrivals != workers*each || a.Unique != len(counts) || a.Unique != workers*each*3/4 || a.Duplicates != a.Arrivals-uint64(a.Unique) {
		t.Errorf("stats %+v, log has %d recipients", a, len(counts))
	}
	if a.First == 0 || a.Last < a.First || a.Latency.P50 > a.Latency.P99 || a.Latency.Max > (a.Last-a.First)*17/16+1 {
		t.Errorf("times %+v", a)
	}
	_, list := control(t, s, http.MethodGet, "/recipients?channel=sms&alert="+a.Alert, "", nil)
	for line := range strings.Lines(list) {
		var to string
		var n int
		if _, err := fmt.Sscan(line, &to, &n); err != nil || counts[to] != n {
			t.Fatalf("recipient line %q, log has %d (%v)", line, counts[to], err)
		}
		delete(counts, to)
	}
	if len(counts) != 0 {
		t.Errorf("%d recipients are not listed", len(counts))
	}
	if g := st.Gateways[0]; g.Name != "sms" || g.Arrivals != workers*each || g.Connections == 0 {
		t.Errorf("gateway %+v", g)
	}
}

func TestResetMarkAndLog(t *testing.T) {
	s := start(t, nil)
	svc, _ := twilio(s, sim.DefaultToken)
	send := func(body string) {
		t.Helper()
		if _, err := svc.CreateMessage(message("+250788000001", body, "")); err != nil {
			t.Fatal(err)
		}
	}
	send("before")
	var state sim.LogState
	control(t, s, http.MethodPost, "/reset", "", &state)
	if len(s.Stats("", "").Alerts) != 0 || state.Since != state.Size {
		t.Errorf("after reset: %+v, log %+v", s.Stats("", "").Alerts, state)
	}
	at := time.Now().Add(-time.Minute)
	control(t, s, http.MethodPost, fmt.Sprintf("/mark?at=%d", at.UnixMicro()), "", nil)
	send("after")
	a := s.Stats("", "").Alerts
	if len(a) != 1 || a[0].Latency.P50 < 60e6 || a[0].Latency.P50 > 70e6 {
		t.Errorf("latency counts from the mark: %+v", a)
	}
	if _, list := control(t, s, http.MethodGet, "/recipients", "", nil); list != "+250788000001\t1\n" {
		t.Errorf("recipients after reset %q", list)
	}
	control(t, s, http.MethodGet, "/flush", "", &state)
	if info, err := os.Stat(state.Path); err != nil || info.Size() != state.Size {
		t.Errorf("log on disk %v, %+v", err, state)
	}
	if status, _ := control(t, s, http.MethodPost, "/mark?at=yesterday", "", nil); status != http.StatusBadRequest {
		t.Errorf("a mark that is no time: %d", status)
	}
}

func TestSentHeaderWins(t *testing.T) {
	s := start(t, nil)
	sent := time.Now().Add(-time.Hour).UnixMicro()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL("sms")+"/2010-04-01/Accounts/"+sim.DefaultAccount+"/Messages.json?alert=q1",
		strings.NewReader("To=%2B250788000001&From=x&Body=y"))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(sim.DefaultAccount, sim.DefaultToken)
	req.Header.Set(sim.SentHeader, fmt.Sprint(sent))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if a := s.Stats(sim.SMS, "q1").Alerts; len(a) != 1 || a[0].Latency.P50 < time.Hour.Microseconds() {
		t.Errorf("stats %+v", a)
	}
}

func TestRates(t *testing.T) {
	var mu sync.Mutex
	clock := time.Unix(1_800_000_000, 300_000_000)
	s := start(t, func(c *sim.Config) {
		c.Now = func() time.Time { mu.Lock(); defer mu.Unlock(); return clock }
	})
	svc, _ := twilio(s, sim.DefaultToken)
	for _, step := range []struct {
		after time.Duration
		n     int
	}{{0, 3}, {600 * time.Millisecond, 4}, {200 * time.Millisecond, 5}, {2 * time.Second, 1}} {
		mu.Lock()
		clock = clock.Add(step.after)
		mu.Unlock()
		for range step.n {
			if _, err := svc.CreateMessage(message("+250788000001", strings.Repeat("x", 161), "")); err != nil {
				t.Fatal(err)
			}
		}
	}
	var r sim.Rates
	control(t, s, http.MethodGet, "/rates?gateway=sms", "", &r)
	if r.Begin != 1_800_000_000 || !slices.Equal(r.Arrivals, []uint64{7, 5, 0, 1}) || !slices.Equal(r.Units, []uint64{14, 10, 0, 2}) ||
		r.MaxWindow != 12 || r.MaxUnits != 24 {
		t.Errorf("rates %+v", r)
	}
}

// TestLimitHoldsInEverySecond sends every 2 ms of a clock of its own for 3 seconds.
func TestLimitHoldsInEverySecond(t *testing.T) {
	var ticks atomic.Int64
	s := start(t, func(c *sim.Config) {
		c.Now = func() time.Time {
			return time.Unix(1_800_000_000, 0).Add(time.Duration(ticks.Load()) * 2 * time.Millisecond)
		}
	})
	setFault(t, s, `{"on":"sms","kind":"limit","rate":50,"retry_after":"1s"}`)
	svc, d := twilio(s, sim.DefaultToken)
	refused := 0
	for range 1500 {
		if _, err := svc.CreateMessage(message("+250788000001", "x", "")); err != nil {
			refused++
			if d.last.Get("Retry-After") != "1" {
				t.Fatalf("Retry-After %q", d.last.Get("Retry-After"))
			}
		}
		ticks.Add(1)
	}
	r := s.Rates("sms")
	if refused != 1350 || r.MaxWindow != 50 || !slices.Equal(r.Arrivals, []uint64{50, 50, 50}) {
		t.Errorf("%d refused, rates %+v", refused, r)
	}
	if served := s.Faults().List()[0].Served; served != uint64(refused) {
		t.Errorf("rule says %d refused, %d were", served, refused)
	}
}

func TestFaultAPI(t *testing.T) {
	s := start(t, nil)
	for _, row := range []struct{ name, body, problem string }{
		{"unknown kind", `{"kind":"explode"}`, "unknown kind"},
		{"unknown field", `{"kind":"status","stauts":500}`, "stauts"},
		{"share over 1", `{"kind":"status","share":1.5}`, "share"},
		{"limit without rate", `{"kind":"limit"}`, "rate"},
		{"refuse without match", `{"kind":"refuse"}`, "match"},
		{"negative", `{"kind":"latency","delay":-1}`, "negative"},
		{"status out of range", `{"kind":"status","status":1000}`, "1000"},
		{"bad duration", `{"kind":"latency","delay":"soon"}`, "duration"},
		{"no JSON", `kind=status`, "invalid"},
		{"one bad in a list", `[{"kind":"status"},{"kind":"limit"}]`, "rate"},
	} {
		t.Run(row.name, func(t *testing.T) {
			status, text := control(t, s, http.MethodPost, "/faults", row.body, nil)
			if status != http.StatusBadRequest || !strings.Contains(text, row.problem) {
				t.Errorf("%d %s", status, text)
			}
		})
	}
	if n := len(s.Faults().List()); n != 0 {
		t.Fatalf("%d rules after refused ones", n)
	}
	setFault(t, s, `[{"on":"sms","kind":"status"},{"on":"push","kind":"status"},{"on":"sms","kind":"hang"},{"kind":"latency","delay":"1s"}]`)
	for _, row := range []struct {
		query string
		left  int
	}{{"?on=sms&kind=hang", 3}, {"?on=mail", 3}, {"?kind=status", 1}, {"", 0}} {
		control(t, s, http.MethodDelete, "/faults"+row.query, "", nil)
		if n := len(s.Faults().List()); n != row.left {
			t.Errorf("DELETE %q leaves %d, want %d", row.query, n, row.left)
		}
	}
}

func TestListenerDownAndUp(t *testing.T) {
	s := start(t, func(c *sim.Config) { c.SMS = []string{"127.0.0.1:0", "127.0.0.1:0"} })
	if s.Addr("sms-2") == "" || s.Addr("sms-2") == s.Addr("sms") {
		t.Fatalf("addresses %v", s.Addrs())
	}
	svc, _ := twilio(s, sim.DefaultToken)
	send := func() error {
		_, err := svc.CreateMessage(message("+250788000001", "x", ""))
		return err
	}
	if err := send(); err != nil {
		t.Fatal(err)
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections() // or the first error is that of a kept connection
	control(t, s, http.MethodPost, "/listeners/sms/down", "", nil)
	if err := send(); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("while down: %v", err)
	}
	c, err := net.Dial("tcp", s.Addr("sms-2"))
	if err != nil {
		t.Errorf("the other listener: %v", err)
	} else {
		_ = c.Close()
	}
	control(t, s, http.MethodPost, "/listeners/sms/up", "", nil)
	if err := send(); err != nil {
		t.Errorf("up again: %v", err)
	}
	for _, path := range []string{"/listeners/none/down", "/listeners/control/down", "/listeners/sms/sideways"} {
		if status, _ := control(t, s, http.MethodPost, path, "", nil); status != http.StatusBadRequest {
			t.Errorf("%s: %d", path, status)
		}
	}
}

func TestFaultOnOneListener(t *testing.T) {
	s := start(t, func(c *sim.Config) { c.SMS = []string{"127.0.0.1:0", "127.0.0.1:0"} })
	setFault(t, s, `{"on":"sms-2","kind":"status"}`)
	for name, want := range map[string]int{"sms": 201, "sms-2": 503} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
			s.URL(name)+"/2010-04-01/Accounts/"+sim.DefaultAccount+"/Messages.json", strings.NewReader("To=%2B250788000001&From=x&Body=y"))
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth(sim.DefaultAccount, sim.DefaultToken)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s answers %d, want %d", name, resp.StatusCode, want)
		}
	}
	last := lines(t, s)
	if f := last[len(last)-1]; f[6] != "sms" && f[6] != "sms-2" {
		t.Errorf("gateway column is %q", f[6])
	}
}

func TestHelpNamesEveryRouteAndKind(t *testing.T) {
	s := start(t, nil)
	_, text := control(t, s, http.MethodGet, "/", "", nil)
	for _, word := range []string{"/stats", "/recipients", "/rates", "/log", "/flush", "/faults", "/reset", "/mark", "/listeners", "/subscriptions",
		"latency", "status", "limit", "queue", "refuse", "hang", "stall", "drip", "reset_before", "reset_after", "bad_json", "error_200",
		"big_body", "redirect", "callback_fail", "callback_delay", "callback_early", "callback_twice", "callback_swap", "callback_drop"} {
		if !strings.Contains(text, word) {
			t.Errorf("help does not name %q", word)
		}
	}
	var all map[string]string
	control(t, s, http.MethodGet, "/listeners", "", &all)
	if all["sms"] != s.Addr("sms") || all["control"] == "" {
		t.Errorf("listeners %v", all)
	}
}

func TestStartRefusals(t *testing.T) {
	for _, row := range []struct {
		name    string
		cfg     sim.Config
		problem string
	}{
		{"not loopback", sim.Config{SMS: []string{"0.0.0.0:0"}}, "loopback"},
		{"no address", sim.Config{SMS: []string{"nonsense"}}, "listen"},
		{"bad rule", sim.Config{Faults: []sim.Rule{{Kind: "explode"}}}, "unknown kind"},
		{"log in no directory", sim.Config{LogFile: "/nonexistent/raw.tsv"}, "raw log"},
		{"name taken", sim.Config{Gateways: []sim.Gateway{{Name: "control", Addr: "127.0.0.1:0"}}}, "taken"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s, err := sim.Start(t.Context(), row.cfg)
			if err == nil {
				_ = s.Close()
				t.Fatal("it started")
			}
			if !strings.Contains(err.Error(), row.problem) {
				t.Errorf("error %v, want %q", err, row.problem)
			}
		})
	}
}

func TestSubscriptionRequests(t *testing.T) {
	s := start(t, nil)
	for _, query := range []string{"n=-1", "n=x", "n=99999999", "seed=-1", "gateway=sms", "gateway=none"} {
		if status, _ := control(t, s, http.MethodGet, "/subscriptions?"+query, "", nil); status != http.StatusBadRequest {
			t.Errorf("%s: %d", query, status)
		}
	}
}

func TestCloseEndsHangingConnections(t *testing.T) {
	s := start(t, nil)
	setFault(t, s, `{"kind":"hang"}`)
	c, err := net.Dial("tcp", s.Addr("push"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := io.WriteString(c, "POST /push/7-0 HTTP/1.1\r\nHost: x\r\nTTL: 1\r\nContent-Length: 0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the connection is there", func() bool { return s.Stats("", "").Gateways[1].Open == 1 })
	done := make(chan error, 1)
	go func() { done <- s.Close() }()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Fatal("Close waits for a hanging connection")
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close again: %v", err)
	}
	b, err := os.ReadFile(s.Log().Path())
	if err != nil || !strings.HasSuffix(strings.TrimSpace(string(b)), "mark\tstop\tcontrol") {
		t.Errorf("log ends %q, %v", b, err)
	}
}

func TestRuleJSON(t *testing.T) {
	in := `{"on":"sms","kind":"latency","share":0.5,"delay":"1.5s","jitter":"250ms"}`
	rules, err := sim.ParseRules([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(rules[0])
	if err != nil || string(out) != in {
		t.Errorf("%s becomes %s, %v", in, out, err)
	}
}
