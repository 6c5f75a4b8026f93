package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Login is how people log in to the admin API. Without enabled only tokens may ask.
type Login struct {
	Enabled bool `yaml:"enabled" env:"ENABLED"`
	// PublicURL is where people's browsers find the API, e.g. https://desk.office.example. One-time links begin with it, and passkeys are
	// bound to its host. Left out: links are paths, and there are no passkeys unless approval.passkey names whose.
	PublicURL string        `yaml:"public_url" env:"PUBLIC_URL"`
	Idle      time.Duration `yaml:"idle" env:"IDLE"`       // ends a session that nobody uses; default 30m
	Longest   time.Duration `yaml:"longest" env:"LONGEST"` // ends every session; default 12h
	Lockout   Lockout       `yaml:"lockout" envPrefix:"LOCKOUT_"`
	// TrustedProxies are addresses, or networks in CIDR form, whose X-Forwarded-For is believed.
	TrustedProxies []string `yaml:"trusted_proxies" env:"TRUSTED_PROXIES"`
	OIDC           OIDC     `yaml:"oidc" envPrefix:"OIDC_"`
}

// Lockout slows guessing: after so many wrong attempts at one name the next must wait First, then twice as long each time, up to Longest.
// One address may be wrong four times as often.
type Lockout struct {
	After   int           `yaml:"after" env:"AFTER"`     // default 5
	First   time.Duration `yaml:"first" env:"FIRST"`     // default 30s
	Longest time.Duration `yaml:"longest" env:"LONGEST"` // default 15m
}

// OIDC is an OpenID Connect provider where people of the office log in. Without issuer there is none.
type OIDC struct {
	Issuer           string `yaml:"issuer" env:"ISSUER"`
	ClientID         string `yaml:"client_id" env:"CLIENT_ID"`
	ClientSecretFile string `yaml:"client_secret_file" env:"CLIENT_SECRET_FILE"`
	// RedirectURL is PublicURL/api/login/oidc/callback, as the provider knows it; left out, it is made of login.public_url.
	RedirectURL string `yaml:"redirect_url" env:"REDIRECT_URL"`
	NameClaim   string `yaml:"name_claim" env:"NAME_CLAIM"` // default preferred_username
	// RolesClaim holds texts, each of which Roles may turn into roles. Without it an administrator gives the roles.
	RolesClaim string                 `yaml:"roles_claim" env:"ROLES_CLAIM"`
	Roles      map[string][]OIDCGrant `yaml:"roles"`
}

// OIDCGrant is a role in a unit; no unit is the whole office.
type OIDCGrant struct {
	Unit string `yaml:"unit"`
	Role string `yaml:"role"`
}

func (c *Config) loginDefaults() {
	l := &c.Login
	l.PublicURL = strings.TrimRight(l.PublicURL, "/")
	set(&l.Idle, 30*time.Minute)
	set(&l.Longest, 12*time.Hour)
	set(&l.Lockout.After, 5)
	set(&l.Lockout.First, 30*time.Second)
	set(&l.Lockout.Longest, 15*time.Minute)
	if l.OIDC.Issuer != "" {
		set(&l.OIDC.NameClaim, "preferred_username")
		if l.PublicURL != "" {
			set(&l.OIDC.RedirectURL, l.PublicURL+"/api/login/oidc/callback")
		}
	}
}

// Plain reports whether browsers reach the API by plain HTTP, which is allowed on loopback only.
func (c *Config) Plain() bool {
	return c.API.CertFile == "" && !strings.HasPrefix(c.Login.PublicURL, "https://")
}

// Loopback reports whether a listener is reached from its own machine only.
func (l Listener) Loopback() bool {
	host, _, err := net.SplitHostPort(l.Listen)
	if err != nil {
		return false
	}
	at, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && at.IsLoopback()
}

// Proxies are the networks of trusted_proxies.
func (l Login) Proxies() ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range l.TrustedProxies {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			at, wrong := netip.ParseAddr(text)
			if wrong != nil {
				return nil, fmt.Errorf("%q: want an address, or a network such as 10.0.0.0/8", text)
			}
			p = netip.PrefixFrom(at, at.BitLen())
		}
		out = append(out, p)
	}
	return out, nil
}

func (k *checker) login(c *Config) {
	l := c.Login
	k.public("$.login.public_url", l.PublicURL)
	if l.Idle < time.Minute || l.Idle > 12*time.Hour {
		k.bad("$.login.idle", "%v: want 1m to 12h", l.Idle)
	}
	if l.Longest < l.Idle || l.Longest > 24*time.Hour {
		k.bad("$.login.longest", "%v: want at least login.idle (%v) and at most 24h", l.Longest, l.Idle)
	}
	if l.Lockout.After < 3 || l.Lockout.After > 20 {
		k.bad("$.login.lockout.after", "%d: want 3 to 20 wrong attempts", l.Lockout.After)
	}
	if l.Lockout.First < time.Second || l.Lockout.First > l.Lockout.Longest {
		k.bad("$.login.lockout.first", "%v: want 1s to lockout.longest (%v)", l.Lockout.First, l.Lockout.Longest)
	}
	if l.Lockout.Longest > 24*time.Hour {
		k.bad("$.login.lockout.longest", "%v: want at most 24h: whoever guesses keeps the owner out for as long", l.Lockout.Longest)
	}
	if l.Enabled && c.Plain() && !c.API.Loopback() {
		k.bad("$.login.enabled", "the API listens on %s without TLS, and passwords would travel in the clear: give api.cert_file and api.key_file, "+
			"or, behind a proxy that has TLS, login.public_url with https", c.API.Listen)
	}
	if _, err := l.Proxies(); err != nil {
		k.bad("$.login.trusted_proxies", "%v", err)
	}
	k.oidc(l)
}

func (k *checker) oidc(l Login) {
	o := l.OIDC
	if o.Issuer == "" {
		if o.ClientID != "" || o.ClientSecretFile != "" || o.RedirectURL != "" || o.RolesClaim != "" || len(o.Roles) > 0 {
			k.bad("$.login.oidc", "issuer is missing: without it the other settings have no effect")
		}
		return
	}
	k.issuer("$.login.oidc.issuer", o.Issuer)
	if o.ClientID == "" || o.ClientSecretFile == "" {
		k.bad("$.login.oidc", "client_id and client_secret_file are needed")
	}
	if o.RedirectURL == "" {
		k.bad("$.login.oidc.redirect_url", "it is missing, and cannot be made of login.public_url, which is missing, too")
	} else {
		k.issuer("$.login.oidc.redirect_url", o.RedirectURL)
	}
	if len(o.Roles) > 0 && o.RolesClaim == "" {
		k.bad("$.login.oidc.roles", "roles_claim is missing: nothing says which claim they are for")
	}
	for value, grants := range o.Roles {
		for _, g := range grants {
			if !slices.Contains(LoginRoles(), g.Role) {
				k.bad("$.login.oidc.roles", "%s: %q: want one of %v", value, g.Role, LoginRoles())
			}
		}
	}
}

// LoginRoles are the names of the roles that people may have.
func LoginRoles() []string {
	return []string{"author", "approver", "duty-officer", "administrator", "auditor", "viewer"}
}

// issuer wants https, but for a provider on this machine.
func (k *checker) issuer(path, text string) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && (Listener{Listen: u.Host}).Loopback()) {
		k.bad(path, "%q: want an https URL", text)
	}
}

// Host is the host of public_url; empty where there is none.
func (l Login) Host() string {
	u, err := url.Parse(l.PublicURL)
	if err != nil {
		return ""
	}
	return u.Hostname()
}
