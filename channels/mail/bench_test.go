package mail

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"tocsin/channels"
	"tocsin/channels/channeltest"
)

func TestMain(m *testing.M) {
	channeltest.Main(m, func(l net.Listener) error {
		for {
			conn, err := l.Accept()
			if err != nil {
				return err
			}
			go swallow(conn)
		}
	})
}

// swallow is the quickest relay there can be: it takes everything.
func swallow(conn net.Conn) {
	defer conn.Close()
	_, _ = io.WriteString(conn, "220 relay.test ESMTP\r\n")
	buffer := make([]byte, 64<<10)
	var tail string
	data := false
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return
		}
		answer := "250 2.0.0 ok\r\n"
		said := string(buffer[:n])
		switch {
		case data:
			tail = (tail + string(buffer[max(0, n-5):n]))
			tail = tail[max(0, len(tail)-5):]
			if tail != "\r\n.\r\n" {
				continue
			}
			data = false
		case strings.HasPrefix(said, "EHLO"):
			answer = "250-relay.test\r\n250 PIPELINING\r\n"
		case strings.HasSuffix(said, "DATA\r\n"):
			data, answer = true, strings.Repeat(answer, strings.Count(said, "\n")-1)+"354 go\r\n"
		}
		if _, err := io.WriteString(conn, answer); err != nil {
			return
		}
	}
}

func BenchmarkSend(b *testing.B) {
	rsa, ed := keys(b)
	for _, row := range []struct {
		name string
		dkim *DKIM
	}{{"plain", nil}, {"ed25519", &DKIM{"example.org", "s", ed}}, {"rsa2048", &DKIM{"example.org", "s", rsa}}} {
		b.Run(row.name, func(b *testing.B) {
			c := config(channeltest.Elsewhere(b))
			c.Concurrency, c.DKIM = 64, row.dkim
			g := newGateway(b, c, Deps{Unsubscribe: func(channels.Delivery) string { return "https://warn.example.org/u?t=abc" }})
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			d := delivery(1)
			channeltest.Measure(b, 32, func() error {
				_, err := g.Send(ctx, d)
				return err
			})
		})
	}
}
