package serve

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/redis/go-redis/v9"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/alerting/audience"
	"tocsin/alerting/embedded"
	"tocsin/alerting/fanout"
	"tocsin/alerting/ledger"
	"tocsin/alerting/login"
	"tocsin/alerting/seal"
	"tocsin/alerting/store"
	"tocsin/alerting/stream"
	"tocsin/alerting/wording"
	"tocsin/cap"
	"tocsin/channels"
	"tocsin/cmd/tocsin/config"
)

// house is what all roles of a process share.
type house struct {
	cfg *config.Config
	log *slog.Logger
	reg *prometheus.Registry
	now func() time.Time
	// checking: gateways are built to see whether they can be, and connect to nobody.
	checking bool

	keys     *seal.Keyring
	office   *approval.Office // nil: nobody must approve
	db       *store.DB
	rdb      redis.UniversalClient
	ledger   *ledger.Ledger
	stream   *stream.Stream
	people   *audience.Audience
	words    *wording.Writer
	follower *stream.Follower
	fanout   *fanout.Fanout
	login    *login.Gate // of the role api; nil: nobody logs in

	metricsOnce sync.Once
	metrics     *channels.Metrics

	closingMu sync.Mutex
	// closing is undone in reverse order.
	closing []func()
}

// onClose adds a step to the end of the process. Roles call it at once.
func (h *house) onClose(fn func()) {
	h.closingMu.Lock()
	defer h.closingMu.Unlock()
	h.closing = append(h.closing, fn)
}

// close is called when no role runs any more.
func (h *house) close() {
	for _, undo := range slices.Backward(h.closing) {
		undo()
	}
}

// open opens the stores in the order in which they depend on each other: keys, SQL, Kafka, Redis. A process whose keys do
// not fit what stands in SQL never comes as far as Kafka.
func open(ctx context.Context, cfg *config.Config, log *slog.Logger) (_ *house, err error) {
	h := &house{cfg: cfg, log: log, reg: prometheus.NewRegistry(), now: time.Now}
	defer func() {
		if err != nil {
			h.close()
		}
	}()
	// What a garbage collection leaves is what a leak shows in.
	live := collectors.WithGoCollectorRuntimeMetrics(collectors.GoRuntimeMetricsRule{Matcher: regexp.MustCompile(`^/gc/heap/live:bytes$`)})
	h.reg.MustRegister(collectors.NewGoCollector(live), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if kafkaIn, _ := cfg.InProcess(); kafkaIn || strings.HasPrefix(cfg.SQL.URL, "sqlite:"+cfg.DataDir) {
		if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
			return nil, fmt.Errorf("data_dir: %w", err)
		}
	}
	if h.office, err = cfg.Approval.Office(); err != nil {
		return nil, fmt.Errorf("approval: %w", err)
	}
	steps := []func(context.Context) error{h.openKeys, h.openSQL, h.checkKeyring, h.openStream, h.openRedis}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	h.words = wording.New(wording.Options{SMSParts: cfg.Alerts.SMSParts, PublicURL: alertsURL(cfg.Office.PublicURL), Sender: cfg.Office.Name})
	h.people, err = audience.New(ctx, audience.Config{DB: h.db, Keys: h.keys, Now: h.now})
	if err != nil {
		return nil, err
	}
	h.onClose(func() { _ = h.people.Close() })
	h.watchStanding()
	h.fanout, err = h.newFanout()
	return h, err
}

func (h *house) openKeys(context.Context) error {
	kafkaIn, redisIn := h.cfg.InProcess()
	keys, err := openKeyring(h.cfg.Keyring.Dir, kafkaIn && redisIn, h.now)
	if err != nil {
		return err
	}
	h.keys = keys
	return nil
}

// StreamConfig is the part of a configuration that speaks of Kafka.
func StreamConfig(cfg *config.Config) (stream.Config, error) {
	k := cfg.Kafka
	password, err := config.Secret(k.SASL.PasswordFile)
	if err != nil {
		return stream.Config{}, err
	}
	return stream.Config{
		Brokers: k.Brokers, Prefix: k.Prefix, Partitions: k.Partitions, Replication: k.Replication,
		TLS: stream.TLS{Enabled: k.TLS.Enabled, CAFile: k.TLS.CAFile, CertFile: k.TLS.CertFile, KeyFile: k.TLS.KeyFile,
			ServerName: k.TLS.ServerName},
		SASL:            stream.SASL{Mechanism: k.SASL.Mechanism, User: k.SASL.User, Password: password},
		LongestValidity: cfg.Alerts.MaxValidity, Lifetime: cfg.Alerts.Lifetime,
	}, nil
}

