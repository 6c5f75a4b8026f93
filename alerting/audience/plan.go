package audience

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/golang/geo/s2"

	"tocsin/alerting"
	"tocsin/cap"
)

// plan is who an alert is for, worked out once: what each of its areas is, and in which order the infos are looked at.
type plan struct {
	alert *cap.Alert
	// over marks the infos that have ended.
	over []bool
	// cells bounds the covering of a region.
	cells int
	// targets are the different areas of the alert; passes are the severities, severest first.
	targets []*target
	passes  []pass
	// of is the target of each info.
	of      []*target
	tongues *tongues
	// named are the references of the only people to tell; open means that areas do not limit them.
	named []string
	open  bool
	// closed: scope Restricted or Private.
	closed bool
	// usable: some area has geometry or a known geocode.
	usable bool
	notes  []string
}

// target is one area, or several in one info, shared by all infos that have the same.
type target struct {
	areas   []cap.Area
	regions []*region
	// codes are the geocodes of the areas and of all units within them, as "valueName=value", with the first area of each, from 1.
	codes map[string]int
}

// part is a target within one pass, with the infos that speak of it there.
type part struct {
	*target
	infos []info
}

// region is geometry and its covering, which is worked out when it is first needed.
type region struct {
	*cap.Region
	// before is how many areas of the target come before the first of the region.
	before int
	cells  int
	cover  s2.CellUnion
}

func newRegion(areas []cap.Area, cells int) (*region, error) {
	r, err := cap.NewRegion(areas)
	return &region{Region: r, cells: cells}, err
}

func (r *region) covering() s2.CellUnion {
	if r.cover == nil {
		r.cover = r.Covering(r.cells)
	}
	return r.cover
}

// holds tells whether a place is in the region. The test of a coarse cell goes by the rectangle around it, which is a
// little larger than the cell: a cell that meets nothing of the covering is surely outside. (A scan would not even read it.)
func (r *region) holds(id s2.CellID) bool {
	if !r.ContainsCellPlace(id) {
		return false
	}
	if id.IsLeaf() {
		return true
	}
	cover := r.covering()
	return cover.IntersectsCellID(id)
}

// info is what deciding takes of a CAP info.
type info struct {
	index int
	// wants has the bits of what it speaks of; see topics.
	wants int64
}

// pass is the infos of one severity.
type pass struct {
	rank  int
	parts []part
	spans []span
	codes []string
}

// span is a range of keys, both ends included. inside: the whole of it is known to lie in the areas; area: and in this one
// first, 0 where that may differ.
type span struct {
	low, high int64
	inside    bool
	area      int
}

// inRegion tells whether a cell is in the target's geometry.
func (t *target) inRegion(id s2.CellID) bool {
	for _, r := range t.regions {
		if r.holds(id) {
			return true
		}
	}
	return false
}

// place is one place of one person as deciding needs it: a cell, or a code where code is not empty.
type place struct {
	cell s2.CellID
	code string
	min  int
	// inside: the cell is known to lie in every area of the pass that is being looked at.
	inside bool
	// area is known to be the first there that holds it; 0 when it is not known.
	area int
}

func (t *target) holds(p place) bool {
	if p.code != "" {
		return t.codes[p.code] > 0
	}
	return t.inRegion(p.cell)
}

// reader is what deciding takes of a person: what he wants to hear of (0: all), and the rank of each info's language for him.
type reader struct {
	wants int64
	ranks []int
	// told: he was told before, so what he wants does not matter.
	told bool
}

// better reports whether info a suits a reader better than info b; -1 is no info.
func (r *reader) better(a, b int) bool {
	if a < 0 || b < 0 {
		return b < 0 && a >= 0
	}
	return r.ranks[a] < r.ranks[b] || r.ranks[a] == r.ranks[b] && a < b
}

// best is the info of this pass for a reader at a place, -1 for none. Geometry, which costs most, is tested last, and not at
// all for a place that is known to be inside.
func (p *pass) best(at place, r *reader) int {
	if at.min > p.rank && !r.told {
		return -1
	}
	best := -1
	for i := range p.parts {
		part := &p.parts[i]
		pick := -1
		for _, in := range part.infos {
			if (r.wants == 0 || r.wants&in.wants != 0 || r.told) && r.better(in.index, pick) {
				pick = in.index
			}
		}
		if r.better(pick, best) && (at.inside || part.holds(at)) {
			best = pick
		}
	}
	return best
}

