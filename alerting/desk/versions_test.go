package desk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/cap"
)

// writer is somebody who writes a draft.
type writer struct {
	o     *office
	d     *Desk
	draft Draft
	saved int
}

func (o *office) writing(d *Desk) *writer {
	o.t.Helper()
	draft, err := d.Draft(o.t.Context(), o.write(o.alert("w")), as("first"))
	if err != nil {
		o.t.Fatal(err)
	}
	return &writer{o: o, d: d, draft: draft}
}

// save saves another headline.
func (w *writer) save(order Order) {
	w.o.t.Helper()
	w.saved++
	text := w.o.write(w.o.alert("w", func(a *cap.Alert) { a.Infos[0].Headline = fmt.Sprint("headline ", w.saved) }))
	draft, err := w.d.Amend(w.o.t.Context(), w.draft.ID, w.draft.Version, text, order)
	if err != nil {
		w.o.t.Fatal(err)
	}
	if draft.Version != w.draft.Version+1 || draft.Autosaved != order.Autosave || !bytes.Equal(draft.Document, text) {
		w.o.t.Fatalf("saved as %+v", draft)
	}
	w.draft = draft
}

func byForm(name string) Order {
	o := as(name)
	o.Autosave = true
	return o
}

func (w *writer) numbers() []int64 {
	w.o.t.Helper()
	all, err := w.d.Versions(w.o.t.Context(), w.draft.ID, 0, 100)
	if err != nil {
		w.o.t.Fatal(err)
	}
	var out []int64
	for _, v := range all {
		out = append(out, v.Number)
	}
	return out
}

// TestASaveWhoseAnswerWasLost: a form that did not hear of its saves goes on from them, whoever asked for them; what another form, another
// person, or the same form of another person saved meanwhile is a conflict, and so is everything for a form without a name.
func TestASaveWhoseAnswerWasLost(t *testing.T) {
	form := func(name, by string, itself bool) Order {
		o := as(by)
		o.Form, o.Autosave = name, itself
		return o
	}
	for name, row := range map[string]struct {
		// lost are the saves of which the form heard nothing, and then is what it saves again in the place of version 1.
		lost []Order
		then Order
		want int64
	}{
		"one":                      {[]Order{form("f1", "first", true)}, form("f1", "first", true), 3},
		"several":                  {[]Order{form("f1", "first", true), form("f1", "first", true), form("f1", "first", true)}, form("f1", "first", true), 5},
		"its author pressed Save":  {[]Order{form("f1", "first", false)}, form("f1", "first", false), 3},
		"both in turn":             {[]Order{form("f1", "first", true)}, form("f1", "first", false), 3},
		"another form":             {[]Order{form("f1", "first", true)}, form("f2", "first", true), 0},
		"another form in between":  {[]Order{form("f1", "first", true), form("f2", "first", true)}, form("f1", "first", true), 0},
		"somebody else":            {[]Order{form("f2", "second", true)}, form("f1", "first", true), 0},
		"somebody else's same one": {[]Order{form("f1", "second", true)}, form("f1", "first", true), 0},
		"no name":                  {[]Order{form("", "first", true)}, form("", "first", true), 0},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, o *office) {
				w := o.writing(o.desk())
				for _, order := range row.lost {
					w.save(order)
				}
				text := o.write(o.alert("w", func(a *cap.Alert) { a.Infos[0].Headline = "written on" }))
				draft, err := w.d.Amend(t.Context(), w.draft.ID, 1, text, row.then)
				if row.want == 0 {
					if now, _ := w.d.DraftAt(t.Context(), w.draft.ID); !errors.Is(err, alerting.ErrConflict) || now.Version != w.draft.Version {
						t.Errorf("%v, and version %d stands", err, now.Version)
					}
					return
				}
				if err != nil || draft.Version != row.want || !bytes.Equal(draft.Document, text) {
					t.Fatalf("version %d, want %d: %v", draft.Version, row.want, err)
				}
				if _, err := w.d.Amend(t.Context(), w.draft.ID, row.want+1, text, row.then); !errors.Is(err, alerting.ErrNotFound) {
					t.Errorf("in the place of a version that there is not: %v", err)
				}
			})
		})
	}
}

