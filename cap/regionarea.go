package cap

import "github.com/golang/geo/s2"

// AreaOf is the index of the first of the region's areas that holds a place, by the rule of ContainsCellPlace; -1 for none.
func (r *Region) AreaOf(id s2.CellID) int {
	if !id.IsValid() {
		return -1
	}
	if id.IsLeaf() {
		center := id.LatLng()
		return r.areaAt(center.Lat.Degrees(), center.Lng.Degrees())
	}
	first, _ := r.firstMeeting(s2.CellFromCellID(id))
	return first
}

// AreaOfCell is AreaOf for every place within a cell; -1 where it is not surely one and the same.
func (r *Region) AreaOfCell(cell s2.Cell) int {
	if first, sure := r.firstMeeting(cell); sure {
		return first
	}
	return -1
}

// areaAt goes by the shapes at a latitude, which stand in the order of their areas.
func (r *Region) areaAt(lat, lon float64) int {
	for _, i := range r.rows.at(lat) {
		if r.shapes[i].contains(lat, lon) {
			return int(r.areas[i])
		}
	}
	return -1
}

// firstMeeting is the first area that may meet a cell, -1 for none; sure when one of its shapes holds the whole cell.
func (r *Region) firstMeeting(cell s2.Cell) (first int, sure bool) {
	first = -1
	c := newCellRect(cell)
	for _, i := range r.rows.between(c.south, c.north) {
		area := int(r.areas[i])
		if first >= 0 && area > first || area == first && sure {
			continue
		}
		switch at := r.shapes[i].meets(c); {
		case at < meeting:
		case area != first:
			first, sure = area, at == holding
		default:
			sure = at == holding
		}
	}
	return first, sure
}
