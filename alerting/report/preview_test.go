package report

import (
	"testing"

	"tocsin/alerting"
)

// TestPreviewsNeedNoRecipients: every info has its words on every channel of the order, and one that fails says why.
func TestPreviewsNeedNoRecipients(t *testing.T) {
	t.Parallel()
	d, in := dryRunner(func(info int, ch alerting.Channel) bool { return info == 1 && ch == alerting.Siren })
	d.Audience, d.Sirens = town{}, town{}
	d.Advice = func(*alerting.Issued, int) []string { return []string{"short"} }
	all := d.Previews(in)
	if len(all) != 2*len(alerting.Channels()) {
		t.Fatalf("%d previews", len(all))
	}
	for _, p := range all {
		failed := p.Info == 2 && p.Channel == alerting.Siren
		if failed != (p.Problem != "") || failed == (p.Body == "water") || (p.Channel == alerting.SMS) != (len(p.Advice) == 1) {
			t.Errorf("info %d, %s: %+v", p.Info, p.Channel, p)
		}
	}
	in.Envelope.Channels = []alerting.Channel{alerting.Mail}
	if all = d.Previews(in); len(all) != 2 || all[0].Channel != alerting.Mail {
		t.Errorf("by mail alone: %+v", all)
	}
}
