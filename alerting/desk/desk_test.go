package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/store"
	"tocsin/cap"
)

func TestIssue(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk()
		document := o.write(o.alert("a"))
		order := Order{Actor: officer.Actor, Channels: []alerting.Channel{alerting.SMS, alerting.Mail},
			Audience: alerting.AudienceFilter{Groups: []string{"north"}}}
		a, err := d.Issue(t.Context(), document, order)
		if err != nil {
			t.Fatal(err)
		}
		if len(o.press.printed) != 1 || o.state(a.Alert) != issued || a.Repeated || a.World != alerting.Actual || a.Lane != alerting.Flash {
			t.Fatalf("%+v, %d records, state %s", a, len(o.press.printed), o.state(a.Alert))
		}
		e := o.press.printed[0]
		if string(e.Document) != string(document) || e.Actor != officer.Actor || !e.Issued.Equal(o.now) ||
			!slices.Equal(e.Channels, order.Channels) || !slices.Equal(e.Audience.Groups, order.Audience.Groups) {
			t.Errorf("%+v", e)
		}
		got, err := d.Document(t.Context(), a.Alert)
		if err != nil || string(got) != string(document) {
			t.Errorf("document: %v", err)
		}
		// The same again, also by another process and after its end.
		slices.Reverse(order.Channels)
		for range 2 {
			again, err := o.desk().Issue(t.Context(), document, order)
			if err != nil || !again.Repeated || again.Alert != a.Alert {
				t.Errorf("again: %+v %v", again, err)
			}
			o.now = o.now.Add(7 * time.Hour)
		}
		if len(o.press.printed) != 1 {
			t.Errorf("%d records", len(o.press.printed))
		}
		other := o.alert("a", func(a *cap.Alert) { a.Sent = a.Sent.Add(-14 * time.Hour); a.Note = "other" })
		if alerting.IDOf(other) != a.Alert {
			t.Fatal("the test does not make the same id")
		}
		for name, again := range map[string]struct {
			document []byte
			order    Order
		}{
			"other bytes":    {o.write(other), order},
			"other audience": {document, officer},
		} {
			if _, err := d.Issue(t.Context(), again.document, again.order); !errors.Is(err, alerting.ErrConflict) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestRefused(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk()
		known := o.alert("known")
		o.mustIssue(d, known)
		exercise := o.alert("exercise", func(a *cap.Alert) { a.Status = cap.StatusExercise; a.Note = "drill 1" })
		o.mustIssue(d, exercise)
		ghost := o.alert("ghost")
		before := len(o.press.printed)
		for name, c := range map[string]struct {
			document []byte
			order    Order
			finding  string
			kind     error
		}{
			"no XML":              {[]byte("hello"), officer, "", alerting.ErrInvalid},
			"a rule of CAP":       {[]byte(strings.Replace(string(o.write(o.alert("x"))), "<scope>Public</scope>", "", 1)), officer, "", alerting.ErrInvalid},
			"draft":               {o.write(o.alert("x", func(a *cap.Alert) { a.Status = cap.StatusDraft })), officer, "desk.status", alerting.ErrInvalid},
			"system":              {o.write(o.alert("x", func(a *cap.Alert) { a.Status = cap.StatusSystem })), officer, "desk.status", alerting.ErrInvalid},
			"acknowledgement":     {o.write(o.alert("x", referring(cap.MsgAck, known))), officer, "desk.msgtype", alerting.ErrInvalid},
			"error":               {o.write(o.alert("x", referring(cap.MsgError, known), func(a *cap.Alert) { a.Note = "no" })), officer, "desk.msgtype", alerting.ErrInvalid},
			"nobody":              {o.write(o.alert("x")), Order{}, "desk.actor", alerting.ErrInvalid},
			"no such channel":     {o.write(o.alert("x")), Order{Actor: officer.Actor, Channels: []alerting.Channel{"fax"}}, "desk.channel", alerting.ErrInvalid},
			"expired":             {o.write(o.alert("x", func(a *cap.Alert) { move(a, -7*time.Hour) })), officer, "desk.expired", alerting.ErrInvalid},
			"valid too long":      {o.write(o.alert("x", func(a *cap.Alert) { a.Infos[1].Expires = o.now.Add(8 * 24 * time.Hour).Truncate(time.Second) })), officer, "desk.validity", alerting.ErrInvalid},
			"keeps waiting":       {o.write(o.alert("x", func(a *cap.Alert) { a.Infos[1].Effective = o.now.Add(time.Hour).Truncate(time.Second) })), officer, "desk.effective", alerting.ErrInvalid},
			"too large":           {append(o.write(o.alert("x")), make([]byte, defaultBytes)...), officer, "xml.size", alerting.ErrInvalid},
			"unknown reference":   {o.write(o.alert("x", referring(cap.MsgUpdate, ghost))), officer, "desk.references.unknown", alerting.ErrInvalid},
			"another world":       {o.write(o.alert("x", referring(cap.MsgUpdate, exercise))), officer, "desk.references.world", alerting.ErrInvalid},
			"one of two unknown":  {o.write(o.alert("x", referring(cap.MsgCancel, known, ghost))), officer, "desk.references.unknown", alerting.ErrInvalid},
			"stop without a name": {[]byte(strings.Replace(string(o.write(o.alert("x"))), "<msgType>Alert", "<msgType>Cancel", 1)), officer, "", alerting.ErrInvalid},
		} {
			t.Run(name, func(t *testing.T) {
				_, err := d.Issue(t.Context(), c.document, c.order)
				var found cap.Findings
				if !errors.Is(err, c.kind) || !errors.As(err, &found) || len(found) == 0 {
					t.Fatalf("%v", err)
				}
				if c.finding != "" && !slices.ContainsFunc(found, func(f cap.Finding) bool { return f.ID == c.finding && f.Message != "" }) {
					t.Errorf("findings: %v", found)
				}
			})
		}
		if n := len(o.press.printed); n != before {
			t.Errorf("%d records of refused documents", n-before)
		}
		// Nothing of the refused ones is left: the known alert can still be stopped.
		if _, err := d.Cancel(t.Context(), alerting.IDOf(known), officer); err != nil {
			t.Error(err)
		}
	})
}

