package stream

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"

	"tocsin/alerting"
	"tocsin/alerting/seal"
	"tocsin/cap"
)

// DefaultSession is how long a silent member keeps its partitions; see Config.
const DefaultSession = 6 * time.Second

// Config says where Kafka is and which topics are used. Only Brokers is required.
type Config struct {
	// Brokers are host:port; any living one is enough to find the others.
	Brokers []string
	TLS     TLS
	SASL    SASL
	// Prefix begins the names of all topics and groups; it may be empty.
	Prefix string
	// Worlds and Channels limit the topics that are made and used; empty means all.
	Worlds   []alerting.World
	Channels []alerting.Channel
	// Partitions of each dispatch and receipts topic that is made: 6. RetryPartitions likewise: 1.
	Partitions      int
	RetryPartitions int
	// Replication of topics that are made; 0 means three copies, or as many as there are brokers.
	Replication int
	// LongestValidity bounds how long after its issue an alert may expire: 7 days. Longer is refused by Publish.
	LongestValidity time.Duration
	// Lifetime is how long an alert lives that states no expires: 24 hours.
	Lifetime time.Duration
	// DispatchBytes bounds each dispatch and retry partition; 0 means by time only. Batches beyond it are lost to the
	// workers (counted and logged) and must be produced again from the manifest.
	DispatchBytes int64
	// SessionTimeout is how long a silent member keeps its partitions: DefaultSession, the least that Kafka allows by
	// default.
	SessionTimeout time.Duration
}

// TLS says how the connections to the brokers are encrypted. Files are PEM.
type TLS struct {
	Enabled bool
	// CAFile holds the authorities to trust; empty means the system's.
	CAFile string
	// CertFile and KeyFile are this client's certificate; both or none.
	CertFile, KeyFile string
	// ServerName replaces the broker's host name in the check of its certificate.
	ServerName string
}

// SASL says how this client logs in. Mechanism is empty for no login, else plain, scram-sha-256 or scram-sha-512.
type SASL struct {
	Mechanism, User, Password string
}

// Parts are what the stream needs from the rest of the program. Keys is required.
type Parts struct {
	Keys *seal.Keyring
	// Log defaults to nothing, Metrics to no registration, Now to time.Now, After to time.After.
	Log     *slog.Logger
	Metrics prometheus.Registerer
	Now     func() time.Time
	After   func(time.Duration) <-chan time.Time
	// Approved says why an alert must not be sent (package approval); nil lets every alert pass. Whatever reads or writes issued
	// alerts asks it, so an alert that nobody approved is never taken in.
	Approved func(in *alerting.Issued) error
	// Parse reads a CAP document; it defaults to cap.Parse with its default limits.
	Parse func([]byte) (*cap.Alert, error)
}

const (
	defaultPartitions = 6
	defaultValidity   = 7 * 24 * time.Hour
	defaultLifetime   = 24 * time.Hour
	dialTimeout       = 3 * time.Second
	// afterlife is how long records stay after the longest-lived alert ended: time to seal it and to look into
	// what went wrong, over a weekend.
	afterlife = 3 * 24 * time.Hour
)

var prefixForm = regexp.MustCompile(`^[a-zA-Z0-9._-]{0,100}$`)

// filled gives the configuration with its defaults, or says what is wrong with it.
func (c Config) filled() (Config, error) {
	bad := func(format string, args ...any) (Config, error) {
		return c, fmt.Errorf("kafka configuration: %w: %s", alerting.ErrInvalid, fmt.Sprintf(format, args...))
	}
	if len(c.Brokers) == 0 {
		return bad("no brokers")
	}
	for _, b := range c.Brokers {
		if _, _, err := net.SplitHostPort(b); err != nil {
			return bad("broker %q is not host:port", b)
		}
	}
	if !prefixForm.MatchString(c.Prefix) {
		return bad("prefix %q: want letters, digits, '.', '_' and '-'", c.Prefix)
	}
	if len(c.Worlds) == 0 {
		c.Worlds = alerting.Worlds()
	}
	if len(c.Channels) == 0 {
		c.Channels = alerting.Channels()
	}
	for _, w := range c.Worlds {
		if !slices.Contains(alerting.Worlds(), w) {
			return bad("there is no world %q", w)
		}
	}
	for _, ch := range c.Channels {
		if !slices.Contains(alerting.Channels(), ch) {
			return bad("there is no channel %q", ch)
		}
	}
	if c.Partitions < 0 || c.RetryPartitions < 0 || c.Replication < 0 || c.DispatchBytes < 0 {
		return bad("partitions, replication and sizes are not negative")
	}
	if c.LongestValidity < 0 || c.Lifetime < 0 || c.SessionTimeout < 0 {
		return bad("times are not negative")
	}
	c.Partitions = orElse(c.Partitions, defaultPartitions)
	c.RetryPartitions = orElse(c.RetryPartitions, 1)
	c.LongestValidity = orElse(c.LongestValidity, defaultValidity)
	c.Lifetime = orElse(c.Lifetime, min(defaultLifetime, c.LongestValidity))
	c.SessionTimeout = orElse(c.SessionTimeout, DefaultSession)
	if c.Lifetime > c.LongestValidity {
		return bad("the lifetime %s of an alert without expires is longer than the longest validity %s", c.Lifetime,
			c.LongestValidity)
	}
	return c, nil
}

