package channels

import (
	"testing"
	"time"

	"tocsin/alerting"
)

// twoTexts is a batch whose even places get words that end at a time; the others end with the batch.
func (b *bench) twoTexts(places int, ends time.Time) *alerting.Batch {
	batch := b.batch(places)
	batch.Texts = []alerting.Message{{Body: "flood", Cost: 1, Expires: ends}, {Body: "crue", Cost: 1, Expires: batch.Expires}}
	for i := range batch.To {
		batch.To[i].Text = uint8(i % 2)
	}
	return batch
}

func TestWordsThatAreOverAreNotSentThoughTheBatchGoesOn(t *testing.T) {
	b := newBench(t)
	b.onSend = func(d Delivery) {
		if d.Place%2 == 0 || time.Until(d.Expires) < 50*time.Minute {
			t.Errorf("place %d was sent words that end at %v", d.Place, d.Expires)
		}
	}
	b.handle(b.twoTexts(40, time.Now().Add(-time.Second)))
	b.wantSent(20, 1)
	if s := b.states(); s[alerting.ExpiredState] != 20 || s[alerting.Sent] != 20 {
		t.Errorf("states %v, want 20 expired and 20 sent", s)
	}
}

func TestADeliveryExpiresWithItsWords(t *testing.T) {
	b := newBench(t)
	ends := time.Now().Add(time.Minute)
	b.onSend = func(d Delivery) {
		if short := d.Expires.Equal(ends); short != (d.Place%2 == 0) {
			t.Errorf("the delivery to place %d expires at %v", d.Place, d.Expires)
		}
	}
	b.handle(b.twoTexts(10, ends))
	b.wantSent(10, 1)
}

// TestWhatWouldBeOverByItsRetryExpiresNow: the other words are put off.
func TestWhatWouldBeOverByItsRetryExpiresNow(t *testing.T) {
	table := []struct {
		class Class
		want  alerting.State
	}{{Transient, alerting.ExpiredState}, {Lost, alerting.Uncertain}}
	for _, row := range table {
		t.Run(row.class.String(), func(t *testing.T) {
			b := newBench(t)
			b.answer = func(address string, _ int) error {
				if address == "+1000" || address == "+1001" {
					return &Failure{Class: row.class, Reason: "scripted", Alone: true}
				}
				return nil
			}
			b.handle(b.twoTexts(4, time.Now().Add(RetryDelays()[0]/2)))
			b.wantSent(4, 1)
			if s := b.states(); s[row.want] == 0 || s[alerting.Sent] != 2 {
				t.Errorf("states %v, want one %v and two sent", s, row.want)
			}
			if r := b.records.retries; len(r) != 1 || len(r[0].To) != 1 || r[0].To[0].Place != 1 {
				t.Errorf("retries %+v, want place 1 alone", r)
			}
			if s := b.records.state(0); s != row.want {
				t.Errorf("the journal says %v of place 0, want %v", s, row.want)
			}
		})
	}
}
