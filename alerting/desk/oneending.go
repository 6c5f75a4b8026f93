package desk

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/cap"
)

// Two drafts that would both end an alert are one too many: whoever approves them does so twice, and the second lapses once the first
// is out. So while a cancel or an all-clear waits for its approvals, a second of its kind for the same alert is refused, and the
// refusal names the draft that waits. A cancel is not refused for an all-clear: it says something else, and sooner.

// endingWaits is a draft that would end an alert, and waits.
type endingWaits struct {
	draft string
	state DraftState
	alert *cap.Alert
}

// refused is the refusal of a second one.
func (w *endingWaits) refused(of cap.Reference) error {
	return alerting.Refuse(alerting.ErrConflict, "draft.same-ending", "draft %s ends alert %s in the same way, and is %s: approve that one, or withdraw it first", w.draft, of.Identifier, alerting.Term(w.state))
}

// ends is the alert that a cancel or an all-clear is about: the first that it refers to. The others are what that one took the place
// of. False for all other messages.
func ends(a *cap.Alert) (cap.Reference, bool) {
	if len(a.References) == 0 || a.MsgType != cap.MsgCancel && !isAllClear(a) {
		return cap.Reference{}, false
	}
	return a.References[0], true
}

// endingPage is how many waiting drafts are looked at in one go.
const endingPage = 200

// findEnding looks for a draft, but the given one, that waits and would end the same alert in the same way; nil when there is none.
// What has expired meanwhile can never be approved, and holds up nothing.
func (d *Desk) findEnding(ctx context.Context, db bun.IDB, a *cap.Alert, but string) (*endingWaits, error) {
	of, is := ends(a)
	if !is {
		return nil, nil
	}
	for last := ""; ; {
		var rows []struct {
			ID       string `bun:"id"`
			State    string `bun:"state"`
			Document []byte `bun:"document"`
		}
		err := db.NewRaw(`SELECT d.id, d.state, v.document FROM drafts AS d JOIN draft_versions AS v ON v.draft = d.id AND v.version = d.version
			WHERE d.state IN (?) AND d.id > ? ORDER BY d.id LIMIT ?`, bun.List([]string{string(Submitted), string(Approved)}), last, endingPage).Scan(ctx, &rows)
		if err != nil {
			return nil, fmt.Errorf("look for drafts that end alert %s: %w: %w", of.Identifier, alerting.ErrUnavailable, err)
		}
		for i := range rows {
			// Most are about something else: they are not read as CAP.
			if rows[i].ID == but || !bytes.Contains(rows[i].Document, []byte(of.Identifier)) {
				continue
			}
			other, _ := cap.Read(rows[i].Document, cap.Options{MaxBytes: d.MaxBytes})
			if other != nil && other.MsgType == a.MsgType && d.endsToo(other, of) {
				return &endingWaits{rows[i].ID, DraftState(rows[i].State), other}, nil
			}
		}
		if len(rows) < endingPage {
			return nil, nil
		}
		last = rows[len(rows)-1].ID
	}
}

func (d *Desk) endsToo(other *cap.Alert, of cap.Reference) bool {
	about, is := ends(other)
	if !is || alerting.IDOfReference(about) != alerting.IDOfReference(of) {
		return false
	}
	now := d.Now()
	until, _ := d.expiryOf(other, now)
	return now.Before(until)
}

// mustEndAlone refuses a draft that would end an alert which another one ends that waits. It locks the row of the alert until the
// transaction ends, so that of two at once one is the second.
func (d *Desk) mustEndAlone(ctx context.Context, tx bun.Tx, a *cap.Alert, draft string) error {
	of, is := ends(a)
	if !is {
		return nil
	}
	_, err := tx.NewUpdate().Model((*issueRow)(nil)).Set("stopped_by = stopped_by").Where("alert = ?", alerting.IDOfReference(of).String()).Exec(ctx)
	if err != nil {
		return err
	}
	waits, err := d.findEnding(ctx, tx, a, draft)
	if err == nil && waits != nil {
		err = waits.refused(of)
	}
	return err
}

// waitingAllClear answers for an all-clear that says what one says that waits for its approvals: with that one. False when none waits;
// ErrConflict when it says something else.
func (d *Desk) waitingAllClear(ctx context.Context, update []byte) (out Answer, waits bool, err error) {
	if d.Office == nil {
		return Answer{}, false, nil
	}
	a, found := cap.Read(update, cap.Options{MaxBytes: d.MaxBytes})
	if a == nil {
		return Answer{}, false, fmt.Errorf("%w: %w", alerting.ErrInvalid, found)
	}
	first, err := d.findEnding(ctx, d.DB.Read(), a, "")
	if err != nil || first == nil {
		return Answer{}, false, err
	}
	if !sameWords(first.alert, a) {
		return Answer{}, false, first.refused(a.References[0])
	}
	draft, err := d.DraftAt(ctx, first.draft)
	if err != nil {
		return Answer{}, false, err
	}
	in, err := d.check(draft.Document, Order{Actor: draft.Author, Channels: draft.Channels, Audience: draft.Audience}, d.limits())
	if err != nil {
		return Answer{}, false, err
	}
	out = d.answer(in)
	out.Draft, out.Missing, out.Repeated = draft.ID, draft.Missing, true
	return out, true, nil
}

// sameWords reports whether two messages differ in nothing but their names and times.
func sameWords(a, b *cap.Alert) bool {
	return a.Note == b.Note && slices.EqualFunc(a.Infos, b.Infos, func(x, y cap.Info) bool {
		return x.Language == y.Language && x.Headline == y.Headline && x.Description == y.Description && x.Instruction == y.Instruction
	})
}
