package ledger

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"time"

	"tocsin/alerting"
)

// Live is an alert whose receipts belong into Redis.
type Live struct {
	ID      alerting.AlertID
	World   alerting.World
	Issued  time.Time
	Expires time.Time
	// Stopped: a later alert cancelled or superseded it, so its pages are closed.
	Stopped bool
}

// Books are what a rebuild folds: who was targeted, and what the journal says of them.
type Books struct {
	// Manifest yields each page and channel with the places it targets.
	Manifest func(ctx context.Context, id alerting.AlertID) iter.Seq2[PageOf, error]
	// Journal calls fn with every receipt of a world since a time, up to the end of the journal at the time of the call.
	Journal func(ctx context.Context, world alerting.World, since time.Time, fn func(alerting.Receipt) error) error
	// Corrected yields the places of a stopped alert that the stopping one tells of the stop.
	Corrected func(ctx context.Context, id alerting.AlertID) iter.Seq2[PageOf, error]
}

// fold is a ledger in memory: marks by channel and page, and how long the hand-overs took.
type fold struct {
	pages  map[alerting.Channel]map[uint32]*[alerting.PageSize]alerting.Mark
	took   map[alerting.Channel]*tally
	issued time.Time
	// ownership marks the pages that were ever sent by ownership.
	ownership map[pageKey]bool
	// corrected are the places that were told of the stop, of a stopped alert.
	corrected map[pageKey][]uint8
}

// pageKey names a page of one channel.
type pageKey struct {
	channel alerting.Channel
	page    uint32
}

func corrected(ctx context.Context, id alerting.AlertID, books Books) (map[pageKey][]uint8, error) {
	out := make(map[pageKey][]uint8)
	for p, err := range books.Corrected(ctx, id) {
		if err != nil {
			return nil, fmt.Errorf("read who was told of the stop: %w", err)
		}
		key := pageKey{p.Channel, p.Page}
		out[key] = append(out[key], p.Places...)
	}
	return out, nil
}

func newFold(issued time.Time) *fold {
	return &fold{
		pages:  make(map[alerting.Channel]map[uint32]*[alerting.PageSize]alerting.Mark),
		took:   make(map[alerting.Channel]*tally),
		issued: issued, ownership: make(map[pageKey]bool),
	}
}

func (f *fold) page(ch alerting.Channel, page uint32) *[alerting.PageSize]alerting.Mark {
	pages := f.pages[ch]
	if pages == nil {
		pages = make(map[uint32]*[alerting.PageSize]alerting.Mark)
		f.pages[ch], f.took[ch] = pages, new(tally)
	}
	if pages[page] == nil {
		pages[page] = new([alerting.PageSize]alerting.Mark)
	}
	return pages[page]
}

func (f *fold) merge(r alerting.Receipt) {
	marks := f.page(r.Channel, r.Page)
	if r.ByOwnership {
		f.ownership[pageKey{r.Channel, r.Page}] = true
	}
	for _, m := range r.Marks {
		if marks[m.Place].Handed == 0 && m.Mark.Handed > 0 && m.At > 0 {
			f.took[r.Channel].add(time.UnixMilli(m.At).Sub(f.issued))
		}
		marks[m.Place] = marks[m.Place].Merge(m.Mark)
	}
}

// Rebuild folds manifest and journal in memory, merges the result page by page under a nonce, and declares the ledger
// ready. The caller must have read the issued alerts to the end first, so that live.Stopped is true for whatever is
// stopped: its pages are closed before the ledger is ready, and no worker that has not heard of the stop can claim.
// ErrOvertaken: another rebuild began later and will finish the work.
func (l *Ledger) Rebuild(ctx context.Context, live Live, books Books, keep time.Duration) error {
	nonce, err := l.leaveNonce(ctx, live.ID)
	if err != nil {
		return fmt.Errorf("rebuild alert %s: %w", live.ID, err)
	}
	if err := l.rdb.HDel(ctx, l.metaKey(live.ID), "ready").Err(); err != nil {
		return away("rebuild", err)
	}
	folded, err := foldBooks(ctx, live, books)
	if err == nil && live.Stopped {
		folded.corrected, err = corrected(ctx, live.ID, books)
	}
	if err == nil {
		err = l.writeFold(ctx, live, folded, nonce)
	}
	if err == nil {
		err = l.declare(ctx, live.ID, nonce, true, keep)
	}
	if err != nil {
		return fmt.Errorf("rebuild alert %s: %w", live.ID, err)
	}
	return nil
}

func foldBooks(ctx context.Context, live Live, books Books) (*fold, error) {
	folded := newFold(live.Issued)
	for p, err := range books.Manifest(ctx, live.ID) {
		if err != nil {
			return nil, fmt.Errorf("read the manifest: %w", err)
		}
		marks := folded.page(p.Channel, p.Page)
		for _, place := range p.Places {
			marks[place] = marks[place].Merge(alerting.Mark{Best: alerting.Queued})
		}
	}
	err := books.Journal(ctx, live.World, live.Issued.Add(-time.Minute), func(r alerting.Receipt) error {
		if r.Alert == live.ID {
			folded.merge(r)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	return folded, nil
}

// mergeChunk is how many pages of a rebuild or a seal are worked on at a time.
const mergeChunk = 64

func (l *Ledger) writeFold(ctx context.Context, live Live, folded *fold, nonce string) error {
	var chunk []alerting.Receipt
	flush := func() error {
		if len(chunk) == 0 {
			return nil
		}
		_, err := l.mergeAll(ctx, chunk, nonce)
		chunk = chunk[:0]
		return err
	}
	for ch, pages := range folded.pages {
		for n, marks := range pages {
			r := alerting.Receipt{World: live.World, Alert: live.ID, Channel: ch, Page: n, ByOwnership: folded.ownership[pageKey{ch, n}]}
			for place, m := range marks {
				if m != (alerting.Mark{}) {
					r.Marks = append(r.Marks, alerting.PlaceMark{Place: uint8(place), Mark: m})
				}
			}
			if live.Stopped {
				if err := l.closeUnder(ctx, r, folded.corrected[pageKey{ch, n}], nonce); err != nil {
					return err
				}
			}
			if chunk = append(chunk, r); len(chunk) == mergeChunk {
				if err := flush(); err != nil {
					return err
				}
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	return l.writeLatencies(ctx, live.ID, folded)
}

// writeLatencies replaces the latency figures by those of the fold.
func (l *Ledger) writeLatencies(ctx context.Context, id alerting.AlertID, folded *fold) error {
	pipe := l.rdb.Pipeline()
	for ch, t := range folded.took {
		key := l.pagesKey(id, ch)
		for b, n := range t.counts {
			if n > 0 {
				pipe.HSet(ctx, key, "h"+strconv.Itoa(b), n)
			}
		}
		if t.any {
			pipe.HSet(ctx, key, "first", max(t.least, 0).Milliseconds())
		}
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return away("write latencies", err)
	}
	return nil
}

// closeUnder closes a page before its marks are merged: whoever the journal then shows as handed over, and the stopping
// alert did not tell, is listed as lifted.
func (l *Ledger) closeUnder(ctx context.Context, r alerting.Receipt, told []uint8, nonce string) error {
	var places []uint8
	for _, m := range r.Marks {
		places = append(places, m.Place)
	}
	v, err := l.shut.Run(ctx, l.rdb, l.keys(r.Alert, r.Channel), l.server.RunID(), nonce, r.Page, string(places), string(told)).Slice()
	if err != nil {
		return away("close a page", err)
	}
	return verdict(v, 4)
}
