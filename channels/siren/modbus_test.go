package siren

import (
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/channels"
	"tocsin/channels/channeltest"
)

func newModbus(t testing.TB, change func(*Config)) *Modbus {
	t.Helper()
	cfg := Config{Poll: time.Millisecond, ReadBack: time.Second, CallTimeout: time.Second}
	if change != nil {
		change(&cfg)
	}
	g, err := NewModbus(cfg, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	return g
}

// misbehaviour is what a scripted siren does with a start.
func misbehaviour(b channeltest.Behaviour) func(net.Conn, frame) bool {
	return func(conn net.Conn, f frame) bool {
		switch b {
		case channeltest.Reset:
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
		case channeltest.Garbage:
			_, _ = conn.Write([]byte("this is not modbus at all"))
		case channeltest.Drip:
			_, _ = conn.Write([]byte{0, 0, 0})
		case channeltest.Silence:
		case channeltest.Reject:
			_, _ = conn.Write((&frame{f.transaction, f.unit, []byte{f.pdu[0] | fnException, 3}}).append(nil))
		case channeltest.Busy:
			_, _ = conn.Write((&frame{f.transaction, f.unit, []byte{f.pdu[0] | fnException, 6}}).append(nil))
		case channeltest.Transient:
			_, _ = conn.Write((&frame{f.transaction, f.unit, []byte{f.pdu[0] | fnException, 4}}).append(nil))
		default:
			return false
		}
		return true
	}
}

func TestModbusConformance(t *testing.T) {
	var current atomic.Pointer[modbusSiren]
	channeltest.Run(t, channeltest.Suite{
		Start: func(t *testing.T, s channeltest.Script) channeltest.Subject {
			siren := startModbus(t, misbehaviour(s.Behaviour))
			if s.Behaviour == channeltest.Refuse {
				siren = &modbusSiren{address: channeltest.Nobody(t)}
			}
			current.Store(siren)
			g := newModbus(t, func(c *Config) { c.Live, c.ReadBack = s.Live, 20*time.Millisecond })
			return channeltest.Subject{Adapter: g, Close: g.Close, Arrived: func() int {
				_, starts, _ := siren.counts()
				return starts
			}}
		},
		Delivery: func(n int) channels.Delivery {
			e := current.Load().endpoint()
			e.Unit = uint8(n) // every recipient is a siren of its own
			d := testDelivery(addressOf(t, e), wail)
			d.Alert = alertID(byte(n))
			return d
		},
		Hostile: []string{
			`{"id":"s1","protocol":"modbus","host":"127.0.0.1:1","register_map":"none","programmes":{"wail":1}}`,
			`{"id":"s1","protocol":"modbus","host":"127.0.0.1:1","register_map":"federal-ss2000","programmes":{"wail":1}}`,
			`{"id":"s1","protocol":"modbus","host":"127.0.0.1:1","register_map":"tocsin","programmes":{"wail":99}}`,
			`{"id":"s1","protocol":"modbus","host":"127.0.0.1:1","register_map":"tocsin","programmes":{"wail":"tone:1"}}`,
			`{"id":"s1","protocol":"modbus","host":"127.0.0.1:1","register_map":"tocsin"}`,
			`{"id":"s1","protocol":"modbus","host":"8.8.8.8","register_map":"tocsin","programmes":{"wail":1}}`,
			`{"id":"s1","protocol":"http","url":"http://127.0.0.1:1"}`,
		},
		NotApplicable: map[channeltest.Behaviour]string{
			channeltest.Huge:     "a frame is 260 bytes at most; more is garbage",
			channeltest.Redirect: "modbus has no redirects",
		},
		Want: map[channeltest.Behaviour]channeltest.Outcome{
			channeltest.Busy: {Classes: []channels.Class{channels.Transient}}, // it is one siren that is busy
		},
	})
}

func TestModbusDelivers(t *testing.T) {
	s := startModbus(t, nil)
	g := newModbus(t, nil)
	d := testDelivery(addressOf(t, s.endpoint()), wail)
	h, err := mustSend(t, g, d)
	if err != nil || !h.Delivered {
		t.Fatalf("start: %+v, %v; want delivered", h, err)
	}
	if _, _, log := s.counts(); !slices.Equal(log, []string{"arm", "start"}) {
		t.Errorf("the siren was told %v, want arm, start", log)
	}
	if n := s.get(Cell{Register, 1}); n != 60 {
		t.Errorf("run time register %d, want 60", n)
	}
	other := newModbus(t, nil) // another worker process, told the same
	for _, gateway := range []*Modbus{g, other} {
		if h, err := mustSend(t, gateway, d); err != nil || !h.Delivered {
			t.Errorf("told again: %+v, %v; want delivered", h, err)
		}
	}
	if n, _, _ := s.counts(); n != 1 {
		t.Errorf("sounded %d times, want once", n)
	}
	d.Message = &alerting.Message{Body: halt}
	if h, err := mustSend(t, newModbus(t, nil), d); err != nil || !h.Delivered || s.sounds() {
		t.Errorf("stop by a process that knows nothing: %+v, %v, sounds %t; want silence", h, err, s.sounds())
	}
	if _, ok := g.LastSeen("s1"); !ok || g.Probe(t.Context()) != nil {
		t.Error("never seen, or the probe fails")
	}
}

func TestModbusStopEndsOnlyItsAlert(t *testing.T) {
	s := startModbus(t, nil)
	g := newModbus(t, nil)
	d := testDelivery(addressOf(t, s.endpoint()), wail)
	if _, err := mustSend(t, g, d); err != nil {
		t.Fatal(err)
	}
	for _, gateway := range []*Modbus{g, newModbus(t, nil)} {
		d.Message = &alerting.Message{Body: `{"stop":true,"ends":["` + alertID(2).String() + `"]}`}
		if h, err := mustSend(t, gateway, d); err != nil || !h.Delivered || !s.sounds() {
			t.Errorf("stop of another alert: %+v, %v, sounds %t; want it sounding on", h, err, s.sounds())
		}
	}
	d.Message = &alerting.Message{Body: `{"stop":true,"ends":["` + alertID(1).String() + `"]}`}
	if h, err := mustSend(t, g, d); err != nil || !h.Delivered || s.sounds() {
		t.Errorf("stop of the alert: %+v, %v, sounds %t; want silence", h, err, s.sounds())
	}
}

func TestModbusOutcomes(t *testing.T) {
	start, status := Cell{Register, 0}, Cell{Input, 0}
	tests := []struct {
		name    string
		prepare func(*modbusSiren)
		body    string
		want    string
		after   []string
	}{
		{"armed but not sounding", func(s *modbusSiren) { s.silent = true }, wail, "taken", []string{"arm", "start"}},
		{"sounding for another alert", func(s *modbusSiren) { s.cells[status] = 2 }, wail, "delivered", []string{"stop", "arm", "start"}},
		{"fault", func(s *modbusSiren) { s.cells[status] = 0x8000 }, wail, "transient: siren reports a fault", nil},
		{"cannot be armed", func(s *modbusSiren) { s.refuse[Cell{Coil, 100}] = 4 }, wail, "transient: modbus exception 4: device failure", nil},
		{"start refused", func(s *modbusSiren) { s.refuse[start] = 2 }, wail, "rejected: modbus exception 2: illegal data address", []string{"arm", "stop"}},
		{"start takes long", func(s *modbusSiren) { s.refuse[start] = 5; s.cells[status] = 0 }, wail, "taken", []string{"arm"}},
		{"unit does not answer behind a gateway", func(s *modbusSiren) { s.refuse[status] = 11 }, wail, "transient: modbus exception 11: gateway target does not respond", nil},
		{"silent test", func(*modbusSiren) {}, `{"programme":"wail","test":true}`, "delivered", []string{"test"}},
		{"silent test while sounding", func(s *modbusSiren) { s.cells[status] = 2 }, `{"programme":"wail","test":true}`, "transient: siren is sounding", nil},
		{"stop of a silent siren", func(*modbusSiren) {}, halt, "delivered", []string{"stop"}},
		{"stop whose state cannot be read", func(s *modbusSiren) { s.refuse[status] = 4 }, halt, "taken", []string{"stop"}},
		{"stop refused", func(s *modbusSiren) { s.refuse[Cell{Coil, 101}] = 6 }, halt, "transient: modbus exception 6: device busy", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := startModbus(t, nil)
			s.change(func() { tt.prepare(s) })
			g := newModbus(t, func(c *Config) { c.ReadBack = 30 * time.Millisecond })
			h, err := mustSend(t, g, testDelivery(addressOf(t, s.endpoint()), tt.body))
			got := "taken"
			if h.Delivered {
				got = "delivered"
			}
			if err != nil {
				got = err.Error()
			}
			if _, _, log := s.counts(); got != tt.want || !slices.Equal(log, tt.after) {
				t.Errorf("%s, siren told %v; want %s, %v", got, log, tt.want, tt.after)
			}
		})
	}
}

