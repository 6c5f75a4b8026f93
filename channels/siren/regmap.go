package siren

import (
	"embed"
	"fmt"
	"path"
	"strconv"
	"strings"

	"tocsin/alerting"
)

// Table is one of the four address spaces of Modbus.
type Table string

// The tables. Discrete inputs and input registers can only be read.
const (
	Coil     Table = "coil"
	Discrete Table = "discrete"
	Register Table = "register"
	Input    Table = "input"
)

func (t Table) known() bool    { return t == Coil || t == Discrete || t == Register || t == Input }
func (t Table) writable() bool { return t == Coil || t == Register }

// Cell is one bit or register. Address is the 0-based address on the wire: what vendors print as coil 1 or as register
// 40001 is address 0.
type Cell struct {
	Table   Table  `json:"table" yaml:"table"`
	Address uint16 `json:"address" yaml:"address"`
}

// Write puts a value into a cell; into a coil, any value but 0 is "on".
type Write struct {
	Cell  `yaml:",inline"`
	Value uint16 `json:"value" yaml:"value"`
}

// Select is how a programme is started. With PerCode, the code n is started by writing Value to address + n - First;
// otherwise by writing n itself to the address.
type Select struct {
	Cell    `yaml:",inline"`
	PerCode bool   `json:"per_code,omitempty" yaml:"per_code,omitempty"`
	Value   uint16 `json:"value,omitempty" yaml:"value,omitempty"`
	// First and Last are the codes that the device knows.
	First uint16 `json:"first" yaml:"first"`
	Last  uint16 `json:"last" yaml:"last"`
}

// Sense reads a cell and compares: with Mask set only its bits count; Equals is the value wanted, and where it is
// missing any value but 0 will do.
type Sense struct {
	Cell   `yaml:",inline"`
	Mask   uint16  `json:"mask,omitempty" yaml:"mask,omitempty"`
	Equals *uint16 `json:"equals,omitempty" yaml:"equals,omitempty"`
}

func (s *Sense) holds(value uint16) bool {
	if s.Mask != 0 {
		value &= s.Mask
	}
	if s.Equals != nil {
		return value == *s.Equals
	}
	return value != 0
}

// RegisterMap says, as data, what a kind of Modbus siren understands.
type RegisterMap struct {
	Name string `json:"name" yaml:"name"`
	// Source is where the addresses come from.
	Source string `json:"source,omitempty" yaml:"source,omitempty"`
	// Arm is written before a programme, in order; empty where the device needs none.
	Arm []Write `json:"arm,omitempty" yaml:"arm,omitempty"`
	// Select starts programmes by kind: the code "tone:3" is number 3 of kind "tone", "3" is number 3 of kind "".
	Select map[string]Select `json:"select" yaml:"select"`
	// Stop silences the device; all of it is written, whatever fails. Where it is empty, the siren's programme "stop"
	// is started instead.
	Stop []Write `json:"stop,omitempty" yaml:"stop,omitempty"`
	// Test starts the silent test; where it is empty, the siren's programme "test-silent" is started instead.
	Test []Write `json:"test,omitempty" yaml:"test,omitempty"`
	// RunTime takes the longest run in seconds, before the start. Without it the gateway's watchdog ends the sound.
	RunTime *Cell `json:"run_time,omitempty" yaml:"run_time,omitempty"`
	// Tag takes two registers that the device only keeps: the first four bytes of the alert that sounds. They let every
	// process see for which alert a device sounds.
	Tag *Cell `json:"tag,omitempty" yaml:"tag,omitempty"`
	// Sounding, Fault and Tested read the device's state back. Without Sounding no delivery is ever called delivered.
	Sounding *Sense `json:"sounding,omitempty" yaml:"sounding,omitempty"`
	Fault    *Sense `json:"fault,omitempty" yaml:"fault,omitempty"`
	Tested   *Sense `json:"tested,omitempty" yaml:"tested,omitempty"`
}

// Check reports what makes a map unusable.
func (m *RegisterMap) Check() error {
	bad := func(what string) error {
		return fmt.Errorf("register map %s: %w: %s", m.Name, alerting.ErrInvalid, what)
	}
	if len(m.Select) == 0 {
		return bad("select is empty: nothing could be started")
	}
	for kind, s := range m.Select {
		switch {
		case !s.Table.writable():
			return bad("select " + kind + ": table must be coil or register")
		case s.First > s.Last:
			return bad("select " + kind + ": first is above last")
		case s.Table == Coil && !s.PerCode:
			return bad("select " + kind + ": a coil needs per_code")
		case s.PerCode && int(s.Address)+int(s.Last-s.First) > 0xffff:
			return bad("select " + kind + ": the last address is above 65535")
		}
	}
	for name, list := range map[string][]Write{"arm": m.Arm, "stop": m.Stop, "test": m.Test} {
		for _, w := range list {
			if !w.Table.writable() {
				return bad(name + ": table must be coil or register")
			}
		}
	}
	for name, s := range map[string]*Sense{"sounding": m.Sounding, "fault": m.Fault, "tested": m.Tested} {
		if s != nil && !s.Table.known() {
			return bad(name + ": unknown table")
		}
	}
	for name, c := range map[string]*Cell{"run_time": m.RunTime, "tag": m.Tag} {
		if c != nil && (c.Table != Register || c.Address == 0xffff) {
			return bad(name + ": table must be register")
		}
	}
	return nil
}

// start is the write that starts a programme.
func (m *RegisterMap) start(code string) (Write, error) {
	kind, number, found := strings.Cut(code, ":")
	if !found {
		kind, number = "", code
	}
	s, ok := m.Select[kind]
	n, err := strconv.ParseUint(strings.TrimSpace(number), 10, 16)
	if !ok || err != nil || uint16(n) < s.First || uint16(n) > s.Last {
		return Write{}, fmt.Errorf("%w: the register map has no programme code %.20q", alerting.ErrInvalid, code)
	}
	if !s.PerCode {
		return Write{Cell: s.Cell, Value: uint16(n)}, nil
	}
	value := s.Value
	if value == 0 {
		value = 1
	}
	return Write{Cell: Cell{s.Table, s.Address + uint16(n) - s.First}, Value: value}, nil
}

//go:embed maps/*.json
var shipped embed.FS

// ShippedMaps are the register maps that come with the program, by name.
func ShippedMaps() (map[string]RegisterMap, error) {
	entries, err := shipped.ReadDir("maps")
	if err != nil {
		return nil, fmt.Errorf("list the shipped register maps: %w", err)
	}
	maps := map[string]RegisterMap{}
	for _, e := range entries {
		data, err := shipped.ReadFile(path.Join("maps", e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read the register map %s: %w", e.Name(), err)
		}
		m, err := ParseRegisterMap(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.Name(), err)
		}
		maps[m.Name] = m
	}
	return maps, nil
}

// ParseRegisterMap reads a map from JSON and checks it.
func ParseRegisterMap(data []byte) (RegisterMap, error) {
	var m RegisterMap
	if err := strictJSON(data, &m); err != nil {
		return m, fmt.Errorf("register map: %w: %w", alerting.ErrInvalid, err)
	}
	if m.Name == "" {
		return m, fmt.Errorf("register map: %w: it has no name", alerting.ErrInvalid)
	}
	return m, m.Check()
}
