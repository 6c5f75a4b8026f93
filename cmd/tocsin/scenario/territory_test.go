package scenario

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/alerting/audience"
	"tocsin/cap"
	"tocsin/cmd/tocsin/client"
)

// district is the unit that the token of that name acts for.
const district = "DISTRICT=7"

// aUnitWarnsInside: whoever acts for a unit warns inside its outline and nowhere else, and touches no alert of another.
func aUnitWarnsInside(t *testing.T, o *Office) {
	p := o.Plot()
	var ring []string
	for _, at := range p.Ring() {
		ring = append(ring, fmt.Sprintf("[%.6f,%.6f]", at.Lon, at.Lat))
	}
	file := fmt.Sprintf(`{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"code":%q,"name":"the harbour"},
		"geometry":{"type":"Polygon","coordinates":[[%s]]}}]}`, district, strings.Join(ring, ","))
	ctx, end := call()
	defer end()
	r, err := o.API.ImportOutlines(ctx, strings.NewReader(file), nil)
	if err != nil || r.New+r.Replaced != 1 || r.ProblemCount > 0 {
		t.Fatalf("%+v %v", r, err)
	}
	units, err := o.API.Units(ctx, "")
	if err != nil || !slices.ContainsFunc(units, func(u audience.UnitLine) bool { return u.Code == district && u.Outline && len(u.Bounds) == 4 }) {
		t.Errorf("the units: %+v %v", units, err)
	}

	api := o.Caller("district")
	outside := o.Alert(Info(p.moved().Area()))
	refused := func(what string, err error) {
		t.Helper()
		p := refusal(t, err)
		if p.Status != 422 && p.Status != 400 || !slices.ContainsFunc(p.Findings, func(f cap.Finding) bool {
			return f.ID == "territory.polygon" && f.Line > 0 && strings.Contains(f.Message, "reaches beyond the territory")
		}) {
			t.Errorf("%s: %+v", what, p)
		}
	}
	_, err = api.Issue(ctx, o.Document(outside), client.Order{})
	refused("issued outside", err)
	// A dry run is shown in full, with what it would be refused for.
	run, err := api.DryRun(ctx, o.Document(outside), client.Order{}, false)
	if err != nil || !slices.ContainsFunc(run.Findings, func(f cap.Finding) bool {
		return f.ID == "territory.polygon" && f.Line > 0 && f.Level == cap.LevelError
	}) || !slices.ContainsFunc(run.Notes, func(n string) bool { return strings.Contains(n, "outside the territory") }) {
		t.Errorf("a dry run outside: %+v %v", run, err)
	}
	run, err = api.DryRun(ctx, o.Document(o.Alert(Info(p.Area()))), client.Order{}, false)
	if err != nil || slices.ContainsFunc(run.Findings, func(f cap.Finding) bool { return strings.HasPrefix(f.ID, "territory.") }) {
		t.Errorf("a dry run inside: %+v %v", run, err)
	}
	draft, err := api.Draft(ctx, o.Document(outside), client.Order{})
	if err != nil || draft.Unit != district || !slices.ContainsFunc(draft.Findings, func(f cap.Finding) bool { return f.ID == "territory.polygon" }) {
		t.Errorf("a draft outside: %+v %v", draft, err)
	}
	_, err = api.Act(ctx, draft.ID, client.Act{Verb: "submit", Version: draft.Version})
	refused("submitted outside", err)

	inside := o.Alert(Info(p.Area()))
	a, err := api.Issue(ctx, o.Document(inside), client.Order{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = api.Update(ctx, a.Alert, o.Document(outside), client.Order{})
	refused("updated beyond", err)
	longer, err := api.Extend(ctx, a.Alert, Soon(3*time.Hour))
	if err != nil {
		t.Errorf("extended inside: %v", err)
	}
	// What the whole office widens, the unit cannot extend, and cancels all the same.
	wide, err := o.API.Update(ctx, longer.Alert, o.Document(outside), client.Order{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = api.Extend(ctx, wide.Alert, Soon(4*time.Hour))
	refused("extended beyond", err)
	if _, err := api.Cancel(ctx, wide.Alert, ""); err != nil {
		t.Errorf("its cancel: %v", err)
	}
	office := o.Issue(o.Alert(Info(p.Area())), client.Order{})
	_, err = api.Cancel(ctx, office, "")
	if p := refusal(t, err); p.Status != 403 {
		t.Errorf("a cancel of the whole office's alert: %+v", p)
	}
}
