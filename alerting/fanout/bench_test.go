package fanout

import (
	"context"
	"iter"
	"runtime"
	"strconv"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/store"
	"tocsin/alerting/store/storetest"
)

// million is an audience of so many people, made up as they are asked for.
type million int64

type millionScan struct {
	n, at int64
}

func (m million) Begin(_ context.Context, _ *alerting.Issued, cursor string, already iter.Seq[int64]) (Scan, error) {
	s := &millionScan{n: int64(m)}
	if cursor != "" {
		s.at, _ = strconv.ParseInt(cursor, 10, 64)
		return s, nil
	}
	for range already {
		s.at = s.n
		break
	}
	return s, nil
}

func (s *millionScan) Next(_ context.Context, limit int) ([]alerting.Addressee, error) {
	out := make([]alerting.Addressee, 0, limit)
	for len(out) < limit && s.at < s.n {
		s.at++
		out = append(out, somebody(s.at))
	}
	return out, nil
}

func somebody(id int64) alerting.Addressee {
	address := make([]byte, 64)
	return alerting.Addressee{ID: id, Info: int(id % 2), Inside: true, Addresses: [4][]byte{address, address, address}}
}

func (s *millionScan) Cursor() string { return strconv.FormatInt(s.at, 10) }

func (m million) Lookup(_ context.Context, _ *alerting.Issued, ids []int64) ([]alerting.Addressee, error) {
	out := make([]alerting.Addressee, len(ids))
	for i, id := range ids {
		out[i] = somebody(id)
	}
	return out, nil
}

// count is an outbox and a ledger that keep nothing but figures.
type count struct {
	begun   time.Time
	first   time.Duration
	batches int
	targets int
}

func (c *count) Dispatch(_ context.Context, batches []alerting.Batch) error {
	if c.batches == 0 {
		c.first = time.Since(c.begun)
	}
	c.batches += len(batches)
	for _, b := range batches {
		c.targets += len(b.To)
	}
	return nil
}

func (c *count) Enqueue(context.Context, alerting.AlertID, []PageOf) error { return nil }

func (c *count) Close(_ context.Context, _ alerting.AlertID, _ alerting.Channel, _ uint32, places []uint8) (Closed, error) {
	return Closed{Told: places}, nil
}

func BenchmarkMillion(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *store.DB{"sqlite": storetest.Open, "postgres": storetest.OpenPostgres} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b, open(b))
			f := w.process()
			f.Audience = million(1_000_000)
			for b.Loop() {
				for name, make := range map[string]func(first *alerting.Issued) *alerting.Issued{
					"alert":  func(first *alerting.Issued) *alerting.Issued { return first },
					"cancel": func(first *alerting.Issued) *alerting.Issued { return w.cancel(first) },
				} {
					first := w.alert("a")
					if name == "cancel" {
						f.Outbox, f.Ledger = &count{batches: 1}, &count{}
						w.accept(f, first)
						w.mustDrain(f)
					}
					in := make(first)
					c := &count{begun: time.Now()}
					f.Outbox, f.Ledger = c, c
					w.accept(f, in)
					w.mustDrain(f)
					b.ReportMetric(time.Since(c.begun).Seconds(), name+"-s")
					b.ReportMetric(float64(c.first.Microseconds())/1000, name+"-first-ms")
					if p := w.progress(in); p.People != 1_000_000 || c.targets != 3_000_000 {
						b.Fatalf("%d people, %d targets", p.People, c.targets)
					}
				}
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(m.Sys)/1e6, "sys-MB")
		})
	}
}
