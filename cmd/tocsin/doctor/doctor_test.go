package doctor

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tocsin/alerting/store"
	"tocsin/alerting/stream"
	"tocsin/cmd/tocsin/config"
	"tocsin/cmd/tocsin/scenario"
)

// zone answers as DNS would; a nil zone is a machine without a network.
type zone map[string][]string

// LookupTXT looks into the zone.
func (z zone) LookupTXT(_ context.Context, name string) ([]string, error) {
	if z == nil {
		return nil, &net.DNSError{Err: "connection refused", Name: name}
	}
	if records, ok := z[name]; ok {
		return records, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

// LookupNS knows the root, unless there is no network or the zone denies everything.
func (z zone) LookupNS(context.Context, string) ([]*net.NS, error) {
	if _, denied := z["."]; z == nil || denied {
		return nil, &net.DNSError{Err: "no such host", Name: ".", IsNotFound: true}
	}
	return []*net.NS{{Host: "a.root-servers.net."}}, nil
}

// of finds the finding of a check.
func of(t *testing.T, findings []Finding, check string) Finding {
	t.Helper()
	for _, f := range findings {
		if f.Check == check {
			return f
		}
	}
	t.Fatalf("no check %q in %+v", check, findings)
	return Finding{}
}

func want(t *testing.T, findings []Finding, states map[string]State) {
	t.Helper()
	for check, state := range states {
		f := of(t, findings, check)
		if f.State != state || f.Says == "" || (f.State == Wrong) && f.Do == "" {
			t.Errorf("%+v, want %s", f, state)
		}
	}
}

// TestAnOffice examines a running office: on in-process servers, or where the environment names real ones, on those.
func TestAnOffice(t *testing.T) {
	t.Parallel()
	o := scenario.Open(t, scenario.Options{})
	cfg, err := config.Load(o.File, nil)
	if err != nil {
		t.Fatal(err)
	}
	good := zone{"office.example": {"other=1", "v=spf1 mx -all"}, "_dmarc.office.example": {"v=DMARC1; p=reject"}}
	d := &Doctor{Config: cfg, Now: time.Now, DNS: good, Client: http.DefaultClient}
	findings := d.Examine(t.Context())
	for _, f := range findings {
		t.Logf("%-8s %-26s %s", f.State, f.Check, f.Says)
	}
	want(t, findings, map[string]State{"files": OK, "kafka: topics": OK, "kafka: leaders": OK, "kafka: copies": Note, "kafka: retention": OK,
		"kafka: unclean leaders": OK, "kafka: min.insync.replicas": Skipped, "kafka: clock": OK, "redis: clock": OK, "sql: migrations": OK,
		"sql: clock": OK, "callbacks": OK, "spf office.example": OK, "dmarc office.example": OK, "dkim office.example": Skipped})

	// A machine whose clock is slow, without a network, that asks where nobody answers.
	slow := *cfg
	slow.Callbacks.PublicURL = "http://127.0.0.1:1"
	slow.Keyring.Dir = t.TempDir()
	d = &Doctor{Config: &slow, Now: func() time.Time { return time.Now().Add(-time.Minute) }, DNS: zone(nil), Client: http.DefaultClient}
	findings = d.Examine(t.Context())
	want(t, findings, map[string]State{"files": Wrong, "redis: clock": Wrong, "callbacks": Wrong, "spf office.example": Skipped, "dmarc office.example": Skipped})
	if Healthy(findings) {
		t.Error("it says that all is well")
	}
	if says := of(t, findings, "redis: clock").Says; !strings.Contains(says, "too fast") {
		t.Errorf("of the clocks it says %q", says)
	}
}

// TestNobodyAnswers: servers that are away are named, all of them, and soon.
func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	text := "kafka: {brokers: [\"127.0.0.1:1\"]}\nredis: {addresses: [\"127.0.0.1:1\"]}\nsql: {url: \"postgres://tocsin@127.0.0.1:1/tocsin?sslmode=disable\"}\nkeyring: {dir: " + t.TempDir() + "}\n"
	cfg, err := config.Parse([]byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	d := &Doctor{Config: cfg, Now: time.Now, DNS: zone(nil), Client: http.DefaultClient}
	want(t, d.Examine(t.Context()), map[string]State{"files": Wrong, "kafka": Wrong, "redis": Wrong, "sql": Wrong, "callbacks": Skipped, "mail": Skipped})
}

func TestKafkaSettings(t *testing.T) {
	keep := 240 * time.Hour
	good := stream.TopicState{Name: "actual.receipts", Copies: 3, InSync: 3, MinInSync: 2, Retention: keep}
	rows := []struct {
		name, check string
		state       State
		change      func(x *stream.Inspection, topic *stream.TopicState)
	}{
		{"as it should be", "kafka: copies", OK, func(*stream.Inspection, *stream.TopicState) {}},
		{"a topic is missing", "kafka: topics", Wrong, func(_ *stream.Inspection, s *stream.TopicState) { s.Missing = true }},
		{"no leader", "kafka: leaders", Wrong, func(_ *stream.Inspection, s *stream.TopicState) { s.Leaderless = true }},
		{"a copy is behind", "kafka: leaders", Wrong, func(_ *stream.Inspection, s *stream.TopicState) { s.InSync = 2 }},
		{"fewer copies than wanted", "kafka: copies", Wrong, func(_ *stream.Inspection, s *stream.TopicState) { s.Copies, s.MinInSync = 2, 1 }},
		{"one copy is enough", "kafka: min.insync.replicas", Wrong, func(_ *stream.Inspection, s *stream.TopicState) { s.MinInSync = 1 }},
		{"all copies are needed", "kafka: min.insync.replicas", Wrong, func(_ *stream.Inspection, s *stream.TopicState) { s.MinInSync = 3 }},
		{"unclean", "kafka: unclean leaders", Wrong, func(_ *stream.Inspection, s *stream.TopicState) { s.Unclean = true }},
		{"forgotten too soon", "kafka: retention", Wrong, func(_ *stream.Inspection, s *stream.TopicState) { s.Retention = keep - 1 }},
		{"nothing is there yet", "kafka: topics", Wrong, func(x *stream.Inspection, _ *stream.TopicState) {
			x.Topics[0].Missing, x.Topics[1].Missing = true, true
		}},
		{"kept for ever", "kafka: retention", OK, func(_ *stream.Inspection, s *stream.TopicState) { s.Retention = -1 }},
		{"offsets forgotten too soon", "kafka: offsets", Wrong, func(x *stream.Inspection, _ *stream.TopicState) { x.OffsetsRetention = time.Hour }},
		{"offsets unknown", "kafka: offsets", Skipped, func(x *stream.Inspection, _ *stream.TopicState) { x.OffsetsRetention = 0 }},
		{"clock", "kafka: clock", Wrong, func(x *stream.Inspection, _ *stream.TopicState) { x.Ahead = true }},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			x := &stream.Inspection{Brokers: 3, Topics: []stream.TopicState{good, good}, Retention: keep, OffsetsRetention: keep}
			row.change(x, &x.Topics[1])
			k := &kafka{seen: x, server: "kafka:9092", wanted: 3}
			findings := k.findings()
			want(t, findings, map[string]State{row.check: row.state})
			for _, f := range findings {
				if f.Check != row.check && f.State == Wrong {
					t.Errorf("%+v too", f)
				}
			}
		})
	}
}

