package siren

import (
	"bytes"
	"testing"

	"github.com/eclipse/paho.golang/packets"
)

func packetOf(t testing.TB, size int) []byte {
	t.Helper()
	var b bytes.Buffer
	p := packets.NewControlPacket(packets.PUBLISH)
	p.Content.(*packets.Publish).Topic = "sirens/s1/status"
	p.Content.(*packets.Publish).Payload = make([]byte, size)
	if _, err := p.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPacketMeter(t *testing.T) {
	tests := []struct {
		name   string
		stream []byte
		ok     bool
	}{
		{"ping answers", []byte{0xd0, 0, 0xd0, 0, 0xd0, 0}, true},
		{"replies of all lengths", bytes.Join([][]byte{packetOf(t, 0), packetOf(t, 100), packetOf(t, 127), packetOf(t, MaxEnvelope)}, nil), true},
		{"the largest", []byte{0x30, 0x80, 0xc0, 0x01}, true},
		{"one byte more", []byte{0x30, 0x81, 0xc0, 0x01}, false},
		{"a reply too large", packetOf(t, maxPacket), false},
		{"a length of five bytes", []byte{0x30, 0x80, 0x80, 0x80, 0x80, 0x01}, false},
		{"a length of a quarter gigabyte", []byte{0x30, 0xff, 0xff, 0xff, 0x7f}, false},
	}
	for _, tt := range tests {
		for _, chunk := range []int{1, 3, len(tt.stream)} {
			var m packetMeter
			var err error
			for rest := tt.stream; len(rest) > 0 && err == nil; {
				n := min(chunk, len(rest))
				err, rest = m.feed(rest[:n]), rest[n:]
			}
			if (err == nil) != tt.ok {
				t.Errorf("%s in chunks of %d: %v, want ok %t", tt.name, chunk, err, tt.ok)
			}
		}
	}
}

// FuzzPacketMeter: whatever passes the meter makes the library read no packet beyond the limit.
func FuzzPacketMeter(f *testing.F) {
	f.Add([]byte{0x30, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Add(packetOf(f, 10))
	f.Fuzz(func(t *testing.T, stream []byte) {
		var m packetMeter
		if m.feed(stream) != nil {
			return
		}
		for r := bytes.NewReader(stream); r.Len() > 0; {
			before := r.Len()
			p, err := packets.ReadPacket(r)
			if err != nil {
				return
			}
			if used := before - r.Len(); used > maxPacket+5 {
				t.Fatalf("a packet of %d bytes (type %d) passed", used, p.Type)
			}
		}
	})
}
