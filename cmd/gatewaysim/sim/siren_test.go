package sim_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/channels"
	"tocsin/channels/siren"
	"tocsin/cmd/gatewaysim/sim"
)

// sirenKey is the controller's key of these tests.
func sirenKey() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{3}, ed25519.SeedSize))
}

// startSirens plays sirens of all protocols with signed replies.
func startSirens(t *testing.T, change func(*sim.SirenConfig)) *sim.Sim {
	t.Helper()
	free := []string{"127.0.0.1:0"}
	public := sirenKey().Public().(ed25519.PublicKey)
	cfg := sim.SirenConfig{HTTP: free, MQTT: free, Modbus: free, DeviceKey: sirenDeviceKey(),
		Keys: map[string]ed25519.PublicKey{siren.KeyID(public): public}}
	if change != nil {
		change(&cfg)
	}
	gateways, err := cfg.Gateways()
	if err != nil {
		t.Fatal(err)
	}
	return start(t, func(c *sim.Config) { c.Gateways = gateways })
}

func sirenDeviceKey() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{4}, ed25519.SeedSize))
}

// player is a gateway of the product and the record of its siren number 7.
type player struct {
	adapter  interface{ channels.Adapter }
	endpoint siren.Endpoint
	listener string
	// alert is how the raw log shows alert n.
	alert func(id alerting.AlertID) string
}

// players makes a gateway of each protocol towards the simulator.
func players(t *testing.T, s *sim.Sim) map[string]player {
	t.Helper()
	key := sirenDeviceKey().Public().(ed25519.PublicKey)
	cfg := siren.Config{Poll: 5 * time.Millisecond, ReadBack: 250 * time.Millisecond, CallTimeout: 250 * time.Millisecond,
		Broker: "mqtt://" + s.Addr("siren-mqtt")}
	overHTTP, err1 := siren.NewHTTP(cfg, sirenKey(), time.Now)
	overMQTT, err2 := siren.NewMQTT(cfg, sirenKey(), time.Now)
	overModbus, err3 := siren.NewModbus(cfg, time.Now)
	for _, err := range []error{err1, err2, err3} {
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		_, _, _ = overHTTP.Close(), overMQTT.Close(), overModbus.Close()
	})
	whole := func(id alerting.AlertID) string { return id.String() }
	return map[string]player{
		"http": {overHTTP, siren.Endpoint{ID: "s7", Protocol: siren.ProtocolHTTP, URL: s.URL("siren-http") + "/sirens/s7", Key: key}, "siren-http", whole},
		"mqtt": {overMQTT, siren.Endpoint{ID: "s7", Protocol: siren.ProtocolMQTT, Key: key}, "siren-mqtt", whole},
		"modbus": {overModbus, siren.Endpoint{ID: "siren-modbus-7", Protocol: siren.ProtocolModbus, Host: s.Addr("siren-modbus"), Unit: 7,
			RegisterMap: "tocsin", Programmes: map[string]siren.Code{"alarm": "7"}}, "siren-modbus",
			func(id alerting.AlertID) string { return id.String()[:8] }},
	}
}

func (p player) send(t *testing.T, alert byte, body string) (channels.Handed, string) {
	t.Helper()
	address, err := json.Marshal(p.endpoint)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	h, err := p.adapter.Send(ctx, channels.Delivery{World: alerting.Actual, Alert: alerting.AlertID{alert}, Channel: alerting.Siren,
		Lane: alerting.Flash, Attempt: 1, Address: string(address), Message: &alerting.Message{Body: body}, Expires: time.Now().Add(time.Hour)})
	if err != nil {
		return h, channels.FailureOf(err).Class.String()
	}
	if h.Delivered {
		return h, "delivered"
	}
	return h, "taken"
}

const (
	sound = `{"programme":"alarm","seconds":60,"test":false,"stop":false}`
	hush  = `{"programme":"stop","seconds":0,"test":false,"stop":true}`
)

func sirens(t *testing.T, s *sim.Sim, query string) []sim.SirenView {
	t.Helper()
	var list []sim.SirenView
	if status, text := control(t, s, http.MethodGet, "/sirens"+query, "", &list); status != http.StatusOK {
		t.Fatalf("GET /sirens: %d %s", status, text)
	}
	return list
}

func arrivals(t *testing.T, s *sim.Sim, alert string) uint64 {
	t.Helper()
	for _, a := range s.Stats(sim.Siren, alert).Alerts {
		return a.Arrivals
	}
	return 0
}

