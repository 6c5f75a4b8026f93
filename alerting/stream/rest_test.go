package stream

import (
	"context"
	"testing"

	"tocsin/alerting"
	"tocsin/alerting/embedded/servertest"
)

func TestARestingHandlerLetsTheNextRecordIn(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t, servertest.Kafka(t))
	cfg.Partitions = 1
	s := openStream(t, cfg, testParts(t))
	dispatchPages(t, s, pagesTo(4)...)
	flash := s.cfg.dispatch(alerting.Test, alerting.SMS, alerting.Flash).name
	wake, done := make(chan struct{}), make(chan uint32, 8)
	stop := consuming(t, func(ctx context.Context) error {
		return s.ConsumeBatches(ctx, BatchGroup{Name: "sms", Channel: alerting.SMS, Window: 1,
			Handle: func(_ context.Context, b *alerting.Batch, own Ownership) error {
				if b.Page == 0 {
					own.Rest()
					own.Rest()
					<-wake
				}
				done <- b.Page
				return nil
			}})
	})
	defer stop()
	for want := range uint32(3) {
		if page := receive(t, "a page behind the one that rests", done); page != want+1 {
			t.Errorf("page %d came, want %d: the window is still one record wide", page, want+1)
		}
	}
	if got := committed(t, s, "sms", flash, 0)[0]; got > 0 {
		t.Errorf("offset %d is committed although record 0 is open", got)
	}
	close(wake)
	if page := receive(t, "the page that rested", done); page != 0 {
		t.Errorf("page %d came, want 0", page)
	}
	eventually(t, "everything committed", func() bool { return committed(t, s, "sms", flash, 0)[0] == 4 })
}
