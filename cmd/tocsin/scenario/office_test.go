package scenario

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/embedded"
	"tocsin/alerting/embedded/servertest"
	"tocsin/cmd/tocsin/client"
)

// Unsubscribe does what a mail program does at a press of its button: it posts to the address that the mail's own header
// names, if the mail allows one click (RFC 8058 §3.2).
func (o *Office) Unsubscribe(id alerting.AlertID, mailbox string) {
	o.tb.Helper()
	header := o.Letter(id, mailbox)
	link, opened := strings.CutPrefix(header.Get("List-Unsubscribe"), "<")
	link, closed := strings.CutSuffix(link, ">")
	click := header.Get("List-Unsubscribe-Post")
	if !opened || !closed || !strings.HasPrefix(link, o.cfg.Callbacks.PublicURL+"/") || click != "List-Unsubscribe=One-Click" {
		o.tb.Fatalf("the mail's header allows no single click: %v", header)
	}
	status, body := o.post(link, "", "application/x-www-form-urlencoded", click)
	if status != http.StatusOK {
		o.tb.Fatalf("unsubscribe: %d %s", status, body)
	}
}

// post posts a body as it is; an empty token sends none.
func (o *Office) post(url, token, contentType, body string) (status int, answer string) {
	o.tb.Helper()
	ctx, cancel := call()
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		o.tb.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		o.tb.Fatalf("post %s: %v", url, err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		o.tb.Fatalf("post %s: %v", url, err)
	}
	return resp.StatusCode, string(text)
}

// OnStream reads the identifiers of everything that was ever issued in a world from Kafka itself.
func (o *Office) OnStream(world alerting.World) []string {
	o.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	s := o.stream(ctx)
	defer func() { _ = s.Close() }()
	var identifiers []string
	err := s.ReadIssued(ctx, world, time.Time{}, func(in *alerting.Issued) error {
		identifiers = append(identifiers, in.Alert.Identifier)
		return nil
	})
	if err != nil {
		o.tb.Fatalf("read the issued alerts: %v", err)
	}
	return identifiers
}

// refusal is the problem that an order was answered with.
func refusal(t *testing.T, err error) *client.Problem {
	t.Helper()
	var p *client.Problem
	if !errors.As(err, &p) {
		t.Fatalf("want a refusal, got %v", err)
	}
	return p
}

// control asks the gateways' own control API.
func (o *Office) control(path string, into any) {
	o.tb.Helper()
	status, body := o.Get(o.Gateways.URL("control") + path)
	if err := json.Unmarshal([]byte(body), into); err != nil || status != http.StatusOK {
		o.tb.Fatalf("control %s: %d %v %s", path, status, err, body)
	}
}

// broker is a Kafka that can be away for a while.
type broker struct {
	tb  testing.TB
	cfg embedded.KafkaConfig
	*embedded.Kafka
}

// openWithBroker opens an office on a broker that its test may close and open again.
func openWithBroker(tb testing.TB) (*Office, *broker) {
	tb.Helper()
	_, text, err := net.SplitHostPort(servertest.FreePort(tb))
	if err != nil {
		tb.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		tb.Fatal(err)
	}
	b := &broker{tb: tb, cfg: embedded.KafkaConfig{Port: port, Dir: tb.TempDir()}}
	b.Open()
	tb.Cleanup(func() { b.Close() })
	return Open(tb, Options{Broker: b.Kafka}), b
}

// Open starts the broker with what it kept on disk.
func (b *broker) Open() {
	b.tb.Helper()
	k, err := embedded.StartKafka(b.cfg)
	if err != nil {
		b.tb.Fatal(err)
	}
	b.Kafka = k
}
