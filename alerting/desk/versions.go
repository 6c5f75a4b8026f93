package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
)

// Version is one version of a draft.
type Version struct {
	Number int64          `json:"version"`
	Author alerting.Actor `json:"author"`
	At     time.Time      `json:"at"`
	// Began is when the sitting began in which a form saved it; zero when its author saved it.
	Began  time.Time `json:"sitting_began,omitzero"`
	SHA256 string    `json:"sha256"`
	// Bytes is the size of the document.
	Bytes int `json:"bytes"`
	// Submitted: it was submitted for approval, whatever became of it.
	Submitted bool `json:"submitted,omitempty"`
}

func (v *versionRow) listed() (Version, error) {
	w, err := v.wanted()
	if err != nil {
		return Version{}, err
	}
	return Version{Number: v.Version, Author: v.author(), At: moment(v.AtMS), Began: moment(w.Sitting), SHA256: digestOf(v.Document), Bytes: len(v.Document),
		Submitted: v.submitted(w)}, nil
}

// submitted reports whether a version ever was. Of versions from before that was kept, whom it reached tells.
func (v *versionRow) submitted(w wanted) bool { return w.Submitted || v.People+v.Sirens > 0 }

// Versions lists the versions of a draft, the newest first: those below a number, at most limit; before 0 means from the newest on.
func (d *Desk) Versions(ctx context.Context, id string, before int64, limit int) ([]Version, error) {
	out := []Version{}
	for v, err := range d.versionsBelow(ctx, id, before, limit) {
		if err != nil {
			return nil, fmt.Errorf("list the versions of draft %s: %w", id, err)
		}
		one, err := v.listed()
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	if len(out) > 0 {
		return out, nil
	}
	_, err := findDraft(ctx, d.DB.Read(), id)
	return out, err
}

// versionsBelow reads versions one by one, for a document may be large.
func (d *Desk) versionsBelow(ctx context.Context, id string, before int64, limit int) func(yield func(*versionRow, error) bool) {
	return func(yield func(*versionRow, error) bool) {
		q := d.DB.Read().NewSelect().Model((*versionRow)(nil)).ColumnExpr("version_row.*").
			ColumnExpr("(SELECT d.unit FROM drafts AS d WHERE d.id = version_row.draft) AS unit").
			Where("draft = ?", id).Order("version DESC").Limit(int64(limit))
		if before > 0 {
			q = q.Where("version < ?", before)
		}
		rows, err := q.Rows(ctx)
		if err != nil {
			yield(nil, fmt.Errorf("%w: %w", alerting.ErrUnavailable, err))
			return
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var v versionRow
			if err := d.DB.Read().ScanRow(ctx, rows, &v); err != nil {
				yield(nil, fmt.Errorf("%w: %w", alerting.ErrUnavailable, err))
				return
			}
			if !yield(&v, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, fmt.Errorf("%w: %w", alerting.ErrUnavailable, err))
		}
	}
}

// VersionDocument gives the document of a version. ErrNotFound also when a form has put another in its place.
func (d *Desk) VersionDocument(ctx context.Context, id string, version int64) ([]byte, error) {
	v, err := d.kept(ctx, id, version)
	return v.Document, err
}

// kept reads a version that is still there. Reading keeps nothing: whoever looks while a form saves may find another a moment later.
func (d *Desk) kept(ctx context.Context, id string, version int64) (versionRow, error) {
	v, err := findVersion(ctx, d.DB.Read(), id, version)
	if errors.Is(err, alerting.ErrConflict) {
		return v, alerting.Refuse(alerting.ErrNotFound, "draft.version-gone", "version %d of draft %s was not kept: a form has saved a later one in its place; list the versions to see which there are", version, id)
	}
	return v, err
}

// DraftChanges says in what the present version of a draft differs from an earlier one. From 0 is the last version before it that was
// submitted, or else the first.
func (d *Desk) DraftChanges(ctx context.Context, id string, from int64) ([]cap.Change, error) {
	now, err := d.DraftAt(ctx, id)
	if err != nil {
		return nil, err
	}
	if from == 0 {
		if from, err = d.comparedWith(ctx, id, now.Version); err != nil {
			return nil, fmt.Errorf("compare draft %s: %w", id, err)
		}
	}
	was, err := d.kept(ctx, id, from)
	if err != nil {
		return nil, fmt.Errorf("compare draft %s: %w", id, err)
	}
	before, err := d.readDraft(was.Document)
	if err != nil {
		return nil, fmt.Errorf("compare draft %s: version %d: %w", id, from, err)
	}
	after, err := d.readDraft(now.Document)
	if err != nil {
		return nil, fmt.Errorf("compare draft %s: version %d: %w", id, now.Version, err)
	}
	return append([]cap.Change{}, cap.Compare(before, after)...), nil
}

// comparedWith is the last version before a number that was submitted, or else the first that there is.
func (d *Desk) comparedWith(ctx context.Context, id string, before int64) (int64, error) {
	var rows []versionRow
	err := d.DB.Read().NewSelect().Model(&rows).Column("draft", "version", "wanted", "people", "sirens").Where("draft = ?", id).
		Where("version < ?", before).Order("version").Scan(ctx)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", alerting.ErrUnavailable, err)
	}
	if len(rows) == 0 {
		return before, nil
	}
	for i := len(rows) - 1; i >= 0; i-- {
		w, err := rows[i].wanted()
		if err != nil {
			return 0, err
		}
		if rows[i].submitted(w) {
			return rows[i].Version, nil
		}
	}
	return rows[0].Version, nil
}
