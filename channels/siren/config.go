package siren

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"tocsin/alerting"
	"tocsin/channels"
)

// DefaultMaxSeconds is the cap on a run where none is configured: the length of the classic warning signal.
const DefaultMaxSeconds = 180

// Config describes one gateway. Its zero value is a gateway for drills: not live.
type Config struct {
	// Name appears in logs and reasons; empty means "siren".
	Name string
	// Live gateways reach the public: they take the world Actual, and of tests those that Leaves lets out; nil: none.
	Live   bool
	Leaves channels.Leaves
	// AudibleExercises lets exercises sound as the real warning would; otherwise they run the silent test.
	AudibleExercises bool
	// KeyID is the name under which the devices know the controller's key; empty means KeyID of the public key.
	KeyID string
	// MaxSeconds is the hard cap on every run; 0 means 180, and more than an hour is refused.
	MaxSeconds int
	// Validity is the lifetime of a command; 0 means 30 s, and more than 60 s is refused.
	Validity time.Duration
	// DeviceKeys are the public keys of devices that sign their replies, by siren id. They go before Endpoint.Key.
	DeviceKeys map[string]ed25519.PublicKey
	// ReadBack is how long a send waits for "sounding" before it settles for "taken"; 0 means 3 s. It always ends
	// 300 ms before the send's deadline.
	ReadBack time.Duration
	// Poll is the pause between two looks at the status; 0 means 100 ms.
	Poll time.Duration
	// Follow is how long a siren that was slow to sound is watched after the send returned; 0 means 60 s. Nothing is
	// watched without Receive.
	Follow time.Duration
	// Receive takes what became known of a delivery after its send returned (delivered, or failed); nil drops it.
	Receive func(context.Context, alerting.Receipt) error
	// TLS is for https sirens and for the broker; nil means the system's roots.
	TLS *tls.Config
	// Log takes what nobody is told otherwise; nil drops it.
	Log *slog.Logger
	// Rand is the source of nonces; nil means crypto/rand.
	Rand io.Reader

	// ProbeURL is what Probe asks, of an HTTP gateway; empty means the status of the siren used last.
	ProbeURL string

	// Broker is the URL of the MQTT broker: mqtt://host:1883 or mqtts://host:8883.
	Broker   string
	User     string
	Password string
	// Prefix is the topic above all sirens; empty means "sirens".
	Prefix string
	// Offline keeps the gateway from ever connecting to its broker: for a check of the configuration.
	Offline bool
	// ClientID begins the client id; a part that is unique to the process follows. Empty means "tocsin".
	ClientID string

	// Maps are register maps of this site, by name; they go before the shipped ones.
	Maps map[string]RegisterMap
	// AllowPublic lets Modbus commands, which are not signed, leave for public addresses.
	AllowPublic bool
	// CallTimeout bounds one Modbus request; 0 means 1.5 s.
	CallTimeout time.Duration
	// Alarm runs f after d unless it is cancelled; nil means time.AfterFunc. It carries the run-time watchdog.
	Alarm func(d time.Duration, f func()) (cancel func() bool)
}

