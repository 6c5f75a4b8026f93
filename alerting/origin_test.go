package alerting

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestOrigin(t *testing.T) {
	o := &Origin{Template: "flood", Version: 2, Digest: "ab", Values: map[string]any{"place": "Riverside", "until": "2026-05-01T17:00:00+08:00"}, Ends: "until",
		Cancel: []Words{{Language: "en", Headline: "No flood"}}, Asked: "x"}
	text, err := o.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if back, err := DecodeOrigin(text); err != nil || !reflect.DeepEqual(back, o) {
		t.Errorf("%+v %v", back, err)
	}
	end := time.Date(2026, 5, 1, 20, 0, 0, 0, time.FixedZone("", 8*3600))
	later := o.Until(end)
	if later.Values["until"] != "2026-05-01T20:00:00+08:00" || later.Asked != "" || o.Values["until"] != "2026-05-01T17:00:00+08:00" {
		t.Errorf("later %+v of %+v", later, o)
	}
	if w, ok := WordsIn(o.Cancel, "en"); !ok || w.Headline != "No flood" {
		t.Errorf("%+v", w)
	}
	if _, ok := WordsIn(o.Cancel, "zh-CN"); ok {
		t.Error("words of a language that there is not")
	}
	var none *Origin
	if text, err := none.Encode(); text != "" || err != nil || none.String() != "" || none.Until(end) != nil {
		t.Errorf("nothing is %q %v", text, err)
	}
	if back, err := DecodeOrigin(""); back != nil || err != nil {
		t.Errorf("%+v %v", back, err)
	}
	if _, err := DecodeOrigin("{"); err == nil {
		t.Error("half an object is read")
	}
	o.Values["place"] = strings.Repeat("x", MaxOrigin)
	if _, err := o.Encode(); !errors.Is(err, ErrInvalid) {
		t.Errorf("too large: %v", err)
	}
}
