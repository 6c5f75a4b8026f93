package report

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
)

// The bounds of a survey, so that it costs no more than the dry run that it belongs to.
const (
	// surveyAreas is how many different areas are looked at.
	surveyAreas = 64
	// surveyPeople is how many people are looked at in all areas together.
	surveyPeople = 1_000_000
)

const (
	// alike is the share of people in common, in hundredths, from which two areas are the same for people.
	alike = 95
	// positioned is how many people of a geocode must have a position before their positions say anything, and sampled how
	// many of them are asked for it.
	positioned = 10
	sampled    = 1000
)

// survey compares the areas of an alert with the register, one by one, and adds what an officer should look at again to the
// findings. It asks by the same scan as a warning does, for everybody whom a warning of the gravest kind could tell there.
//
// Why not with every point of every person: a scan gives people, and what is found must be what a warning would do.
type survey struct {
	*dry
	ground []*ground
	found  cap.Findings
	// left is how many people may still be looked at.
	left int
}

// ground is one area, or several that are the same: translations of an info repeat its areas.
type ground struct {
	area cap.Area
	// spots are where the area stands: info and area, from 0.
	spots [][2]int
	// people were found there; whole: they are all.
	people *crowd
	whole  bool
	// doubled: it was said that it stands twice in one info.
	doubled bool
}

func (g *ground) path() string { return areaPath(g.spots[0]) }

// add notes another spot of the same area; twice in one info it says nothing new.
func (g *ground) add(spot [2]int, found *cap.Findings) {
	if last := g.spots[len(g.spots)-1]; last[0] == spot[0] && !g.doubled {
		g.doubled = true
		*found = append(*found, remark("overlap", areaPath(spot), "it is the same as area[%d] of this info: nobody is told twice; check that two areas are meant", last[1]+1))
	}
	g.spots = append(g.spots, spot)
}

func areaPath(spot [2]int) string {
	return fmt.Sprintf("alert/info[%d]/area[%d]", spot[0]+1, spot[1]+1)
}

// survey looks at the areas of a public alert. A cancel tells those who were told, wherever they are.
func (r *dry) survey(ctx context.Context) error {
	a := r.in.Alert
	if a.MsgType == cap.MsgCancel {
		return nil
	}
	s := &survey{dry: r, left: surveyPeople}
	s.gather()
	for _, g := range s.ground {
		s.found = append(s.found, shapeRemarks(g.path(), &g.area)...)
	}
	if a.Scope != cap.ScopeRestricted && a.Scope != cap.ScopePrivate {
		if err := s.populate(ctx); err != nil {
			return err
		}
	}
	document := r.in.Envelope.Document
	r.out.Findings = cap.Merge(document, cap.Options{MaxBytes: len(document) + 1}, r.out.Findings, s.found)
	return nil
}

// gather lists the different areas with shapes or geocodes.
func (s *survey) gather() {
	for i := range s.in.Alert.Infos {
		for k, a := range s.in.Alert.Infos[i].Areas {
			bare := cap.Area{Polygons: a.Polygons, Circles: a.Circles, Geocodes: a.Geocodes}
			spot := [2]int{i, k}
			at := slices.IndexFunc(s.ground, func(g *ground) bool { return reflect.DeepEqual(g.area, bare) })
			switch {
			case at >= 0:
				s.ground[at].add(spot, &s.found)
			case len(bare.Polygons)+len(bare.Circles)+len(bare.Geocodes) == 0:
			case len(s.ground) == surveyAreas:
				s.note(alerting.Say("trial.areas", "only the first %d areas were compared with the register", surveyAreas))
				return
			default:
				s.ground = append(s.ground, &ground{area: bare, spots: [][2]int{spot}})
			}
		}
	}
}

// populate finds who is where, and says what is odd about it.
func (s *survey) populate(ctx context.Context) error {
	for _, g := range s.ground {
		if err := s.look(ctx, g); err != nil {
			return err
		}
	}
	if err := s.most(ctx); err != nil {
		return err
	}
	s.overlaps()
	if s.left <= 0 {
		s.note(alerting.Say("trial.people", "the areas hold more than %d people: they were not all compared with each other", surveyPeople))
	}
	return nil
}

// asking is an alert of the gravest kind, of no topic, for one area: it is for everybody there.
func (s *survey) asking(a cap.Area) *alerting.Issued {
	return &alerting.Issued{ID: s.in.ID, Envelope: alerting.Envelope{World: s.in.Envelope.World}, Expires: s.Now().Add(time.Hour),
		Alert: &cap.Alert{Status: s.in.Alert.Status, MsgType: cap.MsgAlert, Scope: cap.ScopePublic,
			Infos: []cap.Info{{Severity: cap.Extreme, Areas: []cap.Area{a}}}}}
}

