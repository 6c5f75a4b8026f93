package report

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"tocsin/alerting"
	"tocsin/alerting/fanout"
	"tocsin/cap"
)

// twoTongues is an alert of two infos that have their first two areas in common; the third of each is its own.
func twoTongues() *cap.Alert {
	area := func(name, code string) cap.Area {
		return cap.Area{Description: name, Geocodes: []cap.Value{{Name: "CN", Value: code}}}
	}
	return &cap.Alert{Infos: []cap.Info{
		{Language: "zh-CN", Areas: []cap.Area{area("河口", "1"), area("山谷", "2"), area("北岸", "3")}},
		{Language: "en", Areas: []cap.Area{area("estuary", "1"), area("valley", "2"), area("south shore", "4")}},
	}}
}

// asIssued lets the desk know the document.
func (r *Reporter) asIssued(alert *cap.Alert) *Reporter {
	r.Accepted = func(context.Context, alerting.AlertID) (*alerting.Issued, error) {
		return &alerting.Issued{Alert: alert}, nil
	}
	return r
}

// namesOf are the areas of twoTongues by info and area.
func namesOf(info uint8, area int) string {
	return [][]string{{"", "河口", "山谷", "北岸"}, {"", "河口", "山谷", "south shore"}}[info][area]
}

// byHand is what a brute count finds in an area: people by end, and deliveries by channel and state.
func (a *after) byHand() map[string]int64 {
	have := map[string]int64{}
	for n, page := range a.pages {
		for place := range page.Persons {
			name := Unknown
			switch {
			case page.Areas != nil && page.Areas[place] > 0:
				name = namesOf(page.Infos[place], int(page.Areas[place]))
			case !page.Inside.Has(uint8(place)):
				name = Outside
			}
			have[fmt.Sprint(name, " ", page.Kind)]++
			reached := false
			for c, s := range a.model[n][place] {
				if s == alerting.None {
					continue
				}
				have[fmt.Sprint(name, " ", alerting.Channels()[c])]++
				have[fmt.Sprint(name, " ", alerting.Channels()[c], " ", s)]++
				reached = reached || told(s)
			}
			if reached {
				have[fmt.Sprint(name, " ", page.Kind, " reached")]++
			}
		}
	}
	return have
}

// figuresOf are the figures of a report under the same names.
func figuresOf(areas []AreaReach) map[string]int64 {
	out := map[string]int64{}
	put := func(n int64, of ...any) {
		if n != 0 {
			out[fmt.Sprint(of...)] = n
		}
	}
	for _, a := range areas {
		name := a.Description
		if a.Where != Inside {
			name = a.Where
		}
		put(a.People.Targeted, name, " ", fanout.People)
		put(a.People.Reached, name, " ", fanout.People, " reached")
		put(a.Sirens.Targeted, name, " ", fanout.Sirens)
		put(a.Sirens.Reached, name, " ", fanout.Sirens, " reached")
		for _, c := range a.Channels {
			put(c.Targeted, name, " ", c.Channel)
			for state, n := range map[alerting.State]int64{alerting.Queued: c.States.Queued, alerting.Sent: c.States.Sent, alerting.Delivered: c.States.Delivered,
				alerting.Acknowledged: c.States.Acknowledged, alerting.Failed: c.States.Failed, alerting.ExpiredState: c.States.Expired,
				alerting.Cancelled: c.States.Cancelled, alerting.OptedOut: c.States.OptedOut, alerting.Uncertain: c.States.Uncertain} {
				put(n, name, " ", c.Channel, " ", state)
			}
		}
	}
	return out
}

