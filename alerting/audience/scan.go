package audience

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"sort"

	"github.com/uptrace/bun"

	"tocsin/alerting"
)

// Rows read at once: few at first, since the first page is waited for, then many.
const (
	firstRows = 512
	moreRows  = 4096
)

// Scan goes through everybody whom an alert holds. It keeps one bit for each person found and a few thousand rows, and
// needs no closing. While its caller works on what Next returned, the next lot of rows is read: a scan of a million
// people then costs the caller little more than what he does with them.
type Scan struct {
	a    *Audience
	plan *plan
	seen seen
	// at is how far the tables were read, cursor how far they were handed out.
	at, cursor position
	prepared   int
	rows       int
	// ready was found; next is the first that was not yet handed out.
	ready []found
	next  int
	// ahead is closed when the lot that is being read ahead is there; until then everything but cursor belongs to its
	// reader. ctx is that of Begin.
	ahead chan struct{}
	ctx   context.Context
	// names are the ids of the named people, sorted.
	names []int64
	hand  hand
}

// found is an addressee and the row that gave him.
type found struct {
	alerting.Addressee
	at position
}

// Begin starts a scan, or goes on behind a cursor that an earlier one gave. already are the people whom this alert has
// told or is telling, in any order (nil for none): they are not returned. To find those who came while a scan was
// running, scan again from the start with already holding everybody told. A cursor that makes no sense is ErrInvalid.
// Nothing is read ahead any more once ctx has ended.
func (a *Audience) Begin(ctx context.Context, issued *alerting.Issued, cursor string, already iter.Seq[int64]) (*Scan, error) {
	at, err := parsePosition(cursor)
	if err != nil {
		return nil, err
	}
	p, err := a.plan(ctx, issued)
	if err != nil {
		return nil, err
	}
	s := &Scan{a: a, plan: p, at: at, cursor: at, prepared: -1, rows: firstRows, ctx: ctx}
	if already != nil {
		for id := range already {
			s.seen.add(id)
		}
	}
	switch {
	case at.stage == atEnd:
	case p.reason() != "":
		s.at = position{stage: atEnd}
	case len(p.named) > 0:
		if s.names, err = a.idsOf(ctx, p.named); err != nil {
			return nil, err
		}
		if at.stage != inNames {
			s.at = position{stage: inNames}
		}
	}
	return s, nil
}

// Reason says why the alert is for nobody; empty when it may be for somebody.
func (s *Scan) Reason() string { return s.plan.reason() }

// Notes say which parts of the areas could not be used; such a part holds nobody, whatever else the alert holds.
func (s *Scan) Notes() []string { return s.plan.notes }

// Cursor is where to go on behind what Next has returned.
func (s *Scan) Cursor() string { return s.cursor.String() }

// Done reports whether everything was returned.
func (s *Scan) Done() bool { return s.cursor.stage == atEnd }

// Next returns up to limit people (limit < 1 means a page). Fewer than limit, none included, means that these were the
// last. Who has no address that may be used is left out. After an error the same call may be repeated.
func (s *Scan) Next(ctx context.Context, limit int) ([]alerting.Addressee, error) {
	if limit < 1 {
		limit = alerting.PageSize
	}
	if err := s.join(ctx); err != nil {
		return nil, err
	}
	for len(s.ready)-s.next < limit && s.at.stage != atEnd {
		if err := s.fill(ctx); err != nil {
			return nil, err
		}
	}
	out := make([]alerting.Addressee, min(limit, len(s.ready)-s.next))
	for i := range out {
		out[i] = s.ready[s.next+i].Addressee
	}
	s.next += len(out)
	s.cursor = s.at
	if s.next < len(s.ready) && len(out) > 0 {
		s.cursor = s.ready[s.next-1].at
	}
	s.readAhead()
	return out, nil
}

// readAhead begins to read the next lot when few are left.
func (s *Scan) readAhead() {
	if s.at.stage == atEnd || len(s.ready)-s.next > moreRows/2 || s.ctx.Err() != nil {
		return
	}
	done := make(chan struct{})
	s.ahead = done
	s.a.reading.Go(func() {
		defer close(done)
		// What failed is read again, by the caller, who then gets the error.
		_ = s.fill(s.ctx)
	})
}

// join waits for the lot that is being read ahead.
func (s *Scan) join(ctx context.Context) error {
	if s.ahead == nil {
		return nil
	}
	select {
	case <-s.ahead:
		s.ahead = nil
		return nil
	case <-ctx.Done():
		return fmt.Errorf("read places: %w", ctx.Err())
	}
}

// fill reads one lot of rows, or moves to the next stage.
func (s *Scan) fill(ctx context.Context) error {
	s.ready = s.ready[:copy(s.ready, s.ready[s.next:])]
	s.next = 0
	if s.at.stage == inNames {
		return s.fillNames(ctx)
	}
	if s.at.pass >= len(s.plan.passes) {
		s.at = position{stage: atEnd}
		return nil
	}
	p := &s.plan.passes[s.at.pass]
	if s.prepared != s.at.pass {
		if err := s.a.prepare(ctx, p); err != nil {
			return err
		}
		s.prepared = s.at.pass
	}
	if s.at.stage == inCodes {
		return s.fillCodes(ctx, p)
	}
	return s.fillCells(ctx, p)
}

