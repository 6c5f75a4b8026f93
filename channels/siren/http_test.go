package siren

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/channels"
	"tocsin/channels/channeltest"
)

// httpSiren serves a Device over HTTP and misbehaves on commands as told.
type httpSiren struct {
	*httptest.Server
	device  *Device
	arrived atomic.Int64
	release chan struct{}
	// last is the latest envelope, as an eavesdropper has it.
	last atomic.Pointer[[]byte]
}

func serveSiren(t testing.TB, d *Device, b channeltest.Behaviour) *httpSiren {
	t.Helper()
	s := &httpSiren{device: d, release: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/command", func(w http.ResponseWriter, r *http.Request) {
		envelope, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		s.arrived.Add(1)
		s.last.Store(&envelope)
		s.behave(w, r, b, envelope)
	})
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, r *http.Request) {
		s.write(w, d.Status(r.URL.Query().Get("challenge")))
	})
	mux.HandleFunc("/elsewhere", func(http.ResponseWriter, *http.Request) { s.arrived.Add(1) })
	if b == channeltest.Refuse {
		s.Server = &httptest.Server{URL: "http://" + channeltest.Nobody(t)}
		return s
	}
	s.Server = httptest.NewServer(mux)
	t.Cleanup(func() {
		close(s.release)
		s.Server.Close()
	})
	return s
}

func (s *httpSiren) write(w http.ResponseWriter, r Reply) {
	data, err := s.device.Encode(r)
	if err != nil {
		http.Error(w, "encode", http.StatusInternalServerError)
		return
	}
	if r.State == Refused {
		w.WriteHeader(http.StatusConflict)
	}
	_, _ = w.Write(data)
}

func (s *httpSiren) behave(w http.ResponseWriter, r *http.Request, b channeltest.Behaviour, envelope []byte) {
	switch b {
	case channeltest.Busy:
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTooManyRequests)
	case channeltest.Transient:
		w.WriteHeader(http.StatusBadGateway)
	case channeltest.Redirect:
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	case channeltest.Silence:
		select {
		case <-s.release:
		case <-r.Context().Done():
		}
	case channeltest.Reset, channeltest.Drip, channeltest.Garbage:
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		switch b {
		case channeltest.Reset:
			_ = conn.(*net.TCPConn).SetLinger(0)
		case channeltest.Garbage:
			_, _ = conn.Write([]byte("220 this is not HTTP\r\n\r\n"))
		case channeltest.Drip:
			_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"))
			<-s.release
		}
	case channeltest.Huge:
		chunk := bytes.Repeat([]byte(" "), 1<<15)
		for range channeltest.HugeSize / len(chunk) {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	default:
		_, reply := s.device.Obey(envelope)
		s.write(w, reply)
	}
}

func (s *httpSiren) address(t testing.TB) string {
	return addressOf(t, Endpoint{ID: "s1", Protocol: ProtocolHTTP, URL: s.URL})
}

// liveDevice is a device on the true clock that trusts testKey(1), and has been running for an hour.
func liveDevice(change func(*DeviceConfig)) *Device {
	cfg := deviceConfig()
	cfg.Verifier.Keys = map[string]ed25519Public{KeyID(publicOf(testKey(1))): publicOf(testKey(1))}
	cfg.Verifier.Memory = Memory{Counters: map[string]uint64{"before": 1}}
	if change != nil {
		change(&cfg)
	}
	return NewDevice(cfg, time.Now)
}

func newHTTP(t testing.TB, change func(*Config)) *HTTP {
	t.Helper()
	cfg := Config{Poll: time.Millisecond, ReadBack: time.Second}
	if change != nil {
		change(&cfg)
	}
	g, err := NewHTTP(cfg, testKey(1), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	return g
}

func mustSend(t testing.TB, a channels.Adapter, d channels.Delivery) (channels.Handed, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), channels.SendTimeout)
	defer cancel()
	return a.Send(ctx, d)
}

func classOf(err error) string {
	if err == nil {
		return "none"
	}
	return channels.FailureOf(err).Class.String()
}

