package process

import (
	"context"
	"fmt"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/report"
)

// tally is what the raw log says of one alert on one channel.
type tally struct {
	lost, doubled, strangers int
	arrivals                 []arrival
}

// count compares who must be told with who was.
func (o *office) count(t testing.TB, from int64, channel string, alert string) tally {
	t.Helper()
	c := tally{arrivals: o.sim.read(t, from, channel, alert)}
	times := uniq(c.arrivals)
	want := audienceOf(o.people, channel)
	for who := range want {
		if times[who] == 0 {
			c.lost++
		}
	}
	for who, n := range times {
		c.doubled += n - 1
		if !want[who] {
			c.strangers++
		}
	}
	return c
}

// finish waits until the alert has come to rest and its callbacks are in, and gives the last standing.
func (o *office) finish(t *testing.T, id alerting.AlertID, within time.Duration) report.Status {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	var s report.Status
	var err error
	for {
		// The Go client, because a process a look would take the processors from those that are watched.
		if s, err = o.api.Status(ctx, id); err == nil && atRest(s, o.sim.silent) {
			break
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Errorf("alert %s has not come to rest within %v: %v", id, within, err)
			return o.show(t, id)
		}
	}
	return o.show(t, id)
}

// atRest: everything is settled, and, unless the gateway is silent, what it took is reported delivered. A stopped alert
// may keep uncertain deliveries for good: those of a worker that died, which nobody sends again.
func atRest(s report.Status, silent bool) bool {
	silent = silent || s.StoppedBy != ""
	if !s.Ready || s.Status == "expanding" || s.Status == "delivering" || len(s.Channels) == 0 {
		return false
	}
	for _, c := range s.Channels {
		// Whose answer was lost is told again, once.
		if s.StoppedBy == "" && c.States.Uncertain > 0 {
			return false
		}
		if c.States.Open() > 0 || c.States.Sum() != c.Targeted || (c.Channel == alerting.SMS && !silent && c.States.Sent+c.States.Uncertain > 0) {
			return false
		}
	}
	return true
}

// show asks the true program for the standing and prints it.
func (o *office) show(t *testing.T, id alerting.AlertID) report.Status {
	t.Helper()
	s, err := o.status(t, id)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range s.Channels {
		t.Logf("status: %s, ready %t, consistent %t: %s targeted %d %+v", s.Status, s.Ready, s.Consistent, c.Channel, c.Targeted, c.States)
	}
	if len(s.Channels) == 0 {
		t.Logf("status: %s, ready %t: no figures", s.Status, s.Ready)
	}
	return s
}

// judge holds raw log and books of one finished alert against who lives inside. At most mayDouble deliveries may have
// been doubled.
func (o *office) judge(t *testing.T, c tally, channel alerting.Channel, s report.Status, mayDouble int) {
	t.Helper()
	people := len(audienceOf(o.people, string(channel)))
	o.verdict.add(c.lost, c.doubled, mayDouble)
	t.Logf("raw log: %s: %d people, %d arrivals, lost %d, doubled %d (at most %d), strangers %d", channel, people, len(c.arrivals),
		c.lost, c.doubled, mayDouble, c.strangers)
	if c.lost > 0 {
		t.Errorf("%s: %d people inside were never told", channel, c.lost)
	}
	if c.doubled > mayDouble {
		t.Errorf("%s: %d deliveries were doubled; at most %d were in flight", channel, c.doubled, mayDouble)
	}
	if c.strangers > 0 {
		t.Errorf("%s: %d people were told who live outside", channel, c.strangers)
	}
	if err := agree(s, channel, people, channel == alerting.Siren || channel == alerting.SMS && !o.sim.silent); err != nil {
		t.Errorf("%s: %v", channel, err)
	}
}

// agree says how the books of one channel differ from what they must say once everybody was told; reported says that the gateway tells
// what became of its messages.
func agree(s report.Status, channel alerting.Channel, people int, reported bool) error {
	if !s.Ready || !s.Consistent {
		return fmt.Errorf("the books are not consistent: ready %t, consistent %t", s.Ready, s.Consistent)
	}
	for _, c := range s.Channels {
		if c.Channel != channel {
			continue
		}
		want := report.States{Sent: int64(people)}
		if reported {
			want = report.States{Delivered: int64(people)}
		}
		if c.States != want || c.Targeted != int64(people) {
			return fmt.Errorf("the books say %d targeted, %+v; it must be %+v", c.Targeted, c.States, want)
		}
		return nil
	}
	return fmt.Errorf("the books do not know the channel")
}