// fillCells reads rows of places behind the position, within one span.
func (s *Scan) fillCells(ctx context.Context, p *pass) error {
	at := s.at
	i := p.spanAt(at)
	if i == len(p.spans) {
		s.at = position{stage: inCodes, pass: at.pass}
		return nil
	}
	if at.cell < p.spans[i].low {
		at.cell, at.person = p.spans[i].low, 0
	}
	rows, err := s.a.placesAfter.QueryContext(ctx, at.cell, at.person, p.spans[i].high, s.rows)
	if err != nil {
		return reading("read places", err)
	}
	return s.take(ctx, rows, p, at)
}

// spanAt is the first span with rows behind a position; the number of spans when there is none.
func (p *pass) spanAt(at position) int {
	return sort.Search(len(p.spans), func(i int) bool {
		return p.spans[i].high > at.cell || p.spans[i].high == at.cell && at.person < math.MaxInt64
	})
}

// fillCodes reads rows of place_codes behind the position, of one code.
func (s *Scan) fillCodes(ctx context.Context, p *pass) error {
	at := s.at
	i := sort.SearchStrings(p.codes, at.code)
	if i < len(p.codes) && p.codes[i] == at.code && at.person == math.MaxInt64 {
		i++
	}
	if i == len(p.codes) {
		s.at = position{stage: inCells, pass: at.pass + 1, cell: math.MinInt64}
		return nil
	}
	if p.codes[i] != at.code {
		at.code, at.person = p.codes[i], 0
	}
	rows, err := s.a.codesAfter.QueryContext(ctx, at.code, at.person, s.rows)
	if err != nil {
		return reading("read places by geocode", err)
	}
	return s.take(ctx, rows, p, at)
}

// take looks at each row of a lot and keeps those whom the pass holds; at is the position before the lot, and moves with
// it. The scan moves on only when all went well: until then the lot can be read again.
func (s *Scan) take(ctx context.Context, rows *sql.Rows, p *pass, at position) (err error) {
	before, n := len(s.ready), 0
	defer func() {
		if err == nil {
			s.at, s.rows = at, moreRows
			return
		}
		for _, f := range s.ready[before:] {
			s.seen.remove(f.ID)
		}
		s.ready = s.ready[:before]
	}()
	h := &s.hand
	var within span
	if at.stage == inCells {
		within = p.spans[p.spanAt(at)]
	}
	scanned := h.targets(at.stage == inCells)
	for rows.Next() {
		if err := rows.Scan(scanned...); err != nil {
			return reading("read places", errors.Join(err, rows.Close()))
		}
		n++
		at.person = h.person
		if at.stage == inCells {
			at.cell = h.cell
		}
		if s.seen.has(h.person) || !h.reachable() {
			continue
		}
		r := reader{wants: h.wants, ranks: h.ranks(s.plan.tongues)}
		here := place{cell: Cell(at.cell), code: at.code, min: h.min, inside: within.inside, area: within.area}
		info := p.best(here, &r)
		if info < 0 {
			continue
		}
		s.seen.add(h.person)
		s.ready = append(s.ready, found{at: at, Addressee: alerting.Addressee{
			ID: h.person, Info: info, Area: s.plan.of[info].area(here), Inside: true, Addresses: h.keep(),
		}})
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return reading("read places", err)
	}
	if n < s.rows {
		// The span or the code is finished.
		at.person = math.MaxInt64
		if at.stage == inCells {
			at.cell = within.high
		}
	}
	if len(p.parts) > 1 {
		return s.refine(ctx, p, s.ready[before:])
	}
	return nil
}

// refine looks at all places of the people found, where infos of one severity have different areas: another place may
// lie in the area of an info in their own language.
func (s *Scan) refine(ctx context.Context, p *pass, fresh []found) error {
	for lot := range slices.Chunk(fresh, inList) {
		ids := make([]int64, len(lot))
		for i := range lot {
			ids[i] = lot[i].ID
		}
		people, err := s.a.load(ctx, ids, true)
		if err != nil {
			return err
		}
		for i := range lot {
			who := people[lot[i].ID]
			if who == nil {
				continue
			}
			r := reader{wants: who.wants, ranks: s.plan.tongues.of(who.language)}
			for _, at := range who.places {
				if info := p.best(at, &r); r.better(info, lot[i].Info) {
					lot[i].Info, lot[i].Area = info, s.plan.of[info].area(at)
				}
			}
		}
	}
	return nil
}

// fillNames looks at the next named people.
func (s *Scan) fillNames(ctx context.Context) error {
	i, _ := slices.BinarySearch(s.names, s.at.person+1)
	if i == len(s.names) {
		s.at = position{stage: atEnd}
		return nil
	}
	ids := s.names[i:min(i+alerting.PageSize, len(s.names))]
	all, err := s.a.resolve(ctx, s.plan, ids, false)
	if err != nil {
		return err
	}
	for _, one := range all {
		if !one.held && !s.plan.open || !reachable(one.Addresses[:]) || !s.seen.add(one.ID) {
			continue
		}
		s.ready = append(s.ready, found{one.Addressee, position{stage: inNames, person: one.ID}})
	}
	s.at.person = ids[len(ids)-1]
	return nil
}

// idsOf is the ids of the references that are known, sorted.
func (a *Audience) idsOf(ctx context.Context, refs []string) ([]int64, error) {
	var ids []int64
	for lot := range slices.Chunk(refs, inList) {
		err := each(ctx, a.db.Read(), "look for the named people", "SELECT id FROM people WHERE ref IN (?)",
			[]any{bun.List(lot)}, func(rows *sql.Rows) error {
				var id int64
				err := rows.Scan(&id)
				ids = append(ids, id)
				return err
			})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(ids, cmp.Compare[int64])
	return slices.Compact(ids), nil
}
