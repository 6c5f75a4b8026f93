package config

import (
	"slices"
	"strings"
	"testing"
)

const mqtt = `
gateways:
  - name: horn
    channel: siren
    live: false
    siren:
      protocol: mqtt
      signing_key_file: /x
      broker: ssl://mqtt.example:8883
`

// faults is what Parse says; empty when it takes the text.
func faults(text string) string {
	if _, err := Parse([]byte(text), nil); err != nil {
		return err.Error()
	}
	return ""
}

func TestPublicURLs(t *testing.T) {
	live := strings.Replace(gateway, "live: false", "live: true", 1)
	at := func(text, url string) string { return strings.Replace(text, "https://warn.example/cb", url, 1) }
	for _, row := range []struct{ name, text, want string }{
		{"live over https", live, ""},
		{"live over http", at(live, "http://warn.example/cb"), "line 2 column 25: callbacks.public_url: want https"},
		{"live over http on this machine", at(live, "http://127.0.0.1:8081"), ""},
		{"live over http on this machine by name", at(live, "http://localhost:8081"), ""},
		{"a sandbox over http", at(gateway, "http://warn.example/cb"), ""},
		{"no URL", at(gateway, "warn.example"), "line 2 column 25: callbacks.public_url"},
		{"no URL, and no gateway that needs it", "callbacks:\n  public_url: warn.example\n", "line 2 column 15: callbacks.public_url"},
		{"a query", at(gateway, "https://warn.example/?a=b"), "want no user, query or fragment"},
		{"a user", "office:\n  public_url: https://me:you@warn.example\n", "line 2 column 15: office.public_url: want no user"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if have := faults(row.text); row.want == "" && have != "" || !strings.Contains(have, row.want) {
				t.Errorf("%q, want %q", have, row.want)
			}
		})
	}
}

// TestPublicURLsEndWithoutASlash: "https://host/" and "https://host" are the same place, also to who signs it.
func TestPublicURLsEndWithoutASlash(t *testing.T) {
	c, err := Parse([]byte("office: {public_url: \"https://warn.example/\"}\n"), []string{"TOCSIN_CALLBACKS_PUBLIC_URL=https://warn.example/cb//"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Office.PublicURL != "https://warn.example" || c.Callbacks.PublicURL != "https://warn.example/cb" {
		t.Errorf("%q and %q", c.Office.PublicURL, c.Callbacks.PublicURL)
	}
}

// TestSettingsWithoutTLS: a certificate that nobody would use is refused where it stands.
func TestSettingsWithoutTLS(t *testing.T) {
	const missing = "enabled: true is missing"
	for _, row := range []struct{ name, text, want string }{
		{"kafka", "kafka:\n  tls: {ca_file: /x}\n", "kafka.tls: " + missing},
		{"redis", "redis:\n  tls: {ca_file: /x}\n", "redis.tls: " + missing},
		{"redis, by name", "redis:\n  tls: {server_name: redis.example}\n", "line 2"},
		{"redis, half a pair", "redis:\n  tls: {enabled: true, cert_file: /x}\n", "cert_file and key_file go together"},
		{"a broker of sirens", mqtt + "      tls: {ca_file: /x}\n", "siren.tls: " + missing},
		{"a broker without TLS", strings.Replace(mqtt, "ssl:", "tcp:", 1) + "      tls: {enabled: true}\n", "line 9 column 15"},
		{"a broker with TLS", mqtt + "      tls: {enabled: true}\n", ""},
		{"off, and nothing else", "redis:\n  tls: {enabled: false}\n", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			if have := faults(row.text); row.want == "" && have != "" || !strings.Contains(have, row.want) {
				t.Errorf("%q, want %q", have, row.want)
			}
		})
	}
}

func TestPasswordsInTheClear(t *testing.T) {
	redis := func(more string) string {
		return "kafka: {brokers: [\"a:1\"]}\nredis: {" + more + ", password_file: /x}\n"
	}
	plain := strings.Replace(mqtt, "ssl://mqtt.example:8883", "tcp://mqtt.example:1883", 1) + "      password_file: /x\n"
	for _, row := range []struct {
		name, text string
		want       []string
	}{
		{"redis", redis(`addresses: ["redis.example:6379", "127.0.0.1:6379"], master_name: m`), []string{"redis.password_file: redis.example:6379"}},
		{"redis with TLS", redis(`addresses: ["redis.example:6379"], tls: {enabled: true}`), nil},
		{"redis on this machine", redis(`addresses: ["localhost:6379", "127.0.0.1:6379", "[::1]:6379"], master_name: m`), nil},
		{"sirens", plain, []string{"gateway horn, password_file: mqtt.example:1883"}},
		{"sirens with TLS", mqtt + "      password_file: /x\n", nil},
		{"sirens without a password", strings.Replace(plain, "password_file", "user", 1), nil},
		{"sirens on this machine", strings.Replace(plain, "mqtt.example", "127.0.0.1", 1), nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, err := Parse([]byte(row.text), nil)
			if err != nil {
				t.Fatal(err)
			}
			if have := c.Bare(); !slices.Equal(have, row.want) {
				t.Errorf("%q, want %q", have, row.want)
			}
		})
	}
}
