package process

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fit is how a process reaches the world.
type fit struct {
	// slots is how many deliveries each gateway has under way at once.
	slots int
	// sms is where the SMS gateway listens.
	sms string
	// rate is the SMS gateway's limit in segments a second; 0 means none.
	rate float64
	// servers are the stores as this process reaches them; nil means as everybody does.
	servers *servers
	// second is where another SMS gateway listens; empty: there is none. With standby it carries only what the first cannot.
	second  string
	standby bool
}

// usual is how the crew is set up between tests.
func (o *office) usual() fit { return fit{slots: o.plan.slots, sms: o.wire.Addr().String()} }

// limitedTo is the same with a limit of the SMS gateway in segments a second.
func (o *office) limitedTo(rate float64) fit {
	f := o.usual()
	f.rate = rate
	return f
}

// configure writes the configuration file of a process.
func (o *office) configure(t *testing.T, w *worker, f fit) {
	t.Helper()
	in := func(name string) string { return filepath.Join(o.dir, name) }
	text := fmt.Sprintf(`office: {sender: warnings@flood.example, name: Emergency office, public_url: "https://warn.example"}
data_dir: %q
%s
keyring: {dir: %q}
alerts: {sms_parts: 1}
api:
  listen: %q
  tokens: [{name: test, token_file: %q, may: [issue, cancel, read, import, redrive]}]
callbacks: {listen: %q, public_url: "http://%s"}
metrics: {listen: %q, profile: true}
client: {url: "http://%s", token_file: %q}
gateways:
%s`, in("data-"+w.name), o.stores(f), in("keyring"), o.apiAt, in("api.token"), o.callbackAt, o.callbackAt, w.metrics,
		o.apiAt, in("api.token"), o.gateways(f))
	if err := os.WriteFile(w.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// stores are the lines that name the servers; none of them, when the process brings its own.
func (o *office) stores(f fit) string {
	if o.plan.embedded {
		return ""
	}
	at := o.servers
	if f.servers != nil {
		at = *f.servers
	}
	replication := 1
	if len(at.brokers) >= 3 {
		replication = 3
	}
	return fmt.Sprintf(`kafka: {brokers: ["%s"], prefix: %q, partitions: %d, replication: %d}
redis: {addresses: [%q], prefix: %q}
sql: {url: %q}`, strings.Join(at.brokers, `", "`), o.prefix, partitions, replication, at.redis, o.prefix, at.sql)
}

func (o *office) gateways(f fit) string {
	in := func(name string) string { return filepath.Join(o.dir, name) }
	at := o.sim.info.Listeners
	rate := ""
	if f.rate > 0 {
		rate = fmt.Sprintf(", rate: %g", f.rate)
	}
	twilio := func(at string) string {
		return fmt.Sprintf(`twilio: {account_sid: %q, auth_token_file: %q, from: "+12015550100", base_url: "http://%s"}`,
			o.sim.info.Account, in("twilio.token"), at)
	}
	second := ""
	if f.second != "" {
		second = fmt.Sprintf("  - {name: sms-2, channel: sms, live: false, standby: %t, slots: %d, %s}\n", f.standby, f.slots, twilio(f.second))
	}
	return second + fmt.Sprintf(`  - {name: sms, channel: sms, live: false, slots: %d%s, %s}
  - {name: push, channel: push, live: false, slots: %d, push: {vapid_public: %q, vapid_private_file: %q, subscriber: warnings@flood.example, allow_insecure: ["http://%s"]}}
  - {name: mail, channel: mail, live: false, slots: %d, smtp: {address: %q, security: none, from: warnings@flood.example}}
  - {name: siren-http, channel: siren, live: false, slots: 4, siren: {protocol: http, signing_key_file: %q}}
  - {name: siren-mqtt, channel: siren, live: false, slots: 4, siren: {protocol: mqtt, signing_key_file: %q, broker: "mqtt://%s"}}
  - {name: siren-modbus, channel: siren, live: false, slots: 4, siren: {protocol: modbus}}
`, f.slots, rate, twilio(f.sms), f.slots, o.vapid, in("vapid.key"), at["push"], f.slots,
		at["mail"], in("siren.pem"), in("siren.pem"), at["siren-mqtt"])
}
