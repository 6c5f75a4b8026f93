package channels

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"tocsin/channels/pace"
)

// substitute is a gateway that takes whatever it is given.
type substitute struct {
	bench   *bench
	carried atomic.Int64
}

// Send counts the delivery, and notes it as the bench's own gateway does.
func (s *substitute) Send(_ context.Context, d Delivery) (Handed, error) {
	if d.Gateway != "second" {
		s.bench.Errorf("a delivery through the second gateway says that it goes through %s", d.Gateway)
	}
	s.carried.Add(1)
	s.bench.mu.Lock()
	defer s.bench.mu.Unlock()
	s.bench.sent[d.Address]++
	return Handed{Reference: "second"}, nil
}

// withStandIn gives the bench's gateway a breaker that opens soon and a gateway that stands in for it.
func (b *bench) withStandIn(retry time.Duration) *substitute {
	s := &substitute{bench: b}
	gw := b.worker.Gateways["gw"]
	gw.Pacer = pace.New(pace.Options{Gateway: "gw", Slots: 16, Trip: 4, Retry: retry}, nil, time.Now)
	second := &Gateway{Name: "second", Live: true, Adapter: s, Pacer: pace.New(pace.Options{Gateway: "second", Slots: 16}, nil, time.Now)}
	gw.StandIns = []*Gateway{second}
	b.worker.Gateways["second"] = second
	return s
}

func TestAStandInCarriesWhatADeadGatewayCannot(t *testing.T) {
	b := newBench(t)
	s := b.withStandIn(time.Hour)
	var refused atomic.Int64
	b.answer = func(string, int) error {
		refused.Add(1)
		return &Failure{Class: Transient, Reason: "connection refused"}
	}
	batch := b.batch(200)
	b.handle(batch)
	for _, again := range b.records.retries {
		again.NotBefore = time.Time{}
		b.handle(&again)
	}
	if n := s.carried.Load(); n != 200 {
		t.Errorf("the stand-in carried %d of 200", n)
	}
	if n := refused.Load(); n == 0 || n > 20 {
		t.Errorf("the dead gateway was tried %d times, want a few", n)
	}
	wantAllSlots(b, "second")
}

func TestWorkComesBackToAGatewayThatRecovered(t *testing.T) {
	b := newBench(t)
	s := b.withStandIn(50 * time.Millisecond)
	var dead atomic.Bool
	dead.Store(true)
	b.answer = func(string, int) error {
		if dead.Load() {
			return &Failure{Class: Transient, Reason: "connection refused"}
		}
		return nil
	}
	b.handle(b.batch(50))
	before := s.carried.Load()
	if before == 0 {
		t.Fatal("the stand-in carried nothing")
	}
	dead.Store(false)
	for b.worker.Gateways["gw"].Pacer.Rests() {
		time.Sleep(time.Millisecond)
	}
	batch := b.batch(100)
	batch.Page = 1
	b.handle(batch)
	if n := s.carried.Load() - before; n > 50 {
		t.Errorf("the stand-in carried %d of 100 although the gateway is back", n)
	}
	if b.worker.Gateways["gw"].Pacer.Tripped() {
		t.Error("the gateway is back and still taken to be failing")
	}
	b.wantSent(100, 4)
	wantAllSlots(b, "gw")
	wantAllSlots(b, "second")
}
