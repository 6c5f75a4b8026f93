// Command servers says which servers the tests are about to speak to: it reads the TOCSIN_TEST_* variables, asks each
// server for its version, and prints one line for each.
//
// It stands apart from the tests so that a missing variable or a dead server is one clear line before anything runs. What
// always holds: it fails, naming it, when a variable is missing or a server does not answer; it changes nothing anywhere.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/eclipse/paho.golang/paho"
	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// patience bounds the answer of one server.
const patience = 10 * time.Second

// servers are the variables, what each names, and how its version is asked for.
var servers = []struct {
	variable, what string
	ask            func(ctx context.Context, address string) (string, error)
}{
	{"TOCSIN_TEST_KAFKA", "Kafka brokers, host:port, several with commas", kafkaVersion},
	{"TOCSIN_TEST_REDIS", "a Redis server, host:port", redisVersion},
	{"TOCSIN_TEST_POSTGRES", "a PostgreSQL database, postgres://…", postgresVersion},
	{"TOCSIN_TEST_MQTT", "an MQTT broker, host:port", mqttVersion},
	{"TOCSIN_TEST_SMTP", "a mail server that keeps what it gets, host:port", smtpGreeting},
	{"TOCSIN_TEST_MAILBOX", "the folder where that server keeps each message as a file", folder},
}

func main() {
	var missing []string
	for _, s := range servers {
		if os.Getenv(s.variable) == "" {
			missing = append(missing, fmt.Sprintf("%s is not set (%s)", s.variable, s.what))
		}
	}
	if len(missing) > 0 {
		fmt.Fprintln(os.Stderr, strings.Join(missing, "\n"))
		os.Exit(1)
	}
	good := true
	for _, s := range servers {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		version, err := s.ask(ctx, os.Getenv(s.variable))
		cancel()
		if err != nil {
			good = false
			version = "DOES NOT ANSWER: " + err.Error()
		}
		fmt.Printf("%-22s %s\n", s.variable, version)
	}
	if !good {
		os.Exit(1)
	}
}

// kafkaVersion reads the version off the range of requests that a broker speaks: brokers do not tell it otherwise.
func kafkaVersion(ctx context.Context, addresses string) (string, error) {
	client := &kafka.Client{Addr: kafka.TCP(strings.Split(addresses, ",")...)}
	meta, err := client.Metadata(ctx, &kafka.MetadataRequest{})
	if err != nil {
		return "", err
	}
	answer, err := client.ApiVersions(ctx, &kafka.ApiVersionsRequest{})
	if err != nil {
		return "", err
	}
	spoken := kmsg.NewPtrApiVersionsResponse()
	for _, k := range answer.ApiKeys {
		key := kmsg.NewApiVersionsResponseApiKey()
		key.ApiKey, key.MinVersion, key.MaxVersion = int16(k.ApiKey), int16(k.MinVersion), int16(k.MaxVersion)
		spoken.ApiKeys = append(spoken.ApiKeys, key)
	}
	return fmt.Sprintf("Apache Kafka %s by the requests it speaks, %d broker(s)",
		kversion.FromApiVersionsResponse(spoken).VersionGuess(), len(meta.Brokers)), nil
}

func redisVersion(ctx context.Context, address string) (string, error) {
	client := redis.NewClient(&redis.Options{Addr: strings.Split(address, ",")[0]})
	defer func() { _ = client.Close() }()
	info, err := client.Info(ctx, "server").Result()
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(info) {
		if version, ok := strings.CutPrefix(strings.TrimSpace(line), "redis_version:"); ok {
			return "Redis " + version, nil
		}
	}
	return "", errors.New("INFO server names no redis_version")
}

func postgresVersion(ctx context.Context, address string) (version string, err error) {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }()
	err = conn.QueryRow(ctx, "SELECT version()").Scan(&version)
	return version, err
}

// mqttVersion reads what brokers publish about themselves under $SYS; a broker without that still has to let us in.
func mqttVersion(ctx context.Context, address string) (string, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	told := make(chan string, 1)
	client := paho.NewClient(paho.ClientConfig{Conn: conn, OnPublishReceived: []func(paho.PublishReceived) (bool, error){
		func(p paho.PublishReceived) (bool, error) {
			select {
			case told <- string(p.Packet.Payload):
			default:
			}
			return true, nil
		}}})
	if _, err := client.Connect(ctx, &paho.Connect{ClientID: fmt.Sprintf("versions-%d", os.Getpid()), CleanStart: true, KeepAlive: 10}); err != nil {
		return "", err
	}
	defer func() { _ = client.Disconnect(&paho.Disconnect{}) }()
	if _, err := client.Subscribe(ctx, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: "$SYS/broker/version"}}}); err != nil {
		return "", err
	}
	select {
	case version := <-told:
		return version, nil
	case <-time.After(2 * time.Second):
		return "an MQTT 5 broker that does not tell its version", nil
	}
}

// smtpGreeting is the server's first line (RFC 5321 §4.3.1): mail servers seldom tell their version.
func smtpGreeting(ctx context.Context, address string) (string, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(patience))
	line := make([]byte, 512)
	n, err := conn.Read(line)
	if err != nil {
		return "", err
	}
	_, _ = conn.Write([]byte("QUIT\r\n"))
	greeting := strings.TrimSpace(string(line[:n]))
	if !strings.HasPrefix(greeting, "220") {
		return "", fmt.Errorf("it says %q", greeting)
	}
	return greeting, nil
}

func folder(_ context.Context, name string) (string, error) {
	entries, err := os.ReadDir(name)
	return fmt.Sprintf("%s, %d messages so far", name, len(entries)), err
}
