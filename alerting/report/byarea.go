package report

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"

	"tocsin/alerting"
	"tocsin/alerting/audience"
	"tocsin/alerting/fanout"
	"tocsin/alerting/ledger"
	"tocsin/cap"
)

// Where the people of an AreaReach are.
const (
	// Inside an area; Outside all areas of the alert, told because they were told of an earlier one, or named.
	Inside  = "inside"
	Outside = "outside"
	// Unknown: the manifest does not say it. It was written before it did, or sirens sound because their group was named.
	Unknown = "unknown"
)

// AreaReach is reach in one area of an alert. Whoever is in several counts in the first in the document's order, so the areas,
// with those outside and unknown, add up to the whole. Areas of several infos that hold the same are one: translations of an info
// repeat its areas, and what they hold is counted once, whatever the language.
type AreaReach struct {
	// Where is inside, outside or unknown. Info and Area, counted from 1, are where the area stands first, and Infos all infos that
	// have it; all three are missing unless Where is inside.
	Where string `json:"where"`
	Info  int    `json:"info,omitempty"`
	Area  int    `json:"area,omitempty"`
	Infos []int  `json:"infos,omitempty"`
	// Description is the areaDesc, in the language of that info; Geocodes are "valueName=value".
	Description string   `json:"area_desc,omitempty"`
	Geocodes    []string `json:"geocodes,omitempty"`
	People      Reach    `json:"people"`
	Sirens      Reach    `json:"sirens"`
	// Channels are those that were to reach anybody here.
	Channels []AreaChannel `json:"channels"`
}

// AreaChannel is what one channel came to in one area, in deliveries; Reached are the people, or sirens, that it reached.
type AreaChannel struct {
	Channel  alerting.Channel `json:"channel"`
	Targeted int64            `json:"targeted"`
	Reached  int64            `json:"reached"`
	States   States           `json:"states"`
}

// zone is an area as the manifest names it: by the indexes of info and area, the latter from 1. Those outside have none.
type zone struct {
	info, area int
	where      string
}

func zoneOf(p *fanout.Page, place uint8) zone {
	switch area := p.Area(place); {
	case area > 0:
		return zone{int(p.Infos[place]), area, Inside}
	case !p.Inside.Has(place):
		return zone{where: Outside}
	}
	return zone{where: Unknown}
}

// areaTally adds up what happened in one zone.
type areaTally struct {
	people, sirens Reach
	targeted       [4]int64
	states         [4][alerting.StateCount]int64
}

func (t *areaTally) add(kind fanout.Kind, one *stand, e end, n int64) {
	of := &t.people
	if kind == fanout.Sirens {
		of = &t.sirens
	}
	of.add(e, one.states, n)
	for c, state := range one.states {
		if one.on[c] {
			t.targeted[c] += n
		}
		if state != alerting.None {
			t.states[c][state] += n
		}
	}
}

// merge adds what happened in another zone of the same area.
func (t *areaTally) merge(o *areaTally) {
	t.people.merge(o.people)
	t.sirens.merge(o.sirens)
	for c := range t.states {
		t.targeted[c] += o.targeted[c]
		for s, n := range o.states[c] {
			t.states[c][s] += n
		}
	}
}

func (r *Reach) merge(o Reach) {
	r.Targeted += o.Targeted
	r.Reached += o.Reached
	r.Delivered += o.Delivered
	r.Acknowledged += o.Acknowledged
	r.Open += o.Open
	r.Uncertain += o.Uncertain
	r.Unreached += o.Unreached
}

func (t *areaTally) empty() bool { return t.people.Targeted+t.sirens.Targeted == 0 }

// line writes the figures down.
func (t *areaTally) line(l AreaReach) AreaReach {
	l.People, l.Sirens, l.Channels = t.people, t.sirens, []AreaChannel{}
	for c, ch := range alerting.Channels() {
		states := statesOf(ledger.Counts{States: t.states[c]}, 0)
		if t.targeted[c] > 0 || states.Sum() > 0 {
			l.Channels = append(l.Channels, AreaChannel{ch, t.targeted[c], states.Sent + states.Delivered + states.Acknowledged, states})
		}
	}
	return l
}

// document is the alert as it was issued; nil when the desk does not know it.
func (r *Reporter) document(ctx context.Context, id alerting.AlertID) (*cap.Alert, error) {
	if r.Accepted == nil {
		return nil, nil
	}
	in, err := r.Accepted(ctx, id)
	switch {
	case err == nil:
		return in.Alert, nil
	case errors.Is(err, alerting.ErrNotFound):
		return nil, nil
	}
	return nil, err
}

