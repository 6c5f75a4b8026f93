package desk

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
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
	"tocsin/cap"
)

// keyOf is a key that is the same in every run.
func keyOf(name string) approval.Signer {
	seed := sha256.Sum256([]byte(name))
	return approval.Signer{Kind: approval.File, Private: ed25519.NewKeyFromSeed(seed[:])}
}

// approvals makes a desk that demands them: first, second and third are founders.
func approvals(t *testing.T, policy ...approval.Rule) func(*Config) {
	t.Helper()
	var founders []approval.Founder
	for _, name := range []string{"first", "second", "third"} {
		founders = append(founders, approval.Founder{Name: name, Key: keyOf(name).Key()})
	}
	roll, err := approval.NewRoll(founders, approval.Relying{})
	if err != nil {
		t.Fatal(err)
	}
	return func(c *Config) {
		c.Office = &approval.Office{Founders: roll, Policy: policy, Desk: keyOf("desk").Key()}
		c.Seal = keyOf("desk")
		c.Count = func(context.Context, *alerting.Issued) (alerting.Counted, error) {
			return alerting.Counted{People: 100, Sirens: 2}, nil
		}
	}
}

func as(name string) Order { return Order{Actor: alerting.Actor{Name: name, Kind: "token"}} }

// signature signs a draft as it stands.
func (o *office) signature(d Draft, act approval.Act, by string, key approval.Signer) alerting.Approval {
	o.t.Helper()
	e := alerting.Envelope{World: d.World, Document: d.Document, Channels: d.Channels, Audience: d.Audience, Author: d.Author.Name, Counted: d.Counted}
	s, err := approval.Over(&e, act, by, o.now)
	if err != nil {
		o.t.Fatal(err)
	}
	a, err := key.Sign(s)
	if err != nil {
		o.t.Fatal(err)
	}
	return a
}

func (o *office) signs(d *Desk, draft Draft, act approval.Act, by string) (Draft, error) {
	o.t.Helper()
	return d.Sign(o.t.Context(), draft.ID, draft.Version, as(by).Actor, o.signature(draft, act, by, keyOf(by)))
}

// submitted is a draft of first's that waits.
func (o *office) submitted(d *Desk, a *cap.Alert) Draft {
	o.t.Helper()
	draft, err := d.Draft(o.t.Context(), o.write(a), as("first"))
	if err == nil {
		draft, err = d.Submit(o.t.Context(), draft.ID, draft.Version, as("first").Actor, time.Time{})
	}
	if err != nil {
		o.t.Fatal(err)
	}
	return draft
}

func TestApproval(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		config := approvals(t)
		d := o.desk(config)
		draft := o.submitted(d, o.alert("a"))
		if draft.State != Submitted || draft.Counted.People != 100 || len(draft.Missing) == 0 || len(o.press.printed) != 0 {
			t.Fatalf("%+v", draft)
		}
		draft, err := o.signs(d, draft, approval.Author, "first")
		if err != nil || draft.State != Submitted {
			t.Fatalf("%+v %v", draft, err)
		}
		if _, err := o.signs(d, draft, approval.Approve, "first"); !errors.Is(err, alerting.ErrForbidden) {
			t.Errorf("self-approval: %v", err)
		}
		draft, err = o.signs(d, draft, approval.Approve, "second")
		if err != nil || draft.State != Released || len(o.press.printed) != 1 || o.state(draft.Alert) != issued {
			t.Fatalf("%+v %v", draft, err)
		}
		// Whoever reads the stream checks it again.
		c := new(Config)
		config(c)
		e := o.press.printed[0]
		in := &alerting.Issued{Envelope: e, Alert: o.alert("a")}
		if err := c.Office.Check(in); err != nil {
			t.Error(err)
		}
		if e.Author != "first" || len(e.Approvals) != 2 {
			t.Errorf("%+v", e)
		}
		for _, act := range []string{"draft.entered", "draft.submitted", "draft.signed", "draft.approved", "alert.entered", "alert.issued", "draft.released"} {
			if !slices.ContainsFunc(o.noted, func(n string) bool { return strings.Contains(n, " "+act+" ") }) {
				t.Errorf("the journal lacks %s", act)
			}
		}
		// It is over: nothing more can be done to it, and the same document again is the same alert.
		if _, err := o.signs(d, draft, approval.Approve, "third"); !errors.Is(err, alerting.ErrState) {
			t.Errorf("signed after the release: %v", err)
		}
		again, err := d.Issue(t.Context(), draft.Document, as("first"))
		if err != nil || !again.Repeated || again.Draft != "" {
			t.Errorf("%+v %v", again, err)
		}
		// One person stops it.
		stop, err := d.Cancel(t.Context(), draft.Alert, as("third"))
		if err != nil || len(o.press.printed) != 2 {
			t.Fatalf("%+v %v", stop, err)
		}
		cancel, err := cap.Parse(stop.Document, cap.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Office.Check(&alerting.Issued{Envelope: o.press.printed[1], Alert: cancel}); err != nil {
			t.Errorf("the desk's cancel: %v", err)
		}
	})
}

