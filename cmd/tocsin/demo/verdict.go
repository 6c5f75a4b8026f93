package demo

import (
	"fmt"

	"tocsin/alerting"
	"tocsin/alerting/report"
)

// expectation is what must have become of one channel, worked out from the town alone.
type expectation struct {
	channel alerting.Channel
	// arrive is who the gateway must have taken a message for, each once.
	arrive map[string]bool
	states report.States
}

// expect works out the whole outcome without the engine: who lives inside, who has which address, and what the
// simulator does to its magic recipients.
func expect(people []person, sirens []siren) []expectation {
	sms := expectation{channel: alerting.SMS, arrive: make(map[string]bool)}
	push := expectation{channel: alerting.Push, arrive: make(map[string]bool)}
	mail := expectation{channel: alerting.Mail, arrive: make(map[string]bool)}
	for i := range people {
		p := &people[i]
		if !p.inside {
			continue
		}
		if p.sms != "" {
			sms.person(p.sms, p.smsOutcome())
		}
		if p.push != "" {
			push.person(p.pushID, p.pushOutcome())
		}
		if p.mail != "" {
			mail.person(p.mail, p.mailOutcome())
		}
	}
	horn := expectation{channel: alerting.Siren, arrive: make(map[string]bool)}
	for _, s := range sirens {
		if inside(s.at) {
			horn.person(s.knownAs(), "delivered")
		}
	}
	return []expectation{sms, push, mail, horn}
}

func (e *expectation) person(address, outcome string) {
	if outcome != "refused" && outcome != "opted out" {
		e.arrive[address] = true
	}
	switch outcome {
	case "sent":
		e.states.Sent++
	case "delivered":
		e.states.Delivered++
	case "opted out":
		e.states.OptedOut++
	default:
		e.states.Failed++
	}
}

// compare lists every difference between expectation, gateways and books; none means that all three agree.
func (e *expectation) compare(arrived map[string]int, s report.Status) []string {
	var faults []string
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Sprintf("%s: ", e.channel)+fmt.Sprintf(format, args...))
	}
	missing, doubled, strangers := 0, 0, 0
	for who := range e.arrive {
		switch n := arrived[who]; {
		case n == 0:
			missing++
		case n > 1:
			doubled++
		}
	}
	for who := range arrived {
		if !e.arrive[who] {
			strangers++
		}
	}
	if missing+doubled+strangers > 0 {
		fault("the gateway missed %d, took %d more than once, and took %d for people it should not have", missing, doubled, strangers)
	}
	books := report.States{}
	for _, c := range s.Channels {
		if c.Channel == e.channel {
			books = c.States
		}
	}
	if books != e.states {
		fault("the books say %+v, and it must be %+v", books, e.states)
	}
	return faults
}
