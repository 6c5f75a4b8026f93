package template

import (
	"encoding/base64"
	"errors"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tocsin/alerting"
	"tocsin/cap"
)

// TestOriginHoldsWhatFollowUpsNeed: values that fill the slots again with the same, and the words for the end in every language.
func TestOriginHoldsWhatFollowUpsNeed(t *testing.T) {
	one := parse(t, flood)
	r := request(map[string]any{"place": "code:TEST=1", "cause": map[string]any{"en": "rain", "zh-CN": "暴雨"}, "until": "+5h"})
	r.Units = func(string) (string, error) { return "Riverside", nil }
	f, err := one.Fill(r)
	if err != nil {
		t.Fatal(err)
	}
	want := &alerting.Origin{Template: "flood", Version: 2, Digest: one.Digest, Ends: "until",
		Values: map[string]any{"place": "Riverside", "cause": map[string]any{"en": "rain", "zh-CN": "暴雨"}, "until": "2026-05-01T17:00:00+08:00", "level": 6.25, "action": "leave"},
		AllClear: []alerting.Words{{Language: "en", Headline: "The flood in Riverside is over", Description: "The rain has ended.", Instruction: "You may go back."},
			{Language: "zh-CN", Headline: "Riverside洪水已退", Description: "暴雨已经结束。", Instruction: "可以返回。"}},
		Cancel: []alerting.Words{{Language: "en", Headline: "No flood in Riverside", Description: "There is no rain.", Instruction: "Stay where you are."},
			{Language: "zh-CN", Headline: "Riverside没有洪水", Description: "没有暴雨。", Instruction: "请留在原地。"}}}
	if !reflect.DeepEqual(f.Origin, want) {
		t.Errorf("have %+v\nwant %+v", f.Origin, want)
	}
	// An hour later one value has changed: the others, also the end, are as they were.
	again := one.Again(f.Alert, f.Origin.Values, Request{Values: map[string]any{"level": 7}, Now: noon().Add(time.Hour), Random: zeros{}, Office: r.Office, Update: true})
	u, err := one.Fill(again)
	if err != nil {
		t.Fatal(err)
	}
	en := u.Alert.Infos[0]
	if en.Headline != "Flood in Riverside goes on" || en.Description != "Until 17:00." || en.Instruction != "Leave now." || en.Event != "Flood" ||
		!en.Expires.Equal(f.Alert.Infos[0].Expires) || !reflect.DeepEqual(en.Areas, f.Alert.Infos[0].Areas) || u.Origin.Values["level"] != 7.0 {
		t.Errorf("the update: %+v", en)
	}
	// A template without such texts says its ordinary ones.
	plain := parse(t, flood[:strings.Index(flood, "update:")])
	u, err = plain.Fill(again)
	if err != nil || u.Alert.Infos[0].Description != "The water stands at 7 m because of rain." || u.Origin.AllClear != nil || u.Origin.Cancel != nil {
		t.Errorf("without: %+v %v", u, err)
	}
}

// TestRecall: a claim is believed only of the very document that the template gives.
func TestRecall(t *testing.T) {
	one := parse(t, flood)
	f, err := one.Fill(request(nil))
	if err != nil {
		t.Fatal(err)
	}
	text, err := f.Claim()
	if err != nil {
		t.Fatal(err)
	}
	claim, err := ParseClaim(text)
	if err != nil {
		t.Fatal(err)
	}
	o, err := one.Recall(f.Alert, claim, zone())
	if err != nil || !reflect.DeepEqual(o, f.Origin) {
		t.Errorf("what is true: %+v %v", o, err)
	}
	if _, err := one.Recall(f.Alert, claim, time.UTC); err != nil {
		t.Errorf("filled in another zone: %v", err)
	}
	with := func(name string, value any) Claim {
		values := maps.Clone(claim.Values)
		values[name] = value
		return Claim{claim.Template, values}
	}
	changed := *f.Alert
	changed.Infos = append([]cap.Info{}, f.Alert.Infos...)
	changed.Infos[1].Instruction = "请留下。"
	other := changed
	other.Infos = append([]cap.Info{}, f.Alert.Infos...)
	other.Infos[1].Areas = []cap.Area{{Description: "Riverside", Circles: []cap.Circle{{Center: cap.Point{Lat: 1, Lon: 1}, RadiusKM: 1}}}}
	for what, row := range map[string]struct {
		a     *cap.Alert
		claim Claim
	}{
		"another place":               {f.Alert, with("place", "Hilltop")},
		"words that end an element":   {f.Alert, with("cause", "</description>")},
		"a slot that there is not":    {f.Alert, with("why", "rain")},
		"a place that is asked for":   {f.Alert, with("place", "code:TEST=1")},
		"a document that was changed": {&changed, claim},
		"another area in one info":    {&other, claim},
		"no values":                   {f.Alert, Claim{Template: "flood"}},
		"no infos":                    {&cap.Alert{}, claim},
	} {
		if o, err := one.Recall(row.a, row.claim, zone()); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("%s: %+v %v", what, o, err)
		}
	}
}

func TestParseClaim(t *testing.T) {
	for what, text := range map[string]string{
		"no base64": "{}", "no JSON": plain("hello"), "no template": plain(`{"values":{}}`), "another key": plain(`{"template":"flood","cancel":[]}`),
		"two objects": plain(`{"template":"flood"}{}`), "too large": plain(`{"template":"` + strings.Repeat("x", MaxClaim) + `"}`),
	} {
		if c, err := ParseClaim(text); !errors.Is(err, alerting.ErrInvalid) || len(err.Error()) > 300 {
			t.Errorf("%s: %+v %v", what, c, err)
		}
	}
	f := &Filled{Origin: &alerting.Origin{Template: "flood", Values: map[string]any{"cause": strings.Repeat("x", MaxClaim)}}}
	if _, err := f.Claim(); !errors.Is(err, alerting.ErrInvalid) {
		t.Errorf("a claim that is too large: %v", err)
	}
}

func plain(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// TestAValueStaysInItsSlotLater: in what is prepared for later a value is not read as a slot either, and changes nothing else.
func TestAValueStaysInItsSlotLater(t *testing.T) {
	one := parse(t, flood)
	nasty := []string{"</headline>", "{place}", "{{", "}", "&amp;", "]]>", "%s", "$1", "洪", "\u202E", "\n", "\x00", "a", " "}
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		cause := strings.Join(rapid.SliceOfN(rapid.SampledFrom(nasty), 1, 6).Draw(t, "cause"), "")
		f, err := one.Fill(request(map[string]any{"cause": cause}))
		if err != nil {
			return
		}
		accepted++
		cause = strings.TrimSpace(cause)
		if w := f.Origin.Cancel[0]; w.Description != "There is no "+cause+"." || w.Headline != "No flood in Riverside" || w.Instruction != "Stay where you are." {
			t.Fatalf("%q: %+v", cause, w)
		}
		text, err := f.Claim()
		if err != nil {
			t.Fatal(err)
		}
		claim, err := ParseClaim(text)
		if err != nil {
			t.Fatal(err)
		}
		if o, err := one.Recall(f.Alert, claim, zone()); err != nil || !reflect.DeepEqual(o, f.Origin) {
			t.Fatalf("%q is not recalled: %v", cause, err)
		}
	})
	if accepted == 0 {
		t.Error("no value was accepted: the test shows nothing")
	}
}