func TestApprovalsThatAreWorthNothing(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk(approvals(t, approval.Rule{ID: "red", Severity: cap.Extreme, Approvals: 2}))
		ctx := t.Context()
		one, other := o.submitted(d, o.alert("one")), o.submitted(d, o.alert("other", func(a *cap.Alert) { a.Note = "another" }))
		good := o.signature(one, approval.Approve, "second", keyOf("second"))
		changed := func(change func(*alerting.Approval)) alerting.Approval { a := good; change(&a); return a }
		rows := []struct {
			name    string
			draft   Draft
			version int64
			a       alerting.Approval
			kind    error
			want    string
		}{
			{"of text A put on text B", other, 1, good, alerting.ErrForbidden, "over something else"},
			{"under another's name", one, 1, changed(func(a *alerting.Approval) { a.By = "third" }), alerting.ErrForbidden, "is not that of third"},
			{"with another's key id", one, 1, changed(func(a *alerting.Approval) { a.KeyID = keyOf("third").Key().ID() }), alerting.ErrForbidden, "is not that of second"},
			{"of an unknown key", one, 1, o.signature(one, approval.Approve, "fourth", keyOf("fourth")), alerting.ErrForbidden, "not known here"},
			{"of a time to come", one, 1, changed(func(a *alerting.Approval) { a.At = o.now.Add(time.Hour) }), alerting.ErrForbidden, "set the clock"},
			{"of another time", one, 1, changed(func(a *alerting.Approval) { a.At = a.At.Add(-time.Minute) }), alerting.ErrForbidden, "over something else"},
			{"as another act", one, 1, changed(func(a *alerting.Approval) { a.Act = "stop" }), alerting.ErrInvalid, "signed as author or approve"},
			{"as an author who is not", one, 1, o.signature(one, approval.Author, "second", keyOf("second")), alerting.ErrForbidden, "was written by first"},
			{"by the author", one, 1, o.signature(one, approval.Approve, "first", keyOf("first")), alerting.ErrForbidden, "somebody else must approve"},
			{"on a version that is not there", one, 2, good, alerting.ErrNotFound, "has no version 2"},
			{"on no draft", Draft{ID: "d0", Version: 1}, 1, good, alerting.ErrNotFound, "d0"},
		}
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				_, err := d.Sign(ctx, row.draft.ID, row.version, as("second").Actor, row.a)
				if !errors.Is(err, row.kind) || !strings.Contains(err.Error(), row.want) {
					t.Errorf("%v, want %v with %q", err, row.kind, row.want)
				}
			})
		}
		if _, err := d.Sign(ctx, one.ID, 1, as("second").Actor, good); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Sign(ctx, one.ID, 1, as("second").Actor, good); !errors.Is(err, alerting.ErrConflict) {
			t.Errorf("a replayed approval: %v", err)
		}
		// A changed draft loses its approvals, and the old ones do not fit any more.
		next, err := d.Amend(ctx, one.ID, 1, o.write(o.alert("one", func(a *cap.Alert) { a.Note = "changed" })), as("first"))
		if err != nil || len(next.Signatures) != 0 || next.State != Drafted {
			t.Fatalf("%+v %v", next, err)
		}
		if _, err := d.Sign(ctx, one.ID, 1, as("third").Actor, o.signature(one, approval.Approve, "third", keyOf("third"))); !errors.Is(err, alerting.ErrConflict) {
			t.Errorf("a stale approval: %v", err)
		}
		if _, err := d.Sign(ctx, one.ID, 2, as("second").Actor, good); !errors.Is(err, alerting.ErrState) {
			t.Errorf("an approval before it was submitted: %v", err)
		}
		if next, err = d.Submit(ctx, one.ID, 2, as("first").Actor, time.Time{}); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Sign(ctx, one.ID, 2, as("second").Actor, good); !errors.Is(err, alerting.ErrForbidden) {
			t.Errorf("the approval of an older text: %v", err)
		}
		if len(o.press.printed) != 0 {
			t.Errorf("%d records", len(o.press.printed))
		}
		// The policy's depth: one of two is not enough.
		if next, err = o.signs(d, next, approval.Approve, "second"); err != nil || next.State != Submitted || len(next.Missing) != 1 {
			t.Errorf("%+v %v", next, err)
		}
		if next, err = o.signs(d, next, approval.Approve, "third"); err != nil || next.State != Released || len(o.press.printed) != 1 {
			t.Errorf("%+v %v", next, err)
		}
	})
}