// TestASittingIsOneVersion: what a form saves takes the place of what it saved before, each with a number of its own; what its
// author saved, what is of another sitting or another author, and what was submitted, signed or returned is kept. Who reads pins nothing.
func TestASittingIsOneVersion(t *testing.T) {
	for name, row := range map[string]struct {
		do   func(w *writer)
		want []int64
	}{
		"a form":     {func(w *writer) { w.save(byForm("first")); w.save(byForm("first")); w.save(byForm("first")) }, []int64{4, 1}},
		"its author": {func(w *writer) { w.save(as("first")); w.save(as("first")) }, []int64{3, 2, 1}},
		"its author in between": {func(w *writer) {
			w.save(byForm("first"))
			w.save(byForm("first"))
			w.save(as("first"))
			w.save(byForm("first"))
			w.save(byForm("first"))
		}, []int64{6, 4, 3, 1}},
		"somebody else": {func(w *writer) {
			w.save(byForm("first"))
			w.save(byForm("second"))
			w.save(byForm("second"))
			w.save(byForm("first"))
		}, []int64{5, 4, 2, 1}},
		"a long sitting": {func(w *writer) {
			for range 4 {
				w.save(byForm("first"))
				w.o.now = w.o.now.Add(longestSitting / 2)
			}
		}, []int64{5, 3, 1}},
		"read again and again by another": {func(w *writer) {
			for range 4 {
				w.save(byForm("first"))
				if _, err := w.d.DraftAt(w.o.t.Context(), w.draft.ID); err != nil {
					w.o.t.Fatal(err)
				}
				if _, err := w.d.VersionDocument(w.o.t.Context(), w.draft.ID, w.draft.Version); err != nil {
					w.o.t.Fatal(err)
				}
				if _, err := w.d.DraftChanges(w.o.t.Context(), w.draft.ID, 1); err != nil {
					w.o.t.Fatal(err)
				}
			}
		}, []int64{5, 1}},
		"submitted and returned": {func(w *writer) {
			w.save(byForm("first"))
			var err error
			if w.draft, err = w.d.Submit(w.o.t.Context(), w.draft.ID, w.draft.Version, as("first").Actor, time.Time{}); err != nil {
				w.o.t.Fatal(err)
			}
			_, err = w.d.Amend(w.o.t.Context(), w.draft.ID, w.draft.Version, w.draft.Document, byForm("first"))
			if !errors.Is(err, alerting.ErrState) {
				w.o.t.Errorf("a form takes back what was submitted: %v", err)
			}
			if _, err := w.o.signs(w.d, w.draft, approval.Author, "first"); err != nil {
				w.o.t.Fatal(err)
			}
			if w.draft, err = w.d.Return(w.o.t.Context(), w.draft.ID, w.draft.Version, as("second").Actor, "name the river"); err != nil {
				w.o.t.Fatal(err)
			}
			w.save(byForm("first"))
			w.save(byForm("first"))
			if w.draft.Reason != "name the river" {
				w.o.t.Errorf("the reason is gone while it is followed: %q", w.draft.Reason)
			}
		}, []int64{4, 2, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, o *office) {
				w := o.writing(o.desk(approvals(t)))
				row.do(w)
				if got := w.numbers(); !slices.Equal(got, row.want) {
					t.Errorf("the versions are %v, want %v", got, row.want)
				}
			})
		})
	}
}

