package embedded

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// KafkaConfig says how the in-process Kafka runs. Its zero value keeps everything in memory, on a free port.
type KafkaConfig struct {
	// Port on 127.0.0.1; 0 takes a free one.
	Port int
	// Dir keeps the data; empty means memory only. It is created when missing. One process at a time may use it.
	Dir string
	// TLS makes the listener speak TLS.
	TLS *tls.Config
	// Users must log in when there are any.
	Users []KafkaUser
	// SessionTimeout is the shortest group session that is allowed; 0 means 6 s, as with real Kafka.
	SessionTimeout time.Duration
	// CleanEvery is how often retention is applied; 0 means every minute.
	CleanEvery time.Duration
	Log        *slog.Logger
}

// KafkaUser may log in with SASL. Mechanism is PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.
type KafkaUser struct {
	Mechanism, Name, Password string
}

// Kafka is a running in-process broker.
type Kafka struct {
	cluster *kfake.Cluster
	addrs   []string
	lock    *os.File
	close   sync.Once
}

// segmentBytes is small, because only whole segments leave the disk.
const segmentBytes = 16 << 20

// StartKafka starts the broker; with a folder that holds data it first reads all of it. Close it before the process
// ends, so that the next start is quick; a kill loses nothing that was acknowledged.
func StartKafka(cfg KafkaConfig) (*Kafka, error) {
	log := cfg.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	k := &Kafka{}
	if cfg.Dir != "" {
		if err := k.occupy(cfg.Dir); err != nil {
			return nil, err
		}
	} else {
		log.Warn("embedded Kafka keeps its records in memory only: they end with this process")
	}
	cluster, err := kfake.NewCluster(kafkaOptions(cfg, log)...)
	if err != nil {
		k.release()
		return nil, fmt.Errorf("start embedded Kafka: %w", err)
	}
	k.cluster, k.addrs = cluster, cluster.ListenAddrs()
	return k, nil
}

// Addrs are the addresses of the broker, host:port.
func (k *Kafka) Addrs() []string { return slices.Clone(k.addrs) }

// Close stops the broker and writes down its state. It may be called more than once.
func (k *Kafka) Close() {
	k.close.Do(func() {
		k.cluster.Close()
		k.release()
	})
}

func kafkaOptions(cfg KafkaConfig, log *slog.Logger) []kfake.Opt {
	clean := cfg.CleanEvery
	if clean <= 0 {
		clean = time.Minute
	}
	opts := []kfake.Opt{
		kfake.Ports(cfg.Port),
		kfake.ClusterID("tocsin-embedded"),
		kfake.WithLogger(kafkaLog{log}),
		kfake.BrokerConfigs(map[string]string{
			// Without these two retention would hardly ever run, and never free a small log.
			"log.cleaner.backoff.ms":     strconv.FormatInt(clean.Milliseconds(), 10),
			"log.segment.bytes":          strconv.Itoa(segmentBytes),
			"default.replication.factor": "1",
			"min.insync.replicas":        "1",
			// A group's offsets must outlive the records they speak of.
			"offsets.retention.minutes": strconv.Itoa(90 * 24 * 60),
		}),
	}
	if cfg.SessionTimeout > 0 {
		opts = append(opts, kfake.GroupMinSessionTimeout(cfg.SessionTimeout))
	}
	if cfg.Dir != "" {
		opts = append(opts, kfake.DataDir(cfg.Dir), kfake.SyncWrites())
	}
	if cfg.TLS != nil {
		opts = append(opts, kfake.TLS(cfg.TLS))
	}
	if len(cfg.Users) > 0 {
		opts = append(opts, kfake.EnableSASL())
	}
	for _, u := range cfg.Users {
		opts = append(opts, kfake.Superuser(u.Mechanism, u.Name, u.Password))
	}
	return opts
}

// lockFor is how long a start waits for the folder: a process that was just killed holds its lock until it is gone.
const lockFor = 5 * time.Second

func waitForLock(f *os.File) error {
	for end := time.Now().Add(lockFor); ; time.Sleep(100 * time.Millisecond) {
		err := lockFile(f)
		if err == nil || time.Now().After(end) {
			return err
		}
	}
}

// occupy makes the folder and takes its lock: two brokers on the same files would destroy them.
func (k *Kafka) occupy(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("embedded Kafka: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "tocsin.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("embedded Kafka: %w", err)
	}
	if err := waitForLock(f); err != nil {
		_ = f.Close()
		return fmt.Errorf("embedded Kafka: folder %s is in use by another process: %w", dir, err)
	}
	k.lock = f
	return nil
}

func (k *Kafka) release() {
	if k.lock != nil {
		_ = k.lock.Close()
		k.lock = nil
	}
}

// kafkaLog hands the broker's complaints to slog; what it says at lower levels interests nobody.
type kafkaLog struct{ log *slog.Logger }

// Logf is that of kfake.Logger.
func (l kafkaLog) Logf(level kfake.LogLevel, format string, args ...any) {
	switch level {
	case kfake.LogLevelError:
		l.log.Error("embedded Kafka", "message", fmt.Sprintf(format, args...))
	case kfake.LogLevelWarn:
		l.log.Warn("embedded Kafka", "message", fmt.Sprintf(format, args...))
	}
}
