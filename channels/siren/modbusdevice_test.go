package siren

import (
	"encoding/binary"
	"net"
	"slices"
	"sync"
	"testing"
)

// modbusSiren plays one siren with the map "tocsin" or one like it, and misbehaves on starts as told.
type modbusSiren struct {
	address string

	mu      sync.Mutex
	cells   map[Cell]uint16
	armed   bool
	sounded int
	starts  int
	log     []string
	answer  func(conn net.Conn, f frame) bool // for starts; true when it has answered in its own way
	refuse  map[Cell]byte                     // exception codes by cell
	silent  bool                              // accepts and never sounds
}

func startModbus(t testing.TB, answer func(conn net.Conn, f frame) bool) *modbusSiren {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &modbusSiren{address: ln.Addr().String(), cells: map[Cell]uint16{}, refuse: map[Cell]byte{}, answer: answer}
	var wait sync.WaitGroup
	var mu sync.Mutex
	conns := map[net.Conn]bool{}
	wait.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns[conn] = true
			mu.Unlock()
			wait.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		mu.Lock()
		for c := range conns {
			_ = c.Close()
		}
		mu.Unlock()
		wait.Wait()
	})
	return s
}

func (s *modbusSiren) serve(conn net.Conn) {
	defer conn.Close()
	for {
		f, err := readFrame(conn)
		if err != nil {
			return
		}
		if s.isStart(f.pdu) && s.answer != nil && s.answer(conn, f) {
			continue
		}
		f.pdu = s.obey(f.pdu)
		if _, err := conn.Write(f.append(nil)); err != nil {
			return
		}
	}
}

// isStart counts and recognises the write to register 0.
func (s *modbusSiren) isStart(pdu []byte) bool {
	start := pdu[0] == fnWriteRegister && binary.BigEndian.Uint16(pdu[1:]) == 0
	if start {
		s.mu.Lock()
		s.starts++
		s.mu.Unlock()
	}
	return start
}

func (s *modbusSiren) obey(pdu []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	table := map[byte]Table{1: Coil, 2: Discrete, 3: Register, 4: Input, 5: Coil, 6: Register, 15: Coil, 16: Register}[pdu[0]]
	c := Cell{table, binary.BigEndian.Uint16(pdu[1:])}
	if code, ok := s.refuse[c]; ok {
		return []byte{pdu[0] | fnException, code}
	}
	count := binary.BigEndian.Uint16(pdu[3:])
	switch pdu[0] {
	case 1, 2:
		return []byte{pdu[0], 1, byte(s.cells[c] & 1)}
	case 3, 4:
		out := []byte{pdu[0], byte(2 * count)}
		for i := range count {
			out = binary.BigEndian.AppendUint16(out, s.cells[Cell{table, c.Address + i}])
		}
		return out
	case 5, 6:
		s.write(c, count)
	case 16:
		for i := range count {
			s.write(Cell{table, c.Address + i}, binary.BigEndian.Uint16(pdu[6+2*i:]))
		}
	default:
		return []byte{pdu[0] | fnException, 1}
	}
	return pdu[:5]
}

func (s *modbusSiren) write(c Cell, v uint16) {
	s.cells[c] = v
	switch status := (Cell{Input, 0}); {
	case c == Cell{Coil, 100}:
		s.armed = true
		s.log = append(s.log, "arm")
	case c == Cell{Register, 0}:
		s.log = append(s.log, "start")
		if !s.silent {
			s.cells[status] = 2
			s.sounded++
		}
	case c == Cell{Coil, 101}:
		s.armed = false
		s.cells[status] = 0
		s.log = append(s.log, "stop")
	case c == Cell{Coil, 102}:
		s.cells[status] = 0x4000
		s.log = append(s.log, "test")
	}
}

func (s *modbusSiren) get(c Cell) uint16 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cells[c]
}

func (s *modbusSiren) set(c Cell, v uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cells[c] = v
}

func (s *modbusSiren) sounds() bool { return s.get(Cell{Input, 0}) == 2 }

func (s *modbusSiren) counts() (sounded, starts int, log []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sounded, s.starts, slices.Clone(s.log)
}

func (s *modbusSiren) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *modbusSiren) endpoint() Endpoint {
	return Endpoint{ID: "s1", Protocol: ProtocolModbus, Host: s.address, Unit: 3, RegisterMap: "tocsin",
		Programmes: map[string]Code{"wail": "7"}}
}

// plainMap is the map "tocsin" without what bounds a run and names its alert.
func plainMap(t testing.TB) RegisterMap {
	t.Helper()
	maps, err := ShippedMaps()
	if err != nil {
		t.Fatal(err)
	}
	m := maps["tocsin"]
	m.RunTime, m.Tag = nil, nil
	return m
}
