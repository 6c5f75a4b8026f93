package scenario

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/alerting/desk"
	"tocsin/alerting/fanout"
	"tocsin/cap"
	"tocsin/cmd/gatewaysim/sim"
	"tocsin/cmd/tocsin/client"
)

// moved is the plot half a side to the east: what an update may do to an area.
func (p Plot) moved() Plot { return Plot{South: p.South, West: p.West + plotSide/2} }

// issueUpdateCancel: everybody told is told again, in order: who stays in the area, who comes in, and who is no longer
// in it. A siren falls silent. Nothing of what was cancelled is sent afterwards.
func issueUpdateCancel(t *testing.T, o *Office) {
	before := o.Plot()
	after := before.moved()
	left, kept, come, gone := o.Number(), o.Number(), o.Number(), o.Mailbox()
	o.Import(Person{Ref: "left behind", Language: "en", SMS: left, Places: []string{before.at(.5, .25)}},
		Person{Ref: "stays", Language: "en", SMS: kept, Places: []string{before.at(.5, .75)}},
		Person{Ref: "comes in", Language: "en", SMS: come, Places: []string{before.at(.5, 1.25)}},
		Person{Ref: "has had enough", Mail: gone, Places: []string{before.at(.5, .8)}})
	wail := o.raise(before.at(.5, .3))

	first := o.Alert(Info(before.Area()))
	alert := o.Issue(first, client.Order{})
	for _, who := range []string{"left behind", "stays"} {
		o.Became(alert, who, "sms delivered")
	}
	o.Became(alert, wail, "siren delivered")
	o.Settled(alert)
	wantSiren(t, o, wail, "sounding")
	o.NotFor(alert, "comes in", "no place of this person is in the area")
	o.Unsubscribe(alert, gone)

	worse := Info(after.Area())
	worse.Instruction = "Climb the hill."
	second := o.Following(cap.MsgUpdate, []*cap.Alert{first}, worse)
	update := o.Issue(second, client.Order{})
	for who, inside := range map[string]bool{"left behind": false, "stays": true, "comes in": true} {
		x := o.Became(update, who, "sms delivered")
		if x.Spots[0].Inside != inside {
			t.Errorf("%s: inside the update's area: %v", who, x.Spots[0].Inside)
		}
	}
	if s := o.Settled(alert); s.Status != "cancelled" || s.StoppedBy != update.String() {
		t.Errorf("the updated alert stands at %s, stopped by %s", s.Status, s.StoppedBy)
	}
	o.Settled(update)
	wantSiren(t, o, wail, "finished")
	o.NotFor(update, "has had enough", "opted out of mail")

	ctx, cancelCall := call()
	defer cancelCall()
	_, err := o.API.Cancel(ctx, alert, "")
	if p := refusal(t, err); p.Status != 409 || !strings.Contains(p.Detail, update.String()) {
		t.Errorf("cancelling what an update replaced: %v, want a conflict that names the update", p)
	}
	end := o.Cancel(update)
	for _, who := range []string{"left behind", "stays", "comes in"} {
		o.Became(end, who, "sms delivered")
	}
	o.Settled(end)
	if again := o.Cancel(update); again != end {
		t.Errorf("cancelling again made another cancel: %s and %s", end, again)
	}
	wantOrder(t, o, left, alert, update, end)
	wantOrder(t, o, kept, alert, update, end)
	wantOrder(t, o, come, update, end)
	if n := len(o.To(alerting.AlertID{}, gone)); n != 1 {
		t.Errorf("who unsubscribed after the first mail got %d", n)
	}
	wantText(t, o, update, kept, "UPDATE: Flood", "Climb the hill.")
	wantText(t, o, update, come, "Flood", "Climb the hill.")
	wantText(t, o, update, left, "UPDATE: Flood", "This warning no longer applies to the place where you are registered.")
	for _, text := range append(o.Texts(update, come), o.Texts(update, left)...) {
		if strings.HasPrefix(text, "UPDATE") == strings.Contains(text, "Climb") {
			t.Errorf("who comes in is warned in full, and who is left behind is told no more than that: %q", text)
		}
	}
	if s := o.Settled(update); s.Groups == nil || *s.Groups != (fanout.Groups{Still: 1, New: 1, Gone: 1}) {
		t.Errorf("the groups of the update: %+v", s.Groups)
	}
	wantText(t, o, end, kept, "CANCELLED: Flood", "This warning no longer applies.")
}

