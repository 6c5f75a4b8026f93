package scenario

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/report"
	"tocsin/cmd/gatewaysim/sim"
	"tocsin/cmd/tocsin/client"
)

// TestSlowGateways: what happens while a delivery takes its time. Each scenario has a channel of its own.
func TestSlowGateways(t *testing.T) {
	t.Parallel()
	office := Open(t, Options{Gateways: map[string]string{"sms": "rate: 60", "push": "rate: 8, slots: 8", "mail": "slots: 1"}})
	for _, s := range []struct {
		name string
		play func(t *testing.T, o *Office)
	}{
		{"an alert expires while it is queued", expiresInTheQueue},
		{"somebody opts out while his message is queued", optsOutInTheQueue},
		{"an alert is cancelled while it is being delivered", cancelledOnTheWay},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.play(t, office.For(t))
		})
	}
}

// states are the counts of a channel.
func states(s report.Status, ch alerting.Channel) report.States {
	for _, c := range s.Channels {
		if c.Channel == ch {
			return c.States
		}
	}
	return report.States{}
}

// untilStates waits until the counts of a channel are as wanted.
func untilStates(t *testing.T, o *Office, id alerting.AlertID, ch alerting.Channel, what string, good func(report.States) bool) {
	t.Helper()
	Until(t, patience, what, func() error {
		s, err := o.Status(id)
		if x := states(s, ch); err == nil && !good(x) {
			err = fmt.Errorf("it is %+v", x)
		}
		return err
	})
}

// expiresInTheQueue: at eight a second, sixty messages are not out within four seconds. What is left expires, and no
// message starts after the end.
func expiresInTheQueue(t *testing.T, o *Office) {
	p := o.Plot()
	const people = 60
	var all []Person
	ids := map[string]string{}
	for i := range people {
		subscription, id := o.Subscription()
		who := fmt.Sprintf("queue %d", i)
		ids[id] = who
		all = append(all, Person{Ref: who, Push: subscription, Places: []string{p.Inside(i)}})
	}
	o.Import(all...)
	info := Info(p.Area())
	info.Expires = Soon(5 * time.Second)
	id := o.Issue(o.Alert(info), client.Order{})
	Until(t, patience, "the alert expires", func() error {
		s, err := o.Status(id)
		if err == nil && s.Status != "expired" {
			err = errors.New("it is " + s.Status)
		}
		return err
	})
	s := o.Settled(id)
	x := states(s, alerting.Push)
	if x.Expired == 0 || x.Sent == 0 || x.Expired+x.Sent != people {
		t.Errorf("%d people: %+v, want some sent and the others expired", people, x)
	}
	taken := map[string]bool{}
	for _, a := range o.Arrivals() {
		if who := ids[a.Recipient]; who != "" {
			taken[who] = true
			if late := a.At.Sub(info.Expires); late > time.Second {
				t.Errorf("a message left %v after the end", late)
			}
		}
	}
	if int64(len(taken)) != x.Sent {
		t.Errorf("the gateway took %d and the books say %d", len(taken), x.Sent)
	}
	for who := range taken {
		o.Became(id, who, "push sent")
	}
	for _, who := range ids {
		if !taken[who] {
			o.Became(id, who, "push expired")
		}
	}
}

// optsOutInTheQueue: the only slot of the mail gateway is held by somebody else's message when he presses the button.
func optsOutInTheQueue(t *testing.T, o *Office) {
	p, other := o.Plot(), o.Plot()
	his, slow := o.Mailbox(), o.Mailbox()
	o.Import(Person{Ref: "tired", Mail: his, Places: []string{p.Inside(1)}},
		Person{Ref: "slow", Mail: slow, Places: []string{other.Inside(1)}})
	earlier := o.Issue(o.Alert(Info(p.Area())), client.Order{})
	o.Became(earlier, "tired", "mail sent")
	o.Fault(sim.Rule{On: sim.Mail, Kind: sim.Latency, Match: slow, Delay: sim.Duration(4 * time.Second)})
	blocking := o.Issue(o.Alert(Info(other.Area())), client.Order{})
	untilStates(t, o, blocking, alerting.Mail, "the slot is taken", func(x report.States) bool { return x.Claimed == 1 })
	id := o.Issue(o.Alert(Info(p.Area())), client.Order{})
	untilStates(t, o, id, alerting.Mail, "his message is queued", func(x report.States) bool { return x.Queued == 1 })
	o.Unsubscribe(earlier, his)
	if s, err := o.Status(blocking); err != nil || states(s, alerting.Mail).Claimed != 1 {
		t.Skipf("the machine was too slow: the slot was free before he opted out: %+v %v", s, err)
	}
	o.Became(blocking, "slow", "mail sent")
	o.Became(id, "tired", "mail opted_out")
	o.Settled(id)
	if n := len(o.To(alerting.AlertID{}, his)); n != 1 {
		t.Errorf("who opted out got %d mails, want the one before", n)
	}
}

