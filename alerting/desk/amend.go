package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

// longestSitting is how long a form may put one version in the place of another: what was written before that is kept.
const longestSitting = 15 * time.Minute

// Amend puts a new version in the place of the given one. Its signatures are lost, and it must be submitted again. ErrConflict
// when somebody else amended it meanwhile, and nothing is overwritten then.
//
// What a form saves by itself (Order.Autosave) is a new version, too, with a number of its own, so that of two who write only one
// can save. But it takes the place of the version before in the list, which is gone then, if that one was saved by itself too, by
// the same author, in the same sitting, and was never submitted; see the package comment. A form does not
// take back what was submitted: that is ErrState.
//
// The answer to a save may be lost after it was committed, and the form then saves again in the place of the version before it. By its name
// (Order.Form) and its author the latest version is known to be that very save, which nobody else can have changed since; it is then the one
// that is replaced.
func (d *Desk) Amend(ctx context.Context, id string, version int64, document []byte, o Order) (Draft, error) {
	a, err := d.readDraft(document)
	if err != nil {
		return Draft{}, fmt.Errorf("amend draft %s: %w", id, err)
	}
	next, err := versionOf(id, version+1, document, o, d.Now().UnixMilli())
	if err != nil {
		return Draft{}, fmt.Errorf("amend draft %s: %w", id, err)
	}
	titles, err := json.Marshal(titlesOf(a))
	if err != nil {
		return Draft{}, fmt.Errorf("amend draft %s: %w", id, err)
	}
	given := version
	from := []DraftState{Drafted, Submitted, Returned}
	if o.Autosave {
		from = []DraftState{Drafted, Returned}
	}
	err = d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		version, err := replacedBy(ctx, tx, &next, given, o.Form)
		if err != nil {
			return err
		}
		err = d.move(ctx, tx, id, version, from, func(q *bun.UpdateQuery) *bun.UpdateQuery {
			q = q.Set("state = ?", string(Drafted)).Set("version = ?", version+1).Set("alert = ?", idText(a)).Set("title = ?", titleOf(a)).
				Set("titles = ?", string(titles)).Set("release_ms = 0")
			if o.Autosave {
				return q // whoever writes still wants to know why it was returned
			}
			return q.Set("reason = ''")
		})
		if err != nil {
			return err
		}
		one := next
		one.Version = version + 1
		return d.succeed(ctx, tx, one, o)
	})
	if err != nil {
		return Draft{}, fmt.Errorf("amend draft %s: %w", id, err)
	}
	return d.DraftAt(ctx, id)
}

// replacedBy is the version that a save replaces: the given one, or the latest where that is what the same form of the same author saved
// last, without hearing of it.
func replacedBy(ctx context.Context, tx bun.Tx, next *versionRow, given int64, form string) (int64, error) {
	if form == "" {
		return given, nil
	}
	row, err := findDraft(ctx, tx, next.Draft)
	if err != nil || row.Version <= given {
		return given, err
	}
	last, err := findVersion(ctx, tx, next.Draft, row.Version)
	if errors.Is(err, alerting.ErrNotFound) {
		return given, nil // another save has just taken its place
	}
	if err != nil {
		return given, err
	}
	if w, err := last.wanted(); err != nil || w.Form != form || last.Author != next.Author || last.Kind != next.Kind {
		return given, err
	}
	return last.Version, nil
}

// succeed writes a version behind the one before, or in its place, and notes what the journal must know. The draft's row is locked.
func (d *Desk) succeed(ctx context.Context, tx bun.Tx, next versionRow, o Order) error {
	last, err := findVersion(ctx, tx, next.Draft, next.Version-1)
	if err != nil {
		return err
	}
	was, err := last.wanted()
	if err != nil {
		return err
	}
	replaced := false
	if o.Autosave && replaceable(&last, was, &next) {
		if replaced, err = replace(ctx, tx, &last, &next, was.Sitting); err != nil {
			return err
		}
	}
	if _, err := tx.NewInsert().Model(&next).Exec(ctx); err != nil || replaced {
		return err
	}
	verb, detail := verbAmended, drafting(&next, o.Origin)
	if o.Autosave {
		verb = verbSitting
	}
	if was.Sitting > 0 {
		// Which version its sitting has left behind was not noted yet.
		detail["keeps"] = map[string]any{"version": last.Version, "sha256": digestOf(last.Document)}
	}
	return d.Note(ctx, tx, o.Actor, verb, subjectOfDraft(next.Draft), detail)
}

// replaceable reports whether a version that a form saved may take the place of the last one.
func replaceable(last *versionRow, was wanted, next *versionRow) bool {
	return was.Sitting > 0 && !was.Submitted && last.Author == next.Author && last.Kind == next.Kind &&
		next.AtMS-was.Sitting < longestSitting.Milliseconds()
}

// replace removes the last version, and makes the next one part of its sitting; false when it was changed meanwhile.
func replace(ctx context.Context, tx bun.Tx, last, next *versionRow, sitting int64) (bool, error) {
	res, err := tx.NewDelete().Model((*versionRow)(nil)).Where("draft = ?", last.Draft).Where("version = ?", last.Version).
		Where("wanted = ?", last.Wanted).Exec(ctx)
	if err != nil {
		return false, err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return false, err
	}
	return true, next.change(func(w *wanted) { w.Sitting = sitting })
}
