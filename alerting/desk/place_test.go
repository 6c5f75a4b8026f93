package desk

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/alerting/approval"
	"tocsin/cap"
)

// pickers is a desk whose one rule wants the place picked, and that knows some units.
func (o *office) pickers(near, far []string) *Desk {
	return o.desk(approvals(o.t, approval.Rule{ID: "red", Approvals: 2, PickPlace: true}), func(c *Config) {
		c.Neighbours = beside([]string{"the lower town"}, near, far)
	})
}

// beside plays what knows the units.
func beside(own, near, far []string) func(context.Context, []cap.Area, func(string) bool) ([]string, []string, []string, error) {
	return func(context.Context, []cap.Area, func(string) bool) ([]string, []string, []string, error) {
		return own, near, far, nil
	}
}

func (o *office) asked(d *Desk, draft Draft, who string) *Challenge {
	o.t.Helper()
	c, err := d.Confirmation(o.t.Context(), draft.ID, "en", who)
	if err != nil || c.Challenge == nil {
		o.t.Fatalf("%+v %v", c, err)
	}
	return c.Challenge
}

func (o *office) picks(d *Desk, draft Draft, who, place, challenge string) (Draft, error) {
	o.t.Helper()
	return d.SignPicked(o.t.Context(), draft.ID, draft.Version, as(who).Actor, o.signature(draft, approval.Approve, who, keyOf(who)), Pick{place, challenge})
}

func (o *office) missed() (n int) {
	for _, s := range o.noted {
		if strings.Contains(s, verbMissed) {
			n++
		}
	}
	return n
}

// TestThePlaceOutOfThree: asked of whoever approves and of nobody else; the same two others each time; right, and it goes out.
func TestThePlaceOutOfThree(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.pickers([]string{"the lower  TOWN", "upper town", "", "mill quarter"}, []string{"far hills"})
		draft := o.submitted(d, o.alert("a"))
		if c, err := d.Confirmation(t.Context(), draft.ID, "en", "first"); err != nil || c.Challenge != nil {
			t.Errorf("the author is asked: %+v %v", c.Challenge, err)
		}
		first := ""
		for range 20 {
			c := o.asked(d, draft, "second")
			sorted := slices.Sorted(slices.Values(c.Places))
			if c.Typed || !slices.Equal(sorted, []string{"mill quarter", "the lower town", "upper town"}) {
				t.Fatalf("%+v", c)
			}
			first += c.Places[0][:1]
		}
		if strings.Count(first, first[:1]) == len(first) {
			t.Errorf("the order is always the same: %s", first)
		}
		draft, err := o.signs(d, draft, approval.Author, "first")
		if err != nil {
			t.Fatal(err)
		}
		for _, who := range []string{"second", "third"} {
			if draft, err = o.picks(d, draft, who, "the lower town", o.asked(d, draft, who).Challenge); err != nil {
				t.Fatal(err)
			}
		}
		if draft.State != Released || o.missed() != 0 {
			t.Errorf("%+v %v", draft, o.noted)
		}
	})
}

