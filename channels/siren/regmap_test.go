package siren

import (
	"errors"
	"slices"
	"testing"

	"tocsin/alerting"
)

func TestShippedMaps(t *testing.T) {
	maps, err := ShippedMaps()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, code string
		want       Write
		stoppable  bool
	}{
		{"tocsin", "7", Write{Cell{Register, 0}, 7}, true},
		{"tocsin", "key:7", Write{Cell{Coil, 6}, 1}, true},
		{"federal-informer", "1", Write{Cell{Register, 2}, 1}, true},
		{"federal-informer", "voice:3", Write{Cell{Register, 1}, 3}, true},
		{"federal-ss2000", "1", Write{Cell{Coil, 0}, 1}, false},
		{"federal-ss2000", "60", Write{Cell{Coil, 59}, 1}, false},
		{"federal-ss2000", "register:60", Write{Cell{Register, 0}, 60}, false},
		{"federal-commander", "1", Write{Cell{Coil, 1}, 1}, true},
		{"federal-commander", "template:969", Write{Cell{Register, 1}, 969}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name+" "+tt.code, func(t *testing.T) {
			m, ok := maps[tt.name]
			if !ok || m.Source == "" {
				t.Fatalf("shipped %t, source %q", ok, m.Source)
			}
			if got, err := m.start(tt.code); err != nil || got != tt.want {
				t.Errorf("%+v, %v; want %+v", got, err, tt.want)
			}
			if _, err := stopWrites(&m, &Endpoint{}); (err == nil) != tt.stoppable {
				t.Errorf("stop without a programme: %v, want possible %t", err, tt.stoppable)
			}
			for _, code := range []string{"", "0", "61000", "-1", "x", "1.5", "none:1", "70000"} {
				if _, err := m.start(code); tt.name != "federal-informer" && !errors.Is(err, alerting.ErrInvalid) {
					t.Errorf("code %q: %v, want %v", code, err, alerting.ErrInvalid)
				}
			}
		})
	}
	if len(maps) != 4 {
		t.Errorf("%d shipped maps, want the 4 that are tested here", len(maps))
	}
}

func TestRegisterMapCheck(t *testing.T) {
	good := func() RegisterMap {
		return RegisterMap{Name: "m", Select: map[string]Select{"": {Cell: Cell{Register, 0}, First: 1, Last: 9}}}
	}
	tests := []struct {
		name  string
		spoil func(*RegisterMap)
	}{
		{"nothing to start", func(m *RegisterMap) { m.Select = nil }},
		{"start in an input", func(m *RegisterMap) { m.Select[""] = Select{Cell: Cell{Input, 0}, First: 1, Last: 9} }},
		{"coil by value", func(m *RegisterMap) { m.Select[""] = Select{Cell: Cell{Coil, 0}, First: 1, Last: 9} }},
		{"backwards", func(m *RegisterMap) { m.Select[""] = Select{Cell: Cell{Register, 0}, First: 9, Last: 1} }},
		{"beyond the last address", func(m *RegisterMap) {
			m.Select[""] = Select{Cell: Cell{Coil, 65530}, PerCode: true, First: 1, Last: 60}
		}},
		{"arm in a discrete input", func(m *RegisterMap) { m.Arm = []Write{{Cell{Discrete, 0}, 1}} }},
		{"stop nowhere", func(m *RegisterMap) { m.Stop = []Write{{}} }},
		{"status nowhere", func(m *RegisterMap) { m.Sounding = &Sense{} }},
		{"run time in a coil", func(m *RegisterMap) { m.RunTime = &Cell{Coil, 0} }},
		{"tag without room", func(m *RegisterMap) { m.Tag = &Cell{Register, 65535} }},
	}
	if m := good(); m.Check() != nil {
		t.Fatalf("the good map: %v", m.Check())
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := good()
			tt.spoil(&m)
			if err := m.Check(); !errors.Is(err, alerting.ErrInvalid) {
				t.Errorf("%v, want %v", err, alerting.ErrInvalid)
			}
		})
	}
	for _, data := range []string{"", "{}", `{"name":"m"}`, `{"name":"m","select":{},"typo":1}`} {
		if _, err := ParseRegisterMap([]byte(data)); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("%q: %v, want %v", data, err, alerting.ErrInvalid)
		}
	}
}

func TestSense(t *testing.T) {
	two := uint16(2)
	tests := []struct {
		name  string
		sense Sense
		holds []uint16
	}{
		{"any value but 0", Sense{}, []uint16{1, 2, 3, 0x8000, 0x8002}},
		{"a bit", Sense{Mask: 0x8000}, []uint16{0x8000, 0x8002}},
		{"a value", Sense{Equals: &two}, []uint16{2}},
		{"a value under a mask", Sense{Mask: 0xff, Equals: &two}, []uint16{2, 0x8002}},
	}
	for _, tt := range tests {
		for _, v := range []uint16{0, 1, 2, 3, 0x8000, 0x8002} {
			if got, want := tt.sense.holds(v), slices.Contains(tt.holds, v); got != want {
				t.Errorf("%s: %#x holds %t, want %t", tt.name, v, got, want)
			}
		}
	}
}