func TestStoreSettings(t *testing.T) {
	for name, row := range map[string]struct {
		have Finding
		want State
	}{
		"evicts":          {eviction(map[string]string{"maxmemory_policy": "allkeys-lru", "maxmemory": "1"}), Wrong},
		"no limit":        {eviction(map[string]string{"maxmemory_policy": "noeviction", "maxmemory": "0"}), Note},
		"refuses":         {eviction(map[string]string{"maxmemory_policy": "noeviction", "maxmemory": "1"}), OK},
		"says nothing":    {eviction(nil), Skipped},
		"forgets":         {appendOnly(map[string]string{"aof_enabled": "0"}), Wrong},
		"disk full":       {appendOnly(map[string]string{"aof_enabled": "1", "aof_last_write_status": "err"}), Wrong},
		"keeps":           {appendOnly(map[string]string{"aof_enabled": "1", "aof_last_write_status": "ok"}), OK},
		"no word of it":   {appendOnly(nil), Skipped},
		"clock":           {clockFinding("c", 1500*time.Millisecond), OK},
		"slow clock":      {clockFinding("c", -3*time.Second), Wrong},
		"not migrated":    {migrated(store.Inspection{Migration: 1, Wanted: 2}), Wrong},
		"from the future": {migrated(store.Inspection{Migration: 3, Wanted: 2}), Wrong},
		"migrated":        {migrated(store.Inspection{Migration: 2, Wanted: 2}), OK},
	} {
		if row.have.State != row.want || (row.want == Wrong) && row.have.Do == "" {
			t.Errorf("%s: %+v, want %s", name, row.have, row.want)
		}
	}
}

