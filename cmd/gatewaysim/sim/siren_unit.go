package sim

import (
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"tocsin/channels/siren"
)

// modbusUnit is one siren behind a Modbus host. It follows the register map, and knows nothing of alerts but the tag that
// the map may let a controller leave: eight hexadecimal digits, which the raw log shows as the alert.
type modbusUnit struct {
	gateway, id string
	m           *siren.RegisterMap
	now         func() time.Time
	spinUp      time.Duration

	mu        sync.Mutex
	cells     map[siren.Cell]uint16
	state     siren.State
	armed     bool
	tested    bool
	programme string
	loud      time.Time
	until     time.Time
	last      string
	sounded   int
	jammed    bool
	broken    bool
}

func (h *modbusHost) unit(number byte) *modbusUnit {
	id := h.name + "-" + strconv.Itoa(int(number))
	m := h.park.find(h.name, id, func() sirenMachine {
		return &modbusUnit{gateway: h.name, id: id, m: h.registers, now: h.Now, spinUp: h.park.cfg.SpinUp,
			cells: map[siren.Cell]uint16{}, state: siren.Idle}
	})
	u, _ := m.(*modbusUnit)
	return u
}

// modbusTable is the table that a function works on, empty for a function that units do not have.
func modbusTable(function byte) siren.Table {
	switch function {
	case 1, 5, 15:
		return siren.Coil
	case 2:
		return siren.Discrete
	case 3, 6, 16:
		return siren.Register
	case 4:
		return siren.Input
	}
	return ""
}

// acts reports whether a request starts, stops or tests: these are what faults fall on.
func (u *modbusUnit) acts(request []byte) bool {
	if len(request) < 5 || (request[0] != 5 && request[0] != 6) {
		return false
	}
	w := siren.Write{Cell: siren.Cell{Table: modbusTable(request[0]), Address: binary.BigEndian.Uint16(request[1:])},
		Value: binary.BigEndian.Uint16(request[3:])}
	if w.Table == siren.Coil && w.Value != 0 {
		w.Value = 1
	}
	_, starts := u.code(w)
	return starts || slices.Contains(u.m.Stop, w) || slices.Contains(u.m.Test, w)
}

// code is the programme that a write selects.
func (u *modbusUnit) code(w siren.Write) (string, bool) {
	for kind, s := range u.m.Select {
		name := func(n int) string {
			if kind == "" {
				return strconv.Itoa(n)
			}
			return kind + ":" + strconv.Itoa(n)
		}
		n := int(w.Address) - int(s.Address) + int(s.First)
		switch {
		case w.Table != s.Table:
		case s.PerCode && n >= int(s.First) && n <= int(s.Last) && w.Value != 0:
			return name(n), true
		case !s.PerCode && w.Address == s.Address:
			return name(int(w.Value)), true
		}
	}
	return "", false
}

// answer obeys one request and gives the PDU of its answer.
func (u *modbusUnit) answer(s *Sim, request []byte) []byte {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.advance()
	table := modbusTable(request[0])
	if table == "" {
		return []byte{request[0] | 0x80, illegalFunction}
	}
	if len(request) < 5 {
		return []byte{request[0] | 0x80, illegalValue}
	}
	address, n := binary.BigEndian.Uint16(request[1:]), binary.BigEndian.Uint16(request[3:])
	var out []byte
	var code byte
	switch request[0] {
	case 1, 2, 3, 4:
		out, code = u.read(request[0], table, address, n)
	case 5:
		if n != 0 && n != 0xff00 {
			code = illegalValue
			break
		}
		code = u.write(s, siren.Write{Cell: siren.Cell{Table: table, Address: address}, Value: min(n, 1)})
	case 6:
		code = u.write(s, siren.Write{Cell: siren.Cell{Table: table, Address: address}, Value: n})
	default:
		code = u.writeMany(s, table, address, n, request[5:])
	}
	if code != 0 {
		return []byte{request[0] | 0x80, code}
	}
	if out == nil {
		out = slices.Clone(request[:5]) // a write is answered with its beginning
	}
	return out
}

func (u *modbusUnit) read(function byte, table siren.Table, address, n uint16) ([]byte, byte) {
	bits := table == siren.Coil || table == siren.Discrete
	if n == 0 || (bits && n > 2000) || (!bits && n > 125) {
		return nil, illegalValue
	}
	var data []byte
	for i := range int(n) {
		if int(address)+i > 0xffff || !u.knows(table) {
			return nil, illegalAddress
		}
		v := u.value(siren.Cell{Table: table, Address: address + uint16(i)})
		switch {
		case !bits:
			data = binary.BigEndian.AppendUint16(data, v)
		case i%8 == 0:
			data = append(data, byte(min(v, 1)))
		default:
			data[i/8] |= byte(min(v, 1)) << (i % 8)
		}
	}
	return append([]byte{function, byte(len(data))}, data...), 0
}

// knows reports whether the map uses the table at all.
func (u *modbusUnit) knows(table siren.Table) bool {
	if table == siren.Coil || table == siren.Register {
		return true
	}
	for _, s := range []*siren.Sense{u.m.Sounding, u.m.Fault, u.m.Tested} {
		if s != nil && s.Table == table {
			return true
		}
	}
	return false
}

