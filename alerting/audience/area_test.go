package audience_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/golang/geo/s2"

	"tocsin/alerting"
	"tocsin/alerting/audience"
	"tocsin/alerting/store/storetest"
	"tocsin/cap"
)

// firstArea is the plain rule: the first area in the document, from 1, that holds a place; below is the unit above each code.
func firstArea(areas []cap.Area, h home, below map[string]string) int {
	return 1 + slices.IndexFunc(areas, func(a cap.Area) bool {
		if h.code != "" {
			return slices.ContainsFunc(a.Geocodes, func(g cap.Value) bool { return g.Name+"="+g.Value == h.code || g.Name+"="+g.Value == below[h.code] })
		}
		r, err := cap.NewRegion([]cap.Area{a})
		at := h.cell.LatLng()
		return err == nil && r.Contains(at.Lat.Degrees(), at.Lng.Degrees())
	})
}

// overlapping are random areas of a town, most of which overlap: boxes, circles, and the codes of districts and of the town.
func overlapping(random *rand.Rand) []cap.Area {
	var areas []cap.Area
	for range 1 + random.IntN(12) {
		lat, lon := 30+random.Float64(), 120+random.Float64()
		switch random.IntN(5) {
		case 0:
			areas = append(areas, geocode("CN", fmt.Sprint(330100+random.IntN(6))))
		case 1:
			areas = append(areas, circle(lat, lon, 30*random.Float64()))
		case 2:
			a := box(lat, lon, lat+.02, lon+.02)
			a.Circles = circle(lat-.3, lon-.3, 20).Circles
			areas = append(areas, a)
		default:
			areas = append(areas, box(lat, lon, lat+.5*random.Float64(), lon+.5*random.Float64()))
		}
	}
	return areas
}

// TestAreasByHand: a random town under random overlapping areas; everybody counts in the first area that holds him, whether he is
// scanned or looked up, and so does every siren. Infos of one severity with areas of their own are told apart.
func TestAreasByHand(t *testing.T) {
	a := open(t, storetest.Open(t))
	random := rand.New(rand.NewPCG(11, 12))
	below := map[string]string{}
	rows := []string{"code,name,parent", "CN=330100,town,"}
	for i := 1; i < 6; i++ {
		code := fmt.Sprint("CN=", 330100+i)
		below[code] = "CN=330100"
		rows = append(rows, code+",district,CN=330100")
	}
	if _, err := a.ImportUnits(t.Context(), strings.NewReader(strings.Join(rows, "\n")), nil); err != nil {
		t.Fatal(err)
	}
	homes := map[string]home{}
	lines, sirenLines := []string{"person,language,sms,places"}, []string{"ref,lat,lon,protocol,gateway"}
	for i := range 1500 {
		h := home{cell: s2.CellIDFromLatLng(s2.LatLngFromDegrees(30+random.Float64(), 120+random.Float64()))}
		at := h.cell.LatLng()
		text := fmt.Sprintf("%v,%v", at.Lat.Degrees(), at.Lng.Degrees())
		if i%10 == 0 {
			sirenLines = append(sirenLines, fmt.Sprintf("p%d,%s,http,g", i, text))
		} else if i%10 == 1 {
			h = home{code: fmt.Sprint("CN=", 330100+random.IntN(6))}
			text = "code:" + h.code
		}
		homes[fmt.Sprint("p", i)] = h
		lines = append(lines, fmt.Sprintf("p%d,%s,+86138%08d,\"%s\"", i, []string{"zh-CN", "en"}[i%2], i, text))
	}
	people(t, a, lines...)
	if _, err := a.ImportSirens(t.Context(), strings.NewReader(strings.Join(sirenLines, "\n")), audience.SirenOptions{}); err != nil {
		t.Fatal(err)
	}
	for round := range 40 {
		areas := overlapping(random)
		issued := alert(info(cap.Severe, "zh-CN", areas...), info(cap.Severe, "en", areas...))
		if round%3 == 0 {
			issued = alert(info(cap.Severe, "zh-CN", areas...), info(cap.Severe, "en", overlapping(random)...))
		}
		check := func(what string, refs map[int64]string, found []alerting.Addressee) {
			for _, f := range found {
				h := homes[refs[f.ID]]
				if want := firstArea(issued.Alert.Infos[f.Info].Areas, h, below); f.Area != want || want == 0 {
					t.Fatalf("round %d, %s: %s is in area %d of info %d, want %d of %+v", round, what, refs[f.ID], f.Area, f.Info, want, areas)
				}
			}
		}
		found := everybody(t, a, issued)
		ids := make([]int64, len(found))
		for i := range found {
			ids[i] = found[i].ID
		}
		refs, err := a.Refs(t.Context(), ids)
		if err != nil {
			t.Fatal(err)
		}
		check("scanned", refs, found)
		looked, err := a.Lookup(t.Context(), issued, ids)
		if err != nil {
			t.Fatal(err)
		}
		check("looked up", refs, looked)
		heard, err := a.Sirens(t.Context(), issued)
		if err != nil {
			t.Fatal(err)
		}
		for i := range heard {
			ids = append(ids[:i], heard[i].ID)
		}
		if refs, err = a.SirenRefs(t.Context(), ids); err != nil {
			t.Fatal(err)
		}
		check("a siren", refs, heard)
	}
}
