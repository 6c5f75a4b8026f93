package scenario

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tocsin/alerting/embedded"
	"tocsin/alerting/embedded/servertest"
	"tocsin/alerting/store/storetest"
	"tocsin/cmd/gatewaysim/sim"
	"tocsin/cmd/tocsin/client"
	"tocsin/cmd/tocsin/config"
	"tocsin/cmd/tocsin/serve"
)

// Options say how an office differs from the usual one; the zero value is good: SMS, push, mail and sirens through
// gateways that are not live.
type Options struct {
	// Live makes the gateways live; push is then left out.
	Live bool
	// Gateways are more settings of a channel's gateway, as YAML: "slots: 1, rate: 20".
	Gateways map[string]string
	// Asking are more settings of the callbacks, as YAML: "ask_after: 1s".
	Asking string
	// Broker replaces the broker of the office by one that the test may stop.
	Broker *embedded.Kafka
	// Heartbeat is whom the office gives a sign of life each second; empty: nobody.
	Heartbeat string
	// Approvals: nobody sends alone. Operators says who is a founder, Policy adds rules, as YAML, and Origin is that of the page
	// on localhost whose passkeys count.
	Approvals      bool
	Policy, Origin string
	// Listen is where API and pages answer, for tests whose browser must know the address before; empty: any free port.
	Listen string
	// Login: people log in, beside the tokens. People have accounts from the beginning, the first that of an administrator.
	Login  bool
	People []serve.Ready
	// Inbox are the sources of the inbox, as YAML; {{partner}} is the certificate of the partner whose key lies in Dir/partner.
	Inbox string
	// Callbacks say how the SMS gateway reports; the zero value: everything, at once.
	Callbacks sim.CallbackConfig
}

// Office is a running engine with its gateways.
type Office struct {
	tb testing.TB
	// Dir holds the configuration and the keys; File is the configuration.
	Dir, File string
	// API is a client that may do everything.
	API *client.Client
	// Gateways is what the office sends through.
	Gateways *sim.Sim
	// Addresses are where the engine answers.
	Addresses serve.Addresses

	cfg     *config.Config
	log     *journal
	letters *letters
	serial  *atomic.Int64
	people  []serve.Ready
	used    *usedCodes
}

// journal is the engine's log.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write adds to the log.
func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// Open starts an office that ends with the test.
func Open(tb testing.TB, o Options) *Office {
	tb.Helper()
	office := prepare(tb, o)
	office.serve("all")
	return office
}

// prepare is an office whose engine does not run yet.
func prepare(tb testing.TB, o Options) *Office {
	tb.Helper()
	office := &Office{tb: tb, Dir: tb.TempDir(), log: new(journal), letters: new(letters), serial: new(atomic.Int64), used: &usedCodes{last: make(map[string]time.Time)}}
	keys := office.makeKeys()
	office.startGateways(o, keys)
	office.writeConfig(o, keys)
	var err error
	if office.cfg, err = config.Load(office.File, nil); err != nil {
		tb.Fatalf("the configuration of the office: %v", err)
	}
	office.makePeople(o.People)
	return office
}

// For is the same office for a part of the test, which then fails by itself.
func (o *Office) For(tb testing.TB) *Office {
	part := *o
	part.tb = tb
	return &part
}

// serve starts the engine and waits until it says that it is ready.
func (o *Office) serve(roles ...string) {
	o.tb.Helper()
	o.Addresses = o.start(o.cfg, roles...)
	Until(o.tb, time.Minute, "the engine is ready", func() error { return o.Ready(o.Addresses) })
	o.API = o.Caller("everything")
}

// Ready asks a process of the engine whether it can do its work; the error says why not.
func (o *Office) Ready(a serve.Addresses) error {
	o.tb.Helper()
	status, body := o.Get("http://" + a.Metrics.String() + "/readyz")
	if status != http.StatusOK {
		return fmt.Errorf("%d %s", status, body)
	}
	return nil
}

// start starts a process of the engine, which ends with the test.
func (o *Office) start(cfg *config.Config, roles ...string) (addresses serve.Addresses) {
	o.tb.Helper()
	ctx, stop := context.WithCancel(context.Background())
	opened, ended := make(chan serve.Addresses, 1), make(chan error, 1)
	log := slog.New(slog.NewTextHandler(o.log, &slog.HandlerOptions{Level: slog.LevelInfo}))
	go func() {
		ended <- serve.Run(ctx, cfg, roles, log, func(a serve.Addresses) { opened <- a })
	}()
	o.tb.Cleanup(func() {
		stop()
		select {
		case err := <-ended:
			if err != nil && !errors.Is(err, context.Canceled) {
				o.tb.Errorf("the engine ended: %v", err)
			}
		case <-time.After(40 * time.Second):
			o.tb.Error("the engine did not end")
		}
		if o.tb.Failed() {
			o.tb.Logf("the log of the engine, its last lines:\n%s", lastLines(o.log.String(), 60))
		}
	})
	select {
	case addresses = <-opened:
	case err := <-ended:
		ended <- nil
		o.tb.Fatalf("the engine did not start: %v\n%s", err, o.log.String())
	case <-time.After(60 * time.Second):
		o.tb.Fatalf("the engine did not start in time:\n%s", o.log.String())
	}
	return addresses
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// Log is what the engine has logged.
func (o *Office) Log() string { return o.log.String() }

// Caller is a client with one of the office's tokens: everything, reader, issuer.
func (o *Office) Caller(name string) *client.Client {
	o.tb.Helper()
	token, err := config.Secret(o.TokenFile(name))
	if err == nil {
		var c *client.Client
		if c, err = client.New(o.URL(), token, ""); err == nil {
			return c
		}
	}
	o.tb.Fatalf("a client of the office: %v", err)
	return nil
}

// Operators are the founders of an office with approvals; each has a token of his name, which may write, read, stop and approve.
func Operators() []string { return []string{"first", "second", "third"} }

// OperatorFile is the file of an operator's key.
func (o *Office) OperatorFile(name string) string { return filepath.Join(o.Dir, name+".pem") }

// TokenFile is the file of a token.
func (o *Office) TokenFile(name string) string { return filepath.Join(o.Dir, name+".token") }

// URL is the base of the admin API.
func (o *Office) URL() string { return "http://" + o.Addresses.API.String() }

// Get reads an address.
func (o *Office) Get(url string) (status int, body string) {
	o.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		o.tb.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(text)
}

// Until asks again and again until there is no error any more, and fails the test when that takes too long.
func Until(tb testing.TB, within time.Duration, what string, ask func() error) {
	tb.Helper()
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		err := ask()
		if err == nil {
			return
		}
		select {
		case <-deadline.C:
			tb.Fatalf("%s: not within %v: %v", what, within, err)
		case <-again.C:
		}
	}
}

// stores are the addresses of Kafka, Redis and SQL.
func (o *Office) stores(broker *embedded.Kafka) (brokers []string, redis, sql, prefix string) {
	o.tb.Helper()
	prefix = servertest.Prefix(o.tb)
	if broker != nil {
		brokers = broker.Addrs()
	} else {
		brokers = servertest.Kafka(o.tb)
		if servertest.RealKafka() {
			servertest.RemoveTopics(o.tb, brokers, prefix)
		}
	}
	sql = "sqlite:" + filepath.Join(o.Dir, "office.db")
	if os.Getenv(storetest.Variable) != "" {
		sql = storetest.PostgresURL(o.tb)
	}
	return brokers, servertest.Redis(o.tb), sql, prefix
}
