package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"

	"tocsin/alerting"
)

// checker gathers what is wrong, each with its place in the file.
type checker struct {
	text []byte
	errs []error
}

// bad notes a fault at a YAML path ("$.kafka.partitions").
func (k *checker) bad(path, format string, args ...any) {
	k.errs = append(k.errs, fmt.Errorf("%s%s: %s", k.place(path), strings.TrimPrefix(path, "$."), fmt.Sprintf(format, args...)))
}

// place finds line and column of a path; empty when the file does not hold it (a default or the environment does).
func (k *checker) place(path string) string {
	file, err := parser.ParseBytes(k.text, 0)
	if err != nil {
		return ""
	}
	p, err := yaml.PathString(path)
	if err != nil {
		return ""
	}
	node, err := p.FilterFile(file)
	if err != nil || node == nil || node.GetToken() == nil {
		return ""
	}
	at := node.GetToken().Position
	return fmt.Sprintf("line %d column %d: ", at.Line, at.Column)
}

// check finds what is wrong with a configuration that has its defaults; faults are those found before.
func (c *Config) check(text []byte, faults []error) error {
	k := &checker{text: text, errs: faults}
	k.stores(c)
	k.alerts(c)
	k.public("$.office.public_url", c.Office.PublicURL)
	k.public("$.callbacks.public_url", c.Callbacks.PublicURL)
	k.unit("$.office.territory", c.Office.Territory)
	k.tls("$.kafka.tls", c.Kafka.TLS)
	k.tls("$.redis.tls", c.Redis.TLS)
	k.listeners(c)
	k.signing(c)
	k.approval(c)
	k.callbacks(c)
	k.feeds(c)
	k.templates(c)
	k.pages(c)
	k.tokens(c)
	k.login(c)
	k.inbox(c)
	names := make(map[string]bool)
	for i := range c.Gateways {
		path := fmt.Sprintf("$.gateways[%d]", i)
		g := &c.Gateways[i]
		if names[g.Name] {
			k.bad(path+".name", "two gateways are called %q", g.Name)
		}
		names[g.Name] = true
		k.gateway(c, path, g)
		k.standby(c, path, g)
	}
	return errors.Join(k.errs...)
}

func (k *checker) stores(c *Config) {
	if c.Kafka.Partitions < 1 || c.Kafka.Partitions > 256 {
		k.bad("$.kafka.partitions", "%d: want 1 to 256", c.Kafka.Partitions)
	}
	if c.Kafka.Replication < 1 || c.Kafka.Replication > 9 {
		k.bad("$.kafka.replication", "%d: want 1 to 9", c.Kafka.Replication)
	}
	if !slices.Contains([]string{"", "plain", "scram-sha-256", "scram-sha-512"}, c.Kafka.SASL.Mechanism) {
		k.bad("$.kafka.sasl.mechanism", "%q: want plain, scram-sha-256 or scram-sha-512", c.Kafka.SASL.Mechanism)
	}
	if c.Kafka.SASL.Mechanism == "plain" && !c.Kafka.TLS.Enabled {
		k.bad("$.kafka.sasl.mechanism", "plain sends the password in the clear: enable kafka.tls")
	}
	if !strings.HasPrefix(c.SQL.URL, "sqlite:") && !strings.HasPrefix(c.SQL.URL, "postgres://") {
		k.bad("$.sql.url", "want sqlite:PATH or postgres://…")
	}
	if u, err := url.Parse(c.SQL.URL); err == nil && u.User != nil {
		if _, has := u.User.Password(); has {
			k.bad("$.sql.url", "holds a password: put it into a file and name that in sql.password_file")
		}
	}
	if c.SQL.Slow < time.Millisecond {
		k.bad("$.sql.slow", "%v: want at least 1ms; 1h logs nothing", c.SQL.Slow)
	}
	if len(c.Redis.Addresses) > 1 && c.Redis.MasterName == "" {
		k.bad("$.redis.addresses", "several addresses are those of Sentinels: name the server that they watch in redis.master_name. "+
			"A Redis Cluster cannot be used: receipts need one server")
	}
	if c.Redis.DB < 0 || c.Redis.DB > 1<<16 {
		k.bad("$.redis.db", "%d: want the number of a database, 0 to 65536", c.Redis.DB)
	}
	kafkaIn, redisIn := c.InProcess()
	if kafkaIn != redisIn {
		k.bad("$.redis.addresses", "Kafka and Redis run either both in the process or both outside")
	}
}

