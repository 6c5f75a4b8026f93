package serve

import (
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tocsin/cmd/tocsin/config"
)

// goodGateways are one of every kind. DIR is where the keys are, VAPID the public half of one, BROKER an address.
const goodGateways = `
callbacks: {public_url: "https://callbacks.office.example"}
gateways:
  - {name: sms, channel: sms, live: true, twilio: {account_sid: AC00000000000000000000000000000001, auth_token_file: DIR/secret, from: "+12015550100"}}
  - {name: push, channel: push, live: false, push: {vapid_public: VAPID, vapid_private_file: DIR/vapid, subscriber: warnings@office.example, allow_insecure: ["http://127.0.0.1:1"]}}
  - name: mail
    channel: mail
    live: true
    smtp: {address: "smtp.office.example:587", from: warnings@office.example, dkim: {domain: office.example, selector: tocsin, key_file: DIR/siren.pem}}
  - {name: http, channel: siren, live: true, siren: {protocol: http, signing_key_file: DIR/siren.pem}}
  - {name: mqtt, channel: siren, live: true, siren: {protocol: mqtt, signing_key_file: DIR/siren.pem, broker: "tcp://BROKER"}}
  - {name: modbus, channel: siren, live: true, siren: {protocol: modbus, register_maps_file: DIR/maps.yaml}}
`

const goodMaps = "ours:\n  select: {\"\": {table: coil, address: 0, per_code: true, first: 1, last: 3}}\n"

// TestCheckFilesBuildsWhatServeBuilds: what would end `tocsin serve` at its start ends check-config.
func TestCheckFilesBuildsWhatServeBuilds(t *testing.T) {
	broker, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	called := make(chan struct{}, 64)
	go func() {
		for {
			conn, err := broker.Accept()
			if err != nil {
				return
			}
			called <- struct{}{}
			_ = conn.Close()
		}
	}()
	for _, row := range []struct{ name, from, to, want string }{
		{"a good one", "", "", ""},
		{"a malformed account SID", "AC00000000000000000000000000000001", "AC1", "gateway sms: sms gateway: invalid: account SID"},
		{"a VAPID pair that is none", "vapid_public: VAPID", "vapid_public: OTHER", "does not belong to the private key"},
		{"a DKIM key that is none", "key_file: DIR/siren.pem}", "key_file: DIR/secret}", "gateway mail: mail gateway: invalid: DKIM key: not PEM"},
		{"a register map that is none", "DIR/maps.yaml", "DIR/broken.yaml", "gateway modbus: siren gateway modbus: register map ours"},
		{"a file of register maps that is not there", "DIR/maps.yaml", "DIR/nowhere.yaml", "gateway modbus: register_maps_file"},
		{"a client certificate that is not there", "from: warnings@office.example, dkim", "tls: {cert_file: DIR/no.pem, key_file: DIR/no.key}, from: warnings@office.example, dkim", "gateway mail: open"},
		{"an authority that is none", "protocol: mqtt", "tls: {enabled: true, ca_file: DIR/secret}, protocol: mqtt", "gateway mqtt"},
		{"plain HTTP on a live push gateway", "channel: push, live: false", "channel: push, live: true", "insecure origins: not for a live gateway"},
		{"a signing key that is none", "protocol: http, signing_key_file: DIR/siren.pem", "protocol: http, signing_key_file: DIR/secret", "want an Ed25519 key in PEM"},
		{"a listener's certificate that is none", "callbacks: {", "metrics: {cert_file: DIR/secret, key_file: DIR/secret}\ncallbacks: {", "metrics.cert_file"},
		{"a keyring that is none", "callbacks: {", "keyring: {dir: DIR/ring}\ncallbacks: {", "001"},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := t.TempDir()
			pair := writeKeys(t, dir)
			if row.from != "" && !strings.Contains(goodGateways, row.from) {
				t.Fatalf("the gateways do not hold %q", row.from)
			}
			text := strings.Replace(goodGateways, row.from, row.to, 1)
			if strings.Contains(row.to, "enabled: true") {
				text = strings.Replace(text, "tcp://", "ssl://", 1)
			}
			text = strings.NewReplacer("DIR", dir, "VAPID", pair[0], "OTHER", pair[1], "BROKER", broker.Addr().String()).Replace(text)
			cfg, err := config.Parse([]byte(text), nil)
			if err != nil {
				t.Fatal(err)
			}
			err = CheckFiles(cfg)
			if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)) {
				t.Errorf("%v, want %q", err, row.want)
			}
		})
	}
	if err := broker.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-called:
		t.Error("a check has called the broker")
	default:
	}
}

// writeKeys fills a folder, and gives two public VAPID keys, of which the first belongs to the private one there.
func writeKeys(t *testing.T, dir string) (public [2]string) {
	t.Helper()
	var err error
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, name := range []string{"vapid", "other"} {
		public[i], err = MakeVAPID(filepath.Join(dir, name))
		check(err)
	}
	_, err = MakeSirenKey(filepath.Join(dir, "siren.pem"))
	check(err)
	check(os.Mkdir(filepath.Join(dir, "ring"), 0o700))
	for name, text := range map[string]string{"secret": "not-a-real-secret", "maps.yaml": goodMaps, "ring/001.key": "no key",
		"broken.yaml": strings.Replace(goodMaps, "coil", "input", 1)} {
		check(os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return public
}

// TestAStartSaysWhatIsHardlyMeant: the warnings of check-config stand in the log, even of a start that fails later.
func TestAStartSaysWhatIsHardlyMeant(t *testing.T) {
	cfg, err := config.Parse([]byte(`
kafka: {brokers: ["kafka.example:9092"]}
redis: {addresses: ["redis.example:6379"], password_file: /nowhere/password}
keyring: {dir: /nowhere/keyring}
gateways:
  - {name: post, channel: mail, live: false, smtp: {address: "127.0.0.1:25", security: none, from: a@office.example}}
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	err = Run(t.Context(), cfg, []string{"all"}, slog.New(slog.NewTextHandler(&log, nil)), nil)
	if err == nil || !strings.Contains(err.Error(), "keyring.dir") {
		t.Fatalf("%v, want the end at the keyring", err)
	}
	for _, want := range []string{"password goes over the network without TLS", "redis.example:6379", "gateway post: mails carry no List-Unsubscribe"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %q:\n%s", want, log.String())
		}
	}
}
