package fanout

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"
	"golang.org/x/sync/errgroup"

	"tocsin/alerting"
)

// load is what one call hands to the outbox: the batches of some pages, of one part.
type load struct {
	batches []alerting.Batch
	queued  []PageOf
	marks   []mark
}

// loadOf makes the batches of one part of some pages.
func (e *expansion) loadOf(pages []*Page, who [][]alerting.Addressee, later bool) load {
	var l load
	for i, p := range pages {
		if !later && p.Produced {
			continue
		}
		l.batches = append(l.batches, e.batchesOf(p, who[i], later)...)
		l.marks = append(l.marks, mark{p.Number, later})
		for c, ch := range alerting.Channels() {
			if !p.Targets[c].Empty() {
				l.queued = append(l.queued, PageOf{ch, p.Number, p.Targets[c].Places()})
			}
		}
	}
	return l
}

// dispatch puts a load on its way, unless the alert was stopped meanwhile.
func (e *expansion) dispatch(ctx context.Context, l load) error {
	if len(l.marks) == 0 {
		return nil
	}
	by, err := stopperOf(ctx, e.f.DB.Read(), e.in.ID, string(e.in.Envelope.World))
	if err != nil {
		return err
	}
	if !by.IsZero() {
		return errLost
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := e.f.Ledger.Enqueue(ctx, e.in.ID, l.queued); err != nil && ctx.Err() == nil {
			e.f.counts.enqueue.Add(float64(len(l.queued)))
			e.f.Log.WarnContext(ctx, "receipts could not be prepared; claims will do it", "alert", e.in.ID.String(), "error", err)
		}
		return nil
	})
	g.Go(func() error {
		if len(l.batches) == 0 {
			return nil
		}
		return e.f.Outbox.Dispatch(ctx, l.batches)
	})
	if err := g.Wait(); err != nil {
		return fmt.Errorf("dispatch %d batches of alert %s: %w", len(l.batches), e.in.ID, err)
	}
	e.dispatched(l)
	return nil
}

