package desk

import (
	"errors"
	"slices"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
)

// TestActsAreNoted: whatever becomes of an order stands in the journal, in its order.
func TestActsAreNoted(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk()
		one, two := o.alert("one"), o.alert("two")
		first := o.mustIssue(d, one)
		o.mustIssue(d, one)
		o.press.fails = []error{alerting.ErrUnavailable, errors.New("the answer is lost")}
		if _, err := d.Issue(t.Context(), o.write(two), officer); !errors.Is(err, alerting.ErrUnavailable) {
			t.Fatal(err)
		}
		if _, err := d.Issue(t.Context(), o.write(two), officer); !errors.Is(err, alerting.ErrUnknown) {
			t.Fatal(err)
		}
		o.now = o.now.Add(7 * time.Hour)
		if _, err := d.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		id := alerting.IDOf(two).String()
		want := []string{"officer alert.entered alert/" + first.Alert.String(), "officer alert.issued alert/" + first.Alert.String(),
			"officer alert.entered alert/" + id, "desk alert.withdrawn alert/" + id, "officer alert.entered alert/" + id, "desk alert.lapsed alert/" + id}
		if !slices.Equal(o.noted, want) {
			t.Errorf("noted %q, want %q", o.noted, want)
		}
	})
}

// TestNothingHappensUnnoted: what the journal cannot take is not issued.
func TestNothingHappensUnnoted(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk()
		known := o.alert("known")
		id := o.mustIssue(d, known).Alert
		o.unnoted = alerting.ErrUnavailable
		for _, a := range []*cap.Alert{o.alert("new"), o.alert("update", referring(cap.MsgUpdate, known))} {
			if _, err := d.Issue(t.Context(), o.write(a), officer); !errors.Is(err, alerting.ErrUnavailable) {
				t.Error(err)
			}
			if _, err := find(t.Context(), o.db.Read(), alerting.IDOf(a)); !errors.Is(err, alerting.ErrNotFound) {
				t.Errorf("%s left something behind: %v", a.Identifier, err)
			}
		}
		if row, err := find(t.Context(), o.db.Read(), id); err != nil || row.StoppedBy != "" || len(o.press.printed) != 1 {
			t.Errorf("stopped by %q, %d records, %v", row.StoppedBy, len(o.press.printed), err)
		}
	})
}
