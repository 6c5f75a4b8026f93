package process

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
)

// updateRaces updates an alert while some of its messages are on a slow way to the gateway: they come after the gateway has
// begun to take the new text. Nobody gets the old text after the new one.
func updateRaces(t *testing.T, o *office) {
	const slow = slots - 4
	old := warning(o.identifier(t))
	r := run{from: o.sim.place(t)}
	r.id, r.began = o.issueText(t, old, onlySMS())
	o.sim.await(t, r.id.String(), insiders/5)
	undo := o.sim.fault(t, fmt.Sprintf(`{"on":"sms","kind":"latency","delay":"4s","every":5,"times":%d}`, slow))
	defer undo()
	eventually(t, 10*time.Second, "some messages are on a slow way", func() bool { return o.sim.times(t, "latency") >= slow })
	id, accepted := o.issueText(t, updateOf(old, o.identifier(t)), onlySMS())
	t.Logf("updated at %d of %d messages: %s by %s", o.sim.arrivals(t, r.id.String()), insiders, r.id, id)
	s := o.finish(t, id, 90*time.Second)
	o.finish(t, r.id, 30*time.Second)
	c := o.count(t, r.from, "sms", id.String())
	judgeOrder(t, o.sim.read(t, r.from, "sms", r.id.String()), c.arrivals, accepted)
	o.judge(t, c, alerting.SMS, s, 0)
}

// judgeOrder: nobody got the old text twice, or after the new one, although some of the old came when the new was under way.
func judgeOrder(t *testing.T, olds, news []arrival, accepted time.Time) {
	t.Helper()
	if len(olds) == 0 || len(news) == 0 {
		t.Fatalf("%d messages with the old text, %d with the new one", len(olds), len(news))
	}
	has := make(map[string]time.Time)
	for _, a := range news {
		if _, ok := has[a.recipient]; !ok {
			has[a.recipient] = a.at
		}
	}
	racing, late := 0, 0
	for _, a := range olds {
		if a.at.After(news[0].at) {
			racing++
		}
		if at, ok := has[a.recipient]; ok && a.at.After(at) {
			late++
		}
	}
	doubled := len(olds) - len(uniq(olds))
	t.Logf("raw log: %d with the old text, %d of them after the first new one, which came %.2f s after the update was accepted; "+
		"%d people got the old text after the new one, %d twice", len(olds), racing, news[0].at.Sub(accepted).Seconds(), late, doubled)
	if racing == 0 {
		t.Error("no old text came when the new one was under way: the fault did not happen")
	}
	if late > 0 || doubled > 0 {
		t.Error("nobody may get the old text twice, or after the new one")
	}
}

// updateOf is a warning that replaces another.
func updateOf(old []byte, identifier string) []byte {
	references := fmt.Sprintf("  <references>warnings@flood.example,%s,%s</references>\n  <info>", element(old, "identifier"), element(old, "sent"))
	return []byte(strings.NewReplacer("<msgType>Alert</msgType>", "<msgType>Update</msgType>", "  <info>", references).
		Replace(string(warning(identifier))))
}

// element is the text of the first element of a name.
func element(document []byte, name string) string {
	_, rest, _ := strings.Cut(string(document), "<"+name+">")
	text, _, _ := strings.Cut(rest, "</"+name+">")
	return text
}