func (h *house) openStream(ctx context.Context) error {
	c, err := StreamConfig(h.cfg)
	if err != nil {
		return err
	}
	if len(c.Brokers) == 0 {
		broker, err := embedded.StartKafka(embedded.KafkaConfig{Dir: filepath.Join(h.cfg.DataDir, "kafka"), Log: h.log})
		if err != nil {
			return err
		}
		h.onClose(broker.Close)
		c.Brokers, c.Replication = broker.Addrs(), 1
	}
	parts := stream.Parts{Keys: h.keys, Log: h.log, Metrics: h.reg, Now: h.now, Parse: h.parse}
	if h.office != nil {
		parts.Approved = h.office.Check
	}
	s, err := stream.Open(ctx, c, parts)
	if err != nil {
		return err
	}
	h.onClose(func() { _ = s.Close() })
	h.stream = s
	h.follower, err = s.NewFollower()
	return err
}

// parse reads a CAP document with the configured limit.
func (h *house) parse(document []byte) (*cap.Alert, error) {
	return cap.Parse(document, cap.Options{MaxBytes: h.cfg.Alerts.MaxBytes})
}

func (h *house) openSQL(ctx context.Context) error {
	address, err := DatabaseURL(h.cfg)
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, store.Config{URL: address, Slow: h.cfg.SQL.Slow, Log: h.log})
	if err != nil {
		return err
	}
	h.onClose(func() { _ = db.Close() })
	h.db = db
	return db.Migrate(ctx)
}

// DatabaseURL is the address of the database with the password from its file in it.
func DatabaseURL(cfg *config.Config) (string, error) {
	address, file := cfg.SQL.URL, cfg.SQL.PasswordFile
	if file == "" {
		return address, nil
	}
	password, err := config.Secret(file)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(address)
	if err != nil || u.User == nil {
		return "", errors.New("sql.password_file: sql.url names no user")
	}
	u.User = url.UserPassword(u.User.Username(), password)
	return u.String(), nil
}

// RedisOptions is the part of a configuration that speaks of Redis.
func RedisOptions(cfg *config.Config) (*redis.UniversalOptions, error) {
	r := cfg.Redis
	password, err := config.Secret(r.PasswordFile)
	if err != nil {
		return nil, err
	}
	tlsConfig, err := clientTLS(r.TLS)
	if err != nil {
		return nil, fmt.Errorf("redis.tls: %w", err)
	}
	return &redis.UniversalOptions{
		Addrs: r.Addresses, MasterName: r.MasterName, Username: r.User, Password: password, DB: r.DB, TLSConfig: tlsConfig,
		DialTimeout: time.Second, ReadTimeout: redisTimeout, WriteTimeout: redisTimeout,
		MaxRetries: 1, PoolSize: 64, ContextTimeoutEnabled: true,
	}, nil
}

func (h *house) openRedis(ctx context.Context) error {
	options, err := RedisOptions(h.cfg)
	if err != nil {
		return err
	}
	if len(options.Addrs) == 0 {
		server, err := embedded.StartRedis(embedded.RedisConfig{})
		if err != nil {
			return err
		}
		h.onClose(server.Close)
		options.Addrs = []string{server.Addr()}
	}
	server := new(ledger.Server)
	options.OnConnect = server.OnConnect
	h.rdb = redis.NewUniversalClient(options)
	h.onClose(func() { _ = h.rdb.Close() })
	h.ledger = ledger.New(h.rdb, server, h.cfg.Redis.Prefix)
	if err := h.rdb.Ping(ctx).Err(); err != nil {
		h.log.Warn("Redis does not answer yet", "error", err)
	}
	return nil
}

// redisTimeout bounds a call to Redis: a frozen server must not hold a worker. The in-process server and its clients
// share two cores at the most, so a busy moment is not yet a dead server.
const redisTimeout = 300 * time.Millisecond

// clientTLS builds the TLS settings of a client; nil when TLS is off.
func clientTLS(t config.TLS) (*tls.Config, error) {
	if !t.Enabled {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, err
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate", t.CAFile)
		}
	}
	if t.CertFile != "" {
		cert, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return nil, err
		}
		c.Certificates = []tls.Certificate{cert}
	}
	return c, nil
}

// catchUp returns once the follower knows everything that was issued before the call.
func (h *house) catchUp(ctx context.Context) error {
	// Fresh(t) means: all is known up to 1.5 s before t.
	after := h.now().Add(1500 * time.Millisecond)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !h.follower.Fresh(after) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%w: the issued alerts cannot be read to their end: %w", alerting.ErrUnavailable, ctx.Err())
		}
	}
	return nil
}

// alertsURL is the folder of the alerts' public pages; empty when the office has none.
func alertsURL(public string) string {
	if public == "" {
		return ""
	}
	return strings.TrimSuffix(public, "/") + "/alerts"
}
