package stream

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/segmentio/kafka-go"

	"tocsin/alerting"
	"tocsin/alerting/embedded"
	"tocsin/alerting/embedded/servertest"
)

func portOf(t testing.TB, k *embedded.Kafka) int {
	t.Helper()
	_, port, err := net.SplitHostPort(k.Addrs()[0])
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// silent listens, accepts and never answers.
func silent(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
		}
	}()
	return l.Addr().String()
}

func closedPort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestPublishWithoutABroker(t *testing.T) {
	t.Parallel()
	for name, broker := range map[string]string{"refused": closedPort(t), "silent": silent(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := prepare(testConfig(t, []string{broker}), testParts(t))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			began := time.Now()
			err = s.Publish(testContext(t), envelopeOf(t, testAlert("a", nil)))
			if !errors.Is(err, alerting.ErrUnavailable) || errors.Is(err, alerting.ErrUnknown) {
				t.Errorf("got %v, want ErrUnavailable", err)
			}
			if took := time.Since(began); took > publishTimeout+500*time.Millisecond {
				t.Errorf("took %s", took)
			}
		})
	}
}

func TestPublishAfterTheBrokerDied(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	broker := servertest.Broker(t, embedded.KafkaConfig{Dir: dir})
	s, err := Open(testContext(t), testConfig(t, broker.Addrs()), testParts(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	publish(t, s, testAlert("a", nil))
	port := portOf(t, broker)
	broker.Close()
	began := time.Now()
	err = s.Publish(testContext(t), envelopeOf(t, testAlert("b", nil)))
	if !errors.Is(err, alerting.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
	if took := time.Since(began); took > publishTimeout+500*time.Millisecond {
		t.Errorf("took %s", took)
	}
	// A broker that comes back while Publish is trying gets the alert.
	answer := make(chan error, 1)
	go func() { answer <- s.Publish(context.Background(), envelopeOf(t, testAlert("c", nil))) }()
	servertest.Broker(t, embedded.KafkaConfig{Dir: dir, Port: port})
	if err := receive(t, "the answer", answer); err != nil {
		t.Errorf("after the restart: %v", err)
	}
	var names []string
	if err := s.ReadIssued(testContext(t), alerting.Test, time.Time{}, func(a *alerting.Issued) error {
		names = append(names, a.Alert.Identifier)
		return nil
	}); err != nil || strings.Join(names, "") != "ac" {
		t.Errorf("on Kafka are %v (%v), want a and c", names, err)
	}
}

// deaf is a connection that, once told so, hears no answers any more.
type deaf struct {
	net.Conn
	now atomic.Bool
}

func (d *deaf) Read(b []byte) (int, error) {
	n, err := d.Conn.Read(b)
	if d.now.Load() {
		return 0, io.EOF
	}
	return n, err
}

func TestPublishWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		away    bool // nobody answers after the loss
		want    error
		records int64
	}{
		{"and Kafka is gone", true, alerting.ErrUnknown, 2},
		{"and the second try succeeds", false, nil, 3},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			broker := servertest.Broker(t, embedded.KafkaConfig{})
			s := openStream(t, testConfig(t, broker.Addrs()), testParts(t))
			c, err := net.Dial("tcp", broker.Addrs()[0])
			if err != nil {
				t.Fatal(err)
			}
			line := &deaf{Conn: c}
			p := s.presses[alerting.Test]
			p.conn = kafka.NewConnWith(line, kafka.ConnConfig{Topic: p.topic, Partition: 0})
			p.used = time.Now().Add(time.Hour) // a probe would notice the loss
			publish(t, s, testAlert("first", nil))
			p.used = time.Now().Add(time.Hour)
			line.now.Store(true)
			if row.away {
				p.brokers = []string{closedPort(t)}
			}
			err = s.Publish(testContext(t), envelopeOf(t, testAlert("a", nil)))
			if !errors.Is(err, row.want) || errors.Is(err, alerting.ErrUnavailable) {
				t.Errorf("got %v, want %v", err, row.want)
			}
			if _, last, err := s.bounds(testContext(t), p.topic, 0); err != nil || last != row.records {
				t.Errorf("%d records on Kafka (%v), want %d", last, err, row.records)
			}
		})
	}
}

