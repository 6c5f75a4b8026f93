package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/alerting"
	"tocsin/cap"
)

// district is a desk for a province N=1 with the districts N=11, which holds the circle of the test's alerts, and N=12.
func (o *office) district() *Desk {
	square := func(south, west float64) cap.Polygon {
		return cap.Polygon{{Lat: south, Lon: west}, {Lat: south, Lon: west + 1}, {Lat: south + 1, Lon: west + 1}, {Lat: south + 1, Lon: west}, {Lat: south, Lon: west}}
	}
	made := map[string]*cap.Territory{}
	for unit, at := range map[string]cap.Polygon{"N=1": square(38, -120.5), "N=11": square(38, -120.5), "N=12": square(39, -120.5)} {
		t, err := cap.NewTerritory([]cap.Unit{{Codes: []cap.Value{{Name: "N", Value: strings.TrimPrefix(unit, "N=") + "*"}}, Polygons: []cap.Polygon{at}}})
		if err != nil {
			o.t.Fatal(err)
		}
		made[unit] = t
	}
	return o.desk(func(c *Config) {
		c.Territory = func(_ context.Context, unit string) (*cap.Territory, error) {
			if unit == "" {
				return nil, nil
			}
			if t := made[unit]; t != nil {
				return t, nil
			}
			return nil, fmt.Errorf("%w: no unit %s", alerting.ErrNotFound, unit)
		}
		c.Under = func(_ context.Context, unit, of string) (bool, error) { return strings.HasPrefix(unit, of), nil }
	})
}

func of(unit string) Order {
	return Order{Actor: alerting.Actor{Name: "officer of " + unit, Kind: "token", Unit: unit}}
}

// findsTerritory reports whether an error or a list names an area outside.
func findsTerritory(err error, found cap.Findings) bool {
	_ = errors.As(err, &found)
	return slices.ContainsFunc(found, func(f cap.Finding) bool {
		return strings.HasPrefix(f.ID, "territory.") && f.Message != "" && f.Path != ""
	})
}

func TestAreasLieInTheTerritoryOfTheAuthor(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.district()
		for _, c := range []struct {
			unit   string
			inside bool
		}{{"N=11", true}, {"N=1", true}, {"", true}, {"N=12", false}, {"N=99", false}} {
			document := o.write(o.alert("of-" + strings.ReplaceAll(c.unit, "=", "")))
			_, err := d.Issue(t.Context(), document, of(c.unit))
			if c.inside && err != nil || !c.inside && (!errors.Is(err, alerting.ErrInvalid) || !findsTerritory(err, nil)) {
				t.Errorf("issue for %q: %v", c.unit, err)
			}
			// A draft is kept, and says what is wrong; it cannot be submitted.
			document = o.write(o.alert("draft-" + strings.ReplaceAll(c.unit, "=", "")))
			draft, err := d.Draft(t.Context(), document, of(c.unit))
			if err != nil || draft.Unit != c.unit || draft.Author.Unit != c.unit || findsTerritory(nil, draft.Findings) == c.inside {
				t.Errorf("draft for %q: %+v %v", c.unit, draft.Findings, err)
			}
			if unit, err := d.UnitOfDraft(t.Context(), draft.ID); err != nil || unit != c.unit {
				t.Errorf("the unit of a draft: %q %v", unit, err)
			}
			// Who amends it for the whole office writes for that unit all the same.
			if draft, err = d.Amend(t.Context(), draft.ID, 1, document, officer); err != nil || draft.Unit != c.unit {
				t.Fatalf("amend: %+v %v", draft, err)
			}
			_, err = d.Submit(t.Context(), draft.ID, 2, officer.Actor, time.Time{})
			if c.inside && err != nil || !c.inside && !findsTerritory(err, nil) {
				t.Errorf("submit for %q: %v", c.unit, err)
			}
		}
	})
}

func TestUnitsChangeTheirOwnAlerts(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		d := o.district()
		issue := func(id, unit string) Answer {
			t.Helper()
			a, err := d.Issue(t.Context(), o.write(o.alert(id)), of(unit))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := d.UnitOf(t.Context(), a.Alert); err != nil || got != unit {
				t.Errorf("the unit of an alert: %q %v", got, err)
			}
			return a
		}
		beyond := func(a *cap.Alert) { a.Infos[0].Areas[0].Circles[0].RadiusKM = 500 }
		a := issue("a", "N=11")
		if _, err := d.Follow(t.Context(), a.Alert, o.write(o.alert("a", beyond)), of("N=11")); !findsTerritory(err, nil) {
			t.Errorf("an update that reaches beyond: %v", err)
		}
		// Another unit neither updates, nor extends, nor cancels it; the unit above does, and the whole office.
		if _, err := d.Follow(t.Context(), a.Alert, o.write(o.alert("a", func(a *cap.Alert) {
			for i := range a.Infos {
				a.Infos[i].Areas = []cap.Area{{Description: "north", Geocodes: []cap.Value{{Name: "N", Value: "12"}}}}
			}
		})), of("N=12")); !errors.Is(err, alerting.ErrForbidden) {
			t.Errorf("an update by another unit: %v", err)
		}
		if _, err := d.Cancel(t.Context(), a.Alert, of("N=12")); !errors.Is(err, alerting.ErrForbidden) {
			t.Errorf("a cancel by another unit: %v", err)
		}
		if _, err := d.Extend(t.Context(), a.Alert, o.now.Add(10*time.Hour), of("N=12").Actor); !findsTerritory(err, nil) {
			t.Errorf("extended by another unit: %v", err)
		}
		longer, err := d.Extend(t.Context(), a.Alert, o.now.Add(10*time.Hour), of("N=1").Actor)
		if err != nil {
			t.Fatalf("extended by the unit above: %v", err)
		}
		office, err := d.Extend(t.Context(), longer.Alert, o.now.Add(11*time.Hour), officer.Actor)
		if unit, _ := d.UnitOf(t.Context(), office.Alert); err != nil || unit != "N=1" {
			t.Errorf("what the whole office extends stays the unit's: %q %v", unit, err)
		}
		// What the office widened beyond the unit, the unit still cancels.
		wide, err := d.Follow(t.Context(), office.Alert, o.write(o.alert("a", beyond)), officer)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Cancel(t.Context(), wide.Alert, of("N=1")); err != nil {
			t.Errorf("a cancel of what reaches beyond: %v", err)
		}
		b := issue("b", "")
		if _, err := d.Cancel(t.Context(), b.Alert, of("N=1")); !errors.Is(err, alerting.ErrForbidden) {
			t.Errorf("a cancel of the whole office's: %v", err)
		}
	})
}