func TestAPlaceThatIsNotTaken(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.pickers([]string{"upper town", "mill quarter"}, nil)
		draft, twin := o.submitted(d, o.alert("a")), o.submitted(d, o.alert("b"))
		mine := o.asked(d, draft, "second").Challenge
		end := "Q"
		if strings.HasSuffix(mine, end) {
			end = "g"
		}
		for _, row := range []struct{ name, place, challenge, want string }{
			{"nothing", "", "", "must pick its place"},
			{"no challenge", "the lower town", "", "must pick its place"},
			{"nonsense", "the lower town", "x", "none of this office"},
			{"changed", "the lower town", mine[:len(mine)-1] + end, "of another draft or version"},
			{"another draft's", "the lower town", o.asked(d, twin, "second").Challenge, "of another draft or version"},
			{"another operator's", "the lower town", o.asked(d, draft, "third").Challenge, "was given to another operator"},
			{"a wrong one", "upper town", mine, "not the place"},
		} {
			before := o.missed()
			_, err := o.picks(d, draft, "second", row.place, row.challenge)
			if !errors.Is(err, alerting.ErrForbidden) || !strings.Contains(err.Error(), row.want) || o.missed() != before+1 {
				t.Errorf("%s: %v, %d noted", row.name, err, o.missed()-before)
			}
		}
		// Whoever cannot sign is not judged, so that nobody locks another out.
		before := o.missed()
		_, err := d.SignPicked(t.Context(), draft.ID, 1, as("second").Actor, o.signature(draft, approval.Approve, "second", keyOf("stranger")), Pick{"upper town", mine})
		if !errors.Is(err, alerting.ErrForbidden) || o.missed() != before {
			t.Errorf("a stranger's signature: %v", err)
		}
		o.now = o.now.Add(challengeFor)
		if _, err := o.picks(d, draft, "second", "the lower town", mine); !errors.Is(err, alerting.ErrForbidden) || !strings.Contains(err.Error(), "ended at") {
			t.Errorf("expired: %v", err)
		}
		// A new version needs a new challenge.
		mine = o.asked(d, draft, "second").Challenge
		draft, err = d.Amend(t.Context(), draft.ID, 1, draft.Document, as("first"))
		if err == nil {
			draft, err = d.Submit(t.Context(), draft.ID, 2, as("first").Actor, time.Time{})
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.picks(d, draft, "second", "the lower town", mine); !errors.Is(err, alerting.ErrForbidden) || !strings.Contains(err.Error(), "version") {
			t.Errorf("another version: %v", err)
		}
		if draft, err = o.picks(d, draft, "second", "the lower town", o.asked(d, draft, "second").Challenge); err != nil || len(draft.Signatures) != 1 {
			t.Errorf("%+v %v", draft, err)
		}
	})
}

// TestThreeWrongPlaces: the third within ten minutes makes the operator wait, and nobody else; a right one is not taken meanwhile.
func TestThreeWrongPlaces(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.pickers([]string{"upper town", "mill quarter"}, nil)
		draft := o.submitted(d, o.alert("a"))
		try := func(who, place string) error {
			_, err := o.picks(d, draft, who, place, o.asked(d, draft, who).Challenge)
			return err
		}
		for _, after := range []time.Duration{0, 9 * time.Minute, 2 * time.Minute, time.Minute} { // the first is long past by the third
			o.now = o.now.Add(after)
			err := try("second", "upper town")
			if locks := after == time.Minute; !errors.Is(err, alerting.ErrForbidden) || strings.Contains(err.Error(), "third wrong one") != locks {
				t.Fatalf("after %s: %v", after, err)
			}
		}
		if err := try("second", "the lower town"); !errors.Is(err, alerting.ErrForbidden) || !strings.Contains(err.Error(), "must wait until") {
			t.Errorf("right, and too early: %v", err)
		}
		if err := try("third", "the lower town"); err != nil {
			t.Errorf("another: %v", err)
		}
		o.now = o.now.Add(missWait)
		if err := try("second", "the lower town"); err != nil {
			t.Errorf("after the wait: %v", err)
		}
	})
}

// TestAPlaceIsTyped: with too few units it is typed, tolerantly.
func TestAPlaceIsTyped(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.pickers([]string{"upper town"}, nil)
		draft := o.submitted(d, o.alert("a"))
		c := o.asked(d, draft, "second")
		if !c.Typed || len(c.Places) != 0 {
			t.Fatalf("%+v", c)
		}
		if _, err := o.picks(d, draft, "second", "the lower", c.Challenge); !errors.Is(err, alerting.ErrForbidden) {
			t.Errorf("half of it: %v", err)
		}
		draft, err := o.picks(d, draft, "second", " THE ｌｏｗｅｒ　town", c.Challenge)
		if err != nil || len(draft.Signatures) != 1 {
			t.Errorf("%+v %v", draft, err)
		}
	})
}

// TestAPlaceWithAPassword: a signature that the office makes is asked for the place as well.
func TestAPlaceWithAPassword(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		var log bytes.Buffer
		d := o.passwords(&log, approval.Rule{ID: "red", Approvals: 2, PickPlace: true})
		o.enrolled(d, "fourth", typed)
		draft := o.submitted(d, o.alert("a"))
		if _, err := o.types(d, draft, "fourth", typed); !errors.Is(err, alerting.ErrForbidden) || !strings.Contains(err.Error(), "must pick its place") {
			t.Errorf("without: %v", err)
		}
		draft, err := d.SignWithPassword(t.Context(), draft.ID, 1, as("fourth").Actor, PasswordSignature{Operator: "fourth", Password: typed,
			Act: approval.Approve, Pick: Pick{"the lower town", o.asked(d, draft, "fourth").Challenge}})
		if err != nil || len(draft.Signatures) != 1 {
			t.Errorf("%+v %v", draft, err)
		}
	})
}

