package svgmap

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"sync"

	"tocsin/cap"
)

//go:embed land-50m.json
var landFile []byte

// detail is the land for maps of some scale.
type detail struct {
	// tolerance is how far, in degrees, an outline may lie beside the one of the file.
	tolerance float64
	// coasts are outlines of land, and of seas within it: filling is by even-odd.
	coasts []ring
}

// land is read once, the coarsest detail first. A file that cannot be read gives no land; a test reads it, so that it can.
var land = sync.OnceValue(func() []detail {
	coasts, err := readLand(landFile)
	if err != nil {
		return nil
	}
	return []detail{coarser(coasts, 0.2), coarser(coasts, 0.02), {0, coasts}}
})

// landFor is the coarsest land that a frame shows as well as the finest.
func landFor(f frame) []ring {
	for _, d := range land() {
		if d.tolerance*f.perLat <= landTolerance/2 {
			return d.coasts
		}
	}
	return nil
}

func coarser(coasts []ring, tolerance float64) detail {
	out := detail{tolerance: tolerance}
	for _, c := range coasts {
		line := make([]spot, len(c))
		for i, p := range c {
			line[i] = spot{p.Lon, p.Lat}
		}
		line = simplified(line, tolerance)
		r := make(ring, len(line))
		for i, at := range line {
			r[i] = cap.Point{Lat: at.y, Lon: at.x}
		}
		if b := r.box(); len(r) > 2 && b.east-b.west+b.north-b.south > tolerance {
			out.coasts = append(out.coasts, r)
		}
	}
	return out
}

// topology is the part of TopoJSON that the file needs: arcs of whole numbers, each the difference to the one before.
type topology struct {
	Transform struct {
		Scale, Translate [2]float64
	}
	Arcs    [][][2]int64
	Objects struct {
		Land struct {
			Geometries []struct {
				Type string
				Arcs [][][]int
			}
		}
	}
}

func readLand(file []byte) ([]ring, error) {
	var t topology
	if err := json.Unmarshal(file, &t); err != nil {
		return nil, fmt.Errorf("read the land outlines: %w", err)
	}
	arcs := make([]ring, len(t.Arcs))
	for i, arc := range t.Arcs {
		var x, y int64
		for _, step := range arc {
			x, y = x+step[0], y+step[1]
			arcs[i] = append(arcs[i], cap.Point{
				Lat: float64(y)*t.Transform.Scale[1] + t.Transform.Translate[1],
				Lon: float64(x)*t.Transform.Scale[0] + t.Transform.Translate[0]})
		}
	}
	var out []ring
	for _, g := range t.Objects.Land.Geometries {
		if g.Type != "MultiPolygon" {
			return nil, fmt.Errorf("read the land outlines: there is a %q, want MultiPolygon alone", g.Type)
		}
		for _, rings := range g.Arcs {
			for _, indexes := range rings {
				r, err := joined(arcs, indexes)
				if err != nil {
					return nil, err
				}
				out = append(out, whole(r))
			}
		}
	}
	return out, nil
}

// joined puts arcs together: each begins where the one before ends, and a negative index, counted from -1, is one backwards.
func joined(arcs []ring, indexes []int) (ring, error) {
	var out ring
	for _, i := range indexes {
		backwards := i < 0
		if backwards {
			i = -1 - i
		}
		if i >= len(arcs) || len(arcs[i]) < 2 {
			return nil, errors.New("read the land outlines: an outline names an arc that is not there")
		}
		n := len(arcs[i]) - 1
		for k := range n {
			if backwards {
				k = n - k
			}
			out = append(out, arcs[i][k])
		}
	}
	return out, nil
}

// whole frees an outline of jumps at the antimeridian, which the file has not cut; one around a pole is closed over it.
func whole(r ring) ring {
	out := make(ring, 0, len(r)+3)
	shift := 0.0
	for i, p := range r {
		if i > 0 {
			shift += turn(r[i-1], p)
		}
		out = append(out, cap.Point{Lat: p.Lat, Lon: p.Lon + shift})
	}
	if shift += turn(r[len(r)-1], r[0]); shift == 0 {
		b := out.box()
		return out.moved(-360 * math.Round((b.west+b.east)/2/360))
	}
	pole := math.Copysign(90, r[0].Lat)
	return append(out, cap.Point{Lat: r[0].Lat, Lon: r[0].Lon + shift}, cap.Point{Lat: pole, Lon: r[0].Lon + shift}, cap.Point{Lat: pole, Lon: r[0].Lon})
}

// turn is what has to be added to a longitude, so that it lies within half a turn of the one before.
func turn(before, p cap.Point) float64 {
	switch step := p.Lon - before.Lon; {
	case step > 180:
		return -360
	case step < -180:
		return 360
	}
	return 0
}
