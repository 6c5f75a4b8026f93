package config

import (
	"fmt"
	"strings"
	"time"

	"tocsin/cap"
)

// limit is a number that has no sense at zero, where it stands, and what to do.
type limit struct {
	path, what string
	zero       bool
}

// limits are those of a configuration as it was read, before any default took the place of a zero.
func (c *Config) limits() []limit {
	all := []limit{
		{"$.kafka.partitions", "1 to 256", c.Kafka.Partitions == 0},
		{"$.kafka.replication", "1 to 9", c.Kafka.Replication == 0},
		{"$.sql.slow", "1ms or more", c.SQL.Slow == 0},
		{"$.alerts.lifetime", "more than 0", c.Alerts.Lifetime == 0},
		{"$.alerts.max_validity", "1m to 2160h", c.Alerts.MaxValidity == 0},
		{"$.alerts.max_bytes", "1024 to 16777216", c.Alerts.MaxBytes == 0},
		{"$.alerts.sms_parts", "1 to 10", c.Alerts.SMSParts == 0},
		{"$.login.idle", "1m to 12h", c.Login.Idle == 0},
		{"$.login.longest", "at most 24h", c.Login.Longest == 0},
		{"$.login.lockout.after", "3 to 20", c.Login.Lockout.After == 0},
		{"$.login.lockout.first", "1s or more", c.Login.Lockout.First == 0},
		{"$.login.lockout.longest", "at most 24h", c.Login.Lockout.Longest == 0},
	}
	for i := range c.Gateways {
		g, path := &c.Gateways[i], fmt.Sprintf("$.gateways[%d]", i)
		all = append(all, limit{path + ".slots", "1 to 4096", g.Slots == 0},
			limit{path + ".rate", "0.01 to 1000000 a second", g.Rate == 0},
			limit{path + ".rate_ceiling", "1 to 100 times the rate", g.RateCeiling == 0})
		if g.Siren != nil {
			all = append(all, limit{path + ".siren.max_run", "1s to 15m", g.Siren.MaxRun == 0})
		}
	}
	return all
}

// zeros finds limits that somebody set to zero. A key that is left out has its default; a zero that is written down was
// meant to be something, and no default may hide it.
func (c *Config) zeros(text []byte, environ []string) []error {
	k := &checker{text: text}
	for _, l := range c.limits() {
		if l.zero && (k.place(l.path) != "" || inEnvironment(l.path, environ)) {
			k.bad(l.path, "0: want %s; leave it out for the default", l.what)
		}
	}
	return k.errs
}

// inEnvironment reports whether a variable sets the key at a path.
func inEnvironment(path string, environ []string) bool {
	name := EnvPrefix + strings.ToUpper(strings.ReplaceAll(strings.TrimPrefix(path, "$."), ".", "_")) + "="
	for _, kv := range environ {
		if value, ok := strings.CutPrefix(kv, name); ok && value != "" {
			return true
		}
	}
	return false
}

// The bounds of what an alert may last.
const (
	shortestLifetime = time.Minute
	longestValidity  = 90 * 24 * time.Hour
)

func (k *checker) alerts(c *Config) {
	a := c.Alerts
	if a.Lifetime < shortestLifetime || a.Lifetime > a.MaxValidity {
		k.bad("$.alerts.lifetime", "%v: want 1m to max_validity (%v)", a.Lifetime, a.MaxValidity)
	}
	if a.MaxValidity < shortestLifetime || a.MaxValidity > longestValidity {
		k.bad("$.alerts.max_validity", "%v: want 1m to 2160h", a.MaxValidity)
	}
	if a.MaxBytes < 1024 || a.MaxBytes > 16<<20 {
		k.bad("$.alerts.max_bytes", "%d: want 1024 to 16777216", a.MaxBytes)
	}
	if a.AskBefore < time.Minute || a.AskBefore > 24*time.Hour {
		k.bad("$.alerts.ask_before", "%v: want 1m to 24h", a.AskBefore)
	}
	if a.SMSParts < 1 || a.SMSParts > 10 {
		k.bad("$.alerts.sms_parts", "%d: want 1 to 10", a.SMSParts)
	}
	if _, err := cap.ProfileByID(a.Profile); err != nil {
		k.bad("$.alerts.profile", "%v", err)
	}
}

// paces checks how much of a gateway is used at once. It is written so that what is no number at all fails, too.
func (k *checker) paces(path string, g *Gateway) {
	if g.Slots < 1 || g.Slots > 4096 {
		k.bad(path+".slots", "%d: want 1 to 4096", g.Slots)
	}
	switch {
	case g.RateCeiling == 0:
	case g.Rate == 0:
		k.bad(path+".rate_ceiling", "it is how many times the rate may be set, and there is no rate: give one")
	case !(g.RateCeiling >= 1 && g.RateCeiling <= 100):
		k.bad(path+".rate_ceiling", "%v: want 1 to 100 times the rate; left out, it is 1", g.RateCeiling)
	}
	if g.Rate != 0 && !(g.Rate >= .01 && g.Rate <= 1e6) {
		k.bad(path+".rate", "%v: want 0.01 to 1000000 a second; leave it out for no limit", g.Rate)
	}
}