func TestApproversRace(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		config := approvals(t)
		const desks = 4
		var all [desks]*Desk
		for i := range all {
			all[i] = o.desk(config)
		}
		draft := o.submitted(all[0], o.alert("a"))
		names := []string{"second", "third"}
		var sigs []alerting.Approval
		for _, name := range names {
			sigs = append(sigs, o.signature(draft, approval.Approve, name, keyOf(name)))
		}
		const ways = 100
		var done sync.WaitGroup
		errs := make([]error, ways)
		for i := range ways {
			done.Go(func() {
				_, errs[i] = all[i%desks].Sign(t.Context(), draft.ID, draft.Version, as(names[i%2]).Actor, sigs[i%2])
			})
		}
		done.Wait()
		good := 0
		for _, err := range errs {
			switch {
			case err == nil:
				good++
			case !errors.Is(err, alerting.ErrConflict) && !errors.Is(err, alerting.ErrState):
				t.Error(err)
			}
		}
		after, err := all[0].DraftAt(t.Context(), draft.ID)
		if err != nil || good != 2 || after.State != Released || len(o.press.printed) != 1 {
			t.Errorf("%d signatures were taken, the draft is %s, %d records: %v", good, after.State, len(o.press.printed), err)
		}
	})
}

func TestTwoWritersOfOneDraft(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk()
		draft, err := d.Draft(t.Context(), o.write(o.alert("a")), as("first"))
		if err != nil {
			t.Fatal(err)
		}
		mine, yours := o.write(o.alert("mine")), o.write(o.alert("yours"))
		if _, err := d.Amend(t.Context(), draft.ID, 1, mine, as("first")); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Amend(t.Context(), draft.ID, 1, yours, as("second")); !errors.Is(err, alerting.ErrConflict) || !strings.Contains(err.Error(), "first wrote version 2") {
			t.Errorf("%v", err)
		}
		after, err := d.DraftAt(t.Context(), draft.ID)
		if err != nil || string(after.Document) != string(mine) || after.Version != 2 {
			t.Errorf("%+v %v", after, err)
		}
	})
}

// A request that is sent again, because its answer was lost, is the same draft.
func TestTheSameRequestAgain(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		order := as("first")
		order.Request = "r1"
		document := o.write(o.alert("a"))
		const ways = 8
		var done sync.WaitGroup
		var drafts [ways]Draft
		for i := range ways {
			done.Go(func() {
				var err error
				if drafts[i], err = o.desk().Draft(t.Context(), document, order); err != nil {
					t.Error(err)
				}
			})
		}
		done.Wait()
		all, err := o.desk().Drafts(t.Context(), nil, alerting.Place{}, 100)
		if err != nil || len(all) != 1 {
			t.Fatalf("%d drafts: %v", len(all), err)
		}
		for _, d := range drafts {
			if d.ID != all[0].ID {
				t.Errorf("draft %s, want %s", d.ID, all[0].ID)
			}
		}
		if _, err := o.desk().Draft(t.Context(), o.write(o.alert("b")), order); !errors.Is(err, alerting.ErrConflict) {
			t.Errorf("the same name for another document: %v", err)
		}
		other := order
		other.Actor.Name = "second"
		if d, err := o.desk().Draft(t.Context(), document, other); err != nil || d.ID == all[0].ID {
			t.Errorf("another caller's request: %s %v", d.ID, err)
		}
	})
}

