package sim

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"tocsin/channels/siren"
)

// The exceptions of MODBUS Application Protocol V1.1b3 §7 that units answer with.
const (
	illegalFunction byte = 1
	illegalAddress  byte = 2
	illegalValue    byte = 3
	deviceFailure   byte = 4
	deviceBusy      byte = 6
)

// maxModbus is the longest frame: seven bytes of header and a PDU of 253.
const maxModbus = 260

// modbusHost is one address with up to 256 units.
type modbusHost struct {
	*Sim
	park      *sirenPark
	name      string
	registers *siren.RegisterMap
}

func (p *sirenPark) serveModbus(ctx context.Context, s *Sim, ln net.Listener, name string, m *siren.RegisterMap) error {
	h := &modbusHost{Sim: s, park: p, name: name, registers: m}
	var all sync.WaitGroup
	defer all.Wait()
	all.Go(func() { p.watch(ctx, s, name, nil) })
	for {
		conn, err := ln.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		all.Go(func() {
			stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // the peer sees the end of the simulator
			defer stop()
			defer func() { _ = conn.Close() }() // it may be closed already
			for h.serveOne(ctx, conn) == nil {
			}
		})
	}
}

var errModbusEnd = errors.New("connection given up")

// serveOne answers one request. Its errors end the connection.
func (h *modbusHost) serveOne(ctx context.Context, conn net.Conn) error {
	var frame [maxModbus]byte
	if _, err := io.ReadFull(conn, frame[:7]); err != nil {
		return err
	}
	length := int(binary.BigEndian.Uint16(frame[4:]))
	if binary.BigEndian.Uint16(frame[2:]) != 0 || length < 2 || length > maxModbus-6 {
		return errModbusEnd
	}
	if _, err := io.ReadFull(conn, frame[7:6+length]); err != nil {
		return err
	}
	u := h.unit(frame[6])
	if u == nil {
		return errModbusEnd
	}
	request := frame[7 : 6+length]
	var v Verdict
	if u.acts(request) {
		v = h.Faults().Judge(Ask{Channel: Siren, Gateway: h.name, Recipient: u.id})
	}
	if !pause(ctx, v.Delay) {
		return errModbusEnd
	}
	answer, err := h.play(conn, u, request, &v)
	if err != nil {
		return err
	}
	out := append(frame[:4:4], 0, 0, frame[6])
	binary.BigEndian.PutUint16(out[4:], uint16(len(answer)+1))
	out = append(out, answer...)
	if v.Kind != Drip {
		_, err = conn.Write(out)
		return err
	}
	for i := range out {
		if _, err := conn.Write(out[i : i+1]); err != nil || !pause(ctx, time.Duration(max(v.Rule.Delay, Duration(time.Second)))) {
			return errModbusEnd
		}
	}
	return nil
}

// play lets the unit answer, or serves the fault that was chosen for it. An error ends the connection.
func (h *modbusHost) play(conn net.Conn, u *modbusUnit, request []byte, v *Verdict) ([]byte, error) {
	e := Event{Channel: Siren, Gateway: h.name, Recipient: u.id, Kind: Fault}
	if v.Kind != "" {
		e.Detail = faultName(v)
		h.Record(e)
	}
	switch v.Kind {
	case Status, Limit, Error200:
		return []byte{request[0] | 0x80, byte(or(v.Rule.Code, int(deviceBusy)))}, nil
	case Refuse:
		e.Kind, e.Detail = Refused, "asked for"
		h.Record(e)
		return []byte{request[0] | 0x80, byte(or(v.Rule.Code, int(illegalValue)))}, nil
	case ResetBefore, Redirect:
		reset(conn)
		return nil, errModbusEnd
	case Stall:
		_, _ = io.Copy(io.Discard, conn) // until the peer or the simulator ends it
		return nil, errModbusEnd
	}
	answer := u.answer(h.Sim, request)
	h.park.notice(h.Sim, u.view())
	switch v.Kind {
	case Hang:
		_, _ = io.Copy(io.Discard, conn)
		return nil, errModbusEnd
	case ResetAfter:
		reset(conn)
		return nil, errModbusEnd
	case BadJSON:
		return []byte{request[0] ^ 0x10, 0xff, 0xff}, nil
	case BigBody:
		return make([]byte, 0xfff0), nil
	}
	return answer, nil
}
