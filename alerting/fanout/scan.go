package fanout

import (
	"context"
	"fmt"
	"strings"

	"tocsin/alerting"
)

// The passes of a scan, as the cursor begins: everybody the areas hold, then those whose place changed meanwhile.
const (
	wholePass = "w:"
	lastPass  = "l:"
)

// scanAll writes sirens and people of the alert's own area, page by page, and ends the scan.
func (e *expansion) scanAll(ctx context.Context) error {
	if e.row.Cursor == "" {
		reason, err := e.blown(ctx)
		if err != nil {
			return err
		}
		if reason != "" {
			return e.hold(ctx, reason)
		}
	}
	err := e.producing(ctx, func(ctx context.Context, put func(context.Context, load) error) error {
		if e.row.Cursor == "" {
			if err := e.firstStep(ctx, put); err != nil {
				return err
			}
		}
		if cursor, ok := strings.CutPrefix(e.row.Cursor, wholePass); ok {
			if err := e.pass(ctx, wholePass, cursor, put); err != nil {
				return err
			}
			if err := e.move(ctx, step{state: Scanning, cursor: lastPass}); err != nil {
				return err
			}
		}
		return e.pass(ctx, lastPass, strings.TrimPrefix(e.row.Cursor, lastPass), put)
	})
	if err != nil {
		return err
	}
	if !e.f.Now().Before(e.in.Expires) {
		return e.end(ctx, expiredMeanwhile())
	}
	if e.row.People == 0 && e.row.TargetedSiren == 0 && !strings.Contains(e.row.Notes, nobody) {
		e.row.note(alerting.Say("note.nobody", "nobody in the area can be told"))
	}
	return e.toLater(ctx)
}

// nobody begins the note that an alert reached no one.
const nobody = "nobody"

// toLater ends the work that can be done now.
func (e *expansion) toLater(ctx context.Context) error {
	if len(e.dues) == 0 {
		return e.end(ctx, "")
	}
	return e.move(ctx, step{state: Later, cursor: e.row.Cursor, due: e.dues[0].at})
}

// firstStep writes the sirens, which are few, together with the first page of people, which is waited for.
func (e *expansion) firstStep(ctx context.Context, put func(context.Context, load) error) error {
	sirens, err := e.sirenPages(ctx)
	if err != nil {
		return err
	}
	people := &builder{e: e, kind: People, from: e.row.Page + int64(len(sirens.pages))}
	cursor := lastPass
	if e.tellsPeople() {
		scan, err := e.beginScan(ctx, "")
		if err != nil {
			return err
		}
		e.explain(scan)
		done, err := e.fill(ctx, people, scan, 1)
		if err != nil {
			return err
		}
		if !done {
			cursor = wholePass + scan.Cursor()
		}
	}
	sirens.finish()
	people.finish()
	pages, who := append(sirens.pages, people.pages...), append(sirens.who, people.who...)
	if err := e.move(ctx, step{state: Scanning, cursor: cursor, pages: pages, fresh: people.fresh, groups: people.groups}); err != nil {
		return err
	}
	return put(ctx, e.loadOf(pages, who, false))
}

func (e *expansion) sirenPages(ctx context.Context) (*builder, error) {
	b := &builder{e: e, kind: Sirens, from: e.row.Page}
	if !e.wantsSirens() {
		return b, nil
	}
	sirens, err := e.f.Sirens.Sirens(ctx, e.in)
	if err != nil {
		return nil, fmt.Errorf("find the sirens of alert %s: %w", e.in.ID, err)
	}
	for _, a := range sirens {
		if !e.roll.channel[sirenChannel].has(a.ID) {
			b.add(placing{who: a, info: a.Info, inside: true, on: e.reachable(Sirens, &a, a.Info, alerting.AlertID{}, true)})
		}
	}
	return b, nil
}

func (e *expansion) wantsSirens() bool { return len(e.gateways[sirenChannel]) > 0 }

// tellsPeople reports whether any channel to people has a gateway.
func (e *expansion) tellsPeople() bool {
	for c := range channelCount {
		if c != sirenChannel && len(e.gateways[c]) > 0 {
			return true
		}
	}
	return false
}

func (e *expansion) beginScan(ctx context.Context, cursor string) (Scan, error) {
	scan, err := e.f.Audience.Begin(ctx, e.in, cursor, e.roll.people.all())
	if err != nil {
		return nil, fmt.Errorf("begin the scan of alert %s: %w", e.in.ID, err)
	}
	return scan, nil
}

// explain keeps what the audience says about the areas.
func (e *expansion) explain(scan Scan) {
	x, ok := scan.(Explainer)
	if !ok {
		return
	}
	if reason := x.Reason(); reason != "" {
		e.row.note(alerting.Say("note.nobody-found", "nobody was found: %s", reason))
	}
	for _, n := range x.Notes() {
		e.row.note(n)
	}
}

// fill lays people from the scan into at most a number of pages; done when the scan is over.
func (e *expansion) fill(ctx context.Context, b *builder, scan Scan, pages int) (done bool, err error) {
	room := func() int {
		n := pages * alerting.PageSize
		for _, p := range b.pages {
			n -= len(p.Persons)
		}
		return min(n, alerting.PageSize)
	}
	for want := room(); want > 0; want = room() {
		people, err := scan.Next(ctx, want)
		if err != nil {
			return false, fmt.Errorf("scan the audience of alert %s: %w", e.in.ID, err)
		}
		for i := range people {
			a := &people[i]
			// The scan leaves out whom it knows to be in the manifest; this is the same rule where it counts.
			if !e.roll.people.has(a.ID) {
				b.add(placing{who: *a, info: a.Info, inside: a.Inside, on: e.reachable(People, a, a.Info, alerting.AlertID{}, true)})
			}
		}
		if len(people) < want {
			return true, nil
		}
	}
	return false, nil
}

// pass goes through the area from a cursor to the end.
func (e *expansion) pass(ctx context.Context, name, cursor string, put func(context.Context, load) error) error {
	if !e.tellsPeople() {
		return nil
	}
	scan, err := e.beginScan(ctx, cursor)
	if err != nil {
		return err
	}
	size := 2
	for done := false; !done; size = min(2*size, pagesAStep) {
		if err := e.f.gate.wait(ctx, e.in.Lane); err != nil {
			return err
		}
		if !e.f.Now().Before(e.in.Expires) {
			return nil
		}
		b := &builder{e: e, kind: People, from: e.row.Page}
		if done, err = e.fill(ctx, b, scan, size); err != nil {
			return err
		}
		if len(b.pages) > 0 {
			b.finish()
			s := step{state: Scanning, cursor: name + scan.Cursor(), pages: b.pages, fresh: b.fresh, groups: b.groups}
			if err := e.move(ctx, s); err != nil {
				return err
			}
			if err := put(ctx, e.loadOf(b.pages, b.who, false)); err != nil {
				return err
			}
		}
		if err := e.produceDue(ctx, put); err != nil {
			return err
		}
	}
	return nil
}
