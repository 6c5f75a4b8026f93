package desk

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/cap"
)

// fromTemplate is what is remembered of an alert of the tests: words for two of its three languages.
func fromTemplate() *alerting.Origin {
	return &alerting.Origin{Template: "flood", Version: 2, Digest: "ab", Ends: "until", Values: map[string]any{"place": "Riverside"},
		AllClear: []alerting.Words{{Language: "en-GB", Headline: "The flood is over", Description: "The river has fallen.", Instruction: "Go home."},
			{Language: "sv", Headline: "Över", Description: "Älven har sjunkit.", Instruction: "Gå hem."}},
		Cancel: []alerting.Words{{Language: "en-GB", Headline: "No flood", Description: "It was a mistake.", Instruction: "Go home."},
			{Language: "sv", Headline: "Ingen", Description: "Det var ett misstag.", Instruction: "Gå hem."}}}
}

func (o *office) issueFilled(d *Desk, id string, origin *alerting.Origin) Answer {
	o.t.Helper()
	order := officer
	order.Channels, order.Audience.Groups, order.Origin = []alerting.Channel{alerting.SMS}, []string{"north"}, origin
	a, err := d.Issue(o.t.Context(), o.write(o.alert(id)), order)
	if err != nil {
		o.t.Fatal(err)
	}
	return a
}

// wantInfos compares description and instruction of each info.
func (o *office) wantInfos(d *Desk, id alerting.AlertID, want ...string) *alerting.Issued {
	o.t.Helper()
	in, err := d.Issued(o.t.Context(), id)
	if err != nil {
		o.t.Fatal(err)
	}
	for i := range in.Alert.Infos {
		if have := strings.TrimSpace(in.Alert.Infos[i].Description + " " + in.Alert.Infos[i].Instruction); have != want[i] {
			o.t.Errorf("info %d says %q, want %q", i+1, have, want[i])
		}
	}
	return in
}

// TestTheEndSaysWhatWasPrepared: in the languages that the template had; the others in general words.
func TestTheEndSaysWhatWasPrepared(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk()
		first := o.issueFilled(d, "first", fromTemplate())
		a, err := d.AllClear(t.Context(), first.Alert, officer)
		if err != nil {
			t.Fatal(err)
		}
		in := o.wantInfos(d, a.Alert, "The river has fallen. Go home.", "Älven har sjunkit. Gå hem.", "The danger is over: Flood.")
		if in.Origin != nil || in.Alert.Infos[0].Headline != "The flood is over" || in.Lane != alerting.Stop {
			t.Errorf("%+v", in)
		}
		second := o.issueFilled(d, "second", fromTemplate())
		c, err := d.Cancel(t.Context(), second.Alert, officer)
		if err != nil {
			t.Fatal(err)
		}
		in = o.wantInfos(d, c.Alert, "It was a mistake. Go home.", "Det var ett misstag. Gå hem.", "This warning has been cancelled: Flood.")
		if in.Alert.MsgType != cap.MsgCancel || in.Alert.Note != "" {
			t.Errorf("%+v", in.Alert)
		}
		again, err := d.Cancel(t.Context(), second.Alert, officer)
		if err != nil || again.Alert != c.Alert || !again.Repeated {
			t.Errorf("again: %+v %v", again, err)
		}
		// A note goes before what was prepared.
		third := o.issueFilled(d, "third", fromTemplate())
		noted := officer
		noted.Note = "a drill in the next county"
		if c, err = d.Cancel(t.Context(), third.Alert, noted); err != nil {
			t.Fatal(err)
		}
		o.wantInfos(d, c.Alert, "This warning has been cancelled: Flood.", "Den här varningen är inställd: Flood.", "This warning has been cancelled: Flood.")
		// An alert that is issued again to end later keeps what was prepared, and knows its new end.
		fourth := o.issueFilled(d, "fourth", fromTemplate())
		until := o.now.Add(8 * time.Hour).Truncate(time.Second)
		longer, err := d.Extend(t.Context(), fourth.Alert, until, officer.Actor)
		if err != nil {
			t.Fatal(err)
		}
		in, err = d.Issued(t.Context(), longer.Alert)
		if err != nil || in.Origin == nil || in.Origin.Values["until"] != until.In(in.Alert.Sent.Location()).Format(time.RFC3339) {
			t.Errorf("extended: %+v %v", in.Origin, err)
		}
	})
}

// TestNoOriginChangesWhatIsIssued: the record on the stream is the same with it and without, and what is too large is refused. A
// stop is never refused for its words.
func TestNoOriginChangesWhatIsIssued(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk()
		o.issueFilled(d, "plain", nil)
		bad := fromTemplate()
		bad.Cancel[0].Description = "It ends\x00 here."
		bad.Cancel[1].Instruction = strings.Repeat("å", 20_000)
		filled := o.issueFilled(d, "filled", bad)
		one, two := o.press.printed[0], o.press.printed[1]
		if string(two.Document) != string(o.write(o.alert("filled"))) {
			t.Error("the document was changed")
		}
		one.Document, two.Document, one.Digest, two.Digest = nil, nil, [32]byte{}, [32]byte{}
		if !reflect.DeepEqual(one, two) {
			t.Errorf("on the stream: %+v\nwithout: %+v", two, one)
		}
		c, err := d.Cancel(t.Context(), filled.Alert, officer)
		if err != nil {
			t.Fatal(err)
		}
		o.wantInfos(d, c.Alert, "This warning has been cancelled: Flood.", "Den här varningen är inställd: Flood.", "This warning has been cancelled: Flood.")
		large := fromTemplate()
		large.Values["place"] = strings.Repeat("x", alerting.MaxOrigin)
		order := officer
		order.Origin = large
		if _, err := d.Issue(t.Context(), o.write(o.alert("large")), order); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("too large: %v", err)
		}
		if _, err := d.Draft(t.Context(), o.write(o.alert("large")), order); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("a draft that is too large: %v", err)
		}
	})
}

