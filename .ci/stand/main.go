// Command stand is a Kafka and a Redis to throw away, for checks that run the roles as processes of their own without
// installing servers. It prints the addresses of both on one line, and ends with its standard input. Each line that it reads
// names a topic, onto which it writes a record that nobody can use; the line "no redis" takes Redis away.
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"

	"tocsin/alerting/embedded"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "stand:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	broker, err := embedded.StartKafka(embedded.KafkaConfig{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer broker.Close()
	redis, err := embedded.StartRedis(embedded.RedisConfig{})
	if err != nil {
		return err
	}
	defer redis.Close()
	if _, err := fmt.Fprintln(out, strings.Join(broker.Addrs(), ","), redis.Addr()); err != nil {
		return err
	}
	w := &kafka.Writer{Addr: kafka.TCP(broker.Addrs()...), RequiredAcks: kafka.RequireAll, BatchTimeout: time.Millisecond}
	defer func() { _ = w.Close() }()
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		if lines.Text() == "no redis" {
			redis.Close()
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		err := w.WriteMessages(ctx, kafka.Message{Topic: lines.Text(), Value: []byte("nobody can use this")})
		cancel()
		if err != nil {
			return err
		}
	}
	return lines.Err()
}
