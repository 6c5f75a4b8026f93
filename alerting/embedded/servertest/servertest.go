// Package servertest gives tests a Kafka and a Redis: the real one where an environment variable names it, else one
// inside the process; and free ports for servers of their own.
//
// It stands apart from package embedded so that no production code imports the testing package. What always holds:
// servers that it starts end with the test, and names that it gives are used by no other test.
package servertest

import (
	"crypto/rand"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"tocsin/alerting/embedded"
)

// The environment variables that name real servers: host:port, several with commas.
const (
	KafkaVariable = "TOCSIN_TEST_KAFKA"
	RedisVariable = "TOCSIN_TEST_REDIS"
)

// Kafka gives the addresses of a broker: that of TOCSIN_TEST_KAFKA, else one in this process that ends with the test.
// Begin all topic and group names with Prefix, because a real broker is shared.
func Kafka(t testing.TB) []string {
	t.Helper()
	if addrs := named(KafkaVariable); len(addrs) > 0 {
		return addrs
	}
	return Broker(t, embedded.KafkaConfig{}).Addrs()
}

// RealKafka says whether Kafka gives a real broker.
func RealKafka() bool { return len(named(KafkaVariable)) > 0 }

// Broker starts a broker in this process, whatever the environment says, for tests that stop it.
func Broker(t testing.TB, cfg embedded.KafkaConfig) *embedded.Kafka {
	t.Helper()
	k, err := embedded.StartKafka(cfg)
	if err != nil {
		t.Fatalf("start Kafka for the test: %v", err)
	}
	t.Cleanup(k.Close)
	return k
}

// Redis gives the address of a server: that of TOCSIN_TEST_REDIS, else one in this process that ends with the test.
// Begin all keys with Prefix, because a real server is shared, and never flush it.
func Redis(t testing.TB) string {
	t.Helper()
	if addrs := named(RedisVariable); len(addrs) > 0 {
		return addrs[0]
	}
	return RedisServer(t, embedded.RedisConfig{}).Addr()
}

// RealRedis says whether Redis gives a real server.
func RealRedis() bool { return len(named(RedisVariable)) > 0 }

// RedisServer starts a Redis in this process, whatever the environment says, for tests that flush it, stop it, or
// move its time.
func RedisServer(t testing.TB, cfg embedded.RedisConfig) *embedded.Redis {
	t.Helper()
	r, err := embedded.StartRedis(cfg)
	if err != nil {
		t.Fatalf("start Redis for the test: %v", err)
	}
	t.Cleanup(r.Close)
	return r
}

// Prefix gives a short name, ending in a dot, that no other test uses: for topics, groups and keys.
func Prefix(t testing.TB) string {
	t.Helper()
	b := make([]byte, 5)
	_, _ = rand.Read(b)
	return "t" + hex.EncodeToString(b) + "."
}

func named(variable string) []string {
	return strings.FieldsFunc(os.Getenv(variable), func(r rune) bool { return r == ',' || r == ' ' })
}
