package siren

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"io"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"
	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"

	"tocsin/channels/channeltest"
)

// brokerHook counts commands and misbehaves as told.
type brokerHook struct {
	mochi.HookBase
	behaviour atomic.Value
	arrived   atomic.Int64
	release   chan struct{}
}

func (h *brokerHook) ID() string { return "script" }

func (h *brokerHook) Provides(b byte) bool { return b == mochi.OnPublish }

func (h *brokerHook) OnPublish(c *mochi.Client, p packets.Packet) (packets.Packet, error) {
	if !strings.HasSuffix(p.TopicName, "/command") {
		return p, nil
	}
	h.arrived.Add(1)
	switch h.behaviour.Load() {
	case channeltest.Busy:
		return p, packets.ErrQuotaExceeded
	case channeltest.Silence:
		<-h.release
		return p, packets.ErrRejectPacket
	case channeltest.Reset:
		c.Stop(io.EOF)
		return p, packets.ErrRejectPacket
	case channeltest.Garbage:
		_, _ = c.Net.Conn.Write([]byte("\x30\xff\xff\xff\xff\xff this is not MQTT"))
		return p, packets.ErrRejectPacket
	}
	return p, nil
}

// testBroker is an embedded broker; close ends it before the test does.
type testBroker struct {
	hook  *brokerHook
	url   string
	close func()
}

// leash ends the connections that came through a listener when that is closed. The broker's own way to end them misses one
// that comes at that moment, and deadlocks with one that goes (Clients.GetByListener takes its read lock twice).
type leash struct {
	net.Listener
	mu    sync.Mutex
	taken []net.Conn
	over  bool
}

func (l *leash) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.taken = append(l.taken, c); l.over {
		_ = c.Close()
	}
	return c, nil
}

func (l *leash) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	for _, c := range l.taken {
		_ = c.Close()
	}
	return l.Listener.Close()
}

func startBroker(t testing.TB, address string, b channeltest.Behaviour) *testBroker {
	t.Helper()
	if b == channeltest.Refuse {
		return &testBroker{hook: new(brokerHook), url: "mqtt://" + channeltest.Nobody(t), close: func() {}}
	}
	ln, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return serveBroker(t, ln, b)
}

func serveBroker(t testing.TB, ln net.Listener, b channeltest.Behaviour) *testBroker {
	t.Helper()
	broker := &testBroker{hook: &brokerHook{release: make(chan struct{})}, url: "mqtt://" + ln.Addr().String()}
	broker.hook.behaviour.Store(b)
	ln = &leash{Listener: ln}
	server := mochi.New(&mochi.Options{Logger: slog.New(slog.DiscardHandler)})
	for _, hook := range []mochi.Hook{new(auth.AllowHook), broker.hook} {
		if err := server.AddHook(hook, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := server.AddListener(listeners.NewNet("test", ln)); err != nil {
		t.Fatal(err)
	}
	if err := server.Serve(); err != nil {
		t.Fatal(err)
	}
	broker.close = sync.OnceFunc(func() {
		close(broker.hook.release)
		_ = ln.Close()
		server.Listeners.CloseAll(func(string) {})
		_ = server.Close()
	})
	t.Cleanup(broker.close)
	return broker
}

// plugIn connects a device to a broker, as a device maker would.
func plugIn(t testing.TB, brokerURL, prefix, id string, d *Device) (captured *atomic.Pointer[[]byte], unplug func()) {
	return plugInTLS(t, brokerURL, prefix, id, d, nil)
}

func plugInTLS(t testing.TB, brokerURL, prefix, id string, d *Device, secure *tls.Config) (captured *atomic.Pointer[[]byte], unplug func()) {
	t.Helper()
	u, err := url.Parse(brokerURL)
	if err != nil {
		t.Fatal(err)
	}
	captured = &atomic.Pointer[[]byte]{}
	ready := make(chan struct{}, 16)
	ctx, cancel := context.WithCancel(context.Background())
	obey := func(p paho.PublishReceived) (bool, error) {
		envelope := bytes.Clone(p.Packet.Payload)
		captured.Store(&envelope)
		_, r := d.Obey(envelope)
		data, err := d.Encode(r)
		if err != nil {
			return false, err
		}
		go func() {
			_, _ = p.Client.Publish(ctx, &paho.Publish{QoS: 1, Topic: p.Packet.Properties.ResponseTopic, Payload: data,
				Properties: &paho.PublishProperties{CorrelationData: p.Packet.Properties.CorrelationData}})
		}()
		return true, nil
	}
	m, err := autopaho.NewConnection(ctx, autopaho.ClientConfig{ServerUrls: []*url.URL{u}, KeepAlive: 10, TlsCfg: secure,
		CleanStartOnInitialConnection: true, ReconnectBackoff: func(int) time.Duration { return 10 * time.Millisecond },
		OnConnectionUp: func(m *autopaho.ConnectionManager, _ *paho.Connack) {
			go func() {
				_, err := m.Subscribe(ctx, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: prefix + "/" + id + "/command", QoS: 1}}})
				if err == nil {
					ready <- struct{}{}
				}
			}()
		},
		ClientConfig: paho.ClientConfig{ClientID: "device-" + randomName(t), OnPublishReceived: []func(paho.PublishReceived) (bool, error){obey}}})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	unplug = sync.OnceFunc(func() {
		cancel()
		<-m.Done()
	})
	t.Cleanup(unplug)
	select {
	case <-ready:
	case <-time.After(5 * time.Second):
		t.Fatal("the device did not get through to the broker")
	}
	return captured, unplug
}

func randomName(t testing.TB) string {
	t.Helper()
	var b [6]byte
	if _, err := rand.Read(b[:]); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(b[:])
}
