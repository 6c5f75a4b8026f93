package scenario

import (
	"testing"

	"tocsin/cmd/gatewaysim/sim"
	"tocsin/cmd/tocsin/client"
)

// TestWhatNoCallbackTellsIsAskedFor: the gateway never reports the end of a message, and knows it all the same. Who told
// the gateway to stop is not sent to again.
func TestWhatNoCallbackTellsIsAskedFor(t *testing.T) {
	t.Parallel()
	o := Open(t, Options{Asking: "ask_after: 1s, ask_every: 1s, ask_rate: 100"})
	p, good, bad, tired := o.Plot(), o.Number(), o.Number(), o.Number()
	o.Import(Person{Ref: "reached", SMS: good, Places: []string{p.Inside(1)}},
		Person{Ref: "unknown phone", SMS: bad, Places: []string{p.Inside(2)}},
		Person{Ref: "tired", SMS: tired, Places: []string{p.Inside(3)}})
	o.Fault(sim.Rule{On: sim.SMS, Kind: sim.CallbackFail, Match: bad, Code: 30005})
	o.Fault(sim.Rule{On: sim.SMS, Kind: sim.CallbackFail, Match: tired, Code: 21610})
	o.Fault(sim.Rule{On: sim.SMS, Kind: sim.CallbackDrop})
	id := o.Issue(o.Alert(Info(p.Area())), client.Order{})
	o.Became(id, "reached", "sms delivered")
	o.Became(id, "unknown phone", "sms failed")
	o.Became(id, "tired", "sms failed")
	o.Settled(id)
	again := o.Issue(o.Alert(Info(p.Area())), client.Order{})
	o.Became(again, "reached", "sms delivered")
	o.Settled(again)
	o.NotFor(again, "tired", "opted out of sms")
}
