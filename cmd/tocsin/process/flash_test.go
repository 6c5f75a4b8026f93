package process

import (
	"fmt"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/cmd/tocsin/client"
)

// benchFlash issues a red alert for some people while 200,000 routine deliveries wait at a gateway with a limit: its first
// message must be handed over within a second, its last as soon as the limit allows.
func benchFlash(t *testing.T, o *office) figure {
	const limit = 1000
	some := max(*size/50, 20)
	at := o.sim.info.Listeners["sms"]
	o.refit(t, fit{slots: defaultSlots, sms: at, rate: limit}, "sms1", "sms2")
	defer o.refit(t, fit{slots: defaultSlots, sms: at}, "sms1", "sms2")
	from := o.sim.place(t)
	var routine []alerting.AlertID
	for range 2 {
		id, _ := o.issueText(t, warningOf(o.identifier(t), "Minor", "Future"), onlySMS())
		routine = append(routine, id)
	}
	o.waiting(t, routine)
	r := run{from: from}
	r.id, r.began = o.issue(t, client.Order{Channels: []string{"sms"}, People: o.refs(some)})
	s := o.finish(t, r.id, time.Minute)
	got := o.sim.read(t, from, "sms", r.id.String())
	if len(got) != some || len(uniq(got)) != some || s.People.Told != int64(some) {
		t.Fatalf("%d messages to %d people, the books say %d told; it must be %d", len(got), len(uniq(got)), s.People.Told, some)
	}
	o.stopAll(t, routine)
	first, last := got[0].at.Sub(r.began), got[some-1].at.Sub(r.began)
	ideal := time.Duration(some) * time.Second / limit
	f := figure{PerSecond: float64(some) / last.Seconds(), Value: millis(first), Bar: "first < 1 s, last ≤ limit + 5 %",
		Bare: float64(limit), Ratio: ideal.Seconds() / last.Seconds()}
	f.Reached = first < time.Second && last <= ideal*105/100+time.Second/20
	f.Note = fmt.Sprintf("first %.0f ms, last %.2f s after accepted; the limit alone takes %.2f s", millis(first), last.Seconds(), ideal.Seconds())
	return f
}

// waiting returns when all deliveries of some alerts are written to Kafka and the gateway has begun with them.
func (o *office) waiting(t *testing.T, alerts []alerting.AlertID) {
	t.Helper()
	for _, id := range alerts {
		eventually(t, time.Minute, "alert "+id.String()+" is expanded", func() bool {
			_, state := o.expansion(t, id)
			return state == "done"
		})
	}
	open := int64(0)
	for _, id := range alerts {
		s, err := o.api.Status(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range s.Channels {
			open += c.States.Open()
		}
	}
	t.Logf("%d routine deliveries wait", open)
}

// stopAll cancels alerts and waits until everybody who was told knows.
func (o *office) stopAll(t *testing.T, alerts []alerting.AlertID) {
	t.Helper()
	for _, id := range alerts {
		answer, err := o.api.Cancel(t.Context(), id, "")
		if err != nil {
			t.Fatalf("cancel %s: %v", id, err)
		}
		o.finish(t, answer.Alert, 3*time.Minute)
	}
}

// refs names some people who live inside.
func (o *office) refs(n int) []string {
	var out []string
	for i := range o.people {
		if o.people[i].inside && len(out) < n {
			out = append(out, o.people[i].ref)
		}
	}
	return out
}
