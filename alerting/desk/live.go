package desk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

// Posted is an issued alert as lists need it.
type Posted struct {
	ID    alerting.AlertID
	World alerting.World
	// Document is as it was issued, byte for byte.
	Document        []byte
	Issued, Expires time.Time
}

// Edition changes whenever Live may answer otherwise. It is cheap to ask for.
type Edition struct {
	// Live is how many alerts are not over.
	Live int64
	// Issued is when the latest alert was issued, and Over when the last one ended that has; Unix milliseconds, 0 for none.
	Issued, Over int64
}

// Edition tells which alerts stand at a moment, without naming them.
func (d *Desk) Edition(ctx context.Context, now time.Time) (Edition, error) {
	var e Edition
	ms := now.UnixMilli()
	err := d.DB.Read().NewRaw(`SELECT
		(SELECT COUNT(*) FROM issues WHERE state = ? AND expires_ms > ?),
		(SELECT COALESCE(MAX(issued_ms), 0) FROM issues WHERE state = ?),
		(SELECT COALESCE(MAX(expires_ms), 0) FROM issues WHERE state = ? AND expires_ms <= ?)`,
		issued, ms, issued, issued, ms).Scan(ctx, &e.Live, &e.Issued, &e.Over)
	if err != nil {
		return e, fmt.Errorf("ask which alerts stand: %w: %w", alerting.ErrUnavailable, err)
	}
	return e, nil
}

// Live gives every alert that is not over at a moment, and every message that ended one of them, even if it is over itself:
// who sees an alert must see what became of it. The latest comes first.
func (d *Desk) Live(ctx context.Context, now time.Time) ([]Posted, error) {
	var out []Posted
	seen := map[string]bool{}
	take := func(what string, where string, args ...any) (enders []string, err error) {
		var rows []issueRow
		err = d.DB.Read().NewSelect().Model(&rows).Column("alert", "world", "document", "envelope", "refs", "issued_ms", "expires_ms", "stopped_by").
			Where("state = ?", issued).Where(where, args...).Scan(ctx)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w: %w", what, alerting.ErrUnavailable, err)
		}
		for i := range rows {
			r := &rows[i]
			if seen[r.Alert] {
				continue
			}
			seen[r.Alert] = true
			if !d.genuine(ctx, r) {
				continue
			}
			id, err := alerting.ParseAlertID(r.Alert)
			if err != nil {
				return nil, err
			}
			out = append(out, Posted{ID: id, World: alerting.World(r.World), Document: r.Document,
				Issued: time.UnixMilli(r.IssuedMS).UTC(), Expires: r.expires()})
			if r.StoppedBy != "" {
				enders = append(enders, r.StoppedBy)
			}
		}
		return enders, nil
	}
	enders, err := take("the alerts that are not over", "expires_ms > ?", now.UnixMilli())
	for err == nil && len(enders) > 0 {
		var next []string
		for one := range slices.Chunk(enders, 500) {
			more, e := take("what ended alerts", "alert IN (?)", bun.List(one))
			if e != nil {
				return nil, e
			}
			next = append(next, more...)
		}
		enders = slices.DeleteFunc(next, func(id string) bool { return seen[id] })
	}
	slices.SortFunc(out, func(a, b Posted) int { return ComparePosted(a.Issued, a.ID, b.Issued, b.ID) })
	return out, err
}

// genuine reports whether a row may be shown: nobody who can write to the database puts an alert before the public that nobody
// approved. What was found once is remembered.
func (d *Desk) genuine(ctx context.Context, r *issueRow) bool {
	if d.Office == nil {
		return true
	}
	sum := sha256.Sum256(append([]byte(r.Alert), r.Document...))
	if d.checked.holds(sum) {
		return true
	}
	in, err := r.open()
	if err == nil {
		err = d.Office.Check(in)
	}
	if err == nil && (in.ID.String() != r.Alert || !bytes.Equal(in.Envelope.Document, r.Document)) {
		err = fmt.Errorf("%w: it is another document", alerting.ErrForbidden)
	}
	if err != nil {
		d.Log.ErrorContext(ctx, "a row of the issued alerts is not what was approved, and is not shown", "alert", r.Alert, "error", err)
		return false
	}
	d.checked.add(sum)
	return true
}

// known is a set of digests.
type known struct {
	mu  sync.Mutex
	all map[[32]byte]bool
}

func (k *known) holds(sum [32]byte) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.all[sum]
}

// mostKnown bounds the set; beyond it, it begins anew.
const mostKnown = 100_000

func (k *known) add(sum [32]byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.all == nil || len(k.all) >= mostKnown {
		k.all = make(map[[32]byte]bool)
	}
	k.all[sum] = true
}

// ComparePosted orders alerts as Live does: the latest first, and by id where two were issued in the same millisecond.
func ComparePosted(aIssued time.Time, a alerting.AlertID, bIssued time.Time, b alerting.AlertID) int {
	if c := bIssued.Compare(aIssued); c != 0 {
		return c
	}
	return bytes.Compare(a[:], b[:])
}