// filled is the configuration with its defaults, or what is wrong with it.
func (c Config) filled() (Config, error) {
	for _, n := range []struct {
		field *string
		value string
	}{{&c.Name, "siren"}, {&c.Prefix, "sirens"}, {&c.ClientID, "tocsin"}} {
		if *n.field == "" {
			*n.field = n.value
		}
	}
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{{&c.Validity, 30 * time.Second}, {&c.ReadBack, 3 * time.Second}, {&c.Poll, 100 * time.Millisecond},
		{&c.Follow, time.Minute}, {&c.CallTimeout, 1500 * time.Millisecond}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	if c.MaxSeconds <= 0 {
		c.MaxSeconds = DefaultMaxSeconds
	}
	if c.MaxSeconds > 3600 {
		return c, fmt.Errorf("siren gateway %s: %w: max_seconds %d is more than an hour", c.Name, alerting.ErrInvalid, c.MaxSeconds)
	}
	if c.Validity > MaxValidity {
		return c, fmt.Errorf("siren gateway %s: %w: validity %s is more than %s", c.Name, alerting.ErrInvalid, c.Validity, MaxValidity)
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Alarm == nil {
		c.Alarm = func(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }
	}
	return c, nil
}

// core is what the gateways of all protocols share: planning, signing, following, and who was heard when.
type core struct {
	cfg     Config
	now     func() time.Time
	key     ed25519.PrivateKey
	counter *Counter
	refs    references
	seen    sightings
	follows follower

	unitsMu sync.Mutex
	units   map[string]*unit
}

// unit is what is known of a siren by its name in this gateway.
func (c *core) unit(name string) *unit {
	c.unitsMu.Lock()
	defer c.unitsMu.Unlock()
	u := c.units[name]
	if u == nil {
		u = &unit{}
		c.units[name] = u
	}
	return u
}

func newCore(cfg Config, now func() time.Time) (*core, error) {
	cfg, err := cfg.filled()
	if err != nil {
		return nil, err
	}
	c := &core{cfg: cfg, now: now, units: map[string]*unit{}}
	c.seen.now = now
	c.follows.start(cfg)
	return c, nil
}

// newSigner is newCore for the protocols that sign.
func newSigner(cfg Config, key ed25519.PrivateKey, now func() time.Time) (*core, error) {
	c, err := newCore(cfg, now)
	if err != nil {
		return nil, err
	}
	if len(key) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("siren gateway %s: %w: the signing key has %d bytes, want %d", c.cfg.Name, alerting.ErrInvalid, len(key), ed25519.PrivateKeySize)
	}
	c.key = key
	if c.cfg.KeyID == "" {
		c.cfg.KeyID = KeyID(key.Public().(ed25519.PublicKey))
	}
	var instance [1]byte
	if _, err := io.ReadFull(c.cfg.Rand, instance[:]); err != nil {
		return nil, fmt.Errorf("siren gateway %s: draw the number of the process: %w", c.cfg.Name, err)
	}
	c.counter = NewCounter(instance[0], now)
	return c, nil
}

// LastSeen is when a siren was last heard; false when never, or not by this process.
func (c *core) LastSeen(id string) (time.Time, bool) { return c.seen.last(id) }

// deviceKey is the key that a siren's replies must be signed with; nil when it has none.
func (c *core) deviceKey(e *Endpoint) ed25519.PublicKey {
	if k := c.cfg.DeviceKeys[e.ID]; len(k) == ed25519.PublicKeySize {
		return k
	}
	if len(e.Key) == ed25519.PublicKeySize {
		return e.Key
	}
	return nil
}

// nonce draws 128 bits, in hexadecimal.
func (c *core) nonce() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(c.cfg.Rand, b[:]); err != nil {
		return "", err
	}
	return hex.EncodeToString(b[:]), nil
}

// command signs an order with a fresh counter and nonce.
func (c *core) command(o *order) (envelope []byte, nonce string, err error) {
	nonce, err = c.nonce()
	if err != nil {
		return nil, "", err
	}
	now := c.now()
	cmd := Command{Version: CommandVersion, Siren: o.endpoint.ID, Action: o.action, Programme: o.programme,
		MaxSeconds: o.seconds, Alert: o.alert, Ends: o.ends, Lane: o.lane, Counter: c.unit(o.endpoint.ID).next(c.counter),
		NotBefore: now.UnixMilli(), Expires: now.Add(c.cfg.Validity).UnixMilli(), Nonce: nonce}
	if o.action != Halt && !o.expires.IsZero() && o.expires.UnixMilli() < cmd.Expires {
		cmd.Expires = o.expires.UnixMilli()
	}
	envelope, err = Sign(c.key, c.cfg.KeyID, cmd)
	return envelope, nonce, err
}

// readBackContext ends the wait for "sounding" early enough to still report "taken" in time.
func (c *core) readBackContext(ctx context.Context) (context.Context, context.CancelFunc) {
	wait := c.cfg.ReadBack
	if deadline, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(deadline)-300*time.Millisecond)
	}
	return context.WithTimeout(ctx, wait)
}

// maxSightings bounds the memory of sirens heard: over MQTT anybody on the broker could invent names.
const maxSightings = 100_000

// sightings remembers when each siren was last heard.
type sightings struct {
	now func() time.Time
	mu  sync.Mutex
	at  map[string]time.Time
}

func (s *sightings) mark(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at == nil {
		s.at = map[string]time.Time{}
	}
	if _, known := s.at[id]; known || len(s.at) < maxSightings {
		s.at[id] = s.now()
	}
}

func (s *sightings) last(id string) (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.at[id]
	return at, ok
}

// fail makes a failure of one siren: others of the gateway may be well, and in a flood some always fail.
func fail(class channels.Class, reason string, err error) *channels.Failure {
	return &channels.Failure{Class: class, Reason: reason, Alone: true, Err: err}
}

// brokerFails makes a failure of the broker, which all its sirens share.
func brokerFails(class channels.Class, reason string, err error) *channels.Failure {
	return &channels.Failure{Class: class, Reason: reason, Err: err}
}
