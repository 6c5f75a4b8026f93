package channels

import (
	"fmt"
	"testing"

	"tocsin/alerting"
	"tocsin/alerting/seal"
)

func TestAnAddressWhoseKeyIsMissingIsPutOff(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.worker.People.Open = func(_ alerting.Channel, sealed []byte) (string, error) {
		switch string(sealed) {
		case "+1001":
			return "", fmt.Errorf("open: %w", &seal.UnknownKey{Fingerprint: "5de467d4"})
		case "+1002":
			return "", fmt.Errorf("open: %w", alerting.ErrInvalid)
		}
		return string(sealed), nil
	}
	b.handle(b.batch(4))
	b.wantSent(2, 1)
	if s := b.records.state(2); s != alerting.Failed {
		t.Errorf("the altered address is %s, want failed", s)
	}
	b.records.mu.Lock()
	defer b.records.mu.Unlock()
	if len(b.records.retries) != 1 || len(b.records.retries[0].To) != 1 || b.records.retries[0].To[0].Place != 1 {
		t.Errorf("put off: %+v, want place 1 alone", b.records.retries)
	}
	if len(b.records.dead) > 0 {
		t.Errorf("dead letters: %v", b.records.dead)
	}
}
