package desk

import (
	"bytes"
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
	"tocsin/alerting/approval"
	"tocsin/alerting/seal"
)

// valve is a thing that changes change: a number, and how often it was set.
type valve struct {
	mu    sync.Mutex
	at    string
	times int
}

func (v *valve) kind() ChangeKind {
	return ChangeKind{
		Plan: func(_ context.Context, _ bun.IDB, body []byte) (Plan, error) {
			v.mu.Lock()
			defer v.mu.Unlock()
			if bytes.HasPrefix(body, []byte("no ")) {
				return Plan{}, fmt.Errorf("%w: no such position", alerting.ErrInvalid)
			}
			if v.at == string(body) {
				return Plan{}, nil
			}
			return Plan{Summary: alerting.Several{alerting.Refuse(nil, "gateway.plan-resume", "valve: %s → %s", v.at, body)}, Base: v.at, Subject: "valve", Alone: string(body) == "half"}, nil
		},
		Apply: func(_ context.Context, _ bun.Tx, _ alerting.Actor, body []byte) error {
			v.mu.Lock()
			defer v.mu.Unlock()
			v.at, v.times = string(body), v.times+1
			return nil
		},
	}
}

// withChanges gives a desk one kind of changes.
func withChanges(t *testing.T, v *valve) func(*Config) {
	t.Helper()
	ring, err := seal.New([]seal.Key{{ID: "k", Secret: bytes.Repeat([]byte{7}, seal.KeySize)}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return func(c *Config) { c.Kinds, c.Keys = map[string]ChangeKind{"valve": v.kind()}, ring }
}

func (o *office) signed(d *Desk, p Proposed, name string) (Proposed, error) {
	o.t.Helper()
	a, err := approval.SignChange(keyOf(name), p.Change, name, o.now)
	if err != nil {
		o.t.Fatal(err)
	}
	return d.SignChange(o.t.Context(), as(name).Actor, p.ID, a)
}

func (o *office) proposes(d *Desk, body string) Proposed {
	o.t.Helper()
	p, err := d.Propose(o.t.Context(), as("first").Actor, "valve", []byte(body), "for the test")
	if err != nil {
		o.t.Fatal(err)
	}
	return p
}

func TestAChangeTakesTwo(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		v := &valve{at: "open"}
		d := o.desk(approvals(t), withChanges(t, v))
		p := o.proposes(d, "shut")
		if p.State != ChangeOpen || v.times != 0 || !slices.Equal(p.Summary, []string{"valve: open → shut"}) || len(p.Chinese) != 1 || !strings.Contains(p.Chinese[0], "网关") || p.Missing == "" {
			t.Fatalf("%+v %+v", p, v)
		}
		if p, err := o.signed(d, p, "first"); err != nil || p.State != ChangeOpen || v.times != 0 {
			t.Fatalf("%+v %v", p, err)
		}
		if _, err := o.signed(d, p, "first"); !errors.Is(err, alerting.ErrConflict) {
			t.Errorf("signed twice by one: %v", err)
		}
		// Whoever signs another text than what is proposed signs nothing.
		other := p
		other.Summary = []string{"valve: open → half"}
		if _, err := o.signed(d, other, "second"); !errors.Is(err, alerting.ErrForbidden) {
			t.Errorf("another summary: %v", err)
		}
		after, err := o.signed(d, p, "second")
		if err != nil || after.State != ChangeApplied || v.at != "shut" || v.times != 1 {
			t.Fatalf("%+v %v %+v", after, err, v)
		}
		if _, err := o.signed(d, p, "third"); !errors.Is(err, alerting.ErrState) {
			t.Errorf("signed after its end: %v", err)
		}
		want := []string{"first change.proposed change/" + p.ID, "first change.signed change/" + p.ID, "second change.signed change/" + p.ID,
			"second change.applied change/" + p.ID}
		if !slices.Equal(o.noted, want) {
			t.Errorf("noted %q, want %q", o.noted, want)
		}
		body, err := d.ChangeAt(t.Context(), p.ID, true)
		if err != nil || string(body.Body) != "shut" {
			t.Errorf("%q %v", body.Body, err)
		}
	})
}

// TestTwoSecondSignatures: however many sign at once, a change is made once.
func TestTwoSecondSignatures(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		v := &valve{at: "open"}
		one, two := o.desk(approvals(t), withChanges(t, v)), o.desk(approvals(t), withChanges(t, v))
		p := o.proposes(one, "shut")
		if _, err := o.signed(one, p, "first"); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		errs := make([]error, 2)
		for i, d := range []*Desk{one, two} {
			all.Go(func() { _, errs[i] = o.signed(d, p, []string{"second", "third"}[i]) })
		}
		all.Wait()
		if v.times != 1 {
			t.Errorf("it was made %d times: %v", v.times, errs)
		}
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Errorf("want one of them to be told that it is over: %v", errs)
		}
	})
}

