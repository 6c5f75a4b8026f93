package serve

import (
	"strings"
	"testing"
	"time"

	"tocsin/alerting/console"
)

// TestSirensAreNotSilentBeforeTheyCouldReport: after a start a siren is not yet known; one that was heard, and then no more, is silent.
func TestSirensAreNotSilentBeforeTheyCouldReport(t *testing.T) {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }
	never := time.Time{}
	for _, row := range []struct {
		name        string
		seen        map[string]time.Time
		now         time.Time
		state       string
		says, notes string
	}{
		{"all report", map[string]time.Time{"s1": at(1), "s2": at(2)}, at(3), console.CheckOK, "All 2 report", "unknown"},
		{"just started", map[string]time.Time{"s1": never, "s2": never}, at(1), console.CheckUnknown, "2 of 2 are not yet known: they have not reported since the start at 12:00Z.", "heard"},
		{"some have reported", map[string]time.Time{"s1": at(1), "s2": never}, at(2), console.CheckUnknown, "1 of 2 are not yet known", "heard"},
		{"ten minutes on", map[string]time.Time{"s1": at(10), "s2": never}, at(11), console.CheckWarn, "1 of 2 have not been heard from in ten minutes: s2", "not yet known"},
		{"none after ten minutes", map[string]time.Time{"s1": never}, at(11), console.CheckBad, "1 of 1 have not been heard from in ten minutes: s1", "not yet known"},
		{"fallen silent", map[string]time.Time{"s1": at(1), "s2": at(19)}, at(20), console.CheckWarn, "1 of 2 have not been heard from in ten minutes: s1", "not yet known"},
	} {
		c := checkSirens(row.seen, start, row.now)
		if c.State != row.state || !strings.Contains(c.Detail["en"], row.says) || strings.Contains(c.Detail["en"], row.notes) {
			t.Errorf("%s: %+v", row.name, c)
		}
		if (c.State == console.CheckUnknown) != strings.Contains(c.Detail["zh"], "尚不清楚") {
			t.Errorf("%s in Chinese: %s", row.name, c.Detail["zh"])
		}
	}
}

func TestReadinessIsThatOfTheWorst(t *testing.T) {
	for want, states := range map[string][]string{
		console.CheckOK: {console.CheckOK}, console.CheckUnknown: {console.CheckUnknown, console.CheckOK},
		console.CheckWarn: {console.CheckWarn, console.CheckUnknown}, console.CheckBad: {console.CheckWarn, console.CheckBad, console.CheckUnknown},
	} {
		var all []console.Check
		for _, s := range states {
			all = append(all, console.Check{State: s})
		}
		if got := console.ReadinessOf(all).State; got != want {
			t.Errorf("%v: %s, want %s", states, got, want)
		}
	}
}
