package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

	"tocsin/alerting"
)

// PageOf names a page of one channel and the places that it targets there.
type PageOf struct {
	Channel alerting.Channel
	Page    uint32
	Places  []uint8
}

// Enqueue notes places as targeted. A claim does the same, so an Enqueue that fails loses nothing; until then the
// counts are short by these places. Pages go to Redis many at a time.
func (l *Ledger) Enqueue(ctx context.Context, id alerting.AlertID, pages []PageOf) error {
	receipts := make([]alerting.Receipt, len(pages))
	for i, p := range pages {
		marks := make([]alerting.PlaceMark, len(p.Places))
		for j, place := range p.Places {
			marks[j] = alerting.PlaceMark{Place: place, Mark: alerting.Mark{Best: alerting.Queued}}
		}
		receipts[i] = alerting.Receipt{Alert: id, Channel: p.Channel, Page: p.Page, Marks: marks}
	}
	merged, err := l.mergeAll(ctx, receipts, "")
	if err == nil && len(merged.NotReady) > 0 {
		return ErrNotReady
	}
	return err
}

// Merged is what became of the receipts of one Merge call.
type Merged struct {
	// NotReady are the alerts that have no ready ledger: nothing of theirs was merged, and a rebuild must fold it.
	NotReady []alerting.AlertID
}

// Merge brings news from the journal or a callback into the ledger. Merging again, or in another order, changes nothing.
// An error means that Redis did not answer: some may have been merged, and repeating all is safe.
func (l *Ledger) Merge(ctx context.Context, receipts []alerting.Receipt) (Merged, error) {
	return l.mergeAll(ctx, coalesce(receipts), "")
}

// coalesce joins the receipts of one page into one, so that a page costs one script call however many reports came.
func coalesce(receipts []alerting.Receipt) []alerting.Receipt {
	type key struct {
		alert   alerting.AlertID
		channel alerting.Channel
		page    uint32
	}
	at := make(map[key]int, len(receipts))
	out := make([]alerting.Receipt, 0, len(receipts))
	for _, r := range receipts {
		k := key{r.Alert, r.Channel, r.Page}
		i, ok := at[k]
		if !ok {
			at[k] = len(out)
			r.Marks = slices.Clone(r.Marks)
			out = append(out, r)
			continue
		}
		out[i].Marks = append(out[i].Marks, r.Marks...)
		out[i].ByOwnership = out[i].ByOwnership || r.ByOwnership
	}
	return out
}

// pagesPerCall bounds one round trip to Redis: 32 pages take some milliseconds, which is far below the time-out of a
// call even on a busy machine.
const pagesPerCall = 32

func (l *Ledger) mergeAll(ctx context.Context, receipts []alerting.Receipt, nonce string) (Merged, error) {
	var out Merged
	for lot := range slices.Chunk(receipts, pagesPerCall) {
		answers, err := l.pipeSteps(ctx, lot, nonce)
		if redis.HasErrorPrefix(err, "NOSCRIPT") {
			if err = l.step.Load(ctx, l.rdb).Err(); err == nil {
				answers, err = l.pipeSteps(ctx, lot, nonce)
			}
		}
		if err != nil {
			return Merged{}, away("merge receipts", err)
		}
		for i, a := range answers {
			switch err := verdict(a, 6); {
			case errors.Is(err, ErrNotReady):
				if !slices.Contains(out.NotReady, lot[i].Alert) {
					out.NotReady = append(out.NotReady, lot[i].Alert)
				}
			case err != nil:
				return Merged{}, err
			}
		}
	}
	return out, nil
}

func (l *Ledger) pipeSteps(ctx context.Context, receipts []alerting.Receipt, nonce string) ([][]any, error) {
	pipe := l.rdb.Pipeline()
	cmds := make([]*redis.Cmd, len(receipts))
	for i, r := range receipts {
		args := l.stepArgs(Step{Alert: r.Alert, Channel: r.Channel, Page: r.Page, Marks: r.Marks,
			ByOwnership: r.ByOwnership}, nonce)
		cmds[i] = pipe.EvalSha(ctx, l.step.Hash(), l.keys(r.Alert, r.Channel), args...)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, err
	}
	answers := make([][]any, len(cmds))
	for i, c := range cmds {
		v, err := c.Slice()
		if err != nil {
			return nil, err
		}
		answers[i] = v
	}
	return answers, nil
}

func parsePage(s string) (uint32, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("page %q: %w", s, err)
	}
	return uint32(n), nil
}