func TestWhatBecomesOfADraft(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d, ctx, by := o.desk(approvals(t)), t.Context(), as("second").Actor
		// A draft may be wrong; it is submitted when it is right.
		wrong := []byte(strings.Replace(string(o.write(o.alert("a"))), "<scope>Public</scope>", "", 1))
		draft, err := d.Draft(ctx, wrong, as("first"))
		if err != nil || draft.Findings.Err() == nil {
			t.Fatalf("%+v %v", draft, err)
		}
		var found cap.Findings
		if _, err := d.Submit(ctx, draft.ID, 1, by, time.Time{}); !errors.As(err, &found) {
			t.Errorf("a wrong document: %v", err)
		}
		if _, err := d.Draft(ctx, []byte("hello"), as("first")); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("no CAP at all: %v", err)
		}
		// Returned, submitted again as it was: signed anew.
		draft = o.submitted(d, o.alert("b"))
		if draft, err = o.signs(d, draft, approval.Author, "first"); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Return(ctx, draft.ID, 1, by, "  "); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("returned without a reason: %v", err)
		}
		if draft, err = d.Return(ctx, draft.ID, 1, by, "the place is missing"); err != nil || draft.State != Returned || draft.Reason == "" {
			t.Fatalf("%+v %v", draft, err)
		}
		if _, err := o.signs(d, draft, approval.Approve, "second"); !errors.Is(err, alerting.ErrState) {
			t.Errorf("approved while it is returned: %v", err)
		}
		if draft, err = d.Submit(ctx, draft.ID, 1, by, time.Time{}); err != nil || len(draft.Signatures) != 0 || draft.Reason != "" {
			t.Errorf("%+v %v", draft, err)
		}
		if draft, err = d.Reject(ctx, draft.ID, 1, by, "a false report"); err != nil || draft.State != Rejected {
			t.Errorf("%+v %v", draft, err)
		}
		if _, err := d.Amend(ctx, draft.ID, 1, draft.Document, as("first")); !errors.Is(err, alerting.ErrState) {
			t.Errorf("amended after it was rejected: %v", err)
		}
		if n := len(o.press.printed); n != 0 {
			t.Errorf("%d records", n)
		}
		listed, err := d.Drafts(ctx, []DraftState{Rejected}, alerting.Place{}, 10)
		if err != nil || len(listed) != 1 || listed[0].ID != draft.ID || listed[0].Author.Name != "first" {
			t.Errorf("%+v %v", listed, err)
		}
	})
}

