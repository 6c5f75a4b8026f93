package desk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/cap"
)

// Draft keeps a document that is being written: as it came, even if it breaks rules, which the findings say. Only what cannot
// be read as CAP at all is refused.
func (d *Desk) Draft(ctx context.Context, document []byte, o Order) (Draft, error) {
	a, err := d.readDraft(document)
	if err != nil {
		return Draft{}, fmt.Errorf("draft: %w", err)
	}
	o.Autosave = false // the first version is kept
	now := d.Now().UnixMilli()
	titles, err := json.Marshal(titlesOf(a))
	if err != nil {
		return Draft{}, fmt.Errorf("draft: %w", err)
	}
	row := draftRow{ID: newDraftID(), Version: 1, State: string(Drafted), Title: titleOf(a), Titles: string(titles), Alert: idText(a), CreatedMS: now, UpdatedMS: now, Unit: o.Actor.Unit}
	version, err := versionOf(row.ID, 1, document, o, now)
	if err != nil {
		return Draft{}, fmt.Errorf("draft: %w", err)
	}
	made := row.ID
	err = d.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		var err error
		if made, err = claimRequest(ctx, tx, o, &version); err != nil || made != row.ID {
			return err
		}
		one, first := row, version
		if _, err := tx.NewInsert().Model(&one).Exec(ctx); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&first).Exec(ctx); err != nil {
			return err
		}
		return d.Note(ctx, tx, o.Actor, verbDrafted, subjectOfDraft(row.ID), drafting(&version, o.Origin))
	})
	if err != nil {
		return Draft{}, fmt.Errorf("draft: %w", err)
	}
	return d.DraftAt(ctx, made)
}

// longestRequest bounds what a caller may call a request, in bytes.
const longestRequest = 200

// claimRequest gives the draft that a request has made before, or else this one.
func claimRequest(ctx context.Context, tx bun.Tx, o Order, v *versionRow) (draft string, err error) {
	if o.Request == "" {
		return v.Draft, nil
	}
	if len(o.Request) > longestRequest {
		return "", alerting.Refuse(alerting.ErrInvalid, "draft.request-long", "the name of the request has %d bytes; at most %d", len(o.Request), longestRequest)
	}
	digest := sha256.Sum256(append([]byte(v.Wanted+"\x00"), v.Document...))
	row := requestRow{Actor: o.Actor.Name, Request: o.Request, Draft: v.Draft, Digest: digest[:]}
	res, err := tx.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx)
	if err != nil {
		return "", err
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return v.Draft, err
	}
	if err := tx.NewSelect().Model(&row).WherePK().Scan(ctx); err != nil {
		return "", err
	}
	if !bytes.Equal(row.Digest, digest[:]) {
		return "", alerting.Refuse(alerting.ErrConflict, "draft.request-reused", "the request %q made draft %s of another document; give a new request a new name", o.Request, row.Draft)
	}
	return row.Draft, nil
}

// readDraft refuses what no receiver could read.
func (d *Desk) readDraft(document []byte) (*cap.Alert, error) {
	a, found := cap.Read(document, d.limits())
	if a == nil {
		return nil, fmt.Errorf("%w: %w", alerting.ErrInvalid, found)
	}
	return a, nil
}

// idText is the id of an alert that has all it is made of.
func idText(a *cap.Alert) string {
	if a.Sender == "" || a.Identifier == "" || a.Sent.IsZero() {
		return ""
	}
	return alerting.IDOf(a).String()
}

// longestTitle bounds what lists show of a draft, in characters.
const longestTitle = 160

func titleOf(a *cap.Alert) string {
	title := string(a.MsgType)
	for _, i := range a.Infos {
		if i.Headline != "" {
			title = i.Headline
			break
		}
		title = i.Event
	}
	if r := []rune(title); len(r) > longestTitle {
		title = string(r[:longestTitle-1]) + "…"
	}
	return title
}

func versionOf(id string, version int64, document []byte, o Order, now int64) (versionRow, error) {
	if o.Actor.Name == "" {
		return versionRow{}, alerting.Refuse(alerting.ErrInvalid, "draft.nobody", "nobody is named who writes this")
	}
	for _, ch := range o.Channels {
		if !slices.Contains(alerting.Channels(), ch) {
			return versionRow{}, alerting.Refuse(alerting.ErrInvalid, "order.channel", "there is no channel %q", ch)
		}
	}
	w := wanted{Channels: o.Channels, Audience: o.Audience, Window: o.Window, Form: o.Form}
	if o.Autosave {
		w.Sitting = now
	}
	text, err := json.Marshal(w)
	if err != nil {
		return versionRow{}, fmt.Errorf("%w: order: %w", alerting.ErrInvalid, err)
	}
	filled, err := o.Origin.Encode()
	if err != nil {
		return versionRow{}, err
	}
	return versionRow{Draft: id, Version: version, Author: o.Actor.Name, Kind: o.Actor.Kind, AtMS: now, Document: document, Wanted: string(text), Filled: filled}, nil
}

