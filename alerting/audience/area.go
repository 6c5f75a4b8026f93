package audience

// area is the first area of a target, counted from 1, that holds a place which the target holds; 0 when none is known to.
func (t *target) area(p place) int {
	switch {
	case p.code != "":
		return t.codes[p.code]
	case len(t.areas) == 1:
		return 1
	case p.area > 0:
		return p.area
	}
	for _, r := range t.regions {
		if at := r.AreaOf(p.cell); at >= 0 {
			return r.before + at + 1
		}
	}
	return 0
}

// areaFor is the first area of a target that holds any place of a person; 0 for none.
func (t *target) areaFor(who *person) int {
	first := 0
	for _, at := range who.places {
		if !t.holds(at) {
			continue
		}
		if area := t.area(at); first == 0 || area > 0 && area < first {
			first = area
		}
	}
	return first
}