// TestReachByArea: random people in random areas, in the words of two languages, live and sealed, some outside, and some on pages that
// were written before areas were. The sums over areas are the whole.
func TestReachByArea(t *testing.T) {
	for seed := range uint64(3) {
		a := newAfter(t, seed, 9)
		for _, state := range []string{"live", "sealed"} {
			if state == "sealed" {
				a.seal()
			}
			out, _, err := a.reporter().asIssued(twoTongues()).Outcome(t.Context(), a.progress.Alert)
			if err != nil {
				t.Fatal(err)
			}
			if have, want := figuresOf(out.Areas), a.byHand(); !reflect.DeepEqual(have, want) {
				t.Errorf("seed %d, %s: have %v\nwant %v", seed, state, have, want)
			}
			var order []string
			for _, area := range out.Areas {
				order = append(order, fmt.Sprintf("%s %d %d %v %v", area.Where, area.Info, area.Area, area.Infos, area.Geocodes))
			}
			if want := []string{"inside 1 1 [1 2] [CN=1]", "inside 1 2 [1 2] [CN=2]", "inside 1 3 [1] [CN=3]", "inside 2 3 [2] [CN=4]", "outside 0 0 [] []",
				"unknown 0 0 [] []"}; !slices.Equal(order, want) {
				t.Errorf("the areas are %q", order)
			}
			a.sumsAre(&out)
		}
		// A document that is gone leaves the areas their numbers, and the sums what they are.
		out, _, err := a.reporter().Outcome(t.Context(), a.progress.Alert)
		if err != nil || len(out.Areas) != 8 || out.Areas[0].Description != "" {
			t.Errorf("without the document: %v, %d areas", err, len(out.Areas))
		}
		a.sumsAre(&out)
	}
}

// sumsAre checks that all areas together are the whole.
func (a *after) sumsAre(out *Outcome) {
	a.Helper()
	var people, sirens Reach
	states, reached := map[alerting.Channel]int64{}, map[alerting.Channel]int64{}
	for _, area := range out.Areas {
		people.merge(area.People)
		sirens.merge(area.Sirens)
		for _, c := range area.Channels {
			states[c.Channel] += c.States.Sum()
			reached[c.Channel] += c.Reached
		}
	}
	if people != out.People || sirens != out.Sirens {
		a.Errorf("the areas have %+v and %+v, the whole %+v and %+v", people, sirens, out.People, out.Sirens)
	}
	for _, c := range out.Channels {
		if states[c.Channel] != c.Targeted || reached[c.Channel] != c.Reached {
			a.Errorf("%s: the areas have %d and %d, the whole %d and %d", c.Channel, states[c.Channel], reached[c.Channel], c.Targeted, c.Reached)
		}
	}
}

// TestOldManifestsKnowNoArea: everybody is in one line that says so, and the areas stand there without anybody.
func TestOldManifestsKnowNoArea(t *testing.T) {
	a := newAfter(t, 5, 4)
	for i := range a.pages {
		a.pages[i].Areas = nil
	}
	out, _, err := a.reporter().asIssued(&cap.Alert{Infos: []cap.Info{{Areas: []cap.Area{{Description: "bay"}}}}}).Outcome(t.Context(), a.progress.Alert)
	if err != nil || len(out.Areas) < 2 || out.Areas[0].Description != "bay" || out.Areas[0].People.Targeted != 0 || out.Areas[len(out.Areas)-1].Where != Unknown {
		t.Errorf("%v, %+v", err, out.Areas)
	}
	a.sumsAre(&out)
}

// TestAreasInTheirFormats: JSON says what the tables do, and no areas are an empty list.
func TestAreasInTheirFormats(t *testing.T) {
	a := newAfter(t, 2, 6)
	r := a.reporter().asIssued(twoTongues())
	var list []AreaReach
	if err := json.Unmarshal(a.written(r, "areas", "json"), &list); err != nil {
		t.Fatal(err)
	}
	rows := tableOf(t, a.written(r, "areas", "csv"))
	if !slices.Equal(rows[0], areasHeader()) || len(rows) != len(areaRows(list))+1 {
		t.Fatalf("%d rows, %q", len(rows), rows[0])
	}
	for i, row := range areaRows(list) {
		if want := cells(row); len(want) != len(rows[0]) || !slices.Equal(rows[i+1], want) {
			t.Errorf("in CSV %q, in JSON %q", rows[i+1], want)
		}
	}
	a.progress.MsgType = string(cap.MsgCancel)
	if have := string(a.written(r, "areas", "json")); have != "[]\n" {
		t.Errorf("a cancel: %s", have)
	}
}
