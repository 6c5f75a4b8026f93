package sim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"
	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"

	"tocsin/channels/siren"
)

// bigReply is the size of the reply of a BigBody fault; a broker may drop it.
const bigReply = 1 << 20

// sirenLine is sirens behind an MQTT broker. Faults: limit and status answer busy, refuse an unknown programme; stall and
// reset_before leave the command unread, hang and reset_after obey and say nothing; bad_json and big_body obey and say
// nonsense; drip is a late answer.
type sirenLine struct {
	*Sim
	park *sirenPark
	name string
	// publish sends a reply; correlation may be nil.
	publish func(topic string, payload, correlation []byte) error
	all     sync.WaitGroup
}

// play runs the sirens until ctx ends.
func (l *sirenLine) play(ctx context.Context) {
	l.park.watch(ctx, l.Sim, l.name, func(m sirenMachine) {
		if x, ok := m.(*signedSiren); ok {
			l.say(x, x.device.Status(""), nil)
		}
	})
	l.all.Wait()
}

// take handles a command in a goroutine of its own: brokers deliver one message after the other.
func (l *sirenLine) take(ctx context.Context, topic string, envelope, correlation []byte) {
	id, ok := strings.CutPrefix(topic, l.park.cfg.Prefix+"/")
	id, command := strings.CutSuffix(id, "/command")
	if !ok || !command || strings.Contains(id, "/") {
		return
	}
	x := l.park.signed(l.Sim, l.name, id)
	if x == nil || ctx.Err() != nil {
		return
	}
	envelope, correlation = bytes.Clone(envelope), bytes.Clone(correlation)
	l.all.Go(func() { l.command(ctx, x, envelope, correlation) })
}

func (l *sirenLine) command(ctx context.Context, x *signedSiren, envelope, correlation []byte) {
	e := Event{Channel: Siren, Gateway: l.name, Recipient: x.id, Kind: Fault}
	v := l.Faults().Judge(Ask{Channel: Siren, Gateway: l.name, Recipient: x.id})
	if !pause(ctx, v.Delay) {
		return
	}
	if v.Kind != "" {
		e.Detail = faultName(&v)
		l.Record(e)
	}
	switch v.Kind {
	case Stall, ResetBefore, Redirect:
		return
	case Status, Limit, Error200:
		l.say(x, x.refusalReply(siren.InUse), correlation)
		return
	case Refuse:
		e.Kind, e.Detail = Refused, "asked for"
		l.Record(e)
		l.say(x, x.refusalReply(siren.UnknownProgramme), correlation)
		return
	}
	r := l.park.obey(l.Sim, x, envelope)
	switch v.Kind {
	case Hang, ResetAfter:
	case BadJSON:
		l.send(x, []byte("{\"v\": \"\xff"), correlation)
	case BigBody:
		l.send(x, bytes.Repeat([]byte(" "), bigReply), correlation)
	case Drip:
		if pause(ctx, time.Duration(max(v.Rule.Delay, Duration(time.Second)))) {
			l.say(x, r, correlation)
		}
	default:
		l.say(x, r, correlation)
	}
}

func (l *sirenLine) say(x *signedSiren, r siren.Reply, correlation []byte) {
	data, err := x.device.Encode(r)
	if err != nil {
		l.logger.Error("encode a siren's reply", "err", err)
		return
	}
	l.send(x, data, correlation)
}

func (l *sirenLine) send(x *signedSiren, payload, correlation []byte) {
	if err := l.publish(l.park.cfg.Prefix+"/"+x.id+"/status", payload, correlation); err != nil {
		l.logger.Warn("siren's reply not published", "gateway", l.name, "err", err)
	}
}

// serveBroker plays a broker and the sirens behind it.
func (p *sirenPark) serveBroker(ctx context.Context, s *Sim, ln net.Listener, name string) error {
	server := mochi.New(&mochi.Options{InlineClient: true, Logger: slog.New(slog.DiscardHandler)})
	if err := server.AddHook(new(auth.AllowHook), nil); err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	if err := server.AddListener(listeners.NewNet(name, ln)); err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	inline := server.NewClient(nil, mochi.LocalListener, "sirens", true)
	l := &sirenLine{Sim: s, park: p, name: name, publish: func(topic string, payload, correlation []byte) error {
		return server.InjectPacket(inline, packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: 1},
			TopicName: topic, Payload: payload, PacketID: 1, Properties: packets.Properties{CorrelationData: correlation}})
	}}
	err := server.Subscribe(p.cfg.Prefix+"/+/command", 1, func(_ *mochi.Client, _ packets.Subscription, pk packets.Packet) {
		l.take(ctx, pk.TopicName, pk.Payload, pk.Properties.CorrelationData)
	})
	if err == nil {
		err = server.Serve()
	}
	if err != nil {
		return errors.Join(fmt.Errorf("broker: %w", err), server.Close())
	}
	l.play(ctx)
	// The door first: it ends its connections, and then they are waited for. The broker's own way to end them misses one
	// that comes at that moment, and deadlocks with one that goes (Clients.GetByListener takes its read lock twice).
	err = ln.Close()
	server.Listeners.CloseAll(func(string) {})
	if err = errors.Join(err, server.Close()); err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	return nil
}

// serveClient plays sirens behind a broker elsewhere, over one connection.
func (p *sirenPark) serveClient(ctx context.Context, s *Sim, _ net.Listener, name string) error {
	u, err := url.Parse(p.cfg.Broker)
	if err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	l := &sirenLine{Sim: s, park: p, name: name}
	ready := make(chan struct{}) // closed when replies can be published: only then commands are asked for
	m, err := autopaho.NewConnection(ctx, autopaho.ClientConfig{
		ServerUrls: []*url.URL{u}, KeepAlive: 10, CleanStartOnInitialConnection: true, SessionExpiryInterval: 60,
		ReconnectBackoff: func(attempt int) time.Duration { return time.Duration(min(attempt, 20)) * 100 * time.Millisecond },
		ConnectUsername:  p.cfg.BrokerUser, ConnectPassword: []byte(p.cfg.BrokerPassword),
		OnConnectionUp: func(m *autopaho.ConnectionManager, _ *paho.Connack) {
			l.all.Go(func() {
				<-ready
				_, err := m.Subscribe(ctx, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: p.cfg.Prefix + "/+/command", QoS: 1}}})
				if err != nil && ctx.Err() == nil {
					s.logger.Error("sirens cannot hear their commands", "gateway", name, "err", err)
				}
			})
		},
		OnConnectError: func(err error) { s.logger.Warn("broker not reached", "gateway", name, "err", err) },
		ClientConfig: paho.ClientConfig{ClientID: "gatewaysim-" + name + "-" + strconv.Itoa(os.Getpid()) + "-" + strconv.FormatUint(hashString(p.cfg.Prefix), 36),
			OnPublishReceived: []func(paho.PublishReceived) (bool, error){func(r paho.PublishReceived) (bool, error) {
				l.take(ctx, r.Packet.Topic, r.Packet.Payload, r.Packet.Properties.CorrelationData)
				return true, nil
			}}},
	})
	if err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	l.publish = func(topic string, payload, correlation []byte) error {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		_, err := m.Publish(ctx, &paho.Publish{QoS: 1, Topic: topic, Payload: payload,
			Properties: &paho.PublishProperties{CorrelationData: correlation}})
		return err
	}
	close(ready)
	l.play(ctx)
	<-m.Done()
	return nil
}
