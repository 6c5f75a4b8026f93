package inbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
	"tocsin/cap"
	"tocsin/cap/dsig"
)

type letterRow struct {
	bun.BaseModel `bun:"table:inbox"`

	ID         string `bun:"id,pk"`
	Source     string `bun:"source"`
	ReceivedMS int64  `bun:"received_ms"`
	Alert      string `bun:"alert"`
	Title      string `bun:"title"`
	State      string `bun:"state"`
	Reason     string `bun:"reason"`
	Document   []byte `bun:"document"`
	Draft      string `bun:"draft"`
}

func (r *letterRow) letter() (Letter, error) {
	l := Letter{ID: r.ID, Source: r.Source, Received: time.UnixMilli(r.ReceivedMS).UTC(), Title: r.Title, State: State(r.State),
		Reason: r.Reason, Draft: r.Draft, Document: r.Document}
	if r.Alert == "" {
		return l, nil
	}
	var err error
	l.Alert, err = alerting.ParseAlertID(r.Alert)
	return l, err
}

// Get gives a letter with its document; ErrNotFound when there is none.
func (in *Inbox) Get(ctx context.Context, id string) (Letter, error) {
	var row letterRow
	err := in.DB.Read().NewSelect().Model(&row).Where("id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Letter{}, alerting.Refuse(alerting.ErrNotFound, "letter.unknown", "the inbox holds no letter %.40q", id)
	}
	if err != nil {
		return Letter{}, fmt.Errorf("read letter %.40s: %w: %w", id, alerting.ErrUnavailable, err)
	}
	return row.letter()
}

// lettersBehind is the query of List, by the index of that order.
func lettersBehind(db bun.IDB, states []State, after alerting.Place, limit int) *bun.SelectQuery {
	q := db.NewSelect().Order("received_ms DESC", "id DESC").Limit(int64(limit))
	if len(states) > 0 {
		q = q.Where("state IN (?)", bun.List(states))
	}
	if after.ID != "" {
		q = q.Where("(received_ms, id) < (?, ?)", after.MS, after.ID)
	}
	return q
}

// List gives letters without their documents, the latest first, behind a place; states limits them.
func (in *Inbox) List(ctx context.Context, states []State, after alerting.Place, limit int) ([]Letter, error) {
	var rows []letterRow
	for _, s := range states {
		if !slices.Contains(States(), s) {
			return nil, alerting.Refuse(alerting.ErrInvalid, "letter.state-unknown", "state %.40q: want one of %v", s, States())
		}
	}
	if err := lettersBehind(in.DB.Read(), states, after, limit).Model(&rows).ExcludeColumn("document").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list the inbox: %w: %w", alerting.ErrUnavailable, err)
	}
	out := make([]Letter, 0, len(rows))
	for i := range rows {
		l, err := rows[i].letter()
		if err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

// Release takes a letter out of quarantine, for a reason that it keeps: it becomes an ordinary draft of whoever released it, to be
// edited, submitted and approved like any other. A signature that nobody here can verify is left out of the draft.
func (in *Inbox) Release(ctx context.Context, id string, by alerting.Actor, reason string) (Letter, error) {
	in.taking.Lock()
	defer in.taking.Unlock()
	l, err := in.waiting(ctx, id, &reason)
	if err != nil {
		return Letter{}, fmt.Errorf("release letter %.40s: %w", id, err)
	}
	// The draft first: should this process die in between, the letter waits on, and nothing is lost.
	draft, err := in.Draft(ctx, in.editable(l.Document), by)
	if err != nil {
		return Letter{}, fmt.Errorf("release letter %s: %w", id, err)
	}
	out, err := in.turn(ctx, id, by, Released, reason, draft)
	if errors.Is(err, alerting.ErrState) {
		err = fmt.Errorf("%w; withdraw the draft %s, which is left over", err, draft)
	}
	if err != nil {
		return Letter{}, fmt.Errorf("release letter %s: %w", id, err)
	}
	return out, nil
}

// Drop ends a letter that is in quarantine, for a reason that it keeps. Its bytes stay.
func (in *Inbox) Drop(ctx context.Context, id string, by alerting.Actor, reason string) (Letter, error) {
	if _, err := in.waiting(ctx, id, &reason); err != nil {
		return Letter{}, fmt.Errorf("drop letter %.40s: %w", id, err)
	}
	out, err := in.turn(ctx, id, by, Dropped, reason, "")
	if err != nil {
		return Letter{}, fmt.Errorf("drop letter %s: %w", id, err)
	}
	return out, nil
}

// waiting gives a letter that is in quarantine; ErrState when it is not, ErrInvalid without a reason.
func (in *Inbox) waiting(ctx context.Context, id string, reason *string) (Letter, error) {
	*reason = strings.TrimSpace(*reason)
	if *reason == "" || len(*reason) > longestReason || strings.ContainsRune(*reason, 0) {
		return Letter{}, alerting.Refuse(alerting.ErrInvalid, "reason.missing", "say why, in at most %d bytes", longestReason)
	}
	l, err := in.Get(ctx, id)
	if err == nil && l.State != Quarantined {
		err = alerting.Refuse(alerting.ErrState, "letter.state", "it is %s; this is possible while it is %s", alerting.Term(l.State), alerting.Term(Quarantined))
	}
	return l, err
}

func (in *Inbox) turn(ctx context.Context, id string, by alerting.Actor, to State, reason, draft string) (Letter, error) {
	err := in.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewUpdate().Model((*letterRow)(nil)).Set("state = ?", string(to)).Set("reason = ?", reason).Set("draft = ?", draft).
			Where("id = ?", id).Where("state = ?", string(Quarantined)).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n != 1 {
			return errors.Join(err, alerting.Refuse(alerting.ErrState, "letter.taken", "somebody else took it out of quarantine meanwhile"))
		}
		return in.Note(ctx, tx, by, "inbox."+string(to), subjectOf(id), map[string]any{"reason": reason, "draft": draft})
	})
	if err != nil {
		return Letter{}, err
	}
	l, err := in.Get(ctx, id)
	l.Document = nil
	return l, err
}

// editable is a document as a draft of the office begins: without signatures, which would not outlive the first change.
func (in *Inbox) editable(document []byte) []byte {
	bare := dsig.Strip(document)
	left, err := dsig.Verify(bare, dsig.Trust{At: in.Now()})
	if err != nil || len(left.Signatures) == 0 {
		return bare
	}
	// A signature of another form than ours goes with everything else that is no CAP: the alert is written anew.
	if a, _ := cap.Read(bare, cap.Options{MaxBytes: in.MaxBytes}); a != nil {
		if again, err := cap.Write(a); err == nil {
			return again
		}
	}
	return bare
}
