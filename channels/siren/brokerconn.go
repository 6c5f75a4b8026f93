package siren

import (
	"errors"
	"net"
	"sync"
	"time"
)

// maxPacket is the largest packet that the broker may send us: a reply, its topic and its properties.
const maxPacket = MaxEnvelope + 8<<10

// errPacket: the broker sent something that is no packet, or one larger than it was told to.
var errPacket = errors.New("mqtt packet malformed or too large")

// brokerConn guards the connection where the library does not. Each write has a deadline, and closes the connection when
// it fails, because half a packet was sent then. What is read is measured before the library sees it: the library
// allocates whatever length a packet claims. It is locked around packets that take several writes.
type brokerConn struct {
	net.Conn
	sync.Mutex
	meter packetMeter
}

// Write writes or closes.
func (c *brokerConn) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(brokerWrite)); err != nil {
		return 0, err
	}
	n, err := c.Conn.Write(b)
	if err != nil {
		_ = c.Close() // the write's error says it all
	}
	return n, err
}

// Read reads packets of good size; anything else closes the connection.
func (c *brokerConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.meter.feed(b[:n]) != nil {
		_ = c.Close() // the packet's error says it all
		return 0, errPacket
	}
	return n, err
}

// packetMeter follows the packets in a stream by their fixed headers: a byte of type and flags, then the remaining length
// in one to four bytes of seven bits, lowest first (MQTT 5 §2.1.4, §1.5.5).
type packetMeter struct {
	inLength bool
	digits   int
	length   int
	skip     int
}

// feed takes the next bytes of the stream.
func (m *packetMeter) feed(b []byte) error {
	for len(b) > 0 {
		if m.skip > 0 {
			n := min(m.skip, len(b))
			m.skip -= n
			b = b[n:]
			continue
		}
		c := b[0]
		b = b[1:]
		if !m.inLength {
			m.inLength, m.digits, m.length = true, 0, 0
			continue
		}
		m.length |= int(c&0x7f) << (7 * m.digits)
		m.digits++
		if c&0x80 != 0 && m.digits == 4 || m.length > maxPacket {
			return errPacket
		}
		if c&0x80 == 0 {
			m.inLength, m.skip = false, m.length
		}
	}
	return nil
}
