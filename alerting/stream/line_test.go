package stream

import (
	"context"
	"testing"

	"tocsin/alerting"
	"tocsin/alerting/embedded/servertest"
)

func TestAGatewayThatDoesNotMoveHoldsNoOther(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t, servertest.Kafka(t))
	cfg.Partitions = 1
	s := openStream(t, cfg, testParts(t))
	var batches []alerting.Batch
	for page := range uint32(12) {
		b := testBatch(page, 1)
		if b.Gateway = "slow"; page >= 8 {
			b.Gateway = "fast"
		}
		batches = append(batches, b)
	}
	if err := s.Dispatch(testContext(t), batches); err != nil {
		t.Fatal(err)
	}
	wake, done := make(chan struct{}), make(chan uint32, len(batches))
	stop := consuming(t, func(ctx context.Context) error {
		return s.ConsumeBatches(ctx, BatchGroup{Name: "sms", Channel: alerting.SMS, Window: 2,
			Handle: func(_ context.Context, b *alerting.Batch, _ Ownership) error {
				if b.Gateway == "slow" {
					<-wake
				}
				done <- b.Page
				return nil
			}})
	})
	defer stop()
	for range 4 {
		if page := receive(t, "a page of the fast gateway", done); page < 8 {
			t.Errorf("page %d came, of the gateway that does not move", page)
		}
	}
	flash := s.cfg.dispatch(alerting.Test, alerting.SMS, alerting.Flash).name
	if got := committed(t, s, "sms", flash, 0)[0]; got > 0 {
		t.Errorf("offset %d is committed although record 0 is open", got)
	}
	close(wake)
	for range 8 {
		receive(t, "a page of the slow gateway", done)
	}
	eventually(t, "everything committed", func() bool { return committed(t, s, "sms", flash, 0)[0] == 12 })
}