// newPlan works out everything that needs no table. An info that is over holds nobody, so that who is in its area gets the
// next one that does. Of an alert that is over as a whole nothing is sent any more; its plan says whom it was for.
func (a *Audience) newPlan(issued *alerting.Issued) *plan {
	now := a.now()
	past := !now.Before(issued.Expires)
	p := &plan{cells: a.cells, alert: issued.Alert, over: make([]bool, len(issued.Alert.Infos)),
		tongues: newTongues(issued.Alert.Infos), named: issued.Envelope.Audience.People}
	p.closed = p.alert.Scope == cap.ScopeRestricted || p.alert.Scope == cap.ScopePrivate
	for i := range p.alert.Infos {
		in := &p.alert.Infos[i]
		t := p.targetOf(i, in.Areas)
		p.of = append(p.of, t)
		at := slices.IndexFunc(p.passes, func(q pass) bool { return q.rank == in.Severity.Rank() })
		if at < 0 {
			at = len(p.passes)
			p.passes = append(p.passes, pass{rank: in.Severity.Rank()})
		}
		// Its pass stays, because cursors count passes.
		if p.over[i] = !past && issued.Over(i, now); !p.over[i] {
			p.passes[at].add(t, info{index: i, wants: a.topics(in)})
		}
	}
	slices.SortStableFunc(p.passes, func(a, b pass) int { return b.rank - a.rank })
	return p
}

func (p *pass) add(t *target, in info) {
	for i := range p.parts {
		if p.parts[i].target == t {
			p.parts[i].infos = append(p.parts[i].infos, in)
			return
		}
	}
	p.parts = append(p.parts, part{target: t, infos: []info{in}})
}

// targetOf finds the target of equal areas or makes one: translations of an info repeat its areas.
func (p *plan) targetOf(index int, areas []cap.Area) *target {
	shape := make([]cap.Area, len(areas))
	for i, a := range areas {
		shape[i] = cap.Area{Polygons: a.Polygons, Circles: a.Circles, Geocodes: a.Geocodes}
	}
	for _, t := range p.targets {
		if reflect.DeepEqual(t.areas, shape) {
			return t
		}
	}
	t := &target{areas: shape, codes: map[string]int{}}
	for i, a := range shape {
		for _, g := range a.Geocodes {
			if code := CodeOf(g); t.codes[code] == 0 {
				t.codes[code] = i + 1
			}
		}
	}
	t.regions = p.regions(fmt.Sprintf("info %d", index+1), shape)
	p.usable = p.usable || len(t.regions) > 0
	p.targets = append(p.targets, t)
	return t
}

// regions prepares the geometry of areas: as one region, or shape by shape where one of them cannot be used, so that it
// costs the others nobody.
func (p *plan) regions(name string, areas []cap.Area) []*region {
	for i, a := range areas {
		for k, circle := range a.Circles {
			if circle.RadiusKM == 0 {
				p.notes = append(p.notes, alerting.Say("plan.radius", "%s, area %d, circle %d has the radius 0: it holds only who is exactly "+
					"at its centre", name, i+1, k+1))
			}
		}
	}
	whole, err := newRegion(areas, p.cells)
	if err == nil {
		if whole.Empty() {
			return nil
		}
		return []*region{whole}
	}
	var regions []*region
	for i, a := range areas {
		shapes := make([]cap.Area, 0, len(a.Polygons)+len(a.Circles))
		for _, ring := range a.Polygons {
			shapes = append(shapes, cap.Area{Polygons: []cap.Polygon{ring}})
		}
		for _, circle := range a.Circles {
			shapes = append(shapes, cap.Area{Circles: []cap.Circle{circle}})
		}
		for k := range shapes {
			one, err := newRegion(shapes[k:k+1], p.cells)
			if err != nil {
				p.notes = append(p.notes, alerting.Say("plan.shape", "%s, area %d, shape %d is not usable: %v", name, i+1, k+1, err))
				continue
			}
			one.before = i
			regions = append(regions, one)
		}
	}
	return regions
}

// CodeOf is a geocode as places and units write it: "valueName=value".
func CodeOf(v cap.Value) string { return strings.TrimSpace(v.Name) + "=" + strings.TrimSpace(v.Value) }

// plan adds what the tables know: the units within each geocode, and which people were named.
func (a *Audience) plan(ctx context.Context, issued *alerting.Issued) (*plan, error) {
	p := a.newPlan(issued)
	known, err := a.expandCodes(ctx, p.targets)
	if err != nil {
		return nil, err
	}
	p.usable = p.usable || known
	p.open = p.closed || !p.usable && len(p.named) > 0
	return p, nil
}

// reason says why an alert is for nobody; empty when it may be for somebody.
func (p *plan) reason() string {
	var why string
	switch {
	case len(p.named) > 0:
		return ""
	case p.closed:
		why = alerting.Say("plan.scope", "scope %s reaches named people only, and nobody is named", p.alert.Scope)
	case len(p.alert.Infos) == 0:
		why = alerting.Say("plan.no-info", "the alert has no info, and so no area")
	case !p.usable:
		why = alerting.Say("plan.no-area", "no area has usable geometry or a known geocode; name an audience")
	default:
		return ""
	}
	return strings.Join(append([]string{why}, p.notes...), "; ")
}
