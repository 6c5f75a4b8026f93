package desk

import (
	"context"
	"errors"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"tocsin/alerting"
	"tocsin/cap"
)

// luminance is the relative luminance of #RRGGBB (WCAG 2.2).
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	v, err := strconv.ParseUint(strings.TrimPrefix(hex, "#"), 16, 32)
	if err != nil || len(hex) != 7 {
		t.Fatalf("colour %q", hex)
	}
	part := func(shift uint) float64 {
		c := float64(v>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*part(16) + 0.7152*part(8) + 0.0722*part(0)
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// TestKindsCannotBeMixedUp: words, colour, sign and contrast.
func TestKindsCannotBeMixedUp(t *testing.T) {
	for i, k := range Kinds() {
		for page, c := range map[string]Colour{"#FFFFFF": k.Light, "#121212": k.Dark} {
			if have := contrast(t, c.Ground, c.Ink); have < 4.5 {
				t.Errorf("%s: %s on %s has a contrast of %.2f", k.ID, c.Ink, c.Ground, have)
			}
			if have := contrast(t, c.Ground, page); have < 3 {
				t.Errorf("%s: %s on a page of %s has a contrast of %.2f", k.ID, c.Ground, page, have)
			}
		}
		for _, l := range Kinds()[:i] {
			if k.Symbol == l.Symbol || k.Colour == l.Colour || k.Light == l.Light || k.Dark == l.Dark {
				t.Errorf("%s and %s look alike", k.ID, l.ID)
			}
			for _, lang := range Languages() {
				other := strings.Fields(l.Names[lang] + " " + l.Reaches[lang])
				differ := 0
				for _, w := range strings.Fields(k.Names[lang] + " " + k.Reaches[lang]) {
					if !strings.Contains(strings.Join(other, " "), w) {
						differ++
					}
				}
				if differ < 2 {
					t.Errorf("%s: %s and %s differ in %d words", lang, k.ID, l.ID, differ)
				}
			}
		}
	}
}

// TestTheChineseIsWhole: no phrase is missing, and none is in English.
func TestTheChineseIsWhole(t *testing.T) {
	for lang, chinese := range map[string]bool{"en": false, "zh": true} {
		p := reflect.ValueOf(*phrasesOf(lang))
		for i := range p.NumField() {
			name := p.Type().Field(i).Name
			if p.Field(i).Kind() != reflect.String || name == "between" || name == "list" {
				continue
			}
			text := p.Field(i).String()
			han := strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) })
			if han != chinese && name != "headline" || text == "" {
				t.Errorf("%s: %s is %q", lang, name, text)
			}
			if en := reflect.ValueOf(*phrasesOf("en")).Field(i).String(); strings.Count(en, "%") != strings.Count(text, "%") {
				t.Errorf("%s: %s takes other things than in English: %q", lang, name, text)
			}
		}
		for _, ch := range alerting.Channels() {
			if phrasesOf(lang).channel[ch] == "" {
				t.Errorf("%s has no name for %s", lang, ch)
			}
		}
		for _, k := range Kinds() {
			if k.Names[lang] == "" || k.Reaches[lang] == "" {
				t.Errorf("%s: %s has no words", lang, k.ID)
			}
		}
	}
}

func TestConfirmation(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d, ctx := o.desk(approvals(t)), t.Context()
		say := func(id, lang string) Confirmation {
			t.Helper()
			c, err := d.Confirmation(ctx, id, lang, "second")
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		draft, err := d.Draft(ctx, o.write(o.alert("a")), Order{Actor: as("first").Actor, Channels: []alerting.Channel{alerting.SMS, alerting.Siren}})
		if err != nil {
			t.Fatal(err)
		}
		if c := say(draft.ID, ""); !strings.Contains(c.Text, "to: not counted yet") {
			t.Error(c.Text)
		}
		if draft, err = d.Submit(ctx, draft.ID, 1, as("first").Actor, time.Time{}); err != nil {
			t.Fatal(err)
		}
		c := say(draft.ID, "en-GB")
		want := "▲ LIVE WARNING, this reaches the public: Leave the lower town now\nwhere: the lower town\nto: 100 people and 2 sirens\n" +
			"by: SMS, sirens\nuntil: 2026-03-01 11:00 -07:00\nwritten by first\n"
		if c.Text != want || c.Challenge != nil || c.Version != 1 {
			t.Errorf("%q, want %q", c.Text, want)
		}
		want = "▲ 真实预警（将发送给公众）：Leave the lower town now\n地点：the lower town\n对象：100 人、2 台警报器\n渠道：短信、警报器\n有效至：2026-03-01 11:00 -07:00\n撰写人：first\n"
		if c := say(draft.ID, "zh-CN"); c.Text != want {
			t.Errorf("%q, want %q", c.Text, want)
		}
		if _, err := d.Confirmation(ctx, draft.ID, "tlh", ""); !errors.Is(err, alerting.ErrInvalid) {
			t.Error(err)
		}
		if _, err := d.Confirmation(ctx, "none", "", ""); !errors.Is(err, alerting.ErrNotFound) {
			t.Error(err)
		}
	})
}

// TestConfirmationOfWhatFollows: an update, a cancel and an all-clear say what they do to which alert; a headline cannot add a line.
func TestConfirmationOfWhatFollows(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		free := o.desk()
		first := o.alert("a")
		id := o.mustIssue(free, first).Alert
		d, ctx := o.desk(approvals(t)), context.Background()
		o.now = o.now.Add(time.Minute)
		clear := func(a *cap.Alert) {
			for i := range a.Infos {
				a.Infos[i].ResponseTypes = []cap.ResponseType{cap.AllClear}
			}
		}
		sly := func(a *cap.Alert) {
			a.Status = cap.StatusExercise
			a.Note = "drill"
			a.Infos[0].Headline = "Go\nwritten by somebody else"
		}
		for name, row := range map[string]struct {
			alert *cap.Alert
			en    string
			zh    string
		}{
			"update":    {o.alert("b", referring(cap.MsgUpdate, first)), "it takes the place of alert " + id.String() + " (Leave the lower town now)", "取代预警 " + id.String()},
			"cancel":    {o.alert("c", referring(cap.MsgCancel, first)), "it cancels alert " + id.String() + " (Leave the lower town now)", "撤销预警 " + id.String()},
			"all-clear": {o.alert("d", referring(cap.MsgUpdate, first), clear), "it ends alert " + id.String() + " (Leave the lower town now)", "解除预警 " + id.String()},
			"exercise":  {o.alert("e", sly), "◇ EXERCISE, only practice: this reaches nobody outside: Go written by somebody else\n", "◇ 演练（仅供内部练习，外部无人收到）"},
		} {
			draft := o.submitted(d, row.alert)
			for lang, want := range map[string]string{"en": row.en, "zh": row.zh} {
				if c, err := d.Confirmation(ctx, draft.ID, lang, ""); err != nil || !strings.Contains(c.Text, want) {
					t.Errorf("%s: %q lacks %q: %v", name, c.Text, want, err)
				}
			}
		}
	})
}
