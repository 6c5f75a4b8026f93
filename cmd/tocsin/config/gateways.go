package config

import (
	"net"
	"net/mail"
	"net/url"
	"strings"
	"time"
)

func (k *checker) gateway(c *Config, path string, g *Gateway) {
	if g.Name == "" || strings.ContainsAny(g.Name, " {}:/") {
		k.bad(path, "name %q: every gateway needs one, without blanks, braces, colons and slashes", g.Name)
	}
	if g.Live == nil {
		k.bad(path, "live must be stated: true for a gateway that reaches the public, false for a simulator or sandbox")
	}
	k.paces(path, g)
	k.price(path, g)
	blocks := map[string]bool{"sms": g.Twilio != nil, "push": g.Push != nil, "mail": g.SMTP != nil, "siren": g.Siren != nil}
	if _, ok := blocks[g.Channel]; !ok {
		k.bad(path+".channel", "%q: want sms, push, mail or siren", g.Channel)
		return
	}
	for channel, given := range blocks {
		if given != (channel == g.Channel) {
			k.bad(path, "a gateway of the channel %s needs its own block (twilio, push, smtp or siren) and no other", g.Channel)
			return
		}
	}
	switch g.Channel {
	case "sms":
		k.twilio(c, path+".twilio", g)
	case "push":
		k.push(path+".push", g.Push)
	case "mail":
		k.smtp(path+".smtp", g.SMTP)
	case "siren":
		k.siren(path+".siren", g.Siren)
	}
}

// standby checks that there is something to stand by for.
func (k *checker) standby(c *Config, path string, g *Gateway) {
	if !g.Standby {
		return
	}
	if g.Channel == "siren" {
		k.bad(path+".standby", "every siren hangs on one gateway: none can stand in for another")
		return
	}
	for i := range c.Gateways {
		if o := &c.Gateways[i]; !o.Standby && o.Channel == g.Channel && o.Live != nil && g.Live != nil && *o.Live == *g.Live {
			return
		}
	}
	k.bad(path+".standby", "there is no gateway of the channel %s with the same live to stand by for", g.Channel)
}

func (k *checker) twilio(c *Config, path string, g *Gateway) {
	t := g.Twilio
	if t.AccountSID == "" || t.AuthTokenFile == "" {
		k.bad(path, "account_sid and auth_token_file are needed")
	}
	if (t.MessagingService == "") == (t.From == "") {
		k.bad(path, "give either messaging_service or from")
	}
	if (t.APIKey == "") != (t.APIKeySecretFile == "") {
		k.bad(path, "api_key and api_key_secret_file go together")
	}
	if t.BaseURL != "" {
		k.absolute(path+".base_url", t.BaseURL, "https", "http")
	}
	u, err := url.Parse(c.Callbacks.PublicURL)
	switch {
	case c.Callbacks.PublicURL == "":
		k.bad(path, "callbacks.public_url is needed with a Twilio gateway: the signature of its reports covers it")
	case err == nil && g.Live != nil && *g.Live && u.Scheme == "http" && !Loopback(u.Hostname()):
		k.bad("$.callbacks.public_url", "want https with the live gateway %s: its reports name who was told", g.Name)
	}
}

func (k *checker) push(path string, p *Push) {
	if p.VAPIDPublic == "" || p.VAPIDPrivateFile == "" {
		k.bad(path, "vapid_public and vapid_private_file are needed (make them with `tocsin keys vapid`)")
	}
	if p.Subscriber == "" {
		k.bad(path, "subscriber is needed: a mail address or https URL of the office")
	}
	for _, origin := range p.AllowInsecure {
		k.absolute(path+".allow_insecure", origin, "http", "https")
	}
}

func (k *checker) smtp(path string, s *SMTP) {
	host, _, err := net.SplitHostPort(s.Address)
	if err != nil {
		k.bad(path, "address %q: want HOST:PORT", s.Address)
	}
	switch s.Security {
	case "starttls", "tls":
	case "none":
		if !Loopback(host) {
			k.bad(path+".security", "none is for a server on this machine only; use starttls or tls")
		}
	default:
		k.bad(path+".security", "%q: want starttls, tls or none", s.Security)
	}
	if _, err := mail.ParseAddress(s.From); err != nil {
		k.bad(path, "from %q: want a mail address", s.From)
	}
	if (s.User == "") != (s.PasswordFile == "") {
		k.bad(path, "user and password_file go together")
	}
}

func (k *checker) siren(path string, s *Siren) {
	switch s.Protocol {
	case "http", "mqtt":
		if s.SigningKeyFile == "" {
			k.bad(path, "signing_key_file is needed: commands are signed (make one with `tocsin keys siren`)")
		}
	case "modbus":
	default:
		k.bad(path+".protocol", "%q: want http, mqtt or modbus", s.Protocol)
	}
	if s.Protocol == "mqtt" {
		k.absolute(path+".broker", s.Broker, "tcp", "mqtt", "ssl", "mqtts", "tls")
		if s.TLS.Enabled && !s.Encrypted() {
			k.bad(path+".broker", "tls is enabled, and the address is one without TLS: begin it with ssl://")
		}
	}
	k.tls(path+".tls", s.TLS)
	if s.MaxRun < time.Second || s.MaxRun > 15*time.Minute {
		k.bad(path+".max_run", "%v: want 1s to 15m", s.MaxRun)
	}
}
