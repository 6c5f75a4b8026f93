package fanout

import (
	"context"
	"errors"
	"slices"
	"strings"

	"tocsin/alerting"
	"tocsin/cap"
)

// Groups are the people of an update, each in one of them: Still were told of what it replaces and are inside its area, New are
// inside and were not told, and Gone were told and are inside no longer. Together they are all of its people.
type Groups struct {
	Still int64 `json:"still"`
	New   int64 `json:"new"`
	Gone  int64 `json:"gone"`
}

// group is where somebody belongs among the people of an update.
type group uint8

const (
	newcomer group = iota
	still
	gone
)

// groupOf is the group of a place. Everybody whom an all-clear reaches was told of the danger, wherever he is now.
func (e *expansion) groupOf(origin alerting.AlertID, inside bool) group {
	switch {
	case origin.IsZero():
		return newcomer
	case inside || e.clears():
		return still
	}
	return gone
}

// clears reports whether the alert says that the danger of those that it replaces is over: everybody who was told hears it, and
// nobody else does.
func (e *expansion) clears() bool { return allClear(e.in.Alert) }

// allClear reports whether an update is an all-clear in all that it says (CAP 1.2 §3.2.2 responseType).
func allClear(a *cap.Alert) bool {
	if a.MsgType != cap.MsgUpdate || len(a.Infos) == 0 {
		return false
	}
	return !slices.ContainsFunc(a.Infos, func(i cap.Info) bool { return !slices.Contains(i.ResponseTypes, cap.AllClear) })
}

// asNew is an update as somebody hears it who was never told of what it replaces: as an alert.
func asNew(in *alerting.Issued) *alerting.Issued {
	first, alert := *in, *in.Alert
	alert.MsgType = cap.MsgAlert
	first.Alert = &alert
	return &first
}

// asCancel is an update as a siren hears it that it leaves outside: as a cancel.
func asCancel(in *alerting.Issued) *alerting.Issued {
	ended, alert := *in, *in.Alert
	alert.MsgType, alert.Infos = cap.MsgCancel, nil
	ended.Alert = &alert
	return &ended
}

// dismissed reports whether somebody was plainly told by the earlier update that the warning no longer applies to him. What
// replaces that update need not tell him again; should he be inside now, he is as new.
func (b *again) dismissed(t told) bool {
	if t.of.IsZero() || t.on == t.later || b.correcting || b.e.in.Alert.MsgType != cap.MsgUpdate || b.e.clears() {
		return false
	}
	original := b.e.originals[b.origin]
	return original != nil && original.Alert.MsgType == cap.MsgUpdate && !allClear(original.Alert)
}

// split parts those who were dismissed from the others. Who is settled already, and told nothing, is left out.
func (b *again) split(list []told) (others, dismissed []told) {
	for _, t := range list {
		switch {
		case !b.correcting && b.e.roll.silent(t.id):
		case b.dismissed(t):
			dismissed = append(dismissed, t)
		default:
			others = append(others, t)
		}
	}
	return others, dismissed
}

// tellDismissed lays those who were dismissed before onto pages: as new where they are inside now, and else as people to whom
// nothing is said, so that no older alert of the chain tells them either.
func (b *again) tellDismissed(list []told, people map[int64]alerting.Addressee) {
	back := b.next(People)
	back.origin = alerting.AlertID{}
	for _, t := range list {
		if a, ok := people[t.id]; ok && b.e.inside(&a) && !b.e.roll.people.has(t.id) {
			back.add(placing{who: a, info: a.Info, inside: true, on: b.e.reachable(People, &a, a.Info, alerting.AlertID{}, true)})
		}
	}
	b.take(back)
	quiet := b.next(People)
	for _, t := range list {
		if a, ok := people[t.id]; ok && !b.e.inside(&a) && !b.e.roll.people.has(t.id) {
			quiet.add(placing{who: a, info: a.Info, silent: true})
		}
	}
	b.take(quiet)
}

// readOriginals reads the alerts whose infos people were told who are on pages of this origin.
func (b *again) readOriginals(ctx context.Context, lists ...[]told) error {
	if err := b.e.readOriginal(ctx, b.origin); err != nil {
		return err
	}
	for _, list := range lists {
		for _, t := range list {
			if t.of.IsZero() {
				continue
			}
			if err := b.e.readOriginal(ctx, t.of); err != nil && !errors.Is(err, alerting.ErrNotFound) {
				return err
			}
		}
	}
	return nil
}

// toldInfo is the info of the origin that stands for what somebody was told: the one he heard, or, where he heard the end of an
// older alert, the one in the same language.
func (b *again) toldInfo(t told) int {
	infos := b.e.originals[b.origin].Alert.Infos
	older := b.e.originals[t.of]
	if t.of.IsZero() || older == nil || allClear(b.e.originals[b.origin].Alert) {
		if int(t.info) < len(infos) {
			return int(t.info)
		}
		return 0
	}
	if int(t.info) >= len(older.Alert.Infos) {
		return 0
	}
	language := older.Alert.Infos[t.info].Language
	return max(0, slices.IndexFunc(infos, func(i cap.Info) bool { return strings.EqualFold(i.Language, language) }))
}
