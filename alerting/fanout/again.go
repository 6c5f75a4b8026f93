package fanout

import (
	"context"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
)

// again lays those who were told of an earlier alert, the origin, into pages of this one, at their current addresses.
type again struct {
	e      *expansion
	origin alerting.AlertID
	// due is when the later part may be told.
	due time.Time
	// correcting: they stand in the manifest already, perhaps, and are told once more all the same.
	correcting bool

	pages []*Page
	who   [][]alerting.Addressee
	fresh int64
	// groups counts the fresh by their group.
	groups [3]int64
}

func (b *again) next(kind Kind) *builder {
	return &builder{e: b.e, kind: kind, origin: b.origin, due: b.due, from: b.e.row.Page + int64(len(b.pages))}
}

// take adds the pages of a builder.
func (b *again) take(from *builder) {
	from.finish()
	b.pages = append(b.pages, from.pages...)
	b.who = append(b.who, from.who...)
	b.fresh += from.fresh
	for g, n := range from.groups {
		b.groups[g] += n
	}
}

// tell makes the pages. Sirens come first: they are few, and a wail that should not be is heard by all.
func (b *again) tell(ctx context.Context, t tolds) error {
	if len(t.people)+len(t.sirens) == 0 {
		return nil
	}
	if err := b.readOriginals(ctx, t.people, t.sirens); err != nil {
		return err
	}
	if err := b.tellSirens(ctx, t.sirens); err != nil {
		return err
	}
	people, err := b.e.lookup(ctx, People, ids(t.people))
	if err != nil {
		return err
	}
	others, dismissed := b.split(t.people)
	b.tellDismissed(dismissed, people)
	pages := b.next(People)
	for _, p := range others {
		if a, ok := people[p.id]; ok {
			pages.add(b.placePerson(&a, p))
		}
	}
	b.take(pages)
	return nil
}

func (b *again) tellSirens(ctx context.Context, list []told) error {
	sirens, err := b.e.lookup(ctx, Sirens, ids(list))
	if err != nil {
		return err
	}
	once := b.next(Sirens)
	for _, s := range list {
		if a, ok := sirens[s.id]; ok && !b.correcting && !b.e.roll.channel[sirenChannel].has(s.id) {
			once.add(b.placeSiren(&a, s, false))
		}
	}
	b.take(once)
	twice := b.next(Sirens)
	for _, s := range list {
		if a, ok := sirens[s.id]; ok && !b.e.roll.later[sirenChannel].has(s.id) {
			twice.add(b.placeSiren(&a, s, true))
		}
	}
	b.take(twice)
	return nil
}

func ids(list []told) []int64 {
	out := make([]int64, len(list))
	for i := range list {
		out[i] = list[i].id
	}
	return out
}

// inside reports whether an addressee who was told before is in the area of this alert; a cancel has none.
func (e *expansion) inside(a *alerting.Addressee) bool {
	return e.in.Alert.MsgType != cap.MsgCancel && a.Inside
}

// infoOf is the info that an addressee is told: of the alert, or of the one that ends.
func (b *again) infoOf(a *alerting.Addressee, t told) (info int, ended alerting.AlertID) {
	if !b.e.ends(b.origin, b.e.inside(a)) {
		return a.Info, alerting.AlertID{}
	}
	return b.toldInfo(t), b.origin
}

// placePerson decides how somebody who was told hears of the end or the change: outside the new area on the channels
// on which he was told, inside on all he has. A channel on which he already stands in the manifest is left out.
func (b *again) placePerson(a *alerting.Addressee, t told) placing {
	info, ended := b.infoOf(a, t)
	on := b.e.reachable(People, a, info, ended, false)
	inside := b.e.inside(a)
	if !inside || b.correcting {
		// Whom an all-clear reaches elsewhere hears it there, too, where he was told.
		on &= t.on
	}
	for c := range channelCount {
		if !b.correcting && b.e.roll.channel[c].has(a.ID) {
			on &^= 1 << c
		}
	}
	return placing{who: *a, info: info, inside: inside, on: on, later: on & t.later}
}

// placeSiren decides the same for a siren: the stop goes out at once and, where the activation may still have been under
// way, again after the wait. A siren inside the area of an update is sent its programme once.
func (b *again) placeSiren(a *alerting.Addressee, t told, twice bool) placing {
	info, ended := b.infoOf(a, t)
	p := placing{who: *a, info: info, inside: b.e.inside(a)}
	late := t.later.has(sirenChannel)
	switch {
	case twice && late:
		p.on, p.later = sirenOnly, sirenOnly
	case !twice && (!late || !ended.IsZero()):
		p.on = sirenOnly
	}
	p.on &= b.e.reachable(Sirens, a, info, ended, false)
	p.later &= p.on
	return p
}
