package scenario

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/desk"
	"tocsin/cmd/tocsin/client"
)

// obeyedWithin is how soon a gateway follows what people have ordered.
const obeyedWithin = 4 * time.Second

// TestAGatewayIsPacedWhileItSends: a rate that is lowered in the middle of an alert is obeyed, a pause stops, and what waited goes out
// when it is over; nothing is lost, and nothing twice.
func TestAGatewayIsPacedWhileItSends(t *testing.T) {
	t.Parallel()
	o := Open(t, Options{Gateways: map[string]string{"sms": "rate: 60"}})
	p := o.Plot()
	const people, slow = 420, 10
	var all []Person
	for i := range people {
		all = append(all, Person{Ref: fmt.Sprintf("paced %d", i), SMS: o.Number(), Places: []string{p.Inside(i)}})
	}
	o.Import(all...)
	id := o.Issue(o.Alert(Info(p.Area())), client.Order{})
	Until(t, patience, "the alert is on its way", func() error { return o.atLeast(id, 30) })

	o.orders("lower the rate", func(c *client.Client) (desk.Proposed, error) {
		return c.SetRate(t.Context(), "sms", slow, "the gateway asks for it")
	})
	lowered := time.Now().Add(obeyedWithin)
	time.Sleep(time.Until(lowered.Add(3 * time.Second)))
	var after []time.Time
	for _, a := range o.Of(id) {
		if !a.At.Before(lowered) {
			after = append(after, a.At)
		}
	}
	// The log has the time of arrival, which wavers a little around that of the permit; a busy machine sends less.
	if n := len(after); n == 0 || n > 3*slow+slow/5+1 {
		t.Errorf("%d messages in three seconds at %d/s", n, slow)
	}

	o.orders("pause", func(c *client.Client) (desk.Proposed, error) {
		return c.Pause(t.Context(), "sms", Soon(time.Hour), "wrong numbers")
	})
	time.Sleep(obeyedWithin)
	paused := len(o.Of(id))
	time.Sleep(2 * time.Second)
	if n := len(o.Of(id)); n != paused || n >= people {
		t.Errorf("%d messages of %d, and %d two seconds later: the pause does not stop them, or came too late to show", paused, people, n)
	}
	if g := o.gateway("sms"); g.InForce != slow || g.Configured != 60 || g.Reason != "wrong numbers" || g.PausedUntil.IsZero() {
		t.Errorf("the list says %+v", g)
	}

	o.orders("resume", func(c *client.Client) (desk.Proposed, error) { return c.Resume(t.Context(), "sms") })
	o.orders("go back to the configured rate", func(c *client.Client) (desk.Proposed, error) { return c.SetRate(t.Context(), "sms", 0, "") })
	if s := states(o.Settled(id), alerting.SMS); s.Open() != 0 {
		t.Errorf("%+v is left", s)
	}
	told := make(map[string]int)
	for _, a := range o.Of(id) {
		told[a.Recipient]++
	}
	if len(told) != people {
		t.Errorf("%d of %d people were told", len(told), people)
	}
	for who, n := range told {
		if n != 1 {
			t.Errorf("%s was told %d times", who, n)
		}
	}
}

// atLeast says whether the gateways took so many messages of an alert.
func (o *Office) atLeast(id alerting.AlertID, n int) error {
	if have := len(o.Of(id)); have < n {
		return fmt.Errorf("%d messages, want %d", have, n)
	}
	return nil
}

// orders does something to a gateway that is to take effect at once.
func (o *Office) orders(what string, order func(c *client.Client) (desk.Proposed, error)) {
	o.tb.Helper()
	made, err := order(o.API)
	if err != nil || made.State != desk.ChangeApplied {
		o.tb.Fatalf("%s: %+v %v", what, made, err)
	}
}

func (o *Office) gateway(name string) desk.Gateway {
	o.tb.Helper()
	all, err := o.API.Gateways(o.tb.Context(), client.Paging{All: true})
	at := slices.IndexFunc(all, func(g desk.Gateway) bool { return g.Name == name })
	if err != nil || at < 0 {
		o.tb.Fatalf("the gateways are %+v: %v", all, err)
	}
	return all[at]
}
