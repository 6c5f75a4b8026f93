package siren

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
	"github.com/eclipse/paho.golang/paho/session/state"
	"github.com/eclipse/paho.golang/paho/store/memory"

	"tocsin/alerting"
	"tocsin/channels"
)

// The timing of the connection to the broker.
const (
	brokerKeepAlive = 10 // seconds
	brokerSession   = 60 // seconds that the broker keeps replies for us while we are away
	brokerDial      = 3 * time.Second
	brokerWrite     = 3 * time.Second
	// brokerWait is how long a send waits for a connection.
	brokerWait = 1500 * time.Millisecond
	// resubscribe is the pause after a subscription that the broker refused.
	resubscribe = 5 * time.Second
)

// errNoBroker says that there was no connection and no reason known for it.
var errNoBroker = errors.New("broker away")

// connection is how the library shall connect. It resumes its session within the life of this process, so replies that
// came while the connection was down are not lost.
func (g *MQTT) connection(clientID string) (autopaho.ClientConfig, error) {
	u, err := url.Parse(g.cfg.Broker)
	if err != nil || u.Hostname() == "" || u.User != nil || !(secureScheme(u.Scheme) || u.Scheme == "mqtt" || u.Scheme == "tcp") {
		return autopaho.ClientConfig{}, fmt.Errorf("siren gateway %s: %w: broker: want mqtt://host:port or mqtts://host:port", g.cfg.Name, alerting.ErrInvalid)
	}
	if u.Port() == "" {
		port := "1883"
		if secureScheme(u.Scheme) {
			port = "8883"
		}
		u.Host = net.JoinHostPort(u.Hostname(), port)
	}
	return autopaho.ClientConfig{
		ServerUrls:                    []*url.URL{u},
		KeepAlive:                     brokerKeepAlive,
		CleanStartOnInitialConnection: true,
		SessionExpiryInterval:         brokerSession,
		ConnectTimeout:                brokerDial,
		ReconnectBackoff:              reconnectPauses(),
		ConnectUsername:               g.cfg.User,
		ConnectPassword:               []byte(g.cfg.Password),
		ConnectPacketBuilder:          limitPackets,
		AttemptConnection:             g.dial,
		OnConnectionUp:                g.up,
		OnConnectionDown:              g.down,
		OnConnectError:                g.refused,
		ClientConfig: paho.ClientConfig{
			ClientID:          clientID,
			Session:           newSession(),
			PacketTimeout:     channels.SendTimeout,
			OnPublishReceived: []func(paho.PublishReceived) (bool, error){g.heard},
		},
	}, nil
}

// limitPackets tells the broker what we take, so that it drops a siren's oversize reply instead of us the connection.
func limitPackets(c *paho.Connect, _ *url.URL) (*paho.Connect, error) {
	limit := uint32(maxPacket)
	if c.Properties == nil {
		c.Properties = &paho.ConnectProperties{}
	}
	c.Properties.MaximumPacketSize = &limit
	return c, nil
}

// outbound keeps what the broker keeps for us, and forgets what it has not acknowledged when the connection is lost: the
// library would send that again by itself, and whether a command is sent again is for the Worker to decide.
type outbound struct {
	*state.State
	unacknowledged *memory.Store
}

func newSession() *outbound {
	pending := memory.New()
	return &outbound{State: state.New(pending, memory.New()), unacknowledged: pending}
}

// ConnectionLost ends the calls that wait for an acknowledgement.
func (s *outbound) ConnectionLost(d *packets.Disconnect) error {
	err := errors.Join(s.State.ConnectionLost(d), s.State.Close())
	return errors.Join(err, s.unacknowledged.Reset())
}

func secureScheme(scheme string) bool { return scheme == "mqtts" || scheme == "ssl" || scheme == "tls" }

// reconnectPauses gives the pause before each attempt to connect: none before the very first, then 100 ms, doubling up to
// 4 s until a connection stands. A broker that takes connections and drops them again is not hammered.
func reconnectPauses() func(attempt int) time.Duration {
	var later atomic.Bool
	return func(attempt int) time.Duration {
		if !later.Swap(true) {
			return 0
		}
		return min(100*time.Millisecond<<min(attempt, 10), 4*time.Second)
	}
}

