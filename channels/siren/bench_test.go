package siren

import (
	"testing"
	"time"

	"tocsin/channels/channeltest"
)

// BenchmarkVerifier is what a device spends on a command.
func BenchmarkVerifier(b *testing.B) {
	clock := _start
	d, c := newDevice(&clock), newController(b, &clock)
	for b.Loop() {
		b.StopTimer()
		clock = clock.Add(time.Millisecond)
		envelope := c.command(nil)
		b.StartTimer()
		if _, err := d.verifier.Check(envelope); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHTTPSend is a whole delivery to one siren: sign, post, verify, read back.
func BenchmarkHTTPSend(b *testing.B) {
	server := serveSiren(b, liveDevice(nil), channeltest.Accept)
	g := newHTTP(b, nil)
	d := testDelivery(server.address(b), wail)
	b.ReportAllocs()
	for b.Loop() {
		if h, err := mustSend(b, g, d); err != nil || !h.Delivered {
			b.Fatalf("%+v, %v", h, err)
		}
	}
}

// BenchmarkModbusSend is a start and a stop: eight requests.
func BenchmarkModbusSend(b *testing.B) {
	s := startModbus(b, nil)
	g := newModbus(b, nil)
	start, stop := testDelivery(addressOf(b, s.endpoint()), wail), testDelivery(addressOf(b, s.endpoint()), halt)
	b.ReportAllocs()
	for b.Loop() {
		if h, err := mustSend(b, g, start); err != nil || !h.Delivered {
			b.Fatalf("%+v, %v", h, err)
		}
		if h, err := mustSend(b, g, stop); err != nil || !h.Delivered {
			b.Fatalf("%+v, %v", h, err)
		}
	}
}