// filler plays a template: each time with another identifier, as filling gives them.
func (o *office) filler(calls *int) Filler {
	return func(original *alerting.Issued) ([]byte, *alerting.Origin, error) {
		*calls++
		now := fromTemplate()
		now.Values["place"] = "Hilltop"
		return o.write(o.alert("u" + string(rune('0'+*calls)))), now, nil
	}
}

func TestRefill(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d, ctx, calls := o.desk(), t.Context(), 0
		first := o.issueFilled(d, "first", fromTemplate())
		a, err := d.Refill(ctx, first.Alert, []byte("hilltop"), officer, o.filler(&calls))
		if err != nil {
			t.Fatal(err)
		}
		in, err := d.Issued(ctx, a.Alert)
		if err != nil || in.Alert.MsgType != cap.MsgUpdate || in.References[0] != first.Alert || in.Origin.Values["place"] != "Hilltop" ||
			in.Envelope.Channels[0] != alerting.SMS || in.Envelope.Audience.Groups[0] != "north" {
			t.Fatalf("%+v %v", in, err)
		}
		again, err := d.Refill(ctx, first.Alert, []byte("hilltop"), officer, o.filler(&calls))
		if err != nil || again.Alert != a.Alert || !again.Repeated || calls != 1 {
			t.Errorf("again: %+v %v after %d fillings", again, err, calls)
		}
		if _, err := d.Refill(ctx, first.Alert, []byte("elsewhere"), officer, o.filler(&calls)); !errors.Is(err, alerting.ErrState) || !strings.Contains(err.Error(), a.Alert.String()) {
			t.Errorf("something else of what was updated: %v", err)
		}
		// The update is updated in its turn, and ended with its own words.
		if a, err = d.Refill(ctx, a.Alert, []byte("hilltop"), officer, o.filler(&calls)); err != nil || calls != 2 {
			t.Fatalf("%v after %d fillings", err, calls)
		}
		if c, err := d.Cancel(ctx, a.Alert, officer); err != nil {
			t.Error(err)
		} else {
			o.wantInfos(d, c.Alert, "It was a mistake. Go home.", "Det var ett misstag. Gå hem.", "This warning has been cancelled: Flood.")
		}
		plain := o.mustIssue(d, o.alert("plain"))
		if _, err := d.Refill(ctx, plain.Alert, nil, officer, o.filler(&calls)); !errors.Is(err, alerting.ErrState) || !strings.Contains(err.Error(), "no template") {
			t.Errorf("of an alert by hand: %v", err)
		}
		if _, err := d.Refill(ctx, alerting.AlertID{7}, nil, officer, o.filler(&calls)); !errors.Is(err, alerting.ErrNotFound) {
			t.Errorf("of nothing: %v", err)
		}
		fails := func(*alerting.Issued) ([]byte, *alerting.Origin, error) { return nil, nil, alerting.ErrInvalid }
		third := o.issueFilled(d, "third", fromTemplate())
		if _, err := d.Refill(ctx, third.Alert, nil, officer, fails); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("a template that cannot be filled: %v", err)
		}
		o.now = o.now.Add(7 * time.Hour)
		if _, err := d.Refill(ctx, third.Alert, nil, officer, fails); !errors.Is(err, alerting.ErrState) {
			t.Errorf("after its end: %v", err)
		}
	})
}

// TestRefillWaitsForApproval: as any update does. The same request is the same draft, and what is remembered goes from the draft
// to the alert, where the one who approves can read it before.
func TestRefillWaitsForApproval(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d, ctx, calls := o.desk(approvals(t)), t.Context(), 0
		order := as("first")
		order.Origin = fromTemplate()
		first, err := d.Issue(ctx, o.write(o.alert("first")), order)
		if err != nil || first.Draft == "" {
			t.Fatalf("%+v %v", first, err)
		}
		approve := func(id string) {
			t.Helper()
			draft, err := d.DraftAt(ctx, id)
			if err != nil || draft.Filled == nil || draft.Filled.Cancel[0].Description != "It was a mistake." {
				t.Fatalf("%+v %v", draft.Filled, err)
			}
			if draft, err = o.signs(d, draft, approval.Author, "first"); err == nil {
				draft, err = o.signs(d, draft, approval.Approve, "second")
			}
			if err != nil || draft.State != Released {
				t.Fatalf("%+v %v", draft, err)
			}
		}
		approve(first.Draft)
		update, err := d.Refill(ctx, first.Alert, []byte("hilltop"), as("first"), o.filler(&calls))
		if err != nil || update.Draft == "" {
			t.Fatalf("%+v %v", update, err)
		}
		again, err := d.Refill(ctx, first.Alert, []byte("hilltop"), as("first"), o.filler(&calls))
		if err != nil || again.Draft != update.Draft || again.Alert != update.Alert || !again.Repeated || len(again.Missing) == 0 || calls != 1 {
			t.Errorf("again: %+v %v after %d fillings", again, err, calls)
		}
		approve(update.Draft)
		// One person stops it, with what was prepared.
		c, err := d.Cancel(ctx, update.Alert, as("third"))
		if err != nil || c.Draft != "" {
			t.Fatalf("%+v %v", c, err)
		}
		o.wantInfos(d, c.Alert, "It was a mistake. Go home.", "Det var ett misstag. Gå hem.", "This warning has been cancelled: Flood.")
	})
}