func TestSirens(t *testing.T) {
	s := startSirens(t, nil)
	for name, p := range players(t, s) {
		t.Run(name, func(t *testing.T) {
			for i, want := range []string{"delivered", "delivered"} {
				if _, got := p.send(t, 1, sound); got != want {
					t.Fatalf("start %d: %s, want %s", i, got, want)
				}
			}
			list := sirens(t, s, "?state=sounding&gateway="+p.listener)
			if len(list) != 1 || list[0].ID != p.endpoint.ID || list[0].Sounded != 1 || list[0].Alert != p.alert(alerting.AlertID{1}) {
				t.Fatalf("sirens %+v, want one that sounded once", list)
			}
			if _, got := p.send(t, 2, hush); got != "delivered" {
				t.Errorf("stop: %s", got)
			}
			if list := sirens(t, s, "?state=sounding&gateway="+p.listener); len(list) != 0 {
				t.Errorf("after the stop: %+v", list)
			}
		})
	}
	for _, f := range lines(t, s) {
		if f[1] == sim.Siren && (f[2] == "-" || f[4] == "-") {
			t.Errorf("raw log line without siren or kind: %v", f)
		}
	}
	if n := arrivals(t, s, alerting.AlertID{1}.String()); n != 2 { // over HTTP and over MQTT
		t.Errorf("%d arrivals of the alert, want 2: a repeat is none", n)
	}
}

func TestSirenFaults(t *testing.T) {
	tests := []struct {
		kind string
		want map[string]string
	}{
		{"status", map[string]string{"http": "transient", "mqtt": "transient", "modbus": "transient"}},
		{"limit", map[string]string{"http": "transient", "mqtt": "transient", "modbus": "transient"}},
		{"refuse", map[string]string{"http": "rejected", "mqtt": "rejected", "modbus": "rejected"}},
		{"stall", map[string]string{"http": "lost", "mqtt": "taken", "modbus": "lost"}},
		// It was obeyed, and the status tells so.
		{"hang", map[string]string{"http": "delivered", "mqtt": "taken", "modbus": "delivered"}},
		{"drip", map[string]string{"http": "delivered", "mqtt": "taken", "modbus": "delivered"}},
		{"reset_before", map[string]string{"http": "lost", "mqtt": "taken", "modbus": "lost"}},
		{"reset_after", map[string]string{"http": "delivered", "mqtt": "taken", "modbus": "delivered"}},
		{"bad_json", map[string]string{"http": "delivered", "mqtt": "taken", "modbus": "delivered"}},
		{"big_body", map[string]string{"http": "delivered", "mqtt": "taken", "modbus": "delivered"}},
		{"error_200", map[string]string{"http": "lost", "mqtt": "transient", "modbus": "transient"}},
		{"redirect", map[string]string{"http": "transient", "mqtt": "taken", "modbus": "lost"}},
	}
	for _, tt := range tests {
		t.Run(tt.kind, func(t *testing.T) {
			t.Parallel()
			s := startSirens(t, nil)
			extra := `"match":"*7"`
			if tt.kind == "limit" {
				extra += `,"rate":0.001`
			}
			for name, p := range players(t, s) {
				if tt.kind == "limit" { // the first is within the limit
					s.Faults().Judge(sim.Ask{Channel: sim.Siren, Gateway: p.listener, Recipient: "x7"})
				}
				setFault(t, s, fmt.Sprintf(`{"on":%q,"kind":%q,%s}`, p.listener, tt.kind, extra))
				if tt.kind == "limit" {
					s.Faults().Judge(sim.Ask{Channel: sim.Siren, Gateway: p.listener, Recipient: "x7"})
				}
				if _, got := p.send(t, 1, sound); got != tt.want[name] {
					t.Errorf("%s: %s, want %s", name, got, tt.want[name])
				}
			}
			if n := countKind(t, s, sim.Siren, sim.Fault); n < 3 {
				t.Errorf("%d faults in the raw log, want one for each protocol", n)
			}
		})
	}
}

// TestSirenSwitches: armed but not sounding, broken, and restarted.
func TestSirenSwitches(t *testing.T) {
	s := startSirens(t, nil)
	for name, p := range players(t, s) {
		t.Run(name, func(t *testing.T) {
			turn := func(body string) {
				t.Helper()
				if status, text := control(t, s, http.MethodPost, "/sirens/"+p.listener+"/"+p.endpoint.ID, body, nil); status != http.StatusOK {
					t.Fatalf("switch %s: %d %s", body, status, text)
				}
			}
			if _, got := p.send(t, 9, hush); got != "delivered" { // it exists once it was spoken to
				t.Fatalf("stop: %s", got)
			}
			turn(`{"jammed":true}`)
			if _, got := p.send(t, 1, sound); got != "taken" {
				t.Errorf("jammed: %s, want taken", got)
			}
			if _, got := p.send(t, 9, hush); got != "delivered" {
				t.Errorf("stop of a jammed siren: %s", got)
			}
			turn(`{"jammed":false,"broken":true}`)
			if _, got := p.send(t, 2, sound); got != "transient" {
				t.Errorf("broken: %s, want transient", got)
			}
			turn(`{"broken":false,"restart":"keep"}`)
			if _, got := p.send(t, 3, sound); got != "delivered" {
				t.Errorf("after a restart: %s, want delivered", got)
			}
			turn(`{"restart":"forget"}`)
			want := "transient" // it takes nothing that may be older than its start
			if name == "modbus" {
				want = "delivered"
			}
			if _, got := p.send(t, 4, sound); got != want {
				t.Errorf("after a restart without memory: %s, want %s", got, want)
			}
			for _, bad := range []string{`{"restart":"twice"}`, `{"jam":true}`, ``} {
				if status, _ := control(t, s, http.MethodPost, "/sirens/"+p.listener+"/"+p.endpoint.ID, bad, nil); status != http.StatusBadRequest {
					t.Errorf("switch %q: %d, want 400", bad, status)
				}
			}
		})
	}
	if status, _ := control(t, s, http.MethodPost, "/sirens/siren-http/none", `{}`, nil); status != http.StatusNotFound {
		t.Errorf("switch of an unknown siren: %d, want 404", status)
	}
}

