package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/cap"
)

// Submission is how a draft is handed in.
type Submission struct {
	// Version is the one that whoever hands it in has looked at.
	Version int64
	// Release is when it shall go out once it is approved; zero means at once.
	Release time.Time
	// Nobody: it may be for an area in which the office knows nobody, such as one that is for the feeds alone.
	Nobody bool
}

// Submit is HandIn of a version that must reach somebody.
func (d *Desk) Submit(ctx context.Context, id string, version int64, by alerting.Actor, release time.Time) (Draft, error) {
	return d.HandIn(ctx, id, by, Submission{Version: version, Release: release})
}

// HandIn freezes a draft: what is wrong with it is refused, and whom it would reach is counted. From here on it is signed.
func (d *Desk) HandIn(ctx context.Context, id string, by alerting.Actor, s Submission) (Draft, error) {
	version, release := s.Version, s.Release
	v, err := findVersion(ctx, d.DB.Read(), id, version)
	if err != nil {
		return Draft{}, fmt.Errorf("submit: %w", err)
	}
	in, err := d.checkVersion(&v)
	if err != nil {
		return Draft{}, fmt.Errorf("submit draft %s: %w", id, err)
	}
	if err := d.mustLieInside(ctx, in); err != nil {
		return Draft{}, fmt.Errorf("submit draft %s: %w", id, err)
	}
	if err := d.checkRelease(in, release); err != nil {
		return Draft{}, fmt.Errorf("submit draft %s: %w", id, err)
	}
	counted, err := d.counts(ctx, in, s.Nobody)
	if err != nil {
		return Draft{}, fmt.Errorf("submit draft %s: %w", id, err)
	}
	var due bool
	err = d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		var at int64
		if !release.IsZero() {
			at = release.UnixMilli()
		}
		err := d.move(ctx, tx, id, version, []DraftState{Drafted, Returned}, func(q *bun.UpdateQuery) *bun.UpdateQuery {
			return q.Set("state = ?", string(Submitted)).Set("release_ms = ?", at).Set("reason = ''")
		})
		if err != nil {
			return err
		}
		if err := d.mustEndAlone(ctx, tx, in.Alert, id); err != nil {
			return err
		}
		// A draft that was returned and is submitted again as it was is signed anew: it may reach others by now.
		if _, err := tx.NewDelete().Model((*signatureRow)(nil)).Where("draft = ?", id).Where("version = ?", version).Exec(ctx); err != nil {
			return err
		}
		one := v
		if err := noteSubmitted(ctx, tx, &one, counted); err != nil {
			return err
		}
		err = d.Note(ctx, tx, by, verbSubmitted, subjectOfDraft(id), map[string]any{"version": version, "sha256": digestOf(v.Document), "people": counted.People, "sirens": counted.Sirens})
		if err != nil {
			return err
		}
		due, err = d.complete(ctx, tx, id, version)
		return err
	})
	if err != nil {
		return Draft{}, fmt.Errorf("submit draft %s: %w", id, err)
	}
	return d.afterwards(ctx, id, due)
}

// noteSubmitted keeps with a version that it was submitted, and whom it would have reached then.
func noteSubmitted(ctx context.Context, tx bun.Tx, v *versionRow, counted alerting.Counted) error {
	if err := v.change(func(w *wanted) { w.Submitted = true }); err != nil {
		return err
	}
	_, err := tx.NewUpdate().Model((*versionRow)(nil)).Set("people = ?", counted.People).Set("sirens = ?", counted.Sirens).Set("wanted = ?", v.Wanted).
		Where("draft = ?", v.Draft).Where("version = ?", v.Version).Exec(ctx)
	return err
}

// checkVersion is Check for a version, and refuses what has expired.
func (d *Desk) checkVersion(v *versionRow) (*alerting.Issued, error) {
	o, err := v.order()
	if err != nil {
		return nil, err
	}
	in, err := d.check(v.Document, o, d.limits())
	if err != nil {
		return nil, err
	}
	if !d.Now().Before(in.Expires) {
		_, path := d.expiryOf(in.Alert, in.Envelope.Issued)
		return nil, d.refuse(v.Document, expired(in.Expires, path))
	}
	return in, nil
}

// releaseBack is how far back a time of release may lie: clocks differ.
const releaseBack = time.Minute

func (d *Desk) checkRelease(in *alerting.Issued, release time.Time) error {
	switch {
	case release.IsZero():
		return nil
	case in.Alert.MsgType == cap.MsgCancel:
		return alerting.Refuse(alerting.ErrInvalid, "release.cancel-waits", "a Cancel does not wait: leave the time of release out")
	case release.Before(d.Now().Add(-releaseBack)):
		return alerting.Refuse(alerting.ErrInvalid, "release.past", "it would be released at %s, which is over: name a time to come, or leave it out to release it at once",
			release.Format(time.RFC3339))
	case !release.Before(in.Expires):
		return alerting.Refuse(alerting.ErrInvalid, "release.after-expiry", "it would be released at %s and expires at %s", release.Format(time.RFC3339), in.Expires.Format(time.RFC3339))
	}
	return nil
}

