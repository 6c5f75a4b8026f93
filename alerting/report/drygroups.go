package report

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"tocsin/alerting"
	"tocsin/alerting/fanout"
	"tocsin/cap"
)

// gatherTold gathers who hears of the alerts that an update replaces, as the manifest knows them: each alert of the chain, the oldest first,
// for whom a later one said that it no longer applies was told, and is not any more. What replaces nothing has none.
func (r *dry) gatherTold(ctx context.Context) error {
	if r.in.Alert.MsgType != cap.MsgUpdate || len(r.in.References) == 0 || r.Issued == nil || r.Pages == nil {
		return nil
	}
	chain, err := r.chain(ctx)
	if err != nil {
		return err
	}
	r.told = newCrowd()
	for _, in := range chain {
		for p, err := range r.Pages(ctx, in.ID) {
			if err != nil {
				return err
			}
			if p.Kind == fanout.People {
				r.tellPage(&p)
			}
		}
	}
	return nil
}

func (r *dry) tellPage(p *fanout.Page) {
	for place, id := range p.Persons {
		on := slices.ContainsFunc(p.Targets[:], func(b fanout.Bits) bool { return b.Has(uint8(place)) }) //nolint:gosec // a page is short
		switch {
		case !p.Origin.IsZero() && !p.Inside.Has(uint8(place)): //nolint:gosec // a page is short
			r.told.drop(id)
		case on:
			r.told.add(id)
		}
	}
}

// chain is what an update refers to, and what that refers to itself, the oldest first. What this office did not issue it told nobody.
func (r *dry) chain(ctx context.Context) ([]*alerting.Issued, error) {
	var out []*alerting.Issued
	seen := make(map[alerting.AlertID]bool)
	for todo := slices.Clone(r.in.References); len(todo) > 0; todo = todo[1:] {
		id := todo[0]
		if seen[id] {
			continue
		}
		seen[id] = true
		in, err := r.Issued(ctx, id)
		if errors.Is(err, alerting.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read what it refers to: %w", err)
		}
		out, todo = append(out, in), append(todo, in.References...)
	}
	slices.SortFunc(out, func(a, b *alerting.Issued) int { return a.Envelope.Issued.Compare(b.Envelope.Issued) })
	return out, nil
}

// part notes in which group somebody belongs whom the update reaches.
func (r *dry) part(id int64) {
	switch {
	case r.told == nil:
	case r.told.has(id):
		r.still++
	default:
		r.fresh++
	}
}

// groups are the people of an update by what they hear. Everybody whom an all-clear reaches was told of the danger.
func (r *dry) groups() *fanout.Groups {
	if r.told == nil {
		return nil
	}
	if clears(r.in.Alert) {
		return &fanout.Groups{Still: r.told.count}
	}
	return &fanout.Groups{Still: r.still, New: r.fresh, Gone: r.told.count - r.still}
}

func clears(a *cap.Alert) bool {
	return !slices.ContainsFunc(a.Infos, func(i cap.Info) bool { return !slices.Contains(i.ResponseTypes, cap.AllClear) })
}