func TestWhichAnswersMeanUnwritten(t *testing.T) {
	for _, row := range []struct {
		err  error
		want bool
	}{
		{kafka.NotEnoughReplicas, true}, {kafka.NotLeaderForPartition, true}, {kafka.MessageSizeTooLarge, true},
		{kafka.NotEnoughReplicasAfterAppend, false}, {kafka.RequestTimedOut, false}, {kafka.KafkaStorageError, false},
		{errors.New("EOF"), false}, {context.DeadlineExceeded, false},
	} {
		if got := unwritten(row.err); got != row.want {
			t.Errorf("%v: %v, want %v", row.err, got, row.want)
		}
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	brokers := servertest.Kafka(t)
	t.Run("twice, the second time for longer", func(t *testing.T) {
		cfg := testConfig(t, brokers)
		first := openStream(t, cfg, testParts(t))
		cfg.LongestValidity = 30 * 24 * time.Hour
		second := openStream(t, cfg, testParts(t))
		setting := func(name string) string {
			res, err := second.client.DescribeConfigs(testContext(t), &kafka.DescribeConfigsRequest{
				Resources: []kafka.DescribeConfigRequestResource{{ResourceType: kafka.ResourceTypeTopic,
					ResourceName: first.cfg.receipts(alerting.Test).name, ConfigNames: []string{name}}}})
			if err != nil {
				t.Fatal(err)
			}
			return res.Resources[0].ConfigEntries[0].ConfigValue
		}
		// A real broker applies what it acknowledged a little later.
		eventually(t, "retention is lengthened", func() bool { return setting("retention.ms") == millis(33*24*time.Hour) })
		if got := setting("message.timestamp.type"); got != "LogAppendTime" {
			t.Errorf("the time of records is %s", got)
		}
	})
	t.Run("issued alerts in two partitions", func(t *testing.T) {
		cfg := testConfig(t, brokers)
		c := &kafka.Client{Addr: kafka.TCP(brokers...), Transport: &kafka.Transport{}}
		name := cfg.issued(alerting.Test).name
		if _, err := c.CreateTopics(testContext(t), &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{
			{Topic: name, NumPartitions: 2, ReplicationFactor: 1}}}); err != nil {
			t.Fatal(err)
		}
		_, err := Open(testContext(t), cfg, testParts(t))
		if !errors.Is(err, alerting.ErrInvalid) || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want ErrInvalid that names %s", err, name)
		}
	})
	t.Run("nobody there", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		defer cancel()
		if _, err := Open(ctx, testConfig(t, []string{closedPort(t)}), testParts(t)); !errors.Is(err, alerting.ErrUnavailable) {
			t.Errorf("got %v, want ErrUnavailable", err)
		}
	})
	t.Run("ping", func(t *testing.T) {
		if err := openStream(t, testConfig(t, brokers), testParts(t)).Ping(testContext(t)); err != nil {
			t.Error(err)
		}
	})
}

func TestConfigIsChecked(t *testing.T) {
	good := Config{Brokers: []string{"127.0.0.1:9092"}}
	for name, change := range map[string]func(*Config){
		"no brokers":                   func(c *Config) { c.Brokers = nil },
		"broker without a port":        func(c *Config) { c.Brokers = []string{"kafka"} },
		"prefix that topics forbid":    func(c *Config) { c.Prefix = "a/b" },
		"unknown world":                func(c *Config) { c.Worlds = []alerting.World{"moon"} },
		"unknown channel":              func(c *Config) { c.Channels = []alerting.Channel{"pigeon"} },
		"negative partitions":          func(c *Config) { c.Partitions = -1 },
		"negative validity":            func(c *Config) { c.LongestValidity = -1 },
		"lifetime beyond the validity": func(c *Config) { c.Lifetime = 30 * 24 * time.Hour },
		"unknown SASL mechanism":       func(c *Config) { c.SASL = SASL{"gssapi", "u", "p"} },
		"SASL without password":        func(c *Config) { c.SASL = SASL{Mechanism: "plain", User: "u"} },
		"SASL without mechanism":       func(c *Config) { c.SASL = SASL{User: "u", Password: "p"} },
		"TLS settings but no TLS":      func(c *Config) { c.TLS.ServerName = "kafka" },
		"TLS authority is missing":     func(c *Config) { c.TLS = TLS{Enabled: true, CAFile: "/does/not/exist"} },
		"TLS key is missing":           func(c *Config) { c.TLS = TLS{Enabled: true, CertFile: "/does/not/exist"} },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := good
			change(&cfg)
			_, err := prepare(cfg, testParts(t))
			if !errors.Is(err, alerting.ErrInvalid) {
				t.Errorf("got %v, want ErrInvalid", err)
			}
			if err != nil && cfg.SASL.Password != "" && strings.Contains(err.Error(), `"p"`) {
				t.Errorf("%v shows the password", err)
			}
		})
	}
	if _, err := prepare(good, Parts{}); !errors.Is(err, alerting.ErrInvalid) {
		t.Errorf("without keys: %v", err)
	}
	if s, err := prepare(good, testParts(t)); err != nil {
		t.Error(err)
	} else if n := len(s.cfg.topics()); n != 3*(3+4*12) {
		t.Errorf("%d topics", n)
	}
}

