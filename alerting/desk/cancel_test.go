package desk

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/cap"
)

func TestUpdate(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk()
		first := o.alert("first")
		o.mustIssue(d, first)
		if _, err := d.Update(t.Context(), o.write(o.alert("plain")), officer); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("an alert as an update: %v", err)
		}
		second := o.alert("second", referring(cap.MsgUpdate, first))
		u, err := d.Update(t.Context(), o.write(second), officer)
		if err != nil {
			t.Fatal(err)
		}
		// A rival update of the same alert is refused and told which one won.
		rival := o.alert("rival", referring(cap.MsgUpdate, first))
		if _, err := d.Issue(t.Context(), o.write(rival), officer); !errors.Is(err, alerting.ErrState) || !strings.Contains(err.Error(), u.Alert.String()) {
			t.Errorf("rival: %v", err)
		}
		if s := o.state(alerting.IDOf(rival)); s != "" {
			t.Errorf("the rival is %s", s)
		}
		if _, err := d.Cancel(t.Context(), alerting.IDOf(first), officer); !errors.Is(err, alerting.ErrState) || !strings.Contains(err.Error(), u.Alert.String()) {
			t.Errorf("cancel what was superseded: %v", err)
		}
		// An update that names the whole chain is fine.
		third := o.alert("third", referring(cap.MsgUpdate, first, second))
		o.mustIssue(d, third)
		// The cancel of the last one refers to all that has not expired.
		c, err := d.Cancel(t.Context(), alerting.IDOf(third), officer)
		if err != nil {
			t.Fatal(err)
		}
		in, err := d.Check(c.Document, officer)
		if err != nil {
			t.Fatal(err)
		}
		want := []alerting.AlertID{alerting.IDOf(third), alerting.IDOf(first), alerting.IDOf(second)}
		if !slices.Equal(in.References, want) {
			t.Errorf("references: %v, want %v", in.References, want)
		}
	})
}

func TestUnknownReferencesByOption(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk(func(c *Config) { c.UnknownReferences = true })
		o.mustIssue(d, o.alert("x", referring(cap.MsgUpdate, o.alert("ghost"))))
	})
}

func TestCancel(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk()
		first := o.alert("first")
		id := o.mustIssue(d, first).Alert
		if _, err := d.Cancel(t.Context(), alerting.AlertID{1}, officer); !errors.Is(err, alerting.ErrNotFound) {
			t.Errorf("an alert nobody knows: %v", err)
		}
		order := officer
		order.Note = "false alarm"
		a, err := d.Cancel(t.Context(), id, order)
		if err != nil {
			t.Fatal(err)
		}
		if a.Lane != alerting.Stop || a.World != alerting.Actual || a.Repeated {
			t.Errorf("%+v", a)
		}
		c, err := cap.Parse(a.Document, cap.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if c.MsgType != cap.MsgCancel || c.Status != cap.StatusActual || c.Sender != first.Sender || c.Note != "false alarm" ||
			!c.Sent.After(first.Sent) || c.Sent.Nanosecond() != 0 || !slices.Equal(c.Codes, first.Codes) {
			t.Errorf("%+v", c)
		}
		if _, offset := c.Sent.Zone(); offset != -7*3600 {
			t.Errorf("sent %s", c.Sent)
		}
		headlines := []string{"Cancelled: Flood", "Inställt: Flood", "Cancelled: Flood"}
		for i, info := range c.Infos {
			if info.Language != first.Infos[i].Language || info.Urgency != cap.Past || info.Headline != headlines[i] ||
				len(info.Areas) != 1 || info.Instruction != "" || !info.Expires.After(first.Infos[i].Expires) {
				t.Errorf("info %d: %+v", i, info)
			}
		}
		if len(c.References) != 1 || alerting.IDOfReference(c.References[0]) != id {
			t.Errorf("references: %v", c.References)
		}
		// Again, later, by another process: the same cancel, and nothing is issued.
		o.now = o.now.Add(time.Hour)
		again, err := o.desk().Cancel(t.Context(), id, officer)
		if err != nil || again.Alert != a.Alert || !again.Repeated || len(o.press.printed) != 2 {
			t.Errorf("again: %+v %v, %d records", again, err, len(o.press.printed))
		}
		if _, err := d.Cancel(t.Context(), a.Alert, officer); !errors.Is(err, alerting.ErrState) {
			t.Errorf("cancel a cancel: %v", err)
		}
	})
}

func TestCancelWhenTheAnswerWasLost(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk()
		id := o.mustIssue(d, o.alert("lost")).Alert
		o.press.fails = []error{alerting.ErrUnknown}
		if _, err := d.Cancel(t.Context(), id, officer); !errors.Is(err, alerting.ErrUnknown) {
			t.Fatal(err)
		}
		before := len(o.press.printed)
		o.now = o.now.Add(time.Second)
		a, err := o.desk().Cancel(t.Context(), id, officer)
		if err != nil || o.state(a.Alert) != issued || len(o.press.printed) != before+1 {
			t.Errorf("%+v %v", a, err)
		}
	})
}