func TestHTTPConformance(t *testing.T) {
	channeltest.Run(t, channeltest.Suite{
		Start: func(t *testing.T, s channeltest.Script) channeltest.Subject {
			device := liveDevice(func(c *DeviceConfig) {
				if s.Behaviour == channeltest.Reject {
					c.Verifier.Keys = nil
				}
			})
			server := serveSiren(t, device, s.Behaviour)
			g := newHTTP(t, func(c *Config) { c.Live, c.ReadBack = s.Live, 20*time.Millisecond })
			conformanceURL.Store(&server.URL)
			return channeltest.Subject{Adapter: g, Close: g.Close, Arrived: func() int { return int(server.arrived.Load()) }}
		},
		Delivery: func(n int) channels.Delivery {
			address := addressOf(t, Endpoint{ID: "s1", Protocol: ProtocolHTTP, URL: *conformanceURL.Load()})
			d := testDelivery(address, `{"programme":"wail","seconds":60,"test":true}`)
			d.Alert = alertID(byte(n))
			return d
		},
		Hostile: []string{`{}`, `{"id":"s1","protocol":"http","url":"file:///etc/passwd"}`, `{"id":"s1","protocol":"mqtt"}`,
			`{"id":"../s1","protocol":"http","url":"http://127.0.0.1:1"}`},
		Want: map[channeltest.Behaviour]channeltest.Outcome{
			channeltest.Busy: {Classes: []channels.Class{channels.Transient}, RetryAfter: channeltest.RetryAfter}, // it is one siren that is busy
		},
	})
}

// In a flood some sirens are always dead. Whatever one of them does, it must not open the breaker for the others.
func TestWhatASirenDoesSaysNothingOfTheOthers(t *testing.T) {
	for _, b := range []channeltest.Behaviour{channeltest.Busy, channeltest.Transient, channeltest.Refuse, channeltest.Reset, channeltest.Garbage} {
		t.Run(string(b), func(t *testing.T) {
			server := serveSiren(t, liveDevice(nil), b)
			_, err := mustSend(t, newHTTP(t, nil), testDelivery(server.address(t), wail))
			if f := channels.FailureOf(err); err == nil || !f.Alone || f.Class == channels.Busy {
				t.Errorf("%v (alone %t); it must be the failure of one siren", err, f != nil && f.Alone)
			}
		})
	}
}

func TestHTTPDelivers(t *testing.T) {
	device := liveDevice(func(c *DeviceConfig) { c.Key, c.KeyID, c.SpinUp = testKey(9), "dev", 20*time.Millisecond })
	server := serveSiren(t, device, channeltest.Accept)
	g := newHTTP(t, func(c *Config) { c.DeviceKeys = map[string]ed25519Public{"s1": publicOf(testKey(9))} })
	d := testDelivery(server.address(t), wail)
	h, err := mustSend(t, g, d)
	if err != nil || !h.Delivered || h.Reference == "" {
		t.Fatalf("%+v, %v; want delivered with a reference", h, err)
	}
	if h, err = mustSend(t, g, d); err != nil || !h.Delivered || device.Sounded() != 1 {
		t.Errorf("told twice: %+v, %v, sounded %d times; want delivered, once", h, err, device.Sounded())
	}
	d.Message = &alerting.Message{Body: halt}
	if h, err = mustSend(t, g, d); err != nil || !h.Delivered || device.Status("").State != Finished {
		t.Errorf("stop: %+v, %v, state %s; want delivered and finished", h, err, device.Status("").State)
	}
	if at, ok := g.LastSeen("s1"); !ok || time.Since(at) > time.Minute {
		t.Errorf("last seen %s %t, want now", at, ok)
	}
	if err := g.Probe(t.Context()); err != nil {
		t.Errorf("probe: %v", err)
	}
}