func TestReleaseAtATime(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d, ctx := o.desk(approvals(t)), t.Context()
		draft, err := d.Draft(ctx, o.write(o.alert("a")), as("first"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Submit(ctx, draft.ID, 1, as("first").Actor, o.now.Add(7*time.Hour)); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("released after it has expired: %v", err)
		}
		if _, err := d.Submit(ctx, draft.ID, 1, as("first").Actor, o.now.Add(-time.Hour)); !errors.Is(err, alerting.ErrInvalid) || !strings.Contains(err.Error(), "which is over") {
			t.Errorf("released an hour ago: %v", err)
		}
		if draft, err = d.Submit(ctx, draft.ID, 1, as("first").Actor, o.now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		for _, by := range []string{"second", "third"} {
			if draft, err = o.signs(d, draft, approval.Approve, by); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.releaseDue(ctx); err != nil || draft.State != Approved || len(o.press.printed) != 0 {
			t.Fatalf("%s, %d records: %v", draft.State, len(o.press.printed), err)
		}
		// The stream is away when the time comes; it goes out with the next attempt, by another process.
		o.now = o.now.Add(time.Hour)
		o.press.fails = []error{alerting.ErrUnavailable}
		if err := d.releaseDue(ctx); !errors.Is(err, alerting.ErrUnavailable) {
			t.Errorf("%v", err)
		}
		if err := o.desk(approvals(t)).releaseDue(ctx); err != nil || len(o.press.printed) != 1 {
			t.Errorf("%d records: %v", len(o.press.printed), err)
		}
		if draft, err = d.DraftAt(ctx, draft.ID); err != nil || draft.State != Released {
			t.Errorf("%+v %v", draft, err)
		}
		if _, err := d.Withdraw(ctx, draft.ID, 1, as("first").Actor, "too late"); !errors.Is(err, alerting.ErrState) {
			t.Errorf("withdrawn after the release: %v", err)
		}
	})
}

func TestAnApprovedDraftMayLapse(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d, ctx := o.desk(approvals(t)), t.Context()
		draft := o.submitted(d, o.alert("a"))
		o.press.fails = []error{alerting.ErrUnavailable}
		var err error
		for _, by := range []string{"second", "third"} {
			if draft, err = o.signs(d, draft, approval.Approve, by); err != nil {
				t.Fatal(err)
			}
		}
		if draft.State != Approved {
			t.Fatalf("the stream was away, and the draft is %s", draft.State)
		}
		o.now = o.now.Add(7 * time.Hour)
		if err := d.releaseDue(ctx); !errors.Is(err, alerting.ErrInvalid) {
			t.Errorf("%v", err)
		}
		if draft, err = d.DraftAt(ctx, draft.ID); err != nil || draft.State != Lapsed || !strings.Contains(draft.Reason, "expired") || len(o.press.printed) != 0 {
			t.Errorf("%+v %v", draft, err)
		}
	})
}

func TestIssueWaitsForApproval(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.desk(approvals(t, approval.Rule{ID: "drills", Worlds: []alerting.World{alerting.Exercise, alerting.Test}}))
		document := o.write(o.alert("a"))
		first, err := d.Issue(t.Context(), document, officer)
		if err != nil || first.Draft == "" || len(first.Missing) == 0 || len(o.press.printed) != 0 {
			t.Fatalf("%+v %v", first, err)
		}
		again, err := d.Issue(t.Context(), document, officer)
		if err != nil || again.Draft != first.Draft || !again.Repeated {
			t.Errorf("%+v %v", again, err)
		}
		drill := o.alert("drill", func(a *cap.Alert) { a.Status, a.Note = cap.StatusExercise, "drill" })
		if a := o.mustIssue(d, drill); a.Draft != "" || len(o.press.printed) != 1 {
			t.Errorf("%+v", a)
		}
	})
}

// A row that somebody wrote into the database by himself counts for nothing.
func TestForgedRows(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d, ctx := o.desk(approvals(t)), t.Context()
		draft := o.submitted(d, o.alert("a"))
		forge := func(sql string, args ...any) {
			t.Helper()
			err := o.db.Write(ctx, func(ctx context.Context, tx bun.Tx) error { _, err := tx.ExecContext(ctx, sql, args...); return err })
			if err != nil {
				t.Fatal(err)
			}
		}
		// Approved by nobody: it lapses instead of going out.
		forge("UPDATE drafts SET state = 'approved' WHERE id = '" + draft.ID + "'")
		if err := d.releaseDue(ctx); !errors.Is(err, alerting.ErrForbidden) || len(o.press.printed) != 0 {
			t.Errorf("%d records: %v", len(o.press.printed), err)
		}
		// A text that was changed below its signatures.
		draft = o.submitted(d, o.alert("b"))
		second := o.signature(draft, approval.Approve, "second", keyOf("second"))
		if _, err := d.Sign(ctx, draft.ID, 1, as("second").Actor, second); err != nil {
			t.Fatal(err)
		}
		forge(fmt.Sprintf("UPDATE draft_versions SET people = 1 WHERE draft = '%s'", draft.ID))
		third, err := d.DraftAt(ctx, draft.ID)
		if err != nil {
			t.Fatal(err)
		}
		if after, err := o.signs(d, third, approval.Approve, "third"); err != nil || after.State != Submitted || len(o.press.printed) != 0 {
			t.Errorf("%s, %d records: %v", after.State, len(o.press.printed), err)
		}
		// An alert that was written among those that were issued, or changed there: the public does not see it.
		genuine := o.submitted(d, o.alert("c"))
		for _, by := range []string{"second", "third"} {
			if genuine, err = o.signs(d, genuine, approval.Approve, by); err != nil {
				t.Fatal(err)
			}
		}
		shown := func(want int) {
			t.Helper()
			if all, err := o.desk(approvals(t)).Live(ctx, o.now); err != nil || len(all) != want {
				t.Errorf("%d alerts are shown, want %d: %v", len(all), want, err)
			}
		}
		shown(1)
		forge("UPDATE issues SET document = (SELECT document FROM draft_versions WHERE draft = '" + draft.ID + "')")
		shown(0)
		// An operator whom nobody enrolled.
		body := fmt.Sprintf(`{"operator":"fourth","key":%q,"rights":["approve"],"at":"2026-03-01T12:00:00Z","by":[]}`, keyOf("fourth").Key())
		forge(fmt.Sprintf("INSERT INTO enrolments (key_id, at_ms, body) VALUES ('%s', 1, '%s')", keyOf("fourth").Key().ID(), body))
		if _, err := o.signs(d, draft, approval.Approve, "fourth"); !errors.Is(err, alerting.ErrForbidden) {
			t.Errorf("%v", err)
		}
	})
}