// pemFile writes a private key.
func pemFile(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "dkim.pem")
	if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestMailDomain(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(long.Public())
	if err != nil {
		t.Fatal(err)
	}
	short, wide := base64.StdEncoding.EncodeToString(public), base64.StdEncoding.EncodeToString(der)
	rows := []struct {
		name             string
		zone             zone
		key              any
		spf, dmarc, dkim State
	}{
		{"all is there", zone{"a.example": {"v=spf1 -all"}, "_dmarc.a.example": {"v=DMARC1; p=quarantine"}, "s._domainkey.a.example": {"v=DKIM1; k=ed25519; p=" + short}}, private, OK, OK, OK},
		{"an RSA key in two parts", zone{"a.example": {"v=spf1 +all"}, "_dmarc.a.example": {"v=DMARC1; p=none"}, "s._domainkey.a.example": {"k=rsa; p=" + wide[:90] + " " + wide[90:]}}, long, Wrong, Note, OK},
		{"nothing is there", zone{}, private, Wrong, Wrong, Wrong},
		{"another key, two records", zone{"a.example": {"v=spf1 a", "v=spf1 mx"}, "_dmarc.a.example": {"v=DMARC1; p=reject", "v=DMARC1; p=none"}, "s._domainkey.a.example": {"p=" + wide}}, private, Wrong, Wrong, Wrong},
		{"offline", nil, private, Skipped, Skipped, Skipped},
		{"a resolver that denies every name", zone{".": nil}, private, Skipped, Skipped, Skipped},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			cfg := &config.Config{Gateways: []config.Gateway{{Name: "mail", SMTP: &config.SMTP{From: "Office <warnings@a.example>",
				DKIM: &config.DKIM{Domain: "a.example", Selector: "s", KeyFile: pemFile(t, row.key)}}}}}
			d := &Doctor{Config: cfg, DNS: row.zone}
			want(t, d.mail(t.Context()), map[string]State{"spf a.example": row.spf, "dmarc a.example": row.dmarc, "dkim a.example": row.dkim})
		})
	}
}

func TestSomebodyElseAnswers(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	cfg := &config.Config{Callbacks: config.Callbacks{PublicURL: other.URL}}
	want(t, (&Doctor{Config: cfg, Client: http.DefaultClient}).callbacks(t.Context()), map[string]State{"callbacks": Wrong})
}

func TestSplit(t *testing.T) {
	a, b, c := errors.New("a"), errors.New("b"), errors.New("c")
	if got := split(errors.Join(a, errors.Join(b, c))); len(got) != 3 || !errors.Is(got[2], c) || split(nil) != nil {
		t.Errorf("%v", got)
	}
}