// certificate makes a self-signed certificate for 127.0.0.1 and writes it as an authority's file.
func certificate(t *testing.T) (*tls.Config, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "kafka"}, IsCA: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, path
}

func TestTLSAndSASL(t *testing.T) {
	t.Parallel()
	server, ca := certificate(t)
	for _, mechanism := range []string{"plain", "scram-sha-256", "scram-sha-512"} {
		t.Run(mechanism, func(t *testing.T) {
			broker := servertest.Broker(t, embedded.KafkaConfig{TLS: server, Users: []embedded.KafkaUser{
				{Mechanism: strings.ToUpper(mechanism), Name: "tocsin", Password: "correct"}}})
			cfg := testConfig(t, broker.Addrs())
			cfg.TLS = TLS{Enabled: true, CAFile: ca}
			cfg.SASL = SASL{Mechanism: mechanism, User: "tocsin", Password: "correct"}
			s := openStream(t, cfg, testParts(t))
			// Each kind of connection: the press, the writers, the group, the fetches.
			id := publish(t, s, testAlert("a", nil))
			dispatchPages(t, s, 1)
			pages := make(chan uint32, 1)
			consuming(t, func(ctx context.Context) error {
				return s.ConsumeBatches(ctx, BatchGroup{Name: "sms", Channel: alerting.SMS,
					Handle: func(_ context.Context, b *alerting.Batch, _ Ownership) error { pages <- b.Page; return nil }})
			})
			receive(t, "a batch", pages)
			f := following(t, s)
			receive(t, "readiness", f.Ready())
			if _, ok := f.Standing(id); !ok {
				t.Error("the follower does not know the alert")
			}

			ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
			defer cancel()
			cfg.SASL.Password = "wrong"
			if _, err := Open(ctx, cfg, testParts(t)); err == nil {
				t.Error("a wrong password opened the stream")
			} else if strings.Contains(err.Error(), "wrong") {
				t.Errorf("%v shows the password", err)
			}
			cfg.SASL.Password = "correct"
			cfg.TLS = TLS{}
			ctx, cancel = context.WithTimeout(context.Background(), 200*time.Millisecond)
			defer cancel()
			if _, err := Open(ctx, cfg, testParts(t)); err == nil {
				t.Error("the stream was opened in the clear")
			}
		})
	}
}