func TestOperators(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d, ctx, by := o.desk(approvals(t)), t.Context(), as("first").Actor
		e := alerting.Enrolment{Operator: "fourth", Key: keyOf("fourth").Key().String(), Rights: []string{"approve"}, At: o.now}
		for _, admin := range []string{"first", "second"} {
			if err := d.Enrol(ctx, by, e); !errors.Is(err, alerting.ErrForbidden) {
				t.Errorf("with %d signatures: %v", len(e.By), err)
			}
			a, err := approval.SignEnrolment(keyOf(admin), e, admin, o.now)
			if err != nil {
				t.Fatal(err)
			}
			e.By = append(e.By, a)
		}
		for range 2 {
			if err := d.Enrol(ctx, by, e); err != nil {
				t.Fatal(err)
			}
		}
		draft := o.submitted(d, o.alert("a"))
		draft, err := o.signs(d, draft, approval.Author, "first")
		if err != nil {
			t.Fatal(err)
		}
		if draft, err = o.signs(d, draft, approval.Approve, "fourth"); err != nil || draft.State != Released {
			t.Fatalf("%+v %v", draft, err)
		}
		if got := o.press.printed[0].Enrolments; len(got) != 1 || got[0].Operator != "fourth" {
			t.Errorf("the record brings the enrolments %+v", got)
		}
		o.now = o.now.Add(time.Second)
		revoke := func(whose string, admins ...string) error {
			v := alerting.Revocation{KeyID: keyOf(whose).Key().ID(), Reason: "lost", At: o.now}
			for _, admin := range admins {
				a, err := approval.SignRevocation(keyOf(admin), v, admin, o.now)
				if err != nil {
					t.Fatal(err)
				}
				v.By = append(v.By, a)
			}
			return d.Revoke(ctx, by, v)
		}
		for _, row := range []struct {
			whose  string
			admins []string
			want   error
		}{
			{"nobody", []string{"first", "second"}, alerting.ErrNotFound},
			{"fourth", []string{"first"}, alerting.ErrForbidden},
			{"fourth", []string{"first", "second"}, nil},
			{"fourth", []string{"first", "second"}, nil},
			{"third", []string{"third"}, nil},
			{"second", []string{"first", "second"}, alerting.ErrState},
		} {
			if err := revoke(row.whose, row.admins...); !errors.Is(err, row.want) {
				t.Errorf("revoke %s by %v: %v, want %v", row.whose, row.admins, err, row.want)
			}
		}
		draft = o.submitted(d, o.alert("b"))
		if _, err := o.signs(d, draft, approval.Approve, "fourth"); !errors.Is(err, alerting.ErrForbidden) {
			t.Errorf("a revoked key: %v", err)
		}
		// What is out already stays out.
		again := o.desk(approvals(t))
		if _, err := again.Operators(ctx); err != nil { // reads the revocations
			t.Fatal(err)
		}
		if all, err := again.Live(ctx, o.now); err != nil || len(all) != 1 {
			t.Errorf("%d alerts are shown: %v", len(all), err)
		}
	})
}
