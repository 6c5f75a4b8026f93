package serve

import (
	"strings"
	"testing"
	"time"

	"tocsin/alerting/console"
)

// TestSirensAreNotSilentBeforeTheyCouldReport: while little time was noted a siren is not yet known; one that was heard, and then no more,
// is silent.
func TestSirensAreNotSilentBeforeTheyCouldReport(t *testing.T) {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(hours int) time.Time { return start.Add(time.Duration(hours) * time.Hour) }
	for _, row := range []struct {
		name        string
		all         string
		heard       map[string]time.Time
		now         time.Time
		state       string
		says, notes string
	}{
		{"all were heard", "s1 s2", map[string]time.Time{"s1": at(1), "s2": at(20)}, at(24), console.CheckOK, "All 2 were heard from", "not"},
		{"just begun", "s1 s2", nil, at(1), console.CheckUnknown, "2 of 2 are not yet known: nothing was heard from them since 2026-03-01 12:00Z", "more than a day"},
		{"some were heard", "s1 s2", map[string]time.Time{"s1": at(1)}, at(2), console.CheckUnknown, "1 of 2 are not yet known", "more than a day"},
		{"a day on", "s1 s2", map[string]time.Time{"s1": at(20)}, at(27), console.CheckWarn, "1 of 2 have not been heard from for more than a day: s2", "not yet known"},
		{"none after a day", "s1", nil, at(27), console.CheckBad, "1 of 1 have not been heard from for more than a day: s1", "not yet known"},
		{"fallen silent", "s1 s2", map[string]time.Time{"s1": at(1), "s2": at(30)}, at(31), console.CheckWarn, "1 of 2 have not been heard from for more than a day: s1", "not yet known"},
	} {
		c := checkSirens(strings.Fields(row.all), row.heard, start, row.now)
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
