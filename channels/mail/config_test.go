package mail

import (
	"errors"
	"strings"
	"testing"

	"tocsin/alerting"
)

func TestConfig(t *testing.T) {
	rows := []struct {
		name   string
		change func(*Config)
		want   string // empty: good
	}{
		{"good", func(*Config) {}, ""},
		{"password to loopback", func(c *Config) { c.Username, c.Password = "a", "b" }, ""},
		{"password over TLS", func(c *Config) { c.Security, c.Address, c.Username, c.Password = "", "mx.example.org:587", "a", "b" }, ""},
		{"password in the clear", func(c *Config) { c.Address, c.Username, c.Password = "mx.example.org:25", "a", "b" }, "credentials"},
		{"half a login", func(c *Config) { c.Username = "a" }, "credentials"},
		{"no port", func(c *Config) { c.Address = "mx.example.org" }, "address"},
		{"no such security", func(c *Config) { c.Security = "ssl" }, "security"},
		{"no sender", func(c *Config) { c.From = "" }, "from"},
		{"sender with a line end", func(c *Config) { c.From = "a@example.org\r\nBcc: b@example.org" }, "from"},
		{"hello with a line end", func(c *Config) { c.Hello = "a\r\nMAIL" }, "hello"},
		{"envelope with a name", func(c *Config) { c.EnvelopeFrom = "A <a@example.org>" }, "envelope from"},
		{"DKIM without a key", func(c *Config) { c.DKIM = &DKIM{Domain: "example.org", Selector: "s"} }, "DKIM key: not PEM"},
		{"DKIM without a selector", func(c *Config) { c.DKIM = &DKIM{Domain: "example.org"} }, "DKIM"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			c := config("127.0.0.1:25")
			row.change(&c)
			_, err := New(c, Deps{})
			if row.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if !errors.Is(err, alerting.ErrInvalid) || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want invalid naming %q", err, row.want)
			}
		})
	}
}
