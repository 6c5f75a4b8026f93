package siren

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"testing"
	"time"
)

// TestRequests holds the examples of MODBUS Application Protocol V1.1b3 §6.
func TestRequests(t *testing.T) {
	tests := []struct {
		name string
		pdu  []byte
		want string
	}{
		{"§6.1 read coils 20-38", readRequest(Coil, 0x13, 0x13), "0100130013"},
		{"§6.2 read discrete inputs 197-218", readRequest(Discrete, 0xc4, 0x16), "0200c40016"},
		{"§6.3 read registers 108-110", readRequest(Register, 0x6b, 3), "03006b0003"},
		{"§6.4 read input register 9", readRequest(Input, 8, 1), "0400080001"},
		{"§6.5 write coil 173 on", writeRequest(Coil, 0xac, 1), "0500acff00"},
		{"§6.5 write coil 173 off", writeRequest(Coil, 0xac, 0), "0500ac0000"},
		{"§6.6 write register 2", writeRequest(Register, 1, 3), "0600010003"},
		{"§6.11 write coils 20-29", writeRequest(Coil, 0x13, 1, 0, 1, 1, 0, 0, 1, 1, 1, 0), "0f0013000a02cd01"},
		{"§6.12 write registers 2-3", writeRequest(Register, 1, 0x0a, 0x0102), "100001000204000a0102"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := hex.EncodeToString(tt.pdu); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

func TestParseAnswer(t *testing.T) {
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	tests := []struct {
		name            string
		request, answer string
		want            []uint16
		code            byte
		bad             bool
	}{
		{"§6.3 registers", "03006b0003", "0306022b00000064", []uint16{0x022b, 0, 0x64}, 0, false},
		{"bits", "010013000a", "0102cd01", []uint16{1, 0, 1, 1, 0, 0, 1, 1, 1, 0}, 0, false},
		{"echo", "0500acff00", "0500acff00", nil, 0, false},
		{"echo of many", "100001000204000a0102", "1000010002", nil, 0, false},
		{"exception", "0500acff00", "8506", nil, 6, false},
		{"exception of another function", "0500acff00", "8606", nil, 0, true},
		{"another function", "03006b0001", "04020001", nil, 0, true},
		{"another value echoed", "0500acff00", "0500ac0000", nil, 0, true},
		{"echo too long", "0500acff00", "0500acff0000", nil, 0, true},
		{"count too small", "03006b0002", "03020001", nil, 0, true},
		{"bytes missing", "03006b0001", "030200", nil, 0, true},
		{"too many bits", "0100130001", "01020100", nil, 0, true},
		{"nothing", "03006b0001", "", nil, 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseAnswer(unhex(tt.request), unhex(tt.answer))
			var x *exception
			if errors.As(err, &x) != (tt.code != 0) || (x != nil && x.code != tt.code) {
				t.Errorf("error %v, want exception %d", err, tt.code)
			}
			if errors.Is(err, errFrame) != tt.bad || !slices.Equal(got, tt.want) {
				t.Errorf("%v, %v; want %v, bad %t", got, err, tt.want, tt.bad)
			}
		})
	}
}

// FuzzReadFrame: a frame that is read is written back as the same bytes, and the reader stops at its end.
func FuzzReadFrame(f *testing.F) {
	f.Add([]byte{0, 1, 0, 0, 0, 6, 3, 6, 0, 0, 0, 7}, []byte{6, 0, 0, 0, 7})
	f.Add([]byte{0, 1, 0, 0, 0, 3, 3, 0x86, 2}, []byte{6, 0, 0, 0, 7})
	f.Add([]byte{0, 1, 0, 0, 0, 5, 3, 4, 2, 0, 2}, []byte{4, 0, 0, 0, 1})
	f.Add([]byte{0, 0, 0, 1, 0xff, 0xff, 1, 1}, []byte{1, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, data, request []byte) {
		r := bytes.NewReader(data)
		got, err := readFrame(r)
		if err != nil {
			return
		}
		used := data[:len(data)-r.Len()]
		if again := got.append(nil); !bytes.Equal(again, used) || len(got.pdu) > maxPDU {
			t.Fatalf("read %x, written back %x", used, again)
		}
		if len(request) < 5 {
			return
		}
		values, err := parseAnswer(request, got.pdu)
		if err == nil && values != nil && len(values) != int(request[3])<<8|int(request[4]) {
			t.Fatalf("%d values for request %x", len(values), request)
		}
	})
}

func TestTurnstile(t *testing.T) {
	var turn turnstile
	ctx := t.Context()
	if err := turn.enter(ctx, false); err != nil {
		t.Fatal(err)
	}
	order := make(chan string, 3)
	wait := func(name string, urgent bool) {
		turn.mu.Lock()
		before := len(turn.normal) + len(turn.urgent)
		turn.mu.Unlock()
		go func() {
			if turn.enter(ctx, urgent) == nil {
				order <- name
				turn.leave()
			}
		}()
		for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); {
			turn.mu.Lock()
			queued := len(turn.normal) + len(turn.urgent)
			turn.mu.Unlock()
			if queued > before {
				return
			}
		}
		t.Fatal("never queued")
	}
	wait("first", false)
	wait("second", false)
	wait("stop", true)
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if err := turn.enter(gone, true); !errors.Is(err, context.Canceled) {
		t.Errorf("enter with an ended context: %v", err)
	}
	turn.leave()
	for _, want := range []string{"stop", "first", "second"} {
		if got := <-order; got != want {
			t.Errorf("%s came, want %s", got, want)
		}
	}
	if err := turn.enter(ctx, false); err != nil {
		t.Errorf("the turnstile is stuck: %v", err)
	}
}
