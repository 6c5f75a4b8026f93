package ledger

import (
	"errors"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/embedded/servertest"
)

// TestStandingIsThatOfEachPage: states and notes by place, of pages that were written and of one that was not.
func TestStandingIsThatOfEachPage(t *testing.T) {
	w := open(t, servertest.Redis(t))
	at := time.UnixMilli(1000)
	w.step(Step{Page: 1, Token: one, Claim: []uint8{0, 7, 255}})
	w.step(Step{Page: 1, Token: one, Outcomes: []Outcome{
		{Place: 0, Attempt: 1, Kind: HandedOver, At: at},
		{Place: 7, Attempt: 1, Kind: PutOff, Reason: "busy", At: at},
		{Place: 255, Attempt: 1, Kind: Refused, Reason: "no such number", At: at},
	}})
	w.step(Step{Page: 1, Channel: alerting.Mail, Token: two, Claim: []uint8{0}})
	pages, err := w.ledger.Standing(t.Context(), w.id, 0, 3)
	if err != nil || len(pages) != 3 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	p := &pages[1]
	for place, want := range map[uint8][4]alerting.State{
		0: {alerting.Sent, alerting.None, alerting.Queued, alerting.None}, 1: {}, 7: {alerting.Queued}, 255: {alerting.Failed},
	} {
		if have := p.StatesAt(place); have != want {
			t.Errorf("place %d: %v, want %v", place, have, want)
		}
	}
	notes := p.Notes(0)
	if len(notes) != 2 || len(notes[7]) != 1 || notes[7][0].Reason != "busy" || len(notes[255]) != 1 || notes[255][0].What != "failed" {
		t.Errorf("notes %+v", notes)
	}
	if len(p.Notes(2)) != 0 || pages[0].StatesAt(0) != pages[2].StatesAt(255) {
		t.Error("a page that nobody wrote is not empty")
	}
}

// TestStandingIsVouchedFor: what the ledger has forgotten is no empty page.
func TestStandingIsVouchedFor(t *testing.T) {
	w := open(t, servertest.Redis(t))
	if err := w.rdb.HDel(t.Context(), w.ledger.metaKey(w.id), "ready").Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.ledger.Standing(t.Context(), w.id, 0, 1); !errors.Is(err, ErrNotReady) {
		t.Errorf("%v, want ErrNotReady", err)
	}
}