// TestTheCountersignaturePicksThePlace: what went out first is read by whoever countersigns it, whichever way he signs. The three wrong
// ones are the same three, and the challenge of one alert is none of another's.
func TestTheCountersignaturePicksThePlace(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.passwords(new(bytes.Buffer), approval.Rule{ID: "red", Approvals: 1, PickPlace: true})
		d.Neighbours = beside([]string{"the lower town"}, []string{"upper town", "mill quarter"}, nil)
		o.enrolled(d, "mei", other)
		s := o.nights(5, "first", "second")
		if _, err := d.Authorise(t.Context(), officer.Actor, s); err != nil {
			t.Fatal(err)
		}
		released := func(id string) Draft {
			out, err := o.released(d, o.submitted(d, o.alert(id)), s)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		a, b, c := released("a").Alert, released("b").Alert, released("c").Alert
		asked := func(id alerting.AlertID, who string) *Challenge {
			t.Helper()
			w, err := d.Countersignable(t.Context(), id, "zh", who)
			if err != nil || w.Confirmation.Challenge == nil || w.Confirmation.Language != "zh" {
				t.Fatalf("%+v %v", w.Confirmation, err)
			}
			return w.Confirmation.Challenge
		}
		if w, err := d.Countersignable(t.Context(), a, "en", "first"); err != nil || w.Confirmation.Challenge != nil {
			t.Errorf("the author is asked: %+v %v", w.Confirmation.Challenge, err)
		}
		mine := asked(a, "second")
		if sorted := slices.Sorted(slices.Values(mine.Places)); !slices.Equal(sorted, []string{"mill quarter", "the lower town", "upper town"}) {
			t.Errorf("%+v", mine)
		}
		for _, row := range []struct{ name, place, challenge, want string }{
			{"nothing", "", "", "must pick its place: ask GET /api/alerts/" + a.String() + "/countersign"},
			{"another alert's", "the lower town", asked(b, "second").Challenge, "of another draft or version"},
			{"another operator's", "the lower town", asked(a, "third").Challenge, "given to another operator"},
			{"a wrong one", "upper town", mine.Challenge, "not the place"},
		} {
			before := o.missed()
			err := o.countersigns(d, a, "second", row.place, row.challenge)
			if !errors.Is(err, alerting.ErrForbidden) || !strings.Contains(err.Error(), row.want) || o.missed() != before+1 {
				t.Errorf("%s: %v, %d noted", row.name, err, o.missed()-before)
			}
		}
		if err := o.countersigns(d, a, "second"); !errors.Is(err, alerting.ErrForbidden) {
			t.Errorf("by the way without a place: %v", err)
		}
		if all, err := d.Countersigns(t.Context()); err != nil || len(all) != 3 {
			t.Errorf("%d wait, %v", len(all), err)
		}
		if err := o.countersigns(d, a, "second", "the lower town", mine.Challenge); err != nil {
			t.Error(err)
		}
		if err := o.countersigns(d, a, "third", "upper town", asked(b, "third").Challenge); !errors.Is(err, alerting.ErrConflict) {
			t.Errorf("signed already: %v", err)
		}
		for range 2 {
			_ = o.countersigns(d, b, "second", "upper town", asked(b, "second").Challenge)
		}
		if err := o.countersigns(d, b, "second", "the lower town", asked(b, "second").Challenge); !errors.Is(err, alerting.ErrForbidden) ||
			!strings.Contains(err.Error(), "must wait until") {
			t.Errorf("after three wrong ones: %v", err)
		}
		password := func(p Pick) error {
			return d.CountersignWithPassword(t.Context(), c, as("mei").Actor, PasswordSignature{Operator: "mei", Password: other, Pick: p})
		}
		if err := password(Pick{}); !errors.Is(err, alerting.ErrForbidden) || !strings.Contains(err.Error(), "must pick its place") {
			t.Errorf("with a password: %v", err)
		}
		if err := password(Pick{"the lower town", asked(c, "mei").Challenge}); err != nil {
			t.Error(err)
		}
	})
}

