package fanout

import (
	"encoding/binary"
	"math"
	"slices"
)

// Area is the area of its info in which a place was found, counted from 1; of several the first in the document, so that sums
// over areas add up. 0: in none, where Inside does not mark the place, and else not known: the page was written before areas
// were, or a siren sounds because its group was named.
func (p *Page) Area(place uint8) int {
	if int(place) >= len(p.Areas) {
		return 0
	}
	return int(p.Areas[place])
}

// setArea notes the area of the place that was added last. One beyond what a page can hold is not known.
func (p *Page) setArea(area int) {
	if area < 0 || area > math.MaxUint16 {
		area = 0
	}
	if area == 0 && p.Areas == nil {
		return
	}
	for len(p.Areas) < len(p.Persons)-1 {
		p.Areas = append(p.Areas, 0)
	}
	p.Areas = append(p.Areas, uint16(area))
}

func knownAreas(areas []uint16) bool {
	return slices.ContainsFunc(areas, func(a uint16) bool { return a != 0 })
}

func sameArea(areas []uint16) bool {
	return !slices.ContainsFunc(areas, func(a uint16) bool { return a != areas[0] })
}

// appendAreas writes one number when all places share an area, else one a place: at most three bytes each.
func appendAreas(out []byte, areas []uint16) []byte {
	if sameArea(areas) {
		areas = areas[:1]
	}
	for _, a := range areas {
		out = binary.AppendUvarint(out, uint64(a))
	}
	return out
}

// readAreas reads what appendAreas wrote and nothing else.
func readAreas(b []byte, count int) ([]uint16, error) {
	areas := make([]uint16, 0, count)
	for len(b) > 0 {
		a, n := binary.Uvarint(b)
		if n <= 0 || n > 1 && b[n-1] == 0 || a > math.MaxUint16 || len(areas) == count {
			return nil, corrupt("areas: bad number, or more than %d of them", count)
		}
		areas, b = append(areas, uint16(a)), b[n:]
	}
	switch {
	case !knownAreas(areas):
		return nil, corrupt("areas: none is known")
	case len(areas) != 1 && len(areas) != count:
		return nil, corrupt("areas: %d for %d places", len(areas), count)
	case len(areas) > 1 && sameArea(areas):
		return nil, corrupt("areas: not in the short form")
	}
	for len(areas) < count {
		areas = append(areas, areas[0])
	}
	return areas, nil
}
