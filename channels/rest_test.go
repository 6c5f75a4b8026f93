package channels

import (
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/ledger"
)

// seated is an ownership that can tell when its handler gave its place in the window away.
type seated struct {
	*owner
	rested chan struct{}
}

// Rest may be called often.
func (s *seated) Rest() {
	select {
	case s.rested <- struct{}{}:
	default:
	}
}

func TestABatchThatWaitsForSomebodyElseLetsOthersIn(t *testing.T) {
	b := newBench(t)
	other := ledger.Step{Alert: b.id, Channel: alerting.SMS, Token: ledger.Token{'o'}, Claim: []uint8{3}}
	if got, err := b.ledger.Step(t.Context(), other); err != nil || len(got.Granted) != 1 {
		t.Fatal(got, err)
	}
	own := &seated{owner: b.own, rested: make(chan struct{}, 1)}
	done := make(chan error, 1)
	go func() { done <- b.worker.Handle(t.Context(), b.batch(5), own) }()
	select {
	case <-own.rested:
	case err := <-done:
		t.Fatalf("the batch ended (%v) while somebody else holds a claim on it", err)
	case <-time.After(5 * time.Second):
		t.Fatal("a batch that only waits for somebody else kept its place in the window")
	}
	other.Claim, other.Outcomes = nil, []ledger.Outcome{{Place: 3, Attempt: 1, Kind: ledger.HandedOver}}
	if _, err := b.ledger.Step(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	b.wantSent(4, 1)
}
