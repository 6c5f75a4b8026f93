package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"
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
	from := []DraftState{Drafted, Submitted, Returned}
	if o.Autosave {
		from = []DraftState{Drafted, Returned}
	}
	err = d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		err := d.move(ctx, tx, id, version, from, func(q *bun.UpdateQuery) *bun.UpdateQuery {
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
		return d.succeed(ctx, tx, one, o)
	})
	if err != nil {
		return Draft{}, fmt.Errorf("amend draft %s: %w", id, err)
	}
	return d.DraftAt(ctx, id)
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
