package serve

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tocsin/cmd/tocsin/config"
)

// TestASirenMustFitItsGateway: what its gateway could never sound is told at the import.
func TestASirenMustFitItsGateway(t *testing.T) {
	file := filepath.Join(t.TempDir(), "maps.yaml")
	if err := os.WriteFile(file, []byte(goodMaps), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Parse([]byte(strings.ReplaceAll(`
gateways:
  - {name: mail, channel: mail, live: false, smtp: {address: "127.0.0.1:25", security: none, from: a@office.example}}
  - {name: http, channel: siren, live: false, siren: {protocol: http, signing_key_file: /x}}
  - {name: modbus, channel: siren, live: false, siren: {protocol: modbus, register_maps_file: FILE}}
  - {name: plain, channel: siren, live: false, siren: {protocol: modbus}}
`, "FILE", file)), nil)
	if err != nil {
		t.Fatal(err)
	}
	check, err := sirenCheck(cfg)
	if err != nil {
		t.Fatal(err)
	}
	const http, modbus = `{"id": "s1", "protocol": "http", "url": "http://127.0.0.1:1"}`, `{"id": "s1", "protocol": "modbus", "host": "127.0.0.1", `
	for _, row := range []struct{ name, gateway, record, want string }{
		{"one that fits", "http", http, ""},
		{"a gateway that there is not", "https", http, `no siren gateway of this name is configured; there are ["http" "modbus" "plain"]`},
		{"a gateway of another channel", "mail", http, "no siren gateway of this name"},
		{"another protocol", "modbus", http, "its gateway speaks modbus, and not http"},
		{"a record without an address", "http", `{"id": "s1", "protocol": "http"}`, "url: want"},
		{"a shipped register map", "plain", modbus + `"register_map": "tocsin"}`, ""},
		{"a register map that there is not", "plain", modbus + `"register_map": "ours"}`, "register_map: there is none of this name"},
		{"no register map", "plain", modbus + `"unit": 1}`, "register_map: there is none of this name"},
		{"a register map of the site", "modbus", modbus + `"register_map": "ours", "programmes": {"stop": 3}}`, ""},
		{"no way to stop it", "modbus", modbus + `"register_map": "ours"}`, "nothing says how to stop it"},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := check(row.gateway, row.record)
			if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)) {
				t.Errorf("%v, want %q", err, row.want)
			}
			if err != nil && strings.Contains(err.Error(), "127.0.0.1") {
				t.Errorf("%v repeats an address", err)
			}
		})
	}
}