// TestModbusStopPassesAStart: a stop that arrives while a start is under way wins, wherever the start is.
func TestModbusStopPassesAStart(t *testing.T) {
	for _, held := range []Cell{{Input, 0}, {Coil, 100}, {Register, 0}} {
		t.Run(string(held.Table), func(t *testing.T) {
			s := startModbus(t, nil)
			reached, release := make(chan struct{}), make(chan struct{})
			var once sync.Once
			proxy := holdingProxy(t, s.address, func(pdu []byte) {
				if cellOf(pdu) == held {
					once.Do(func() { close(reached); <-release })
				}
			})
			g := newModbus(t, nil)
			e := s.endpoint()
			e.Host = proxy
			started := make(chan error, 1)
			go func() {
				_, err := mustSend(t, g, testDelivery(addressOf(t, e), wail))
				started <- err
			}()
			<-reached
			stopped := make(chan error, 1)
			go func() {
				_, err := mustSend(t, g, testDelivery(addressOf(t, e), halt))
				stopped <- err
			}()
			unit := g.unit(proxy + "/3")
			for deadline := time.Now().Add(5 * time.Second); !attemptsStopped(unit) && time.Now().Before(deadline); {
				runtime.Gosched() // the moment between two locks has no event
			}
			close(release)
			if err := <-stopped; err != nil {
				t.Errorf("the stop: %v", err)
			}
			<-started
			if s.sounds() {
				t.Error("it sounds after the stop")
			}
		})
	}
}