// theDangerIsOver: who was told of a warning, and of its update, hears the all-clear, wherever the update left him; who comes in
// afterwards hears nothing. Asking again answers with the same one.
func theDangerIsOver(t *testing.T, o *Office) {
	before := o.Plot()
	left, kept, late := o.Number(), o.Number(), o.Number()
	o.Import(Person{Ref: "left before the end", Language: "en", SMS: left, Places: []string{before.at(.5, .25)}},
		Person{Ref: "stays to the end", Language: "zh-CN", SMS: kept, Places: []string{before.at(.5, .75)}})
	first := o.Alert(Info(before.Area()), chinese(before.Area()))
	alert := o.Issue(first, client.Order{})
	o.Became(alert, "left before the end", "sms delivered")
	o.Became(alert, "stays to the end", "sms delivered")
	after := before.moved()
	second := o.Following(cap.MsgUpdate, []*cap.Alert{first}, Info(after.Area()), chinese(after.Area()))
	moved := o.Issue(second, client.Order{})
	o.Became(moved, "left before the end", "sms delivered")
	o.Became(moved, "stays to the end", "sms delivered")
	o.Settled(moved)
	// Another update has nothing to say to who was told that he is out.
	update := o.Issue(o.Following(cap.MsgUpdate, []*cap.Alert{second}, Info(after.Area()), chinese(after.Area())), client.Order{})
	o.Became(update, "stays to the end", "sms delivered")
	if s := o.Settled(update); s.People.Targeted != 1 || !s.Consistent || s.Groups == nil || *s.Groups != (fanout.Groups{Still: 1}) {
		t.Errorf("the second update: %+v, groups %+v", s.People, s.Groups)
	}
	o.Import(Person{Ref: "moves in late", Language: "en", SMS: late, Places: []string{before.at(.5, .75)}})

	ctx, end := call()
	defer end()
	a, err := o.API.AllClear(ctx, update, "the river is back in its bed")
	if err != nil {
		t.Fatal(err)
	}
	o.Became(a.Alert, "left before the end", "sms delivered")
	o.Became(a.Alert, "stays to the end", "sms delivered")
	if s := o.Settled(a.Alert); s.Lane != alerting.Stop || s.People.Targeted != 2 {
		t.Errorf("the all-clear: lane %s, %d people, want the two who were told", s.Lane, s.People.Targeted)
	}
	wantOrder(t, o, left, alert, moved, a.Alert)
	wantOrder(t, o, kept, alert, moved, update, a.Alert)
	if n := len(o.To(alerting.AlertID{}, late)); n != 0 {
		t.Errorf("who was never told heard of it %d times", n)
	}
	wantText(t, o, a.Alert, left, "UPDATE: ALL CLEAR: Flood", "The danger is over: Flood.")
	if texts := o.Texts(a.Alert, kept); len(texts) != 1 || !strings.Contains(texts[0], "险情已经解除") {
		t.Errorf("in Chinese: %q", texts)
	}
	if again, err := o.API.AllClear(ctx, update, ""); err != nil || again.Alert != a.Alert || !again.Repeated {
		t.Errorf("again: %+v %v", again, err)
	}
}

// raise puts up a siren and gives its reference. Where nobody sends alone, two operators sign for it.
func (o *Office) raise(place string) string {
	o.tb.Helper()
	ref := "siren" + strconv.FormatInt(o.serial.Add(1), 10)
	ctx, cancel := call()
	defer cancel()
	r, change, err := o.API.ImportOrPropose(ctx, "sirens", strings.NewReader("ref,lat,lon,protocol,gateway,group,max_seconds,url\n"+
		strings.Join([]string{ref, place, "http", "siren", "harbour", "60", o.Gateways.URL("siren-http") + "/sirens/" + ref}, ",")+"\n"), nil)
	if err != nil || r.ProblemCount > 0 {
		o.tb.Fatalf("import a siren: %v, problems %v", err, r.Problems)
	}
	if change == nil {
		return ref
	}
	for _, by := range Operators()[:2] {
		signed, err := approval.SignChange(o.signer(by), change.Change, by, time.Now().UTC().Truncate(time.Second))
		if err == nil {
			*change, err = o.Caller(by).SignChange(ctx, change.ID, signed)
		}
		if err != nil {
			o.tb.Fatalf("%s signs for a siren: %v", by, err)
		}
	}
	if change.State != desk.ChangeApplied {
		o.tb.Fatalf("two have signed for a siren, and it is %+v", change)
	}
	return ref
}

// wantOrder checks that somebody got one SMS of each alert, in this order, and nothing else.
func wantOrder(t *testing.T, o *Office, number string, alerts ...alerting.AlertID) {
	t.Helper()
	var have, want []string
	for _, a := range o.To(alerting.AlertID{}, number) {
		have = append(have, a.Alert)
	}
	for _, id := range alerts {
		want = append(want, id.String())
	}
	if strings.Join(have, " ") != strings.Join(want, " ") {
		t.Errorf("somebody got %v, want %v", have, want)
	}
}

// wantText checks that an alert's one text to somebody has some parts.
func wantText(t *testing.T, o *Office, id alerting.AlertID, number string, parts ...string) {
	t.Helper()
	texts := o.Texts(id, number)
	if len(texts) != 1 {
		t.Fatalf("texts: %q, want one", texts)
	}
	for _, part := range parts {
		if !strings.Contains(texts[0], part) {
			t.Errorf("the text %q does not say %q", texts[0], part)
		}
	}
}

// wantSiren checks what a siren does.
func wantSiren(t *testing.T, o *Office, ref, state string) {
	t.Helper()
	Until(t, patience, "siren "+ref+" is "+state, func() error {
		var sirens []sim.SirenView
		o.control("/sirens", &sirens)
		for _, s := range sirens {
			if s.ID == ref && s.State == state && s.Sounded == 1 {
				return nil
			}
		}
		return fmt.Errorf("the sirens stand at %+v", sirens)
	})
}
