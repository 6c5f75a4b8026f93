package siren

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The frame of Modbus TCP (MODBUS Messaging on TCP/IP Implementation Guide V1.0b §3.1.3): transaction id, protocol id 0,
// length of what follows, unit id, then the PDU of at most 253 bytes.
const (
	mbapHeader = 7
	maxPDU     = 253
)

// The functions that are used (MODBUS Application Protocol V1.1b3 §6).
const (
	fnReadCoils      byte = 0x01
	fnReadDiscrete   byte = 0x02
	fnReadRegisters  byte = 0x03
	fnReadInputs     byte = 0x04
	fnWriteCoil      byte = 0x05
	fnWriteRegister  byte = 0x06
	fnWriteCoils     byte = 0x0f
	fnWriteRegisters byte = 0x10
	fnException      byte = 0x80
)

// errFrame is an answer that is not of the protocol: the connection can no longer be trusted.
var errFrame = errors.New("not a modbus answer")

// frame is one message in either direction.
type frame struct {
	transaction uint16
	unit        uint8
	pdu         []byte
}

// append writes the frame behind b.
func (f *frame) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, f.transaction)
	b = binary.BigEndian.AppendUint16(b, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(len(f.pdu)+1))
	return append(append(b, f.unit), f.pdu...)
}

// readFrame reads exactly one frame. It allocates at most maxPDU bytes, whatever the header says.
func readFrame(r io.Reader) (frame, error) {
	var h [mbapHeader]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return frame{}, err
	}
	n := int(binary.BigEndian.Uint16(h[4:]))
	if p := binary.BigEndian.Uint16(h[2:]); p != 0 || n < 2 || n > maxPDU+1 {
		return frame{}, fmt.Errorf("%w: protocol %d, length %d", errFrame, p, n)
	}
	f := frame{transaction: binary.BigEndian.Uint16(h[:]), unit: h[6], pdu: make([]byte, n-1)}
	if _, err := io.ReadFull(r, f.pdu); err != nil {
		return frame{}, err
	}
	return f, nil
}

// exception is a device's refusal (V1.1b3 §7).
type exception struct{ function, code byte }

// Error is the code in numbers and words.
func (e *exception) Error() string { return fmt.Sprintf("modbus exception %d: %s", e.code, e.text()) }

func (e *exception) text() string {
	switch e.code {
	case 1:
		return "illegal function"
	case 2:
		return "illegal data address"
	case 3:
		return "illegal data value"
	case 4:
		return "device failure"
	case 5:
		return "acknowledge"
	case 6:
		return "device busy"
	case 8:
		return "memory parity error"
	case 10:
		return "gateway path unavailable"
	case 11:
		return "gateway target does not respond"
	}
	return "unknown code"
}

// readRequest asks for count bits or registers.
func readRequest(t Table, address, count uint16) []byte {
	fn := map[Table]byte{Coil: fnReadCoils, Discrete: fnReadDiscrete, Register: fnReadRegisters, Input: fnReadInputs}[t]
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16([]byte{fn}, address), count)
}

// writeRequest writes values from an address on: functions 5 and 6 for one, 15 and 16 for more.
func writeRequest(t Table, address uint16, values ...uint16) []byte {
	if len(values) == 1 {
		fn, v := fnWriteRegister, values[0]
		if t == Coil {
			fn = fnWriteCoil
			if v != 0 {
				v = 0xff00
			}
		}
		return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16([]byte{fn}, address), v)
	}
	fn, data := fnWriteRegisters, []byte(nil)
	if t == Coil {
		fn, data = fnWriteCoils, make([]byte, (len(values)+7)/8)
		for i, v := range values {
			if v != 0 {
				data[i/8] |= 1 << (i % 8)
			}
		}
	} else {
		for _, v := range values {
			data = binary.BigEndian.AppendUint16(data, v)
		}
	}
	b := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16([]byte{fn}, address), uint16(len(values)))
	return append(append(b, byte(len(data))), data...)
}

// parseAnswer checks an answer against its request and gives the values of a read.
func parseAnswer(request, answer []byte) ([]uint16, error) {
	switch {
	case len(answer) == 2 && answer[0] == request[0]|fnException:
		return nil, &exception{request[0], answer[1]}
	case len(answer) < 2 || answer[0] != request[0]:
		return nil, fmt.Errorf("%w: it answers another function", errFrame)
	}
	count := int(binary.BigEndian.Uint16(request[3:5]))
	switch request[0] {
	case fnReadCoils, fnReadDiscrete:
		return parseBits(answer, count)
	case fnReadRegisters, fnReadInputs:
		return parseWords(answer, count)
	}
	// Every write is answered with its first five bytes.
	if len(answer) != 5 || string(answer) != string(request[:5]) {
		return nil, fmt.Errorf("%w: the echo of a write differs", errFrame)
	}
	return nil, nil
}

func parseBits(answer []byte, count int) ([]uint16, error) {
	if n := (count + 7) / 8; int(answer[1]) != n || len(answer) != 2+n {
		return nil, fmt.Errorf("%w: %d bytes for %d bits", errFrame, len(answer)-2, count)
	}
	values := make([]uint16, count)
	for i := range values {
		values[i] = uint16(answer[2+i/8]>>(i%8)) & 1
	}
	return values, nil
}

func parseWords(answer []byte, count int) ([]uint16, error) {
	if int(answer[1]) != 2*count || len(answer) != 2+2*count {
		return nil, fmt.Errorf("%w: %d bytes for %d registers", errFrame, len(answer)-2, count)
	}
	values := make([]uint16, count)
	for i := range values {
		values[i] = binary.BigEndian.Uint16(answer[2+2*i:])
	}
	return values, nil
}