// whoIsIn gathers the people in an area, up to a number; whole: these are all.
func (s *survey) whoIsIn(ctx context.Context, a cap.Area, most int) (people *crowd, whole bool, err error) {
	people = newCrowd()
	scan, err := s.Audience.Begin(ctx, s.asking(a), "", nil)
	for err == nil && most > 0 {
		want := min(most, alerting.PageSize)
		var page []alerting.Addressee
		if page, err = scan.Next(ctx, want); err != nil {
			break
		}
		for i := range page {
			people.add(page[i].ID)
		}
		if most -= len(page); len(page) < want {
			return people, true, nil
		}
	}
	return people, false, err
}

// look finds who is in an area, and compares its shapes with its geocodes.
func (s *survey) look(ctx context.Context, g *ground) error {
	mixed := len(g.area.Geocodes) > 0 && len(g.area.Polygons)+len(g.area.Circles) > 0
	// Where the only area has just told us how many people it holds, nothing is left to ask.
	if len(s.ground) == 1 && !mixed && s.out.People > 0 && len(s.in.Envelope.Audience.People) == 0 {
		return nil
	}
	var err error
	if g.people, g.whole, err = s.whoIsIn(ctx, g.area, s.left); err != nil {
		return err
	}
	s.left -= int(g.people.count)
	switch {
	case g.whole && g.people.count == 0:
		return s.empty(ctx, g)
	case mixed:
		return s.torn(ctx, g)
	}
	return nil
}

// empty says that an area holds nobody and, where its coordinates exchanged would hold somebody, that too.
func (s *survey) empty(ctx context.Context, g *ground) error {
	if a, ok := exchanged(&g.area); ok {
		people, _, err := s.whoIsIn(ctx, a, 1)
		if err != nil {
			return err
		}
		if people.count > 0 {
			s.found = append(s.found, remark("swapped", g.path(), "nobody in the register is in this area, and with latitude and longitude exchanged "+
				"somebody is: check both, latitude comes first"))
			return nil
		}
	}
	s.found = append(s.found, remark("nobody", g.path(), "nobody in the register who can be reached is in this area"))
	return nil
}

// torn compares the people of an area's geocodes with those in its shapes. Whoever is registered under a code alone has no
// position, so only people who have one are asked: when none of them is in the shapes, code and shapes mean different places.
func (s *survey) torn(ctx context.Context, g *ground) error {
	inCodes, wholeCodes, err := s.whoIsIn(ctx, cap.Area{Geocodes: g.area.Geocodes}, s.left)
	if err != nil || inCodes.count < positioned {
		return err
	}
	s.left -= int(inCodes.count)
	shapes := cap.Area{Polygons: g.area.Polygons, Circles: g.area.Circles}
	inShapes, wholeShapes, err := s.whoIsIn(ctx, shapes, s.left)
	if err != nil {
		return err
	}
	if s.left -= int(inShapes.count); !wholeCodes || !wholeShapes || inCodes.shared(inShapes) > 0 {
		return nil
	}
	known, err := s.Audience.Lookup(ctx, s.asking(globe()), inCodes.some(sampled))
	if err != nil {
		return err
	}
	n := 0
	for i := range known {
		if known[i].Inside {
			n++
		}
	}
	if n >= positioned {
		s.found = append(s.found, remark("torn", g.path(), "its geocodes hold %d people and its shapes %d, and nobody is in both, though the positions of %d of the "+
			"former are known: check that code and shapes mean the same place", inCodes.count, inShapes.count, n))
	}
	return nil
}

// most speaks of areas that hold more than half of everybody. Those who cannot be reached are not found in an area, so the
// true share is no smaller.
func (s *survey) most(ctx context.Context) error {
	if s.Registered == nil || len(s.ground) == 0 {
		return nil
	}
	all, err := s.Registered(ctx)
	if err != nil {
		return err
	}
	for _, g := range s.ground {
		n := s.out.People
		if g.people != nil {
			n = g.people.count
		}
		if 2*n > all {
			s.found = append(s.found, remark("most", g.path(), "at least %d of the %d people in the register are in this area: check that it is meant to hold more than half", n, all))
		}
	}
	return nil
}

// overlaps speaks of areas of one info that hold almost the same people.
func (s *survey) overlaps() {
	for i, g := range s.ground {
		for _, h := range s.ground[:i] {
			spot, other, together := meet(g, h)
			if !together || !g.whole || !h.whole {
				continue
			}
			larger := max(g.people.count, h.people.count)
			if n := g.people.shared(h.people); larger > 0 && n*100 >= larger*alike {
				s.found = append(s.found, remark("overlap", areaPath(spot), "%d of the %d people here are in area[%d] of the same info, too: nobody is told twice; "+
					"check that two areas are meant", n, g.people.count, other[1]+1))
			}
		}
	}
}

// meet is where two areas stand in one info.
func meet(g, h *ground) (spot, other [2]int, together bool) {
	for _, spot = range g.spots {
		for _, other = range h.spots {
			if spot[0] == other[0] {
				return spot, other, true
			}
		}
	}
	return spot, other, false
}
