package stream

import (
	goruntime "runtime/metrics"
	"sync"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/embedded"
	"tocsin/alerting/embedded/servertest"
)

// BenchmarkReadReceipts reads a journal that was written in many small pieces, as callbacks write it: after a loss of Redis
// every worker does. It prints the most that the heap held at the end of a collection, besides the time.
func BenchmarkReadReceipts(b *testing.B) {
	brokers := servertest.Kafka(b)
	if !servertest.RealKafka() {
		brokers = servertest.Broker(b, embedded.KafkaConfig{Dir: b.TempDir()}).Addrs()
	}
	s := openStream(b, testConfig(b, brokers), testParts(b))
	const pieces, writers = 8000, 16
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range pieces / writers {
				r := alerting.Receipt{World: alerting.Test, Alert: alerting.AlertID{1}, Channel: alerting.SMS, Page: uint32(w*pieces + i), Epoch: 1}
				for place := range 8 {
					r.Marks = append(r.Marks, alerting.PlaceMark{Place: uint8(place), Reference: "SM0123456789abcdef0123456789abcdef",
						Mark: alerting.Mark{Best: alerting.Sent, Handed: 1}, At: int64(i)})
				}
				if err := s.Journal(b.Context(), []alerting.Receipt{r}); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	live := []goruntime.Sample{{Name: "/gc/heap/live:bytes"}}
	var most uint64
	for b.Loop() {
		got := 0
		err := s.ReadReceipts(b.Context(), alerting.Test, time.Time{}, func(alerting.Receipt) error {
			got++
			goruntime.Read(live)
			most = max(most, live[0].Value.Uint64())
			return nil
		})
		if err != nil || got < pieces {
			b.Fatalf("%d of %d receipts: %v", got, pieces, err)
		}
	}
	b.ReportMetric(float64(most)/(1<<20), "MB-live")
}