// The times of a signature that are taken: clocks differ, and a signature that was made long ago was made over something else.
const (
	signatureAhead = 2 * time.Minute
	signatureBack  = 24 * time.Hour
)

// fresh refuses a signature of another time.
func fresh(a alerting.Approval, now time.Time) error {
	if a.At.After(now.Add(signatureAhead)) || a.At.Before(now.Add(-signatureBack)) {
		return alerting.Refuse(alerting.ErrForbidden, "sign.clock", "the signature is of %s, and it is %s here: set the clock, and sign again",
			a.At.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return nil
}

// Sign puts an operator's signature on a submitted draft: as its author, or as one who approves. With the last one that the
// policy demands the draft is released. Errors: alerting.ErrForbidden when the signature is not worth anything here,
// ErrConflict when the version is not the latest or the operator has signed, ErrState when it is not submitted.
func (d *Desk) Sign(ctx context.Context, id string, version int64, by alerting.Actor, a alerting.Approval) (Draft, error) {
	return d.SignPicked(ctx, id, version, by, a, Pick{})
}

// SignPicked is Sign by somebody who also picked the place (see Challenge), which a rule may want. ErrForbidden when it does, and the
// place is missing or wrong.
func (d *Desk) SignPicked(ctx context.Context, id string, version int64, by alerting.Actor, a alerting.Approval, p Pick) (Draft, error) {
	if d.Office == nil {
		return Draft{}, fmt.Errorf("sign draft %s: %w", id, alerting.Refuse(alerting.ErrState, "sign.no-approval", "the configuration names no approval, so there is nothing to sign"))
	}
	v, err := findVersion(ctx, d.DB.Read(), id, version)
	if err != nil {
		return Draft{}, fmt.Errorf("sign: %w", err)
	}
	in, err := d.checkVersion(&v)
	if err != nil {
		return Draft{}, fmt.Errorf("sign draft %s: %w", id, err)
	}
	var due bool
	var refused error
	err = d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		// The lock first: what is counted below must be all that was signed.
		err := d.move(ctx, tx, id, version, []DraftState{Submitted}, func(q *bun.UpdateQuery) *bun.UpdateQuery { return q })
		if err != nil {
			return err
		}
		if v, err = findVersion(ctx, tx, id, version); err != nil {
			return err
		}
		roll, err := d.roll(ctx, tx)
		if err != nil {
			return err
		}
		v.onto(&in.Envelope, nil)
		if err := d.mayAct(ctx, tx, roll, in, &v, a); err != nil {
			return err
		}
		if refused, err = d.picked(ctx, tx, by, in, questionOfDraft(id, version), pickedApproval{a, p}); refused != nil || err != nil {
			return err
		}
		if err := d.keepSignature(ctx, tx, id, version, by, a); err != nil {
			return err
		}
		due, err = d.complete(ctx, tx, id, version)
		return err
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return Draft{}, fmt.Errorf("sign draft %s: %w", id, err)
	}
	return d.afterwards(ctx, id, due)
}

// mayAct says why a signature cannot be taken.
func (d *Desk) mayAct(ctx context.Context, tx bun.Tx, roll *approval.Roll, in *alerting.Issued, v *versionRow, a alerting.Approval) error {
	if err := fresh(a, d.Now()); err != nil {
		return err
	}
	switch approval.Act(a.Act) {
	case approval.Author:
		if a.By != v.Author {
			return alerting.Refuse(alerting.ErrForbidden, "sign.not-author", "version %d was written by %s, and not by %s", v.Version, v.Author, a.By)
		}
		return roll.Verify(&in.Envelope, a, approval.MayAuthor)
	case approval.Approve:
		wrote, err := tx.NewSelect().Model((*versionRow)(nil)).Where("draft = ?", v.Draft).Where("author = ?", a.By).Exists(ctx)
		if err != nil {
			return err
		}
		if wrote {
			return alerting.Refuse(alerting.ErrForbidden, "sign.self-approval", "%s wrote this draft, or a version of it; somebody else must approve it", a.By)
		}
		return roll.Verify(&in.Envelope, a, approval.MayApprove)
	}
	return alerting.Refuse(alerting.ErrInvalid, "sign.act", "a draft is signed as %s or %s, not as %.20q", alerting.Term(approval.Author), alerting.Term(approval.Approve), alerting.Term(a.Act))
}

func (d *Desk) keepSignature(ctx context.Context, tx bun.Tx, id string, version int64, by alerting.Actor, a alerting.Approval) error {
	text, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("%w: signature: %w", alerting.ErrInvalid, err)
	}
	row := signatureRow{Draft: id, Version: version, Operator: a.By, Body: string(text)}
	res, err := tx.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		if err == nil {
			err = alerting.Refuse(alerting.ErrConflict, "sign.again", "%s has signed version %d already", a.By, version)
		}
		return err
	}
	return d.Note(ctx, tx, by, verbSigned, subjectOfDraft(id), map[string]any{"version": version, "operator": a.By, "act": a.Act, "key": a.KeyID})
}