// byArea is reach by area: all areas of the alert in their order, those in which nobody is too, then what is outside and what is
// unknown where there is any. Of an alert whose document is gone, the areas have no names. A Cancel has none.
func (t *tally) byArea(p fanout.Progress, alert *cap.Alert) []AreaReach {
	if p.MsgType == string(cap.MsgCancel) {
		return nil
	}
	lots, taken := lotsOf(alert), map[zone]bool{}
	var out []AreaReach
	for _, l := range lots {
		var sum areaTally
		for _, at := range l.zones {
			if one := t.areas[at]; one != nil && !taken[at] {
				taken[at] = true
				sum.merge(one)
			}
		}
		out = append(out, sum.line(l.AreaReach))
	}
	for _, at := range t.zones() {
		one := t.areas[at]
		if taken[at] || one.empty() {
			continue
		}
		l := AreaReach{Where: at.where}
		if at.where == Inside {
			l.Info, l.Area, l.Infos = at.info+1, at.area, []int{at.info + 1}
		}
		out = append(out, one.line(l))
	}
	return out
}

// zones are those in which anything was counted: areas in their order, then outside and unknown.
func (t *tally) zones() []zone {
	var all []zone
	for at := range t.areas {
		all = append(all, at)
	}
	slices.SortFunc(all, func(a, b zone) int {
		if order := strings.Compare(a.where, b.where); order != 0 {
			return order // inside, outside, unknown
		}
		return (a.info-b.info)*65536 + a.area - b.area
	})
	return all
}

// lot is an area and where it stands.
type lot struct {
	AreaReach
	shape cap.Area
	zones []zone
}

// lotsOf are the different areas of an alert. Equal ones within an info stay apart: the second of them holds nobody.
func lotsOf(alert *cap.Alert) []*lot {
	if alert == nil {
		return nil
	}
	var all []*lot
	for i := range alert.Infos {
		for k, a := range alert.Infos[i].Areas {
			shape := cap.Area{Polygons: a.Polygons, Circles: a.Circles, Geocodes: a.Geocodes}
			at := slices.IndexFunc(all, func(l *lot) bool {
				return l.Infos[len(l.Infos)-1] != i+1 && reflect.DeepEqual(l.shape, shape)
			})
			if at < 0 {
				at = len(all)
				l := AreaReach{Where: Inside, Info: i + 1, Area: k + 1, Description: a.Description}
				for _, g := range a.Geocodes {
					l.Geocodes = append(l.Geocodes, audience.CodeOf(g))
				}
				all = append(all, &lot{AreaReach: l, shape: shape})
			}
			all[at].Infos = append(all[at].Infos, i+1)
			all[at].zones = append(all[at].zones, zone{i, k + 1, Inside})
		}
	}
	return all
}

func areasHeader() []string {
	return []string{"where", "info", "area", "area_desc", "geocodes", "of", "targeted", "reached", "delivered", "acknowledged", "open", "uncertain",
		"unreached", "queued", "sent", "failed", "expired", "cancelled", "opted_out"}
}

// areaRows are a row for people, one for sirens and one for each channel, of each area. The cells that a row has no figure for are
// empty.
func areaRows(areas []AreaReach) [][]any {
	var rows [][]any
	for i := range areas {
		a := &areas[i]
		add := func(of string, figures ...any) {
			row := []any{a.Where, "", "", a.Description, strings.Join(a.Geocodes, " "), of}
			if a.Where == Inside {
				row[1], row[2] = a.Info, a.Area
			}
			rows = append(rows, append(row, figures...))
		}
		for _, one := range []struct {
			of string
			r  Reach
		}{{"people", a.People}, {"sirens", a.Sirens}} {
			r := one.r
			add(one.of, r.Targeted, r.Reached, r.Delivered, r.Acknowledged, r.Open, r.Uncertain, r.Unreached, "", "", "", "", "", "")
		}
		for _, c := range a.Channels {
			s := c.States
			add(string(c.Channel), c.Targeted, c.Reached, s.Delivered, s.Acknowledged, "", s.Uncertain, "", s.Queued, s.Sent, s.Failed, s.Expired,
				s.Cancelled, s.OptedOut)
		}
	}
	return rows
}
