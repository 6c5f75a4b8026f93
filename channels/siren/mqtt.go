package siren

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"
	"github.com/eclipse/paho.golang/paho/session"

	"tocsin/alerting"
	"tocsin/channels"
)

// MQTT is the gateway to sirens behind an MQTT 5 broker. It keeps one connection, and comes back by itself.
type MQTT struct {
	*core
	manager *autopaho.ConnectionManager
	gate    gate
	life    context.Context
	end     context.CancelFunc
	tasks   sync.WaitGroup

	mu      sync.Mutex
	waiting map[string]*waiter
}

// waiter takes the replies to one command.
type waiter struct {
	siren   string
	key     ed25519.PublicKey
	replies chan Reply
}

// NewMQTT makes the gateway and begins to connect; Send and Probe wait for the connection. Close it to disconnect.
func NewMQTT(cfg Config, key ed25519.PrivateKey, now func() time.Time) (*MQTT, error) {
	c, err := newSigner(cfg, key, now)
	if err != nil {
		return nil, err
	}
	if strings.ContainsAny(c.cfg.Prefix, "+#\x00") || strings.Trim(c.cfg.Prefix, "/") != c.cfg.Prefix {
		return nil, fmt.Errorf("siren gateway %s: %w: prefix: no wildcards, no slash at its ends", c.cfg.Name, alerting.ErrInvalid)
	}
	var unique [4]byte
	if _, err := io.ReadFull(c.cfg.Rand, unique[:]); err != nil {
		return nil, fmt.Errorf("siren gateway %s: draw a client id: %w", c.cfg.Name, err)
	}
	g := &MQTT{core: c, waiting: map[string]*waiter{}}
	g.life, g.end = context.WithCancel(context.Background())
	connection, err := g.connection(c.cfg.ClientID + "-" + hex.EncodeToString(unique[:]))
	if err != nil {
		g.end()
		return nil, err
	}
	if c.cfg.Offline {
		return g, nil
	}
	if g.manager, err = autopaho.NewConnection(g.life, connection); err != nil {
		g.end()
		return nil, fmt.Errorf("siren gateway %s: %w", c.cfg.Name, err)
	}
	return g, nil
}

// Close disconnects and ends what still watches sirens.
func (g *MQTT) Close() error {
	g.follows.close()
	g.end()
	if g.manager != nil {
		<-g.manager.Done()
	}
	g.tasks.Wait()
	return nil
}

// Probe implements channels.Prober: connected to the broker and subscribed to the sirens' replies.
func (g *MQTT) Probe(ctx context.Context) error {
	if err := g.gate.wait(ctx); err != nil {
		return fmt.Errorf("probe siren gateway %s: %w", g.cfg.Name, err)
	}
	return nil
}

// Send implements channels.Adapter.
func (g *MQTT) Send(ctx context.Context, d channels.Delivery) (channels.Handed, error) {
	o, err := g.order(&d, ProtocolMQTT)
	if err != nil {
		return channels.Handed{}, err
	}
	topic, failure := g.topic(&o.endpoint)
	if failure != nil {
		return channels.Handed{}, failure
	}
	if err := ctx.Err(); err != nil {
		return channels.Handed{}, fail(channels.Transient, "no time left", err)
	}
	if err := g.connected(ctx); err != nil {
		return channels.Handed{}, err
	}
	for {
		handed, again, err := g.instruct(ctx, &d, o, topic)
		if !again {
			return handed, asStop(o, err)
		}
	}
}

// connected waits a moment for the broker: long enough for a reconnection, short enough to free the slot of the send.
func (g *MQTT) connected(ctx context.Context) error {
	wait, cancel := context.WithTimeout(ctx, brokerWait)
	defer cancel()
	if err := g.gate.wait(wait); err != nil {
		return brokerFails(channels.Busy, brokerText(err), err)
	}
	return nil
}

// instruct sends one command. Again means that amend has made the order better.
func (g *MQTT) instruct(ctx context.Context, d *channels.Delivery, o *order, topic string) (h channels.Handed, again bool, err error) {
	turn, failure := g.unit(o.endpoint.ID).attempt(ctx, o)
	if failure != nil {
		return h, false, failure
	}
	defer turn.end()
	envelope, nonce, err := g.command(o)
	if err != nil {
		return h, false, fail(channels.Transient, "could not sign", err)
	}
	w := &waiter{siren: o.endpoint.ID, key: g.deviceKey(&o.endpoint), replies: make(chan Reply, 8)}
	g.listen(nonce, w)
	first, failure := g.publish(ctx, topic, nonce, envelope, w)
	if failure != nil {
		g.unlisten(nonce)
		return h, false, failure
	}
	turn.leave() // the broker keeps the order from here
	wait, cancel := g.readBackContext(ctx)
	defer cancel()
	if first == nil {
		first = w.next(wait)
	}
	if first != nil && g.amend(o, first) {
		g.unlisten(nonce)
		if err := turn.called(); err != nil {
			return h, false, fail(channels.Rejected, err.Error(), err)
		}
		return h, true, refusal(first.Reason)
	}
	look := w.watch(o, first)
	done, failure := look(wait)
	if done || failure != nil {
		g.unlisten(nonce)
		return handed(nonce, done), false, asError(failure)
	}
	g.follows.follow(*d, nonce, w.watch(o, nil), func() { g.unlisten(nonce) })
	return handed(nonce, false), false, nil
}