func TestHTTPRefusals(t *testing.T) {
	tests := []struct {
		name   string
		device func(*DeviceConfig)
		before func(*Device)
		want   channels.Class
		reason string
	}{
		{"unknown key", func(c *DeviceConfig) { c.Verifier.Keys = nil }, nil, channels.Rejected, "siren refused: unknown-key"},
		{"wrong siren", func(c *DeviceConfig) { c.Verifier.Siren = "s2" }, nil, channels.Rejected, "siren answered http 409"},
		{"unknown programme", func(c *DeviceConfig) { c.Programmes = []string{"steady"} }, nil, channels.Rejected, "siren refused: unknown-programme"},
		{"device with a short cap", func(c *DeviceConfig) { c.Verifier.MaxSeconds = 30 }, nil, channels.Rejected, "siren refused: too-long"},
		{"just started without memory", func(c *DeviceConfig) { c.Verifier.Memory = Memory{} }, nil, channels.Transient, "siren refused: starting"},
		{"broken", nil, func(d *Device) { d.Break(true) }, channels.Transient, "siren failed: fault"},
		{"memory not writable", func(c *DeviceConfig) { c.Verifier.Save = func(Memory) error { return io.ErrShortWrite } }, nil, channels.Transient, "siren refused: not-stored"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			device := liveDevice(tt.device)
			if tt.before != nil {
				tt.before(device)
			}
			server := serveSiren(t, device, channeltest.Accept)
			_, err := mustSend(t, newHTTP(t, nil), testDelivery(server.address(t), wail))
			f := channels.FailureOf(err)
			if err == nil || f.Class != tt.want || f.Reason != tt.reason || device.Sounded() != 0 {
				t.Errorf("%v, sounded %d times; want %s: %s, silent", err, device.Sounded(), tt.want, tt.reason)
			}
		})
	}
}

func TestHTTPHigherPriorityIsNotInterrupted(t *testing.T) {
	device := liveDevice(nil)
	server := serveSiren(t, device, channeltest.Accept)
	g := newHTTP(t, nil)
	if _, err := mustSend(t, g, testDelivery(server.address(t), wail)); err != nil {
		t.Fatal(err)
	}
	d := testDelivery(server.address(t), wail)
	d.Alert, d.Lane = alertID(2), alerting.Routine
	if _, err := mustSend(t, g, d); classOf(err) != "transient" {
		t.Errorf("a routine alert over a flash one: %v, want transient", err)
	}
}

// TestHTTPCounterBehindTheDevice: another process with a faster clock spoke to the siren last.
func TestHTTPCounterBehindTheDevice(t *testing.T) {
	keyID := KeyID(publicOf(testKey(1)))
	for name, tt := range map[string]struct {
		ahead time.Duration
		want  string
	}{"a little": {3 * time.Second, "none"}, "out of reach": {time.Hour, "rejected"}} {
		t.Run(name, func(t *testing.T) {
			device := liveDevice(func(c *DeviceConfig) {
				c.Verifier.Memory.Counters[keyID] = uint64(time.Now().Add(tt.ahead).UnixMicro())
			})
			server := serveSiren(t, device, channeltest.Accept)
			if _, err := mustSend(t, newHTTP(t, nil), testDelivery(server.address(t), wail)); classOf(err) != tt.want {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
}

func TestHTTPUnsignedReplyOfASigningDevice(t *testing.T) {
	device := liveDevice(nil)
	server := serveSiren(t, device, channeltest.Accept)
	g := newHTTP(t, func(c *Config) { c.DeviceKeys = map[string]ed25519Public{"s1": publicOf(testKey(9))} })
	if h, err := mustSend(t, g, testDelivery(server.address(t), wail)); classOf(err) != "lost" || h.Delivered {
		t.Errorf("%+v, %v; want lost: anybody could have answered", h, err)
	}
}

// TestHTTPOldReplyIsNotBelieved: an eavesdropper answers with what the siren said earlier.
func TestHTTPOldReplyIsNotBelieved(t *testing.T) {
	old, err := json.Marshal(Reply{Version: ReplyVersion, Siren: "s1", State: Sounding, Nonce: strings.Repeat("0", 32), Alert: alertID(1), Challenge: "x"})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(old) }))
	defer server.Close()
	d := testDelivery(addressOf(t, Endpoint{ID: "s1", Protocol: ProtocolHTTP, URL: server.URL}), wail)
	if h, err := mustSend(t, newHTTP(t, nil), d); classOf(err) != "lost" || h.Delivered {
		t.Errorf("%+v, %v; want lost", h, err)
	}
}

// TestHTTPSlowSirenIsFollowed: accepted within the send, audible only later.
func TestHTTPSlowSirenIsFollowed(t *testing.T) {
	tests := []struct {
		name   string
		happen func(*Device)
		want   alerting.State
	}{
		{"sounds at last", func(d *Device) { d.Jam(false) }, alerting.Delivered},
		{"stopped before it sounded", func(*Device) {}, alerting.None},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			device := liveDevice(nil)
			device.Jam(true)
			server := serveSiren(t, device, channeltest.Accept)
			receipts := make(chan alerting.Receipt, 1)
			g := newHTTP(t, func(c *Config) {
				c.ReadBack, c.Follow = 10*time.Millisecond, 5*time.Second
				c.Receive = func(_ context.Context, r alerting.Receipt) error { receipts <- r; return nil }
			})
			h, err := mustSend(t, g, testDelivery(server.address(t), wail))
			if err != nil || h.Delivered {
				t.Fatalf("armed but not sounding: %+v, %v; want taken, not delivered", h, err)
			}
			tt.happen(device)
			if tt.want == alerting.None {
				if err := g.Close(); err != nil || len(receipts) != 0 {
					t.Errorf("close: %v, %d receipts; want none", err, len(receipts))
				}
				return
			}
			select {
			case r := <-receipts:
				m := r.Marks[0]
				if m.Mark.State() != tt.want || m.Reference != h.Reference || m.Place != 5 || r.Page != 4 || r.Epoch != 3 {
					t.Errorf("receipt %+v, want %s of %s", r, tt.want, h.Reference)
				}
			case <-time.After(5 * time.Second):
				t.Error("no receipt")
			}
		})
	}
}

