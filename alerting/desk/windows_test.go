package desk

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/approval"
)

func (o *office) proposal(id string) alerting.TestWindow {
	return alerting.TestWindow{ID: id, From: o.now.Add(-time.Minute), Until: o.now.Add(time.Hour), Channels: []alerting.Channel{alerting.SMS}, Codes: []string{"unit=3301*"}}
}

func (o *office) onWindow(w alerting.TestWindow, by string) alerting.Approval {
	o.t.Helper()
	a, err := approval.SignWindow(keyOf(by), w, by, o.now)
	if err != nil {
		o.t.Fatal(err)
	}
	return a
}

// TestAProposedWindowTakesTwo: it opens nothing before two different operators have signed exactly it, and nothing after its time or its
// withdrawal.
func TestAProposedWindowTakesTwo(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d, by := o.desk(approvals(t)), as("first").Actor
		ctx := t.Context()
		w := o.proposal("bells")
		at, err := d.ProposeWindow(ctx, by, w)
		if err != nil || at.State != WindowProposed || at.Proposer != by || at.Missing == "" || !at.Opened.IsZero() {
			t.Fatalf("%+v %v", at, err)
		}
		if _, err := d.Window(ctx, "bells"); !errors.Is(err, alerting.ErrState) {
			t.Errorf("an order may name a proposal: %v", err)
		}
		wider := w
		wider.Codes = []string{"unit=33*"}
		stale := o.onWindow(w, "first")
		stale.At = o.now.Add(-25 * time.Hour)
		ended := o.proposal("ended")
		ended.Until = o.now
		for name, try := range map[string]struct {
			do   func() error
			want error
		}{
			"another of that name": {func() error { _, err := d.ProposeWindow(ctx, by, wider); return err }, alerting.ErrConflict},
			"after its time":       {func() error { _, err := d.ProposeWindow(ctx, by, ended); return err }, alerting.ErrInvalid},
			"a signature on another": {func() error { _, err := d.SignWindow(ctx, by, "bells", o.onWindow(wider, "first")); return err },
				alerting.ErrForbidden},
			"nobody's signature": {func() error { _, err := d.SignWindow(ctx, by, "bells", o.onWindow(w, "nobody")); return err }, alerting.ErrForbidden},
			"an old signature":   {func() error { _, err := d.SignWindow(ctx, by, "bells", stale); return err }, alerting.ErrForbidden},
			"no such window":     {func() error { _, err := d.SignWindow(ctx, by, "cats", o.onWindow(w, "first")); return err }, alerting.ErrNotFound},
			"another digest": {func() error {
				_, err := d.SignWindowWithPassword(ctx, by, "bells", "00", "first", "any")
				return err
			}, alerting.ErrConflict},
		} {
			if err := try.do(); !errors.Is(err, try.want) {
				t.Errorf("%s: %v, want %v", name, err, try.want)
			}
		}
		if at, err = d.SignWindow(ctx, by, "bells", o.onWindow(w, "first")); err != nil || at.State != WindowProposed || len(at.By) != 1 {
			t.Fatalf("%+v %v", at, err)
		}
		if _, err := d.SignWindow(ctx, by, "bells", o.onWindow(w, "first")); !errors.Is(err, alerting.ErrConflict) {
			t.Errorf("one signs twice: %v", err)
		}
		if at, err = d.SignWindow(ctx, by, "bells", o.onWindow(w, "second")); err != nil || at.State != WindowOpen || at.Opened.IsZero() || at.Missing != "" {
			t.Fatalf("%+v %v", at, err)
		}
		if in, err := d.Window(ctx, "bells"); err != nil || len(in.By) != 2 {
			t.Errorf("%+v %v", in, err)
		}
		if _, err := d.SignWindow(ctx, by, "bells", o.onWindow(w, "third")); !errors.Is(err, alerting.ErrState) {
			t.Errorf("signed when it was open: %v", err)
		}
	})
}

