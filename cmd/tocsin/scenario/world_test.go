package scenario

import (
	"fmt"
	"strings"
	"testing"

	"tocsin/cap"
	"tocsin/cmd/tocsin/client"
)

// anExercise: through a gateway that is not live it is delivered, and says first and last that it is one; so does a
// test. Mail is sent too.
func anExercise(t *testing.T, o *Office) {
	p, english, chinesePhone, mailbox := o.Plot(), o.Number(), o.Number(), o.Mailbox()
	o.Import(Person{Ref: "trains in English", Language: "en", SMS: english, Mail: mailbox, Places: []string{p.Inside(1)}},
		Person{Ref: "trains in Chinese", Language: "zh", SMS: chinesePhone, Places: []string{p.Inside(2)}})
	for _, row := range []struct {
		status           cap.Status
		english, chinese string
	}{{cap.StatusExercise, "EXERCISE", "演习"}, {cap.StatusTest, "TEST", "测试"}} {
		a := o.Alert(Info(p.Area()), chinese(p.Area()))
		a.Status, a.Note = row.status, "the yearly drill"
		id := o.Issue(a, client.Order{})
		o.Became(id, "trains in English", "sms delivered", "mail sent")
		o.Became(id, "trains in Chinese", "sms delivered")
		o.Settled(id)
		for number, word := range map[string]string{english: row.english, chinesePhone: row.chinese} {
			texts := o.Texts(id, number)
			if len(texts) != 1 || !strings.HasPrefix(texts[0], word) || !strings.HasSuffix(texts[0], word) {
				t.Errorf("%s: %q does not begin and end with %q", row.status, texts, word)
			}
		}
		// A drill cannot be turned into a warning, nor a warning end a drill.
		for _, kind := range []cap.MsgType{cap.MsgUpdate, cap.MsgCancel} {
			actual := o.Following(kind, []*cap.Alert{a}, Info(p.Area()))
			ctx, cancel := call()
			_, err := o.API.Issue(ctx, o.Document(actual), client.Order{})
			cancel()
			if r := refusal(t, err); r.Status != 400 || len(r.Findings) != 1 || r.Findings[0].ID != "desk.references.world" {
				t.Errorf("an actual %s of an alert of status %s: %+v", kind, row.status, r)
			}
		}
	}
}

// TestAnExerciseLeavesThroughNoLiveGateway: with live gateways only, nothing of a drill leaves the house, and the books
// say why; a real alert goes out by the same gateways.
func TestAnExerciseLeavesThroughNoLiveGateway(t *testing.T) {
	t.Parallel()
	o := Open(t, Options{Live: true})
	p, number, mailbox := o.Plot(), o.Number(), o.Mailbox()
	o.Import(Person{Ref: "resident", SMS: number, Mail: mailbox, Places: []string{p.Inside(1)}})
	horn := o.raise(p.Inside(2))
	for status, world := range map[cap.Status]string{cap.StatusExercise: "exercises", cap.StatusTest: "tests"} {
		a := o.Alert(Info(p.Area()))
		a.Status, a.Note = status, "the yearly drill"
		run := o.DryRun(o.Document(a), client.Order{})
		if run.People != 0 {
			t.Errorf("%s: the dry run would tell %d people", status, run.People)
		}
		wantNote(t, run.Notes, "channel sms has no gateway for")
		id := o.Issue(a, client.Order{})
		s := o.Settled(id)
		if s.Status != "done" || s.People.Targeted != 0 || len(s.Channels) != 0 {
			t.Errorf("%s: it stands at %+v", status, s)
		}
		x := o.NotFor(id, "resident", "the alert's notes")
		for _, channel := range []string{"sms", "mail", "siren"} {
			note := fmt.Sprintf("channel %s has no gateway for %s", channel, world)
			wantNote(t, s.Notes, note)
			wantNote(t, x.Notes, note)
		}
	}
	if all := o.Arrivals(); len(all) != 0 {
		t.Fatalf("a drill left through a live gateway: %+v", all)
	}
	id := o.Issue(o.Alert(Info(p.Area())), client.Order{})
	o.Became(id, "resident", "sms delivered", "mail sent")
	wantSiren(t, o, horn, "sounding")
	if all := o.Arrivals(); len(all) != 3 {
		t.Errorf("a real alert: %+v, want one SMS, one mail and one siren", all)
	}
}