// cancelledOnTheWay: two seconds after a cancel was accepted no message of the original starts any more, and everybody
// who got the original gets the cancel, after it.
func cancelledOnTheWay(t *testing.T, o *Office) {
	p := o.Plot()
	const people = 250
	var all []Person
	numbers := map[string]string{}
	for i := range people {
		number, who := o.Number(), fmt.Sprintf("crowd %d", i)
		numbers[number] = who
		all = append(all, Person{Ref: who, SMS: number, Places: []string{p.Inside(i)}})
	}
	o.Import(all...)
	info := Info(p.Area())
	info.Description, info.Instruction, info.SenderName = "", "Leave now.", ""
	id := o.Issue(o.Alert(info), client.Order{})
	Until(t, patience, "a tenth is told", func() error {
		if n := len(o.Of(id)); n < people/10 {
			return fmt.Errorf("%d are", n)
		}
		return nil
	})
	end := o.Cancel(id)
	accepted := time.Now()
	c := o.Settled(end)
	s := o.Settled(id)
	told := wantCorrected(t, o, id, end, accepted.Add(2*time.Second))
	x := states(s, alerting.SMS)
	if s.Status != "cancelled" || s.StoppedBy != end.String() || x.Cancelled+int64(told) != people || x.Cancelled == 0 {
		t.Errorf("%d of %d were told, and the books say %+v", told, people, s)
	}
	if c.People.Targeted < int64(told) || c.People.Told != c.People.Targeted {
		t.Errorf("%d were told of the alert, and of its end: %+v", told, c.People)
	}
	got := map[string]bool{}
	for _, a := range o.Of(id) {
		got[a.Recipient] = true
	}
	for number, who := range numbers {
		if got[number] {
			o.Became(id, who, "sms delivered")
			o.Became(end, who, "sms delivered")
		} else {
			o.Became(id, who, "sms cancelled")
		}
	}
	t.Logf("%d of %d were told before the cancel, %d of the end", told, people, c.People.Targeted)
}

// TestACancelMeetsMessagesUnderWay: the gateway takes its time, so that messages are under way when the cancel comes.
// They land; and whoever gets one of them gets the cancel after it, once it can no longer land.
func TestACancelMeetsMessagesUnderWay(t *testing.T) {
	t.Parallel()
	o := Open(t, Options{Gateways: map[string]string{"sms": "slots: 8"}})
	p := o.Plot()
	const people, slow = 40, 2 * time.Second
	var all []Person
	for i := range people {
		all = append(all, Person{Ref: fmt.Sprintf("crowd %d", i), SMS: o.Number(), Places: []string{p.Inside(i)}})
	}
	o.Import(all...)
	o.Fault(sim.Rule{On: sim.SMS, Kind: sim.Latency, Delay: sim.Duration(slow), Times: 24})
	id := o.Issue(o.Alert(Info(p.Area())), client.Order{})
	untilStates(t, o, id, alerting.SMS, "the first messages arrive and the next are under way",
		func(x report.States) bool { return x.HandedOver() >= 8 && x.Claimed > 0 })
	end := o.Cancel(id)
	accepted := time.Now()
	o.Settled(id)
	c := o.Settled(end)
	told := wantCorrected(t, o, id, end, accepted.Add(2*time.Second+slow))
	if told <= 8 || told > 24 {
		t.Errorf("%d were told, want those of the first two rounds at least", told)
	}
	untilStates(t, o, id, alerting.SMS, fmt.Sprintf("the books say that %d of %d were told", told, people),
		func(x report.States) bool { return x.Delivered == int64(told) && x.Cancelled == people-int64(told) })
	if c.People.Told != int64(told) {
		t.Errorf("%d were told of the alert, and of its end: %+v", told, c.People)
	}
}

// wantCorrected checks the gateways' own books: nothing of the original arrives after a time, and everybody who got it
// got the cancel after it. It gives how many people were told of the original.
func wantCorrected(t *testing.T, o *Office, original, end alerting.AlertID, silence time.Time) int {
	t.Helper()
	first, corrected := map[string]time.Time{}, map[string]time.Time{}
	for _, a := range o.Of(original) {
		if !first[a.Recipient].IsZero() {
			t.Errorf("somebody got the original twice")
		}
		first[a.Recipient] = a.At
		if late := a.At.Sub(silence); late > 0 {
			t.Errorf("a message of the original came %v after it should have been silent", late)
		}
	}
	for _, a := range o.Of(end) {
		if !corrected[a.Recipient].IsZero() {
			t.Errorf("somebody got the cancel twice")
		}
		corrected[a.Recipient] = a.At
	}
	for number, at := range first {
		switch after := corrected[number]; {
		case after.IsZero():
			t.Errorf("somebody got the original and not the cancel")
		case after.Before(at):
			t.Errorf("somebody got the cancel %v before the original", at.Sub(after))
		}
	}
	return len(first)
}
