package serve

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"tocsin/alerting"
	"tocsin/alerting/fanout"
	"tocsin/alerting/ledger"
)

// TestFiguresAreOfTheLatestAlertAlone: what an earlier alert did on a channel that the latest does not use is gone.
func TestFiguresAreOfTheLatestAlertAlone(t *testing.T) {
	h := &house{reg: prometheus.NewRegistry()}
	o := h.newObserver()
	world := alerting.Actual
	o.counts = func(_ context.Context, _ alerting.AlertID, ch alerting.Channel) (ledger.Counts, error) {
		o.handover.WithLabelValues(string(world), string(ch), "first").Set(1)
		return ledger.Counts{}, nil
	}
	for i, row := range []struct {
		world alerting.World
		used  []alerting.Channel
		want  string
	}{
		{alerting.Actual, alerting.Channels(), "actual/mail actual/push actual/siren actual/sms"},
		{alerting.Actual, []alerting.Channel{alerting.SMS, alerting.Mail}, "actual/mail actual/sms"},
		{alerting.Test, []alerting.Channel{alerting.Push}, "actual/mail actual/sms test/push"},
	} {
		p := fanout.Progress{Alert: alerting.AlertID{byte(i + 1)}, World: row.world, Targeted: map[alerting.Channel]int64{}}
		world = row.world
		for _, ch := range row.used {
			p.Targeted[ch] = 1
		}
		if err := o.tell(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"tocsin_latest_alert_handover_seconds", "tocsin_latest_alert_deliveries"} {
			if have := series(t, h.reg, name); have != row.want {
				t.Errorf("%s after alert %d: %s, want %s", name, i+1, have, row.want)
			}
		}
	}
}

// series lists "world/channel" of a metric, each once, sorted.
func series(t *testing.T, reg *prometheus.Registry, name string) string {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range families {
		for _, m := range f.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			at := labels["world"] + "/" + labels["channel"]
			if f.GetName() == name && !slices.Contains(out, at) {
				out = append(out, at)
			}
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}
