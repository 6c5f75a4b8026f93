package ledger

import (
	"testing"

	"tocsin/alerting"
	"tocsin/alerting/embedded/servertest"
)

// TestAStormOfReports: five hundred records of single reports about few pages are few script calls, and all count.
func TestAStormOfReports(t *testing.T) {
	w := open(t, servertest.Redis(t))
	var storm []alerting.Receipt
	for i := range 2000 {
		storm = append(storm, alerting.Receipt{Alert: w.id, Channel: alerting.SMS, Page: uint32(i % 4), Marks: []alerting.PlaceMark{
			{Place: uint8(i / 4 % 256), Mark: alerting.Mark{Best: alerting.Delivered, Handed: 1}}}})
	}
	if n := len(coalesce(storm)); n != 4 {
		t.Errorf("%d pages after joining, want 4", n)
	}
	merged, err := w.ledger.Merge(t.Context(), storm)
	if err != nil || len(merged.NotReady) != 0 {
		t.Fatal(merged, err)
	}
	if c := w.counts(); c.States[alerting.Delivered] != 4*256 {
		t.Errorf("delivered %d, want 1024", c.States[alerting.Delivered])
	}
	if len(storm[0].Marks) != 1 {
		t.Error("the caller's receipts were changed")
	}
}
