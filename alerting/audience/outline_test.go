package audience

import (
	"math"
	"math/rand/v2"
	"testing"

	"tocsin/cap"
)

// TestOutlinesComeBackAsTheyWere packs random rings: no point moves by more than half a billionth of a degree.
func TestOutlinesComeBackAsTheyWere(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	ring := func() cap.Polygon {
		var p cap.Polygon
		for range 3 + random.IntN(40) {
			p = append(p, cap.Point{Lat: random.Float64()*180 - 90, Lon: random.Float64()*360 - 180})
		}
		return append(p, p[0])
	}
	for range 200 {
		var in []shape
		for range 1 + random.IntN(3) {
			s := shape{outer: ring()}
			for range random.IntN(3) {
				s.holes = append(s.holes, ring())
			}
			in = append(in, s)
		}
		packed := packOutline(in)
		out, err := unpackOutline(packed)
		if err != nil || len(out) != len(in) || pointsOf(out) != pointsOf(in) {
			t.Fatalf("%v: %d shapes of %d", err, len(out), len(in))
		}
		for i := range in {
			all, back := append([]cap.Polygon{in[i].outer}, in[i].holes...), append([]cap.Polygon{out[i].outer}, out[i].holes...)
			for k := range all {
				for n := range all[k] {
					if a, b := all[k][n], back[k][n]; math.Abs(a.Lat-b.Lat) > 0.6/perDegree || math.Abs(a.Lon-b.Lon) > 0.6/perDegree {
						t.Fatalf("%v became %v", a, b)
					}
				}
			}
		}
		for _, bad := range [][]byte{nil, {2}, packed[:len(packed)-1], append(packed, 0)} {
			if _, err := unpackOutline(bad); err == nil {
				t.Fatalf("%d of %d bytes were read as an outline", len(bad), len(packed))
			}
		}
	}
}
