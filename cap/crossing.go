package cap

import "math"

// maxPairs bounds the work of crossing: it is far more than any coastline needs.
const maxPairs = 2_000_000

// crossing looks for two edges that cross between their ends. A ring that would take too long counts as free of them.
func (r *ring) crossing() (at Point, found bool) {
	pairs := 0
	for k := range len(r.rows.first) - 1 {
		slab := r.rows.items[r.rows.first[k]:r.rows.first[k+1]]
		for n, i := range slab {
			if pairs += len(slab) - n; pairs > maxPairs {
				return Point{}, false
			}
			for _, j := range slab[n+1:] {
				if r.edges[i].crosses(&r.edges[j]) {
					return Point{r.edges[i].y1, math.Remainder(r.edges[i].x1, 360)}, true
				}
			}
		}
	}
	return Point{}, false
}

// crosses reports whether two edges cross between their ends; to touch is not to cross.
func (e *edge) crosses(o *edge) bool {
	if e.y2 < o.y1 || o.y2 < e.y1 || max(e.x1, e.x2) < min(o.x1, o.x2) || max(o.x1, o.x2) < min(e.x1, e.x2) {
		return false
	}
	return e.side(o.x1, o.y1)*e.side(o.x2, o.y2) < 0 && o.side(e.x1, e.y1)*o.side(e.x2, e.y2) < 0
}
