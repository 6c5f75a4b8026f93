package desk

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/store/storetest"
	"tocsin/cap"
)

func TestResume(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk()
		o.press.fails = []error{alerting.ErrUnknown, alerting.ErrUnknown}
		short := o.alert("short", func(a *cap.Alert) {
			for i := range a.Infos {
				a.Infos[i].Expires = a.Sent.Add(time.Minute)
			}
		})
		long := o.alert("long")
		for _, a := range []*cap.Alert{short, long} {
			if _, err := d.Issue(t.Context(), o.write(a), officer); !errors.Is(err, alerting.ErrUnknown) {
				t.Fatal(err)
			}
			if _, err := d.Document(t.Context(), alerting.IDOf(a)); !errors.Is(err, alerting.ErrState) {
				t.Errorf("the document of an alert that may not be out: %v", err)
			}
		}
		sent := o.now
		o.now = o.now.Add(2 * time.Minute)
		o.press.fails = []error{alerting.ErrUnavailable}
		if n, err := o.desk().Resume(t.Context()); n != 0 || !errors.Is(err, alerting.ErrUnknown) {
			t.Errorf("with the stream away: %d %v", n, err)
		}
		n, err := o.desk().Resume(t.Context())
		if n != 1 || err != nil || o.state(alerting.IDOf(long)) != issued || o.state(alerting.IDOf(short)) != lapsed {
			t.Errorf("%d %v, %s, %s", n, err, o.state(alerting.IDOf(long)), o.state(alerting.IDOf(short)))
		}
		if e := o.press.printed; len(e) != 1 || !e[0].Issued.Equal(sent) {
			t.Errorf("the same envelope is published again: %+v", e)
		}
		if _, err := d.Issue(t.Context(), o.write(short), officer); !errors.Is(err, alerting.ErrState) {
			t.Errorf("an alert that lapsed: %v", err)
		}
		if n, err := d.Resume(t.Context()); n != 0 || err != nil {
			t.Errorf("%d %v", n, err)
		}
	})
}

func TestRunResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &office{t: t, db: storetest.Open(t), press: &press{}, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
		d := o.desk()
		a := o.alert("a")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- d.Run(ctx) }()
		synctest.Wait()
		o.press.fails = []error{alerting.ErrUnknown, alerting.ErrUnavailable}
		if _, err := d.Issue(t.Context(), o.write(a), officer); !errors.Is(err, alerting.ErrUnknown) {
			t.Fatal(err)
		}
		time.Sleep(2 * resumeEvery)
		synctest.Wait()
		if s := o.state(alerting.IDOf(a)); s != issued {
			t.Errorf("state %s", s)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
