package channels

import (
	"context"
	"testing"
	"time"

	"tocsin/alerting"
)

// TestTheJournalIsReadOnceForPartitionsGainedTogether: and again for one that is gained later, because its last owner may have written
// since, and after a reading that failed.
func TestTheJournalIsReadOnceForPartitionsGainedTogether(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	now := time.Now()
	b.worker.Now = func() time.Time { return now }
	reads, failure := 0, error(nil)
	b.worker.Records.Read = func(context.Context, alerting.World, time.Time, func(alerting.Receipt) error) error {
		reads++
		return failure
	}
	batch, issued := b.batch(1), b.board.standing[b.id].Issued
	get := func(from time.Time, want int) {
		t.Helper()
		if _, err := b.worker.views.get(t.Context(), b.worker, batch, issued, from); (err != nil) != (failure != nil) || reads != want {
			t.Errorf("%d readings, want %d (%v)", reads, want, err)
		}
	}
	get(now.Add(-time.Second), 1)
	get(now, 1)
	get(now.Add(-time.Hour), 1)
	now = now.Add(time.Minute)
	get(now, 2)
	get(now.Add(-time.Minute), 2)
	now, failure = now.Add(time.Minute), alerting.ErrUnavailable
	get(now, 3)
	failure = nil
	get(now, 4)
	get(now, 4)
}
