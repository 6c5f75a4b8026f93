package pages

import (
	"encoding/json"
	"strings"

	"tocsin/alerting/console/pages/areatext"
	"tocsin/alerting/template"
	"tocsin/cap"
)

// values are what the form says of the slots; what is empty is left out. Said is what cannot be meant.
func (q *request) values(t *slotted) (map[string]any, map[string][]Said) {
	out, said := make(map[string]any), make(map[string][]Said)
	unit := ""
	for i := range t.Slots {
		s := &t.Slots[i]
		chosen := q.form(unitName(s.Name))
		switch {
		case s.Type == template.TypePlace && chosen != "":
			unit = chosen
			out[s.Name] = "code:" + chosen
		case s.Type == template.TypeText || s.Type == template.TypePlace:
			if v := q.wordsOf(t, s); v != nil {
				out[s.Name] = v
			}
		case s.Type == template.TypeArea:
		case q.form(slotName(s.Name, "")) == "":
		case s.Type == template.TypeNumber:
			out[s.Name] = numberOf(q.form(slotName(s.Name, "")))
		default:
			out[s.Name] = q.form(slotName(s.Name, ""))
		}
	}
	for i := range t.Slots {
		if s := &t.Slots[i]; s.Type == template.TypeArea {
			q.areaValue(s, unit, out, said)
		}
	}
	return out, said
}

// numberOf is a number as JSON has it, or the text, which the template then refuses in its own words.
func numberOf(text string) any {
	n := strings.ReplaceAll(text, ",", ".")
	if json.Valid([]byte(n)) {
		return json.Number(n)
	}
	return text
}

// wordsOf are the words of a slot: one text where only one is filled in, else one each; nil for none.
func (q *request) wordsOf(t *slotted, s *template.Slot) any {
	each, first := make(map[string]any), ""
	for _, lang := range t.languages() {
		if text := q.form(slotName(s.Name, lang)); text != "" {
			each[lang] = text
			if first == "" {
				first = text
			}
		}
	}
	if len(each) == 0 {
		return nil
	}
	for _, lang := range t.languages() {
		if each[lang] == nil {
			each[lang] = first
		}
	}
	return each
}

// areaValue reads the lines of an area into the one form that a slot takes. Empty lines mean the unit that was chosen for the place.
func (q *request) areaValue(s *template.Slot, unit string, out map[string]any, said map[string][]Said) {
	area, faults := areatext.Read(q.r.FormValue(slotName(s.Name, "")))
	for _, f := range faults {
		said[s.Name] = append(said[s.Name], Said{Level: "error", Text: f.In(q.Lang)})
	}
	shapes, circles, codes := len(area.Polygons), len(area.Circles), len(area.Geocodes)
	switch {
	case len(faults) > 0:
	case shapes+circles+codes == 0 && unit != "":
		out[s.Name] = map[string]any{"codes": unit}
	case shapes+circles+codes == 0:
	case shapes > 0 && circles+codes == 0:
		out[s.Name] = geoJSONOf(area.Polygons)
	case circles == 1 && shapes+codes == 0:
		out[s.Name] = strings.TrimPrefix(strings.TrimSpace(areatext.Write(area)), "circle ")
	case codes > 0 && shapes+circles == 0:
		var all []string
		for _, c := range area.Geocodes {
			all = append(all, c.Name+"="+c.Value)
		}
		out[s.Name] = map[string]any{"codes": strings.Join(all, "; ")}
	default:
		said[s.Name] = wrongIn(q.T("compose.slots.mixed"))
	}
}

// geoJSONOf writes polygons as RFC 7946 has them, longitude first.
func geoJSONOf(all []cap.Polygon) map[string]any {
	var polygons [][][][2]float64
	for _, p := range all {
		var ring [][2]float64
		for _, at := range p {
			ring = append(ring, [2]float64{at.Lon, at.Lat})
		}
		polygons = append(polygons, [][][2]float64{ring})
	}
	return map[string]any{"type": "MultiPolygon", "coordinates": polygons}
}