// publish hands the envelope to the broker and waits until it was taken; a reply that overtakes the broker's answer
// proves the same and is returned.
func (g *MQTT) publish(ctx context.Context, topic, nonce string, envelope []byte, w *waiter) (*Reply, *channels.Failure) {
	format, expiry := byte(1), uint32(max(g.cfg.Validity/time.Second, 1))
	type answer struct {
		response *paho.PublishResponse
		err      error
	}
	answered := make(chan answer, 1)
	g.tasks.Go(func() {
		response, err := g.manager.Publish(ctx, &paho.Publish{QoS: 1, Topic: topic + "/command", Payload: envelope,
			Properties: &paho.PublishProperties{PayloadFormat: &format, MessageExpiry: &expiry, ContentType: "application/json",
				ResponseTopic: topic + "/status", CorrelationData: []byte(nonce)}})
		answered <- answer{response, err}
	})
	select {
	case a := <-answered:
		return nil, published(a.response, a.err)
	case r := <-w.replies:
		return &r, nil
	case <-ctx.Done():
		return nil, brokerFails(channels.Lost, "no answer from the broker", ctx.Err())
	}
}

// published sorts the broker's answer (MQTT 5 §3.4.2.1).
func published(r *paho.PublishResponse, err error) *channels.Failure {
	var code byte
	if r != nil {
		code = r.ReasonCode
	}
	switch {
	case code == 0x10:
		return fail(channels.Transient, "the siren is not connected to the broker", nil)
	case code == 0x87:
		return brokerFails(channels.Busy, "broker: not authorized to command sirens", err)
	case code == 0x97:
		return brokerFails(channels.Busy, "broker: quota exceeded", err)
	case code == 0x90, code == 0x95, code == 0x99:
		return fail(channels.Rejected, fmt.Sprintf("broker refused: reason %#x", code), err)
	case code >= 0x80:
		return fail(channels.Transient, fmt.Sprintf("broker refused: reason %#x", code), err)
	case err == nil:
		return nil
	case errors.Is(err, autopaho.ConnectionDownError), errors.Is(err, session.ErrNoConnection):
		return brokerFails(channels.Busy, "broker away", err)
	case errors.Is(err, paho.ErrInvalidArguments):
		return fail(channels.Rejected, "broker: the message is not allowed", err)
	}
	return brokerFails(channels.Lost, "no answer from the broker", err)
}

// topic is the siren's base topic. It must lie where the gateway listens for replies.
func (g *MQTT) topic(e *Endpoint) (string, *channels.Failure) {
	want := g.cfg.Prefix + "/" + e.ID
	if e.Topic != "" && e.Topic != want {
		return "", fail(channels.Rejected, "siren record: topic: want the gateway's prefix and the siren's id", alerting.ErrInvalid)
	}
	return want, nil
}

func (g *MQTT) listen(nonce string, w *waiter) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting[nonce] = w
}

func (g *MQTT) unlisten(nonce string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.waiting, nonce)
}

// heard takes what arrives below the prefix. Every worker process hears every siren; only the one that sent the command
// knows its nonce.
func (g *MQTT) heard(message paho.PublishReceived) (bool, error) {
	siren, ok := strings.CutPrefix(message.Packet.Topic, g.cfg.Prefix+"/")
	siren, status := strings.CutSuffix(siren, "/status")
	if !ok || !status || !validID(siren) {
		return false, nil
	}
	r, err := readReply(message.Packet.Payload, siren, g.cfg.DeviceKeys[siren])
	if err != nil {
		g.cfg.Log.Debug("siren reply dropped", "gateway", g.cfg.Name, "siren", siren, "error", err)
		return true, nil
	}
	nonce := r.Nonce
	if p := message.Packet.Properties; nonce == "" && r.State == Refused && p != nil {
		nonce = string(p.CorrelationData) // the device could not verify the command and does not know its nonce
	}
	g.mu.Lock()
	w := g.waiting[nonce]
	g.mu.Unlock()
	if w == nil || w.siren != siren {
		g.seen.mark(siren)
		return true, nil
	}
	if w.key != nil {
		if r, err = readReply(message.Packet.Payload, siren, w.key); err != nil {
			g.cfg.Log.Warn("siren reply dropped", "gateway", g.cfg.Name, "siren", siren, "error", err)
			return true, nil
		}
	}
	g.seen.mark(siren)
	select {
	case w.replies <- r:
	default: // a siren that talks this much has said enough
	}
	return true, nil
}

// next is the next reply; nil when ctx ended first.
func (w *waiter) next(ctx context.Context) *Reply {
	select {
	case r := <-w.replies:
		return &r
	case <-ctx.Done():
		return nil
	}
}

// watch judges the reply that is there already, and then those that come.
func (w *waiter) watch(o *order, r *Reply) watch {
	return func(ctx context.Context) (bool, *channels.Failure) {
		for {
			if r != nil {
				if done, failure := judge(o, r); done || failure != nil {
					return done, failure
				}
			}
			if r = w.next(ctx); r == nil {
				return false, nil
			}
		}
	}
}
