package audience_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/golang/geo/s2"
	"pgregory.net/rapid"

	"tocsin/alerting"
	"tocsin/alerting/audience"
	"tocsin/alerting/store"
	"tocsin/alerting/store/storetest"
	"tocsin/cap"
)

// citizen is a person of the model.
type citizen struct {
	ref      string
	language string
	wants    []cap.Category
	places   []home
}

type home struct {
	cell s2.CellID
	code string
	min  cap.Severity
}

// population is people as an import and a model know them: many close together, some anywhere, some with coarse places.
func population(n int) ([]citizen, []string) {
	random := rand.New(rand.NewPCG(3, 4))
	var all []citizen
	lines := []string{"person,language,wants,sms,places"}
	for i := range n {
		c := citizen{ref: fmt.Sprintf("p%d", i), language: []string{"zh-CN", "en", "fr", ""}[random.IntN(4)]}
		if random.IntN(4) == 0 {
			c.wants = []cap.Category{[]cap.Category{"Met", "Fire"}[random.IntN(2)]}
		}
		var texts []string
		for range 1 + random.IntN(3) {
			h, text := anyHome(random)
			if h.min != "" {
				text += "@" + string(h.min)
			}
			c.places, texts = append(c.places, h), append(texts, text)
		}
		all = append(all, c)
		wants := ""
		if len(c.wants) > 0 {
			wants = string(c.wants[0])
		}
		lines = append(lines, fmt.Sprintf("%s,%s,%s,+86138%08d,\"%s\"", c.ref, c.language, wants, i, strings.Join(texts, ";")))
	}
	return all, lines
}

func anyHome(random *rand.Rand) (home, string) {
	h := home{min: []cap.Severity{"", "", "", cap.Moderate, cap.Severe}[random.IntN(5)]}
	lat, lon := 30+random.Float64(), 120+random.Float64()
	switch random.IntN(10) {
	case 0:
		lat, lon = 180*random.Float64()-90, 360*random.Float64()-180
	case 1:
		// Around the date line and the pole.
		lat, lon = 60+30*random.Float64(), 180-2*random.Float64()
		if random.IntN(2) == 0 {
			lon = -lon
		}
	case 2:
		h.code = fmt.Sprintf("CN=%d", 330100+random.IntN(5))
		return h, "code:" + h.code
	case 3:
		h.cell = s2.CellIDFromLatLng(s2.LatLngFromDegrees(lat, lon)).Parent(6 + random.IntN(15))
		return h, "cell:" + h.cell.ToToken()
	}
	h.cell = s2.CellIDFromLatLng(s2.LatLngFromDegrees(lat, lon))
	return h, fmt.Sprintf("%v,%v", lat, lon)
}

// drawArea draws an area that often holds some and rarely all.
func drawArea(t *rapid.T) cap.Area {
	degree := func(low, high float64, what string) float64 { return rapid.Float64Range(low, high).Draw(t, what) }
	switch rapid.SampledFrom([]string{"box", "circle", "ring", "date line", "code", "wide"}).Draw(t, "kind") {
	case "box":
		south, west := degree(29.9, 31, "south"), degree(119.9, 121, "west")
		return box(south, west, south+degree(0.0001, 0.9, "height"), west+degree(0.0001, 0.9, "width"))
	case "circle":
		return circle(degree(29.9, 31.1, "lat"), degree(119.9, 121.1, "lon"), degree(0, 60, "km"))
	case "ring":
		var ring cap.Polygon
		for range rapid.IntRange(3, 9).Draw(t, "corners") {
			ring = append(ring, cap.Point{Lat: degree(29.9, 31.1, "lat"), Lon: degree(119.9, 121.1, "lon")})
		}
		return cap.Area{Polygons: []cap.Polygon{append(ring, ring[0])}}
	case "date line":
		return circle(degree(60, 90, "lat"), degree(178, 180, "lon"), degree(1, 500, "km"))
	case "code":
		return geocode("CN", fmt.Sprint(rapid.IntRange(330099, 330104).Draw(t, "code")))
	}
	south, west := degree(-89, 60, "south"), degree(-179, 100, "west")
	return box(south, west, min(90, south+degree(1, 100, "height")), min(180, west+degree(1, 100, "width")))
}

// holds is the plain rule: does this info, whose geometry is region, hold the person, going by each of his places?
func holds(c *citizen, in *cap.Info, region *cap.Region, cover s2.CellUnion) bool {
	if len(c.wants) > 0 && !slices.Contains(in.Categories, c.wants[0]) {
		return false
	}
	return slices.ContainsFunc(c.places, func(h home) bool {
		if h.min.Rank() > in.Severity.Rank() {
			return false
		}
		if h.code != "" {
			return slices.ContainsFunc(in.Areas, func(a cap.Area) bool {
				return slices.ContainsFunc(a.Geocodes, func(g cap.Value) bool { return g.Name+"="+g.Value == h.code })
			})
		}
		// A coarse cell goes by the rectangle around it, unless it is sure to meet nothing.
		return region.ContainsCellPlace(h.cell) && (h.cell.IsLeaf() || cover.IntersectsCellID(h.cell))
	})
}

