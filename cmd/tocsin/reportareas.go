package main

import (
	"fmt"
	"strings"

	"tocsin/alerting/report"
)

// areaName names an area by its place in the document: "area INFO.AREA", both counted from 1, or why it has none.
func areaName(a *report.AreaReach) string {
	if a.Where == report.Inside {
		return fmt.Sprintf("area %d.%d", a.Info, a.Area)
	}
	return "area " + a.Where
}

// showAreas prints people, sirens and channels of each area.
func (t *terminal) showAreas(areas []report.AreaReach) error {
	l := listing{header: []string{"area", "description", "geocodes", "of", "targeted", "reached", "delivered", "acknowledged", "open", "uncertain",
		"unreached", "failed"}}
	for i := range areas {
		a := &areas[i]
		add := func(of string, figures ...string) {
			l.rows = append(l.rows, append([]string{strings.TrimPrefix(areaName(a), "area "), orDash(a.Description), orDash(strings.Join(a.Geocodes, " ")), of}, figures...))
		}
		for _, one := range []struct {
			of string
			r  report.Reach
		}{{"people", a.People}, {"sirens", a.Sirens}} {
			if r := one.r; r.Targeted > 0 || one.of == "people" {
				add(one.of, append(numbers(r.Targeted, r.Reached, r.Delivered, r.Acknowledged, r.Open, r.Uncertain, r.Unreached), "-")...)
			}
		}
		for _, c := range a.Channels {
			s := c.States
			figures := numbers(c.Targeted, c.Reached, s.Delivered, s.Acknowledged, s.Open(), s.Uncertain)
			add(string(c.Channel), append(append(figures, "-"), numbers(s.Failed)...)...)
		}
	}
	return t.show(l)
}