// move changes a draft's row if it still has the version and one of the states; else it says why not. It takes the row's lock,
// so that whoever comes second sees what the first one did.
func (d *Desk) move(ctx context.Context, tx bun.Tx, id string, version int64, from []DraftState, set func(*bun.UpdateQuery) *bun.UpdateQuery) error {
	q := tx.NewUpdate().Model((*draftRow)(nil)).Set("updated_ms = ?", d.Now().UnixMilli()).
		Where("id = ?", id).Where("version = ?", version).Where("state IN (?)", bun.List(from))
	res, err := set(q).Exec(ctx)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return err
	}
	row, err := findDraft(ctx, tx, id)
	if err != nil {
		return err
	}
	if row.Version == version {
		return alerting.Refuse(alerting.ErrState, "draft.state", "draft %s is %s; this is possible while it is one of %v", id, alerting.Term(row.State), alerting.Terms(from))
	}
	if version > row.Version || version < 1 {
		return alerting.Refuse(alerting.ErrNotFound, "draft.no-version", "draft %s has no version %d", id, version)
	}
	by, err := findVersion(ctx, tx, id, row.Version)
	if err != nil {
		return err
	}
	return alerting.Refuse(alerting.ErrConflict, "draft.stale", "version %d of draft %s is not the latest: %s wrote version %d at %s; look at it first", version, id, by.Author, row.Version, moment(by.AtMS).Format(time.RFC3339))
}

// DraftAt gives a draft in its present version, with what it lacks.
func (d *Desk) DraftAt(ctx context.Context, id string) (Draft, error) {
	row, v, err := present(ctx, d.DB.Read(), id)
	if err != nil {
		return Draft{}, err
	}
	return d.whole(ctx, d.DB.Read(), &row, &v)
}

// looks is how often a reader tries to catch what a form goes on saving.
const looks = 5

// present reads a draft with its present version. A form may put another one in its place between the two.
func present(ctx context.Context, db bun.IDB, id string) (row draftRow, v versionRow, err error) {
	for range looks {
		if row, err = findDraft(ctx, db, id); err != nil {
			return row, v, err
		}
		if v, err = findVersion(ctx, db, id, row.Version); !errors.Is(err, alerting.ErrConflict) {
			return row, v, err
		}
	}
	return row, v, alerting.Refuse(alerting.ErrUnavailable, "draft.busy", "draft %s is being written just now; look again", id)
}

// whole puts a draft together.
func (d *Desk) whole(ctx context.Context, db bun.IDB, row *draftRow, v *versionRow) (Draft, error) {
	out, err := row.listed(v.author())
	if err != nil {
		return out, err
	}
	o, err := v.order()
	if err != nil {
		return out, err
	}
	out.Document, out.Channels, out.Audience, out.Window = v.Document, o.Channels, o.Audience, o.Window
	out.Filled, out.Autosaved = o.Origin, o.Autosave
	out.Counted = alerting.Counted{People: v.People, Sirens: v.Sirens}
	if out.Signatures, err = signaturesOn(ctx, db, row.ID, row.Version); err != nil {
		return out, err
	}
	in, err := d.check(v.Document, o, d.limits())
	if err != nil {
		// What is wrong with it is what its author wants to know.
		if !errors.As(err, &out.Findings) {
			return out, err
		}
		return out, nil
	}
	out.World, out.Findings = in.Envelope.World, d.Remarks(in)
	switch out.State {
	case Drafted, Returned:
		outside, err := d.outside(ctx, in.Alert, row.Unit)
		if err != nil {
			return out, err
		}
		out.Findings = cap.Merge(v.Document, d.limits(), out.Findings, outside)
	}
	switch out.State {
	case Drafted, Returned, Submitted:
	default:
		return out, nil
	}
	if d.Office == nil {
		return out, nil
	}
	roll, err := d.roll(ctx, db)
	if err != nil {
		return out, err
	}
	v.onto(&in.Envelope, out.Signatures)
	out.Missing = d.Office.Missing(roll, in)
	if out.State == Submitted && out.Reason != "" {
		out.Missing = append([]string{out.Reason}, out.Missing...)
	}
	return out, nil
}

// Drafts lists drafts, the latest changed first; states limits them.
func (d *Desk) Drafts(ctx context.Context, states []DraftState, after alerting.Place, limit int) ([]Draft, error) {
	var rows []draftRow
	if err := draftsBehind(d.DB.Read(), states, after, limit).Model(&rows).Scan(ctx); err != nil {
		return nil, fmt.Errorf("list drafts: %w: %w", alerting.ErrUnavailable, err)
	}
	authors, err := authorsOf(ctx, d.DB.Read(), rows)
	if err != nil {
		return nil, fmt.Errorf("list drafts: %w: %w", alerting.ErrUnavailable, err)
	}
	out := make([]Draft, 0, len(rows))
	for i := range rows {
		one, err := rows[i].listed(authors[rows[i].ID])
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// draftsBehind is the query of Drafts, by the index of that order.
func draftsBehind(db bun.IDB, states []DraftState, after alerting.Place, limit int) *bun.SelectQuery {
	q := db.NewSelect().Order("updated_ms DESC", "id DESC").Limit(int64(limit))
	if len(states) > 0 {
		q = q.Where("state IN (?)", bun.List(states))
	}
	if after.ID != "" {
		q = q.Where("(updated_ms, id) < (?, ?)", after.MS, after.ID)
	}
	return q
}

// authorsOf says who wrote the present version of each draft. A list has no use for the documents.
func authorsOf(ctx context.Context, db bun.IDB, rows []draftRow) (map[string]alerting.Actor, error) {
	authors := make(map[string]alerting.Actor, len(rows))
	if len(rows) == 0 {
		return authors, nil
	}
	ids := make([]string, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}
	var versions []versionRow
	err := db.NewSelect().Model(&versions).Column("draft", "version", "author", "kind").Where("draft IN (?)", bun.List(ids)).Order("version").Scan(ctx)
	for i := range versions {
		authors[versions[i].Draft] = versions[i].author() // the latest comes last
	}
	return authors, err
}
