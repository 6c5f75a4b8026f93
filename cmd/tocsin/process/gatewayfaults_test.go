package process

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/report"
	"tocsin/cmd/tocsin/client"
)

// served is how often the simulator has served its rules so far: the evidence that a fault happened.
func (s *simulator) served(t *testing.T) string {
	t.Helper()
	var text []byte
	s.call(t, http.MethodGet, "/faults", nil, func(r io.Reader) (err error) {
		text, err = io.ReadAll(r)
		return err
	})
	return string(text)
}

// times is how often the rules in force of one kind have been served.
func (s *simulator) times(t *testing.T, kind string) int {
	t.Helper()
	var rules []struct {
		Kind   string
		Served int
	}
	s.call(t, http.MethodGet, "/faults", nil, into(&rules))
	n := 0
	for _, r := range rules {
		if r.Kind == kind {
			n += r.Served
		}
	}
	return n
}

// underFaults delivers one alert to everybody while the gateway misbehaves.
func (o *office) underFaults(t *testing.T, mayDouble int, rules ...string) tally {
	t.Helper()
	for _, rule := range rules {
		defer o.sim.fault(t, rule)()
	}
	r := o.begin(t)
	s := o.finish(t, r.id, 4*time.Minute)
	t.Logf("rules and how often they were served: %s", o.sim.served(t))
	c := o.count(t, r.from, "sms", r.id.String())
	o.judge(t, c, alerting.SMS, s, mayDouble)
	return c
}

// busyFor lets the gateway answer each so-many-th request 429 with a Retry-After of one second.
func busyFor(every int) string {
	return fmt.Sprintf(`{"on":"sms","kind":"status","status":429,"code":20429,"retry_after":"1s","every":%d}`, every)
}

// gatewayBusy: ten requests are answered 429. Nobody fails, and each time all workers rest that long.
func gatewayBusy(t *testing.T, o *office) {
	const every = insiders / 10
	// A limit, too high to matter, is what the processes share of a gateway.
	o.refit(t, o.limitedTo(5000), "sms1", "sms2")
	defer o.refit(t, o.usual(), "sms1", "sms2")
	c := o.underFaults(t, 0, busyFor(every))
	rests := pauses(c.arrivals, 800*time.Millisecond)
	t.Logf("nothing arrived for most of a second: %d times", rests)
	// A rest that falls into another, or that a busy machine cuts short of what counts, is one less.
	if rests < insiders/every*7/10 {
		t.Errorf("the gateway asked for a second's rest %d times, and got it %d times", insiders/every, rests)
	}
}

// pauses is how often nothing arrived for at least so long.
func pauses(all []arrival, least time.Duration) int {
	n := 0
	for i := 1; i < len(all); i++ {
		if all[i].at.Sub(all[i-1].at) >= least {
			n++
		}
	}
	return n
}

// gatewayOut: the gateway answers 503 for twenty seconds.
func gatewayOut(t *testing.T, o *office) {
	o.underFaults(t, 0, `{"on":"sms","kind":"status","status":503,"for":"20s"}`)
}

// gatewayHangs takes some messages and never answers, the first time: each of them may arrive twice. Whose answer is lost every time
// is told twice and no more.
func gatewayHangs(t *testing.T, o *office) {
	const times = 20
	o.sim.silence(t)
	o.underFaults(t, times, fmt.Sprintf(`{"on":"sms","kind":"hang","every":200,"once":true,"times":%d}`, times))
	o.neverAnswered(t, 3)
}

// neverAnswered delivers an alert to some people for whom the gateway takes every message and never answers. When each has been told
// twice, the books call them uncertain, and nothing is put off for a third time.
func (o *office) neverAnswered(t *testing.T, some int) {
	for i := range some {
		defer o.sim.fault(t, fmt.Sprintf(`{"on":"sms","kind":"hang","match":%q}`, o.people[i].phone))()
	}
	workers := func(name string) float64 {
		return o.crew["sms1"].metric(name, `channel="sms"`) + o.crew["sms2"].metric(name, `channel="sms"`)
	}
	before, from := workers("tocsin_deliveries_put_off_total"), o.sim.place(t)
	id, _ := o.issue(t, client.Order{Channels: []string{"sms"}, People: o.refs(some)})
	o.sim.await(t, id.String(), 2*some)
	eventually(t, 20*time.Second, "their batch is finished", func() bool { return workers("tocsin_batches_open") == 0 })
	putOff := workers("tocsin_deliveries_put_off_total") - before
	got, s := o.sim.read(t, from, "sms", id.String()), o.show(t, id)
	t.Logf("no answer for %d people: %d messages, put off %.0f times in all, then %s", some, len(got), putOff, s.Status)
	o.verdict.add(some-len(uniq(got)), len(got)-len(uniq(got)), some)
	for who, n := range uniq(got) {
		if n != 2 {
			t.Errorf("%s was told %d times; whose answer is lost is told twice", who, n)
		}
	}
	if putOff != float64(some) || s.Status != "done" || len(s.Channels) != 1 || s.Channels[0].States != (report.States{Uncertain: int64(some)}) {
		t.Errorf("%d people are uncertain for good; put off %.0f times, the alert is %s: %+v", some, putOff, s.Status, s.Channels)
	}
}

// gatewayNonsense answers with what makes no sense. What it took and did not say so may arrive twice.
func gatewayNonsense(t *testing.T, o *office) {
	const times = 5
	o.sim.silence(t)
	var rules []string
	for i, kind := range []string{"bad_json", "big_body", "reset_after", "error_200", "redirect", "reset_before"} {
		// Each strikes people of another last digit: who lost two answers would not be told again.
		rules = append(rules, fmt.Sprintf(`{"on":"sms","kind":%q,"match":"%d","every":%d,"once":true,"times":%d}`, kind, i, 11+i, times))
	}
	o.underFaults(t, 3*times, rules...)
}

// callbackFirst: the gateway reports what became of a message before it answers the request.
func callbackFirst(t *testing.T, o *office) {
	o.underFaults(t, 0, `{"on":"sms","kind":"callback_early"}`)
}

// expiredInQueue: an alert ends while most of its deliveries wait. Nothing is sent after that, and the books say expired.
func expiredInQueue(t *testing.T, o *office) {
	o.refit(t, o.limitedTo(500), "sms1", "sms2")
	defer o.refit(t, o.usual(), "sms1", "sms2")
	from := o.sim.place(t)
	ends := time.Now().Add(8 * time.Second).Truncate(time.Second)
	id, _ := o.issueText(t, warningUntil(o.identifier(t), ends), onlySMS())
	s := o.finish(t, id, time.Minute)
	got := o.sim.read(t, from, "sms", id.String())
	if len(got) == 0 {
		t.Fatal("nobody was told before the alert ended")
	}
	late := got[len(got)-1].at.Sub(ends)
	t.Logf("%d of %d messages; the last %.3f s after the end", len(got), insiders, late.Seconds())
	o.verdict.add(0, len(got)-len(uniq(got)), 0)
	if late > time.Second {
		t.Errorf("a message was sent %v after the alert had ended", late)
	}
	if len(got) == insiders {
		t.Fatal("nobody was left when the alert ended")
	}
	for _, c := range s.Channels {
		if c.States.Expired != int64(insiders-len(got)) || c.States.Failed > 0 {
			t.Errorf("the books: %+v; %d people must be expired", c.States, insiders-len(got))
		}
	}
}