func TestCancelAnAlertWhoseAnswerWasLost(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk()
		o.press.fails = []error{alerting.ErrUnknown}
		a := o.alert("own")
		if _, err := d.Issue(t.Context(), o.write(a), officer); !errors.Is(err, alerting.ErrUnknown) {
			t.Fatal(err)
		}
		if _, err := d.Cancel(t.Context(), alerting.IDOf(a), officer); err != nil {
			t.Error(err)
		}
	})
}

func TestCancelWhatIsOver(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk()
		id := o.mustIssue(d, o.alert("over")).Alert
		o.now = o.now.Add(7 * time.Hour)
		if _, err := d.Cancel(t.Context(), id, officer); err != nil {
			t.Error(err)
		}
		late := o.mustIssue(d, o.alert("long-over")).Alert
		o.now = o.now.Add(31 * time.Hour)
		if _, err := d.Cancel(t.Context(), late, officer); !errors.Is(err, alerting.ErrState) {
			t.Errorf("%v", err)
		}
	})
}

func TestCancelWithAClockBehind(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk(func(c *Config) { c.Sender, c.SenderName = "office.example", "The Office" })
		a := o.alert("ahead", func(a *cap.Alert) { move(a, time.Minute) })
		c, err := d.Cancel(t.Context(), o.mustIssue(d, a).Alert, officer)
		if err != nil {
			t.Fatal(err)
		}
		got, err := cap.Parse(c.Document, cap.Options{})
		if err != nil || !got.Sent.Equal(a.Sent.Add(time.Second)) || got.Sender != "office.example" || got.Infos[0].SenderName != "The Office" {
			t.Errorf("%+v %v", got, err)
		}
	})
}

func TestCancelADocumentAtTheLimit(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		a := o.alert("large")
		size := len(o.write(a))
		d := o.desk(func(c *Config) { c.MaxBytes = size })
		id := o.mustIssue(d, a).Alert
		d.MaxBytes = size / 2
		c, err := d.Cancel(t.Context(), id, officer)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := cap.Parse(c.Document, cap.Options{}); err != nil || len(got.Infos) != 0 {
			t.Errorf("%v", err)
		}
	})
}

func TestCancelThatCameAsADocument(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk()
		a := o.alert("by-document")
		id := o.mustIssue(d, a).Alert
		o.now = o.now.Add(time.Second)
		c := o.mustIssue(d, o.alert("theirs", referring(cap.MsgCancel, a)))
		again, err := d.Cancel(t.Context(), id, officer)
		if err != nil || again.Alert != c.Alert || !again.Repeated {
			t.Errorf("%+v %v", again, err)
		}
		late := o.alert("too-late", referring(cap.MsgUpdate, a))
		if _, err := d.Issue(t.Context(), o.write(late), officer); !errors.Is(err, alerting.ErrState) {
			t.Errorf("an update of what was cancelled: %v", err)
		}
	})
}

// TestWordsOfEveryLanguage: every phrase has room for the event, once.
func TestWordsOfEveryLanguage(t *testing.T) {
	english := cancelledIn("en")
	for _, lang := range []string{"ar", "cs", "da", "de", "es", "fi", "fr", "it", "ja", "ko", "nb", "nn", "no", "nl", "pl", "pt",
		"ru", "sv", "tr", "uk", "zh", "zh-Hant-TW", "PT-br"} {
		w := cancelledIn(lang)
		if w == english || strings.Count(w.headline, "%s") != 1 || strings.Count(w.description, "%s") != 1 {
			t.Errorf("%s: %+v", lang, w)
		}
	}
	for _, lang := range []string{"", "en-US", "tlh", "x"} {
		if cancelledIn(lang) != english {
			t.Errorf("%q is not English", lang)
		}
	}
}

// TestOnePersonStopsAndSaysNothing: where nobody sends alone, the note of who cancels alone reaches nobody. It is in the journal, and the
// words of the cancel are those that were prepared.
func TestOnePersonStopsAndSaysNothing(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk(approvals(t))
		draft := o.submitted(d, o.alert("a"))
		for act, who := range map[approval.Act]string{approval.Author: "first", approval.Approve: "second"} {
			var err error
			if draft, err = o.signs(d, draft, act, who); err != nil {
				t.Fatal(err)
			}
		}
		order := as("first")
		order.Note = "Ignore the office: \u202egather at the harbour"
		a, err := d.Cancel(t.Context(), draft.Alert, order)
		if err != nil || a.Draft != "" {
			t.Fatalf("%+v %v", a, err)
		}
		c, err := cap.Parse(a.Document, cap.Options{})
		if err != nil || c.Note != "" || bytes.Contains(a.Document, []byte("harbour")) {
			t.Errorf("one person told everybody %q: %v", c.Note, err)
		}
		noted := func() (n int) {
			for _, s := range o.noted {
				if strings.Contains(s, verbStopped) {
					n++
				}
			}
			return n
		}
		if noted() != 1 {
			t.Errorf("the reason is noted %d times: %v", noted(), o.noted)
		}
		if again, err := d.Cancel(t.Context(), draft.Alert, order); err != nil || !again.Repeated || noted() != 1 {
			t.Errorf("again: %+v %v, noted %d times", again, err, noted())
		}
	})
}
