package cap

// rows sorts intervals of latitude into equal slabs, so that the few which hold a given latitude are found without
// looking at the others. The number of slabs is chosen so that an interval lies in about four of them on average:
// memory stays linear, whatever the shape.
type rows struct {
	south, height float64
	// items[first[r]:first[r+1]] are the intervals that touch slab r.
	first, items []int32
}

// maxRows bounds the slabs of one table.
const maxRows = 1 << 16

// newRows sorts n intervals; span gives the ends of one, lo <= hi.
func newRows(n int, span func(i int) (lo, hi float64)) rows {
	if n == 0 {
		return rows{first: []int32{0, 0}}
	}
	south, north := span(0)
	total := 0.0
	for i := range n {
		lo, hi := span(i)
		south, north = min(south, lo), max(north, hi)
		total += hi - lo
	}
	count := 1
	if total > 0 {
		count = int(max(1, min(3*float64(n)*(north-south)/total, float64(4*n), maxRows)))
	}
	r := rows{south: south, height: (north - south) / float64(count), first: make([]int32, count+1)}
	for i := range n {
		lo, hi := span(i)
		for k, last := r.row(lo), r.row(hi); k <= last; k++ {
			r.first[k+1]++
		}
	}
	for k := range count {
		r.first[k+1] += r.first[k]
	}
	r.items = make([]int32, r.first[count])
	next := make([]int32, count)
	copy(next, r.first)
	for i := range n {
		lo, hi := span(i)
		for k, last := r.row(lo), r.row(hi); k <= last; k++ {
			r.items[next[k]] = int32(i)
			next[k]++
		}
	}
	return r
}

// row is the slab of a latitude. It never falls as the latitude grows, so an interval lies in all slabs between those
// of its ends.
func (r *rows) row(lat float64) int {
	if r.height <= 0 {
		return 0
	}
	// Cut off before the conversion: a slab may be so thin that the quotient is no int.
	last := float64(len(r.first) - 2)
	return int(max(0, min(last, (lat-r.south)/r.height)))
}

// at lists the intervals that may hold a latitude.
func (r *rows) at(lat float64) []int32 {
	k := r.row(lat)
	return r.items[r.first[k]:r.first[k+1]]
}

// between lists the intervals that may touch the latitudes from lo to hi; some may stand in it twice.
func (r *rows) between(lo, hi float64) []int32 {
	return r.items[r.first[r.row(lo)]:r.first[r.row(hi)+1]]
}
