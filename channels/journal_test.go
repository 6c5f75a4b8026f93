package channels

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"tocsin/alerting"
)

// TestNothingIsCommittedWhileTheJournalRefuses: a batch is done only when its account stands in the journal. While Kafka is away it is
// handed back; the next time the account is written, and nobody is sent to again.
func TestNothingIsCommittedWhileTheJournalRefuses(t *testing.T) {
	t.Parallel()
	table := []struct {
		name    string
		answer  func(address string, n int) error
		retried int
		state   alerting.State
	}{
		{"all sent", nil, 0, alerting.Sent},
		{"one put off", func(address string, _ int) error {
			if address == "+1002" {
				return &Failure{Class: Transient, Reason: "scripted"}
			}
			return nil
		}, 2, alerting.Queued},
	}
	for _, row := range table {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.answer = row.answer
			away := errors.New("kafka is away")
			write := b.worker.Records.Journal
			b.worker.Records.Journal = func(_ context.Context, _ []alerting.Receipt) error {
				return fmt.Errorf("journal: %w: %w", alerting.ErrUnknown, away)
			}
			if err := b.worker.Handle(t.Context(), b.batch(5), b.own); !errors.Is(err, away) {
				t.Fatalf("the batch may be committed without its account: %v", err)
			}
			if s := b.records.state(1); s != 0 {
				t.Fatalf("the journal says %v, and refused everything", s)
			}
			b.worker.Records.Journal = write
			b.handle(b.batch(5))
			for place := range uint8(5) {
				want := alerting.Sent
				if place == 2 {
					want = row.state
				}
				if s := b.records.state(place); s != want {
					t.Errorf("place %d: the journal says %v, want %v", place, s, want)
				}
			}
			for address, n := range b.sent {
				if most := 1 + row.retried; n > most {
					t.Errorf("%s was sent to %d times", address, n)
				}
			}
		})
	}
}