// model is whom an alert is for, by looking at everybody: "ref:info".
func model(all []citizen, infos []cap.Info) []string {
	matches := map[string][]string{"zh-CN": {"zh"}, "en": {"en-US"}, "fr": nil, "": nil}
	var out []string
	regions, covers := make([]*cap.Region, len(infos)), make([]s2.CellUnion, len(infos))
	for k := range infos {
		var err error
		if regions[k], err = cap.NewRegion(infos[k].Areas); err != nil {
			panic(err)
		}
		covers[k] = regions[k].Covering(48)
	}
	for i := range all {
		best := -1
		for k := range infos {
			if !holds(&all[i], &infos[k], regions[k], covers[k]) {
				continue
			}
			mine := func(n int) int {
				if slices.Contains(matches[all[i].language], infos[n].Language) {
					return 0
				}
				// Other languages: in the order in which the alert has them.
				return 1 + slices.IndexFunc(infos, func(in cap.Info) bool { return in.Language == infos[n].Language })
			}
			if best < 0 || cmp.Or(infos[best].Severity.Rank()-infos[k].Severity.Rank(), mine(k)-mine(best)) < 0 {
				best = k
			}
		}
		if best >= 0 {
			out = append(out, fmt.Sprintf("%s:%d", all[i].ref, best))
		}
	}
	slices.Sort(out)
	return out
}

// TestNobodyIsMissed compares scans of a database with looking at everybody.
func TestNobodyIsMissed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a := open(t, db)
		n := 3000
		if testing.Short() {
			n = 800
		}
		all, lines := population(n)
		people(t, a, lines...)
		rapid.Check(t, func(r *rapid.T) {
			var infos []cap.Info
			for range rapid.IntRange(1, 4).Draw(r, "infos") {
				in := info(rapid.SampledFrom([]cap.Severity{cap.Extreme, cap.Severe, cap.UnknownSeverity, cap.Minor}).Draw(r, "severity"),
					rapid.SampledFrom([]string{"zh", "en-US", "de"}).Draw(r, "language"))
				in.Categories = []cap.Category{rapid.SampledFrom([]cap.Category{"Met", "Fire"}).Draw(r, "category")}
				for range rapid.IntRange(0, 2).Draw(r, "areas") {
					in.Areas = append(in.Areas, drawArea(r))
				}
				if len(infos) > 0 && rapid.Bool().Draw(r, "same areas") {
					in.Areas = infos[0].Areas
				}
				infos = append(infos, in)
			}
			issued := alert(infos...)
			found := everybody(t, a, issued)
			got := told(t, a, found)
			slices.Sort(got)
			if want := model(all, infos); !slices.Equal(got, want) {
				r.Fatalf("found %d, the model has %d\nnot found: %q\nnot in the model: %q", len(got), len(want), minus(want, got), minus(got, want))
			}
			sameLookup(t, r, a, issued, found)
		})
	})
}

// sameLookup: looking found people up gives the same as the scan.
func sameLookup(t *testing.T, r *rapid.T, a *audience.Audience, issued *alerting.Issued, found []alerting.Addressee) {
	found = found[:min(len(found), 50)]
	ids := make([]int64, len(found))
	for i := range found {
		ids[i] = found[i].ID
	}
	again, err := a.Lookup(t.Context(), issued, ids)
	if err != nil {
		r.Fatal(err)
	}
	for i := range found {
		f, g := found[i], again[i]
		if f.ID != g.ID || f.Info != g.Info || !g.Inside || string(f.Addresses[0]) != string(g.Addresses[0]) {
			r.Fatalf("scan gave %d: info %d; looking up gave %d: info %d, inside %v", f.ID, f.Info, g.ID, g.Info, g.Inside)
		}
	}
}

func minus(a, b []string) []string {
	var out []string
	for _, s := range a {
		if _, ok := slices.BinarySearch(b, s); !ok && len(out) < 10 {
			out = append(out, s)
		}
	}
	return out
}

// TestKeysKeepTheOrder: the numbers in the tables are ordered as the cells are.
func TestKeysKeepTheOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		cell := rapid.Custom(func(r *rapid.T) s2.CellID {
			ll := s2.LatLngFromDegrees(rapid.Float64Range(-90, 90).Draw(r, "lat"), rapid.Float64Range(-180, 180).Draw(r, "lon"))
			return s2.CellIDFromLatLng(ll).Parent(rapid.IntRange(0, 30).Draw(r, "level"))
		})
		x, y := cell.Draw(r, "x"), cell.Draw(r, "y")
		if (x < y) != (audience.Key(x) < audience.Key(y)) || audience.Cell(audience.Key(x)) != x {
			r.Fatalf("%v and %v become %d and %d", x, y, audience.Key(x), audience.Key(y))
		}
	})
}
