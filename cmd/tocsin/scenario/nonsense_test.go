package scenario

import (
	"fmt"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/cmd/gatewaysim/sim"
	"tocsin/cmd/tocsin/client"
)

// odd is a person whose messages the gateway answers oddly.
type odd struct {
	name  string
	rules []sim.Rule
	// became is how it ends, reason what the receipt says, times how often the gateway took it.
	became, reason string
	times          int
}

// TestAGatewayThatAnswersNonsense: every odd answer is understood for what it is worth; what was surely not taken is
// tried again, what may have been is tried at most once more, and nobody else waits for it.
func TestAGatewayThatAnswersNonsense(t *testing.T) {
	t.Parallel()
	o := Open(t, Options{Callbacks: sim.CallbackConfig{NoSent: true}})
	p := o.Plot()
	rows := []odd{
		{"bad JSON, and a report comes", []sim.Rule{{Kind: sim.BadJSON}}, "sms delivered", "", 1},
		{"bad JSON, and no report ever", []sim.Rule{{Kind: sim.BadJSON}, {Kind: sim.CallbackDrop}}, "sms uncertain", "twilio: an answer that makes no sense", 2},
		{"10 MB once, and no report ever", []sim.Rule{{Kind: sim.BigBody, Times: 1}, {Kind: sim.CallbackDrop}}, "sms sent", "twilio: ", 2},
		{"200 with an error in it, once", []sim.Rule{{Kind: sim.Error200, Times: 1}}, "sms delivered", "", 1},
		{"503 once", []sim.Rule{{Kind: sim.Status, Times: 1}}, "sms delivered", "", 1},
		{"a reset once", []sim.Rule{{Kind: sim.ResetAfter, Times: 1}}, "sms delivered", "", 1},
		{"a redirect, twice", []sim.Rule{{Kind: sim.Redirect, Times: 2}}, "sms delivered", "", 1},
		{"an unknown refusal", []sim.Rule{{Kind: sim.Status, Status: 400, Code: 99999}}, "sms failed", "twilio 99999: refused", 0},
		{"nothing odd", nil, "sms delivered", "", 1},
		{"nothing odd either", nil, "sms delivered", "", 1},
	}
	numbers := make([]string, len(rows))
	var people []Person
	for i, row := range rows {
		numbers[i] = o.Number()
		people = append(people, Person{Ref: row.name, SMS: numbers[i], Places: []string{p.Inside(i)}})
		for _, rule := range row.rules {
			rule.On, rule.Match = sim.SMS, numbers[i]
			o.Fault(rule)
		}
	}
	o.Import(people...)
	begun := time.Now()
	id := o.Issue(o.Alert(Info(p.Area())), client.Order{})
	for _, ordinary := range []int{len(rows) - 1, len(rows) - 2} {
		o.Became(id, rows[ordinary].name, rows[ordinary].became)
	}
	if took := time.Since(begun); took > 8*time.Second {
		t.Errorf("ordinary people waited %v for the odd answers of others", took)
	}
	for i, row := range rows {
		Until(t, patience, fmt.Sprintf("%s: the gateway takes it %d times", row.name, row.times), func() error {
			if n := len(o.To(id, numbers[i])); n < row.times {
				return fmt.Errorf("%d by now", n)
			}
			return nil
		})
		x := o.Became(id, row.name, row.became)
		if row.reason != "" {
			wantReason(t, x, "sms", row.reason)
		}
	}
	o.Settled(id)
	for i, row := range rows {
		if n := len(o.To(id, numbers[i])); n != row.times {
			t.Errorf("%s: the gateway took it %d times, want %d", row.name, n, row.times)
		}
	}
	if n := o.Events(sim.Fault, "redirect followed"); n != 0 {
		t.Errorf("%d redirects were followed", n)
	}
}

// TestKafkaIsAway: without Kafka an alert is refused clearly and never called accepted; once Kafka is back the same file
// is accepted and delivered once.
func TestKafkaIsAway(t *testing.T) {
	t.Parallel()
	o, broker := openWithBroker(t)
	p, number := o.Plot(), o.Number()
	o.Import(Person{Ref: "resident", SMS: number, Places: []string{p.Inside(1)}})
	broker.Close()
	document := o.Document(o.Alert(Info(p.Area())))
	ctx, cancel := call()
	defer cancel()
	_, err := o.API.Issue(ctx, document, client.Order{})
	if r := refusal(t, err); r.Status != 503 || r.Outcome != "refused" || r.Detail == "" {
		t.Errorf("issued without Kafka: %+v, want 503, refused, and why", r)
	}
	if all, err := o.API.List(ctx, client.Paging{}); err != nil || len(all) != 0 {
		t.Errorf("the list of alerts: %+v %v, want none", all, err)
	}
	if status, body := o.Get("http://" + o.Addresses.Metrics.String() + "/healthz"); status != 200 {
		t.Errorf("healthz: %d %s, want the process to live", status, body)
	}
	Until(t, patience, "readyz says what is missing", func() error {
		if status, body := o.Get("http://" + o.Addresses.Metrics.String() + "/readyz"); status != 503 {
			return fmt.Errorf("%d %s", status, body)
		}
		return nil
	})
	if n := len(o.Arrivals()); n != 0 {
		t.Errorf("%d messages of an alert that was refused", n)
	}
	broker.Open()
	var id alerting.AlertID
	Until(t, patience, "the same file is accepted", func() error {
		ctx, cancel := call()
		defer cancel()
		a, err := o.API.Issue(ctx, document, client.Order{})
		id = a.Alert
		return err
	})
	o.Became(id, "resident", "sms delivered")
	o.Settled(id)
	if n := len(o.To(id, number)); n != 1 {
		t.Errorf("delivered %d times", n)
	}
}