func attemptsStopped(u *unit) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	for a := range u.attempts {
		if !a.stopped {
			return false
		}
	}
	return true
}

func cellOf(pdu []byte) Cell {
	table := map[byte]Table{1: Coil, 3: Register, 4: Input, 5: Coil, 6: Register}[pdu[0]]
	return Cell{table, uint16(pdu[1])<<8 | uint16(pdu[2])}
}

// holdingProxy passes frames on and calls before with each request.
func holdingProxy(t *testing.T, target string, before func(pdu []byte)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				up, err := net.Dial("tcp", target)
				if err != nil {
					return
				}
				defer up.Close()
				for {
					f, err := readFrame(conn)
					if err != nil {
						return
					}
					before(f.pdu)
					if _, err := up.Write(f.append(nil)); err != nil {
						return
					}
					if f, err = readFrame(up); err != nil {
						return
					}
					if _, err := conn.Write(f.append(nil)); err != nil {
						return
					}
				}
			}()
		}
	}()
	return ln.Addr().String()
}

func TestModbusLostAnswerIsLookedUp(t *testing.T) {
	var s *modbusSiren
	s = startModbus(t, func(conn net.Conn, f frame) bool {
		s.obey(f.pdu)
		_ = conn.Close()
		return true
	})
	h, err := mustSend(t, newModbus(t, nil), testDelivery(addressOf(t, s.endpoint()), wail))
	if err != nil || !h.Delivered {
		t.Errorf("%+v, %v; want delivered: it reads back as sounding", h, err)
	}
}

func TestModbusIdleConnectionIsReplaced(t *testing.T) {
	s := startModbus(t, nil)
	var conns atomic.Int64
	proxy := holdingProxy(t, s.address, func([]byte) { conns.Add(1) })
	g := newModbus(t, nil)
	e := s.endpoint()
	e.Host = proxy
	if _, err := g.Status(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	g.mu.Lock()
	l := g.lines[proxy]
	g.mu.Unlock()
	if err := l.turn.enter(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	_ = l.conn.Close() // as if the device had dropped it
	l.turn.leave()
	if h, err := mustSend(t, g, testDelivery(addressOf(t, e), wail)); err != nil || !h.Delivered {
		t.Errorf("%+v, %v; want delivered over a new connection", h, err)
	}
}

func TestPrivateOnly(t *testing.T) {
	for address, want := range map[string]bool{"127.0.0.1:502": true, "10.1.2.3:502": true, "192.168.0.9:502": true, "172.16.0.1:502": true,
		"[fd00::1]:502": true, "[fe80::1]:502": true, "[::1]:502": true, "[::ffff:10.0.0.1]:502": true, "8.8.8.8:502": false,
		"[2001:db8::1]:502": false, "[::ffff:8.8.8.8]:502": false, "100.64.0.1:502": false, "172.32.0.1:502": false, "0.0.0.0:502": false, "nonsense": false} {
		if got := privateOnly(address) == nil; got != want {
			t.Errorf("%s: allowed %t, want %t", address, got, want)
		}
	}
}

// TestModbusPublicAddress dials 0.0.0.0, which is not private and leads to this machine.
func TestModbusPublicAddress(t *testing.T) {
	s := startModbus(t, nil)
	e := s.endpoint()
	e.Host = strings.Replace(e.Host, "127.0.0.1", "0.0.0.0", 1)
	_, err := mustSend(t, newModbus(t, nil), testDelivery(addressOf(t, e), wail))
	if f := channels.FailureOf(err); err == nil || f.Class != channels.Rejected || !strings.Contains(f.Reason, "public") {
		t.Errorf("%v, want rejected as public", err)
	}
	g := newModbus(t, func(c *Config) { c.AllowPublic = true })
	if h, err := mustSend(t, g, testDelivery(addressOf(t, e), wail)); err != nil || !h.Delivered {
		t.Errorf("with allow_public: %+v, %v; want delivered", h, err)
	}
}
