package stream

import (
	"context"
	"slices"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/embedded"
	"tocsin/alerting/embedded/servertest"
)

// BenchmarkIssueToBatch measures the idle path: publish, consume, dispatch, consume, and what of it is Publish.
func BenchmarkIssueToBatch(b *testing.B) {
	brokers := servertest.Kafka(b)
	if !servertest.RealKafka() {
		brokers = servertest.Broker(b, embedded.KafkaConfig{Dir: b.TempDir()}).Addrs()
	}
	s := openStream(b, testConfig(b, brokers), testParts(b))
	arrived := make(chan struct{}, 1)
	consuming(b, func(ctx context.Context) error {
		return s.ConsumeIssued(ctx, "fanout", nil, func(ctx context.Context, a *alerting.Issued, _ Ownership) error {
			batch := testBatch(1, 10)
			batch.Alert = a.ID
			return s.Dispatch(ctx, []alerting.Batch{batch})
		})
	})
	consuming(b, func(ctx context.Context) error {
		return s.ConsumeBatches(ctx, BatchGroup{Name: "sms", Channel: alerting.SMS,
			Handle: func(context.Context, *alerting.Batch, Ownership) error { arrived <- struct{}{}; return nil }})
	})
	var path, issue []time.Duration
	n := 0
	once := func() {
		n++
		a := testAlert(time.Unix(int64(n), 0).String(), nil)
		begin := time.Now()
		publish(b, s, a)
		issue = append(issue, time.Since(begin))
		accepted := time.Now()
		receive(b, "the batch", arrived)
		path = append(path, time.Since(accepted))
	}
	once() // joins the groups
	path, issue = nil, nil
	for b.Loop() {
		once()
	}
	for name, d := range map[string][]time.Duration{"batch-ms": path, "publish-ms": issue} {
		slices.Sort(d)
		b.ReportMetric(float64(d[len(d)/2].Microseconds())/1000, name+"-p50")
		b.ReportMetric(float64(d[len(d)*99/100].Microseconds())/1000, name+"-p99")
	}
}

// BenchmarkJournal measures receipts of whole chunks from several workers at once.
func BenchmarkJournal(b *testing.B) {
	brokers := servertest.Kafka(b)
	if !servertest.RealKafka() {
		brokers = servertest.Broker(b, embedded.KafkaConfig{Dir: b.TempDir()}).Addrs()
	}
	s := openStream(b, testConfig(b, brokers), testParts(b))
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		r := alerting.Receipt{World: alerting.Test, Alert: alerting.AlertID{1}, Channel: alerting.SMS}
		for i := range 64 {
			r.Marks = append(r.Marks, alerting.PlaceMark{Place: uint8(i), Mark: alerting.Mark{Best: alerting.Sent, Handed: 1}})
		}
		for pb.Next() {
			r.Page++
			if err := s.Journal(context.Background(), []alerting.Receipt{r}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.ReportMetric(64*float64(b.N)/b.Elapsed().Seconds(), "marks/s")
}