func TestSkipPastRetentionIsCounted(t *testing.T) {
	t.Parallel()
	broker := servertest.Broker(t, embedded.KafkaConfig{CleanEvery: 20 * time.Millisecond})
	cfg := testConfig(t, broker.Addrs())
	cfg.Partitions = 1
	s := openStream(t, cfg, testParts(t))
	ctx := testContext(t)
	flash := s.cfg.dispatch(alerting.Test, alerting.SMS, alerting.Flash).name
	retention := func(ms string) {
		t.Helper()
		if _, err := s.client.IncrementalAlterConfigs(ctx, &kafka.IncrementalAlterConfigsRequest{
			Resources: []kafka.IncrementalAlterConfigsRequestResource{{ResourceType: kafka.ResourceTypeTopic, ResourceName: flash,
				Configs: []kafka.IncrementalAlterConfigsRequestConfig{{Name: "retention.ms", Value: ms}}}}}); err != nil {
			t.Fatal(err)
		}
	}
	dispatchPages(t, s, 1, 2, 3)
	res, err := s.client.OffsetCommit(ctx, &kafka.OffsetCommitRequest{GroupID: s.cfg.Prefix + "sms", GenerationID: -1,
		Topics: map[string][]kafka.OffsetCommit{flash: {{Partition: 0, Offset: 1}}}})
	if err != nil || res.Topics[flash][0].Error != nil {
		t.Fatalf("commit: %v %v", err, res)
	}
	retention("1")
	eventually(t, "retention ran", func() bool { first, _, err := s.bounds(ctx, flash, 0); return err == nil && first == 3 })
	retention("3600000")
	dispatchPages(t, s, 4)
	got, lost := make(chan uint32, 4), make(chan alerting.World, 4)
	refuse := errors.New("not now")
	consuming(t, func(ctx context.Context) error {
		return s.ConsumeBatches(ctx, BatchGroup{Name: "sms", Channel: alerting.SMS,
			Handle: func(_ context.Context, b *alerting.Batch, _ Ownership) error { got <- b.Page; return nil },
			Lost: func(_ context.Context, w alerting.World) (err error) {
				err, refuse = refuse, nil
				lost <- w
				return err
			}})
	})
	if page := receive(t, "the record that is left", got); page != 4 {
		t.Errorf("page %d", page)
	}
	// Refused once, it was asked again, all before the record that is left.
	if len(lost) != 2 || <-lost != alerting.Test {
		t.Errorf("the loss was told %d more times, want 2 in all, of world test", len(lost))
	}
	if n := counted(t, s.metrics.skipped, "dispatch"); n != 2 {
		t.Errorf("%v skipped records counted, want 2", n)
	}
}

func TestConsumerOutlastsABrokerRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	broker := servertest.Broker(t, embedded.KafkaConfig{Dir: dir})
	s, err := Open(testContext(t), testConfig(t, broker.Addrs()), testParts(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	pages := make(chan uint32, 16)
	consuming(t, func(ctx context.Context) error {
		return s.ConsumeBatches(ctx, BatchGroup{Name: "sms", Channel: alerting.SMS,
			Handle: func(_ context.Context, b *alerting.Batch, _ Ownership) error { pages <- b.Page; return nil }})
	})
	dispatchPages(t, s, 1)
	if page := receive(t, "page 1", pages); page != 1 {
		t.Errorf("page %d", page)
	}
	flash := s.cfg.dispatch(alerting.Test, alerting.SMS, alerting.Flash).name
	eventually(t, "page 1 is committed", func() bool {
		c := committed(t, s, "sms", flash, 0, 1)
		return max(c[0], c[1]) == 1
	})
	port := portOf(t, broker)
	broker.Close()
	servertest.Broker(t, embedded.KafkaConfig{Dir: dir, Port: port})
	dispatchPages(t, s, 2)
	if page := receive(t, "page 2", pages); page != 2 {
		t.Errorf("page %d came again", page)
	}
}

func TestBacklogIsMeasured(t *testing.T) {
	t.Parallel()
	parts := testParts(t)
	registry := prometheus.NewRegistry()
	parts.Metrics = registry
	cfg := testConfig(t, servertest.Kafka(t))
	cfg.Partitions = 1
	s := openStream(t, cfg, parts)
	dispatchPages(t, s, pagesTo(10)...)
	release := make(chan struct{})
	started := make(chan struct{}, 16)
	consuming(t, func(ctx context.Context) error {
		return s.ConsumeBatches(ctx, BatchGroup{Name: "sms", Channel: alerting.SMS,
			Handle: func(context.Context, *alerting.Batch, Ownership) error { started <- struct{}{}; <-release; return nil }})
	})
	gauge := func(name, lane string) float64 {
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			for _, m := range f.GetMetric() {
				labels := map[string]string{}
				for _, l := range m.GetLabel() {
					labels[l.GetName()] = l.GetValue()
				}
				if f.GetName() == "tocsin_stream_"+name && labels["lane"] == lane && labels["kind"] == "dispatch" {
					return m.GetGauge().GetValue()
				}
			}
		}
		return -1
	}
	receive(t, "a record", started)
	eventually(t, "10 records wait", func() bool { return gauge("lag_records", "flash") == 10 })
	eventually(t, "they grow older", func() bool { return gauge("queue_age_seconds", "flash") > 0.05 })
	eventually(t, "none wait in another lane", func() bool { return gauge("lag_records", "stop") == 0 })
	if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) > 0 {
		t.Errorf("metrics: %v %v", problems, err)
	}
	close(release)
	eventually(t, "nothing waits", func() bool { return gauge("lag_records", "flash") == 0 && gauge("queue_age_seconds", "flash") == 0 })
}
