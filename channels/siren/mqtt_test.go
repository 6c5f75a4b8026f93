package siren

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"
	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"

	"tocsin/alerting"
	"tocsin/channels"
	"tocsin/channels/channeltest"
)

func newMQTT(t testing.TB, broker string, change func(*Config)) *MQTT {
	t.Helper()
	cfg := Config{Broker: broker, ReadBack: time.Second}
	if change != nil {
		change(&cfg)
	}
	g, err := NewMQTT(cfg, testKey(1), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	return g
}

func TestMQTTConformance(t *testing.T) {
	channeltest.Run(t, channeltest.Suite{
		Start: func(t *testing.T, s channeltest.Script) channeltest.Subject {
			broker := startBroker(t, "127.0.0.1:0", s.Behaviour)
			g := newMQTT(t, broker.url, func(c *Config) { c.Live, c.ReadBack = s.Live, 500*time.Millisecond })
			unplug := func() {}
			if s.Behaviour != channeltest.Refuse {
				device := liveDevice(func(c *DeviceConfig) {
					if s.Behaviour == channeltest.Reject {
						c.Verifier.Keys = nil
					}
				})
				device.Break(s.Behaviour == channeltest.Transient)
				_, unplug = plugIn(t, broker.url, "sirens", "s1", device)
				if err := g.Probe(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			return channeltest.Subject{Adapter: g, Arrived: func() int { return int(broker.hook.arrived.Load()) },
				Close: func() error {
					err := g.Close()
					unplug()
					broker.close()
					return err
				}}
		},
		Delivery: func(n int) channels.Delivery {
			d := testDelivery(`{"id":"s1","protocol":"mqtt"}`, `{"programme":"wail","seconds":60,"test":true}`)
			d.Alert = alertID(byte(n))
			return d
		},
		Hostile: []string{`{"id":"+","protocol":"mqtt"}`, `{"id":"s1","protocol":"mqtt","topic":"other/s1"}`, `{"id":"s1","protocol":"http","url":"http://h"}`},
		NotApplicable: map[channeltest.Behaviour]string{
			channeltest.Drip:     "a broker's answers are four bytes; a slow one is a silent one",
			channeltest.Huge:     "a broker's answers are four bytes",
			channeltest.Redirect: "the gateway follows no server reference",
		},
		Want: map[channeltest.Behaviour]channeltest.Outcome{
			// MQTT has no way to say for how long.
			channeltest.Busy: {Classes: []channels.Class{channels.Busy}},
		},
	})
}

func TestMQTTDelivers(t *testing.T) {
	broker := startBroker(t, "127.0.0.1:0", channeltest.Accept)
	mqttScenario(t, broker.url, "sirens")
}

// TestMQTTAgainstMosquitto is the same through a broker of another make.
func TestMQTTAgainstMosquitto(t *testing.T) {
	address := os.Getenv("TOCSIN_TEST_MQTT")
	if address == "" {
		t.Skip("TOCSIN_TEST_MQTT names no broker")
	}
	if !strings.Contains(address, "://") {
		address = "mqtt://" + address
	}
	prefix := "test/" + randomName(t)
	mqttScenario(t, address, prefix)
	t.Run("nobody subscribed", func(t *testing.T) {
		g := newMQTT(t, address, func(c *Config) { c.Prefix = prefix })
		_, err := mustSend(t, g, testDelivery(`{"id":"s9","protocol":"mqtt"}`, wail))
		if f := channels.FailureOf(err); err == nil || f.Class != channels.Transient || f.Reason != "the siren is not connected to the broker" {
			t.Errorf("%v, want transient: the siren is not there", err)
		}
	})
}

// mqttScenario: start, repeat, stop, replay, with signed replies.
func mqttScenario(t *testing.T, broker, prefix string) {
	device := liveDevice(func(c *DeviceConfig) { c.Key, c.KeyID = testKey(9), "dev" })
	captured, _ := plugIn(t, broker, prefix, "s1", device)
	g := newMQTT(t, broker, func(c *Config) { c.Prefix = prefix })
	address := addressOf(t, Endpoint{ID: "s1", Protocol: ProtocolMQTT, Topic: prefix + "/s1", Key: publicOf(testKey(9))})
	h, err := mustSend(t, g, testDelivery(address, wail))
	if err != nil || !h.Delivered || h.Reference == "" {
		t.Fatalf("start: %+v, %v; want delivered", h, err)
	}
	original := *captured.Load()
	if h, err := mustSend(t, g, testDelivery(address, wail)); err != nil || !h.Delivered || device.Sounded() != 1 {
		t.Errorf("told twice: %+v, %v, sounded %d times; want delivered, once", h, err, device.Sounded())
	}
	stop := testDelivery(address, `{"stop":true,"ends":["`+alertID(1).String()+`"]}`)
	if h, err := mustSend(t, g, stop); err != nil || !h.Delivered || device.Status("").State != Finished {
		t.Errorf("stop: %+v, %v, %s; want delivered and finished", h, err, device.Status("").State)
	}
	device.Restart(device.Memory())
	if _, r := device.Obey(original); r.State != Refused || device.Sounded() != 1 {
		t.Errorf("replay after a restart: %s, sounded %d times; want refused, once", r.State, device.Sounded())
	}
	if _, ok := g.LastSeen("s1"); !ok {
		t.Error("the siren was never seen")
	}
	if _, err := mustSend(t, g, testDelivery(address, wail)); classOf(err) != "rejected" {
		t.Errorf("an ended alert started again: %v, want rejected", err)
	}
}

func TestMQTTUnsignedReplyOfASigningDevice(t *testing.T) {
	broker := startBroker(t, "127.0.0.1:0", channeltest.Accept)
	plugIn(t, broker.url, "sirens", "s1", liveDevice(nil))
	g := newMQTT(t, broker.url, func(c *Config) {
		c.ReadBack = 200 * time.Millisecond
		c.DeviceKeys = map[string]ed25519Public{"s1": publicOf(testKey(9))}
	})
	if h, err := mustSend(t, g, testDelivery(`{"id":"s1","protocol":"mqtt"}`, wail)); err != nil || h.Delivered {
		t.Errorf("%+v, %v; want taken by the broker, not delivered", h, err)
	}
}

// TestMQTTBrokerComesBack: what was refused while the broker was away goes through once it is back, and only once.
func TestMQTTBrokerComesBack(t *testing.T) {
	broker := startBroker(t, "127.0.0.1:0", channeltest.Accept)
	address := strings.TrimPrefix(broker.url, "mqtt://")
	device := liveDevice(nil)
	plugIn(t, broker.url, "sirens", "s1", device)
	g := newMQTT(t, broker.url, nil)
	if err := g.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	broker.close()
	d := testDelivery(`{"id":"s1","protocol":"mqtt"}`, wail)
	for class := "lost"; class != "busy"; { // lost is said until the end of the connection was noticed
		ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
		_, err := g.Send(ctx, d)
		cancel()
		if class = classOf(err); class != "busy" && class != "lost" {
			t.Fatalf("without a broker: %v, want busy", err)
		}
	}
	if device.Sounded() != 0 {
		t.Fatal("sounded without a broker")
	}
	startBroker(t, address, channeltest.Accept)
	deadline := time.Now().Add(10 * time.Second)
	for device.Sounded() == 0 && time.Now().Before(deadline) {
		if _, err := mustSend(t, g, d); err != nil && classOf(err) != "busy" {
			t.Fatal(err)
		}
	}
	if h, err := mustSend(t, g, d); err != nil || !h.Delivered || device.Sounded() != 1 {
		t.Errorf("after the broker came back: %+v, %v, sounded %d times; want delivered, once", h, err, device.Sounded())
	}
}

// TestMQTTPasswordRefused: a gateway that may not connect says so, without the password.
func TestMQTTPasswordRefused(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := mochi.New(&mochi.Options{Logger: slog.New(slog.DiscardHandler)})
	rules := &auth.Ledger{Auth: auth.AuthRules{{Username: "tocsin", Password: "right", Allow: true}}}
	if err := server.AddHook(new(auth.Hook), &auth.Options{Ledger: rules}); err != nil {
		t.Fatal(err)
	}
	if err := server.AddListener(listeners.NewNet("test", ln)); err != nil {
		t.Fatal(err)
	}
	if err := server.Serve(); err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	for password, want := range map[string]string{"right": "", "wrong-secret": "broker: user or password not accepted"} {
		g := newMQTT(t, "mqtt://"+ln.Addr().String(), func(c *Config) { c.User, c.Password = "tocsin", password })
		ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
		defer cancel()
		if want == "" {
			if err := g.Probe(ctx); err != nil {
				t.Errorf("with the right password: %v", err)
			}
			continue
		}
		_, err := g.Send(ctx, testDelivery(`{"id":"s1","protocol":"mqtt"}`, wail))
		f := channels.FailureOf(err)
		if err == nil || f.Class != channels.Busy || f.Reason != want || strings.Contains(f.Err.Error(), password) {
			t.Errorf("%v (%v), want busy: %s", err, f.Err, want)
		}
	}
}

// TestMQTTSlowSirenIsFollowed: the status that comes after the send becomes a receipt.
func TestMQTTSlowSirenIsFollowed(t *testing.T) {
	broker := startBroker(t, "127.0.0.1:0", channeltest.Accept)
	device := liveDevice(nil)
	device.Jam(true)
	plugIn(t, broker.url, "sirens", "s1", device)
	receipts := make(chan alerting.Receipt, 1)
	g := newMQTT(t, broker.url, func(c *Config) {
		c.ReadBack = 50 * time.Millisecond
		c.Receive = func(_ context.Context, r alerting.Receipt) error { receipts <- r; return nil }
	})
	h, err := mustSend(t, g, testDelivery(`{"id":"s1","protocol":"mqtt"}`, wail))
	if err != nil || h.Delivered {
		t.Fatalf("%+v, %v; want taken, not delivered", h, err)
	}
	device.Jam(false)
	data, err := device.Encode(device.Status(""))
	if err != nil {
		t.Fatal(err)
	}
	publishAs(t, broker.url, "sirens/s1/status", data)
	select {
	case r := <-receipts:
		if s := r.Marks[0].Mark.State(); s != alerting.Delivered || r.Marks[0].Reference != h.Reference {
			t.Errorf("receipt %+v, want delivered under %s", r, h.Reference)
		}
	case <-time.After(5 * time.Second):
		t.Error("no receipt")
	}
}

// publishAs publishes once from a connection of its own.
func publishAs(t *testing.T, broker, topic string, payload []byte) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(broker, "mqtt://"))
	if err != nil {
		t.Fatal(err)
	}
	c := paho.NewClient(paho.ClientConfig{Conn: conn, ClientID: "once-" + randomName(t)})
	if _, err := c.Connect(t.Context(), &paho.Connect{ClientID: "once-" + randomName(t), KeepAlive: 10, CleanStart: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Publish(t.Context(), &paho.Publish{QoS: 1, Topic: topic, Payload: payload}); err != nil {
		t.Fatal(err)
	}
	if err := c.Disconnect(&paho.Disconnect{}); err != nil {
		t.Fatal(err)
	}
}

// TestMQTTOverTLS: the broker's certificate is checked.
func TestMQTTOverTLS(t *testing.T) {
	certificate := httptest.NewTLSServer(nil)
	defer certificate.Close()
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: certificate.TLS.Certificates})
	if err != nil {
		t.Fatal(err)
	}
	broker := serveBroker(t, ln, channeltest.Accept)
	secure := strings.Replace(broker.url, "mqtt://", "mqtts://", 1)
	trust := certificate.Client().Transport.(*http.Transport).TLSClientConfig
	plugInTLS(t, secure, "sirens", "s1", liveDevice(nil), trust)
	d := testDelivery(`{"id":"s1","protocol":"mqtt"}`, wail)
	if h, err := mustSend(t, newMQTT(t, secure, func(c *Config) { c.TLS = trust }), d); err != nil || !h.Delivered {
		t.Errorf("%+v, %v; want delivered", h, err)
	}
	if _, err := mustSend(t, newMQTT(t, secure, nil), d); classOf(err) != "busy" {
		t.Errorf("with a certificate that nobody vouches for: %v, want busy", err)
	}
}