// value is what a cell holds: what was written, and what the map's senses say of the state.
func (u *modbusUnit) value(c siren.Cell) uint16 {
	v := u.cells[c]
	show := func(s *siren.Sense, holds bool) {
		if s == nil || s.Cell != c {
			return
		}
		mask := s.Mask
		if mask == 0 {
			mask = 0xffff
		}
		v &^= mask
		switch {
		case !holds:
		case s.Equals != nil:
			v |= *s.Equals & mask
		case s.Mask != 0:
			v |= mask
		default:
			v |= 1
		}
	}
	show(u.m.Sounding, u.state == siren.Sounding)
	show(u.m.Fault, u.broken)
	show(u.m.Tested, u.tested)
	return v
}

func (u *modbusUnit) writeMany(s *Sim, table siren.Table, address, n uint16, data []byte) byte {
	size := 2 * int(n)
	if table == siren.Coil {
		size = (int(n) + 7) / 8
	}
	if n == 0 || len(data) != size+1 || int(data[0]) != size || int(address)+int(n) > 0x10000 {
		return illegalValue
	}
	for i := range int(n) {
		w := siren.Write{Cell: siren.Cell{Table: table, Address: address + uint16(i)}}
		if table == siren.Coil {
			w.Value = uint16(data[1+i/8]>>(i%8)) & 1
		} else {
			w.Value = binary.BigEndian.Uint16(data[1+2*i:])
		}
		if code := u.write(s, w); code != 0 {
			return code
		}
	}
	return 0
}

// write stores a value and does what the map says it means.
func (u *modbusUnit) write(s *Sim, w siren.Write) byte {
	if slices.Contains(u.m.Stop, w) {
		u.cells[w.Cell] = w.Value
		u.record(s, "stop", Arrive)
		u.armed = false
		if u.state == siren.Accepted || u.state == siren.Sounding {
			u.state, u.until = siren.Finished, u.now()
		}
		return 0
	}
	if slices.Contains(u.m.Test, w) {
		u.cells[w.Cell] = w.Value
		u.tested = !u.broken
		u.record(s, "silent-test", Arrive)
		return 0
	}
	if slices.Contains(u.m.Arm, w) {
		u.cells[w.Cell] = w.Value
		u.armed = true
		return 0
	}
	if programme, ok := u.code(w); ok {
		return u.start(s, w, programme)
	}
	u.cells[w.Cell] = w.Value
	return 0
}

// start sounds a programme for as long as the run-time register says, or an hour.
func (u *modbusUnit) start(s *Sim, w siren.Write, programme string) byte {
	for _, sel := range u.m.Select {
		if !sel.PerCode && sel.Cell == w.Cell && (w.Value < sel.First || w.Value > sel.Last) {
			return illegalValue
		}
	}
	if len(u.m.Arm) > 0 && !u.armed {
		u.record(s, "not armed", Refused)
		return deviceFailure
	}
	u.cells[w.Cell] = w.Value
	run := time.Hour
	if u.m.RunTime != nil {
		run = time.Duration(u.cells[*u.m.RunTime]) * time.Second
	}
	u.record(s, "arm-activate "+programme, Arrive)
	u.tested, u.programme = false, programme
	u.state, u.loud = siren.Accepted, u.now().Add(u.spinUp)
	u.until = u.loud.Add(run)
	u.advance()
	return 0
}

// record logs a command; one that equals the one before is a repeat.
func (u *modbusUnit) record(s *Sim, detail, kind string) {
	alert := u.alert()
	if kind == Arrive {
		if u.last == detail+alert {
			kind = SirenRepeat
		}
		u.last = detail + alert
	}
	s.Record(Event{Channel: Siren, Gateway: u.gateway, Recipient: u.id, Alert: alert, Kind: kind, Detail: detail})
}

// alert is the tag, empty where there is none.
func (u *modbusUnit) alert() string {
	if u.m.Tag == nil {
		return ""
	}
	low := *u.m.Tag
	low.Address++
	a, b := u.cells[*u.m.Tag], u.cells[low]
	if a == 0 && b == 0 {
		return ""
	}
	return fmt.Sprintf("%04x%04x", a, b)
}

// advance lets time pass.
func (u *modbusUnit) advance() {
	now := u.now()
	if u.state == siren.Accepted && !u.jammed && !u.broken && !now.Before(u.loud) {
		u.state = siren.Sounding
		u.sounded++
	}
	if (u.state == siren.Sounding || u.state == siren.Accepted) && !now.Before(u.until) {
		u.state = siren.Finished
	}
}

func (u *modbusUnit) view() SirenView {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.advance()
	return SirenView{Gateway: u.gateway, ID: u.id, State: string(u.state), Alert: u.alert(), Programme: u.programme,
		Sounded: u.sounded, Armed: u.armed, Jammed: u.jammed, Broken: u.broken}
}

func (u *modbusUnit) turn(c SirenSwitch) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch c.Restart {
	case "":
	case "keep", "forget":
		clear(u.cells)
		u.state, u.armed, u.tested, u.programme, u.last = siren.Idle, false, false, "", ""
	default:
		return fmt.Errorf("restart %q: want keep or forget", c.Restart)
	}
	if c.Jammed != nil {
		u.jammed = *c.Jammed
	}
	if c.Broken != nil {
		u.broken = *c.Broken
	}
	return nil
}

// trust does nothing: Modbus has no signatures.
func (u *modbusUnit) trust(string, ed25519.PublicKey) {}