func TestSirenKeys(t *testing.T) {
	s := startSirens(t, func(c *sim.SirenConfig) { c.Keys, c.MQTT, c.Modbus = nil, nil, nil })
	g, err := siren.NewHTTP(siren.Config{ReadBack: time.Millisecond}, sirenKey(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	p := player{adapter: g, endpoint: siren.Endpoint{ID: "s7", Protocol: siren.ProtocolHTTP, URL: s.URL("siren-http") + "/sirens/s7"}}
	if _, got := p.send(t, 1, sound); got != "rejected" {
		t.Errorf("without the key: %s, want rejected", got)
	}
	public := sirenKey().Public().(ed25519.PublicKey)
	for body, want := range map[string]int{"": 400, "AAAA": 400, base64.StdEncoding.EncodeToString(public): 204} {
		if status, text := control(t, s, http.MethodPut, "/sirens/keys/"+siren.KeyID(public), body, nil); status != want {
			t.Errorf("key %q: %d %s, want %d", body, status, text, want)
		}
	}
	if _, got := p.send(t, 1, sound); got != "delivered" {
		t.Errorf("with the key: %s, want delivered", got)
	}
}

// TestSlowSirenSpeaksForItself: a siren behind a broker tells by itself that it sounds, and that it has ended.
func TestSlowSirenSpeaksForItself(t *testing.T) {
	s := startSirens(t, func(c *sim.SirenConfig) { c.SpinUp, c.HTTP, c.Modbus = 200*time.Millisecond, nil, nil })
	receipts := make(chan alerting.Receipt, 1)
	g, err := siren.NewMQTT(siren.Config{Broker: "mqtt://" + s.Addr("siren-mqtt"), ReadBack: 20 * time.Millisecond,
		Receive: func(_ context.Context, r alerting.Receipt) error { receipts <- r; return nil }}, sirenKey(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	p := player{adapter: g, endpoint: siren.Endpoint{ID: "s7", Protocol: siren.ProtocolMQTT}}
	if _, got := p.send(t, 1, `{"programme":"alarm","seconds":1,"test":false}`); got != "taken" {
		t.Fatalf("%s, want taken: it spins up", got)
	}
	select {
	case r := <-receipts:
		if r.Marks[0].Mark.State() != alerting.Delivered {
			t.Errorf("receipt %+v, want delivered", r)
		}
	case <-time.After(patience):
		t.Fatal("no receipt")
	}
	eventually(t, "the siren ends by itself", func() bool { return len(sirens(t, s, "?state=finished")) == 1 })
	eventually(t, "the raw log shows all states", func() bool { return countKind(t, s, sim.Siren, sim.SirenState) >= 3 })
}

// TestSirensBehindAnotherBroker plays sirens behind the broker of TOCSIN_TEST_MQTT.
func TestSirensBehindAnotherBroker(t *testing.T) {
	address := os.Getenv("TOCSIN_TEST_MQTT")
	if address == "" {
		t.Skip("TOCSIN_TEST_MQTT names no broker")
	}
	if !strings.Contains(address, "://") {
		address = "mqtt://" + address
	}
	prefix := fmt.Sprintf("test/sim-%d", time.Now().UnixNano())
	s := startSirens(t, func(c *sim.SirenConfig) {
		c.Broker, c.Prefix, c.HTTP, c.MQTT, c.Modbus = address, prefix, nil, nil, nil
	})
	g, err := siren.NewMQTT(siren.Config{Broker: address, Prefix: prefix}, sirenKey(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	p := player{adapter: g, endpoint: siren.Endpoint{ID: "s7", Protocol: siren.ProtocolMQTT}}
	eventually(t, "the sirens hear the broker", func() bool {
		_, got := p.send(t, 1, sound)
		return got == "delivered"
	})
	if list := sirens(t, s, "?gateway=siren-broker"); len(list) != 1 || list[0].Sounded != 1 {
		t.Errorf("sirens %+v, want one that sounded once", list)
	}
}

func TestSirenConfigIsChecked(t *testing.T) {
	if _, err := (sim.SirenConfig{Map: "none"}).Gateways(); err == nil {
		t.Error("an unknown register map is taken")
	}
}