func move(a *cap.Alert, by time.Duration) {
	a.Sent = a.Sent.Add(by)
	for i := range a.Infos {
		a.Infos[i].Expires = a.Infos[i].Expires.Add(by)
	}
}

func TestStreamTrouble(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		for _, c := range []struct {
			name    string
			fails   []error
			written bool
			kinds   []error
			states  []string
			records int
		}{
			{"away, then back", []error{alerting.ErrUnavailable, nil}, false, []error{alerting.ErrUnavailable, nil}, []string{"", issued}, 1},
			{"never possible", []error{alerting.ErrInvalid}, false, []error{alerting.ErrInvalid}, []string{""}, 0},
			{"answer lost, written", []error{alerting.ErrUnknown, nil}, true, []error{alerting.ErrUnknown, nil}, []string{issuing, issued}, 2},
			{"answer lost, then away", []error{alerting.ErrUnknown, alerting.ErrUnavailable, nil}, false,
				[]error{alerting.ErrUnknown, alerting.ErrUnknown, nil}, []string{issuing, issuing, issued}, 1},
			{"an answer of no kind", []error{context.DeadlineExceeded, nil}, false, []error{alerting.ErrUnknown, nil}, []string{issuing, issued}, 1},
		} {
			t.Run(c.name, func(t *testing.T) {
				d := o.desk()
				o.press.printed, o.press.fails, o.press.written = nil, c.fails, c.written
				a := o.alert(strings.ReplaceAll(strings.ReplaceAll(c.name, " ", "-"), ",", ""))
				for i, kind := range c.kinds {
					_, err := d.Issue(t.Context(), o.write(a), officer)
					if kind == nil && err != nil || !errors.Is(err, kind) {
						t.Fatalf("call %d: %v, want %v", i+1, err, kind)
					}
					if errors.Is(kind, alerting.ErrUnknown) && errors.Is(err, alerting.ErrUnavailable) {
						t.Errorf("call %d: two answers in one: %v", i+1, err)
					}
					if got := o.state(alerting.IDOf(a)); got != c.states[i] {
						t.Fatalf("call %d: state %q, want %q", i+1, got, c.states[i])
					}
				}
				if n := len(o.press.printed); n != c.records {
					t.Errorf("%d records, want %d", n, c.records)
				}
			})
		}
	})
}

func TestARefusedStopLeavesNoMark(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk()
		first := o.alert("first")
		id := o.mustIssue(d, first).Alert
		o.press.fails = []error{alerting.ErrUnavailable}
		if _, err := d.Cancel(t.Context(), id, officer); !errors.Is(err, alerting.ErrUnavailable) {
			t.Fatal(err)
		}
		o.now = o.now.Add(time.Minute)
		a, err := d.Cancel(t.Context(), id, officer)
		if err != nil || a.Repeated {
			t.Fatalf("%+v %v", a, err)
		}
	})
}

// brokenDB fails the n-th transaction, before or after it was committed.
type brokenDB struct {
	*store.DB
	n    *int
	late bool
}

func (b brokenDB) Write(ctx context.Context, fn func(context.Context, bun.Tx) error) error {
	*b.n--
	if *b.n == 0 && !b.late {
		return fmt.Errorf("%w: broken", alerting.ErrUnavailable)
	}
	err := b.DB.Write(ctx, fn)
	if err == nil && *b.n == 0 {
		return fmt.Errorf("%w: broken", alerting.ErrUnknown)
	}
	return err
}

