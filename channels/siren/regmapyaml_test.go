package siren

import (
	"testing"

	"github.com/goccy/go-yaml"
)

// TestRegisterMapFromYAML: a site's own map reads as the shipped ones do.
func TestRegisterMapFromYAML(t *testing.T) {
	const text = `
yard:
  arm: [{table: coil, address: 100, value: 1}]
  select:
    "": {table: register, address: 0, first: 1, last: 60}
  stop: [{table: coil, address: 101, value: 1}]
  sounding: {table: input, address: 0, mask: 255, equals: 2}
`
	maps := map[string]RegisterMap{}
	if err := yaml.UnmarshalWithOptions([]byte(text), &maps, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	m := maps["yard"]
	w, err := m.start("7")
	if err != nil || w != (Write{Cell{Register, 0}, 7}) || m.Check() != nil {
		t.Errorf("%+v, %v, %v; want register 0 = 7", w, err, m.Check())
	}
	if len(m.Stop) != 1 || m.Stop[0] != (Write{Cell{Coil, 101}, 1}) || !m.Sounding.holds(2) || m.Sounding.holds(1) {
		t.Errorf("read as %+v", m)
	}
}
