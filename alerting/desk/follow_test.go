package desk

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
)

func TestFollow(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d, ctx := o.desk(), t.Context()
		first := o.alert("first")
		last := o.mustIssue(d, first).Alert
		chain := []alerting.AlertID{last}
		// The author sends the same file again and again, with another text: each becomes the update of the one before.
		for i := range 3 {
			if i == 2 {
				o.now = o.now.Add(time.Minute)
			}
			a, err := d.Follow(ctx, last, o.write(o.alert("first", func(a *cap.Alert) { a.Sent = first.Sent; a.Infos[0].Headline = "Leave" + string(rune('0'+i)) })), officer)
			if err != nil {
				t.Fatal(err)
			}
			in, err := d.Check(a.Document, officer)
			if err != nil {
				t.Fatal(err)
			}
			slices.Reverse(chain)
			if in.Alert.MsgType != cap.MsgUpdate || !slices.Equal(in.References[:1], chain[:1]) || len(in.References) != len(chain) {
				t.Errorf("update %d: %s refers to %v, want %v", i, in.Alert.MsgType, in.References, chain)
			}
			slices.Reverse(chain)
			if updateOf(in.Alert.Identifier) != "first" || !in.Alert.Sent.After(first.Sent) {
				t.Errorf("update %d: identifier %s, sent %s", i, in.Alert.Identifier, in.Alert.Sent)
			}
			last, chain = a.Alert, append(chain, a.Alert)
		}
		// What was updated is not updated again.
		if _, err := d.Follow(ctx, chain[0], o.write(first), officer); !errors.Is(err, alerting.ErrState) {
			t.Errorf("update what was superseded: %v", err)
		}
		// An identifier and a sent of the author's own are kept.
		own := o.alert("own", func(a *cap.Alert) { a.Sent = a.Sent.Add(time.Hour) })
		a, err := d.Follow(ctx, last, o.write(own), officer)
		if err != nil || a.Alert != alerting.IDOf(own) {
			t.Errorf("%v %v", a.Alert, err)
		}
		if _, err := d.Follow(ctx, alerting.AlertID{1}, o.write(first), officer); !errors.Is(err, alerting.ErrNotFound) {
			t.Errorf("an alert that nobody knows: %v", err)
		}
		c, err := d.Cancel(ctx, a.Alert, officer)
		if err != nil {
			t.Fatal(err)
		}
		for name, id := range map[string]alerting.AlertID{"a cancelled alert": a.Alert, "a cancel": c.Alert} {
			if _, err := d.Follow(ctx, id, o.write(first), officer); !errors.Is(err, alerting.ErrState) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := d.Follow(ctx, last, []byte("hello"), officer); !errors.Is(err, alerting.ErrState) && !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("no CAP: %v", err)
		}
	})
}

func replaceOnce(t *testing.T, s, from, to string) string {
	t.Helper()
	if !strings.Contains(s, from) {
		t.Fatalf("it does not hold %q", from)
	}
	return strings.Replace(s, from, to, 1)
}

func TestFollowSaysWhatIsWrong(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk()
		id := o.mustIssue(d, o.alert("first")).Alert
		text := o.write(o.alert("first"))
		var found cap.Findings
		bad := []byte(replaceOnce(t, string(text), "<severity>Extreme</severity>", ""))
		if _, err := d.Follow(t.Context(), id, bad, officer); !errors.As(err, &found) || found[0].Line == 0 {
			t.Errorf("%v", err)
		}
		o.now = o.now.Add(7 * time.Hour)
		if _, err := d.Follow(t.Context(), id, text, officer); !errors.Is(err, alerting.ErrState) {
			t.Errorf("after its end: %v", err)
		}
	})
}