func (e *expansion) dispatched(l load) {
	if e.first && len(l.batches) > 0 {
		e.first = false
		took := e.f.Now().Sub(e.entered)
		e.f.counts.first.WithLabelValues(string(e.in.Lane)).Observe(took.Seconds())
	}
	for _, b := range l.batches {
		e.f.counts.targeted.WithLabelValues(string(b.Channel), string(b.Lane)).Add(float64(len(b.To)))
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.marks = append(e.marks, l.marks...)
}

// producing runs body, whose loads are dispatched beside it in their order. Either failing ends both.
func (e *expansion) producing(ctx context.Context, body func(ctx context.Context, put func(context.Context, load) error) error) error {
	g, ctx := errgroup.WithContext(ctx)
	loads := make(chan load, 2)
	g.Go(func() error {
		for l := range loads {
			if err := e.dispatch(ctx, l); err != nil {
				return err
			}
		}
		return nil
	})
	g.Go(func() error {
		defer close(loads)
		return body(ctx, func(ctx context.Context, l load) error {
			select {
			case loads <- l:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		})
	})
	return g.Wait()
}

// resume reads the manifest after a restart: who stands in it, what is still to be produced, and produces that.
func (e *expansion) resume(ctx context.Context) error {
	missing := false
	for p, err := range Pages(ctx, e.f.DB.Read(), e.in.ID) {
		if err != nil {
			return err
		}
		e.roll.note(&p)
		missing = missing || !p.Produced
		if !p.Due.IsZero() && !p.LaterProduced {
			e.dues = append(e.dues, duePage{p.Number, p.Due})
		}
	}
	slices.SortStableFunc(e.dues, func(a, b duePage) int { return a.at.Compare(b.at) })
	for from := int64(0); missing && e.row.State.open(); {
		if err := e.f.gate.wait(ctx, e.in.Lane); err != nil {
			return err
		}
		pages, err := readPages(ctx, e.f.DB.Read(), e.in.ID, from, pagesAStep, "produced = 0")
		if err != nil || len(pages) == 0 {
			return err
		}
		if err := e.reproduce(ctx, pages, false); err != nil {
			return err
		}
		from = int64(pages[len(pages)-1].Number) + 1
		if err := e.flush(ctx); err != nil {
			return err
		}
	}
	return nil
}

// reproduce dispatches one part of pages as they stand in the manifest, at today's addresses.
func (e *expansion) reproduce(ctx context.Context, pages []Page, later bool) error {
	l, err := e.reload(ctx, pages, later)
	if err != nil {
		return err
	}
	return e.dispatch(ctx, l)
}

func (e *expansion) reload(ctx context.Context, pages []Page, later bool) (load, error) {
	ptrs := make([]*Page, len(pages))
	who := make([][]alerting.Addressee, len(pages))
	for i := range pages {
		p := &pages[i]
		ptrs[i] = p
		if !p.Origin.IsZero() {
			if err := e.readOriginal(ctx, p.Origin); err != nil {
				return load{}, err
			}
		}
		found, err := e.lookup(ctx, p.Kind, p.Persons)
		if err != nil {
			return load{}, err
		}
		who[i] = make([]alerting.Addressee, len(p.Persons))
		for place, id := range p.Persons {
			if a, ok := found[id]; ok {
				who[i][place] = a
			}
		}
	}
	return e.loadOf(ptrs, who, later), nil
}

// lookup finds addressees by id, a page at a time.
func (e *expansion) lookup(ctx context.Context, kind Kind, ids []int64) (map[int64]alerting.Addressee, error) {
	ask := e.f.Audience.Lookup
	if kind == Sirens {
		ask = e.f.Sirens.LookupSirens
	}
	out := make(map[int64]alerting.Addressee, len(ids))
	for some := range slices.Chunk(ids, alerting.PageSize) {
		found, err := ask(ctx, e.in, some)
		if err != nil {
			return nil, fmt.Errorf("look up %d addressees of alert %s: %w", len(some), e.in.ID, err)
		}
		for _, a := range found {
			out[a.ID] = a
		}
	}
	return out, nil
}

// readOriginal reads an alert that this one stops, once.
func (e *expansion) readOriginal(ctx context.Context, id alerting.AlertID) error {
	if e.originals[id] != nil {
		return nil
	}
	row, err := readRow(ctx, e.f.DB.Read(), id)
	if err != nil {
		return err
	}
	original, err := e.f.openRow(&row)
	if err != nil {
		return err
	}
	e.originals[id] = original
	return nil
}

// produceDue produces the later parts whose time has come.
func (e *expansion) produceDue(ctx context.Context, put func(context.Context, load) error) error {
	now := e.f.Now()
	slices.SortStableFunc(e.dues, func(a, b duePage) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.number, b.number)) })
	for len(e.dues) > 0 && !now.Before(e.dues[0].at) {
		var numbers []int64
		for len(e.dues) > 0 && !now.Before(e.dues[0].at) && len(numbers) < pagesAStep {
			numbers = append(numbers, int64(e.dues[0].number))
			e.dues = e.dues[1:]
		}
		var rows []manifestRow
		err := e.f.DB.Read().NewSelect().Model(&rows).Where("alert = ?", e.row.Alert).
			Where("page IN (?)", bun.List(numbers)).Order("page").Scan(ctx)
		if err != nil {
			return fmt.Errorf("read the pages of alert %s that are due: %w", e.in.ID, err)
		}
		pages := make([]Page, len(rows))
		for i := range rows {
			if pages[i], err = rows[i].page(); err != nil {
				return err
			}
		}
		l, err := e.reload(ctx, pages, true)
		if err != nil {
			return err
		}
		if err := put(ctx, l); err != nil {
			return err
		}
	}
	return nil
}