func (k *checker) listeners(c *Config) {
	listeners := map[string]Listener{"$.api": c.API.Listener, "$.callbacks": c.Callbacks.Listener, "$.metrics": c.Metrics.Listener}
	if c.Feeds.Listen != "" {
		listeners["$.feeds"] = c.Feeds.Listener
	}
	for path, l := range listeners {
		_, port, err := net.SplitHostPort(l.Listen)
		if _, wrong := strconv.ParseUint(port, 10, 16); err != nil || wrong != nil {
			k.bad(path+".listen", "%q: want HOST:PORT", l.Listen)
		}
		if (l.CertFile == "") != (l.KeyFile == "") {
			k.bad(path+".cert_file", "cert_file and key_file go together")
		}
	}
	if c.Heartbeat.URL != "" {
		k.absolute("$.heartbeat.url", c.Heartbeat.URL, "https", "http")
	}
	if c.Journal.HeadsFile != "" && c.Journal.KeyFile == "" {
		k.bad("$.journal.key_file", "heads must be signed: make a key with `tocsin keys journal FILE` and name it here")
	}
	if c.Journal.Every < time.Second || c.Journal.Every > 24*time.Hour {
		k.bad("$.journal.every", "%v: want 1s to 24h", c.Journal.Every)
	}
	if c.Heartbeat.Every < time.Second || c.Heartbeat.Every > 2*time.Minute {
		k.bad("$.heartbeat.every", "%v: want 1s to 2m, because the alarm waits 5m", c.Heartbeat.Every)
	}
}

func (k *checker) signing(c *Config) {
	s := c.Alerts.Signing
	if (s.KeyFile == "") != (s.CertificateFile == "") {
		k.bad("$.alerts.signing.key_file", "key_file and certificate_file go together: `tocsin keys signing DIR` makes both")
	}
	if s.KeyFile == "" && len(s.AnchorFiles) > 0 {
		k.bad("$.alerts.signing.anchor_files", "there is no key_file, so nothing is signed that anchors could stand for")
	}
	if !slices.Contains([]string{"", "exclusive", "inclusive", "inclusive11"}, s.C14N) {
		k.bad("$.alerts.signing.c14n", "%q: want exclusive, inclusive or inclusive11", s.C14N)
	}
}

func (k *checker) callbacks(c *Config) {
	b := c.Callbacks
	if b.AskAfter < 0 {
		k.bad("$.callbacks.ask_after", "%v: want 0 or more", b.AskAfter)
	}
	if b.AskEvery < time.Second {
		k.bad("$.callbacks.ask_every", "%v: want 1s or more", b.AskEvery)
	}
	if b.AskRate <= 0 {
		k.bad("$.callbacks.ask_rate", "%v: want more than 0", b.AskRate)
	}
}

func (k *checker) feeds(c *Config) {
	f := c.Feeds
	k.public("$.feeds.public_url", f.PublicURL)
	if f.Listen != "" && f.PublicURL == "" {
		k.bad("$.feeds.public_url", "it is missing: links in the feeds begin with it")
	}
	if f.Listen == "" && (f.CertFile != "" || f.KeyFile != "" || f.PublicURL != "") {
		k.bad("$.feeds.listen", "it is missing: without it there are no feeds, and the other settings have no effect")
	}
	if f.PageBytes < 16<<10 || f.PageBytes > 16<<20 {
		k.bad("$.feeds.page_bytes", "%d: want 16384 to 16777216", f.PageBytes)
	}
}

func (k *checker) tokens(c *Config) {
	rights := []string{"issue", "approve", "cancel", "read", "import", "redrive", "administer", "audit"}
	seen := make(map[string]bool)
	for i, t := range c.API.Tokens {
		path := fmt.Sprintf("$.api.tokens[%d]", i)
		if t.Name == "" || seen[t.Name] {
			k.bad(path, "every token needs a name of its own")
		}
		seen[t.Name] = true
		if t.TokenFile == "" {
			k.bad(path, "token_file is missing")
		}
		k.unit(path+".unit", t.Unit)
		for j, r := range t.May {
			if !slices.Contains(rights, r) {
				k.bad(fmt.Sprintf("%s.may[%d]", path, j), "%q: want one of %v", r, rights)
			}
		}
		for j, w := range t.Worlds {
			if !slices.Contains(alerting.Worlds(), alerting.World(w)) {
				k.bad(fmt.Sprintf("%s.worlds[%d]", path, j), "%q: want one of %v", w, alerting.Worlds())
			}
		}
	}
}

// unit checks the code of an administrative unit; whether anybody imported it is known only later.
func (k *checker) unit(path, text string) {
	name, value, _ := strings.Cut(text, "=")
	if text != "" && (strings.TrimSpace(name) == "" || strings.TrimSpace(value) == "" || strings.TrimSpace(text) != text) {
		k.bad(path, "%q: want the code of an administrative unit, NAME=VALUE, as tocsin units list shows it", text)
	}
}

func (k *checker) absolute(path, text string, schemes ...string) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || !slices.Contains(schemes, u.Scheme) {
		k.bad(path, "%q: want an absolute URL (%s)", text, strings.Join(schemes, ", "))
	}
}