// dial connects; no proxy, and no write that lasts for ever: the library writes without a deadline.
func (g *MQTT) dial(ctx context.Context, _ autopaho.ClientConfig, u *url.URL) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, brokerDial)
	defer cancel()
	d := &net.Dialer{KeepAlive: 15 * time.Second}
	var conn net.Conn
	var err error
	if secureScheme(u.Scheme) {
		conn, err = (&tls.Dialer{NetDialer: d, Config: g.cfg.TLS.Clone()}).DialContext(ctx, "tcp", u.Host)
	} else {
		conn, err = d.DialContext(ctx, "tcp", u.Host)
	}
	if err != nil {
		return nil, err
	}
	return &brokerConn{Conn: conn}, nil
}

// up subscribes to the replies; only then is the way open, so that no reply is missed.
func (g *MQTT) up(m *autopaho.ConnectionManager, _ *paho.Connack) {
	life := g.gate.next()
	g.tasks.Go(func() {
		topic := g.cfg.Prefix + "/+/status"
		for told := false; ; told = true {
			ctx, cancel := context.WithTimeout(g.life, channels.SendTimeout)
			_, err := m.Subscribe(ctx, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: topic, QoS: 1}}})
			cancel()
			// Sirens must sound even where the broker does not let us hear them.
			if !g.gate.open(life) || err == nil || g.life.Err() != nil {
				return
			}
			if !told {
				g.cfg.Log.Error("siren replies cannot be heard", "gateway", g.cfg.Name, "error", err)
			}
			if !pause(g.life, resubscribe) {
				return
			}
		}
	})
}

func (g *MQTT) down() bool {
	g.gate.shut(errNoBroker)
	return true
}

// refused notes why there is no connection, and says so once per reason.
func (g *MQTT) refused(err error) {
	if g.gate.shut(err) {
		g.cfg.Log.Warn("broker not reached", "gateway", g.cfg.Name, "reason", brokerText(err))
	}
}

// brokerText is what a receipt may say about a connection that is not there.
func brokerText(err error) string {
	var refused *autopaho.ConnackError
	if !errors.As(err, &refused) {
		return "broker away"
	}
	switch refused.ReasonCode {
	case 0x86, 0x87, 0x8c:
		return "broker: user or password not accepted"
	case 0x85:
		return "broker: client id not accepted"
	case 0x88, 0x89:
		return "broker busy"
	}
	return fmt.Sprintf("broker refused the connection: reason %#x", refused.ReasonCode)
}

// gate is shut while there is no usable connection. Each connection has a number, so that a late subscription of an old
// one cannot open it.
type gate struct {
	mu     sync.Mutex
	life   int
	isOpen bool
	why    error
	opened chan struct{}
}

// next begins the life of a connection.
func (g *gate) next() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.life++
	return g.life
}

// open opens the gate for the connection, unless a later one took its place or it is gone.
func (g *gate) open(life int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.life != life {
		return false
	}
	if !g.isOpen {
		g.isOpen, g.why = true, nil
		if g.opened != nil {
			close(g.opened)
			g.opened = nil
		}
	}
	return true
}

// shut shuts the gate and notes why; true when the reason is a new one.
func (g *gate) shut(why error) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	news := g.isOpen || g.why == nil || brokerText(g.why) != brokerText(why)
	g.life++
	g.isOpen, g.why = false, why
	return news
}

// wait waits until the gate is open; the error is why it is not.
func (g *gate) wait(ctx context.Context) error {
	for {
		g.mu.Lock()
		if g.isOpen {
			g.mu.Unlock()
			return nil
		}
		if g.opened == nil {
			g.opened = make(chan struct{})
		}
		opened := g.opened
		g.mu.Unlock()
		select {
		case <-opened:
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", g.reason(), ctx.Err())
		}
	}
}

// reason is why the gate is shut.
func (g *gate) reason() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.why == nil {
		return errNoBroker
	}
	return g.why
}