func (c Config) retention() time.Duration { return c.LongestValidity + afterlife }

func orElse[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

func (p Parts) filled() (Parts, error) {
	if p.Keys == nil {
		return p, fmt.Errorf("stream: %w: no keyring", alerting.ErrInvalid)
	}
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	if p.Metrics == nil {
		p.Metrics = prometheus.NewRegistry()
	}
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.After == nil {
		p.After = time.After
	}
	if p.Parse == nil {
		p.Parse = func(b []byte) (*cap.Alert, error) { return cap.Parse(b, cap.Options{}) }
	}
	return p, nil
}

// security gives what the client's connections need; both are nil when the brokers are reached in the clear.
func (c Config) security() (*tls.Config, sasl.Mechanism, error) {
	t, err := c.TLS.client()
	if err != nil {
		return nil, nil, fmt.Errorf("kafka TLS: %w", err)
	}
	m, err := c.SASL.mechanism()
	if err != nil {
		return nil, nil, fmt.Errorf("kafka SASL: %w", err)
	}
	return t, m, nil
}

func (t TLS) client() (*tls.Config, error) {
	if !t.Enabled {
		if t != (TLS{}) {
			return nil, fmt.Errorf("%w: TLS has settings but is not enabled", alerting.ErrInvalid)
		}
		return nil, nil
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read authorities: %w: %w", alerting.ErrInvalid, err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%w: no certificate in %s", alerting.ErrInvalid, t.CAFile)
		}
	}
	if t.CertFile != "" || t.KeyFile != "" {
		pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("load client certificate: %w: %w", alerting.ErrInvalid, err)
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg, nil
}

func (s SASL) mechanism() (sasl.Mechanism, error) {
	switch name := strings.ToLower(s.Mechanism); {
	case s == (SASL{}):
		return nil, nil
	case s.User == "" || s.Password == "":
		return nil, fmt.Errorf("%w: mechanism %q without user or password", alerting.ErrInvalid, s.Mechanism)
	case name == "plain":
		return plain.Mechanism{Username: s.User, Password: s.Password}, nil
	case name == "scram-sha-256":
		return scram.Mechanism(scram.SHA256, s.User, s.Password)
	case name == "scram-sha-512":
		return scram.Mechanism(scram.SHA512, s.User, s.Password)
	}
	return nil, fmt.Errorf("%w: mechanism %q: want plain, scram-sha-256 or scram-sha-512", alerting.ErrInvalid,
		s.Mechanism)
}

// dialer makes connections for publishing and for groups.
func (c Config) dialer() (*kafka.Dialer, error) {
	t, m, err := c.security()
	if err != nil {
		return nil, err
	}
	return &kafka.Dialer{ClientID: clientID, Timeout: dialTimeout, TLS: t, SASLMechanism: m}, nil
}

// transport makes the connections of writers and fetches. A short metadata TTL is how soon a new leader is found.
func (c Config) transport() (*kafka.Transport, error) {
	t, m, err := c.security()
	if err != nil {
		return nil, err
	}
	return &kafka.Transport{
		ClientID: clientID, DialTimeout: dialTimeout, MetadataTTL: 2 * time.Second, IdleTimeout: time.Minute,
		TLS: t, SASL: m,
	}, nil
}

const clientID = "tocsin"

func (c Config) addr() net.Addr { return kafka.TCP(c.Brokers...) }
