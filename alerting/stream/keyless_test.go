package stream

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/segmentio/kafka-go"

	"tocsin/alerting"
	"tocsin/alerting/embedded/servertest"
	"tocsin/alerting/seal"
)

// notices is a board whose alerts the test puts up itself.
type notices struct {
	mu    sync.Mutex
	known map[alerting.AlertID]alerting.Standing
}

func (n *notices) put(id alerting.AlertID, digest [32]byte, expires time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.known == nil {
		n.known = map[alerting.AlertID]alerting.Standing{}
	}
	n.known[id] = alerting.Standing{Issued: &alerting.Issued{ID: id, Expires: expires,
		Envelope: alerting.Envelope{World: alerting.Test, Digest: digest}}}
}

func (n *notices) Standing(id alerting.AlertID) (alerting.Standing, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s, ok := n.known[id]
	return s, ok
}

func (n *notices) Fresh(time.Time) bool { return true }

// rotation is an office in the middle of a change of keys: one who dispatches has the new key, one who consumes not yet.
type rotation struct {
	sender, worker *Stream
	// dir is the worker's folder of keys, and line the file of the new one.
	dir, line string
}

func putKey(t testing.TB, dir, name, line string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name+".key"), []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
}

func newRotation(t testing.TB) *rotation {
	t.Helper()
	r := &rotation{dir: t.TempDir(), line: seal.Generate()}
	old, ahead := seal.Generate(), t.TempDir()
	putKey(t, r.dir, "001", old)
	putKey(t, ahead, "001", old)
	putKey(t, ahead, "002", r.line)
	cfg := testConfig(t, servertest.Kafka(t))
	cfg.Partitions = 1
	open := func(dir string) *Stream {
		parts := testParts(t)
		var err error
		if parts.Keys, err = seal.OpenFolder(dir, time.Now); err != nil {
			t.Fatal(err)
		}
		return openStream(t, cfg, parts)
	}
	r.sender, r.worker = open(ahead), open(r.dir)
	return r
}

// consume lets the worker work.
func (r *rotation) consume(t testing.TB, board Board) (pages <-chan uint32, stop func()) {
	t.Helper()
	got := make(chan uint32, 64)
	return got, consuming(t, func(ctx context.Context) error {
		return r.worker.ConsumeBatches(ctx, BatchGroup{Name: "sms", Channel: alerting.SMS, Board: board,
			Handle: func(_ context.Context, b *alerting.Batch, _ Ownership) error { got <- b.Page; return nil }})
	})
}

