package config

import (
	"fmt"
	"net"
	"net/url"
)

// public checks an address that others reach us by; empty is allowed. Paths and tickets are put behind it.
func (k *checker) public(path, text string) {
	if text == "" {
		return
	}
	k.absolute(path, text, "https", "http")
	if u, err := url.Parse(text); err == nil && (u.User != nil || u.RawQuery != "" || u.Fragment != "") {
		k.bad(path, "want no user, query or fragment")
	}
}

// tls refuses settings that would be passed over: who writes a certificate down believes that the connection has TLS.
func (k *checker) tls(path string, t TLS) {
	if !t.Enabled && t != (TLS{}) {
		k.bad(path, "enabled: true is missing: the other settings have no effect without it")
	}
	if (t.CertFile == "") != (t.KeyFile == "") {
		k.bad(path, "cert_file and key_file go together")
	}
}

// Loopback reports whether a host can only be this machine.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Encrypted reports whether the broker of MQTT sirens is spoken to over TLS.
func (s *Siren) Encrypted() bool {
	u, err := url.Parse(s.Broker)
	return err == nil && (u.Scheme == "ssl" || u.Scheme == "mqtts" || u.Scheme == "tls")
}

// Bare lists the hosts beyond this machine that are sent a password without TLS, each with the key that says so.
//
// Why not refuse them: on a private network or an encrypted overlay, as in deploy/compose.yaml, it is a fair choice, and
// only the operator knows the network. Refusing a password in the clear while taking no password at all would only
// teach people to leave it out. So `tocsin check-config` and every start say it instead.
func (c *Config) Bare() []string {
	var bare []string
	if c.Redis.PasswordFile != "" && !c.Redis.TLS.Enabled {
		for _, address := range c.Redis.Addresses {
			host, _, err := net.SplitHostPort(address)
			if err != nil || !Loopback(host) {
				bare = append(bare, "redis.password_file: "+address)
			}
		}
	}
	for i := range c.Gateways {
		s := c.Gateways[i].Siren
		if s == nil || s.PasswordFile == "" || s.Protocol != "mqtt" || s.Encrypted() {
			continue
		}
		if u, err := url.Parse(s.Broker); err == nil && !Loopback(u.Hostname()) {
			bare = append(bare, fmt.Sprintf("gateway %s, password_file: %s", c.Gateways[i].Name, u.Host))
		}
	}
	return bare
}
