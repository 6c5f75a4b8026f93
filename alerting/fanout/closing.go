package fanout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"golang.org/x/sync/errgroup"

	"tocsin/alerting"
	"tocsin/cap"
)

// closers is how many pages of one step are closed at once.
const closers = 8

// muteFor is how long the ledger is not asked again after it gave no answer: at a time-out a page, a large alert would
// otherwise never end. Pages meanwhile count as told, as they would anyway.
const muteFor = 2 * time.Second

// errMuted: the ledger gave no answer a moment ago.
var errMuted = fmt.Errorf("%w: the ledger gave no answer a moment ago", alerting.ErrUnavailable)

// takeEffect buries what an update replaces that was issued ahead of its time. From here on it goes the way of any other.
func (e *expansion) takeEffect(ctx context.Context) error {
	now := e.f.Now()
	row := e.row
	row.CreatedMS = millis(now)
	err := e.move(ctx, step{state: Waiting, due: now.Add(e.f.Grace), also: func(ctx context.Context, tx bun.Tx) error {
		refs, err := e.f.bury(ctx, tx, e.in, &row)
		if err != nil {
			return err
		}
		row.Refs = formatIDs(refs)
		_, err = tx.NewUpdate().Model(&row).Column("refs", "notes").Where("alert = ?", row.Alert).Exec(ctx)
		return err
	}})
	if err == nil {
		e.row.Refs, e.row.Notes = row.Refs, row.Notes
	}
	return err
}

