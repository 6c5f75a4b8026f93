package demo

import (
	"encoding/csv"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"tocsin/cmd/tocsin/client"
	"tocsin/cmd/tocsin/config"
	"tocsin/cmd/tocsin/serve"
)

// makeKeys writes every secret of the demonstration office into its folder, and gives the public halves.
func makeKeys(dir string) (s *state, err error) {
	s = &state{Founders: make(map[string]string)}
	if s.VAPID, err = serve.MakeVAPID(filepath.Join(dir, "vapid.key")); err != nil {
		return nil, err
	}
	if s.Siren, err = serve.MakeSirenKey(filepath.Join(dir, "siren.pem")); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "siren.pub"), []byte(s.Siren+"\n"), 0o600); err != nil {
		return nil, err
	}
	if _, err := serve.MakeSigningKey(dir, "Riverbend Emergency Management Office", time.Now()); err != nil {
		return nil, err
	}
	for _, name := range []string{"api.token", "twilio.token"} {
		if _, err := serve.MakeToken(filepath.Join(dir, name)); err != nil {
			return nil, err
		}
	}
	if s.Desk, err = serve.MakeOperatorKey(filepath.Join(dir, "desk.pem")); err != nil {
		return nil, err
	}
	for _, name := range founders() {
		if s.Founders[name], err = serve.MakeOperatorKey(filepath.Join(dir, name+".pem")); err != nil {
			return nil, err
		}
	}
	return s, s.save(dir)
}

// ports are where API, callbacks, metrics and feeds listen: where an earlier start in the folder did, else where the README says, unless
// that is taken. Passkeys and open pages know the address of the API.
func (d *demo) ports() ([]string, error) {
	all := []string{"127.0.0.1:8080", "127.0.0.1:8081", "127.0.0.1:9180", "127.0.0.1:8082"}
	if d.Listen != "" {
		all = []string{d.Listen, anyPort, anyPort, anyPort}
	}
	if len(d.state.Ports) == len(all) {
		all = d.state.Ports
	}
	ports := make([]string, len(all))
	for i, preferred := range all {
		var err error
		if ports[i], err = freePort(preferred); err != nil {
			return nil, err
		}
		if i == 0 && ports[i] != preferred && preferred != anyPort {
			d.say("port %s is taken: the office is at %s/", preferred, origin(ports[i]))
		}
	}
	d.state.Ports = ports
	return ports, d.state.save(d.Dir)
}

// origin is the address of the pages: browsers have passkeys for localhost, and for no number.
func origin(listen string) string {
	return "http://localhost:" + listen[strings.LastIndexByte(listen, ':')+1:]
}

// configure writes the configuration file of the demonstration, and reads it as any process would.
func (d *demo) configure() (*config.Config, error) {
	ports, err := d.ports()
	if err != nil {
		return nil, err
	}
	at := d.sim.info.Listeners
	in := func(name string) string { return filepath.Join(d.Dir, name) }
	var b strings.Builder
	fmt.Fprintf(&b, `# The demonstration office: everything on this machine, against a gateway simulator.
office: {sender: warnings@flood.example, name: Riverbend Emergency Management Office, public_url: "https://warn.example"}
data_dir: %q
alerts: {signing: {key_file: %q, certificate_file: %q}}
api:
  listen: %q
  tokens: [{name: demo, token_file: %q, may: [%s]}]
login: {enabled: %v}
callbacks: {listen: %q, public_url: "http://%s"}
metrics: {listen: %q}
feeds: {listen: %q, public_url: "http://%s"}
client: {url: "http://%s", token_file: %q}
log: {level: warn}
gateways:
  - {name: sms, channel: sms, live: false, slots: 32, twilio: {account_sid: %q, auth_token_file: %q, from: "+12015550100", base_url: "http://%s"}}
  - {name: push, channel: push, live: false, slots: 32, push: {vapid_public: %q, vapid_private_file: %q, subscriber: warnings@flood.example, allow_insecure: ["http://%s"]}}
  - {name: mail, channel: mail, live: false, slots: 16, rate: 400, smtp: {address: %q, security: none, from: warnings@flood.example}}
`, in("data"), in("signing.pem"), in("signing.crt"), ports[0], in("api.token"), d.tokenMay(), !d.Once, ports[1], ports[1], ports[2], ports[3], ports[3], ports[0], in("api.token"),
		d.sim.info.Account, in("twilio.token"), at["sms"], d.state.VAPID, in("vapid.key"), at["push"], at["mail"])
	for _, protocol := range []string{"http", "mqtt", "modbus"} {
		key := ""
		if protocol != "modbus" {
			key = fmt.Sprintf(", signing_key_file: %q", in("siren.pem"))
		}
		if protocol == "mqtt" {
			key += fmt.Sprintf(", broker: %q", "mqtt://"+at["siren-mqtt"])
		}
		fmt.Fprintf(&b, "  - {name: siren-%s, channel: siren, live: false, slots: 4, siren: {protocol: %s%s}}\n", protocol, protocol, key)
	}
	if !d.Once {
		if err := d.configureOffice(&b, origin(ports[0])); err != nil {
			return nil, err
		}
	}
	file := in("tocsin.yaml")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		return nil, err
	}
	cfg, err := config.Load(file, nil)
	if err != nil {
		return nil, err
	}
	token, err := config.Secret(cfg.Client.TokenFile)
	if err != nil {
		return nil, err
	}
	d.api, err = client.New(cfg.Client.URL, token, "")
	return cfg, err
}

// sirenTown places twelve sirens, four for each protocol, every fourth of them outside the floodplain.
func sirenTown(seed uint64, at map[string]string) []siren {
	r := rand.New(rand.NewPCG(seed, 12))
	sirens := make([]siren, 12)
	for i := range sirens {
		s := &sirens[i]
		s.ref = fmt.Sprintf("S%02d", i+1)
		s.protocol = []string{"http", "mqtt", "modbus"}[i%3]
		s.gateway = "siren-" + s.protocol
		s.at = place(r, i%4 != 3)
		switch s.protocol {
		case "http":
			s.columns = map[string]string{"url": "http://" + at["siren-http"] + "/sirens/" + s.ref}
		case "modbus":
			s.columns = map[string]string{"host": at["siren-modbus"], "unit": strconv.Itoa(i + 1), "register_map": "tocsin", "programmes": "*=1"}
		}
	}
	return sirens
}

// writeSirens writes the CSV that `tocsin sirens import` reads.
func writeSirens(w io.Writer, sirens []siren) error {
	extra := []string{"url", "host", "unit", "register_map", "programmes"}
	c := csv.NewWriter(w)
	_ = c.Write(append([]string{"ref", "lat", "lon", "protocol", "gateway", "group", "max_seconds"}, extra...))
	for _, s := range sirens {
		lat, lon, _ := strings.Cut(s.at.String(), ",")
		row := []string{s.ref, lat, lon, s.protocol, s.gateway, "riverbend", "120"}
		for _, column := range extra {
			row = append(row, s.columns[column])
		}
		_ = c.Write(slices.Clone(row))
	}
	c.Flush()
	return c.Error()
}
