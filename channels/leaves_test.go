package channels

import (
	"errors"
	"testing"
	"time"

	"tocsin/alerting"
)

// TestBarred: a live gateway is handed a test only when whoever knows the windows lets it out, for this very alert.
func TestBarred(t *testing.T) {
	id := alerting.AlertID{1}
	in := func(w alerting.World) *alerting.Issued {
		return &alerting.Issued{ID: id, Envelope: alerting.Envelope{World: w}}
	}
	yes := func(*alerting.Issued, alerting.Channel, time.Time) error { return nil }
	no := func(*alerting.Issued, alerting.Channel, time.Time) error { return errors.New("closed") }
	for _, row := range []struct {
		name   string
		live   bool
		leaves Leaves
		d      Delivery
		passes bool
	}{
		{"actual", true, no, Delivery{World: alerting.Actual}, true},
		{"not live", false, no, Delivery{World: alerting.Exercise}, true},
		{"a test in its window", true, yes, Delivery{World: alerting.Test, Alert: id, Issued: in(alerting.Test)}, true},
		{"a closed window", true, no, Delivery{World: alerting.Test, Alert: id, Issued: in(alerting.Test)}, false},
		{"nobody to ask", true, nil, Delivery{World: alerting.Test, Alert: id, Issued: in(alerting.Test)}, false},
		{"no alert to ask about", true, yes, Delivery{World: alerting.Test, Alert: id}, false},
		{"another alert", true, yes, Delivery{World: alerting.Test, Alert: alerting.AlertID{2}, Issued: in(alerting.Test)}, false},
		{"an alert of another world", true, yes, Delivery{World: alerting.Test, Alert: id, Issued: in(alerting.Exercise)}, false},
		{"an exercise", true, yes, Delivery{World: alerting.Exercise, Alert: id, Issued: in(alerting.Exercise)}, false},
		{"no world", true, yes, Delivery{Alert: id, Issued: in("")}, false},
	} {
		if got := Barred(row.live, row.leaves, &row.d, time.Now()) == nil; got != row.passes {
			t.Errorf("%s: passes %v, want %v", row.name, got, row.passes)
		}
	}
}