// TestThePlacesAreAlike: whatever the message calls its place, and whatever the units are called, the right one does not stand out. Whoever
// has read the message knows it all the same, and what is picked is taken.
func TestThePlacesAreAlike(t *testing.T) {
	both := []string{"Hillside Township 山坡镇", "Ferry District (渡口区)", "老磨坊区 / Old Mill District"}
	for _, row := range []struct {
		name, description, lang string
		own, near, far          []string
		want                    []string // the right one first; nil when it is typed
		where                   string
	}{
		{"names in two languages", "Lower Meadow Township", "en", []string{"Lower Meadow Township 下草镇"}, both[:2], nil,
			[]string{"Lower Meadow Township", "Ferry District", "Hillside Township"}, "where: Lower Meadow Township"},
		{"the same in Chinese", "Lower Meadow Township", "zh", []string{"Lower Meadow Township 下草镇"}, both[:2], nil,
			[]string{"下草镇", "山坡镇", "渡口区"}, "地点：Lower Meadow Township（属于 下草镇）"},
		{"in the words of its author", "along the river, up to the second bridge", "en", []string{"Meadow"}, []string{"Hillside", "Ferry"}, nil,
			[]string{"Meadow", "Ferry", "Hillside"}, "where: along the river, up to the second bridge (in Meadow)"},
		{"a unit with a Chinese name only", "Lower Meadow", "en", []string{"下草镇"}, []string{"Hillside", "山坡镇", "Ferry"}, []string{"渡口区"},
			[]string{"下草镇", "山坡镇", "渡口区"}, "where: Lower Meadow (in 下草镇)"},
		{"too few in its script", "下草镇", "en", []string{"下草镇"}, []string{"Hillside", "山坡镇", "Ferry"}, nil, nil, "where: 下草镇"},
		{"two, and others for one", "A; B", "en", []string{"Meadow", "Meadow"}, []string{"Hillside", "Ferry", "Mill"}, nil, []string{"Meadow"}, "where: A; B (in Meadow)"},
		{"no unit is known to be its own", "the harbour", "en", nil, []string{"Hillside", "Ferry"}, nil, nil, "where: the harbour"},
	} {
		t.Run(row.name, func(t *testing.T) {
			each(t, func(t *testing.T, o *office) {
				d := o.pickers(nil, nil)
				d.Neighbours = beside(row.own, row.near, row.far)
				draft := o.submitted(d, o.alert("a", func(a *cap.Alert) {
					for i := range a.Infos {
						a.Infos[i].Areas = []cap.Area{{Description: row.description, Circles: a.Infos[i].Areas[0].Circles}}
					}
				}))
				c, err := d.Confirmation(t.Context(), draft.ID, row.lang, "second")
				if err != nil || c.Challenge == nil {
					t.Fatalf("%+v %v", c, err)
				}
				have := c.Challenge.Places
				if c.Place != row.where || c.Challenge.Typed != (row.want == nil) || row.want != nil && (len(have) != 3 || !slices.Contains(have, row.want[0])) ||
					len(row.want) == 3 && !slices.Equal(slices.Sorted(slices.Values(have)), slices.Sorted(slices.Values(row.want))) {
					t.Fatalf("%q, %+v", c.Place, c.Challenge)
				}
				if row.want == nil {
					return
				}
				for _, place := range have {
					_, err := o.picks(d, draft, "second", place, c.Challenge.Challenge)
					if right := place == row.want[0]; right != (err == nil) {
						t.Errorf("%s: %v", place, err)
					}
				}
			})
		})
	}
}

func TestFormsOfAName(t *testing.T) {
	for name, want := range map[string][]string{
		"Hillside Township 山坡镇":    {"Hillside Township 山坡镇", "山坡镇", "Hillside Township"},
		"老磨坊区 (Old Mill District)": {"老磨坊区 (Old Mill District)", "老磨坊区", "Old Mill District"},
		"Ferry\u202e 渡口区":          {"Ferry 渡口区", "渡口区", "Ferry"},
		"G4高速":                     {"G4高速"},
		"山坡镇":                      {"山坡镇"},
		"Harbour":                  {"Harbour"},
		"上 Upper 镇":                {"上 Upper 镇"},
		"第 3 区":                    {"第 3 区"},
		"":                         {""},
	} {
		if have := formsOf(name); !slices.Equal(have, want) {
			t.Errorf("%q: %q, want %q", name, have, want)
		}
	}
}
