package scenario

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
	"tocsin/cmd/tocsin/client"
)

// anInfoIsOver: the English words ended before the issue, so who reads English is told in Chinese, and never in English.
func anInfoIsOver(t *testing.T, o *Office) {
	p, english, reader := o.Plot(), o.Number(), o.Number()
	o.Import(Person{Ref: "too late in English", Language: "en", SMS: english, Places: []string{p.Inside(1)}},
		Person{Ref: "in time in Chinese", Language: "zh-CN", SMS: reader, Places: []string{p.Inside(2)}})
	over := Info(p.Area())
	over.Severity, over.Expires = cap.Extreme, Soon(-time.Minute)
	a := o.Alert(over, chinese(p.Area()))
	a.Sent = Soon(-time.Hour)
	id := o.Issue(a, client.Order{})
	o.Became(id, "too late in English", "sms delivered")
	o.Became(id, "in time in Chinese", "sms delivered")
	o.Settled(id)
	for _, number := range []string{english, reader} {
		if texts := o.Texts(id, number); len(texts) != 1 || !strings.HasPrefix(texts[0], "洪水") {
			t.Errorf("somebody was told %q, want one text in Chinese", texts)
		}
	}
}

// TestInfosEndOneByOne: two languages of one alert, and the English one ends while it is being delivered. What is left of
// it expires; the Chinese one goes on.
func TestInfosEndOneByOne(t *testing.T) {
	t.Parallel()
	o := Open(t, Options{Gateways: map[string]string{"sms": "rate: 12"}})
	p := o.Plot()
	const each = 40
	var all []Person
	language := map[string]string{}
	for i := range 2 * each {
		who := Person{Ref: fmt.Sprintf("reader %d", i), Language: "en", SMS: o.Number(), Places: []string{p.Inside(i)}}
		if i%2 == 1 {
			who.Language = "zh-CN"
		}
		language[who.SMS] = who.Language
		all = append(all, who)
	}
	o.Import(all...)
	short, long := Info(p.Area()), chinese(p.Area())
	short.Description, short.Instruction, short.SenderName = "", "Leave now.", ""
	long.Description, long.SenderName = "", ""
	short.Expires = Soon(5 * time.Second)
	id := o.Issue(o.Alert(short, long), client.Order{})
	s := o.Settled(id)
	x := states(s, alerting.SMS)
	if x.Expired == 0 || x.Expired >= each || x.Expired+x.HandedOver() != 2*each || s.Status != "done" {
		t.Errorf("%d people: %+v, want some of those who read English expired and all others told", 2*each, s)
	}
	taken := map[string]bool{}
	for _, a := range o.Of(id) {
		taken[a.Recipient] = true
		if late := a.At.Sub(short.Expires); language[a.Recipient] == "en" && late > time.Second {
			t.Errorf("an English message came %v after its end", late)
		}
	}
	for _, who := range all {
		switch {
		case taken[who.SMS]:
			o.Became(id, who.Ref, "sms delivered")
		case who.Language == "en":
			o.Became(id, who.Ref, "sms expired")
		default:
			t.Errorf("%s reads Chinese and was told nothing", who.Ref)
		}
	}
}