func (r *rotation) letters(t testing.TB) (reasons []string) {
	t.Helper()
	if err := r.worker.ReadDeadLetters(testContext(t), alerting.Test, time.Time{}, func(l Letter) error {
		reasons = append(reasons, l.Reason)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return reasons
}

func (r *rotation) held() float64 {
	return testutil.ToFloat64(r.worker.metrics.held.WithLabelValues("dispatch"))
}

func TestABatchIsHeldUntilItsKeyComes(t *testing.T) {
	t.Parallel()
	r, board := newRotation(t), &notices{}
	b := testBatch(0, 1)
	board.put(b.Alert, b.Digest, b.Expires)
	flash := r.worker.cfg.dispatch(alerting.Test, alerting.SMS, alerting.Flash).name
	// More than a window of them, and behind them one that the worker can read.
	dispatchPages(t, r.sender, pagesTo(6)...)
	dispatchPages(t, r.worker, 9)
	pages, stop := r.consume(t, board)
	if page := receive(t, "the readable page behind those that are held", pages); page != 9 {
		t.Fatalf("page %d was handed out", page)
	}
	eventually(t, "the missing key is named", func() bool {
		err := r.worker.MissingKeys()
		return r.held() == 6 && err != nil && strings.HasPrefix(err.Error(), "6 batches are held: key "+r.sender.parts.Keys.Fingerprints()["002"]) &&
			strings.Contains(err.Error(), r.dir)
	})
	if got := committed(t, r.worker, "sms", flash, 0)[0]; got > 0 {
		t.Errorf("offset %d is committed although what stands before it is held", got)
	}
	// Leaving does not wait for the key, and leaves everything to the next owner.
	began := time.Now()
	stop()
	if took := time.Since(began); took > defaultGrace {
		t.Errorf("leaving took %s", took)
	}
	if err := r.worker.MissingKeys(); err != nil || r.held() != 0 {
		t.Errorf("after leaving: %v, %v held", err, r.held())
	}
	pages, _ = r.consume(t, board)
	eventually(t, "the next owner holds them, too", func() bool { return r.held() == 6 })
	putKey(t, r.dir, "002", r.line)
	seen := map[uint32]bool{}
	for range 7 {
		seen[receive(t, "a page that was held", pages)] = true
	}
	if len(seen) != 7 {
		t.Errorf("pages %v, want 0 to 5 and, once more, 9", seen)
	}
	eventually(t, "everything is committed", func() bool { return committed(t, r.worker, "sms", flash, 0)[0] == 7 })
	eventually(t, "nothing is held", func() bool { return r.held() == 0 && r.worker.MissingKeys() == nil })
	if reasons := r.letters(t); len(reasons) > 0 {
		t.Errorf("dead letters: %v", reasons)
	}
}

// TestAForgedKeyHoldsNothingForLong: batches that name a key which never was, in front of a good one.
func TestAForgedKeyHoldsNothingForLong(t *testing.T) {
	t.Parallel()
	r, board := newRotation(t), &notices{}
	good := testBatch(9, 1)
	board.put(good.Alert, good.Digest, good.Expires)
	forge := func(page uint32, change func(*alerting.Batch)) {
		b := testBatch(page, 1)
		change(&b)
		if err := r.sender.Dispatch(testContext(t), []alerting.Batch{b}); err != nil {
			t.Fatal(err)
		}
	}
	forge(1, func(b *alerting.Batch) { b.Alert[0]++; b.Expires = time.Now().AddDate(1000, 0, 0) })
	forge(2, func(b *alerting.Batch) { b.Digest[0]++ })
	forge(3, func(b *alerting.Batch) { b.Expires = time.Now() })
	topic := r.worker.cfg.dispatch(alerting.Test, alerting.SMS, alerting.Flash)
	record, err := encodeBatch(r.worker.parts.Keys, topic.name, &good)
	if err != nil {
		t.Fatal(err)
	}
	corrupt := bytes.Clone(record)
	corrupt[len(corrupt)-1]++
	if err := r.worker.write(testContext(t), r.worker.batches, []kafka.Message{{Topic: topic.name, Value: corrupt}}, "forge"); err != nil {
		t.Fatal(err)
	}
	dispatchPages(t, r.worker, 9)
	pages, _ := r.consume(t, board)
	if page := receive(t, "the good page", pages); page != 9 {
		t.Fatalf("page %d was handed out", page)
	}
	var reasons []string
	eventually(t, "four dead letters", func() bool {
		if err := r.worker.MissingKeys(); err != nil {
			t.Errorf("a forged record makes the process look ill: %v", err)
		}
		reasons = r.letters(t)
		return len(reasons) == 4
	})
	for _, want := range []string{"no such alert was issued", "another document", "the alert is over", "were altered"} {
		if !strings.Contains(strings.Join(reasons, "\n"), want) {
			t.Errorf("no dead letter says %q: %q", want, reasons)
		}
	}
	eventually(t, "everything is committed", func() bool { return committed(t, r.worker, "sms", topic.name, 0)[0] == 5 })
}

func TestVainIsBoundedWithoutABoard(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s := &Stream{cfg: Config{LongestValidity: time.Hour}, parts: Parts{Now: func() time.Time { return now }}}
	p := &partition{m: &member{s: s}, origin: origin{topic: topic{world: alerting.Test}}}
	for name, row := range map[string]struct {
		written, expires time.Time
		want             string
	}{
		"alive":                    {now, now.Add(time.Minute), ""},
		"over":                     {now.Add(-time.Minute), now, "the alert is over"},
		"longer than alerts live":  {now.Add(-time.Hour), now.AddDate(1, 0, 0), "the alert is over"},
		"as long as an alert does": {now.Add(-59 * time.Minute), now.AddDate(1, 0, 0), ""},
	} {
		_, why := p.vain(&record{time: row.written}, &alerting.Batch{Expires: row.expires}, now)
		if why != row.want {
			t.Errorf("%s: %q, want %q", name, why, row.want)
		}
	}
}
