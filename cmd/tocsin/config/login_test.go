package config

import (
	"strings"
	"testing"
	"time"
)

func TestLoginFaults(t *testing.T) {
	for _, row := range []struct{ name, text, want string }{
		{"no TLS", "api: {listen: \"0.0.0.0:8080\"}\nlogin:\n  enabled: true\n", "line 3 column 12: login.enabled: the API listens on 0.0.0.0:8080 without TLS"},
		{"no TLS behind plain HTTP", "api: {listen: \"0.0.0.0:8080\"}\nlogin: {enabled: true, public_url: \"http://desk.example\"}\n", "without TLS"},
		{"no idle time", "login:\n  idle: 0s\n", "line 2 column 9: login.idle: 0"},
		{"an idle time of a day", "login:\n  idle: 24h\n", "login.idle: 24h"},
		{"a session of a week", "login:\n  longest: 168h\n", "login.longest: 168h"},
		{"a session that ends before it is idle", "login:\n  idle: 2h\n  longest: 1h\n", "login.longest: 1h"},
		{"one attempt", "login:\n  lockout:\n    after: 1\n", "login.lockout.after: 1"},
		{"a lockout for a week", "login:\n  lockout:\n    longest: 168h\n", "login.lockout.longest"},
		{"a lockout that begins too long", "login:\n  lockout:\n    first: 1h\n", "login.lockout.first: 1h"},
		{"a proxy that is none", "login:\n  trusted_proxies: [proxy]\n", "login.trusted_proxies: \"proxy\""},
		{"a page that is none", "login:\n  public_url: desk\n", "login.public_url"},
		{"OIDC without issuer", "login:\n  oidc: {client_id: x}\n", "login.oidc: issuer is missing"},
		{"OIDC in the clear", "login:\n  oidc: {issuer: \"http://id.example\", client_id: x, client_secret_file: /x, redirect_url: \"https://d.example/x\"}\n", "login.oidc.issuer"},
		{"OIDC with a role that is none", "login:\n  oidc: {issuer: \"https://id.example\", client_id: x, client_secret_file: /x, redirect_url: \"https://d.example/x\", roles_claim: g, roles: {a: [{role: king}]}}\n", "king"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := Parse([]byte(row.text), nil); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("%v, want %q", err, row.want)
			}
		})
	}
}

func TestLoginDefaults(t *testing.T) {
	for text, plain := range map[string]bool{
		"login: {enabled: true}": true,
		"api: {listen: \"0.0.0.0:1\"}\nlogin: {enabled: true, public_url: \"https://desk.example/\"}":    false,
		"api: {listen: \"0.0.0.0:1\", cert_file: /c, key_file: /k}\nlogin: {enabled: true}":              false,
		"api: {listen: \"[::1]:1\"}\nlogin: {enabled: true, trusted_proxies: [\"10.0.0.0/8\", \"::1\"]}": true,
	} {
		c, err := Parse([]byte(text), nil)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if c.Plain() != plain || c.Login.Idle != 30*time.Minute || c.Login.Longest != 12*time.Hour || c.Login.Lockout.After != 5 {
			t.Errorf("%s: %+v, plain %v", text, c.Login, c.Plain())
		}
	}
}