// beginClosing finds out whom this alert stops: what it references, what that referenced, and so on. Newest first, so
// that everybody hears that the last message he got has ended.
func (e *expansion) beginClosing(ctx context.Context) error {
	refs, err := parseIDs(e.row.Refs)
	if err != nil {
		return err
	}
	seen := map[alerting.AlertID]bool{e.in.ID: true}
	var rows []expansionRow
	for len(refs) > 0 {
		id := refs[0]
		refs = refs[1:]
		if seen[id] {
			continue
		}
		seen[id] = true
		row, err := readRow(ctx, e.f.DB.Read(), id)
		if errors.Is(err, alerting.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if row.World != e.row.World {
			continue
		}
		older, err := parseIDs(row.Refs)
		if err != nil {
			return err
		}
		rows, refs = append(rows, row), append(refs, older...)
	}
	slices.SortStableFunc(rows, func(a, b expansionRow) int { return cmp.Compare(b.IssuedMS, a.IssuedMS) })
	chain := make([]alerting.AlertID, len(rows))
	for i := range rows {
		if chain[i], err = alerting.ParseAlertID(rows[i].Alert); err != nil {
			return err
		}
	}
	if len(chain) == 0 {
		e.row.note(alerting.Say("note.nobody-told", "nothing that it references was ever expanded: nobody had been told"))
	}
	return e.move(ctx, step{state: Closing, cursor: closingCursor(0, 0), chain: formatIDs(chain),
		also: func(ctx context.Context, tx bun.Tx) error {
			for _, id := range chain {
				if err := stopRow(ctx, tx, id, e.in.ID, millis(e.f.Now())); err != nil {
					return err
				}
			}
			return nil
		}})
}

// closingCursor is the next page to close: the alert's position in the chain, and the page.
func closingCursor(i int, page int64) string { return fmt.Sprintf("%d:%d", i, page) }

func parseClosingCursor(s string) (i int, page int64, err error) {
	first, second, _ := strings.Cut(s, ":")
	i, err = strconv.Atoi(first)
	if err == nil {
		page, err = strconv.ParseInt(second, 10, 64)
	}
	if err != nil || i < 0 || page < 0 {
		return 0, 0, fmt.Errorf("%w: cursor %q of a closing", alerting.ErrInvalid, s)
	}
	return i, page, nil
}

// closeAll closes the pages of the chain and tells those who were told.
func (e *expansion) closeAll(ctx context.Context) error {
	chain, err := parseIDs(e.row.Chain)
	if err != nil {
		return err
	}
	i, page, err := parseClosingCursor(e.row.Cursor)
	if err != nil {
		return err
	}
	err = e.producing(ctx, func(ctx context.Context, put func(context.Context, load) error) error {
		for size := 1; i < len(chain); size = min(2*size, pagesAStep) {
			if err := e.f.gate.wait(ctx, e.in.Lane); err != nil {
				return err
			}
			if !e.f.Now().Before(e.in.Expires) {
				return nil
			}
			pages, err := readPages(ctx, e.f.DB.Read(), chain[i], page, size)
			if err != nil {
				return err
			}
			id := chain[i]
			if len(pages) == size {
				page = int64(pages[size-1].Number) + 1
			} else {
				i, page = i+1, 0
			}
			if err := e.closeSome(ctx, id, pages, closingCursor(i, page), put); err != nil {
				return err
			}
			if err := e.produceDue(ctx, put); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if !e.f.Now().Before(e.in.Expires) {
		return e.end(ctx, expiredMeanwhile())
	}
	if e.in.Alert.MsgType == cap.MsgUpdate && !e.clears() {
		return e.move(ctx, step{state: Scanning})
	}
	return e.toLater(ctx)
}

// closeSome closes some pages of one alert of the chain, and writes and produces the pages of those who were told.
func (e *expansion) closeSome(ctx context.Context, id alerting.AlertID, pages []Page, cursor string, put func(context.Context, load) error) error {
	t, err := e.closePages(ctx, pages)
	if err != nil {
		return err
	}
	b := &again{e: e, origin: id, due: e.f.Now().Add(e.f.Landing)}
	if err := b.tell(ctx, t); err != nil {
		return err
	}
	if err := e.move(ctx, step{state: Closing, cursor: cursor, pages: b.pages, fresh: b.fresh, groups: b.groups}); err != nil {
		return err
	}
	return put(ctx, e.loadOf(b.pages, b.who, false))
}

// told is one addressee of a closed page, and the channels on which he was handed the old message: plainly (on), or
// perhaps still under way (later, a part of on).
type told struct {
	id    int64
	info  uint8
	on    channels
	later channels
	// of is the older alert whose info he was told, where his page is of those whom an alert told of the end of another.
	of alerting.AlertID
}

// tolds are those of people and of sirens, each once.
type tolds struct {
	people, sirens []told
}

// closePages asks the ledger to close pages and gathers who was told.
func (e *expansion) closePages(ctx context.Context, pages []Page) (tolds, error) {
	closed := make([][channelCount]closedBits, len(pages))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(closers)
	for n := range pages {
		for c := range channelCount {
			if pages[n].Targets[c].Empty() {
				continue
			}
			g.Go(func() error {
				closed[n][c] = e.closePage(gctx, &pages[n], c)
				return gctx.Err()
			})
		}
	}
	if err := g.Wait(); err != nil {
		return tolds{}, fmt.Errorf("close pages for alert %s: %w", e.in.ID, err)
	}
	var out tolds
	at := map[Kind]map[int64]int{People: {}, Sirens: {}}
	for n := range pages {
		p, list := &pages[n], &out.people
		if p.Kind == Sirens {
			list = &out.sirens
		}
		gather(list, at[p.Kind], p, &closed[n])
	}
	return out, nil
}

// closedBits is who of one page and channel was told.
type closedBits struct{ on, later Bits }

// closePage closes one channel of one page.
func (e *expansion) closePage(ctx context.Context, p *Page, c int) closedBits {
	answer, err := e.askClose(ctx, p, c)
	on, later := ToldOf(p.Targets[c], answer, err)
	return closedBits{on, later}
}

// askClose asks the ledger, unless it gave no answer a moment ago.
func (e *expansion) askClose(ctx context.Context, p *Page, c int) (Closed, error) {
	e.mu.Lock()
	muted := e.f.Now().Before(e.muted)
	e.mu.Unlock()
	if muted {
		e.f.counts.away.Inc()
		return Closed{}, errMuted
	}
	answer, err := e.f.Ledger.Close(ctx, p.Alert, alerting.Channels()[c], p.Number, p.Targets[c].Places())
	if err != nil && ctx.Err() == nil {
		e.ledgerAway(ctx, p.Alert, err)
	}
	return answer, err
}

// ToldOf reads the ledger's answer to a close: who of those that a page targets must hear of the stop (on), and who of
// them only when a send that may be under way can no longer land (later). An error means that the ledger cannot say who
// was told: then everybody was.
func ToldOf(targets Bits, answer Closed, err error) (on, later Bits) {
	if err != nil {
		return targets, targets
	}
	for _, place := range answer.Told {
		on.Set(place)
	}
	for _, place := range answer.Later {
		on.Set(place)
		later.Set(place)
	}
	// The ledger speaks of places that were asked about, and of no others.
	foreign := on.Without(targets)
	return on.Without(foreign), later.Without(foreign)
}

// ledgerAway notes, once in a while, that the ledger could not say who was told.
func (e *expansion) ledgerAway(ctx context.Context, id alerting.AlertID, err error) {
	e.f.counts.away.Inc()
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.f.Now()
	if now.Before(e.muted) {
		return
	}
	e.muted = now.Add(muteFor)
	e.f.Log.WarnContext(ctx, "the ledger cannot say who was told; all count as told", "alert", id.String(), "error", err)
}

// gather adds the told of one page to a list in which each addressee stands once.
func gather(list *[]told, at map[int64]int, p *Page, closed *[channelCount]closedBits) {
	for place, id := range p.Persons {
		var on, later channels
		for c := range closed {
			if closed[c].on.Has(uint8(place)) {
				on |= 1 << c
			}
			if closed[c].later.Has(uint8(place)) {
				later |= 1 << c
			}
		}
		if on == 0 {
			continue
		}
		i, known := at[id]
		if !known {
			i = len(*list)
			at[id] = i
			one := told{id: id, info: p.Infos[place]}
			if !p.Inside.Has(uint8(place)) {
				one.of = p.Origin
			}
			*list = append(*list, one)
		}
		(*list)[i].on |= on
		(*list)[i].later |= later
	}
}