// TestHTTPLostAnswerIsLookedUp: the command was obeyed, its answer was not heard, the status tells.
func TestHTTPLostAnswerIsLookedUp(t *testing.T) {
	device := liveDevice(nil)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/command", func(w http.ResponseWriter, r *http.Request) {
		envelope, _ := io.ReadAll(r.Body)
		device.Obey(envelope)
		panic(http.ErrAbortHandler)
	})
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, r *http.Request) {
		data, _ := device.Encode(device.Status(r.URL.Query().Get("challenge")))
		_, _ = w.Write(data)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	d := testDelivery(addressOf(t, Endpoint{ID: "s1", Protocol: ProtocolHTTP, URL: server.URL}), wail)
	if h, err := mustSend(t, newHTTP(t, nil), d); err != nil || !h.Delivered || device.Sounded() != 1 {
		t.Errorf("%+v, %v, sounded %d times; want delivered once", h, err, device.Sounded())
	}
	d.Message = &alerting.Message{Body: halt}
	device.Jam(true)
	server.Config.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	if _, err := mustSend(t, newHTTP(t, nil), d); classOf(err) != "transient" {
		t.Errorf("a stop whose answer was lost: %v, want transient, to be tried until it is through", err)
	}
}

// TestHTTPCapturedCommand replays what went over the wire (faults row 38).
func TestHTTPCapturedCommand(t *testing.T) {
	device := liveDevice(nil)
	server := serveSiren(t, device, channeltest.Accept)
	g := newHTTP(t, nil)
	if _, err := mustSend(t, g, testDelivery(server.address(t), wail)); err != nil {
		t.Fatal(err)
	}
	captured := *server.last.Load()
	stop := testDelivery(server.address(t), fmt.Sprintf(`{"stop":true,"ends":[%q]}`, alertID(1)))
	if h, err := mustSend(t, g, stop); err != nil || !h.Delivered {
		t.Fatalf("stop: %+v, %v", h, err)
	}
	for _, memory := range []Memory{device.Memory(), {}} {
		device.Restart(memory)
		res, err := http.Post(server.URL+"/v1/command", "application/json", bytes.NewReader(captured))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(res.Body.Close()); err != nil || res.StatusCode != http.StatusConflict || device.Sounded() != 1 {
			t.Errorf("replay: http %d, sounded %d times; want refused, once", res.StatusCode, device.Sounded())
		}
	}
	if h, err := mustSend(t, g, stop); err != nil || !h.Delivered {
		t.Errorf("a stop after the restarts: %+v, %v; want delivered", h, err)
	}
}
