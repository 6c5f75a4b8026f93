package serve

import (
	"context"
	"iter"
	"time"

	"golang.org/x/sync/errgroup"

	"tocsin/alerting"
	"tocsin/alerting/fanout"
	"tocsin/alerting/ledger"
	"tocsin/alerting/stream"
	"tocsin/cap"
)

// newFanout builds fan-out; the roles fanout and ledger share it.
func (h *house) newFanout() (*fanout.Fanout, error) {
	return fanout.New(fanout.Config{
		DB: h.db, Audience: audienceFor{h.people}, Sirens: h.people, Words: h.render, Outbox: h.stream,
		Ledger: ledgerFor{h.ledger}, Begin: h.ledger.Begin, Used: h.ledger.Used, Open: h.stream.Understand, Fuse: h.fuse(), Gateways: h.table(), Leaves: h.leaves,
		Now: h.now, Log: h.log.With("role", "fanout"), Metrics: h.reg,
	})
}

// fanoutRole follows the issued alerts and expands them.
func (h *house) fanoutRole(ctx context.Context) error {
	f := h.fanout
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return f.Run(ctx) })
	group.Go(func() error { return h.recover(ctx) })
	group.Go(func() error {
		return h.stream.ConsumeIssued(ctx, "fanout", alerting.Worlds(), func(ctx context.Context, in *alerting.Issued, _ stream.Ownership) error {
			return f.Accept(ctx, in)
		})
	})
	return group.Wait()
}

// recoverEvery is how often fan-out compares the issued alerts with SQL.
const recoverEvery = 30 * time.Second

// recover looks for live alerts that SQL does not know although they were delivered, at the start and from then on.
func (h *house) recover(ctx context.Context) error {
	select {
	case <-h.follower.Ready():
	case <-ctx.Done():
		return nil
	}
	return every(ctx, recoverEvery, func() {
		for _, s := range h.follower.All() {
			if err := h.fanout.Recover(ctx, s.Issued); err != nil && ctx.Err() == nil {
				h.log.Warn("an issued alert could not be compared with the database; trying again", "error", err)
				return
			}
		}
	})
}

// render words an alert, or the end of one.
func (h *house) render(in, original *alerting.Issued, info int, ch alerting.Channel) (alerting.Message, error) {
	switch {
	case original != nil && in.Alert.MsgType == cap.MsgUpdate:
		return h.words.RenderElsewhere(in, original, info, ch)
	case original != nil:
		return h.words.RenderCancel(in, original, info, ch)
	}
	return h.words.Render(in, info, ch)
}

// ledgerFor lets fan-out speak to the ledger in its own words.
type ledgerFor struct{ *ledger.Ledger }

// Enqueue notes places as targeted.
func (l ledgerFor) Enqueue(ctx context.Context, id alerting.AlertID, pages []fanout.PageOf) error {
	out := make([]ledger.PageOf, len(pages))
	for i, p := range pages {
		out[i] = ledger.PageOf(p)
	}
	return l.Ledger.Enqueue(ctx, id, out)
}

// Close stops a page of one channel.
func (l ledgerFor) Close(ctx context.Context, id alerting.AlertID, ch alerting.Channel, page uint32, places []uint8) (fanout.Closed, error) {
	c, err := l.Ledger.Close(ctx, id, ch, page, places)
	return fanout.Closed(c), err
}

// ledgerRole folds the journal into Redis, rebuilds, and seals.
func (h *house) ledgerRole(ctx context.Context) error {
	select {
	case <-h.follower.Ready():
	case <-ctx.Done():
		return nil
	}
	lifted := func(ctx context.Context, id alerting.AlertID, lift ledger.Lift) error {
		return h.fanout.Lifted(ctx, id, lift.Channel, lift.Page, lift.Places, h.now().Add(fanout.DefaultLanding))
	}
	rebuilds := h.counter("tocsin_ledger_rebuilds_total", "Alerts whose receipts were folded again from manifest and journal.")
	k := &ledger.Keeper{
		Ledger: h.ledger, Books: ledger.Books{Manifest: h.manifest, Journal: h.stream.ReadReceipts, Corrected: h.corrected},
		Live: h.liveAlerts, CatchUp: h.catchUp, Stopped: h.stopped, Lifted: lifted,
		WriteSealed: h.writeSealed, Sealed: h.sealed, Now: h.now, Log: h.log.With("role", "ledger"), Rebuilds: rebuilds.Inc,
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		return h.stream.ConsumeReceipts(ctx, "ledger", alerting.Worlds(), func(ctx context.Context, receipts []alerting.Receipt, _ stream.Ownership) error {
			return k.Handle(ctx, receipts)
		})
	})
	group.Go(func() error { return every(ctx, sweepEvery, func() { h.sweep(ctx, k) }) })
	group.Go(func() error { return h.newObserver().observe(ctx) })
	if t := h.newHeart(); t != nil {
		group.Go(func() error { return t.run(ctx) })
	}
	return group.Wait()
}

func (h *house) sweep(ctx context.Context, k *ledger.Keeper) {
	if err := k.Sweep(ctx); err != nil && ctx.Err() == nil {
		h.log.Warn("the ledger could not be swept; trying again", "error", err)
	}
}

// manifest yields every page and channel of an alert.
func (h *house) manifest(ctx context.Context, id alerting.AlertID) iter.Seq2[ledger.PageOf, error] {
	return byChannel(fanout.Pages(ctx, h.db.Read(), id))
}

// corrected yields the places of a stopped alert that the stopping one tells.
func (h *house) corrected(ctx context.Context, id alerting.AlertID) iter.Seq2[ledger.PageOf, error] {
	return byChannel(fanout.Corrected(ctx, h.db.Read(), id))
}

// byChannel parts pages into what each channel targets.
func byChannel(pages iter.Seq2[fanout.Page, error]) iter.Seq2[ledger.PageOf, error] {
	return func(yield func(ledger.PageOf, error) bool) {
		for p, err := range pages {
			if err != nil {
				yield(ledger.PageOf{}, err)
				return
			}
			for _, ch := range alerting.Channels() {
				on := p.On(ch)
				if on.Empty() {
					continue
				}
				if !yield(ledger.PageOf{Channel: ch, Page: p.Number, Places: on.Places()}, nil) {
					return
				}
			}
		}
	}
}

func (h *house) liveAlerts(ctx context.Context) ([]ledger.Live, error) {
	open, err := fanout.Unsealed(ctx, h.db.Read())
	if err != nil {
		return nil, err
	}
	live := make([]ledger.Live, len(open))
	for i, p := range open {
		live[i] = ledger.Live{ID: p.Alert, World: p.World, Issued: p.Issued, Expires: p.Expires, Stopped: h.stopped(p.Alert)}
	}
	return live, nil
}

func (h *house) stopped(id alerting.AlertID) bool {
	s, ok := h.follower.Standing(id)
	return ok && s.Stopped
}