// TestTwoTabs: of two forms that save the same version one is told, whatever it was that the other has left.
func TestTwoTabs(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		w := o.writing(o.desk(approvals(t)))
		w.save(byForm("first"))
		stale := w.draft
		w.save(byForm("first"))
		ctx := t.Context()
		for what, try := range map[string]func() error{
			"save": func() error {
				_, err := w.d.Amend(ctx, stale.ID, stale.Version, stale.Document, byForm("first"))
				return err
			},
			"amend": func() error {
				_, err := w.d.Amend(ctx, stale.ID, stale.Version, stale.Document, as("second"))
				return err
			},
			"submit": func() error {
				_, err := w.d.Submit(ctx, stale.ID, stale.Version, as("first").Actor, time.Time{})
				return err
			},
		} {
			if err := try(); !errors.Is(err, alerting.ErrConflict) || !strings.Contains(err.Error(), "is not the latest") {
				t.Errorf("%s: %v", what, err)
			}
		}
		if _, err := w.d.VersionDocument(ctx, stale.ID, stale.Version); !errors.Is(err, alerting.ErrNotFound) {
			t.Errorf("what was not kept: %v", err)
		}
		if got, err := w.d.DraftAt(ctx, stale.ID); err != nil || !bytes.Equal(got.Document, w.draft.Document) {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// TestTheJournalKnowsEveryVersionThatStays: it notes the first save of a sitting, every plain one, and which version a sitting left; and
// nothing for the saves between.
func TestTheJournalKnowsEveryVersionThatStays(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		noted := map[int64]string{}
		lines := 0
		d := o.desk(approvals(t), func(c *Config) {
			c.Note = func(_ context.Context, _ bun.IDB, _ alerting.Actor, _, _ string, detail any) error {
				var seen struct {
					Version int64  `json:"version"`
					SHA256  string `json:"sha256"`
					Keeps   struct {
						Version int64  `json:"version"`
						SHA256  string `json:"sha256"`
					} `json:"keeps"`
				}
				text, err := json.Marshal(detail)
				if err == nil {
					err = json.Unmarshal(text, &seen)
				}
				lines++
				noted[seen.Version], noted[seen.Keeps.Version] = seen.SHA256, seen.Keeps.SHA256
				return err
			}
		})
		w := o.writing(d)
		for _, order := range []Order{byForm("first"), byForm("first"), byForm("first"), as("first"), byForm("first"), byForm("first"), byForm("second"), byForm("second")} {
			w.save(order)
		}
		if _, err := d.Submit(t.Context(), w.draft.ID, w.draft.Version, as("second").Actor, time.Time{}); err != nil {
			t.Fatal(err)
		}
		if lines != 6 {
			t.Errorf("%d lines: the first, three sittings, one that its author saved, and the submission are six", lines)
		}
		all, err := d.Versions(t.Context(), w.draft.ID, 0, 100)
		if err != nil || len(all) != 5 {
			t.Fatalf("%+v, %v", all, err)
		}
		for _, v := range all {
			if noted[v.Number] != v.SHA256 {
				t.Errorf("version %d is %s, and the journal says %q", v.Number, v.SHA256, noted[v.Number])
			}
			if v.Submitted != (v.Number == 9) || v.Bytes == 0 || v.At.IsZero() {
				t.Errorf("%+v", v)
			}
		}
	})
}

// TestVersionsComeInPages: each once, whatever is saved meanwhile.
func TestVersionsComeInPages(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		w := o.writing(o.desk())
		for range 6 {
			w.save(as("first"))
		}
		var got []int64
		for before := int64(0); ; {
			some, err := w.d.Versions(t.Context(), w.draft.ID, before, 3)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range some {
				got, before = append(got, v.Number), v.Number
			}
			if len(some) < 3 {
				break
			}
			w.save(as("first"))
		}
		if !slices.Equal(got, []int64{7, 6, 5, 4, 3, 2, 1}) {
			t.Errorf("%v", got)
		}
		if _, err := w.d.Versions(t.Context(), "d0", 0, 3); !errors.Is(err, alerting.ErrNotFound) {
			t.Errorf("no such draft: %v", err)
		}
	})
}

// TestChangesOfADraft: what is compared with, when nobody names it, was submitted last, and else came first.
func TestChangesOfADraft(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		w := o.writing(o.desk(approvals(t)))
		ctx, first := t.Context(), as("first").Actor
		changes := func(from int64, before, after string) {
			t.Helper()
			got, err := w.d.DraftChanges(ctx, w.draft.ID, from)
			if err != nil {
				t.Fatal(err)
			}
			var want []cap.Change
			if before != after {
				want = []cap.Change{{Path: "alert/info[1]/headline", Label: "en-GB", Before: before, After: after}}
			}
			if !slices.Equal(got, want) {
				t.Errorf("from %d: %+v, want %+v", from, got, want)
			}
		}
		changes(0, "", "")
		w.save(as("first"))
		w.save(as("first"))
		changes(0, "Leave the lower town now", "headline 2")
		var err error
		if w.draft, err = w.d.Submit(ctx, w.draft.ID, w.draft.Version, first, time.Time{}); err != nil {
			t.Fatal(err)
		}
		w.save(as("first"))
		w.save(as("first"))
		changes(0, "headline 2", "headline 4")
		changes(1, "Leave the lower town now", "headline 4")
		changes(5, "", "")
		if _, err := w.d.DraftChanges(ctx, w.draft.ID, 6); !errors.Is(err, alerting.ErrNotFound) {
			t.Errorf("a version to come: %v", err)
		}
	})
}
