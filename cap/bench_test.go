package cap

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/golang/geo/s2"
)

// coast is a closed ring of n points like a coastline, about 100 km wide.
func coast(n int) Polygon {
	rng := rand.New(rand.NewPCG(1, 2))
	p := make(Polygon, 0, n)
	radius := 0.4
	for i := range n - 1 {
		angle := 2 * math.Pi * float64(i) / float64(n-1)
		radius = max(0.3, min(0.5, radius+(rng.Float64()-.5)*0.002))
		p = append(p, Point{rounded(48 + radius*math.Sin(angle)), rounded(16 + 1.5*radius*math.Cos(angle))})
	}
	return append(p, p[0])
}

// rounded cuts a coordinate to the five decimals that authorities send.
func rounded(v float64) float64 { return math.Round(v*1e5) / 1e5 }

func BenchmarkNewRegion(b *testing.B) {
	areas := []Area{{Polygons: []Polygon{coast(20_000)}}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := NewRegion(areas); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkContains(b *testing.B) {
	for _, row := range []struct {
		name   string
		points int
	}{{"100 points", 100}, {"20000 points", 20_000}} {
		b.Run(row.name, func(b *testing.B) {
			r, err := NewRegion([]Area{{Polygons: []Polygon{coast(row.points)}}})
			if err != nil {
				b.Fatal(err)
			}
			rng := rand.New(rand.NewPCG(3, 4))
			at := make([]Point, 1024)
			for i := range at {
				at[i] = Point{47.5 + rng.Float64(), 15.2 + 1.6*rng.Float64()}
			}
			for i := 0; b.Loop(); i++ {
				p := &at[i%len(at)]
				r.Contains(p.Lat, p.Lon)
			}
		})
	}
}

func BenchmarkContainsCellPlace(b *testing.B) {
	r, err := NewRegion([]Area{{Polygons: []Polygon{coast(1000)}}})
	if err != nil {
		b.Fatal(err)
	}
	leaf := s2.CellIDFromLatLng(s2.LatLngFromDegrees(48.1, 16.1))
	for name, id := range map[string]s2.CellID{"leaf": leaf, "level 14": leaf.Parent(14)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				r.ContainsCellPlace(id)
			}
		})
	}
}

func BenchmarkCovering(b *testing.B) {
	for _, row := range []struct {
		name          string
		points, cells int
	}{{"5 points 64 cells", 5, 64}, {"1000 points 256 cells", 1000, 256}, {"20000 points 256 cells", 20_000, 256}} {
		b.Run(row.name, func(b *testing.B) {
			r, err := NewRegion([]Area{{Polygons: []Polygon{coast(row.points)}}})
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if len(r.Covering(row.cells)) == 0 {
					b.Fatal("empty")
				}
			}
		})
	}
}

// smallAlert is a document of 3 KB.
func smallAlert() []byte {
	const size = 3 << 10
	text := "Water is 2 m above the quay &amp; rising.\n"
	return []byte(strings.Replace(flood, text, text+strings.Repeat("Keep away. ", (size-len(flood))/11), 1))
}

// largeAlert is a document of about 1.7 MB: 4 infos with 24 areas each, 96,000 points together.
func largeAlert() []byte {
	a := floodAlert()
	area := a.Infos[0].Areas[0]
	area.Polygons = []Polygon{coast(1000)}
	a.Infos[0].Areas = slices.Repeat([]Area{area}, 24)
	a.Infos = slices.Repeat(a.Infos, 4)
	doc, err := Write(a)
	if err != nil {
		panic(err)
	}
	return doc
}

// largeOptions lets largeAlert through.
func largeOptions() Options { return Options{MaxBytes: 4 << 20} }

// TestLargeAlert holds the memory of reading a large document down.
func TestLargeAlert(t *testing.T) {
	doc := largeAlert()
	var before, after runtime.MemStats
	for range 5 {
		runtime.ReadMemStats(&before)
		if _, err := Parse(doc, largeOptions()); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
	}
	if ratio := (after.TotalAlloc - before.TotalAlloc) / uint64(len(doc)); ratio > 30 {
		t.Errorf("%d bytes take %d times as much memory", len(doc), ratio)
	}
}

func BenchmarkParse(b *testing.B) {
	for name, doc := range map[string][]byte{"3 KB": smallAlert(), "1.7 MB": largeAlert()} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(doc)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(doc, largeOptions()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCheck(b *testing.B) {
	a := floodAlert()
	b.ReportAllocs()
	for b.Loop() {
		if len(Check(a, Profile{})) > 0 {
			b.Fatal("findings")
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	a := floodAlert()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Write(a); err != nil {
			b.Fatal(err)
		}
	}
}