func TestWhatEndsAChange(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		v := &valve{at: "open"}
		d := o.desk(approvals(t), withChanges(t, v))

		overtaken := o.proposes(d, "shut")
		_, _ = o.signed(d, overtaken, "first")
		v.at = "stuck"
		if _, err := o.signed(d, overtaken, "second"); !errors.Is(err, alerting.ErrConflict) || !strings.Contains(err.Error(), "propose it again") {
			t.Errorf("overtaken: %v", err)
		}
		withdrawn := o.proposes(d, "shut")
		if p, err := d.WithdrawChange(t.Context(), as("second").Actor, withdrawn.ID, "a slip"); err != nil || p.State != ChangeWithdrawn {
			t.Errorf("%+v %v", p, err)
		}
		lapsed := o.proposes(d, "shut")
		_, _ = o.signed(d, lapsed, "first")
		o.now = o.now.Add(changeLife)
		if _, err := o.signed(d, lapsed, "second"); !errors.Is(err, alerting.ErrState) {
			t.Errorf("too late: %v", err)
		}
		if err := d.lapseChanges(t.Context()); err != nil {
			t.Fatal(err)
		}
		for id, want := range map[string]ChangeState{overtaken.ID: ChangeOvertaken, withdrawn.ID: ChangeWithdrawn, lapsed.ID: ChangeLapsed} {
			if p, err := d.ChangeAt(t.Context(), id, false); err != nil || p.State != want || p.Ended.IsZero() {
				t.Errorf("%+v %v, want %s", p, err, want)
			}
		}
		if v.times != 0 {
			t.Errorf("made %d times", v.times)
		}
	})
}

func TestWhoMayBeTheSecond(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		v := &valve{at: "open"}
		d := o.desk(approvals(t), withChanges(t, v))
		if err := d.Enrol(t.Context(), as("first").Actor, o.enrolment("clerk", keyOf("clerk").Key())); err != nil {
			t.Fatal(err)
		}
		p := o.proposes(d, "shut")
		if _, err := o.signed(d, p, "stranger"); !errors.Is(err, alerting.ErrForbidden) {
			t.Errorf("a stranger: %v", err)
		}
		// A clerk who may not administer may propose, and never be the second.
		if _, err := o.signed(d, p, "clerk"); err != nil {
			t.Errorf("the proposer: %v", err)
		}
		if after, err := o.signed(d, p, "second"); err != nil || after.State != ChangeApplied {
			t.Errorf("%+v %v", after, err)
		}
		q := o.proposes(d, "open")
		_, _ = o.signed(d, q, "first")
		if _, err := o.signed(d, q, "clerk"); !errors.Is(err, alerting.ErrForbidden) {
			t.Errorf("a second without the right: %v", err)
		}
	})
}

func TestWhatTakesOne(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		v := &valve{at: "open"}
		d := o.desk(approvals(t), withChanges(t, v))
		if p := o.proposes(d, "half"); p.State != ChangeApplied || v.at != "half" {
			t.Errorf("%+v %+v", p, v)
		}
		free := o.desk(withChanges(t, v))
		if p := o.proposes(free, "shut"); p.State != ChangeApplied || v.at != "shut" {
			t.Errorf("without approvals: %+v %+v", p, v)
		}
		for body, want := range map[string]error{"shut": alerting.ErrState, "no way": alerting.ErrInvalid, "": alerting.ErrInvalid} {
			if _, err := d.Propose(t.Context(), officer.Actor, "valve", []byte(body), ""); !errors.Is(err, want) {
				t.Errorf("%q: %v, want %v", body, err, want)
			}
		}
		if _, err := d.Propose(t.Context(), officer.Actor, "lid", []byte("x"), ""); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("an unknown kind: %v", err)
		}
	})
}

// TestChangesByPages: what is proposed while somebody reads on moves nothing.
func TestChangesByPages(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk(approvals(t), withChanges(t, &valve{at: "open"}))
		var want []string
		for range 5 {
			want = append([]string{o.proposes(d, "shut").ID}, want...)
			o.now = o.now.Add(time.Second)
		}
		var got []string
		q := ChangeQuery{Limit: 2}
		for {
			some, last, err := d.Changes(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range some {
				got = append(got, p.ID)
			}
			if len(some) < q.Limit {
				break
			}
			q.After = last
			o.proposes(d, "shut")
		}
		if !slices.Equal(got, want) {
			t.Errorf("read %v, want %v", got, want)
		}
		if _, _, err := d.Changes(t.Context(), ChangeQuery{States: []ChangeState{"odd"}, Limit: 1}); !errors.Is(err, alerting.ErrInvalid) {
			t.Error(err)
		}
	})
}