// complete marks a submitted draft as approved when it lacks nothing; due says that it shall go out now. It belongs into the
// transaction that took the last signature: what is signed whole must never stay behind as submitted.
func (d *Desk) complete(ctx context.Context, tx bun.Tx, id string, version int64) (due bool, err error) {
	row, err := findDraft(ctx, tx, id)
	if err != nil {
		return false, err
	}
	v, err := findVersion(ctx, tx, id, version)
	if err != nil {
		return false, err
	}
	missing, err := d.lacks(ctx, tx, &v)
	if err != nil || len(missing) > 0 {
		return false, err
	}
	if _, err := tx.NewUpdate().Model((*draftRow)(nil)).Set("state = ?", string(Approved)).Where("id = ?", id).Exec(ctx); err != nil {
		return false, err
	}
	return row.ReleaseMS <= d.Now().UnixMilli(),
		d.Note(ctx, tx, engine(), verbApproved, subjectOfDraft(id), map[string]any{"version": version, "release": moment(row.ReleaseMS)})
}

// afterwards releases a draft that is due, and shows it as it then stands. What was signed stays signed, whatever becomes of the
// release: the draft's state says it, and Run goes on.
func (d *Desk) afterwards(ctx context.Context, id string, due bool) (Draft, error) {
	if due {
		if err := d.release(ctx, id); err != nil {
			d.Log.WarnContext(ctx, "an approved draft was not released at once", "error", err)
		}
	}
	return d.DraftAt(ctx, id)
}

// lacks is what a version still needs; nothing where the office demands no approval.
func (d *Desk) lacks(ctx context.Context, db bun.IDB, v *versionRow) ([]string, error) {
	if d.Office == nil {
		return nil, nil
	}
	in, err := d.checkVersion(v)
	if err != nil {
		return nil, err
	}
	roll, err := d.roll(ctx, db)
	if err != nil {
		return nil, err
	}
	signatures, err := signaturesOn(ctx, db, v.Draft, v.Version)
	if err != nil {
		return nil, err
	}
	v.onto(&in.Envelope, signatures)
	return d.Office.Missing(roll, in), nil
}

// longestReason bounds what people write as a reason, in bytes.
const longestReason = 4000

// Return gives a submitted draft back to its author, Reject ends it, and Withdraw takes it back; each for a reason that it keeps.
func (d *Desk) Return(ctx context.Context, id string, version int64, by alerting.Actor, reason string) (Draft, error) {
	return d.turn(ctx, id, version, by, reason, ending{Returned, verbReturned, []DraftState{Submitted}})
}

// Reject ends a draft that must not go out; see Return.
func (d *Desk) Reject(ctx context.Context, id string, version int64, by alerting.Actor, reason string) (Draft, error) {
	return d.turn(ctx, id, version, by, reason, ending{Rejected, verbRejected, []DraftState{Submitted}})
}

// Withdraw takes a draft back that was not released yet, be it approved and waiting for its time; see Return.
func (d *Desk) Withdraw(ctx context.Context, id string, version int64, by alerting.Actor, reason string) (Draft, error) {
	return d.turn(ctx, id, version, by, reason, ending{Withdrawn, verbTakenBack, []DraftState{Drafted, Submitted, Returned, Approved}})
}

// ending is what becomes of a draft, from which states, and how the journal calls it.
type ending struct {
	to   DraftState
	verb string
	from []DraftState
}

func (d *Desk) turn(ctx context.Context, id string, version int64, by alerting.Actor, reason string, e ending) (Draft, error) {
	reason = strings.TrimSpace(reason)
	if reason == "" || len(reason) > longestReason || strings.ContainsRune(reason, 0) {
		return Draft{}, fmt.Errorf("draft %s: %w", id, alerting.Refuse(alerting.ErrInvalid, "reason.missing", "say why, in at most %d bytes", longestReason))
	}
	err := d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		err := d.move(ctx, tx, id, version, e.from, func(q *bun.UpdateQuery) *bun.UpdateQuery {
			return q.Set("state = ?", string(e.to)).Set("reason = ?", reason)
		})
		if err != nil {
			return err
		}
		if slices.Contains(e.from, Approved) {
			if err := notBeingIssued(ctx, tx, id); err != nil {
				return err
			}
		}
		return d.Note(ctx, tx, by, e.verb, subjectOfDraft(id), map[string]any{"version": version, "reason": reason})
	})
	if err != nil {
		return Draft{}, fmt.Errorf("draft %s: %w", id, err)
	}
	return d.DraftAt(ctx, id)
}

// notBeingIssued: once the alert has a row among the issues, it may be out already, and only a cancel stops it.
func notBeingIssued(ctx context.Context, tx bun.Tx, id string) error {
	row, err := findDraft(ctx, tx, id)
	if err != nil {
		return err
	}
	out, err := tx.NewSelect().Model((*issueRow)(nil)).Where("alert = ?", row.Alert).Exists(ctx)
	if err == nil && out {
		err = alerting.Refuse(alerting.ErrState, "draft.going-out", "it is being issued as alert %s; cancel that", row.Alert)
	}
	return err
}