// TestAProposalEnds: with a file that two have signed it is open, withdrawn it stays shut, and one that nobody signed lapses.
func TestAProposalEnds(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d, by := o.desk(approvals(t)), as("first").Actor
		ctx := t.Context()
		for _, id := range []string{"filed", "withdrawn", "late"} {
			if _, err := d.ProposeWindow(ctx, by, o.proposal(id)); err != nil {
				t.Fatal(err)
			}
		}
		both := func(id string) alerting.TestWindow {
			w := o.proposal(id)
			w.By = []alerting.Approval{o.onWindow(w, "first"), o.onWindow(w, "second")}
			return w
		}
		for range 2 { // the same again changes nothing
			if err := d.OpenWindow(ctx, by, both("filed")); err != nil {
				t.Fatal(err)
			}
		}
		closing := alerting.WindowClosing{Window: "withdrawn", At: o.now}
		a, err := approval.SignClosing(keyOf("third"), closing, "third", o.now)
		if err != nil {
			t.Fatal(err)
		}
		closing.By = []alerting.Approval{a}
		if err := d.CloseWindow(ctx, by, closing); err != nil {
			t.Fatal(err)
		}
		if err := d.OpenWindow(ctx, by, both("withdrawn")); !errors.Is(err, alerting.ErrState) {
			t.Errorf("a withdrawn window was opened: %v", err)
		}
		whole, err := d.ProposeWindow(ctx, by, both("whole"))
		if err != nil || whole.State != WindowOpen {
			t.Errorf("a proposal with both signatures: %+v %v", whole, err)
		}
		o.now = o.now.Add(2 * time.Hour)
		if _, err := d.SignWindow(ctx, by, "late", o.onWindow(o.proposal("late"), "first")); !errors.Is(err, alerting.ErrState) {
			t.Errorf("signed after its time: %v", err)
		}
		all, err := d.Windows(ctx, WindowQuery{Limit: 50})
		if err != nil {
			t.Fatal(err)
		}
		got := make(map[string]WindowState)
		for _, w := range all {
			got[w.ID] = w.State
		}
		want := map[string]WindowState{"filed": WindowOver, "withdrawn": WindowWithdrawn, "late": WindowLapsed, "whole": WindowOver}
		for id, state := range want {
			if got[id] != state {
				t.Errorf("%s is %s, want %s", id, got[id], state)
			}
		}
	})
}

// TestWindowsInPages: whatever the size of a page and the states asked for, page after page gives each window once, those that end last
// first; two that end at the same moment stand in one order.
func TestWindowsInPages(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d, by := o.desk(approvals(t)), as("first").Actor
		ctx := t.Context()
		var want []string
		for i, hours := range []int{9, 7, 7, 5, 3, 3, 2} {
			w := o.proposal(fmt.Sprintf("w%d", 9-i))
			w.Until = o.now.Add(time.Duration(hours) * time.Hour)
			if i%3 == 0 {
				w.By = []alerting.Approval{o.onWindow(w, "first"), o.onWindow(w, "second")}
			}
			if _, err := d.ProposeWindow(ctx, by, w); err != nil {
				t.Fatal(err)
			}
			want = append(want, w.ID)
		}
		for _, limit := range []int{1, 2, 3, 7, 50} {
			var got []string
			for q := (WindowQuery{Limit: limit}); ; {
				some, err := d.Windows(ctx, q)
				if err != nil {
					t.Fatal(err)
				}
				for i := range some {
					got, q.After = append(got, some[i].ID), some[i].Place()
				}
				if len(some) < limit {
					break
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("in pages of %d: %v, want %v", limit, got, want)
			}
		}
		o.now = o.now.Add(6 * time.Hour)
		for state, want := range map[WindowState]string{WindowProposed: "w8 w7", WindowLapsed: "w5 w4", WindowOpen: "w9", WindowOver: "w6 w3", WindowWithdrawn: "", WindowClosed: ""} {
			some, err := d.Windows(ctx, WindowQuery{Limit: 50, States: []WindowState{state}})
			var got []string
			for _, w := range some {
				if got = append(got, w.ID); w.State != state {
					t.Errorf("%s is %s, and %s was asked for", w.ID, w.State, state)
				}
			}
			if err != nil || strings.Join(got, " ") != want {
				t.Errorf("%s: %v, want %s (%v)", state, got, want, err)
			}
		}
		if all, err := d.Windows(ctx, WindowQuery{Limit: 50, States: WindowStates()}); err != nil || len(all) != len(want) {
			t.Errorf("of all states there are %d (%v)", len(all), err)
		}
	})
}
