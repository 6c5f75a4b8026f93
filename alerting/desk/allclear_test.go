package desk

import (
	"errors"
	"strings"
	"testing"

	"tocsin/alerting"
	"tocsin/cap"
)

func TestAllClear(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk()
		first := o.mustIssue(d, o.alert("first", func(a *cap.Alert) { a.Infos[1].Language = "zh-CN" }))
		order := officer
		order.Note = "the river is back in its bed"
		a, err := d.AllClear(t.Context(), first.Alert, order)
		if err != nil || a.Lane != alerting.Stop {
			t.Fatalf("%+v %v", a, err)
		}
		in, err := d.Issued(t.Context(), a.Alert)
		if err != nil || in.Alert.MsgType != cap.MsgUpdate || in.References[0] != first.Alert || in.Alert.Note != order.Note || len(in.Alert.Infos) != 3 {
			t.Fatalf("%+v %v", in, err)
		}
		for i, want := range []string{"The danger is over: Flood.", "险情已经解除：Flood。", "The danger is over: Flood."} {
			info := in.Alert.Infos[i]
			if info.Description != want || info.Urgency != cap.Past || info.Certainty != cap.Observed || info.ResponseTypes[0] != cap.AllClear ||
				info.Instruction != "" || len(info.Areas) != 1 || info.Areas[0].Description != "the lower town" {
				t.Errorf("info %d: %+v", i+1, info)
			}
		}
		again, err := d.AllClear(t.Context(), first.Alert, officer)
		if err != nil || again.Alert != a.Alert || !again.Repeated {
			t.Errorf("again: %+v %v", again, err)
		}
		if _, err := d.AllClear(t.Context(), a.Alert, officer); !errors.Is(err, alerting.ErrState) || !strings.Contains(err.Error(), "all-clear itself") {
			t.Errorf("of an all-clear: %v", err)
		}
		second := o.mustIssue(d, o.alert("second"))
		if _, err := d.Cancel(t.Context(), second.Alert, officer); err != nil {
			t.Fatal(err)
		}
		if _, err := d.AllClear(t.Context(), second.Alert, officer); !errors.Is(err, alerting.ErrState) {
			t.Errorf("of what was cancelled: %v", err)
		}
		if _, err := d.AllClear(t.Context(), alerting.AlertID{7}, officer); !errors.Is(err, alerting.ErrNotFound) {
			t.Errorf("of nothing: %v", err)
		}
	})
}

// TestWordsOfAnEnding: what is shown is what is said, and whoever writes other words is heard.
func TestWordsOfAnEnding(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk()
		id := o.mustIssue(d, o.alert("false", func(a *cap.Alert) { a.Infos = a.Infos[:1] })).Alert
		shown, err := d.Ending(t.Context(), id, false)
		if err != nil || len(shown) != 1 || shown[0].Headline != "Cancelled: Flood" {
			t.Fatal(shown, err)
		}
		if clear, err := d.Ending(t.Context(), id, true); err != nil || len(clear) != 1 || clear[0].Headline != "All clear: Flood" {
			t.Fatal(clear, err)
		}
		other := shown
		for _, wrong := range []alerting.Words{{Language: "fr", Headline: "Non", Description: "Rien"}, {Language: shown[0].Language, Headline: " ", Description: "x"}} {
			if _, err := d.Cancel(t.Context(), id, Order{Actor: officer.Actor, Words: []alerting.Words{wrong}}); !errors.Is(err, alerting.ErrInvalid) {
				t.Errorf("%+v: %v", wrong, err)
			}
		}
		other[0].Headline, other[0].Instruction = "There is no flood", "Stay where you are."
		answer, err := d.Cancel(t.Context(), id, Order{Actor: officer.Actor, Note: "a slip", Words: other})
		if err != nil {
			t.Fatal(err)
		}
		in, err := d.Issued(t.Context(), answer.Alert)
		if err != nil || in.Alert.Note != "a slip" || in.Alert.Infos[0].Headline != "There is no flood" || in.Alert.Infos[0].Instruction != "Stay where you are." {
			t.Errorf("%+v, %v", in, err)
		}
	})
}
