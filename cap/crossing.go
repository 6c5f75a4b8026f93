package cap

import (
	"math"
	"slices"
)

// pairsPerEdge bounds the work of crossing: a coastline needs about 10.
const pairsPerEdge = 200

// crossing looks for two edges that cross between their ends. It goes through the slabs of latitude, in each from west to
// east, and compares the edges whose parts in the slab overlap. Known is false where the ring is so intricate that it
// was given up.
func (r *ring) crossing() (at Point, found, known bool) {
	budget := pairsPerEdge * max(len(r.edges), 64)
	var parts []part
	for k := range len(r.rows.first) - 1 {
		south := r.rows.south + float64(k)*r.rows.height
		parts = r.partsOf(parts[:0], k, south, south+r.rows.height)
		for n := range parts {
			p := &parts[n]
			for m := n + 1; m < len(parts) && parts[m].west <= p.east; m++ {
				if budget--; budget < 0 {
					return Point{}, false, false
				}
				if e := &r.edges[p.edge]; e.crosses(&r.edges[parts[m].edge]) {
					return Point{e.y1, math.Remainder(e.x1, 360)}, true, true
				}
			}
		}
	}
	return Point{}, false, true
}

// part is the piece of an edge that lies in a slab, a hair wider on both sides.
type part struct {
	west, east float64
	edge       int32
}

// partsOf lists the pieces in a slab from west to east.
func (r *ring) partsOf(parts []part, slab int, south, north float64) []part {
	for _, i := range r.rows.items[r.rows.first[slab]:r.rows.first[slab+1]] {
		e := &r.edges[i]
		from, to := e.x1, e.x2
		if height := e.y2 - e.y1; height > 0 {
			from = e.x1 + (e.x2-e.x1)*max(0, min(1, (south-hair-e.y1)/height))
			to = e.x1 + (e.x2-e.x1)*max(0, min(1, (north+hair-e.y1)/height))
		}
		parts = append(parts, part{min(from, to) - hair, max(from, to) + hair, i})
	}
	slices.SortFunc(parts, func(a, b part) int {
		switch {
		case a.west < b.west:
			return -1
		case a.west > b.west:
			return 1
		}
		return 0
	})
	return parts
}

// crosses reports whether two edges cross between their ends; to touch is not to cross.
func (e *edge) crosses(o *edge) bool {
	if e.y2 < o.y1 || o.y2 < e.y1 || max(e.x1, e.x2) < min(o.x1, o.x2) || max(o.x1, o.x2) < min(e.x1, e.x2) {
		return false
	}
	return e.side(o.x1, o.y1)*e.side(o.x2, o.y2) < 0 && o.side(e.x1, e.y1)*o.side(e.x2, e.y2) < 0
}