// TestSQLTrouble: whatever write fails, and whatever the stream says, "accepted" means that the stream has the alert,
// "refused" that it never gets it, and after a restart nothing is left half.
func TestSQLTrouble(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		serial := 0
		for _, late := range []bool{false, true} {
			for _, answer := range []error{nil, alerting.ErrUnavailable, alerting.ErrUnknown} {
				for n := 1; n <= 3; n++ {
					serial++
					what := fmt.Sprintf("write %d, late %v, stream says %v", n, late, answer)
					o.press.printed, o.press.fails = nil, []error{answer}
					left := n
					d := o.desk(func(c *Config) { c.DB = brokenDB{o.db, &left, late} })
					a := o.alert(fmt.Sprintf("trouble-%d", serial))
					_, err := d.Issue(t.Context(), o.write(a), officer)
					refused := err != nil && !errors.Is(err, alerting.ErrUnknown)
					if err == nil && len(o.press.printed) != 1 {
						t.Fatalf("%s: accepted, and %d records", what, len(o.press.printed))
					}
					o.press.fails = nil
					if _, err := o.desk().Resume(t.Context()); err != nil {
						t.Fatalf("%s: resume: %v", what, err)
					}
					if refused && len(o.press.printed) != 0 {
						t.Fatalf("%s: refused (%v), and issued after all", what, err)
					}
					if s := o.state(alerting.IDOf(a)); s == issuing || s == issued != (len(o.press.printed) > 0) {
						t.Fatalf("%s: state %q with %d records", what, s, len(o.press.printed))
					}
					if n := len(o.press.printed); n > 2 {
						t.Fatalf("%s: %d records", what, n)
					}
				}
			}
		}
	})
}

func TestFiftyAtOnce(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk()
		document := o.write(o.alert("many"))
		var wg sync.WaitGroup
		errs := make(chan error, 50)
		for range 50 {
			wg.Go(func() {
				_, err := d.Issue(t.Context(), document, officer)
				errs <- err
			})
		}
		wg.Wait()
		close(errs)
		for err := range errs {
			if err != nil {
				t.Error(err)
			}
		}
		if n := len(o.press.printed); n != 1 {
			t.Errorf("%d records", n)
		}
	})
}

// TestTwoDesks: two processes are given the same document at once. Whatever each is told, the row says what the stream has.
func TestTwoDesks(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		for _, c := range []struct {
			name string
			// fails are the answers to the first desk, whose call is under way, and to the second, which comes meanwhile.
			first, second error
			kinds         [2]error
			state         string
		}{
			{"both get through", nil, nil, [2]error{nil, nil}, issued},
			{"the first is refused, the second got through", alerting.ErrUnavailable, nil, [2]error{nil, nil}, issued},
			{"both are refused", alerting.ErrUnavailable, alerting.ErrUnavailable, [2]error{alerting.ErrUnavailable, alerting.ErrUnknown}, ""},
			{"the first gets through, the second is refused", nil, alerting.ErrUnavailable, [2]error{nil, alerting.ErrUnknown}, issued},
		} {
			t.Run(c.name, func(t *testing.T) {
				first := o.alert("first-" + strings.ReplaceAll(strings.ReplaceAll(c.name, " ", "-"), ",", ""))
				o.mustIssue(o.desk(), first)
				a := o.alert("next-"+first.Identifier, referring(cap.MsgUpdate, first))
				var second error
				mine, theirs := &press{fails: []error{c.first}}, &press{fails: []error{c.second}}
				mine.during = func() {
					_, second = o.desk(func(c *Config) { c.Press = theirs }).Issue(t.Context(), o.write(a), officer)
				}
				_, err := o.desk(func(c *Config) { c.Press = mine }).Issue(t.Context(), o.write(a), officer)
				for i, got := range []error{err, second} {
					if want := c.kinds[i]; want == nil && got != nil || !errors.Is(got, want) {
						t.Errorf("desk %d: %v, want %v", i+1, got, want)
					}
				}
				if s := o.state(alerting.IDOf(a)); s != c.state {
					t.Errorf("state %q, want %q", s, c.state)
				}
			})
		}
	})
}

// TestWithdrawnMeanwhile: another process took the row back while this one got through.
func TestWithdrawnMeanwhile(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk()
		first := o.alert("first")
		o.mustIssue(d, first)
		a := o.alert("next", referring(cap.MsgUpdate, first))
		id := alerting.IDOf(a)
		o.press.during = func() {
			if gone, err := d.withdraw(t.Context(), id, alerting.ErrUnavailable); err != nil || !gone {
				t.Error(gone, err)
			}
		}
		o.mustIssue(d, a)
		o.press.during = nil
		if s := o.state(id); s != issued {
			t.Errorf("state %q", s)
		}
		if _, err := d.Cancel(t.Context(), alerting.IDOf(first), officer); !errors.Is(err, alerting.ErrState) {
			t.Errorf("what it superseded is free again: %v", err)
		}
	})
}

func TestNewRefusesAMissingPart(t *testing.T) {
	if _, err := New(Config{}); !errors.Is(err, alerting.ErrInvalid) {
		t.Error(err)
	}
}
