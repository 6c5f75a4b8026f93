package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
)

// PushConfig says how the push service judges. The zero value decrypts every message and demands a VAPID token.
type PushConfig struct {
	// DecryptEvery decrypts only every n-th message, to save CPU under load; 0 and 1: all. The alert of a message that is
	// not decrypted is its Topic, or "undecrypted".
	DecryptEvery int
	// Key, when set, is the only application server key that is accepted: the public key, base64url, as in a subscription's
	// applicationServerKey.
	Key string
	// NoVAPID accepts messages without a token (RFC 8292 leaves it to the service).
	NoVAPID bool
	// Origin is what a token's aud must say when that is not the listener's own URL.
	Origin string
}

// pushGateway plays a push service (RFC 8030) on one listener.
type pushGateway struct {
	*Sim
	name   string
	origin string
	count  atomic.Uint64
}

// pushPath is what the path of every subscription begins with.
const pushPath = "/push/"

// maxPush is the largest body that a push service must accept (RFC 8030 §7.2).
const maxPush = 4096

func servePush(ctx context.Context, s *Sim, ln net.Listener, name string) error {
	g := &pushGateway{Sim: s, name: name, origin: s.cfg.WebPush.Origin}
	if g.origin == "" {
		g.origin = s.URL(name)
	}
	return serveWire(ctx, ln, s.cfg.TLS, g.handle)
}

func (g *pushGateway) handle(ctx context.Context, x *exchange) {
	switch {
	case string(x.path) == elsewhere:
		g.followed(x, Push, g.name)
		return
	case !bytes.HasPrefix(x.path, []byte(pushPath)) || len(x.path) == len(pushPath):
		plainRefusal(x, http.StatusNotFound, 0, "no such resource")
		return
	case string(x.method) != http.MethodPost:
		plainRefusal(x, http.StatusMethodNotAllowed, 0, "a push message is sent with POST")
		return
	}
	id := string(x.path[len(pushPath):])
	e := Event{Channel: Push, Gateway: g.name, Recipient: id}
	v := g.faults.Judge(Ask{Channel: Push, Gateway: g.name, Recipient: id})
	if v.Delay > 0 || v.Kind != "" {
		e.Alert = string(x.header("Topic"))
		if g.before(ctx, x, &v, e, plainRefusal) {
			return
		}
	}
	status, reason := g.check(x)
	if status == 0 {
		e.Alert, e.Detail, reason = g.open(x, id)
		if reason != "" {
			status = http.StatusBadRequest
		}
	}
	if status != 0 {
		e.Kind, e.Detail = Refused, strconv.Itoa(status)+" "+reason
		g.Record(e)
		plainRefusal(x, status, 0, reason)
		return
	}
	g.take(x, e, v)
	g.after(x, &v, e)
}

// take logs the message and answers 201 with its Location (RFC 8030 §5).
func (g *pushGateway) take(x *exchange, e Event, v Verdict) {
	e.Time, e.Kind, e.Sent = g.now(), Arrive, sentAt(x.header(SentHeader))
	g.Record(e)
	if v.Queued {
		land := chore{kind: choreLand, due: v.Land, channel: Push, gateway: g.name, recipient: e.Recipient, alert: e.Alert}
		if err := g.landings.queue(g.name, land); err != nil {
			g.logger.Error("file a landing", "gateway", g.name, "err", err)
		}
	}
	x.status, x.kind, x.out = http.StatusCreated, "text/plain", x.out[:0]
	x.extra = append(append(x.extra, "Location: "...), g.origin...)
	x.extra = append(appendHex(append(x.extra, "/message/"...), mix(g.count.Add(1)^g.cfg.Seed)), "\r\n"...)
	x.addHeader("TTL", string(x.header("TTL")))
}

// check finds what a push service would refuse before it looks into the message; 0 for nothing.
func (g *pushGateway) check(x *exchange) (status int, reason string) {
	ttl, err := strconv.ParseUint(string(x.header("TTL")), 10, 31)
	switch {
	case err != nil: // RFC 8030 §5.2
		return http.StatusBadRequest, "TTL is missing or no number of seconds"
	case ttl > 365*24*3600:
		return http.StatusBadRequest, "TTL is over a year"
	case !knownUrgency(x.header("Urgency")):
		return http.StatusBadRequest, "Urgency is none of very-low, low, normal, high"
	case !usableTopic(x.header("Topic")):
		return http.StatusBadRequest, "Topic is not 1 to 32 characters of base64url"
	case len(x.body) > maxPush:
		return http.StatusRequestEntityTooLarge, "message over 4096 bytes"
	case len(x.body) > 0 && !equalFold(x.header("Content-Encoding"), "aes128gcm"):
		return http.StatusBadRequest, "Content-Encoding is not aes128gcm"
	}
	if auth := x.header("Authorization"); len(auth) > 0 || !g.cfg.WebPush.NoVAPID {
		return g.vapid.check(auth, g.origin, g.cfg.WebPush.Key)
	}
	return 0, ""
}

// knownUrgency: absent or one of RFC 8030 §5.3.
func knownUrgency(b []byte) bool {
	switch string(b) {
	case "", "very-low", "low", "normal", "high":
		return true
	}
	return false
}

// usableTopic: absent or as RFC 8030 §5.4 has it.
func usableTopic(b []byte) bool {
	if len(b) > 32 {
		return false
	}
	for _, c := range b {
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// open decrypts the message and finds its alert; reason says why it could not be read.
func (g *pushGateway) open(x *exchange, id string) (alert, detail, reason string) {
	urgency, topic := string(x.header("Urgency")), string(x.header("Topic"))
	detail = "ttl=" + string(x.header("TTL")) + " urgency=" + urgency
	every := uint64(max(1, g.cfg.WebPush.DecryptEvery))
	if len(x.body) == 0 || every > 1 && g.count.Load()%every != 0 {
		if topic == "" {
			topic = "undecrypted"
		}
		return topic, detail, ""
	}
	clear, err := g.keys.open(x.scratch[:0], id, x.body)
	if err != nil {
		return "", "", "message cannot be decrypted: " + err.Error()
	}
	x.scratch = clear[:0]
	return payloadAlert(clear), detail, ""
}

// payload is where a page's service worker or a declarative message may keep its tag.
type payload struct {
	Tag          string `json:"tag"`
	URL          string `json:"url"`
	Notification struct {
		Tag      string `json:"tag"`
		Navigate string `json:"navigate"`
	} `json:"notification"`
}

// payloadAlert is the alert of a clear payload: its tag, else its url, else a hash of all.
func payloadAlert(clear []byte) string {
	var p payload
	if json.Unmarshal(clear, &p) == nil {
		for _, s := range [...]string{p.Tag, p.Notification.Tag, p.URL, p.Notification.Navigate} {
			if s != "" {
				return s
			}
		}
	}
	return shortHash(clear)
}
