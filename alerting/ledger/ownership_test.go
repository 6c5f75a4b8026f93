package ledger

import (
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/embedded"
	"tocsin/alerting/embedded/servertest"
)

// TestAPageSentByOwnershipIsCorrectedLater: there a place that is plainly sent may be on its way once more, without a claim
// that would tell. The mark may come from a worker's own step or from the journal.
func TestAPageSentByOwnershipIsCorrectedLater(t *testing.T) {
	for name, note := range map[string]func(w *world){
		"by a step": func(w *world) { w.step(Step{ByOwnership: true}) },
		"by the journal": func(w *world) {
			r := w.receipt(0, alerting.Mark{Best: alerting.Queued})
			r.ByOwnership = true
			// The mark must outlast being packed with receipts that lack it.
			merged, err := w.ledger.Merge(w.Context(), []alerting.Receipt{w.receipt(0, alerting.Mark{Best: alerting.Queued}), r})
			if err != nil || len(merged.NotReady) > 0 {
				w.Fatalf("merge: %v, %v", merged, err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t, servertest.Redis(t))
			w.step(Step{Token: one, Claim: []uint8{1, 2, 3}})
			w.step(Step{Token: one, Outcomes: []Outcome{
				{Place: 1, Attempt: 1, Kind: HandedOver}, {Place: 2, Attempt: 1, Kind: AnswerLost}, {Place: 3, Attempt: 1, Kind: Refused}}})
			note(w)
			// Another page of the channel has no part in it.
			w.step(Step{Page: 1, Token: one, Claim: []uint8{1}})
			w.step(Step{Page: 1, Token: one, Outcomes: []Outcome{{Place: 1, Attempt: 1, Kind: HandedOver}}})
			for range 2 {
				closed, err := w.ledger.Close(t.Context(), w.id, alerting.SMS, 0, []uint8{0, 1, 2, 3})
				if err != nil {
					t.Fatal(err)
				}
				if len(closed.Told) != 0 || string(closed.Later) != "\x01\x02" {
					t.Errorf("told %v, later %v; want nobody, and 1 and 2", closed.Told, closed.Later)
				}
			}
			w.wantState(0, alerting.Cancelled)
			closed, err := w.ledger.Close(t.Context(), w.id, alerting.SMS, 1, []uint8{1})
			if err != nil || string(closed.Told) != "\x01" || len(closed.Later) != 0 {
				t.Errorf("the other page: told %v, later %v, %v; want 1 at once", closed.Told, closed.Later, err)
			}
		})
	}
}

func TestARebuildKeepsWhatWasSentByOwnership(t *testing.T) {
	server := servertest.RedisServer(t, embedded.RedisConfig{})
	w := open(t, server.Addr())
	w.rdb.FlushAll(t.Context())
	intent := w.receipt(1, alerting.Mark{Best: alerting.Uncertain, Handed: 1})
	intent.ByOwnership = true
	b := books([]uint8{0, 1}, intent, w.receipt(1, alerting.Mark{Best: alerting.Sent, Handed: 1}))
	if err := w.ledger.Rebuild(t.Context(), Live{ID: w.id, Issued: time.UnixMilli(60_000)}, b, time.Hour); err != nil {
		t.Fatal(err)
	}
	if n, err := w.rdb.HGet(t.Context(), w.ledger.pagesKey(w.id, alerting.SMS), "o0").Int(); err != nil || n != 1 {
		t.Errorf("the page's mark is %d, %v", n, err)
	}
}
